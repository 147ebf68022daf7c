package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// expMax is what m-x must be less than for expSum64 to compute its exponential, and what expSum32 bounds it by.
const expMax = 708

// maximum keeps four registers of maxima: each waits for the one before.
func maximum(e element) {
	function("max"+e.suffix()+"AVX2", fmt.Sprintf("x []%s", e), fmt.Sprintf(" %s", e),
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
	move, moveOne, largerOne, lowest := VMOVUPS, VMOVSS, VMAXSS, bitPattern(0xff800000_ff800000)
	if e == float64s {
		move, moveOne, largerOne, lowest = VMOVUPD, VMOVSD, VMAXSD, bitPattern(math.Float64bits(math.Inf(-1)))
	}
	var maxima [4]reg.VecVirtual
	for k := range maxima {
		maxima[k] = YMM()
		move(lowest, maxima[k])
	}
	e.maxima("", x, n, maxima)
	high, half := e.largestOf(maxima[0]), XMM()
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
	end()
}

// maxima finds the largest elements, in steps of four registers, then of one, and leaves them in the first; n are left.
// The maximum is the first operand where the other is NaN.
func (e element) maxima(label string, x cursor, n reg.Register, maxima [4]reg.VecVirtual) {
	move, larger, width := VMOVUPS, VMAXPS, 32/int(e)
	if e == float64s {
		move, larger = VMOVUPD, VMAXPD
	}
	for _, registers := range []int{4, 1} {
		step := label + map[int]string{4: "four", 1: "one"}[registers]
		Label(step)
		CMPQ(n, immediate(registers*width))
		JL(operand.LabelRef(step + "_done"))
		for k := range registers {
			r := YMM()
			move(x.at(k*width), r)
			larger(maxima[k], r, maxima[k])
		}
		x.advance(registers * width)
		SUBQ(immediate(registers*width), n)
		JMP(operand.LabelRef(step))
		Label(step + "_done")
	}
	larger(maxima[0], maxima[1], maxima[0])
	larger(maxima[2], maxima[3], maxima[2])
	larger(maxima[0], maxima[2], maxima[0])
}

// largestOf returns the largest element of a register.
func (e element) largestOf(r reg.VecVirtual) reg.VecVirtual {
	larger, shifts := VMAXPS, []uint64{8, 4}
	if e == float64s {
		larger, shifts = VMAXPD, shifts[:1]
	}
	largest, other := XMM(), XMM()
	VEXTRACTF128(operand.Imm(1), r, largest)
	larger(r.AsX(), largest, largest)
	for _, shift := range shifts {
		VPSRLDQ(operand.Imm(shift), largest, other)
		larger(largest, other, largest)
	}
	return largest
}

func expSum(e element, c []float64) {
	doc := []string{"\tfor i := range x {"}
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
	ties := zero()
	magics := lanes(4).constant(magic32)
	var limit, m, extreme reg.VecVirtual
	var largest operand.Mem // of float32: there is no register for it
	if e == float32s {
		limit, largest = lanes(4).constant(-expMax), repeatedParam("m")
	} else {
		magics, m, extreme = lanes(4).constant(magic64), broadcastParam("m"), zero()
	}
	loop(n, []stepper{y, x}, func(v lanes, starts []int) {
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
		e.order()(len(starts), exponential)
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
		storeNone(extreme, "ordinary")
	}
	end()
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
	function("scaleRound"+e.suffix()+"AVX2", fmt.Sprintf("dst []%s, y []float64, scale, offset float64", e), "",
		"\tfor i, y := range y {",
		fmt.Sprintf("\t\tdst[i] = %s(scale*y + offset)", e),
		"\t}", "",
		"with a fused multiply-add.",
	)
	dst, y := param("dst", int(e)), param("y", 8)
	n := Load(Param("y").Len(), GP64())
	scale, offset := broadcastParam("scale"), broadcastParam("offset")
	into(e, interleaved, dst, n, []stepper{y}, func(v lanes, start int) reg.VecVirtual {
		value := v.load(y.at(start))
		v.timesPlus(v.of(offset), v.of(scale), value)
		return value
	})
	end()
}

// sumDistances32 is the sum of m - x, or, unless distances is set, of x.
func sumDistances32(distances bool) {
	const e = float32s
	name, arguments, term := "sumDistances32AVX2", "x []float32, m float64", "m - x"
	if !distances {
		name, arguments, term = "sumLogits32AVX2", "x []float32", "x"
	}
	function(name, arguments, "(sum float64)",
		"\tfor _, x := range x {",
		"\t\tsum += "+term,
		"\t}",
	)
	x, n := param("x", int(e)), Load(Param("x").Len(), GP64())
	var m reg.VecVirtual
	if distances {
		m = broadcastParam("m")
	}
	var sums [4]reg.VecVirtual // an addition waits for the one before it in its sum
	for k := range sums {
		sums[k] = zero()
	}
	loopFrom(len(sums), n, []stepper{x}, func(v lanes, starts []int) {
		for k, start := range starts {
			d := e.load(v, x.at(start))
			if distances {
				v.sub(d, v.of(m), d)
			}
			VADDPD(v.onlyFirst(d).AsY(), sums[k], sums[k])
		}
	})
	VADDPD(sums[1], sums[0], sums[0])
	VADDPD(sums[3], sums[2], sums[2])
	VADDPD(sums[2], sums[0], sums[0])
	Store(horizontalSum(sums[0]), Return("sum"))
	end()
}

// leastRest is what the rest of a row must reach, taken from a sum of which 1 is a part. That sum has lost less than
// 2⁻⁵³·n/8 of itself, so the rest has kept 27 bits.
const leastRest = 0x1p-16

// softmaxRows32 goes over a row three times while it is in the first-level cache: for the largest element, for the exponentials and their
// sum, and again for the sum if the largest element leaves little to the others. One loop for the last two would be slower: a processor does not look as far
// ahead as its chain of dependent instructions is long.
func softmaxRows32(c []float64) {
	const e, v = float32s, lanes(4)
	function("softmaxRows32AVX2", "maxima, rests, y []float64, x []float32, classes int", "",
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
		"with exp as in exp32AVX2, and a maximum that passes over NaN. It may write to 8 elements of y behind the last row.",
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
	masks, lastMasks := tailMasks(), lastMaskTable()

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
		sums[k] = zero()
	}
	row := cursor{GP64(), 8}
	MOVQ(y.base, row.base)
	n := GP64()
	MOVQ(classes, n)
	// exponentials computes those of four logits for each element of logits, writes them to first, and adds them, where masks have ones.
	exponentials := func(logits, masks []reg.VecVirtual, first func(k int) operand.Mem) {
		interleaved(len(logits), func(k int) {
			d, z, whole := logits[k], v.constant(magic32), v.reg()
			v.sub(m, d, d)     // x - m
			v.max(d, limit, d) // d where it is NaN
			v.plusTimes(constant(log2E), d, z)
			v.sub(constant(magic32), z, whole)
			v.minusTimes(constant(ln2), whole, d)
			do(func() { VPSLLQ(operand.Imm(52), z, z) })
			s := scaledExp(e, v, c, d, z)
			v.store(s, first(k))
			if masks != nil {
				v.and(masks[k], s, s)
			}
			v.add(s, sums[k], sums[k])
		})
	}
	CMPQ(n, operand.Imm(8))
	JL(operand.LabelRef("exp_done"))
	Label("exp")
	PREFETCHT0(operand.Mem{Base: x.base, Index: ahead, Scale: 1})
	exponentials([]reg.VecVirtual{e.load(v, x.at(0)), e.load(v, x.at(4))}, nil, func(k int) operand.Mem { return y.at(4 * k) })
	x.advance(8)
	y.advance(8)
	SUBQ(operand.Imm(8), n)
	CMPQ(n, operand.Imm(8))
	JGE(operand.LabelRef("exp"))
	Label("exp_done")
	TESTQ(n, n)
	JE(operand.LabelRef("exp_tail_done"))
	CMPQ(classes, operand.Imm(8))
	JL(operand.LabelRef("exp_few"))
	// The last four or eight logits of the row: those before the tail are computed once more, and not added.
	last := func(disp int, scale uint8, base reg.Register) operand.Mem {
		return operand.Mem{Base: base, Disp: disp, Index: n, Scale: scale}
	}
	for _, registers := range []int{1, 2} {
		if registers == 1 {
			CMPQ(n, operand.Imm(4))
			JG(operand.LabelRef("exp_last_eight"))
		} else {
			Label("exp_last_eight")
		}
		var logits, added []reg.VecVirtual
		for k := range registers {
			logits = append(logits, e.load(v, last(16*(k-registers), 4, x.base)))
			added = append(added, v.load(last(32*(k+2-registers), 8, lastMasks)))
		}
		exponentials(logits, added, func(k int) operand.Mem { return last(32*(k-registers), 8, y.base) })
		JMP(operand.LabelRef("exp_tail_end"))
	}
	Label("exp_few")
	mask := tailMask(masks, n)
	few, wide := doubles(maskedLoad(x.at(0), mask)), [2]reg.VecVirtual{YMM(), YMM()}
	VPMOVSXDQ(mask.AsX(), wide[0])
	VEXTRACTI128(operand.Imm(1), mask, wide[1].AsX())
	VPMOVSXDQ(wide[1].AsX(), wide[1])
	for _, registers := range []int{1, 2} {
		if registers == 1 {
			CMPQ(n, operand.Imm(4))
			JG(operand.LabelRef("exp_few_eight"))
		} else {
			Label("exp_few_eight")
		}
		exponentials(few[:registers], wide[:registers], func(k int) operand.Mem { return y.at(4 * k) })
		if registers == 1 {
			JMP(operand.LabelRef("exp_tail_end"))
		}
	}
	Label("exp_tail_end")
	LEAQ(operand.Mem{Base: x.base, Index: n, Scale: 4}, x.base)
	LEAQ(operand.Mem{Base: y.base, Index: n, Scale: 8}, y.base)
	Label("exp_tail_done")

	VADDPD(sums[1], sums[0], sums[0])
	rest := horizontalSum(sums[0])
	VSUBSD(constant(1), rest, rest)
	VUCOMISD(constant(leastRest), rest)
	JCC(operand.LabelRef("rest_done")) // not below, and not NaN
	restOf(row, y, classes, rest)
	Label("rest_done")
	VMOVSD(rest, rests.at(0))
	rests.advance(1)
	DECQ(rows)
	JNE(operand.LabelRef("row"))
	Label("done")
	end()
}

// tailMasks returns the address of eight ones and eight zeros of 32 bits.
func tailMasks() reg.Register {
	bits := make([]uint32, 16)
	for i := range 8 {
		bits[i] = math.MaxUint32
	}
	base := GP64()
	LEAQ(tableInMemory("tail", bits), base)
	return base
}

// lastMaskTable returns the address of eight zeros and eight ones of 64 bits: from the n-th on, the last n of eight elements are ones.
func lastMaskTable() reg.Register {
	table := GLOBL("last", attr.RODATA|attr.NOPTR)
	for i := range 16 {
		var ones uint64
		if i >= 8 {
			ones = math.MaxUint64
		}
		DATA(8*i, operand.U64(ones))
	}
	base := GP64()
	LEAQ(table, base)
	return base
}

// tailMask returns a register with ones in the first n of eight elements of 32 bits, for n from 0 to 7.
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

// rowMaximum returns the largest of the float32 numbers of a row, -Inf if all are NaN. Four registers of maxima: each waits for the one before. They begin
// with the last eight numbers, which a loop in steps of eight may not reach.
func rowMaximum(x cursor, classes reg.Register, masks reg.Register) reg.VecVirtual {
	at, n := cursor{GP64(), x.size}, GP64()
	MOVQ(x.base, at.base)
	MOVQ(classes, n)
	maxima := [4]reg.VecVirtual{YMM(), YMM(), YMM(), YMM()}
	lowest := YMM()
	VMOVUPS(bitPattern(0xff800000_ff800000), lowest)
	CMPQ(n, operand.Imm(8))
	JL(operand.LabelRef("max_few"))
	// VMAXPS returns the last operand, here the first one, where one is NaN.
	VMOVUPS(operand.Mem{Base: x.base, Disp: -32, Index: n, Scale: 4}, maxima[0])
	VMAXPS(lowest, maxima[0], maxima[0])
	for _, m := range maxima[1:] {
		VMOVAPS(maxima[0], m)
	}
	float32s.maxima("max_", at, n, maxima)
	JMP(operand.LabelRef("max_one_left"))
	Label("max_few")
	VMAXPS(lowest, maskedLoad(x.at(0), tailMask(masks, n)), maxima[0])
	Label("max_one_left")
	return float32s.largestOf(maxima[0])
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

// restOf sets rest to the sum of the y that are not 1, and of the ones but one. It writes zeros behind the last one, at end, to add eight at a time.
func restOf(y, end cursor, classes reg.Register, rest reg.VecVirtual) {
	n := GP64()
	MOVQ(classes, n)
	zeros := zero()
	VMOVUPD(zeros, end.at(0))
	VMOVUPD(zeros, end.at(4))
	one := lanes(4).constant(1)
	var ones, others [2]reg.VecVirtual
	for k := range ones {
		ones[k], others[k] = zero(), zero()
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

// smoothed returns (t·keep + even)·w.
func smoothed(e element, v lanes, t, w operand.Mem, keep, even reg.VecVirtual) reg.VecVirtual {
	a, weight := e.load(v, t), e.load(v, w)
	v.timesPlus(v.of(even), v.of(keep), a)
	v.mul(weight, a, a)
	return a
}

func entropySums32() {
	const e = float32s
	function("entropySums32AVX2", "total *[8]float64, x, t, w []float32, m, keep, even float64", "(sum float64)",
		"entropySums32AVX2 is, where t and w may have one element for all,", "",
		"\tfor i := range x {",
		"\t\ta := (t[i]*keep + even) * w[i]",
		"\t\tsum += a * (m - x[i])",
		"\t\ttotal += a",
		"\t}", "",
		"where a is added to total four lanes at a time, as the add of sumAVX2.",
	)
	x, n := param("x", int(e)), Load(Param("x").Len(), GP64())
	t, w := operandParam("t", e), operandParam("w", e)
	pointer := Load(Param("total"), GP64())
	total, sum := loadTwoSum(pointer), zero()
	m, keep, even := broadcastParam("m"), broadcastParam("keep"), broadcastParam("even")
	loop(n, []stepper{x, t, w}, func(v lanes, starts []int) {
		for _, start := range starts {
			a := v.onlyFirst(smoothed(e, v, t.at(start), w.at(start), keep, even))
			d, product := e.load(v, x.at(start)), YMM()
			v.sub(d, v.of(m), d)
			VMULPD(a.AsY(), d.AsY(), product) // zeros above a scalar
			VADDPD(product, sum, sum)
			total.add(a.AsY())
		}
	})
	total.store(pointer)
	Store(horizontalSum(sum), Return("sum"))
	end()
}

// plainEntropy32 is entropySums32 for a loss alone, of class probabilities and nothing else: their sum does not need what its rounding loses.
func plainEntropy32() {
	const e = float32s
	function("plainEntropy32AVX2", "x, t []float32, m float64", "(sum, total float64)",
		"\tfor i := range x {",
		"\t\tsum += t[i] * (m - x[i])",
		"\t\ttotal += t[i]",
		"\t}")
	x, t := param("x", int(e)), param("t", int(e))
	n := Load(Param("x").Len(), GP64())
	m := broadcastParam("m")
	var sums, totals [2]reg.VecVirtual
	for k := range sums {
		sums[k], totals[k] = zero(), zero()
	}
	loop(n, []stepper{x, t}, func(v lanes, starts []int) {
		if len(starts) == 2 {
			PREFETCHT0(t.at(2 * chunkLen))
		}
		for k, start := range starts {
			target, d := v.onlyFirst(e.load(v, t.at(start))), e.load(v, x.at(start))
			v.sub(d, v.of(m), d)
			VADDPD(target.AsY(), totals[k], totals[k])
			if v == 1 {
				VMULSD(target, d, d)
				VADDPD(v.onlyFirst(d).AsY(), sums[k], sums[k])
			} else {
				VFMADD231PD(target, d, sums[k])
			}
		}
	})
	VADDPD(sums[1], sums[0], sums[0])
	Store(horizontalSum(sums[0]), Return("sum"))
	VADDPD(totals[1], totals[0], totals[0])
	Store(horizontalSum(totals[0]), Return("total"))
	end()
}

func entropyGrads32() {
	const e = float32s
	function("entropyGrads32AVX2", "dst []float32, y []float64, t, w []float32, total, low, rest, keep, even, scale float64", "",
		"entropyGrads32AVX2 is, where t and w may have one element for all,", "",
		"\tfor i, y := range y {",
		"\t\ta := (t[i]*keep + even) * w[i]",
		"\t\tdst[i] = float32(((total-a+low)*y - a*(1-y+rest)) * scale)",
		"\t}",
	)
	dst, y := param("dst", int(e)), param("y", 8)
	n := Load(Param("y").Len(), GP64())
	t, w := operandParam("t", e), operandParam("w", e)
	keep, even, total := broadcastParam("keep"), broadcastParam("even"), broadcastParam("total")
	low, rest, scale := repeatedParam("low"), repeatedParam("rest"), repeatedParam("scale")
	into(e, interleaved, dst, n, []stepper{y, t, w}, func(v lanes, start int) reg.VecVirtual {
		a := smoothed(e, v, t.at(start), w.at(start), keep, even)
		others, complement, exponential := v.reg(), v.constant(1), v.load(y.at(start))
		v.sub(a, v.of(total), others)
		v.add(low, others, others)
		v.sub(exponential, complement, complement)
		v.add(rest, complement, complement)
		v.mul(exponential, others, others)
		v.minusTimes(complement, a, others)
		v.mul(scale, others, others)
		return others
	})
	end()
}

// broadcastParam returns a register with four copies of a float64 argument.
func broadcastParam(name string) reg.VecVirtual {
	r := YMM()
	VBROADCASTSD(mustParam(name), r)
	return r
}
