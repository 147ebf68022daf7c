package sweep

import (
	"math"
	"math/rand/v2"
	"testing"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// magnitudes are those at which the filter is compared: powers of two, its seams and their neighbours, the edge of the range of float32 results, and random ones.
func magnitudes(n int) []float64 {
	as := []float64{0, math.SmallestNonzeroFloat32, 88, 103.97, 104, 0x1p-24, 3 * 0x1p-24}
	for e := -40; e <= 10; e++ {
		as = append(as, math.Ldexp(1, e), math.Nextafter(math.Ldexp(1, e), 0), math.Ldexp(1.5, e))
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for range n {
		as = append(as, float64(float32(20*rng.Float64())), float64(float32(130*rng.Float64())),
			float64(float32(math.Pow(2, 44*rng.Float64()-36))))
	}
	return as
}

// probabilities are those at which the filter is compared: the edges and seams, each binade of x and of 1-x, and random ones. All are
// exact in float32.
func probabilities(n int) []float64 {
	below := func(x float64) float64 { return float64(math.Nextafter32(float32(x), 0)) }
	above := func(x float64) float64 { return float64(math.Nextafter32(float32(x), 1)) }
	const epsilon = float64(float32(1e-12)) // PyTorch's bound
	xs := []float64{0, 1, epsilon, below(epsilon), above(epsilon), 0.25, 0.75, math.Exp(-100)}
	for _, x := range []float64{math.Exp(-100), math.Sqrt2 / 2, 0.5, 0x1p-60} {
		xs = append(xs, float64(float32(x)), below(x), above(x))
	}
	for e := 1; e < 150; e++ {
		xs = append(xs, math.Ldexp(1, -e), below(math.Ldexp(1, -e)))
	}
	for e := 1; e <= 24; e++ {
		xs = append(xs, 1-math.Ldexp(1, -e))
	}
	rng := rand.New(rand.NewPCG(15, 16))
	for range n {
		xs = append(xs, rng.Float64(), math.Pow(2, -149*rng.Float64()), 1-math.Pow(2, -24*rng.Float64()))
	}
	for i, x := range xs {
		xs[i] = float64(float32(x))
	}
	return xs
}

// inputsOf are inputs of a module: the edges and seams of the filter, and random ones.
func inputsOf(m *module) []float32 {
	if m.name == BCELoss {
		return narrowed(probabilities(700))
	}
	xs := narrowed(magnitudes(700))
	for _, x := range xs {
		xs = append(xs, -x)
	}
	return append(xs, math.MaxFloat32, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()))
}

func narrowed(xs []float64) []float32 {
	narrow := make([]float32, len(xs))
	for i, x := range xs {
		narrow[i] = float32(x)
	}
	return narrow
}

// TestFilter holds what is computed in float64 to the definition, and proves oracleError on a sample: the claim itself, and
// that it is not a close call.
func TestFilter(t *testing.T) {
	for _, m := range modules {
		xs, worst := inputsOf(m), 0.0
		for _, o := range outputs {
			targets, output := make([]float32, len(xs)), ports.Loss
			for i := range targets {
				if o.One {
					targets[i] = 1
				}
			}
			if o.Gradient {
				output = ports.GradInput
			}
			exact, err := definition.Of(m.definition()).Exact(callOf(m.definition(), "none", map[string]tensor.Tensor{
				ports.Input: tensorOf(xs, len(xs)), ports.Target: tensorOf(targets, len(xs)),
			}))
			if err != nil {
				t.Fatal(err)
			}
			for i, x := range xs {
				filter, place := m.oracle32(math.Float32bits(x) &^ sign32)
				got := filter.of(o, m.mirrored && math.Signbit(float64(x)))
				if o.Gradient && o.One {
					got = -got
				}
				want, _ := exact[output].Pair(i)
				if sameClass(got, want) {
					continue
				}
				e := math.Abs(exact[output].Error(i, got, 1)) * inverseULP32(want)
				worst = max(worst, e)
				if !(e <= oracleError/10) {
					t.Errorf("%s, %s at x=%v: got %v, exact %v: %.3g ULP of float32", m.name, o, x, got, want, e)
				}
				if want := math.Log(float64(x) / (1 - float64(x))); m.name == BCELoss && !(math.Abs(place-want) <= 1e-6) && place != want {
					t.Errorf("x=%v lies at %v, want %v", x, place, want)
				}
			}
		}
		t.Logf("%s: largest error: %.3g ULP of float32", m.name, worst)
		if worst == 0 {
			t.Errorf("%s: the filter is never wrong: is it compared with itself?", m.name)
		}
	}
}
