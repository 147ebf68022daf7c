package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The kernels of CrossEntropyLoss in float32 lanes. Of a row of logits x without that of its class, of which m is the largest, and with K = round(m·log2(e)),
//
//	exp(x) = 2^(K-rowShift)·exp(-K·ln2Lo)·T·(1+r+s)
//
// with T, r and s as in pairs.go, but n - K in place of n in w, or that would not be small: reduced is x itself, since x-m would be rounded. A sum of T·(1+r+s) is kept in two float32 numbers. To the first are added
// multiples of one power of two, without an error as long as there are few of them; to the second what is left of T·(1+r+s), which is small.

const (
	// rowShift keeps T a normal number for logits down to m-rowReach, 2⁻¹⁶⁶ of the largest exponential.
	rowShift = 40
	rowReach = 115
	// rowMagic is the magic number of rowShift.
	rowMagic = 0x1.8p20 + rowShift
	// acrossGrid makes multiples of 2^(rowShift-17) of what is added to it and subtracted again: a sum of 90 of them, each at most √2·2^rowShift, has 24 bits.
	// alongGrid does so for 720.
	acrossGrid = single(0x1.8p46)
	alongGrid  = single(0x1.8p49)
	// rowFields is the number of numbers that are kept of a row: eight rows have eight times the first, then the second, and so on.
	rowFields = 4
)

// rowExp computes exponentials of rows.
type rowExp struct {
	*exponential
	// magic is the number that leaves n - K + rowShift in the low bits, lowest m - rowReach; for all lanes, or for each.
	magic, lowest reg.VecVirtual
	// before are T, r and s of the logits before.
	before [3]reg.VecVirtual
}

// rowExp returns one for maxima m, and the K.
func (v wide) rowExp(tables *exponential, m reg.VecVirtual) (e *rowExp, k reg.VecVirtual) {
	const whole = single(0x1.8p23)
	e = &rowExp{exponential: tables, magic: v.constant(rowMagic), lowest: v.reg(), before: [3]reg.VecVirtual{v.reg(), v.reg(), v.reg()}}
	k = v.constant(whole)
	v.plusTimes(log2E32, m, k)
	v.sub(whole, k, k)
	v.sub(k, e.magic, e.magic)
	v.add(single(-rowReach), m, e.lowest)
	for _, r := range e.before {
		v.clear(r)
	}
	return e, k
}

// of returns T, r and s of logits x, of which it makes r.
func (e *rowExp) of(x reg.VecVirtual) (power, r, s reg.VecVirtual) {
	z := e.copy(e.magic)
	e.plusTimes(log2E32, x, z)
	n := e.reg()
	e.sub(e.magic, z, n)
	r = x
	e.minusTimes(ln2Hi32, n, r)
	less, w := e.reg(), e.at(e.rests, z)
	e.sub(single(rowMagic), z, less) // n - K
	e.minusTimes(ln2Lo32, less, w)
	power = e.at(e.powers, z)
	do(func() { VPSLLD(operand.Imm(20), z, z) })
	do(func() { VPADDD(z, power, power) })
	return power, r, e.tail(r, w)
}

// load returns logits, not below lowest; NaN stays NaN.
func (e *rowExp) load(m operand.Mem) reg.VecVirtual {
	x := e.reg()
	e.max(m, e.lowest, x)
	return x
}

// rowSum is a sum of T·(1+r+s).
type rowSum struct {
	wide
	grid      single
	high, low reg.VecVirtual
}

func (v wide) rowSum(grid single) rowSum {
	s := rowSum{v, grid, v.reg(), v.reg()}
	v.clear(s.high)
	v.clear(s.low)
	return s
}

func (s rowSum) add(e [3]reg.VecVirtual) {
	v, power := s.wide, e[0]
	h, l := v.copy(power), v.reg()
	v.plusTimes(e[1], power, h)
	v.add(s.grid, h, h)
	v.sub(s.grid, h, h)
	v.sub(h, power, l)
	v.plusTimes(e[1], power, l)
	v.plusTimes(e[2], power, l)
	v.add(h, s.high, s.high)
	v.add(l, s.low, s.low)
}

// doubles returns the sums in float64.
func (s rowSum) doubles() [2]reg.VecVirtual {
	high, low := doubles(s.high), doubles(s.low)
	for i := range high {
		VADDPD(low[i], high[i], high[i])
	}
	return high
}

// doubles returns eight float32 numbers in float64.
func doubles(r reg.VecVirtual) [2]reg.VecVirtual {
	d := [2]reg.VecVirtual{YMM(), YMM()}
	VEXTRACTF128(operand.Imm(1), r, d[1].AsX())
	VCVTPS2PD(d[1].AsX(), d[1])
	VCVTPS2PD(r.AsX(), d[0])
	return d
}

// storeDoubles writes eight float32 numbers in float64.
func storeDoubles(r reg.VecVirtual, to cursor, first int) {
	for k, d := range doubles(r) {
		VMOVUPD(d, to.at(first+4*k))
	}
}

// follow computes T, r and s of the logits of next, and adds those of the logits before it to the sum, which e.before has; the two are apart, so that a processor finds more to do at a time.
func (e *rowExp) follow(total rowSum, next func() reg.VecVirtual) {
	var now [3]reg.VecVirtual
	interleaved(2, func(k int) {
		if k == 0 {
			now[0], now[1], now[2] = e.of(next())
		} else {
			total.add(e.before)
		}
	})
	for i, r := range now {
		VMOVAPS(r, e.before[i])
	}
}

// acrossMaxima makes columns of rows, eight at a time, each in a lane, and finds the largest logit of each row but that of its class.
func acrossMaxima() {
	function("acrossMaxima32AVX2", "rows []float64, t, x []float32, indices []int64, classes int", "",
		"\tfor r := range len(rows)/4 {",
		"\t\trows[r/8*32+r%8], rows[r/8*32+24+r%8] = -Inf, 0",
		"\t\tfor c, logit := range x[r*classes:][:classes] {",
		"\t\t\tif c == int(indices[r]) {",
		"\t\t\t\trows[r/8*32+24+r%8], logit = logit, -Inf",
		"\t\t\t}",
		"\t\t\tt[(r/8*classes+c)*8+r%8] = logit",
		"\t\t\trows[r/8*32+r%8] = max(rows[r/8*32+r%8], logit)",
		"\t\t}",
		"\t}", "",
		"with a maximum that passes over NaN. Rows are a multiple of 8. It needs 3 elements of x behind the last row.")
	const v = wide(8)
	state, t, x, indices := param("rows", 8), param("t", 4), param("x", 4), param("indices", 8)
	rows, classes := Load(Param("rows").Len(), GP64()), Load(Param("classes"), GP64())
	stride, three := GP64(), GP64()
	MOVQ(classes, stride)
	SHLQ(operand.Imm(2), stride)
	LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 2}, three)
	lowest := YMM()
	VMOVUPS(bitPattern(0xff800000_ff800000), lowest)
	TESTQ(rows, rows)
	JE(operand.LabelRef("done"))
	Label("rows")
	first, fifth, n := GP64(), GP64(), GP64()
	MOVQ(x.base, first)
	LEAQ(operand.Mem{Base: first, Index: stride, Scale: 4}, fifth)
	LEAQ(operand.Mem{Base: fifth, Index: stride, Scale: 4}, x.base)
	MOVQ(classes, n)
	low, wanted, largest, own := YMM(), YMM(), YMM(), YMM()
	VMOVUPS(indices.at(0), low)
	VMOVUPS(indices.at(4), wanted)
	VSHUFPS(operand.Imm(0x88), wanted, low, wanted)
	VPERMQ(operand.Imm(0xd8), wanted, wanted)
	VMOVAPS(lowest, largest)
	VXORPS(own, own, own)
	block := func() [4]reg.VecVirtual {
		var four [4]reg.VecVirtual
		for i := range four {
			four[i] = YMM()
			VMOVUPS(rowOf(first, i, stride, three), four[i].AsX())
			VINSERTF128(operand.Imm(1), rowOf(fifth, i, stride, three), four[i], four[i])
		}
		return transposed(four)
	}
	logits := func(i int, logit reg.VecVirtual) {
		equal := YMM()
		VPCMPEQD(bitPattern(uint64(i)<<32|uint64(i)), wanted, equal)
		VBLENDVPS(equal, logit, own, own)
		VBLENDVPS(equal, lowest, logit, logit)
		VMOVUPS(logit, t.at(8*i))
		VMAXPS(largest, logit, largest) // the first operand where one is NaN
	}
	SUBQ(operand.Imm(4), n)
	JL(operand.LabelRef("last"))
	Label("four")
	for i, logit := range block() {
		logits(i, logit)
	}
	VPSUBD(bitPattern(4<<32|4), wanted, wanted)
	ADDQ(operand.Imm(16), first)
	ADDQ(operand.Imm(16), fifth)
	t.advance(32)
	SUBQ(operand.Imm(4), n)
	JGE(operand.LabelRef("four"))
	Label("last")
	ADDQ(operand.Imm(4), n)
	JE(operand.LabelRef("stored"))
	for i, logit := range block() {
		if i == 3 {
			break
		}
		logits(0, logit)
		t.advance(8)
		VPSUBD(bitPattern(1<<32|1), wanted, wanted)
		DECQ(n)
		JE(operand.LabelRef("stored"))
	}
	Label("stored")
	storeDoubles(largest, state, 0)
	storeDoubles(own, state, 24)
	state.advance(rowFields * 8)
	indices.advance(8)
	SUBQ(immediate(rowFields*8), rows)
	JNE(operand.LabelRef("rows"))
	Label("done")
	end()
}

// rowOf is where row i of four is.
func rowOf(base reg.Register, i int, stride, three reg.Register) operand.Mem {
	switch i {
	case 0:
		return operand.Mem{Base: base}
	case 3:
		return operand.Mem{Base: base, Index: three, Scale: 1}
	}
	return operand.Mem{Base: base, Index: stride, Scale: uint8(i)}
}

// acrossSums sums the exponentials of the columns of acrossMaxima. keep says whether T, r and s are kept for the gradient.
func acrossSums(coefficients map[string][]float64, keep bool) {
	const v = wide(8)
	name, arguments := "acrossSums32AVX2", "t"
	doc := []string{"\tfor r := range len(rows)/4 {",
		"\t\tk := round(rows[r/8*32+r%8]*log2E)",
		"\t\trows[r/8*32+8+r%8] = k",
		"\t\te := sum(exp(t[(r/8*classes+c)*8+r%8] for c in range classes))",
		"\t\trows[r/8*32+16+r%8] = e / 2**(k-40) * exp(k*ln2Lo32)",
		"\t}"}
	if keep {
		name, arguments = "acrossExps32AVX2", "t, r, s"
		doc = append(doc, "", "and leaves t, r and s with t*(1+r+s) = exp(t) / 2**(k-40) * exp(k*ln2Lo32).")
	}
	doc = append(doc, "", "Rows are a multiple of 8. What it computes of a row whose largest logit is not in ±1<<14 is not defined.")
	function(name, "rows []float64, "+arguments+" []float32, classes int", "", doc...)
	state, t := param("rows", 8), param("t", 4)
	kept := []cursor{t}
	if keep {
		kept = append(kept, param("r", 4), param("s", 4))
	}
	rows, classes := Load(Param("rows").Len(), GP64()), Load(Param("classes"), GP64())
	tables := v.exponential(coefficients)
	TESTQ(rows, rows)
	JE(operand.LabelRef("done"))
	Label("rows")
	largest, upper := v.reg(), XMM()
	VCVTPD2PSY(state.at(0), largest.AsX())
	VCVTPD2PSY(state.at(4), upper)
	VINSERTF128(operand.Imm(1), upper, largest, largest)
	e, exponents := v.rowExp(tables, largest)
	storeDoubles(exponents, state, 8)
	total := v.rowSum(acrossGrid)
	n := GP64()
	MOVQ(classes, n)
	Label("exp")
	e.follow(total, func() reg.VecVirtual { return e.load(t.at(0)) })
	for i, to := range kept {
		if keep {
			VMOVUPS(e.before[i], to.at(0))
		}
		to.advance(8)
	}
	DECQ(n)
	JNE(operand.LabelRef("exp"))
	total.add(e.before)
	for i, r := range total.doubles() {
		VMOVUPD(r, state.at(16+4*i))
	}
	state.advance(rowFields * 8)
	SUBQ(immediate(rowFields*8), rows)
	JNE(operand.LabelRef("rows"))
	Label("done")
	end()
}

// transposed returns a transposed matrix of four rows and four columns, in each half of the registers.
func transposed(rows [4]reg.VecVirtual) (columns [4]reg.VecVirtual) {
	for i := 0; i < 4; i += 2 {
		low := YMM()
		VUNPCKLPS(rows[i+1], rows[i], low)
		VUNPCKHPS(rows[i+1], rows[i], rows[i+1])
		rows[i] = low
	}
	for i := range 2 {
		columns[2*i] = YMM()
		VUNPCKLPD(rows[2+i], rows[i], columns[2*i])
		VUNPCKHPD(rows[2+i], rows[i], rows[i])
		columns[2*i+1] = rows[i]
	}
	return columns
}

// scaled returns T·(1+r+s)·(high+low)/2^rowShift, rounded nearly once.
func (v wide) scaled(t, factor reg.VecVirtual, s operand.Op, high, low reg.VecVirtual) reg.VecVirtual {
	product, rest := v.reg(), v.reg()
	v.mul(high, t, product)
	do(func() { VMOVAPS(t, rest) })
	v.timesMinus(product, high, rest)
	v.plusTimes(low, t, rest) // product + rest = T·(high+low)
	v.timesPlus(rest, factor, rest)
	sum := v.copy(product)
	v.plusTimes(factor, product, sum)
	left := t
	v.sub(sum, product, left)
	v.plusTimes(factor, product, left) // sum + left = product·(1+r)
	v.add(left, rest, rest)
	do(func() { VFMADD231PS(s, product, rest) })
	v.add(rest, sum, sum)
	v.mul(single(math.Ldexp(1, -rowShift)), sum, sum) // the rests were no subnormal numbers
	return sum
}

// scales returns eight float64 numbers, four of which are at each of two places, as float32 numbers, and what those lack.
func scales(four func(half int) operand.Op) (high, low reg.VecVirtual) {
	high, low = YMM(), YMM()
	var halves, rests [2]reg.VecVirtual
	for i := range halves {
		d, back := YMM(), YMM()
		halves[i], rests[i] = XMM(), XMM()
		VMOVUPD(four(i), d)
		VCVTPD2PSY(d, halves[i])
		VCVTPS2PD(halves[i], back)
		VSUBPD(back, d, d)
		VCVTPD2PSY(d, rests[i])
	}
	VINSERTF128(operand.Imm(1), halves[1], halves[0].AsY(), high)
	VINSERTF128(operand.Imm(1), rests[1], rests[0].AsY(), low)
	return high, low
}

// acrossGrads writes rows of what acrossExps32AVX2 has left in lanes, scaled.
func acrossGrads() {
	const v = wide(8)
	function("acrossGrads32AVX2", "dst, t, r, s []float32, rows []float64, classes int", "",
		"\tfor r := range len(rows)/4 {",
		"\t\tfor c := range classes {",
		"\t\t\ti := (r/8*classes+c)*8 + r%8",
		"\t\t\tdst[r*classes+c] = t[i]*(1+r[i]+s[i]) * rows[r/8*32+16+r%8] / 2**40",
		"\t\t}",
		"\t}", "",
		"Rows are a multiple of 8. With fewer than 4 classes it needs, and writes to, 3 elements behind the last row of dst.",
	)
	dst, t, r, s, state := param("dst", 4), param("t", 4), param("r", 4), param("s", 4), param("rows", 8)
	rows, classes := Load(Param("rows").Len(), GP64()), Load(Param("classes"), GP64())
	stride, three := GP64(), GP64()
	MOVQ(classes, stride)
	SHLQ(operand.Imm(2), stride)
	LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 2}, three)
	TESTQ(rows, rows)
	JE(operand.LabelRef("done"))
	Label("rows")
	high, low := scales(func(half int) operand.Op { return state.at(16 + 4*half) })
	first, fifth, n := GP64(), GP64(), GP64()
	MOVQ(dst.base, first)
	LEAQ(operand.Mem{Base: first, Index: stride, Scale: 4}, fifth)
	LEAQ(operand.Mem{Base: fifth, Index: stride, Scale: 4}, dst.base)
	MOVQ(classes, n)
	Label("columns")
	// The last four classes overlap with others, unless there are no others.
	back := GP64()
	XORQ(back, back)
	CMPQ(n, operand.Imm(4))
	JGE(operand.LabelRef("four"))
	CMPQ(classes, operand.Imm(4))
	JL(operand.LabelRef("four"))
	MOVQ(operand.U32(4), back)
	SUBQ(n, back)
	SHLQ(operand.Imm(2), back)
	SUBQ(back, first)
	SUBQ(back, fifth)
	SHLQ(operand.Imm(3), back)
	for _, from := range []cursor{t, r, s} {
		SUBQ(back, from.base)
	}
	Label("four")
	var columns [4]reg.VecVirtual
	for i := range columns {
		columns[i] = v.scaled(v.load(t.at(8*i)), v.load(r.at(8*i)), s.at(8*i), high, low)
	}
	for half, base := range []reg.Register{first, fifth} {
		if half == 0 {
			columns = transposed(columns)
		}
		for i, r := range columns {
			to := rowOf(base, i, stride, three)
			if half == 0 {
				VMOVUPS(r.AsX(), to)
			} else {
				VEXTRACTF128(operand.Imm(1), r, to)
			}
		}
	}
	ADDQ(operand.Imm(16), first)
	ADDQ(operand.Imm(16), fifth)
	for _, from := range []cursor{t, r, s} {
		from.advance(32)
	}
	SUBQ(operand.Imm(4), n)
	JG(operand.LabelRef("columns"))
	// Behind the columns of these rows are those of the next.
	CMPQ(classes, operand.Imm(4))
	JGE(operand.LabelRef("aligned"))
	SHLQ(operand.Imm(5), n) // minus the columns that are too many
	for _, from := range []cursor{t, r, s} {
		ADDQ(n, from.base)
	}
	Label("aligned")
	state.advance(rowFields * 8)
	SUBQ(immediate(rowFields*8), rows)
	JNE(operand.LabelRef("rows"))
	Label("done")
	end()
}

// along appends body for the elements of a row, 16, then 8 at a time, which begin where the slices do, then, with masks, for what is left, with -Inf behind the last one.
func along(label string, n reg.Register, slices []cursor, masks reg.Register, body func(elements ...operand.Op)) {
	for _, registers := range []int{2, 1} {
		at := fmt.Sprintf("%s_%d", label, 8*registers)
		CMPQ(n, immediate(8*registers))
		JL(operand.LabelRef(at + "_done"))
		Label(at)
		elements := []operand.Op{slices[0].at(0), slices[0].at(8)}
		body(elements[:registers]...)
		for _, s := range slices {
			s.advance(8 * registers)
		}
		SUBQ(immediate(8*registers), n)
		CMPQ(n, immediate(8*registers))
		JGE(operand.LabelRef(at))
		Label(at + "_done")
	}
	if masks == nil {
		return
	}
	TESTQ(n, n)
	JE(operand.LabelRef(label + "_done"))
	body(maskedLoad(slices[0].at(0), tailMask(masks, n)))
	Label(label + "_done")
}

// alongRow sums the exponentials of a row in two parts, between which the logit of its class has been. keep says whether T, r and s are kept for the gradient.
func alongRow(coefficients map[string][]float64, keep bool) {
	const v = wide(8)
	name, arguments := "alongSum32AVX2", ""
	doc := []string{"\tm = max(x..., y...)",
		"\tk = round(m*log2E)",
		"\tsum = sum(exp(x...), exp(y...)) / 2**(k-40) * exp(k*ln2Lo32)"}
	if keep {
		name, arguments = "alongExps32AVX2", ", t, r, s"
		doc = append(doc, "\tt*(1+r+s) = exp({x..., 0, y...}) / 2**(k-40) * exp(k*ln2Lo32)")
	}
	function(name, "x, y"+arguments+" []float32, ahead int", "(m, k float32, sum float64)", append(doc, "",
		"with a maximum that passes over NaN, for at most 4096 logits. What it computes if m is not in ±1<<14 is not defined. It fetches what is so many bytes behind, and may write to 8 elements behind the last one.")...)
	parts := []cursor{param("x", 4), param("y", 4)}
	lengths := []reg.Register{Load(Param("x").Len(), GP64()), Load(Param("y").Len(), GP64())}
	ahead := Load(Param("ahead"), GP64())
	var kept []cursor
	if keep {
		kept = []cursor{param("t", 4), param("r", 4), param("s", 4)}
	}
	masks := tailMasks()
	maxima := [2]reg.VecVirtual{YMM(), YMM()}
	for _, m := range maxima {
		VMOVUPS(bitPattern(0xff800000_ff800000), m)
	}
	for i, part := range parts {
		at, n := cursor{GP64(), 4}, GP64()
		MOVQ(part.base, at.base)
		MOVQ(lengths[i], n)
		along(fmt.Sprintf("max%d", i), n, []cursor{at}, masks, func(logits ...operand.Op) {
			for k, logit := range logits {
				r := YMM()
				VMOVUPS(logit, r)
				VMAXPS(maxima[k], r, maxima[k]) // the first operand where one is NaN
			}
		})
	}
	VMAXPS(maxima[0], maxima[1], maxima[0])
	largest := v.reg()
	VBROADCASTSS(float32s.largestOf(maxima[0]), largest)
	e, k := v.rowExp(v.exponential(coefficients), largest)
	Store(largest.AsX(), Return("m"))
	Store(k.AsX(), Return("k"))
	total := v.rowSum(alongGrid)
	for i, part := range parts {
		if i == 1 {
			length := Load(Param("x").Len(), GP64())
			for j, to := range kept {
				Load(Param([]string{"t", "r", "s"}[j]).Base(), to.base)
				LEAQ(operand.Mem{Base: to.base, Index: length, Scale: 4, Disp: 4}, to.base)
			}
		}
		along(fmt.Sprintf("exp%d", i), lengths[i], append([]cursor{part}, kept...), masks, func(logits ...operand.Op) {
			if len(logits) == 2 {
				PREFETCHT0(operand.Mem{Base: part.base, Index: ahead, Scale: 1})
			}
			for i, logit := range logits {
				e.follow(total, func() reg.VecVirtual {
					x := e.reg()
					e.max(logit, e.lowest, x)
					return x
				})
				for j, to := range kept {
					VMOVUPS(e.before[j], to.at(8*i))
				}
			}
		})
	}
	total.add(e.before)
	sums := total.doubles()
	VADDPD(sums[1], sums[0], sums[0])
	Store(horizontalSum(sums[0]), Return("sum"))
	end()
}

// alongGrads writes the exponentials of a row, of which alongRow has kept what they are made of, scaled.
func alongGrads() {
	const v = wide(8)
	function("alongGrads32AVX2", "dst, t, r, s []float32, scale float64", "",
		"\tfor i := range dst {",
		"\t\tdst[i] = t[i]*(1+r[i]+s[i]) * scale / 2**40",
		"\t}", "",
		"Of t, r and s it may read 7 elements behind the last one.")
	dst, t, r, s := param("dst", 4), param("t", 4), param("r", 4), param("s", 4)
	n := Load(Param("dst").Len(), GP64())
	masks := tailMasks()
	high, low := scales(func(int) operand.Op { return broadcastParam("scale") })
	value := func(i int) reg.VecVirtual {
		return v.scaled(v.load(t.at(8*i)), v.load(r.at(8*i)), s.at(8*i), high, low)
	}
	along("scale", n, []cursor{dst, t, r, s}, nil, func(out ...operand.Op) {
		values := make([]reg.VecVirtual, len(out))
		interleaved(len(out), func(i int) { values[i] = value(i) })
		v.storeAll(values, dst, 0)
	})
	TESTQ(n, n)
	JE(operand.LabelRef("done"))
	VMASKMOVPS(value(0), tailMask(masks, n), dst.at(0))
	Label("done")
	end()
}

// finishRows computes of m, K, the sum of the others and the own logit of rows what losses and gradients are made of. With d = m - own, o = Σ exp(x-m) over the
// others, which is at least 1, and e = exp(-|d|),
//
//	loss = log(1 + o·exp(d)) = max(d, 0) + log1p(d < 0 ? o·e : (o-1) + e)
//
// and nothing cancels.
func finishRows(exps, logs []float64, grads, sum bool) {
	const v = lanes(4)
	name, arguments := "finishLossesAVX2", ""
	doc := []string{"\tfor r := range losses {",
		"\t\tm, k, sum, own := rows[r/8*32+r%8], rows[r/8*32+8+r%8], rows[r/8*32+16+r%8], rows[r/8*32+24+r%8]",
		"\t\tf := exp(k*ln2Hi32 - m)",
		"\t\to, d := max(sum*f/2**40, 1), m-own",
		"\t\te := exp(-|d|)",
		"\t\trest, inverse := o-1+e, 1",
		"\t\tif d < 0 {",
		"\t\t\trest, inverse = o*e, e",
		"\t\t}",
		"\t\tlosses[r] = max(d, 0) + log1p(rest)"}
	condition := "|d| less than 700, and sum a number."
	if grads {
		name, arguments = "finishRowsAVX2", ", factors"
		doc = append(doc, "\t\trows[r/8*32+8+r%8] = -o*inverse/(1+rest)*factors[r]", "\t\trows[r/8*32+16+r%8] = f*inverse/(1+rest)*factors[r]")
		condition = "|d| less than 700, sum a number, and the last of the other results from 2**-102 to 2**16, unless it is 0."
	}
	var losses, state, factors cursor
	var n reg.Register
	var totals reg.Register
	// Of a sum, products of 1+rest, less 1, in eight lanes, and sums of max(d, 0) in four.
	var products [2]reg.VecVirtual
	var linear reg.VecVirtual
	if sum {
		doc[0] = "\tfor r := range len(rows)/4 {"
		doc[len(doc)-1] = "\t\ttotals[r%8] += totals[r%8]*rest + rest"
		doc = append(doc, "\t\ttotals[8+r%4] += max(d, 0)")
		function("finishSumAVX2", "totals *[12]float64, rows []float64", "", append(doc, "\t}", "",
			"The sums are NaN unless |m| is less than 1<<14, "+condition)...)
		totals, state = Load(Param("totals"), GP64()), param("rows", 8)
		n = Load(Param("rows").Len(), GP64())
		SHRQ(operand.Imm(2), n)
		products, linear = [2]reg.VecVirtual{zero(), zero()}, zero()
	} else {
		function(name, "losses"+arguments+", rows []float64", "", append(doc, "\t}", "",
			"A loss is NaN unless |m| is less than 1<<14, "+condition, "The losses are a multiple of 8.")...)
		losses, state = param("losses", 8), param("rows", 8)
		n = Load(Param("losses").Len(), GP64())
	}
	if grads {
		factors = param("factors", 8)
	}
	TESTQ(n, n)
	JE(operand.LabelRef("done"))
	Label("loop")
	const notLess, notGreater, notEqual, unordered = 21, 26, 4, 3 // NLT_UQ, NGT_UQ, NEQ_UQ, UNORD_Q
	var sums [2]reg.VecVirtual
	for half := range sums {
		field := func(i int) operand.Mem { return state.at(4*half + 8*i) }
		or := func(a, dst reg.VecVirtual) { do(func() { VORPD(a, dst, dst) }) }
		largest, r := v.load(field(0)), v.load(field(1))
		v.timesMinus(largest, v.constant(float64(ln2Hi32)), r)
		square := v.reg()
		v.mul(r, r, square)
		f := polynomial(v, exps, r, square)
		v.timesPlus(r, square, f)
		v.add(constant(1), f, f)
		o, d, a := v.load(field(2)), v.reg(), v.reg()
		v.mul(f, o, o)
		v.mul(constant(math.Ldexp(1, -rowShift)), o, o)
		v.max(o, v.constant(1), o) // o where it is NaN
		v.sub(field(3), largest, d)
		v.and(bitPattern(absMask), largest, largest)
		extreme := v.compare(notLess, constant(1<<14), largest)
		v.and(bitPattern(absMask), d, a)
		or(v.compare(notLess, constant(700), a), extreme)
		or(v.compare(unordered, o, o), extreme)
		z, whole := v.constant(magic32), v.reg()
		v.minusTimes(constant(log2E), a, z)
		v.sub(constant(magic32), z, whole)
		v.negative(constant(ln2), whole, a)
		do(func() { VPSLLQ(operand.Imm(52), z, z) })
		e := scaledExp(float32s, v, exps, a, z)
		less, rest := v.reg(), v.reg()
		v.mul(e, o, less)
		v.sub(constant(1), o, rest)
		v.add(e, rest, rest)
		v.pick(d, less, rest, rest)
		if grads {
			u := v.constant(1)
			v.add(rest, u, u)
			inverse := v.constant(1)
			v.pick(d, e, inverse, inverse)
			v.div(u, inverse, inverse)
			v.mul(factors.at(4*half), inverse, inverse)
			v.mul(inverse, f, f)
			v.store(f, field(2))
			v.mul(inverse, o, o)
			v.xor(bitPattern(1<<63), o, o)
			v.store(o, field(1))
			v.and(bitPattern(absMask), f, f)
			zero := v.reg()
			v.xor(f, f, zero)
			nonzero := v.compare(notEqual, zero, f)
			outside := v.compare(notGreater, constant(0x1p-102), f)
			or(v.compare(notLess, constant(1<<16), f), outside)
			v.and(nonzero, outside, outside)
			or(outside, extreme)
		}
		v.max(v.constant(0), d, d)
		or(extreme, d)
		if sum {
			v.add(d, linear, linear)
			v.timesPlus(rest, products[half], rest)
			v.add(rest, products[half], products[half])
			continue
		}
		v.store(d, losses.at(4*half))
		sums[half] = rest
	}
	interleaved(map[bool]int{false: 2}[sum], func(half int) {
		loss := losses.at(4 * half)
		u, left := onePlus(v, sums[half])
		logarithm := boundedLog(float32s, v, logs, u, left)
		v.add(loss, logarithm, logarithm)
		v.store(logarithm, loss)
	})
	if !sum {
		losses.advance(8)
	}
	state.advance(rowFields * 8)
	if grads {
		factors.advance(8)
	}
	SUBQ(operand.Imm(8), n)
	JNE(operand.LabelRef("loop"))
	Label("done")
	if sum {
		for i, r := range []reg.VecVirtual{products[0], products[1], linear} {
			VMOVUPD(r, operand.Mem{Base: totals, Disp: 32 * i})
		}
	}
	end()
}
