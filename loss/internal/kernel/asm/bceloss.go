package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// epsilon is 1e-12 in float32.
const epsilon = float64(float32(1e-12))

func probabilityLosses(e element, c []float64) {
	function("probabilityLosses"+e.suffix()+"AVX2", fmt.Sprintf("l []float64, x, t []%s", e), "(ok bool)",
		"\tok = true",
		"\tfor i := range x {",
		"\t\tok = ok && 0 <= x[i] && x[i] <= 1 && 0 <= t[i] && t[i] <= 1",
		"\t\tl[i] = -(t[i]*max(log(x[i]), -100) + (1-t[i])*max(log(1-x[i]), -100))",
		"\t}", "",
		fmt.Sprintf("with log as in logOfSum%s and fused multiply-adds, and one logarithm each where eight targets are 0 or 1.", e.suffix()),
	)
	l, x, t := param("l", 8), param("x", int(e)), param("t", int(e))
	n := Load(Param("x").Len(), GP64())
	outside := zero()
	loop(n, []stepper{l, x, t}, func(v lanes, starts []int) {
		if len(starts) == 2 {
			PREFETCHT0(x.at(chunkLen))
			PREFETCHT0(t.at(chunkLen))
			hardProbabilityLosses(e, v, c, l, x, t, starts, outside)
			defer Label("losses_done")
		}
		for _, start := range starts {
			var logs [2]reg.VecVirtual
			interleaved(2, func(k int) {
				p := e.load(v, x.at(start))
				if k == 0 {
					v.and(bitPattern(absMask), p, p) // zero may be negative
					logs[k] = boundedLog(e, v, c, p, nil)
					return
				}
				u, rest := v.constant(1), v.constant(1)
				v.sub(p, u, u)
				v.sub(u, rest, rest)
				v.sub(p, rest, rest)
				logs[k] = boundedLog(e, v, c, u, rest)
			})
			p, target := e.load(v, x.at(start)), e.load(v, t.at(start))
			other := v.constant(1)
			v.sub(target, other, other)
			sum := v.reg()
			v.mul(target, logs[0], sum)
			v.negative(other, logs[1], sum)
			v.store(sum, l.at(start))
			v.mul(other, target, target)
			markOutside(v, outside, p, target)
		}
	})
	storeNone(outside, "ok")
	end()
}

// hardProbabilityLosses computes the losses where all targets are 0 or 1 and goes to losses_done, else it does nothing. One logarithm is enough,
// that of |(1-t) - x|. What is written is what the formula with two gives.
func hardProbabilityLosses(e element, v lanes, c []float64, l, x, t cursor, starts []int, outside reg.VecVirtual) {
	others := make([]reg.VecVirtual, len(starts)) // 1-t
	soft := YMM()
	for k, start := range starts {
		others[k] = v.constant(1)
		target, product := e.load(v, t.at(start)), v.reg()
		v.sub(target, others[k], others[k])
		v.mul(target, others[k], product)
		if k == 0 {
			v.and(product, product, soft)
		} else {
			do(func() { VORPD(product, soft, soft) })
		}
	}
	VPTEST(soft, soft)
	JNE(operand.LabelRef("losses_soft"))
	one := func(k int) {
		p, u, rest := e.load(v, x.at(starts[k])), v.reg(), others[k]
		v.sub(p, others[k], u)
		v.sub(u, others[k], rest)
		v.sub(p, rest, rest)
		v.and(bitPattern(absMask), u, u)
		r := boundedLog(e, v, c, u, rest)
		loss := v.constant(0)
		v.sub(r, loss, loss) // not -0
		v.store(loss, l.at(starts[k]))
	}
	interleaved(len(starts), one)
	for _, start := range starts {
		markOutside(v, outside, e.load(v, x.at(start)), nil)
	}
	JMP(operand.LabelRef("losses_done"))
	Label("losses_soft")
}

// markOutside marks the lanes where p is not in [0, 1], or the product t·(1-t), if there is one, negative, in outside.
func markOutside(v lanes, outside, p, product reg.VecVirtual) {
	other := v.constant(1)
	v.sub(p, other, other)
	v.mul(p, other, other)
	for _, r := range []reg.VecVirtual{other, product} {
		if r == nil {
			continue
		}
		const notGreaterEqual = 25 // NGE_UQ
		mask := v.compare(notGreaterEqual, constant(0), r)
		do(func() { VORPD(mask.AsY(), outside, outside) })
	}
}

// storeNone returns whether no lane is marked.
func storeNone(marked reg.VecVirtual, name string) {
	mask := GP32()
	VMOVMSKPD(marked, mask)
	TESTL(mask, mask)
	storeFlag(name)
}

// storeFlag returns whether the last comparison was one of equals.
func storeFlag(name string) {
	flag := GP8()
	SETEQ(flag)
	Store(flag, Return(name))
}

const (
	sqrtHalfBits = 0x3fe6a09e667f3bcd
	oneBits      = 0x3ff0000000000000
	mantissaMask = 1<<52 - 1
	two52Bits    = 0x4330000000000000
)

// onePlus returns 1+y, rounded, and what that has lost.
func onePlus(v lanes, y reg.VecVirtual) (u, left reg.VecVirtual) {
	u, left = v.constant(1), v.reg()
	v.add(y, u, u)
	v.sub(constant(1), u, left)
	v.sub(left, y, left)
	return u, left
}

// boundedLog returns max(log(u+rest), -100), where rest is nil or what the rounding to u has left.
func boundedLog(e element, v lanes, c []float64, u, rest reg.VecVirtual) reg.VecVirtual {
	f, k := u, v.reg()
	do(func() { VPADDQ(bitPattern(oneBits-sqrtHalfBits), u, u) })
	do(func() { VPSRLQ(operand.Imm(52), u, k) })
	do(func() { VPAND(bitPattern(mantissaMask), f, f) })
	do(func() { VPADDQ(bitPattern(sqrtHalfBits), f, f) })
	v.sub(constant(1), f, f)
	switch {
	case rest != nil && e == float32s:
		v.add(rest, f, f)
	case rest != nil:
		scale := v.reg()
		do(func() { VMOVDQU(bitPattern(2046), scale) })
		do(func() { VPSUBQ(k, scale, scale) })
		do(func() { VPSLLQ(operand.Imm(52), scale, scale) })
		v.plusTimes(rest, scale, f)
	}
	do(func() { VPOR(bitPattern(two52Bits), k, k) })
	v.sub(constant(1<<52+1023), k, k)
	s, correction := log1pParts(v, f, c)
	if e == float32s {
		v.minusTimes(s, correction, f)
		v.plusTimes(constant(ln2), k, f)
	} else {
		low := v.reg()
		v.mul(s, correction, low)
		v.minusTimes(constant(ln2Lo), k, low)
		v.sub(low, f, f)
		v.plusTimes(constant(ln2Hi), k, f)
	}
	v.max(constant(-100), f, f)
	return f
}

func probabilityGrads(e element) {
	arguments, result := "scale float64", "* scale"
	if e == float64s {
		arguments, result = "u, div float64", "* u / div"
	}
	function("probabilityGrads"+e.suffix()+"AVX2", fmt.Sprintf("g []float64, x, t []%s, %s", e, arguments), "(ok bool)",
		"\tok = true",
		"\tfor i := range x {",
		"\t\tok = ok && 0 <= x[i] && x[i] <= 1 && 0 <= t[i] && t[i] <= 1",
		"\t\tg[i] = (x[i] - t[i]) / max(x[i]*(1-x[i]), float32(1e-12)) "+result,
		"\t}",
	)
	g, x, t := param("g", 8), param("x", int(e)), param("t", int(e))
	n := Load(Param("x").Len(), GP64())
	outside := zero()
	var scale, div reg.VecVirtual
	if e == float32s {
		scale = broadcastParam("scale")
	} else {
		scale, div = broadcastParam("u"), broadcastParam("div")
	}
	each(n, []stepper{g, x, t}, func(v lanes, start int) {
		p, target := e.load(v, x.at(start)), e.load(v, t.at(start))
		other := v.constant(1)
		v.sub(target, other, other)
		v.mul(target, other, other)
		markOutside(v, outside, p, other)
		quotient := probabilitySlope(v, p, target)
		v.mul(v.of(scale), quotient, quotient)
		if e == float64s {
			v.div(v.of(div), quotient, quotient)
		}
		v.store(quotient, g.at(start))
	})
	storeNone(outside, "ok")
	end()
}

// probabilitySlope returns (p-t)/max(p·(1-p), epsilon).
func probabilitySlope(v lanes, p, target reg.VecVirtual) reg.VecVirtual {
	quotient, denominator := v.reg(), v.constant(1)
	v.sub(target, p, quotient)
	v.sub(p, denominator, denominator)
	v.mul(p, denominator, denominator)
	v.max(constant(epsilon), denominator, denominator)
	v.div(denominator, quotient, quotient)
	return quotient
}

func probabilityGradsRound32() {
	const e = float32s
	function("probabilityGradsRound32AVX2", "dst, x, t []float32, scale float64", "",
		"\tfor i := range x {",
		"\t\tdst[i] = float32((x[i] - t[i]) / max(x[i]*(1-x[i]), float32(1e-12)) * scale)",
		"\t}", "",
		"dst may be x or t.",
	)
	dst, x, t := param("dst", 4), param("x", 4), param("t", 4)
	n := Load(Param("x").Len(), GP64())
	scale := broadcastParam("scale")
	into(e, interleaved, dst, n, []stepper{x, t}, func(v lanes, start int) reg.VecVirtual {
		p, target := e.load(v, x.at(start)), e.load(v, t.at(start))
		slope := probabilitySlope(v, p, target)
		v.mul(v.of(scale), slope, slope)
		return slope
	})
	end()
}

func log1pRests32(c []float64) {
	const maxRest = 1 << 40
	function("log1pRests32AVX2", "dst, rests []float64", "(ok bool)",
		"\tok = true",
		"\tfor i, rest := range rests {",
		"\t\tok = ok && rest < maxRest",
		"\t\tdst[i] = log1pRest[float32](rest)",
		"\t}", "",
		"with fused multiply-adds, for rests that are not negative.",
	)
	dst, rests := param("dst", 8), param("rests", 8)
	n := Load(Param("rests").Len(), GP64())
	outside := zero()
	each(n, []stepper{dst, rests}, func(v lanes, start int) {
		rest := v.load(rests.at(start))
		const notLess = 21 // NLT_UQ
		large := v.compare(notLess, constant(maxRest), rest)
		do(func() { VORPD(large.AsY(), outside, outside) })
		u, left := onePlus(v, rest)
		v.store(boundedLog(float32s, v, c, u, left), dst.at(start))
	})
	storeNone(outside, "ok")
	end()
}

// probabilitySums32 adds the losses of hard targets as logarithms of products. With u = |(1-t) - x| = 2ᵏ·(1+f), as in boundedLog, the logarithm of a loss is
// -k·ln2 - log1p(f), and p + (p·f + f) is (1+p)·(1+f) - 1, which keeps its relative accuracy where all f are small. 1+f is at least √½: after 32 factors 1+p has lost 16 bits
// at most, and so a product is of no more.
func probabilitySums32(c []float64) {
	const e, v = float32s, lanes(4)
	function("probabilitySums32AVX2", "sums *[8]float64, x, t []float32", "(ok bool)",
		"\tfor i := range x {",
		"\t\tok = ok && 0 <= x[i] && x[i] <= 1 && (t[i] == 0 || t[i] == 1)",
		"\t\tsums -= max(log(|(1-t[i])-x[i]|), -100)",
		"\t}", "",
		"for at most 512 elements, a multiple of 16. Unless ok, sums are not changed; a negative zero may be refused too.",
	)
	x, t := param("x", 4), param("t", 4)
	n := Load(Param("x").Len(), GP64())
	var p, k [4]reg.VecVirtual
	for i := range p {
		p[i], k[i] = zero(), zero()
	}
	largest, soft := AllocLocal(32), AllocLocal(32) // there are no registers for them
	VMOVUPD(p[0], largest)
	VMOVUPD(p[0], soft)
	count := GP64()
	MOVQ(n, count)
	Label("loop")
	CMPQ(n, operand.Imm(16))
	JL(operand.LabelRef("done"))
	PREFETCHT0(x.at(chunkLen))
	PREFETCHT0(t.at(chunkLen))
	for _, start := range []int{0, 8} {
		bits, marks := YMM(), YMM()
		VMOVUPS(x.at(start), bits)
		VPMAXUD(largest, bits, bits)
		VMOVDQU(bits, largest)
		VMOVUPS(bitPattern(0x3f800000_3f800000), marks)
		target := YMM()
		VMOVUPS(t.at(start), target)
		VSUBPS(target, marks, marks)
		VMULPS(target, marks, marks)
		VORPS(soft, marks, marks)
		VMOVUPS(marks, soft)
	}
	for _, first := range []int{0, 2} {
		interleaved(2, func(i int) {
			at := 4 * (first + i)
			product, exponent := p[first+i], k[first+i]
			other, u, logit := v.constant(1), v.reg(), e.load(v, x.at(at))
			v.sub(e.load(v, t.at(at)), other, other) // 1-t
			v.sub(logit, other, u)
			v.sub(u, other, other)
			v.sub(logit, other, other) // what the rounding to u has left
			v.and(bitPattern(absMask), u, u)
			v.max(constant(math.Exp(-100)), u, u)
			f, shifted := u, v.reg()
			do(func() { VPADDQ(bitPattern(oneBits-sqrtHalfBits), u, u) })
			do(func() { VPSRLQ(operand.Imm(52), u, shifted) })
			do(func() { VPADDQ(shifted, exponent, exponent) })
			do(func() { VPAND(bitPattern(mantissaMask), f, f) })
			do(func() { VPADDQ(bitPattern(sqrtHalfBits), f, f) })
			v.sub(constant(1), f, f)
			v.add(other, f, f)
			factor := v.copy(f)
			v.timesPlus(f, product, factor)
			v.add(factor, product, product)
		})
	}
	x.advance(16)
	t.advance(16)
	SUBQ(operand.Imm(16), n)
	JMP(operand.LabelRef("loop"))
	Label("done")
	reached, hard := YMM(), YMM()
	VMOVDQU(bitPattern(0x3f800000_3f800000), reached)
	VPMAXUD(largest, reached, reached)
	VPCMPEQD(bitPattern(0x3f800000_3f800000), reached, reached) // ones where x is in [0, 1]
	VXORPS(hard, hard, hard)
	const equal = 0 // EQ_OQ
	VCMPPS(operand.Imm(equal), soft, hard, hard)
	VANDPS(hard, reached, reached)
	mask := GP32()
	VMOVMSKPS(reached, mask)
	CMPL(mask, operand.U32(255))
	storeFlag("ok")
	JNE(operand.LabelRef("end"))
	// The exponents have a bias of 1023 each, of which there were n/16 in a lane.
	bias := GP64()
	SHRQ(operand.Imm(4), count)
	IMUL3Q(operand.U32(1023), count, bias)
	biases := XMM()
	VMOVQ(bias, biases)
	all := YMM()
	VPBROADCASTQ(biases, all)
	sums := Load(Param("sums"), GP64())
	total := loadTwoSum(sums)
	saved := AllocLocal(8 * 32) // the logarithm needs the registers
	for i := range p {
		VMOVUPD(p[i], saved.Offset(64*i))
		VMOVUPD(k[i], saved.Offset(64*i+32))
	}
	for i := range p {
		p, k := v.load(saved.Offset(64*i)), YMM()
		u, rest := onePlus(v, p)
		logarithm := boundedLog(e, v, c, u, rest)
		// A sum of exponents is an integer beyond ±2¹⁶ never: a magic number makes it one of float64.
		VMOVDQU(saved.Offset(64*i+32), k)
		VPSUBQ(all, k, k)
		VPADDQ(bitPattern(math.Float64bits(magic64)), k, k)
		VSUBPD(constant(magic64), k, k)
		v.plusTimes(constant(ln2), k, logarithm)
		VSUBPD(logarithm, zero(), logarithm)
		total.add(logarithm)
	}
	total.store(sums)
	Label("end")
	end()
}
