package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestHardTargets checks that an element has the same loss, to the bit, beside targets that are 0 or 1, for which one logarithm is computed, beside
// others, and alone.
func TestHardTargets(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testHardTargets[float32](t) })
	t.Run("float64", func(t *testing.T) { testHardTargets[float64](t) })
}

func testHardTargets[T Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 24
	x, hard, mixed := make([]T, n), make([]T, n), make([]T, n)
	together, beside, alone := make([]float64, n), make([]float64, n), make([]float64, 1)
	for range 200 {
		for i := range x {
			x[i], hard[i] = T(rng.Float64()), T(rng.IntN(2))
			if rng.IntN(4) == 0 {
				x[i] = []T{0, 1, T(math.Copysign(0, -1)), 0x1p-149, 0x1p-30, 1 - 0x1p-24, 0.5, 1e-12}[rng.IntN(8)]
			}
			mixed[i] = hard[i]
			if i%8 == 3 {
				mixed[i] = 0.25
			}
		}
		if !ProbabilityLosses(together, x, hard) || !ProbabilityLosses(beside, x, mixed) {
			t.Fatalf("%v is refused", x)
		}
		for i := range x {
			ProbabilityLosses(alone, x[i:i+1], hard[i:i+1])
			want := math.Float64bits(alone[0])
			if got := math.Float64bits(together[i]); got != want {
				t.Errorf("x %v, target %v: got %v, alone %v", x[i], hard[i], together[i], alone[0])
			}
			if got := math.Float64bits(beside[i]); i%8 != 3 && got != want {
				t.Errorf("x %v, target %v beside a soft one: got %v, alone %v", x[i], hard[i], beside[i], alone[0])
			}
			if exact := -math.Log(math.Abs(1 - float64(hard[i]) - float64(x[i]))); exact < 99 && !(math.Abs(together[i]-exact) <= 1e-6*exact) && x[i] >= 0x1p-20 {
				t.Errorf("x %v, target %v: got %v, want %v", x[i], hard[i], together[i], exact)
			}
		}
	}
}
