package loss_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"lossproof/loss"
)

// TestThreads checks that results have the same bits for any number of goroutines: several blocks, the last one short,
// results small and so large that they are written past the caches.
func TestThreads(t *testing.T) {
	shapes := [][]int{{700, 101}, {90, 1100}}
	if !testing.Short() {
		shapes = append(shapes, []int{1030, 1023}) // more than 8 MiB of float64
	}
	rng := rand.New(rand.NewPCG(7, 8))
	for _, shape := range shapes {
		input := fill(shape, func() float64 { return 4 * rng.NormFloat64() })
		target := fill(shape, func() float64 { return float64(rng.IntN(2)) })
		weight := fill(shape[1:], rng.Float64)
		for _, multiLabel := range []bool{false, true} {
			for _, reduction := range []loss.Reduction{loss.Mean, loss.None} {
				for _, weighted := range []bool{false, true} {
					c := call{multiLabel: multiLabel, reduction: reduction, input: input, target: target}
					if weighted {
						c.weight = &weight
					}
					t.Run(fmt.Sprintf("%v/multiLabel=%t/%s/weighted=%t", shape, multiLabel, reduction, weighted), func(t *testing.T) {
						checkThreads(t, c)
					})
				}
			}
		}
	}
}

func checkThreads(t *testing.T, c call) {
	n := 1
	for _, d := range c.lossShape() {
		n *= d
	}
	type results struct{ value, alone, grad, gradAlone, gradTarget []float64 }
	compute := func(threads int) results {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
		r := results{make([]float64, n), make([]float64, n), make([]float64, len(c.input.Data)), make([]float64, len(c.input.Data)), make([]float64, len(c.input.Data))}
		for _, err := range []error{
			c.both(r.value, r.grad), c.into("loss", r.alone), c.into("grad_input", r.gradAlone), c.into("grad_target", r.gradTarget),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		return r
	}
	want := compute(1)
	if !slices.Equal(want.value, want.alone) || !slices.Equal(want.grad, want.gradAlone) {
		t.Error("one pass and two passes differ")
	}
	for _, threads := range []int{2, 3, 8} {
		got := compute(threads)
		for _, pair := range []struct {
			name      string
			got, want []float64
		}{
			{"loss", got.value, want.value}, {"loss alone", got.alone, want.alone}, {"grad_input", got.grad, want.grad},
			{"grad_input alone", got.gradAlone, want.gradAlone}, {"grad_target", got.gradTarget, want.gradTarget},
		} {
			if !slices.Equal(pair.got, pair.want) {
				t.Errorf("%s: other bits with %d threads than with one", pair.name, threads)
			}
		}
	}
}

// TestRowsOverInput writes the losses of samples over the input, which blocks that come later read.
func TestRowsOverInput(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	rng := rand.New(rand.NewPCG(9, 10))
	c := call{multiLabel: true, reduction: loss.None, input: fill([]int{40000, 3}, rng.NormFloat64), target: fill([]int{40000, 3}, rng.Float64)}
	want, err := compute[float64](c, "loss")
	if err != nil {
		t.Fatal(err)
	}
	for name, dst := range map[string][]float64{"input": c.input.Data, "target": c.target.Data} {
		backup := slices.Clone(dst)
		if err := c.into("loss", dst[:40000]); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(dst[:40000], want.Data) {
			t.Errorf("over %s: other losses", name)
		}
		copy(dst, backup)
	}
}

// TestLargeAllocatesNothing has results that are written past the caches, on one goroutine.
func TestLargeAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("allocations are counted without the race detector")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	c := call{input: fill([]int{300, 1000}, func() float64 { return 1 }), target: fill([]int{300, 1000}, func() float64 { return 1 })}
	value, grad := make([]float64, 1), make([]float64, 300000)
	if n := testing.AllocsPerRun(3, func() {
		if err := c.both(value, grad); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
