package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The kernels in float64 lanes that mark the results which lie too close to the middle of two float32 numbers for float64 to decide.

// nearest is a kernel of eight elements at a time.
func nearest(name, arguments, value string, undecided uint32, begin func(), of func(y, x, t reg.VecVirtual) reg.VecVirtual) {
	function(name, "dst []float32, near []uint8, y []float64, x, t []float32"+arguments, "",
		"\tfor i := range x {",
		"\t\tv := "+value,
		"\t\tdst[i] = float32(v)",
		"\t}", "",
		"It sets a bit of near, a byte for eight elements, where v is within some units of 2⁻⁵² of its binade of the middle of two numbers: bit k for element nearestOrder[k].",
		"len(x) is a multiple of 8. All of an element is read before it is written.")
	dst, near, y, x, t := param("dst", 4), param("near", 1), param("y", 8), param("x", 4), param("t", 4)
	n := Load(Param("x").Len(), GP64())
	begin()
	eights(n, func() {
		PREFETCHT0(x.at(chunkLen))
		PREFETCHT0(t.at(chunkLen))
		values := make([]reg.VecVirtual, 2)
		interleaved(2, func(half int) {
			at := 4 * half
			values[half] = of(lanes(4).load(y.at(at)), float32s.load(4, x.at(at)), float32s.load(4, t.at(at)))
		})
		mark(values, near, undecided)
		storeAll(float32s, 4, values, dst, []int{0, 4})
		for _, c := range []cursor{dst, y, x, t} {
			c.advance(8)
		}
		near.advance(1)
	})
	end()
}

// mark marks results that are closer than undecided to the middle of two float32 numbers: the lowest 29 bits of a float64 number are what rounding takes away.
func mark(results []reg.VecVirtual, near cursor, undecided uint32) {
	rest, mask := YMM(), GP32()
	VSHUFPS(operand.Imm(0x88), results[1], results[0], rest)
	// From undecided below the middle to undecided above it, the bits between are those of 0, after an addition.
	VPADDD(twice(undecided-1<<28), rest, rest)
	VPAND(twice(1<<29-2*undecided), rest, rest)
	VPCMPEQD(twice(0), rest, rest)
	VMOVMSKPS(rest, mask)
	MOVB(mask.As8(), near.at(0))
}

func nearestLosses(c []float64, undecided uint32) {
	nearest("nearestLosses32AVX2", "", "log1p(y[i]) + max(x[i], 0) - t[i]*x[i]", undecided, func() {}, func(y, x, t reg.VecVirtual) reg.VecVirtual {
		return lossOf(4, log1pOf(4, y, c), x, t)
	})
}

func nearestGrads(undecided uint32) {
	var u reg.VecVirtual
	value := "((1-t[i])*a - t[i]*b) * u / (1 + y[i]), with a, b as in grads32AVX2"
	nearest("nearestGrads32AVX2", ", u float64", value, undecided, func() {
		u = YMM()
		VBROADCASTSD(mustParam("u"), u)
	}, func(y, x, t reg.VecVirtual) reg.VecVirtual {
		v := lanes(4)
		numerator := gradNumerator(v, y, x, t, t)
		v.mul(u, numerator, numerator)
		v.add(constant(1), y, y)
		v.div(y, numerator, numerator)
		return numerator
	})
}
