//go:build amd64 && !purego

package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestRowsAgainstGo compares every kernel with its twin in Go, for every length up to 70, at any alignment, and looks for
// writes beyond the slices.
func TestRowsAgainstGo(t *testing.T) {
	if !useAVX2 {
		t.Skip("no AVX2")
	}
	t.Run("float32", func(t *testing.T) {
		testRowsAgainstGo(t, rowsKernels[float32]{
			Max[float32], func(sums *[8]float64, y []float64, x []float32, m float64) (int, bool) {
				if useAVX2 {
					return expSum32AVX2(sums, y, x, m), true
				}
				return expSum32Go(sums, y, x, m), true
			}, ScaleRound[float32], ProbabilityLosses[float32],
			func(g []float64, x, t []float32, u, div float64) bool {
				return ProbabilityGrads(g, x, t, nil, []float32{float32(u)}, div)
			},
		})
	})
	t.Run("float64", func(t *testing.T) {
		testRowsAgainstGo(t, rowsKernels[float64]{
			Max[float64], func(sums *[8]float64, y, x []float64, m float64) (int, bool) {
				if useAVX2 {
					return expSum64AVX2(sums, y, x, m)
				}
				return expSum64Go(sums, y, x, m)
			}, ScaleRound[float64], ProbabilityLosses[float64],
			func(g, x, t []float64, u, div float64) bool { return ProbabilityGrads(g, x, t, nil, []float64{u}, div) },
		})
	})
}

type rowsKernels[T Float] struct {
	largest       func(x []T) T
	expSum        func(sums *[8]float64, y []float64, x []T, m float64) (ties int, ordinary bool)
	scaleRound    func(dst []T, y []float64, scale, offset float64)
	losses, grads any
}

func testRowsAgainstGo[T Float](t *testing.T, k rowsKernels[T]) {
	tolerance := 8e-16 // fused multiply-adds round less
	if _, ok := any(T(0)).(float32); ok {
		tolerance = 1e-12
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 81 {
		for _, kind := range []string{"ordinary", "far", "ties", "NaN"} {
			x, probabilities, targets := make([]T, n), make([]T, n), make([]T, n)
			m := T(math.Inf(-1))
			for i := range x {
				x[i] = T(4 * rng.NormFloat64())
				switch {
				case kind == "far":
					x[i] *= 40
				case kind == "ties":
					x[i] = T(rng.IntN(3))
				case kind == "NaN" && rng.IntN(n) == 0:
					x[i] = T(math.NaN())
				}
				if x[i] > m {
					m = x[i]
				}
				probabilities[i], targets[i] = T(rng.Float64()), T(rng.IntN(3))/2
				if rng.IntN(4) == 0 {
					probabilities[i] = []T{0, 1, T(math.Copysign(0, -1)), 0x1p-149, 0x1p-30, 1 - 0x1p-24, 0.5, 1e-12}[rng.IntN(8)]
				}
			}
			if m == T(math.Inf(-1)) {
				m = 0
			}
			run := func() (values []float64, flags []any) {
				at := rng.IntN(4)
				const guard = 12345
				buf := make([]float64, at+n+1)
				out := make([]T, at+n+1)
				for i := range buf {
					buf[i], out[i] = guard, guard
				}
				y, dst := buf[at:at+n], out[at:at+n]
				check := func(name string) {
					t.Helper()
					for i := range buf {
						if inside := i >= at && i < at+n; !inside && (buf[i] != guard || out[i] != guard) {
							t.Errorf("%s, n=%d: wrote beyond the slice", name, n)
						}
					}
				}
				flags = append(flags, k.largest(x))
				sums := [8]float64{0.5}
				ties, ordinary := k.expSum(&sums, y, x, float64(m))
				check("expSum")
				flags = append(flags, ties, ordinary)
				if ordinary {
					s := Sums{twoSum: sums}
					total := s.Total()
					values = append(append(values, y...), total.Value())
				}
				k.scaleRound(dst, y, 3, 0.25)
				check("scaleRound")
				if ordinary {
					for i, v := range dst {
						if want := T(math.FMA(3, y[i], 0.25)); math.Abs(float64(v-want)) > tolerance && (v == v || want == want) {
							t.Errorf("scaleRound, n=%d: got %v, want %v", n, v, want)
						}
					}
				}
				flags = append(flags, k.losses.(func([]float64, []T, []T) bool)(y, probabilities, targets))
				check("losses")
				values = append(values, y...)
				flags = append(flags, k.grads.(func([]float64, []T, []T, float64, float64) bool)(y, probabilities, targets, 0.5, 3))
				check("grads")
				return append(values, y...), flags
			}
			got, gotFlags := run()
			useAVX2 = false
			want, wantFlags := run()
			useAVX2 = true
			for i := range wantFlags {
				if gotFlags[i] != wantFlags[i] {
					t.Errorf("n=%d %s: flags %v, want %v", n, kind, gotFlags, wantFlags)
				}
			}
			if len(got) != len(want) {
				t.Fatalf("n=%d %s: %d results, want %d", n, kind, len(got), len(want))
			}
			for i := range want {
				if !(math.Abs(got[i]-want[i]) <= tolerance*math.Abs(want[i])) && (got[i] == got[i] || want[i] == want[i]) {
					t.Errorf("n=%d %s: result %d is %v, want %v", n, kind, i, got[i], want[i])
				}
			}
		}
	}
}

// TestRowsRefuse checks that one element outside of [0, 1] is noticed wherever it is.
func TestRowsRefuse(t *testing.T) {
	for n := 1; n < 20; n++ {
		for i := range n {
			for _, bad := range []float64{-0x1p-149, 1 + 0x1p-23, math.NaN(), math.Inf(1), math.Inf(-1), -1, 2} {
				for _, avx2 := range []bool{true, false} {
					if avx2 && !useAVX2 {
						continue
					}
					before := useAVX2
					useAVX2 = avx2
					refuses[float32](t, n, i, bad)
					refuses[float64](t, n, i, bad)
					useAVX2 = before
				}
			}
		}
	}
}

func refuses[T Float](t *testing.T, n, i int, bad float64) {
	t.Helper()
	half := make([]T, n)
	for i := range half {
		half[i] = 0.5
	}
	one := append([]T(nil), half...)
	one[i] = T(bad)
	y := make([]float64, n)
	if !ProbabilityLosses(y, half, half) || !ProbabilityGrads(y, half, half, nil, nil, 1) {
		t.Fatalf("%T: 0.5 is refused", half[0])
	}
	if ProbabilityLosses(y, one, half) || ProbabilityLosses(y, half, one) ||
		ProbabilityGrads(y, one, half, nil, nil, 1) || ProbabilityGrads(y, half, one, nil, nil, 1) {
		t.Errorf("%T: %v at %d of %d is not refused", half[0], bad, i, n)
	}
}
