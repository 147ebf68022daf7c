package main

import (
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// leastRest is what the rest of a row must reach, taken from a sum of which 1 is a part. That sum has lost less than
// 2⁻⁵³·n/8 of itself, so the rest has kept 27 bits.
const leastRest = 0x1p-16

// softmaxRows32 goes over a row three times while it is in the first-level cache: for the largest element, for the exponentials and their
// sum, and again for the sum if the largest element leaves little to the others. One loop for the last two would be slower: a processor does not look as far
// ahead as its chain of dependent instructions is long.
func softmaxRows32(c []float64) {
	const e, v = float32s, lanes(4)
	function("softmaxRows32AVX2", "maxima, rests, y []float64, x []float32, classes int", "",
		"softmaxRows32AVX2 is", "",
		"\tfor r := range maxima {",
		"\t\trow := x[r*classes:][:classes]",
		"\t\tm, ties, sum := max(row...), 0, 0",
		"\t\tfor c, x := range row {",
		"\t\t\ty[r*classes+c] = exp(-min(m-x, 708))",
		"\t\t\tif y[r*classes+c] == 1 {",
		"\t\t\t\tties++",
		"\t\t\t} else {",
		"\t\t\t\tsum += y[r*classes+c]",
		"\t\t\t}",
		"\t\t}",
		"\t\tmaxima[r], rests[r] = m, float64(ties-1)+sum",
		"\t}", "",
		"with exp as in exp32AVX2, and a maximum that passes over NaN. It writes up to 7 zeros to y behind the last row.",
	)
	maxima, rests := param("maxima", 8), param("rests", 8)
	y, x := param("y", 8), param("x", int(e))
	rows := Load(Param("maxima").Len(), GP64())
	classes := Load(Param("classes"), GP64())
	// The distance in bytes of what is fetched while a row is computed: the next row, if that is not near.
	ahead, least := GP64(), GP64()
	MOVQ(classes, ahead)
	MOVQ(operand.U32(chunkLen), least)
	CMPQ(ahead, least)
	CMOVQLT(least, ahead)
	SHLQ(operand.Imm(2), ahead)
	masks := tailMasks()

	TESTQ(rows, rows)
	JE(operand.LabelRef("done"))
	Label("row")
	largest := rowMaximum(x, classes, masks)
	m := YMM()
	VBROADCASTSS(largest, m)
	VCVTPS2PD(m.AsX(), m)
	VMOVSD(m.AsX(), maxima.at(0))
	maxima.advance(1)

	limit := v.constant(-expMax)
	var sums [2]reg.VecVirtual
	for k := range sums {
		sums[k] = YMM()
		VXORPD(sums[k], sums[k], sums[k])
	}
	row := cursor{GP64(), 8}
	MOVQ(y.base, row.base)
	n := GP64()
	MOVQ(classes, n)
	exponentials := func(logits, masks [2]reg.VecVirtual) {
		interleaved(2, func(k int) {
			d, z, whole := logits[k], v.constant(magic32), v.reg()
			v.sub(m, d, d)     // x - m
			v.max(d, limit, d) // d where it is NaN
			v.plusTimes(constant(log2E), d, z)
			v.sub(constant(magic32), z, whole)
			v.minusTimes(constant(ln2), whole, d)
			do(func() { VPSLLQ(operand.Imm(52), z, z) })
			s := scaledExp(e, v, c, d, z)
			if masks[k] != nil {
				v.and(masks[k], s, s)
			}
			v.store(s, y.at(4*k))
			v.add(s, sums[k], sums[k])
		})
	}
	CMPQ(n, operand.Imm(8))
	JL(operand.LabelRef("exp_done"))
	Label("exp")
	PREFETCHT0(operand.Mem{Base: x.base, Index: ahead, Scale: 1})
	exponentials([2]reg.VecVirtual{e.load(v, x.at(0)), e.load(v, x.at(4))}, [2]reg.VecVirtual{})
	x.advance(8)
	y.advance(8)
	SUBQ(operand.Imm(8), n)
	CMPQ(n, operand.Imm(8))
	JGE(operand.LabelRef("exp"))
	Label("exp_done")
	TESTQ(n, n)
	JE(operand.LabelRef("exp_tail_done"))
	mask := tailMask(masks, n)
	logits, wide := halves(maskedLoad(x.at(0), mask)), [2]reg.VecVirtual{}
	wide[0], wide[1] = YMM(), YMM()
	VPMOVSXDQ(mask.AsX(), wide[0])
	VEXTRACTI128(operand.Imm(1), mask, wide[1].AsX())
	VPMOVSXDQ(wide[1].AsX(), wide[1])
	exponentials(logits, wide)
	LEAQ(operand.Mem{Base: x.base, Index: n, Scale: 4}, x.base)
	LEAQ(operand.Mem{Base: y.base, Index: n, Scale: 8}, y.base)
	Label("exp_tail_done")

	VADDPD(sums[1], sums[0], sums[0])
	rest := horizontalSum(sums[0])
	VSUBSD(constant(1), rest, rest)
	VUCOMISD(constant(leastRest), rest)
	JCC(operand.LabelRef("rest_done")) // not below, and not NaN
	restOf(row, classes, rest)
	Label("rest_done")
	VMOVSD(rest, rests.at(0))
	rests.advance(1)
	DECQ(rows)
	JNE(operand.LabelRef("row"))
	Label("done")
	VZEROUPPER()
	RET()
}

// tailMasks returns the address of eight ones and eight zeros of 32 bits.
func tailMasks() reg.Register {
	table := GLOBL("tail", attr.RODATA|attr.NOPTR)
	for i := range 16 {
		ones := uint32(math.MaxUint32)
		if i >= 8 {
			ones = 0
		}
		DATA(4*i, operand.U32(ones))
	}
	base := GP64()
	LEAQ(table, base)
	return base
}

// tailMask returns a register with ones in the first n of eight elements of 32 bits, for n from 1 to 7.
func tailMask(masks reg.Register, n reg.Register) reg.VecVirtual {
	at, mask := GP64(), YMM()
	MOVQ(n, at)
	NEGQ(at)
	VMOVDQU(operand.Mem{Base: masks, Disp: 32, Index: at, Scale: 4}, mask)
	return mask
}

// maskedLoad returns eight float32 numbers, -Inf where mask has no ones: there nothing is read.
func maskedLoad(m operand.Mem, mask reg.VecVirtual) reg.VecVirtual {
	r, lowest := YMM(), YMM()
	VMASKMOVPS(m, mask, r)
	VMOVUPS(bitPattern(0xff800000_ff800000), lowest)
	VBLENDVPS(mask, r, lowest, r)
	return r
}

// halves returns eight float32 numbers in float64.
func halves(r reg.VecVirtual) [2]reg.VecVirtual {
	low, high := YMM(), YMM()
	VEXTRACTF128(operand.Imm(1), r, high.AsX())
	VCVTPS2PD(r.AsX(), low)
	VCVTPS2PD(high.AsX(), high)
	return [2]reg.VecVirtual{low, high}
}

// rowMaximum returns the largest of the float32 numbers of a row, -Inf if all are NaN. Four registers of maxima: each waits for the one before.
func rowMaximum(x cursor, classes reg.Register, masks reg.Register) reg.VecVirtual {
	at, n := cursor{GP64(), x.size}, GP64()
	MOVQ(x.base, at.base)
	MOVQ(classes, n)
	var maxima [4]reg.VecVirtual
	for k := range maxima {
		maxima[k] = YMM()
		VMOVUPS(bitPattern(0xff800000_ff800000), maxima[k])
	}
	// VMAXPS returns the last operand, here the first one, where one is NaN.
	for _, registers := range []int{4, 1} {
		label := map[int]string{4: "max_four", 1: "max_one"}[registers]
		Label(label)
		CMPQ(n, immediate(8*registers))
		JL(operand.LabelRef(label + "_done"))
		for k := range registers {
			r := YMM()
			VMOVUPS(at.at(8*k), r)
			VMAXPS(maxima[k], r, maxima[k])
		}
		at.advance(8 * registers)
		SUBQ(immediate(8*registers), n)
		JMP(operand.LabelRef(label))
		Label(label + "_done")
	}
	TESTQ(n, n)
	JE(operand.LabelRef("max_tail_done"))
	VMAXPS(maxima[1], maskedLoad(at.at(0), tailMask(masks, n)), maxima[1])
	Label("max_tail_done")
	VMAXPS(maxima[0], maxima[1], maxima[0])
	VMAXPS(maxima[2], maxima[3], maxima[2])
	VMAXPS(maxima[0], maxima[2], maxima[0])
	largest, other := XMM(), XMM()
	VEXTRACTF128(operand.Imm(1), maxima[0], largest)
	VMAXPS(maxima[0].AsX(), largest, largest)
	VPSRLDQ(operand.Imm(8), largest, other)
	VMAXPS(largest, other, largest)
	VPSRLDQ(operand.Imm(4), largest, other)
	VMAXPS(largest, other, largest)
	return largest
}

// horizontalSum returns the sum of four lanes.
func horizontalSum(r reg.VecVirtual) reg.VecVirtual {
	sum, other := XMM(), XMM()
	VEXTRACTF128(operand.Imm(1), r, sum)
	VADDPD(r.AsX(), sum, sum)
	VPSRLDQ(operand.Imm(8), sum, other)
	VADDSD(other, sum, sum)
	return sum
}

// restOf sets rest to the sum of the y that are not 1, and of the ones but one. The y behind the last one are zeros, up to a
// multiple of eight.
func restOf(y cursor, classes reg.Register, rest reg.VecVirtual) {
	n := GP64()
	MOVQ(classes, n)
	one := lanes(4).constant(1)
	var ones, others [2]reg.VecVirtual
	for k := range ones {
		ones[k], others[k] = YMM(), YMM()
		VXORPD(ones[k], ones[k], ones[k])
		VXORPD(others[k], others[k], others[k])
	}
	Label("rest")
	for k := range ones {
		r, equal := lanes(4).load(y.at(4*k)), YMM()
		VCMPPD(operand.Imm(0), one, r, equal) // EQ_OQ
		VANDNPD(r, equal, r)
		VADDPD(r, others[k], others[k])
		VANDPD(one, equal, equal)
		VADDPD(equal, ones[k], ones[k])
	}
	y.advance(8)
	SUBQ(operand.Imm(8), n)
	JG(operand.LabelRef("rest"))
	VADDPD(ones[1], ones[0], ones[0])
	VADDPD(others[1], others[0], others[0])
	ties, sum := horizontalSum(ones[0]), horizontalSum(others[0])
	VSUBSD(constant(1), ties, ties)
	VADDSD(sum, ties, rest)
}
