//go:build amd64 && !purego

package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/cpu"
)

// TestPathOnThisMachine proves which path the passes take: the two write other last bits.
func TestPathOnThisMachine(t *testing.T) {
	if want := cpu.X86.HasAVX2 && cpu.X86.HasFMA && os.Getenv("LOSSPROOF_KERNEL") != "purego"; useAVX2 != want {
		t.Fatalf("useAVX2 is %t, want %t", useAVX2, want)
	}
	if !useAVX2 {
		t.Skip("a processor without AVX2 and FMA")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, ChunkLen)
	for i := range x {
		x[i] = 5 * rng.NormFloat64()
	}
	compute := func() []float64 {
		l := make([]float64, len(x))
		Exp(l, x)
		Log1p[float64](l, l)
		return l
	}
	assembly := make([]float64, len(x))
	exp64AVX2(assembly, x)
	log1p64AVX2(assembly, assembly)
	inGo := make([]float64, len(x))
	exp64Go(inGo, x)
	log1p64Go(inGo, inGo)
	if slices.Equal(assembly, inGo) {
		t.Fatal("both paths have the same bits: this test cannot tell them apart")
	}
	if !slices.Equal(compute(), assembly) {
		t.Error("with AVX2 the passes do not run the assembly")
	}
	withoutAVX2(t)
	if !slices.Equal(compute(), inGo) {
		t.Error("without AVX2 the passes do not run in Go")
	}
}

// withoutAVX2 makes the passes run in Go until the test ends.
func withoutAVX2(t *testing.T) {
	before, before512 := useAVX2, useAVX512
	useAVX2, useAVX512 = false, false
	t.Cleanup(func() { useAVX2, useAVX512 = before, before512 })
}

// TestRegisters looks for registers that AVX2 does not have: avo hands them out when it runs out of
// others, and machines without AVX-512 fault on them.
func TestRegisters(t *testing.T) {
	text, err := os.ReadFile("kernels_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	register := regexp.MustCompile(`\b([XYZ](1[6-9]|2[0-9]|3[01])|Z[0-9]|K[0-7])\b`)
	if !strings.Contains(string(text), "VFMADD") || !register.MatchString("VADDPD Y1, Y16, Y2") {
		t.Fatal("this test does not see registers")
	}
	wide := false
	for i, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "TEXT") {
			wide = strings.Contains(line, "AVX512(SB)")
		}
		if found := register.FindString(line); found != "" && !wide {
			t.Errorf("kernels_amd64.s:%d: register %s needs AVX-512: %s", i+1, found, line)
		}
	}
}

// randomLogits returns ordinary numbers, small and large.
func randomLogits[T Float](rng *rand.Rand, n int) []T {
	extreme := []float64{0, math.Copysign(0, -1), 1e-45, -1e-45, 1e-8, -87.5, 104, 707.9, -707.9, 1, -1}
	v := make([]T, n)
	for i := range v {
		switch rng.IntN(4) {
		case 0:
			v[i] = T(extreme[rng.IntN(len(extreme))])
		case 1:
			v[i] = T(math.Ldexp(rng.Float64()-0.5, rng.IntN(60)-50))
		default:
			v[i] = T(5 * rng.NormFloat64())
		}
	}
	return v
}

func randomNumbers[T Float](rng *rand.Rand, n int) []T {
	special := []float64{0, 1, -1, 0.5, 1e30, -1e-30, math.Inf(1), math.NaN()}
	v := make([]T, n)
	for i := range v {
		v[i] = T(rng.Float64())
		if rng.IntN(8) == 0 {
			v[i] = T(special[rng.IntN(len(special))])
		}
	}
	return v
}

// guarded is a slice with guard values on both sides, at any alignment.
type guarded[T Float] struct{ all, slice []T }

const guard, guards = -77, 9

func guardedCopy[T Float](v []T, offset int) guarded[T] {
	all := make([]T, guards+offset+len(v)+guards)
	for i := range all {
		all[i] = guard
	}
	g := guarded[T]{all, all[guards+offset:][:len(v):len(v)]}
	copy(g.slice, v)
	return g
}

func (g guarded[T]) check(t *testing.T, name string) {
	t.Helper()
	start := len(g.all) - guards - len(g.slice)
	for i, v := range g.all {
		if (i < start || i >= start+len(g.slice)) && v != guard {
			t.Errorf("%s: wrote %v at %d of a slice of %d", name, v, i-start, len(g.slice))
		}
	}
}

// closeTo compares the results of the two paths: ulps of T apart at most, or as far as the absolute error of each
// element allows, NaN where the other is NaN.
func closeTo[T Float](t *testing.T, name string, got, want []T, ulps float64, absolute func(i int) float64) {
	t.Helper()
	for i := range got {
		g, w := float64(got[i]), float64(want[i])
		if g == w || math.IsNaN(g) && math.IsNaN(w) {
			continue
		}
		allowed := ulps * ulp[T](max(math.Abs(g), math.Abs(w)))
		if absolute != nil {
			allowed += absolute(i)
		}
		if !(math.Abs(g-w) <= allowed) {
			t.Errorf("%s [%d]: assembly %v, Go %v, allowed %g", name, i, g, w, allowed)
		}
	}
}

// ulp returns the spacing of T at v ≥ 0.
func ulp[T Float](v float64) float64 {
	if _, ok := any(T(0)).(float32); ok {
		f := float32(v)
		return float64(math.Nextafter32(f, math.MaxFloat32) - f)
	}
	return math.Nextafter(v, math.Inf(1)) - v
}

// TestAssembly compares the assembly with its Go twin: every tail length, several alignments, guards
// around each slice, operands with one element or all, results over the memory of operands.
func TestAssembly(t *testing.T) {
	if !useAVX2 {
		t.Skip("a processor without AVX2 and FMA")
	}
	t.Run("float32", func(t *testing.T) {
		// Without a fused multiply-add the reduction of an argument of 708 in one step loses 9 bits of float64.
		testAssembly(t, 1024, twins[float32]{
			exp32AVX2, exp32Go, log1p32AVX2, log1p32Go, losses32AVX2, after(log1p32AVX2, weightedLosses32AVX2), after(log1p32AVX2, weightedLosses32Go), grads32AVX2, weightedGrads32AVX2, round32AVX2,
			sumLosses32AVX2, sumLossesGrads32AVX2, roundLosses32AVX2, roundLossesGrads32AVX2,
		})
	})
	t.Run("float64", func(t *testing.T) {
		testAssembly(t, 3, twins[float64]{
			exp64AVX2, exp64Go, log1p64AVX2, log1p64Go, roundLosses64AVX2, weightedLosses64AVX2, weightedLosses64Go, grads64AVX2, weightedGrads64AVX2, round64AVX2,
			sumLosses64AVX2, sumLossesGrads64AVX2, roundLosses64AVX2, roundLossesGrads64AVX2,
		})
	})
}

type twins[T Float] struct {
	exp, expGo     func(y []float64, x []T) bool
	log1p, log1pGo func(l, y []float64)
	losses         func(l, y []float64, x, t []T)
	weightedLosses func(l, y []float64, x, t, w, p []T)

	weightedLossesGo func(l, y []float64, x, t, w, p []T)

	grads         func(dst []T, y []float64, x, t []T, u, div float64)
	weightedGrads func(dst []T, y []float64, x, t, w, p, u []T, div float64)
	round         func(dst []T, l []float64)

	sumLosses        func(sums *[8]float64, y []float64, x, t []T)
	sumLossesGrads   func(sums *[8]float64, grad []T, y []float64, x, t []T, u, div float64)
	roundLosses      func(dst []T, y []float64, x, t []T)
	roundLossesGrads func(dst, grad []T, y []float64, x, t []T, u, div float64)
}

// after is weighted with the logarithms of y, which it takes in l.
func after[T Float](log1p func(l, y []float64), weighted func(l []float64, x, t, w, p []T)) func(l, y []float64, x, t, w, p []T) {
	return func(l, y []float64, x, t, w, p []T) {
		log1p(l, y)
		weighted(l, x, t, w, p)
	}
}

func testAssembly[T Float](t *testing.T, expUlps float64, k twins[T]) {
	rng := rand.New(rand.NewPCG(3, 4))
	var lengths []int
	for n := range 81 {
		lengths = append(lengths, n)
	}
	lengths = append(lengths, 127, 200, ChunkLen)
	for _, n := range lengths {
		for offset := range 4 {
			// full returns an operand with one element, or n.
			full := func() []T {
				if n == 0 || rng.IntN(3) == 0 {
					return randomNumbers[T](rng, 1)
				}
				return randomNumbers[T](rng, n)
			}
			div := float64(1 + rng.IntN(1000))
			var all []guarded[T]
			put := func(v []T) []T {
				all = append(all, guardedCopy(v, rng.IntN(8)))
				return all[len(all)-1].slice
			}
			x, target := put(randomLogits[T](rng, n)), put(randomNumbers[T](rng, n))
			w, p, u := put(full()), put(full()), put(full())
			name := fmt.Sprintf("n=%d offset=%d len(w)=%d len(p)=%d len(u)=%d", n, offset, len(w), len(p), len(u))
			scratch := func(v []float64) guarded[float64] { return guardedCopy(v, offset) }

			y, yGo := scratch(make([]float64, n)), make([]float64, n)
			if ordinary, ordinaryGo := k.exp(y.slice, x), k.expGo(yGo, x); !ordinary || !ordinaryGo {
				t.Errorf("%s: ordinary: assembly %t, Go %t", name, ordinary, ordinaryGo)
			}
			y.check(t, name+": exp")
			closeTo(t, name+": exp", y.slice, yGo, expUlps, nil)

			l, lGo := scratch(make([]float64, n)), make([]float64, n)
			k.log1p(l.slice, y.slice)
			k.log1pGo(lGo, y.slice)
			l.check(t, name+": log1p")
			closeTo(t, name+": log1p", l.slice, lGo, 2, nil)
			inPlace := scratch(y.slice)
			k.log1p(inPlace.slice, inPlace.slice)
			closeTo(t, name+": log1p in place", inPlace.slice, l.slice, 0, nil)

			// Rounding errors of the terms of a loss or gradient, which may cancel.
			at := func(v []T, i int) float64 { return math.Abs(float64(v[i%len(v)])) }
			ones := []T{1}
			ofLoss := func(w, p []T) func(i int) float64 {
				return func(i int) float64 {
					t, x := at(target, i), at(x, i)
					return 0x1p-50 * at(w, i) * ((1 + t) + at(p, i)*t) * (1 + x)
				}
			}
			ofGrad := func(w, p, u []T) func(i int) float64 {
				return func(i int) float64 {
					t := at(target, i)
					return 0x1p-50 * at(w, i) * ((1 + t) + at(p, i)*t) * at(u, i) / div
				}
			}

			plain, plainGo := scratch(y.slice), slices.Clone(l.slice)
			k.losses(plain.slice, plain.slice, x, target)
			lossesGo(plainGo, x, target)
			plain.check(t, name+": losses")
			closeTo(t, name+": losses", plain.slice, plainGo, 4, ofLoss(ones, ones))

			weighted, weightedGo := scratch(y.slice), make([]float64, n)
			k.weightedLosses(weighted.slice, weighted.slice, x, target, w, p)
			k.weightedLossesGo(weightedGo, y.slice, x, target, w, p)
			weighted.check(t, name+": weightedLosses")
			closeTo(t, name+": weightedLosses", weighted.slice, weightedGo, 4, ofLoss(w, p))

			dst, dstGo := guardedCopy(make([]T, n), offset), make([]T, n)
			k.grads(dst.slice, y.slice, x, target, float64(u[0]), div)
			gradsGo(dstGo, y.slice, x, target, float64(u[0]), div)
			dst.check(t, name+": grads")
			closeTo(t, name+": grads", dst.slice, dstGo, 4, ofGrad(ones, ones, u[:1]))

			testFused(t, name, k, y.slice, x, target, plain.slice, dst.slice, float64(u[0]), div, offset)

			k.weightedGrads(dst.slice, y.slice, x, target, w, p, u, div)
			weightedGradsGo(dstGo, y.slice, x, target, w, p, u, div)
			dst.check(t, name+": weightedGrads")
			closeTo(t, name+": weightedGrads", dst.slice, dstGo, 4, ofGrad(w, p, u))
			for _, over := range []int{0, 1, 2, 3, 4} {
				operands := [][]T{slices.Clone(x), slices.Clone(target), slices.Clone(w), slices.Clone(p), slices.Clone(u)}
				if len(operands[over]) != n {
					continue
				}
				k.weightedGrads(operands[over], y.slice, operands[0], operands[1], operands[2], operands[3], operands[4], div)
				closeTo(t, fmt.Sprintf("%s: weightedGrads over operand %d", name, over), operands[over], dst.slice, 0, nil)
			}

			k.round(dst.slice, l.slice)
			roundGo(dstGo, l.slice)
			dst.check(t, name+": round")
			closeTo(t, name+": round", dst.slice, dstGo, 0, nil)

			var sums, sumsGo [8]float64
			sumAVX2(&sums, l.slice)
			sumGo(&sumsGo, l.slice)
			closeTo(t, name+": sum", sums[:], sumsGo[:], 0, nil)
			for _, s := range all {
				s.check(t, name+": an operand")
			}
		}
	}
}

// testFused compares the kernels that do several passes in one with those that do one each: the same bits.
func testFused[T Float](t *testing.T, name string, k twins[T], y []float64, x, target []T, losses []float64, grads []T, u, div float64, offset int) {
	t.Helper()
	n := len(x)
	rounded := make([]T, n)
	k.round(rounded, losses)
	var want, sums, sumsBoth [8]float64
	var wantGo Sums
	sumGo(&want, losses)
	sumLossesGo(&wantGo, slices.Clone(y), x, target)
	k.sumLosses(&sums, y, x, target)
	closeTo(t, name+": sumLosses", sums[:], want[:], 0, nil)
	scale := 1.0
	for _, l := range losses {
		if isFinite(l) {
			scale += math.Abs(l)
		}
	}
	closeTo(t, name+": sumLosses and Go", sums[:4], wantGo.twoSum[:4], 0, func(int) float64 { return 0x1p-48 * scale })

	grad, dst := guardedCopy(make([]T, n), offset), guardedCopy(make([]T, n), offset)
	k.sumLossesGrads(&sumsBoth, grad.slice, y, x, target, u, div)
	grad.check(t, name+": sumLossesGrads")
	closeTo(t, name+": sumLossesGrads, sums", sumsBoth[:], want[:], 0, nil)
	closeTo(t, name+": sumLossesGrads, gradients", grad.slice, grads, 0, nil)

	k.roundLosses(dst.slice, y, x, target)
	dst.check(t, name+": roundLosses")
	closeTo(t, name+": roundLosses", dst.slice, rounded, 0, nil)

	clear(dst.slice)
	clear(grad.slice)
	k.roundLossesGrads(dst.slice, grad.slice, y, x, target, u, div)
	dst.check(t, name+": roundLossesGrads, losses")
	grad.check(t, name+": roundLossesGrads, gradients")
	closeTo(t, name+": roundLossesGrads, losses", dst.slice, rounded, 0, nil)
	closeTo(t, name+": roundLossesGrads, gradients", grad.slice, grads, 0, nil)
	for _, swap := range []bool{false, true} {
		overX, overTarget := slices.Clone(x), slices.Clone(target)
		dst, grad := overX, overTarget
		if swap {
			dst, grad = grad, dst
		}
		k.roundLossesGrads(dst, grad, y, overX, overTarget, u, div)
		closeTo(t, name+": roundLossesGrads over its operands, losses", dst, rounded, 0, nil)
		closeTo(t, name+": roundLossesGrads over its operands, gradients", grad, grads, 0, nil)
	}
}

// TestPosition checks that what becomes of an element does not depend on where it stands.
func TestPosition(t *testing.T) {
	if !useAVX2 {
		t.Skip("a processor without AVX2 and FMA")
	}
	rng := rand.New(rand.NewPCG(5, 6))
	const n = 15
	x, target := randomLogits[float64](rng, n), randomNumbers[float64](rng, n)
	w := randomNumbers[float64](rng, n)
	whole := Run[float64]{Input: x, Target: target, Weight: w, PosWeight: w}
	compute := func(r Run[float64]) (l, grad []float64) {
		n := len(r.Input)
		y, l, grad := make([]float64, n), make([]float64, n), make([]float64, n)
		Exp(y, r.Input)
		Losses(l, y, r, true)
		Grads(grad, y, r, nil, 1)
		return l, grad
	}
	l, grad := compute(whole)
	for i := range n {
		alone, gradAlone := compute(Run[float64]{Input: x[i : i+1], Target: target[i : i+1], Weight: w[i : i+1], PosWeight: w[i : i+1]})
		closeTo(t, fmt.Sprintf("loss of element %d", i), l[i:i+1], alone, 0, nil)
		closeTo(t, fmt.Sprintf("gradient of element %d", i), grad[i:i+1], gradAlone, 0, nil)
	}
}

// TestNotOrdinary checks that one logit beyond what exp computes is seen at every place, and no other one.
func TestNotOrdinary(t *testing.T) {
	if !useAVX2 {
		t.Skip("a processor without AVX2 and FMA")
	}
	check := func(name string, want bool, got ...bool) {
		t.Helper()
		if got[0] != want || got[1] != want {
			t.Errorf("%s: assembly says ordinary=%t, Go %t, want %t", name, got[0], got[1], want)
		}
	}
	const below = 707.99
	for n := 1; n < 40; n++ {
		x32, x64, y := make([]float32, n), make([]float64, n), make([]float64, n)
		for at := range n {
			for _, v := range []float64{math.Inf(1), math.Inf(-1), math.NaN(), -math.NaN(), 708, -708, 1e30, -1e30, below, -below} {
				x32[at], x64[at] = float32(v), v
				want := math.Abs(v) == below
				check(fmt.Sprintf("float32, n=%d, %v at %d", n, v, at), want, exp32AVX2(y, x32), exp32Go(y, x32))
				check(fmt.Sprintf("float64, n=%d, %v at %d", n, v, at), want, exp64AVX2(y, x64), exp64Go(y, x64))
			}
			x32[at], x64[at] = -below, below // 1-bits elsewhere hide nothing
		}
	}
}
