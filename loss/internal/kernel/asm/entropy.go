package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

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
	total, sum := loadTwoSum(pointer), YMM()
	VXORPD(sum, sum, sum)
	m, keep, even := broadcastParam("m"), broadcastParam("keep"), broadcastParam("even")
	advance := func(k int) { x.advance(k); t.advance(k); w.advance(k) }
	loop(n, advance, func(v lanes, starts []int) {
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
	VZEROUPPER()
	RET()
}

func entropyGrads32() {
	const e = float32s
	function("entropyGrads32AVX2", "dst []float32, y []float64, t, w []float32, total, low, rest, keep, even, scale float64, stream bool", "",
		"entropyGrads32AVX2 is, where t and w may have one element for all,", "",
		"\tfor i, y := range y {",
		"\t\ta := (t[i]*keep + even) * w[i]",
		"\t\tdst[i] = float32(((total-a+low)*y - a*(1-y+rest)) * scale)",
		"\t}", "",
		"and writes past the caches if stream is set and dst is aligned to 32 bytes.",
	)
	dst, y := param("dst", int(e)), param("y", 8)
	n := Load(Param("y").Len(), GP64())
	t, w := operandParam("t", e), operandParam("w", e)
	flag := streamFlag(dst)
	keep, even, total := broadcastParam("keep"), broadcastParam("even"), broadcastParam("total")
	low, rest, scale := repeatedParam("low"), repeatedParam("rest"), repeatedParam("scale")
	advance := func(k int) { dst.advance(k); y.advance(k); t.advance(k); w.advance(k) }
	loop(n, advance, func(v lanes, starts []int) {
		values := make([]reg.VecVirtual, len(starts))
		interleaved(len(starts), func(k int) {
			a := smoothed(e, v, t.at(starts[k]), w.at(starts[k]), keep, even)
			others, complement, exponential := v.reg(), v.constant(1), v.load(y.at(starts[k]))
			v.sub(a, v.of(total), others)
			v.add(low, others, others)
			v.sub(exponential, complement, complement)
			v.add(rest, complement, complement)
			v.mul(exponential, others, others)
			v.minusTimes(complement, a, others)
			v.mul(scale, others, others)
			values[k] = others
		})
		storeAll(e, v, values, dst, starts, flag)
	})
	fence()
}

// broadcastParam returns a register with four copies of a float64 argument.
func broadcastParam(name string) reg.VecVirtual {
	r := YMM()
	VBROADCASTSD(mustParam(name), r)
	return r
}
