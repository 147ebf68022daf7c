package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestProbabilityGradsRound compares the gradients of one pass with those of two, bit by bit: every length, any alignment, and dst
// apart from the operands or the memory of one. It looks for writes beyond dst.
func TestProbabilityGradsRound(t *testing.T) {
	const guard = 12345
	rng := rand.New(rand.NewPCG(3, 4))
	random := func(buf []float32) {
		for i := range buf {
			if buf[i] = rng.Float32(); rng.IntN(4) == 0 {
				buf[i] = []float32{0, 1, 0x1p-149, 0x1p-30, 1 - 0x1p-24, 0.5}[rng.IntN(6)]
			}
		}
	}
	for n := range 81 {
		for _, alias := range []string{"none", "x", "t"} {
			for _, upstream := range [][]float32{nil, {-3}, {0x1p-140}} {
				at := rng.IntN(9)
				var operands [3][]float32 // dst, x, t
				for i := range operands {
					buf := slices.Repeat([]float32{guard}, at+n+9)
					random(buf[at : at+n])
					operands[i] = buf
				}
				grads, want := make([]float64, n), make([]float32, n)
				part := func(i int) []float32 { return operands[i][at : at+n] }
				if !ProbabilityGrads(grads, part(1), part(2), nil, upstream, 7) {
					t.Fatal("refused")
				}
				Round(want, grads)
				dst := map[string]int{"none": 0, "x": 1, "t": 2}[alias]
				if !ProbabilityGradsRound(part(dst), part(1), part(2), nil, upstream, 7) {
					t.Fatal("not done")
				}
				if !slices.Equal(part(dst), want) {
					t.Errorf("n=%d alias=%s: got %v, want %v", n, alias, part(dst), want)
				}
				for i, v := range operands[dst] {
					if inside := i >= at && i < at+n; !inside && v != guard {
						t.Errorf("n=%d alias=%s: wrote beyond the slice", n, alias)
					}
				}
			}
		}
	}
}

func TestProbabilityGradsRoundIsNotForAll(t *testing.T) {
	half, wide := []float32{0.5, 0.5}, []float64{0.5, 0.5}
	if ProbabilityGradsRound(wide, wide, wide, nil, nil, 1) {
		t.Error("done for float64")
	}
	if ProbabilityGradsRound(half, half, half, half, nil, 1) || ProbabilityGradsRound(half, half, half, nil, half, 1) {
		t.Error("done for a weight, or an upstream gradient for each element")
	}
	if half[0] != 0.5 || wide[0] != 0.5 {
		t.Error("has written")
	}
}
