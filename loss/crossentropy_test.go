package loss_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"lossproof/loss"
	"lossproof/tensor"
)

// outputs returns the names of the outputs of the call.
func (c entropyCall) outputs() []string {
	names := []string{"loss", "grad_input"}
	if c.probabilities != nil {
		names = append(names, "grad_target")
		if c.weight != nil {
			names = append(names, "grad_weight")
		}
	}
	return names
}

// shapeOf returns the shape of an output by the rule of the documentation.
func (c entropyCall) shapeOf(output string) []int {
	switch output {
	case "loss":
		return c.lossShape()
	case "grad_weight":
		return c.weight.Shape
	}
	return c.input.Shape
}

// checkEntropy compares all outputs of a call with the oracle, as checkCall does.
func checkEntropy(t *testing.T, c entropyCall) (worst float64) {
	t.Helper()
	for _, output := range c.outputs() {
		got64, err := computeEntropy[float64](c, output)
		if err != nil {
			t.Fatalf("%s float64: %v", output, err)
		}
		got32, err := computeEntropy[float32](c, output)
		if err != nil {
			t.Fatalf("%s float32: %v", output, err)
		}
		if want := c.shapeOf(output); !slices.Equal(got64.Shape, want) || !slices.Equal(got32.Shape, want) {
			t.Fatalf("%s: got shapes %v and %v, want %v", output, got64.Shape, got32.Shape, want)
		}
		worst = max(worst, checkOutput(t, output, got64.Data, got32.Data, c.evaluate(output, tensor.Float64), c.evaluate(output, tensor.Float32)))
	}
	return worst
}

// entropyCalls returns calls of a shape with every target and option, in turn.
func entropyCalls(rng *rand.Rand, shape []int, logit, weight func() float64, visit func(name string, c entropyCall)) {
	base := entropyCall{input: fill(shape, logit)}
	n, classes, positions := base.geometry()
	weights := fill([]int{classes}, weight)
	base.indexShape = entropyCall{reduction: loss.None, input: base.input}.lossShape()
	for range n * positions {
		base.indices = append(base.indices, int64(rng.IntN(classes)))
	}
	probabilities := fill(shape, rng.Float64)
	for _, reduction := range reductions {
		for _, target := range []string{"indices", "ignored indices", "probabilities"} {
			for _, weighted := range []bool{false, true} {
				for _, smoothing := range []float64{0, 0.125, 0.1, 1} {
					c := base
					c.reduction, c.smoothing = reduction, smoothing
					switch target {
					case "ignored indices":
						c.indices = slices.Clone(base.indices)
						c.ignore = &c.indices[len(c.indices)-1]
						c.indices[0] = *c.ignore
						if len(c.indices) < 3 {
							continue // all may be ignored
						}
						c.indices[1] = (*c.ignore + 1) % int64(classes)
						if classes == 1 {
							continue
						}
					case "probabilities":
						c.probabilities = &probabilities
					}
					if weighted {
						c.weight = &weights
					}
					upstream := fill(c.lossShape(), rng.NormFloat64)
					c.gradOut = &upstream
					visit(fmt.Sprintf("%v/%s/%s/weighted=%t/smoothing=%v", shape, reduction, target, weighted, smoothing), c)
				}
			}
		}
	}
}

// TestEntropyShapes compares all outputs with the oracle for shapes of every rank and all options.
func TestEntropyShapes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	worst := 0.0
	for _, shape := range [][]int{{1}, {4}, {1, 3}, {5, 1}, {6, 4}, {2, 3, 4}, {2, 3, 2, 2}, {1, 2, 3, 1, 2}} {
		entropyCalls(rng, shape, func() float64 { return 2 * rng.NormFloat64() }, func() float64 { return 0.25 + rng.Float64() }, func(name string, c entropyCall) {
			t.Run(name, func(t *testing.T) { worst = max(worst, checkEntropy(t, c)) })
		})
	}
	t.Logf("largest error over tolerance in float64: %.3f", worst)
}

// TestEntropyValues does so for logits of every kind.
func TestEntropyValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	uniform := func(lo, hi float64) func() float64 { return func() float64 { return lo + (hi-lo)*rng.Float64() } }
	weight := uniform(0.25, 4)
	kinds := []struct {
		name          string
		logit, weight func() float64
	}{
		{"near ties", uniform(0, 1e-6), weight},
		{"large near ties", func() float64 { return 1e4 + rng.Float64() }, weight},
		{"one class dominates", uniform(-40, 40), weight},
		{"exp underflows in float32", uniform(-200, 200), weight},
		{"exp underflows in float64", uniform(-1500, 1500), weight},
		{"huge", func() float64 { return math.Copysign(1e30*rng.Float64(), rng.Float64()-0.5) }, weight},
		{"tiny", func() float64 { return 1e-30 * rng.NormFloat64() }, weight},
		{"of either sign, weights too", uniform(-10, 10), rng.NormFloat64},
		{"tiny weights", uniform(-10, 10), func() float64 { return 1e-30 * rng.Float64() }},
		{"huge weights", uniform(-10, 10), func() float64 { return 1e30 * rng.Float64() }},
	}
	worst := 0.0
	for _, kind := range kinds {
		entropyCalls(rng, []int{5, 4}, kind.logit, kind.weight, func(name string, c entropyCall) {
			t.Run(kind.name+"/"+name, func(t *testing.T) { worst = max(worst, checkEntropy(t, c)) })
		})
	}
	t.Logf("largest error over tolerance in float64: %.3f", worst)
}
