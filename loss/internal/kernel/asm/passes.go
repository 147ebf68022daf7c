package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func function(name, arguments, results string, doc ...string) {
	TEXT(name, attr.NOSPLIT, fmt.Sprintf("func(%s)%s", arguments, results))
	Pragma("noescape")
	Doc(doc...)
}

// Constants of exp. The magic number, added to n in ±2⁵¹, leaves n + 1023 in the low bits.
const (
	log2E  = 0x1.71547652b82fep0
	ln2    = 0x1.62e42fefa39efp-1
	ln2Hi  = 0x1.62e42feep-1
	ln2Lo  = 0x1.a39ef35793c76p-33
	magic  = 0x1.8p52 + 1023
	expMax = 708
)

func expMinusAbs(e element, c []float64) {
	limit, comment := 0x1.fffffffffffffp1023, "x[i] is infinite"
	if e == float64s {
		limit, comment = expMax, "|x[i]| > 708"
	}
	reduce := "r := a - n*ln2"
	if e == float64s {
		reduce = "r := a - n*ln2Hi - n*ln2Lo"
	}
	function("exp"+e.suffix()+"AVX2", fmt.Sprintf("y []float64, x []%s", e), "(ordinary bool)",
		fmt.Sprintf("exp%sAVX2 is exp%sGo with fused multiply-adds:", e.suffix(), e.suffix()), "",
		"\tordinary = true",
		"\tfor i := range x {",
		"\t\tordinary = ordinary && !("+comment+")",
		"\t\ta := -min(|x[i]|, 708)",
		"\t\tn := round(a * log2E)",
		"\t\t"+reduce,
		"\t\ty[i] = 2**n + 2**n*(r + r*r*polynomial(exp"+e.suffix()+"Poly, r))",
		"\t}",
	)
	y, x := param("y", 8), param("x", int(e))
	n := Load(Param("x").Len(), GP64())
	largest := [2]reg.VecVirtual{YMM(), YMM()}
	for _, r := range largest {
		VXORPD(r, r, r)
	}
	advance := func(k int) { y.advance(k); x.advance(k) }
	loop(n, advance, func(v lanes, starts []int) {
		k := len(starts)
		a, z, p, square := make([]reg.VecVirtual, k), make([]reg.VecVirtual, k), make([]reg.VecVirtual, k), make([]reg.VecVirtual, k)
		each(starts, func(k int) {
			a[k] = e.load(v, x.at(starts[k]))
			v.and(constant(absMask), a[k], a[k])
			if v == 1 {
				// A scalar maximum would clear the other lanes.
				VMAXPD(largest[k], a[k].AsY(), largest[k])
			} else {
				v.max(largest[k], a[k], largest[k])
			}
			// min(708, |x|), which is |x| where x is NaN
			bound := v.constant(expMax)
			v.op(VMINPD, VMINSD, a[k], bound, a[k])
			v.or(constant(signBit), a[k], a[k])
		})
		each(starts, func(k int) {
			z[k] = v.constant(magic)
			v.plusTimes(constant(log2E), a[k], z[k])
			n := v.reg()
			v.sub(constant(magic), z[k], n)
			if e == float32s {
				v.minusTimes(constant(ln2), n, a[k])
			} else {
				v.minusTimes(constant(ln2Hi), n, a[k])
				v.minusTimes(constant(ln2Lo), n, a[k])
			}
			if v == 1 {
				VPSLLQ(operand.Imm(52), z[k].AsX(), z[k].AsX())
			} else {
				VPSLLQ(operand.Imm(52), z[k].AsY(), z[k].AsY())
			}
		})
		each(starts, func(k int) {
			square[k] = v.reg()
			v.mul(a[k], a[k], square[k])
			p[k] = polynomial(v, c, a[k])
			// r + r²·p, then 2ⁿ + 2ⁿ·that
			v.timesPlus(a[k], square[k], p[k])
			v.timesPlus(z[k], z[k], p[k])
			v.store(p[k], y.at(starts[k]))
		})
	})
	VMAXPD(largest[0], largest[1], largest[0])
	VCMPPD(operand.Imm(30), constant(limit), largest[0], largest[0]) // greater than
	mask := GP32()
	VMOVMSKPD(largest[0], mask)
	TESTL(mask, mask)
	ordinary := GP8()
	SETEQ(ordinary)
	Store(ordinary, Return("ordinary"))
	VZEROUPPER()
	RET()
}

func log1p(e element, c []float64) {
	function("log1p"+e.suffix()+"AVX2", "l, y []float64", "",
		fmt.Sprintf("log1p%sAVX2 is log1p%sGo with fused multiply-adds:", e.suffix(), e.suffix()), "",
		"\tfor i, y := range y {",
		"\t\ts := y / (2 + y)",
		"\t\tl[i] = y - s*(y-s*s*polynomial(log"+e.suffix()+"Poly, s*s))",
		"\t}",
	)
	l, y := param("l", 8), param("y", 8)
	n := Load(Param("y").Len(), GP64())
	advance := func(k int) { l.advance(k); y.advance(k) }
	loop(n, advance, func(v lanes, starts []int) {
		each(starts, func(k int) {
			f := v.load(y.at(starts[k]))
			s, square := v.reg(), v.reg()
			v.add(constant(2), f, s)
			v.div(s, f, s)
			v.mul(s, s, square)
			p := polynomial(v, c, square)
			// y - s·(y - square·p)
			rest := v.reg()
			VMOVAPD(f, rest)
			v.minusTimes(square, p, rest)
			v.minusTimes(s, rest, f)
			v.store(f, l.at(starts[k]))
		})
	})
	VZEROUPPER()
	RET()
}

func losses(e element) {
	function("losses"+e.suffix()+"AVX2", fmt.Sprintf("l []float64, x, t []%s", e), "",
		fmt.Sprintf("losses%sAVX2 is", e.suffix()), "",
		"\tfor i := range x {",
		"\t\tl[i] += max(x[i], 0) - t[i]*x[i]",
		"\t}",
	)
	l, x, t := param("l", 8), param("x", int(e)), param("t", int(e))
	n := Load(Param("x").Len(), GP64())
	zero := YMM()
	VXORPD(zero, zero, zero)
	advance := func(k int) { l.advance(k); x.advance(k); t.advance(k) }
	loop(n, advance, func(v lanes, starts []int) {
		each(starts, func(k int) {
			logit := e.load(v, x.at(starts[k]))
			target := e.load(v, t.at(starts[k]))
			m := v.reg()
			v.max(logit, as(v, zero), m)
			v.minusTimes(target, logit, m)
			v.add(l.at(starts[k]), m, m)
			v.store(m, l.at(starts[k]))
		})
	})
	VZEROUPPER()
	RET()
}

// broadcastable is a slice argument that has one element for all or one for each.
type broadcastable struct {
	cursor
	step reg.Register // the bytes of eight elements, 0 for a slice of one
}

// operandParam loads a slice argument. One element is copied eight times to the frame, and read again and again.
func operandParam(name string, e element) broadcastable {
	b := broadcastable{param(name, int(e)), GP64()}
	length := Load(Param(name).Len(), GP64())
	frame := AllocLocal(8 * int(e))
	MOVQ(operand.U32(8*e), b.step)
	CMPQ(length, operand.Imm(1))
	JNE(operand.LabelRef(name + "_full"))
	one := YMM()
	if e == float32s {
		VBROADCASTSS(b.at(0), one)
		VMOVUPS(one, frame)
	} else {
		VBROADCASTSD(b.at(0), one)
		VMOVUPD(one, frame)
		VMOVUPD(one, frame.Offset(32))
	}
	LEAQ(frame, b.base)
	XORQ(b.step, b.step)
	Label(name + "_full")
	return b
}

// advance adds elements/8 of the step; the calls come in the order 8, 4, 1.
func (b broadcastable) advance(elements int) {
	switch elements {
	case 8:
		ADDQ(b.step, b.base)
	default:
		part := GP64()
		MOVQ(b.step, part)
		shift := uint64(1)
		if elements == 1 {
			shift = 3
		}
		SHRQ(operand.Imm(shift), part)
		ADDQ(part, b.base)
	}
}

func weightedLosses(e element) {
	function("weightedLosses"+e.suffix()+"AVX2", fmt.Sprintf("l []float64, x, t, w, p []%s", e), "",
		fmt.Sprintf("weightedLosses%sAVX2 is, where w and p may have one element for all,", e.suffix()), "",
		"\tfor i := range x {",
		"\t\ta, b := 1-t[i], p[i]*t[i]",
		"\t\tslope := a",
		"\t\tif x[i] < 0 {",
		"\t\t\tslope = b",
		"\t\t}",
		"\t\tl[i] = w[i] * ((a+b)*l[i] + slope*|x[i]|)",
		"\t}",
	)
	l, x, t := param("l", 8), param("x", int(e)), param("t", int(e))
	n := Load(Param("x").Len(), GP64())
	w, p := operandParam("w", e), operandParam("p", e)
	zero := YMM()
	VXORPD(zero, zero, zero)
	advance := func(k int) { l.advance(k); x.advance(k); t.advance(k); w.advance(k); p.advance(k) }
	loop(n, advance, func(v lanes, starts []int) {
		each(starts, func(k int) {
			logit := e.load(v, x.at(starts[k]))
			target := e.load(v, t.at(starts[k]))
			b := e.load(v, p.at(starts[k]))
			a := v.constant(1)
			v.sub(target, a, a)
			v.mul(target, b, b)
			// Not the sign bit, which -0 has too: 0 times an infinite b is NaN.
			negative, slope := v.reg(), v.reg()
			v.less(logit, as(v, zero), negative)
			v.pick(negative, b, a, slope)
			v.and(constant(absMask), logit, logit)
			v.mul(slope, logit, slope)
			v.add(a, b, a)
			v.plusTimes(l.at(starts[k]), a, slope)
			weight := e.load(v, w.at(starts[k]))
			v.mul(weight, slope, slope)
			v.store(slope, l.at(starts[k]))
		})
	})
	VZEROUPPER()
	RET()
}

// streamFlag returns a register that is not zero if stream is set and dst is aligned to 32 bytes.
func streamFlag(dst cursor) reg.Register {
	flag := GP64()
	MOVBQZX(mustParam("stream"), flag)
	misaligned := GP64()
	MOVQ(dst.base, misaligned)
	ANDQ(operand.Imm(31), misaligned)
	zero := GP64()
	XORQ(zero, zero)
	TESTQ(misaligned, misaligned)
	CMOVQNE(zero, flag)
	return flag
}

func mustParam(name string) operand.Mem {
	basic, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return basic.Addr
}

var labels int

// storeAll writes a register each, past the caches where flag is set. Fewer than eight elements are not worth it.
func storeAll(e element, v lanes, values []reg.VecVirtual, dst cursor, starts []int, flag reg.Register) {
	if len(starts) == 1 {
		e.store(v, values[0], dst.at(0), false)
		return
	}
	labels++
	stream, done := fmt.Sprintf("stream_%d", labels), fmt.Sprintf("stored_%d", labels)
	TESTQ(flag, flag)
	JNE(operand.LabelRef(stream))
	each(starts, func(k int) { e.store(v, values[k], dst.at(starts[k]), false) })
	JMP(operand.LabelRef(done))
	Label(stream)
	each(starts, func(k int) { e.store(v, values[k], dst.at(starts[k]), true) })
	Label(done)
}

// fence makes the streamed stores visible to other threads before what is written next.
func fence() {
	SFENCE()
	VZEROUPPER()
	RET()
}

func grads(e element) {
	function("grads"+e.suffix()+"AVX2", fmt.Sprintf("dst []%s, y []float64, x, t []%s, u, div float64, stream bool", e, e), "",
		fmt.Sprintf("grads%sAVX2 is", e.suffix()), "",
		"\tfor i := range x {",
		"\t\ta, b := 1, y[i]",
		"\t\tif x[i] < 0 {",
		"\t\t\ta, b = y[i], 1",
		"\t\t}",
		"\t\tdst[i] = ((1-t[i])*a - t[i]*b) * u / (div + y[i]*div)",
		"\t}", "",
		"and writes past the caches if stream is set and dst is aligned to 32 bytes.",
	)
	dst, y, x, t := param("dst", int(e)), param("y", 8), param("x", int(e)), param("t", int(e))
	n := Load(Param("x").Len(), GP64())
	flag := streamFlag(dst)
	u, div := YMM(), YMM()
	VBROADCASTSD(mustParam("u"), u)
	VBROADCASTSD(mustParam("div"), div)
	advance := func(k int) { dst.advance(k); y.advance(k); x.advance(k); t.advance(k) }
	loop(n, advance, func(v lanes, starts []int) {
		values := make([]reg.VecVirtual, len(starts))
		each(starts, func(k int) {
			f := v.load(y.at(starts[k]))
			logit := e.load(v, x.at(starts[k]))
			target := e.load(v, t.at(starts[k]))
			numerator := gradNumerator(v, f, logit, target, target)
			v.mul(as(v, u), numerator, numerator)
			values[k] = divideGrad(v, numerator, f, as(v, div))
		})
		storeAll(e, v, values, dst, starts, flag)
	})
	fence()
}

// as returns the register in the width of v.
func as(v lanes, r reg.VecVirtual) reg.Register {
	if v == 1 {
		return r.AsX()
	}
	return r.AsY()
}

// gradNumerator returns (1-t)·a - b·(1+y-a), where a is 1 where x ≥ 0, else y.
func gradNumerator(v lanes, y, x, t, b reg.VecVirtual) reg.VecVirtual {
	one := v.constant(1)
	rest := v.reg()
	v.sub(t, one, rest)
	ofNegative, ofPositive := v.reg(), v.reg()
	v.pick(x, y, one, ofNegative)
	v.pick(x, one, y, ofPositive)
	v.mul(rest, ofNegative, rest)
	v.minusTimes(b, ofPositive, rest)
	return rest
}

// divideGrad returns numerator / (div + y·div).
func divideGrad(v lanes, numerator, y reg.VecVirtual, div operand.Op) reg.VecVirtual {
	v.timesPlus(div, div, y)
	v.div(y, numerator, numerator)
	return numerator
}

func weightedGrads(e element) {
	function("weightedGrads"+e.suffix()+"AVX2", fmt.Sprintf("dst []%s, y []float64, x, t, w, p, u []%s, div float64, stream bool", e, e), "",
		fmt.Sprintf("weightedGrads%sAVX2 is, where w, p and u may have one element for all,", e.suffix()), "",
		"\tfor i := range x {",
		"\t\ta, b := 1, y[i]",
		"\t\tif x[i] < 0 {",
		"\t\t\ta, b = y[i], 1",
		"\t\t}",
		"\t\tdst[i] = ((1-t[i])*a - p[i]*t[i]*b) * w[i] * u[i] / (div + y[i]*div)",
		"\t}", "",
		"and writes past the caches if stream is set and dst is aligned to 32 bytes.",
	)
	dst, y, x, t := param("dst", int(e)), param("y", 8), param("x", int(e)), param("t", int(e))
	n := Load(Param("x").Len(), GP64())
	w, p, u := operandParam("w", e), operandParam("p", e), operandParam("u", e)
	flag := streamFlag(dst)
	div := YMM()
	VBROADCASTSD(mustParam("div"), div)
	advance := func(k int) {
		dst.advance(k)
		y.advance(k)
		x.advance(k)
		t.advance(k)
		w.advance(k)
		p.advance(k)
		u.advance(k)
	}
	loop(n, advance, func(v lanes, starts []int) {
		values := make([]reg.VecVirtual, len(starts))
		each(starts, func(k int) {
			f := v.load(y.at(starts[k]))
			logit := e.load(v, x.at(starts[k]))
			target := e.load(v, t.at(starts[k]))
			b := e.load(v, p.at(starts[k]))
			v.mul(target, b, b)
			numerator := gradNumerator(v, f, logit, target, b)
			v.mul(e.load(v, w.at(starts[k])), numerator, numerator)
			v.mul(e.load(v, u.at(starts[k])), numerator, numerator)
			values[k] = divideGrad(v, numerator, f, as(v, div))
		})
		storeAll(e, v, values, dst, starts, flag)
	})
	fence()
}

func round(e element) {
	function("round"+e.suffix()+"AVX2", fmt.Sprintf("dst []%s, l []float64, stream bool", e), "",
		fmt.Sprintf("round%sAVX2 is", e.suffix()), "",
		"\tfor i, l := range l {",
		fmt.Sprintf("\t\tdst[i] = %s(l)", e),
		"\t}", "",
		"and writes past the caches if stream is set and dst is aligned to 32 bytes.",
	)
	dst, l := param("dst", int(e)), param("l", 8)
	n := Load(Param("l").Len(), GP64())
	flag := streamFlag(dst)
	advance := func(k int) { dst.advance(k); l.advance(k) }
	loop(n, advance, func(v lanes, starts []int) {
		values := make([]reg.VecVirtual, len(starts))
		each(starts, func(k int) { values[k] = v.load(l.at(starts[k])) })
		storeAll(e, v, values, dst, starts, flag)
	})
	fence()
}

// sum adds sixteen registers pairwise before it adds them, with compensation, to the sums: six more
// operations for 64 elements.
func sum() {
	function("sumAVX2", "sums *[8]float64, l []float64", "",
		"sumAVX2 is, lane by lane,", "",
		"\tfor ; len(l) >= 64; l = l[64:] {",
		"\t\tadd(sums, the pairwise sum of 16 vectors of l)",
		"\t}",
		"\tfor ; len(l) >= 4; l = l[4:] {",
		"\t\tadd(sums, l[:4])",
		"\t}",
		"\tfor _, v := range l {",
		"\t\tadd(sums, v, 0, 0, 0)",
		"\t}", "",
		"where add adds a vector to sums[:4], and what that rounds away to sums[4:] (TwoSum).",
	)
	sums := Load(Param("sums"), GP64())
	l := param("l", 8)
	n := Load(Param("l").Len(), GP64())
	total, errors := YMM(), YMM()
	VMOVUPD(operand.Mem{Base: sums}, total)
	VMOVUPD(operand.Mem{Base: sums, Disp: 32}, errors)
	twoSum := func(v reg.VecVirtual) {
		s, z, d := YMM(), YMM(), YMM()
		VADDPD(v, total, s)
		VSUBPD(total, s, z)
		// errors += (total - (s - z)) + (v - z)
		VSUBPD(z, s, d)
		VSUBPD(d, total, d)
		VSUBPD(z, v, v)
		VADDPD(v, d, d)
		VADDPD(d, errors, errors)
		VMOVAPD(s, total)
	}
	for _, step := range []struct {
		label    string
		elements int
	}{{"sixteen", 64}, {"four", 4}, {"one", 1}} {
		CMPQ(n, immediate(step.elements))
		JL(operand.LabelRef(step.label + "_done"))
		Label(step.label)
		var v reg.VecVirtual
		if step.elements == 1 {
			v = YMM()
			VMOVSD(l.at(0), v.AsX())
		} else {
			v = pairwise(l, 0, step.elements/4)
		}
		twoSum(v)
		l.advance(step.elements)
		SUBQ(immediate(step.elements), n)
		CMPQ(n, immediate(step.elements))
		JGE(operand.LabelRef(step.label))
		Label(step.label + "_done")
	}
	VMOVUPD(total, operand.Mem{Base: sums})
	VMOVUPD(errors, operand.Mem{Base: sums, Disp: 32})
	VZEROUPPER()
	RET()
}

// pairwise returns the sum of registers first to first+count of l, count a power of two.
func pairwise(l cursor, first, count int) reg.VecVirtual {
	r := YMM()
	switch count {
	case 1:
		VMOVUPD(l.at(4*first), r)
	case 2:
		VMOVUPD(l.at(4*first), r)
		VADDPD(l.at(4*first+4), r, r)
	default:
		a, b := pairwise(l, first, count/2), pairwise(l, first+count/2, count/2)
		VADDPD(b, a, r)
	}
	return r
}
