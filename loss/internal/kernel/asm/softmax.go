package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// expMax is what m-x must be less than for expSum64 to compute its exponential, and what expSum32 bounds it by.
const expMax = 708

// maximum keeps four registers of maxima: each waits for the one before.
func maximum(e element) {
	function("max"+e.suffix()+"AVX2", fmt.Sprintf("x []%s", e), fmt.Sprintf(" %s", e),
		fmt.Sprintf("max%sAVX2 is", e.suffix()), "",
		"\tlargest := -Inf",
		"\tfor _, x := range x {",
		"\t\tif x > largest {",
		"\t\t\tlargest = x",
		"\t\t}",
		"\t}",
		"\treturn largest",
	)
	x := param("x", int(e))
	n := Load(Param("x").Len(), GP64())
	width := 32 / int(e)
	move, moveOne, larger, largerOne := VMOVUPS, VMOVSS, VMAXPS, VMAXSS
	if e == float64s {
		move, moveOne, larger, largerOne = VMOVUPD, VMOVSD, VMAXPD, VMAXSD
	}
	lowest := bitPattern(math.Float64bits(math.Inf(-1)))
	if e == float32s {
		lowest = bitPattern(0xff800000_ff800000)
	}
	var maxima [4]reg.VecVirtual
	for k := range maxima {
		maxima[k] = YMM()
		move(lowest, maxima[k])
	}
	// The maximum is the first operand where the other is NaN.
	for _, step := range []struct {
		label     string
		registers int
	}{{"four", 4}, {"one", 1}} {
		Label(step.label)
		CMPQ(n, immediate(step.registers*width))
		JL(operand.LabelRef(step.label + "_done"))
		for k := range step.registers {
			r := YMM()
			move(x.at(k*width), r)
			larger(maxima[k], r, maxima[k])
		}
		x.advance(step.registers * width)
		SUBQ(immediate(step.registers*width), n)
		JMP(operand.LabelRef(step.label))
		Label(step.label + "_done")
	}
	larger(maxima[0], maxima[1], maxima[0])
	larger(maxima[2], maxima[3], maxima[2])
	larger(maxima[0], maxima[2], maxima[0])
	high := XMM()
	VEXTRACTF128(operand.Imm(1), maxima[0], high)
	larger(maxima[0].AsX(), high, high)
	half := XMM()
	VPSRLDQ(operand.Imm(8), high, half)
	larger(high, half, high)
	if e == float32s {
		VPSRLDQ(operand.Imm(4), high, half)
		larger(high, half, high)
	}
	Label("element")
	TESTQ(n, n)
	JE(operand.LabelRef("done"))
	moveOne(x.at(0), half)
	largerOne(high, half, high)
	x.advance(1)
	DECQ(n)
	JMP(operand.LabelRef("element"))
	Label("done")
	Store(high, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

func expSum(e element, c []float64) {
	doc := []string{fmt.Sprintf("expSum%sAVX2 is", e.suffix()), "", "\tfor i := range x {"}
	results := "(ties int)"
	if e == float32s {
		doc = append(doc, "\t\ty[i] = exp(-min(m-x[i], 708))")
	} else {
		doc = append(doc, "\t\tordinary = ordinary && m-x[i] < 708", "\t\ty[i] = exp(x[i] - m), with what x[i] - m rounds away")
		results = "(ties int, ordinary bool)"
	}
	doc = append(doc, "\t\tif x[i] == m {", "\t\t\tties++", "\t\t} else {", "\t\t\tsums += y[i]", "\t\t}", "\t}", "",
		fmt.Sprintf("with exp as in exp%sAVX2. Numbers are added to sums as by sumAVX2, zero where x[i] == m.", e.suffix()))
	if e == float64s {
		doc = append(doc, "What it writes and adds where an element is not ordinary is not defined.")
	}
	function("expSum"+e.suffix()+"AVX2", fmt.Sprintf("sums *[8]float64, y []float64, x []%s, m float64", e), results, doc...)
	y, x := param("y", 8), param("x", int(e))
	n := Load(Param("x").Len(), GP64())
	sums := Load(Param("sums"), GP64())
	total := loadTwoSum(sums)
	ties := YMM()
	VPXOR(ties, ties, ties)
	magics := lanes(4).constant(magic32)
	var limit, m, extreme reg.VecVirtual
	var largest operand.Mem // of float32: there is no register for it
	if e == float32s {
		limit, largest = lanes(4).constant(-expMax), repeatedParam("m")
	} else {
		magics, m, extreme = lanes(4).constant(magic64), YMM(), YMM()
		VBROADCASTSD(mustParam("m"), m)
		VPXOR(extreme, extreme, extreme)
	}
	advance := func(k int) { y.advance(k); x.advance(k) }
	loop(n, advance, func(v lanes, starts []int) {
		terms := make([]reg.VecVirtual, len(starts))
		exponential := func(k int) {
			logit, d := e.load(v, x.at(starts[k])), v.reg() // d = x - m
			z, whole := v.copy(magics), v.reg()
			if e == float32s {
				v.sub(largest, logit, d)
				v.op(VMAXPD, VMAXSD, d, v.of(limit), d) // d where it is NaN
				v.plusTimes(constant(log2E), d, z)
				v.sub(v.of(magics), z, whole)
				v.minusTimes(constant(ln2), whole, d)
			} else {
				v.sub(v.of(m), logit, d)
				notGreater := v.compare(26, constant(-expMax), d) // NGT_UQ
				do(func() { VORPD(notGreater.AsY(), extreme, extreme) })
				rounded := differenceError(v, logit, m, d)
				v.plusTimes(constant(log2E), d, z)
				v.sub(v.of(magics), z, whole)
				v.minusTimes(constant(ln2Hi), whole, d)
				v.minusTimes(constant(ln2Lo), whole, d)
				v.add(rounded, d, d)
			}
			do(func() { VPSLLQ(operand.Imm(52), z, z) })
			s := scaledExp(e, v, c, d, z)
			v.store(s, y.at(starts[k]))
			// The logit again: there are no registers to keep it.
			var equal operand.Op = largest
			if e == float64s {
				equal = v.of(m)
			}
			tie := v.compare(0, equal, e.load(v, x.at(starts[k]))) // EQ_OQ
			do(func() { VPSUBQ(tie.AsY(), ties, ties) })
			do(func() { VANDNPD(s, tie, s) })
			terms[k] = v.onlyFirst(s)
		}
		if e == float32s {
			interleaved(len(starts), exponential)
		} else {
			for k := range starts {
				exponential(k) // one after the other: there are no registers for two
			}
		}
		if len(terms) == 2 {
			v.add(terms[1], terms[0], terms[0])
		}
		total.add(terms[0].AsY())
	})
	total.store(sums)
	high, count := XMM(), GP64()
	VEXTRACTI128(operand.Imm(1), ties, high)
	VPADDQ(ties.AsX(), high, high)
	low := XMM()
	VPSRLDQ(operand.Imm(8), high, low)
	VPADDQ(low, high, high)
	VMOVQ(high, count)
	Store(count, Return("ties"))
	if e == float64s {
		mask, ordinary := GP32(), GP8()
		VMOVMSKPD(extreme, mask)
		TESTL(mask, mask)
		SETEQ(ordinary)
		Store(ordinary, Return("ordinary"))
	}
	VZEROUPPER()
	RET()
}

// differenceError returns (x - m) - d for d, the rounded x - m (TwoSum).
func differenceError(v lanes, x, m, d reg.VecVirtual) reg.VecVirtual {
	b, rest := v.reg(), v.reg()
	v.sub(x, d, b) // d - x, about -m
	v.sub(b, d, rest)
	v.sub(rest, x, rest)
	v.add(v.of(m), b, b)
	v.sub(b, rest, rest)
	return rest
}

// scaledExp returns exp(r) times the power of two whose exponent z has.
func scaledExp(e element, v lanes, c []float64, r, z reg.VecVirtual) reg.VecVirtual {
	square := v.reg()
	v.mul(r, r, square)
	s := polynomial(v, c, r, square)
	if e == float32s {
		v.timesPlus(r, square, s)
		v.timesPlus(z, z, s)
		return s
	}
	high, low := v.reg(), v.reg()
	v.add(constant(1), r, high)
	v.sub(constant(1), high, low)
	v.sub(low, r, low)
	v.timesPlus(low, square, s)
	v.add(high, s, s)
	do(func() { VPADDQ(z, s, s) })
	return s
}

// compare returns ones where "b predicate a" is true, else zeros, also in the lanes above the first of a scalar register.
func (v lanes) compare(predicate uint8, a operand.Op, b reg.VecVirtual) reg.VecVirtual {
	mask := v.reg()
	v.op(func(ops ...operand.Op) { VCMPPD(operand.Imm(uint64(predicate)), ops[0], ops[1], ops[2]) },
		func(ops ...operand.Op) { VCMPSD(operand.Imm(uint64(predicate)), ops[0], ops[1], ops[2]) }, a, b, mask)
	return v.onlyFirst(mask)
}

// onlyFirst returns r, with zeros in the lanes above the first if it is a scalar register.
func (v lanes) onlyFirst(r reg.VecVirtual) reg.VecVirtual {
	if v != 1 {
		return r
	}
	only := v.reg()
	do(func() { VMOVQ(r, only) })
	return only
}

func scaleRound(e element) {
	function("scaleRound"+e.suffix()+"AVX2", fmt.Sprintf("dst []%s, y []float64, scale float64, stream bool", e), "",
		fmt.Sprintf("scaleRound%sAVX2 is", e.suffix()), "",
		"\tfor i, y := range y {",
		fmt.Sprintf("\t\tdst[i] = %s(scale * y)", e),
		"\t}", "",
		"and writes past the caches if stream is set and dst is aligned to 32 bytes.",
	)
	dst, y := param("dst", int(e)), param("y", 8)
	n := Load(Param("y").Len(), GP64())
	flag := streamFlag(dst)
	scale := YMM()
	VBROADCASTSD(mustParam("scale"), scale)
	advance := func(k int) { dst.advance(k); y.advance(k) }
	loop(n, advance, func(v lanes, starts []int) {
		values := make([]reg.VecVirtual, len(starts))
		interleaved(len(starts), func(k int) {
			values[k] = v.reg()
			v.mul(y.at(starts[k]), v.of(scale), values[k])
		})
		storeAll(e, v, values, dst, starts, flag)
	})
	fence()
}
