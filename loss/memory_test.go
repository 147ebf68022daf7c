package loss_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/loss"
)

// problem returns a call of shape (6, 7) with every option that the module has.
func problem(multiLabel bool, reduction loss.Reduction) call {
	rng := rand.New(rand.NewPCG(5, 6))
	draw := func() float64 { return rng.NormFloat64() }
	weight, posWeight := fill([]int{6, 7}, draw), fill([]int{7}, draw)
	c := call{multiLabel: multiLabel, reduction: reduction, input: fill([]int{6, 7}, draw), target: fill([]int{6, 7}, draw), weight: &weight}
	if !multiLabel {
		c.posWeight = &posWeight
	}
	upstream := fill(c.lossShape(), draw)
	c.gradOut = &upstream
	return c
}

// into runs the Into form of an output.
func (c call) into(output string, dst []float64) error {
	multi := loss.MultiLabelSoftMarginLoss[float64]{Weight: c.weight, Reduction: c.reduction}
	bce := loss.BCEWithLogitsLoss[float64]{Weight: c.weight, PosWeight: c.posWeight, Reduction: c.reduction}
	switch {
	case output == "loss" && c.multiLabel:
		return multi.Into(loss.Results[float64]{Loss: dst}, c.input, c.target, nil)
	case output == "loss":
		return bce.Into(loss.Results[float64]{Loss: dst}, c.input, c.target, nil)
	case output == "grad_input" && c.multiLabel:
		return multi.Into(loss.Results[float64]{GradInput: dst}, c.input, c.target, c.gradOut)
	case output == "grad_input":
		return bce.Into(loss.Results[float64]{GradInput: dst}, c.input, c.target, c.gradOut)
	case output == "grad_target" && c.multiLabel:
		return multi.Into(loss.Results[float64]{GradTarget: dst}, c.input, c.target, c.gradOut)
	case output == "grad_target":
		return bce.Into(loss.Results[float64]{GradTarget: dst}, c.input, c.target, c.gradOut)
	}
	return multi.Into(loss.Results[float64]{GradWeight: dst}, c.input, c.target, c.gradOut)
}

// both runs the form for loss and gradient in one pass.
func (c call) both(value, grad []float64) error {
	if c.multiLabel {
		return loss.MultiLabelSoftMarginLoss[float64]{Weight: c.weight, Reduction: c.reduction}.Into(loss.Results[float64]{Loss: value, GradInput: grad}, c.input, c.target, c.gradOut)
	}
	return loss.BCEWithLogitsLoss[float64]{Weight: c.weight, PosWeight: c.posWeight, Reduction: c.reduction}.Into(loss.Results[float64]{Loss: value, GradInput: grad}, c.input, c.target, c.gradOut)
}

// bothNew is both for the form that returns tensors, of which it returns the error.
func (c call) bothNew(gradOut *loss.Tensor[float64]) error {
	if c.multiLabel {
		_, _, err := loss.MultiLabelSoftMarginLoss[float64]{Weight: c.weight, Reduction: c.reduction}.ForwardGrad(c.input, c.target, gradOut)
		return err
	}
	_, _, err := loss.BCEWithLogitsLoss[float64]{Weight: c.weight, PosWeight: c.posWeight, Reduction: c.reduction}.ForwardGrad(c.input, c.target, gradOut)
	return err
}

// clone copies the tensors of a call.
func (c call) clone() call {
	for _, t := range []**loss.Tensor[float64]{&c.weight, &c.posWeight, &c.gradOut} {
		if *t != nil {
			copied := loss.Tensor[float64]{Shape: slices.Clone((*t).Shape), Data: slices.Clone((*t).Data)}
			*t = &copied
		}
	}
	c.input.Data, c.target.Data = slices.Clone(c.input.Data), slices.Clone(c.target.Data)
	return c
}

func forEachProblem(t *testing.T, f func(t *testing.T, c call)) {
	for _, multiLabel := range []bool{false, true} {
		for _, reduction := range reductions {
			c := problem(multiLabel, reduction)
			name := "BCEWithLogitsLoss/"
			if multiLabel {
				name = "MultiLabelSoftMarginLoss/"
			}
			t.Run(name+reduction.String(), func(t *testing.T) { f(t, c) })
		}
	}
}

func TestInputsUnchanged(t *testing.T) {
	forEachProblem(t, func(t *testing.T, c call) {
		before := c.clone()
		for _, output := range c.outputs() {
			if _, err := compute[float64](c, output); err != nil {
				t.Fatal(err)
			}
		}
		for _, pair := range [][2]*loss.Tensor[float64]{
			{&before.input, &c.input}, {&before.target, &c.target}, {before.weight, c.weight},
			{before.posWeight, c.posWeight}, {before.gradOut, c.gradOut},
		} {
			if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
				t.Errorf("an argument changed (-before +after):\n%s", diff)
			}
		}
	})
}

// TestOnePass checks that loss and gradient in one pass have the bits of two passes.
func TestOnePass(t *testing.T) {
	forEachProblem(t, func(t *testing.T, c call) {
		value, err := compute[float64](c, "loss")
		if err != nil {
			t.Fatal(err)
		}
		grad, err := compute[float64](c, "grad_input")
		if err != nil {
			t.Fatal(err)
		}
		gotValue, gotGrad := make([]float64, len(value.Data)), make([]float64, len(grad.Data))
		if err := c.both(gotValue, gotGrad); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(gotValue, value.Data) || !slices.Equal(gotGrad, grad.Data) {
			t.Errorf("one pass:\n%v\n%v\ntwo passes:\n%v\n%v", gotValue, gotGrad, value.Data, grad.Data)
		}
	})
}

// TestAliasing writes results over the arguments that the documentation allows.
func TestAliasing(t *testing.T) {
	forEachProblem(t, func(t *testing.T, c call) {
		for _, output := range c.outputs() {
			want, err := compute[float64](c, output)
			if err != nil {
				t.Fatal(err)
			}
			check := func(over string, pick func(call) []float64) {
				t.Helper()
				copied := c.clone()
				dst := pick(copied)[:len(want.Data)]
				if err := copied.into(output, dst); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(dst, want.Data) {
					t.Errorf("%s written over %s:\n%v\nwant\n%v", output, over, dst, want.Data)
				}
			}
			switch output {
			case "grad_weight":
				check("weight", func(c call) []float64 { return c.weight.Data })
			default:
				check("input", func(c call) []float64 { return c.input.Data })
				check("target", func(c call) []float64 { return c.target.Data })
			}
			if output != "loss" && c.reduction == loss.None && !c.multiLabel {
				check("grad_output", func(c call) []float64 { return c.gradOut.Data })
			}
		}
	})
	c := problem(false, loss.None)
	value, _ := compute[float64](c, "loss")
	grad, _ := compute[float64](c, "grad_input")
	if err := c.both(c.input.Data, c.target.Data); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.input.Data, value.Data) || !slices.Equal(c.target.Data, grad.Data) {
		t.Error("loss over input and gradient over target differ from loss and gradient")
	}
}

func TestIntoAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("allocations are counted without the race detector")
	}
	forEachProblem(t, func(t *testing.T, c call) {
		value, _ := compute[float64](c, "loss")
		for _, output := range c.outputs() {
			result, _ := compute[float64](c, output)
			var err error
			if n := testing.AllocsPerRun(10, func() { err = c.into(output, result.Data) }); n != 0 || err != nil {
				t.Errorf("%s: %v allocations, error %v", output, n, err)
			}
		}
		grad := make([]float64, len(c.input.Data))
		var err error
		if n := testing.AllocsPerRun(10, func() { err = c.both(value.Data, grad) }); n != 0 || err != nil {
			t.Errorf("loss and gradient: %v allocations, error %v", n, err)
		}
	})
}

// TestConcurrent calls one loss from many goroutines; `make race` watches.
func TestConcurrent(t *testing.T) {
	forEachProblem(t, func(t *testing.T, c call) {
		var group sync.WaitGroup
		for _, output := range c.outputs() {
			want, err := compute[float64](c, output)
			if err != nil {
				t.Fatal(err)
			}
			for range 4 {
				group.Go(func() {
					got := make([]float64, len(want.Data))
					if err := c.into(output, got); err != nil || !slices.Equal(got, want.Data) {
						t.Errorf("%s: error %v, or other results than alone", output, err)
					}
				})
			}
		}
		group.Wait()
	})
}
