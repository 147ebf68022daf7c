package main

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// function begins a kernel. Its comment says what it is: doc is Go, or has a sentence of its own.
func function(name, arguments, results string, doc ...string) {
	if doc[0][0] == '\t' {
		doc = append([]string{name + " is", ""}, doc...)
	}
	TEXT(name, attr.NOSPLIT, fmt.Sprintf("func(%s)%s", arguments, results))
	Pragma("noescape")
	Doc(wrapped(doc)...)
	fmt.Fprintf(&others, "\nfunc %s(%s)%s { panic(\"no assembly\") }\n", name, arguments, results)
}

// wrapped breaks the sentences of a comment at spaces, so that none of its lines is above 100 columns.
func wrapped(doc []string) (lines []string) {
	const columns = 100 - len("// ")
	for _, line := range doc {
		for utf8.RuneCountInString(line) > columns && line[0] != '\t' {
			at := strings.LastIndex(string([]rune(line)[:columns+1]), " ")
			lines, line = append(lines, line[:at]), line[at+1:]
		}
		lines = append(lines, line)
	}
	return lines
}

// Constants of exp. A magic number, added to n in ±2⁵¹, leaves n in the low bits, or n + 1023.
const (
	log2E   = 0x1.71547652b82fep0
	ln2     = 0x1.62e42fefa39efp-1
	ln2Hi   = 0x1.62e42feep-1
	ln2Lo   = 0x1.a39ef35793c76p-33
	magic32 = 0x1.8p52 + 1023
	magic64 = 0x1.8p52
)

func expMinusAbs(name string, e element, c []float64, limit float64) {
	reduce, result := "r := -a - n*ln2", "y[i] = 2**n + 2**n*(r + r*r*polynomial("+name+"Poly, r))"
	if e == float64s {
		reduce = "r := -a - n*ln2Hi - n*ln2Lo"
		result = "y[i] = 2**n * (1 + r + r*r*polynomial(exp64Poly, r)), with what 1 + r rounds away"
	}
	function(name+"AVX2", fmt.Sprintf("y []float64, x []%s", e), "(ordinary bool)",
		"\tordinary = true",
		"\tfor i := range x {",
		"\t\ta := |x[i]|",
		fmt.Sprintf("\t\tordinary = ordinary && a < %g", limit),
		"\t\tn := round(-a * log2E)",
		"\t\t"+reduce,
		"\t\t"+result,
		"\t}", "",
		"with fused multiply-adds. What it writes where |x[i]| is not less than 708 is not defined.",
	)
	y, x := param("y", 8), param("x", int(e))
	n := Load(Param("x").Len(), GP64())
	magics, log2Es := lanes(4).constant(magic32), lanes(4).constant(log2E)
	if e == float64s {
		magics = lanes(4).constant(magic64)
	}
	// The largest bit pattern, as unsigned integers of 32 bits: the high halves decide in float64.
	largest := zero()
	loop(n, []stepper{y, x}, func(v lanes, starts []int) {
		logits := loadAbs(e, v, x, starts, largest)
		interleaved(len(starts), func(k int) {
			a := logits[k]
			z := v.copy(magics)
			v.minusTimes(v.of(log2Es), a, z)
			n, r := v.reg(), a
			v.sub(v.of(magics), z, n)
			if e == float32s {
				v.negative(constant(ln2), n, r)
			} else {
				v.negative(constant(ln2Hi), n, r)
				v.minusTimes(constant(ln2Lo), n, r)
			}
			do(func() { VPSLLQ(operand.Imm(52), z, z) })
			v.store(scaledExp(e, v, c, r, z), y.at(starts[k]))
		})
	})
	bits := math.Float64bits(limit)
	if e == float32s {
		bits = uint64(math.Float32bits(float32(limit))) * (1<<32 + 1)
	}
	// Not ordinary is what is at least the limit: what does not change in a maximum with it.
	reached := YMM()
	VPMAXUD(bitPattern(bits), largest, reached)
	VPCMPEQD(reached, largest, reached)
	mask := GP32()
	if e == float32s {
		VMOVMSKPS(reached, mask)
	} else {
		VMOVMSKPD(reached, mask) // the sign bits of the high halves
	}
	TESTL(mask, mask)
	storeFlag("ordinary")
	end()
}

// loadAbs returns |x| in float64, and keeps track of the largest.
func loadAbs(e element, v lanes, x cursor, starts []int, largest reg.VecVirtual) []reg.VecVirtual {
	if e == float64s {
		results := make([]reg.VecVirtual, len(starts))
		for k, start := range starts {
			results[k] = v.load(x.at(start))
			v.and(bitPattern(absMask), results[k], results[k])
			VPMAXUD(results[k].AsY(), largest, largest)
		}
		return results
	}
	abs := bitPattern(0x7fffffff_7fffffff)
	if v == 1 {
		r := XMM()
		VMOVSS(x.at(0), r)
		VPAND(abs, r, r)
		VPMAXUD(r.AsY(), largest, largest) // the other lanes of r are zeros
		VCVTSS2SD(r, r, r)
		return []reg.VecVirtual{r}
	}
	if len(starts) == 1 {
		r := XMM()
		VMOVUPS(x.at(0), r)
		VPAND(abs, r, r)
		VPMAXUD(r.AsY(), largest, largest)
		low := YMM()
		VCVTPS2PD(r, low)
		return []reg.VecVirtual{low}
	}
	// From memory a conversion takes half the time that it takes from a register.
	r, low, high := YMM(), YMM(), YMM()
	VMOVUPS(x.at(0), r)
	VPAND(abs, r, r)
	VPMAXUD(r, largest, largest)
	for start, half := range []reg.VecVirtual{low, high} {
		VCVTPS2PD(x.at(4*start), half)
		VANDPD(bitPattern(absMask), half, half)
	}
	return []reg.VecVirtual{low, high}
}

func log1p(e element, c []float64) {
	function("log1p"+e.suffix()+"AVX2", "l, y []float64", "",
		"\tfor i, y := range y {",
		"\t\ts := y / (2 + y)",
		"\t\tl[i] = y - s*(y-s*s*polynomial(log"+e.suffix()+"Poly, s*s))",
		"\t}", "",
		"with fused multiply-adds.",
	)
	l, y := param("l", 8), param("y", 8)
	n := Load(Param("y").Len(), GP64())
	each(n, []stepper{l, y}, func(v lanes, start int) {
		v.store(log1pOf(v, v.load(y.at(start)), c), l.at(start))
	})
	end()
}

// log1pOf returns log1p(y) = y - s·(y - s²·p(s²)) with s = y/(2+y).
func log1pOf(v lanes, y reg.VecVirtual, c []float64) reg.VecVirtual {
	s, rest := log1pParts(v, y, c)
	result := v.copy(y)
	v.minusTimes(s, rest, result)
	return result
}

// log1pPair is log1pOf with what the last rounding loses.
func log1pPair(v lanes, y reg.VecVirtual, c []float64) pair {
	s, rest := log1pParts(v, y, c)
	result := pair{v.copy(y), v.reg()}
	v.minusTimes(s, rest, result.high)
	v.sub(result.high, y, result.low)
	v.minusTimes(s, rest, result.low)
	return result
}

// log1pParts returns s and y - s²·p(s²).
func log1pParts(v lanes, y reg.VecVirtual, c []float64) (s, rest reg.VecVirtual) {
	s, square, fourth := v.reg(), v.reg(), v.reg()
	v.add(constant(2), y, s)
	v.div(s, y, s)
	v.mul(s, s, square)
	v.mul(square, square, fourth)
	value := polynomial(v, c, square, fourth)
	rest = v.copy(y)
	v.minusTimes(square, value, rest)
	return s, rest
}

// lossOf returns l + max(x, 0) - t·x.
func lossOf(v lanes, l, x, t operand.Op) reg.VecVirtual {
	m := v.reg()
	v.max(constant(0), x, m)
	v.minusTimes(t, x, m)
	v.add(l, m, m)
	return m
}

// chunkLen is ChunkLen of the package: the operands of the next chunk are fetched while this one is computed. Behind the
// end of a slice that does nothing.
const chunkLen = 512

// plain says what plainLosses makes of losses without weights: their sum, or each of them, and gradients.
type plain struct{ sum, losses, grads bool }

func plainLosses(e element, c []float64, what plain) {
	name, arguments := "sumLosses", "sums *[8]float64"
	doc := []string{"\t\tv := log1p(y[i]) + max(x[i], 0) - t[i]*x[i]", "\t\tsums += v"}
	if what.losses {
		name, arguments = "roundLosses", fmt.Sprintf("dst []%s", e)
		doc[1] = fmt.Sprintf("\t\tdst[i] = %s(v)", e)
	}
	arguments += ", "
	if what.grads {
		name += "Grads"
		arguments += fmt.Sprintf("grad []%s, ", e)
		doc = append(doc, "\t\ta, b := 1, y[i]", "\t\tif x[i] < 0 {", "\t\t\ta, b = y[i], 1", "\t\t}",
			"\t\tgrad[i] = ((1-t[i])*a - t[i]*b) * u / (div + y[i]*div)")
	}
	arguments += fmt.Sprintf("y []float64, x, t []%s", e)
	if what.grads {
		arguments += ", u, div float64"
	}
	name += e.suffix() + "AVX2"
	doc = append([]string{"\tfor i := range x {"}, append(doc, "\t}", "")...)
	switch {
	case what.sum:
		doc = append(doc, "where v is added to sums as by sumAVX2. All of an element is read before anything of it is written.")
	default:
		doc = append(doc, "All of an element is read before anything of it is written.")
	}
	function(name, arguments, "", doc...)

	y, x, t := param("y", 8), param("x", int(e)), param("t", int(e))
	slices := []stepper{y, x, t}
	n := Load(Param("x").Len(), GP64())
	var dst, grad cursor
	if what.losses {
		dst = param("dst", int(e))
		slices = append(slices, dst)
	}
	var u, div operand.Mem // repeated in the frame: there are no registers for them
	if what.grads {
		grad = param("grad", int(e))
		slices = append(slices, grad)
		u, div = repeatedParam("u"), repeatedParam("div")
	}
	var total *twoSum
	var sums reg.Register
	if what.sum {
		sums = Load(Param("sums"), GP64())
		total = loadTwoSum(sums)
	}
	loop(n, slices, func(v lanes, starts []int) {
		if len(starts) == 2 {
			for _, operand := range []cursor{x, t} {
				PREFETCHT0(operand.at(chunkLen))
			}
		}
		var losses, grads []reg.VecVirtual
		interleaved(len(starts), func(k int) {
			start := starts[k]
			l := log1pOf(v, v.load(y.at(start)), c)
			logit, target := e.load(v, x.at(start)), e.load(v, t.at(start))
			losses = append(losses, lossOf(v, l, logit, target))
		})
		if what.sum {
			if len(losses) == 2 {
				v.add(losses[1], losses[0], losses[0])
			}
			total.add(losses[0].AsY())
		}
		if what.grads {
			// One after the other: there are no registers for two.
			for _, start := range starts {
				f := v.load(y.at(start))
				logit, target := e.load(v, x.at(start)), e.load(v, t.at(start))
				grads = append(grads, gradOf(e, v, f, logit, target, u, v.load(div)))
			}
		}
		if what.losses {
			storeAll(e, v, losses, dst, starts)
		}
		if what.grads {
			storeAll(e, v, grads, grad, starts)
		}
	})
	if what.sum {
		total.store(sums)
	}
	end()
}

// repeatedParam copies a float64 argument four times to the frame.
func repeatedParam(name string) operand.Mem {
	frame, r := AllocLocal(32), YMM()
	VBROADCASTSD(mustParam(name), r)
	VMOVUPD(r, frame)
	return frame
}

// twoSum is four sums, and what was rounded away.
type twoSum struct{ total, errors reg.VecVirtual }

func loadTwoSum(sums reg.Register) *twoSum {
	s := &twoSum{YMM(), YMM()}
	VMOVUPD(operand.Mem{Base: sums}, s.total)
	VMOVUPD(operand.Mem{Base: sums, Disp: 32}, s.errors)
	return s
}

func (s *twoSum) store(sums reg.Register) {
	VMOVUPD(s.total, operand.Mem{Base: sums})
	VMOVUPD(s.errors, operand.Mem{Base: sums, Disp: 32})
}

// add adds the lanes of v. In a scalar register the lanes above the first are zeros.
func (s *twoSum) add(v reg.Register) {
	sum, z, d := YMM(), YMM(), YMM()
	VADDPD(v, s.total, sum)
	VSUBPD(s.total, sum, z)
	// errors += (total - (sum - z)) + (v - z)
	VSUBPD(z, sum, d)
	VSUBPD(d, s.total, d)
	VSUBPD(z, v, z)
	VADDPD(z, d, d)
	VADDPD(d, s.errors, s.errors)
	VMOVAPD(sum, s.total)
}

// losses32 computes losses that are not rounded to float32; those of float64 are what roundLosses64AVX2 writes.
func losses32(c []float64) {
	e := float32s
	function("losses32AVX2", "l, y []float64, x, t []float32", "",
		"\tfor i := range x {",
		"\t\tl[i] = log1p(y[i]) + max(x[i], 0) - t[i]*x[i]",
		"\t}", "",
		"l may be y.",
	)
	l, y, x, t := param("l", 8), param("y", 8), param("x", int(e)), param("t", int(e))
	n := Load(Param("x").Len(), GP64())
	each(n, []stepper{l, y, x, t}, func(v lanes, start int) {
		logarithm := log1pOf(v, v.load(y.at(start)), c)
		logit, target := e.load(v, x.at(start)), e.load(v, t.at(start))
		v.store(lossOf(v, logarithm, logit, target), l.at(start))
	})
	end()
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

func weightedLosses32() {
	e := float32s
	function("weightedLosses32AVX2", "l []float64, x, t, w, p []float32", "",
		"weightedLosses32AVX2 is, where w and p may have one element for all,", "",
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
	none := zero()
	each(n, []stepper{l, x, t, w, p}, func(v lanes, start int) {
		logit, target, b := e.load(v, x.at(start)), e.load(v, t.at(start)), e.load(v, p.at(start))
		a := v.constant(1)
		v.sub(target, a, a)
		v.mul(target, b, b)
		// Not the sign bit, which -0 has too: 0 times an infinite b is NaN.
		negative, slope := v.reg(), v.reg()
		v.less(logit, v.of(none), negative)
		v.pick(negative, b, a, slope)
		v.and(bitPattern(absMask), logit, logit)
		v.mul(slope, logit, slope)
		v.add(a, b, a)
		v.plusTimes(l.at(start), a, slope)
		v.mul(e.load(v, w.at(start)), slope, slope)
		v.store(slope, l.at(start))
	})
	end()
}

// weightedLosses64 keeps what all but the last of its roundings lose: they would add up to more than 2 ULP.
func weightedLosses64(c []float64) {
	function("weightedLosses64AVX2", "l, y, x, t, w, p []float64", "",
		"weightedLosses64AVX2 is, where w and p may have one element for all,", "",
		"\tfor i := range x {",
		"\t\ta, b := 1-t[i], p[i]*t[i]",
		"\t\tslope := a",
		"\t\tif x[i] < 0 {",
		"\t\t\tslope = b",
		"\t\t}",
		"\t\tl[i] = w[i] * ((a+b)*log1p(y[i]) + slope*|x[i]|)",
		"\t}", "",
		"rounded once. l may be y.",
	)
	l, y, x, t := param("l", 8), param("y", 8), param("x", 8), param("t", 8)
	n := Load(Param("x").Len(), GP64())
	w, p := operandParam("w", float64s), operandParam("p", float64s)
	none := zero()
	loop(n, []stepper{l, y, x, t, w, p}, func(v lanes, starts []int) {
		for _, start := range starts { // one after the other: there are no registers for two
			logarithm := log1pPair(v, v.load(y.at(start)), c)
			a, b := targetPair(v, t.at(start), p.at(start))
			logit, negative := v.load(x.at(start)), v.reg()
			// Not the sign bit, which -0 has too: 0 times an infinite b is NaN.
			v.less(logit, v.of(none), negative)
			slope := pair{v.reg(), v.reg()}
			v.pick(negative, b.high, a.high, slope.high)
			v.pick(negative, b.low, a.low, slope.low)
			v.and(bitPattern(absMask), logit, logit)
			sum := a.plus(v, b)
			loss := sum.times(v, logarithm.high)
			v.plusTimes(sum.high, logarithm.low, loss.low)
			loss = loss.plus(v, slope.times(v, logit)).times(v, v.load(w.at(start)))
			v.store(loss.rounded(v), l.at(start))
		}
	})
	end()
}

func mustParam(name string) operand.Mem {
	basic, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return basic.Addr
}

// storeAll writes a register each.
func storeAll(e element, v lanes, values []reg.VecVirtual, dst cursor, starts []int) {
	interleaved(len(starts), func(k int) { e.store(v, values[k], dst.at(starts[k])) })
}

func grads(e element) {
	function("grads"+e.suffix()+"AVX2", fmt.Sprintf("dst []%s, y []float64, x, t []%s, u, div float64", e, e), "",
		"\tfor i := range x {",
		"\t\ta, b := 1, y[i]",
		"\t\tif x[i] < 0 {",
		"\t\t\ta, b = y[i], 1",
		"\t\t}",
		"\t\tdst[i] = ((1-t[i])*a - t[i]*b) * u / (div + y[i]*div)",
		"\t}",
	)
	dst, y, x, t := param("dst", int(e)), param("y", 8), param("x", int(e)), param("t", int(e))
	n := Load(Param("x").Len(), GP64())
	u, div := broadcastParam("u"), broadcastParam("div")
	into(e, e.order(), dst, n, []stepper{y, x, t}, func(v lanes, start int) reg.VecVirtual {
		f, logit, target := v.load(y.at(start)), e.load(v, x.at(start)), e.load(v, t.at(start))
		return gradOf(e, v, f, logit, target, v.of(u), v.of(div))
	})
	end()
}

// gradOf returns ((1-t)·a - t·b)·u / (div + y·div), where a is 1 and b is y where x ≥ 0, else the other way round.
func gradOf(e element, v lanes, y, x, t reg.VecVirtual, u, div operand.Op) reg.VecVirtual {
	if e == float32s {
		numerator := gradNumerator(v, y, x, t, t)
		v.mul(u, numerator, numerator)
		return divideGrad(v, numerator, y, div)
	}
	numerator := gradNumeratorPair(v, y, x, oneMinus(v, t), pair{high: t})
	return dividePair(v, numerator.times(v, u), y, div)
}

// gradNumerator returns (1-t) - b·y where x ≥ 0, else (1-t)·y - b, with one rounding after that of 1-t.
func gradNumerator(v lanes, y, x, t, b reg.VecVirtual) reg.VecVirtual {
	rest, minus := v.constant(1), v.reg()
	v.sub(t, rest, rest)
	v.xor(bitPattern(1<<63), b, minus)
	factor, result := v.reg(), v.reg()
	v.pick(x, rest, minus, factor)
	v.pick(x, minus, rest, result)
	v.plusTimes(y, factor, result)
	return result
}

// gradNumeratorPair is gradNumerator with what the roundings lose, of 1-t = a and b too.
func gradNumeratorPair(v lanes, y, x reg.VecVirtual, a, b pair) pair {
	minus := v.reg()
	v.xor(bitPattern(1<<63), b.high, minus)
	factor, summand := v.reg(), v.reg()
	v.pick(x, a.high, minus, factor)
	v.pick(x, minus, a.high, summand)
	result := pair{high: factor}.times(v, y).plus(v, pair{high: summand})
	one, share := v.constant(1), v.reg()
	v.pick(x, y, one, share)
	v.plusTimes(share, a.low, result.low)
	if b.low != nil {
		v.pick(x, one, y, share)
		v.minusTimes(share, b.low, result.low)
	}
	return result
}

// divideGrad returns numerator / (div + y·div).
func divideGrad(v lanes, numerator, y reg.VecVirtual, div operand.Op) reg.VecVirtual {
	v.timesPlus(div, div, y)
	v.div(y, numerator, numerator)
	return numerator
}

// dividePair is divideGrad for a numerator with what it lost. The quotient is corrected by its residual, and by what the sum
// rounds away: y and the last rounding are the errors that remain.
func dividePair(v lanes, numerator pair, y reg.VecVirtual, div operand.Op) reg.VecVirtual {
	sum, rest, inverse, quotient := v.reg(), v.reg(), v.constant(1), v.reg()
	do(func() { VMOVAPD(div, sum) })
	v.plusTimes(y, div, sum)
	v.sub(sum, div, rest)
	v.plusTimes(y, div, rest) // div + y·div = sum + rest
	v.div(sum, inverse, inverse)
	residual := numerator.high
	v.mul(residual, inverse, quotient)
	v.minusTimes(quotient, sum, residual)
	v.minusTimes(quotient, rest, residual)
	v.add(numerator.low, residual, residual)
	// The residual of an infinite quotient is NaN: any number instead keeps it infinite.
	v.op(VMINPD, VMINSD, constant(math.MaxFloat64), residual, residual)
	v.plusTimes(residual, inverse, quotient)
	return quotient
}

func weightedGrads(e element) {
	function("weightedGrads"+e.suffix()+"AVX2", fmt.Sprintf("dst []%s, y []float64, x, t, w, p, u []%s, div float64", e, e), "",
		fmt.Sprintf("weightedGrads%sAVX2 is, where w, p and u may have one element for all,", e.suffix()), "",
		"\tfor i := range x {",
		"\t\ta, b := 1, y[i]",
		"\t\tif x[i] < 0 {",
		"\t\t\ta, b = y[i], 1",
		"\t\t}",
		"\t\tdst[i] = ((1-t[i])*a - p[i]*t[i]*b) * w[i] * u[i] / (div + y[i]*div)",
		"\t}",
	)
	dst, y, x, t := param("dst", int(e)), param("y", 8), param("x", int(e)), param("t", int(e))
	n := Load(Param("x").Len(), GP64())
	w, p, u := operandParam("w", e), operandParam("p", e), operandParam("u", e)
	div := broadcastParam("div")
	into(e, e.order(), dst, n, []stepper{y, x, t, w, p, u}, func(v lanes, start int) reg.VecVirtual {
		f := v.load(y.at(start))
		if e == float64s {
			a, b := targetPair(v, t.at(start), p.at(start))
			numerator := gradNumeratorPair(v, f, v.load(x.at(start)), a, b).times(v, v.load(w.at(start))).times(v, v.load(u.at(start)))
			return dividePair(v, numerator, f, v.of(div))
		}
		logit, target, b := e.load(v, x.at(start)), e.load(v, t.at(start)), e.load(v, p.at(start))
		v.mul(target, b, b)
		numerator := gradNumerator(v, f, logit, target, b)
		v.mul(e.load(v, w.at(start)), numerator, numerator)
		v.mul(e.load(v, u.at(start)), numerator, numerator)
		return divideGrad(v, numerator, f, v.of(div))
	})
	end()
}

func round(e element) {
	function("round"+e.suffix()+"AVX2", fmt.Sprintf("dst []%s, l []float64", e), "",
		"\tfor i, l := range l {",
		fmt.Sprintf("\t\tdst[i] = %s(l)", e),
		"\t}",
	)
	dst, l := param("dst", int(e)), param("l", 8)
	n := Load(Param("l").Len(), GP64())
	into(e, interleaved, dst, n, []stepper{l}, func(v lanes, start int) reg.VecVirtual { return v.load(l.at(start)) })
	end()
}

// sum adds two registers to each other before it adds them, with compensation, to the sums. The kernels that compute
// losses and their sum in one pass group them alike.
func sum() {
	function("sumAVX2", "sums *[8]float64, l []float64", "",
		"sumAVX2 is, lane by lane,", "",
		"\tfor ; len(l) >= 8; l = l[8:] {",
		"\t\tadd(sums, l[:4] + l[4:8])",
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
	total := loadTwoSum(sums)
	loop(n, []stepper{l}, func(v lanes, starts []int) {
		r := v.load(l.at(0))
		if len(starts) == 2 {
			v.add(l.at(starts[1]), r, r)
		}
		total.add(r.AsY())
	})
	total.store(sums)
	end()
}
