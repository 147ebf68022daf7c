package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The kernels in float32 lanes: a number is an unevaluated pair of float32 numbers, yh + yl, or a product T·(1+q).

// wide is the number of float32 lanes: 8 (AVX2) or 16 (AVX-512).
type wide int

func (v wide) String() string {
	if v == 8 {
		return "AVX2"
	}
	return "AVX512"
}

func (v wide) reg() reg.VecVirtual {
	if v == 8 {
		return YMM()
	}
	return ZMM()
}

// single is a constant operand, the same in every lane.
type single float32

var singles = map[uint32]operand.Mem{}

func (v wide) mem(c single) operand.Mem {
	bits := math.Float32bits(float32(c))
	m, ok := singles[bits]
	if !ok {
		m = GLOBL(fmt.Sprintf("s%08x", bits), attr.RODATA|attr.NOPTR)
		for i := range 8 {
			DATA(4*i, operand.U32(bits))
		}
		singles[bits] = m
	}
	return m
}

// op appends an instruction. Its first operand may be a constant: in AVX-512 one number in memory stands for all lanes.
func (v wide) op(plain, broadcast func(...operand.Op), ops ...any) {
	operands := make([]operand.Op, len(ops))
	f := plain
	for i, o := range ops {
		switch o := o.(type) {
		case single:
			operands[i] = v.mem(o)
			if v == 16 {
				f = broadcast
			}
		case operand.Op:
			operands[i] = o
		}
	}
	do(func() { f(operands...) })
}

// The operands are in Go's order, and the names those of lanes.
func (v wide) add(a any, b, dst reg.Register) { v.op(VADDPS, VADDPS_BCST, a, b, dst) }
func (v wide) sub(a any, b, dst reg.Register) { v.op(VSUBPS, VSUBPS_BCST, a, b, dst) }
func (v wide) mul(a any, b, dst reg.Register) { v.op(VMULPS, VMULPS_BCST, a, b, dst) }
func (v wide) min(a any, b, dst reg.Register) { v.op(VMINPS, VMINPS_BCST, a, b, dst) }
func (v wide) max(a any, b, dst reg.Register) { v.op(VMAXPS, VMAXPS_BCST, a, b, dst) }
func (v wide) and(a any, b, dst reg.Register) { v.op(VANDPS, VANDPS_BCST, a, b, dst) }
func (v wide) xor(a any, b, dst reg.Register) { v.op(VXORPS, VXORPS_BCST, a, b, dst) }
func (v wide) or(a any, b, dst reg.Register)  { v.op(VORPS, VORPS_BCST, a, b, dst) }

// timesPlus sets acc = acc·m + a; plusTimes acc = acc + a·b; minusTimes acc = acc - a·b; timesMinus acc = acc·m - a; negative acc = -acc - a·b.
func (v wide) timesPlus(a any, m, acc reg.Register)  { v.op(VFMADD213PS, VFMADD213PS_BCST, a, m, acc) }
func (v wide) timesMinus(a any, m, acc reg.Register) { v.op(VFMSUB213PS, VFMSUB213PS_BCST, a, m, acc) }
func (v wide) plusTimes(a any, b, acc reg.Register)  { v.op(VFMADD231PS, VFMADD231PS_BCST, a, b, acc) }
func (v wide) minusTimes(a any, b, acc reg.Register) {
	v.op(VFNMADD231PS, VFNMADD231PS_BCST, a, b, acc)
}
func (v wide) negative(a any, b, acc reg.Register) { v.op(VFNMSUB231PS, VFNMSUB231PS_BCST, a, b, acc) }

func (v wide) copy(r reg.Register) reg.VecVirtual {
	to := v.reg()
	do(func() { VMOVAPS(r, to) })
	return to
}

// constant returns a register with c in every lane.
func (v wide) constant(c single) reg.VecVirtual {
	r, m := v.reg(), v.mem(c)
	if v == 8 {
		do(func() { VMOVUPS(m, r) })
	} else {
		do(func() { VBROADCASTSS(m, r) })
	}
	return r
}

func (v wide) load(m operand.Mem) reg.VecVirtual {
	r := v.reg()
	do(func() { VMOVUPS(m, r) })
	return r
}

func (v wide) store(r reg.Register, m operand.Mem) { do(func() { VMOVUPS(r, m) }) }

// pick returns b where the sign bit of sign is set, else a.
func (v wide) pick(sign, b, a reg.Register) reg.VecVirtual {
	r := v.reg()
	if v == 8 {
		do(func() { VBLENDVPS(sign, b, a, r) })
		return r
	}
	k := K()
	do(func() { VPMOVD2M(sign, k) })
	do(func() { VBLENDMPS(b, a, k, r) })
	return r
}

// table is one of float32 numbers: 8 for AVX2, 32 for AVX-512; in registers, or, for AVX2, in memory.
type table []operand.Op

var tables = map[string]operand.Mem{}

func (v wide) table(name string, bits []uint32) table {
	var t table
	m := tableInMemory(name, bits)
	for i := 0; i < len(bits); i += int(v) {
		t = append(t, v.load(m.Offset(4*i)))
	}
	return t
}

func tableInMemory(name string, bits []uint32) operand.Mem {
	m, ok := tables[name]
	if !ok {
		m = GLOBL(name, attr.RODATA|attr.NOPTR)
		for i, b := range bits {
			DATA(4*i, operand.U32(b))
		}
		tables[name] = m
	}
	return m
}

// at returns the entries that the low bits of index say.
func (v wide) at(t table, index reg.Register) reg.VecVirtual {
	if v == 8 {
		r := v.reg()
		do(func() { VPERMPS(t[0], index, r) })
		return r
	}
	r := v.copy(index)
	do(func() { VPERMI2PS(t[1], t[0], r) })
	return r
}

// exponential computes exp(-|x|) in float32 lanes. With the unit 1/8 or 1/32 (AVX-512), -|x|·log2(e) = n + what is less than half a unit, and
//
//	exp(-|x|) = 2ⁿ·exp(r) = T·(1+r+s)    r = -|x| - n·ln2Hi, exact, s = w + r·(w + r·p(r)), w = λ - n·ln2Lo
//
// T is a table's nearest float32 of a power of two, and λ the logarithm of what it lacks.
type exponential struct {
	wide
	powers, rests table
	c             []float64
	magic         single
}

const (
	log2E32 = single(0x1.715476p+0)
	ln2Hi32 = single(0x1.62e43p-1)
	ln2Lo32 = single(-0x1.05c61p-29)
	// farthest is the largest |x| whose exponential the lanes compute: no rest is subnormal.
	farthest = single(43)
)

func (v wide) exponential(coefficients map[string][]float64) *exponential {
	e, powers, rests := v.exponentialTables(coefficients)
	e.powers, e.rests = v.table(fmt.Sprintf("powers%d", len(powers)), powers), v.table(fmt.Sprintf("rests%d", len(powers)), rests)
	return e
}

// exponentialTables returns an exponential without its tables, and what those are.
func (v wide) exponentialTables(coefficients map[string][]float64) (e *exponential, powers, rests []uint32) {
	e = &exponential{wide: v, magic: 0x1.8p20, c: coefficients["expOf8Poly"]}
	name := "expOf8"
	if v == 16 {
		name, e.magic, e.c = "expOf32", 0x1.8p18, coefficients["expOf32Poly"]
	}
	for i, f := range coefficients[name+"Powers"] {
		bits := math.Float32bits(float32(f))
		if v == 8 {
			bits -= uint32(i) << 20 // the low bits of n, which are added with n
		}
		powers = append(powers, bits)
		rests = append(rests, math.Float32bits(float32(coefficients[name+"Rests"][i])))
	}
	return e, powers, rests
}

// of returns T, r and s for a = |x|, which it bounds.
func (e *exponential) of(a reg.VecVirtual) (power, r, s reg.VecVirtual) {
	e.min(farthest, a, a)
	z := e.constant(e.magic)
	e.minusTimes(log2E32, a, z)
	n := e.reg()
	e.sub(e.magic, z, n)
	r = a
	e.negative(ln2Hi32, n, r)
	w := e.at(e.rests, z)
	e.minusTimes(ln2Lo32, n, w)
	power = e.at(e.powers, z)
	if e.wide == 8 {
		do(func() { VPSLLD(operand.Imm(20), z, z) })
		do(func() { VPADDD(z, power, power) })
	} else {
		do(func() { VSCALEFPS(n, power, power) })
	}
	return power, r, e.tail(r, w)
}

// tail returns s of r, and of what r lacks, w.
func (e *exponential) tail(r, w reg.VecVirtual) (s reg.VecVirtual) {
	last := len(e.c) - 1
	s = e.constant(single(e.c[last]))
	for i := last - 1; i >= 0; i-- {
		e.timesPlus(single(e.c[i]), r, s)
	}
	e.timesPlus(w, r, s)
	e.timesPlus(w, r, s)
	return s
}

// pair returns T·(1+r+s) as a pair.
func (e *exponential) pair(power, r, s reg.VecVirtual) (high, low reg.VecVirtual) {
	h := e.copy(power)
	e.plusTimes(r, power, h)
	l := e.reg()
	e.sub(h, power, l)
	e.plusTimes(r, power, l)
	e.plusTimes(s, power, l)
	high = e.reg()
	e.add(l, h, high)
	e.sub(h, high, h)
	low = l
	e.sub(h, l, low)
	return high, low
}

// exponentials writes T and q = r+s, or the pairs, or both.
func exponentials(v wide, coefficients map[string][]float64, product, pairs bool) {
	name, arguments := "exp", ""
	var what []string
	if product {
		name, arguments = name+"Products", "t, q, s, "
		what = append(what, "exp(-|x[i]|) = t[i]*(1+q[i])", "s[i] = max(x[i], 0) - target[i]*x[i]")
	}
	if pairs {
		name, arguments = name+"Pairs", arguments+"yh, yl, "
		what = append(what, "exp(-|x[i]|) = yh[i] + yl[i]")
	}
	name += v.String()
	doc := []string{"\tfor i := range x {"}
	for _, w := range what {
		doc = append(doc, "\t\t"+w)
	}
	doc = append(doc, "\t\tlargest = max(largest, |x[i]|)", "\t\tsoft = soft || target[i]*(1-target[i]) != 0", "\t}", "",
		fmt.Sprintf("where |x[i]| ≤ %g. largest is in bits: NaN is more than infinity. len(x) is a multiple of %d.", farthest, 2*v))
	function(name, arguments+"x, target []float32", "(largest uint32, soft bool)", doc...)
	outputs := []cursor{}
	if product {
		outputs = append(outputs, param("t", 4), param("q", 4), param("s", 4))
	}
	if pairs {
		outputs = append(outputs, param("yh", 4), param("yl", 4))
	}
	x, target := param("x", 4), param("target", 4)
	n := Load(Param("x").Len(), GP64())
	e := v.exponential(coefficients)
	largest, soft := v.reg(), v.reg()
	v.clear(largest)
	v.clear(soft)
	v.loop(n, append(outputs, x, target), func(start, vectors int) {
		PREFETCHT0(x.at(start + chunkLen))
		PREFETCHT0(target.at(start + chunkLen))
		interleaved(vectors, func(k int) {
			at := start + k*int(v)
			t := v.load(target.at(at))
			v.timesMinus(t, t, t) // t·t - t
			v.or(t, soft, soft)
			a := v.load(x.at(at))
			v.and(single(math.Float32frombits(0x7fffffff)), a, a)
			do(func() { VPMAXUD(a, largest, largest) })
			power, r, s := e.of(a)
			i := 0
			if product {
				q := v.reg()
				v.add(s, r, q)
				v.store(power, outputs[0].at(at))
				v.store(q, outputs[1].at(at))
				logit, linear := v.load(x.at(at)), v.reg()
				v.max(single(0), logit, linear)
				do(func() { VFNMADD231PS(target.at(at), logit, linear) })
				v.store(linear, outputs[2].at(at))
				i = 3
			}
			if pairs {
				high, low := e.pair(power, r, s)
				v.store(high, outputs[i].at(at))
				v.store(low, outputs[i+1].at(at))
			}
		})
	})
	Store(v.largestOf(largest), Return("largest"))
	bits, flag := v.signs(soft), GP8()
	TESTL(bits, bits)
	SETNE(flag)
	Store(flag, Return("soft"))
	end()
}

func (v wide) clear(r reg.VecVirtual) {
	if v == 8 {
		VXORPS(r, r, r)
	} else {
		VPXORD(r, r, r)
	}
}

// largestOf returns the largest lane, as an unsigned integer.
func (v wide) largestOf(r reg.VecVirtual) reg.Register {
	high := YMM()
	if v == 16 {
		VEXTRACTI64X4(operand.Imm(1), r, high)
		VPMAXUD(r.AsY(), high, high)
	} else {
		VMOVAPS(r, high)
	}
	other := XMM()
	VEXTRACTI128(operand.Imm(1), high, other)
	VPMAXUD(high.AsX(), other, other)
	half, result := XMM(), GP32()
	for _, shift := range []uint64{8, 4} {
		VPSRLDQ(operand.Imm(shift), other, half)
		VPMAXUD(half, other, other)
	}
	VMOVD(other, result)
	return result
}

// signs returns a register that is not zero where a lane of r is neither 0 nor -0.
func (v wide) signs(r reg.VecVirtual) reg.Register {
	bits := GP32()
	zero := v.reg()
	v.clear(zero)
	const notEqual = 4 // NEQ_UQ
	if v == 8 {
		VCMPPS(operand.Imm(notEqual), zero, r, zero)
		VMOVMSKPS(zero, bits)
		return bits
	}
	k := K()
	VCMPPS(operand.Imm(notEqual), zero, r, k)
	KMOVW(k, bits)
	return bits
}

// products multiplies the 1+y, for y = t·(1+q), into four registers of products less 1, in float64: p + (p·y + y) is (1+p)·(1+y) - 1, and keeps its relative
// accuracy where all y are small. It adds the s too, or, if they are not exact since targets are soft, what they are.
func products(v wide, soft bool) {
	name, arguments, term := "hardProducts", "t, q, s []float32", "s[i]"
	if soft {
		name, arguments, term = "softProducts", "t, q, x, target []float32", "max(x[i], 0) - target[i]*x[i]"
	}
	name += v.String()
	half := int(v) / 2
	function(name, "sums *[48]float64, "+arguments, "",
		name+" is, lane by lane,", "",
		"\tfor i := range t {",
		fmt.Sprintf("\t\tp, sum := &sums[i/%d%%4*8+i%%%d], &sums[32+i/%d%%2*8+i%%%d]", half, half, half, half),
		"\t\ty := t[i]*(1+q[i])",
		"\t\t*p += *p*y + y",
		"\t\t*sum += "+term,
		"\t}", "",
		fmt.Sprintf("in float64. len(t) is a multiple of %d.", 2*v),
	)
	t, q := param("t", 4), param("q", 4)
	slices := []cursor{t, q}
	if soft {
		slices = append(slices, param("x", 4), param("target", 4))
	} else {
		slices = append(slices, param("s", 4))
	}
	n := Load(Param("t").Len(), GP64())
	state := Load(Param("sums"), GP64())
	var p [4]reg.VecVirtual
	var sums [2]reg.VecVirtual
	slot := func(i int) operand.Mem { return operand.Mem{Base: state, Disp: 64 * i} }
	for i := range p {
		p[i] = v.reg()
		VMOVUPD(slot(i), p[i])
	}
	for i := range sums {
		sums[i] = v.reg()
		VMOVUPD(slot(4+i), sums[i])
	}
	zero := v.reg()
	v.clear(zero)
	convert := func(c cursor, k int) reg.VecVirtual {
		r := v.reg()
		do(func() { VCVTPS2PD(c.at(k*half), r) })
		return r
	}
	v.steps(n, slices, func() {
		interleaved(4, func(k int) {
			y, f := convert(t, k), convert(q, k)
			do(func() { VFMADD213PD(y, y, f) })    // y = t + t·q
			do(func() { VFMADD213PD(f, p[k], f) }) // p·y + y
			do(func() { VADDPD(f, p[k], p[k]) })
		})
		for _, first := range []int{0, 2} { // AVX2 has no registers for four
			interleaved(2, func(k int) {
				if !soft {
					term := convert(slices[2], first+k)
					do(func() { VADDPD(term, sums[k], sums[k]) })
					return
				}
				logit, target, m := convert(slices[2], first+k), convert(slices[3], first+k), v.reg()
				do(func() { VMAXPD(zero, logit, m) })
				do(func() { VFNMADD231PD(logit, target, m) })
				do(func() { VADDPD(m, sums[k], sums[k]) })
			})
		}
	})
	for i := range p {
		VMOVUPD(p[i], slot(i))
	}
	for i := range sums {
		VMOVUPD(sums[i], slot(4+i))
	}
	end()
}

// gradPairs is, for targets of 0 and 1, N/D with N = a - b·y and D = delta·(1+y), and a, b = 1-target, target, the other way round where x < 0, and there negative.
func gradPairs(v wide) {
	name := "gradPairs" + v.String()
	function(name, "dst, yh, yl, x, target []float32, delta float32", "",
		name+" is, for targets of 0 and 1,", "",
		"\tfor i := range x {",
		"\t\ty := yh[i] + yl[i]",
		"\t\ta, b := 1, y",
		"\t\tif x[i] < 0 {",
		"\t\t\ta, b = y, 1",
		"\t\t}",
		"\t\tdst[i] = ((1-target[i])*a - target[i]*b) / (delta * (1+y))",
		"\t}", "",
		fmt.Sprintf("len(x) is a multiple of %d.", 2*v),
	)
	dst, yh, yl, x, target := param("dst", 4), param("yh", 4), param("yl", 4), param("x", 4), param("target", 4)
	n := Load(Param("x").Len(), GP64())
	delta := v.reg()
	VBROADCASTSS(mustParam("delta"), delta)
	one := v.constant(1)
	v.loop(n, []cursor{dst, yh, yl, x, target}, func(start, vectors int) {
		values := make([]reg.VecVirtual, vectors)
		interleaved(vectors, func(k int) {
			at := start + k*int(v)
			high, low := v.load(yh.at(at)), v.load(yl.at(at))
			d, rest := v.copy(delta), v.reg()
			v.plusTimes(high, delta, d)
			v.sub(d, delta, rest)
			v.plusTimes(high, delta, rest)
			v.plusTimes(low, delta, rest) // delta·(1+y) = d + rest
			inverse := v.reg()
			do(func() { VDIVPS(d, one, inverse) })
			logit, t := v.load(x.at(at)), v.load(target.at(at))
			other := v.reg()
			v.sub(t, one, other)
			a, b := v.pick(logit, t, other), v.pick(logit, other, t)
			numerator, left := v.copy(a), v.reg()
			v.minusTimes(high, b, numerator)
			v.sub(numerator, a, left)
			v.minusTimes(high, b, left)
			v.minusTimes(low, b, left) // a - b·y = numerator + left
			quotient := v.reg()
			v.mul(inverse, numerator, quotient)
			v.minusTimes(d, quotient, numerator)
			v.add(left, numerator, numerator)
			v.minusTimes(rest, quotient, numerator)
			v.plusTimes(numerator, inverse, quotient)
			v.and(single(math.Float32frombits(1<<31)), logit, logit)
			v.xor(logit, quotient, quotient)
			values[k] = quotient
		})
		v.storeAll(values, dst, start)
	})
	end()
}

// loop appends body for two vectors at a time. It gets the first element, which is constant, and how many vectors to compute at once: AVX2 has registers
// for one alone.
func (v wide) loop(n reg.Register, slices []cursor, body func(start, vectors int)) {
	v.steps(n, slices, func() {
		if v == 16 {
			body(0, 2)
			return
		}
		body(0, 1)
		body(int(v), 1)
	})
}

// steps appends body for each two vectors; n is a multiple of them.
func (v wide) steps(n reg.Register, slices []cursor, body func()) {
	TESTQ(n, n)
	JE(operand.LabelRef("done"))
	Label("loop")
	body()
	for _, s := range slices {
		s.advance(2 * int(v))
	}
	SUBQ(immediate(2*int(v)), n)
	JNE(operand.LabelRef("loop"))
	Label("done")
}

// storeAll writes vectors to dst.
func (v wide) storeAll(values []reg.VecVirtual, dst cursor, start int) {
	for k, r := range values {
		VMOVUPS(r, dst.at(start+k*int(v)))
	}
}

// lossPairs is, for targets of 0 and 1, log1p(y) + max(x, 0) - target·x. With i the index of the interval that y is in, and b its centre,
//
//	log1p(y) = L + log1p(v)    v = (y-b)·c, c = 1/(1+b), L = log1p(b)
//
// for tables of b whose c and L are nearly float32 numbers.
func lossPairs(v wide, coefficients map[string][]float64) {
	name := "lossPairs" + v.String()
	function(name, "dst, yh, yl, x, target []float32", "",
		name+" is, for targets of 0 and 1,", "",
		"\tfor i := range x {",
		"\t\tdst[i] = log1p(yh[i]+yl[i]) + max(x[i], 0) - target[i]*x[i]",
		"\t}", "",
		fmt.Sprintf("len(x) is a multiple of %d.", 2*v),
	)
	dst, yh, yl, x, target := param("dst", 4), param("yh", 4), param("yl", 4), param("x", 4), param("target", 4)
	n := Load(Param("x").Len(), GP64())
	floats := func(name string) table {
		var bits []uint32
		for _, f := range coefficients[name] {
			bits = append(bits, math.Float32bits(float32(f)))
		}
		return v.table(name, bits)
	}
	centres, inverses, logs := floats("logOf32Centres"), floats("logOf32Inverses"), floats("logOf32Logs")
	index, c := coefficients["logOf32Index"], coefficients["logOf32Poly"]
	v.loop(n, []cursor{dst, yh, yl, x, target}, func(start, vectors int) {
		values := make([]reg.VecVirtual, vectors)
		interleaved(vectors, func(k int) {
			at := start + k*int(v)
			high, low := v.load(yh.at(at)), v.load(yl.at(at))
			i := v.constant(single(index[1]))
			v.timesPlus(single(index[0]), high, i)
			v.timesPlus(single(0x1.8p23), high, i)
			d, f, e := v.reg(), v.reg(), v.reg()
			inverse := v.at(inverses, i)
			v.sub(v.at(centres, i), high, d)
			l := v.at(logs, i)
			v.mul(inverse, d, f)
			do(func() { VMOVAPS(d, e) })
			v.timesMinus(f, inverse, e)
			v.plusTimes(low, inverse, e) // (y-b)·c = f + e
			rest := v.copy(e)
			v.minusTimes(f, e, rest) // e·(1-f)
			q := v.constant(single(c[len(c)-1]))
			for j := len(c) - 2; j >= 0; j-- {
				v.timesPlus(single(c[j]), f, q)
			}
			square := v.reg()
			v.mul(f, f, square)
			v.plusTimes(q, square, rest)
			h, left := v.reg(), v.reg()
			v.add(f, l, h)
			v.sub(l, h, left)
			v.sub(left, f, left)
			v.add(rest, left, left) // log1p(y) = h + left
			logit, m := v.load(x.at(at)), v.reg()
			v.max(single(0), logit, m)
			do(func() { VFNMADD231PS(target.at(at), logit, m) })
			larger, smaller, sum := v.reg(), v.reg(), v.reg()
			v.max(h, m, larger)
			v.min(h, m, smaller)
			v.add(h, m, sum)
			v.sub(larger, sum, larger)
			v.sub(larger, smaller, smaller)
			v.add(left, smaller, smaller)
			v.add(smaller, sum, sum)
			values[k] = sum
		})
		v.storeAll(values, dst, start)
	})
	end()
}
