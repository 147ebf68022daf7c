package definition_test

import (
	"math"
	"testing"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// TestSmallest: every factor that is below one counts, in its own element or row. Below says the same of a limit.
func TestSmallest(t *testing.T) {
	f := func(values ...float32) tensor.Tensor { return tensor.FromFloat32(values, 1, len(values)) }
	none, mean, sum, smoothing := "none", "mean", "sum", 0.5
	of := func(module string, reduction *string, inputs ...tensor.Tensor) ports.Call {
		c := ports.Call{Module: module, Options: ports.Options{Reduction: reduction}, Inputs: map[string]tensor.Tensor{}}
		for i, name := range []string{ports.Input, ports.Target, ports.Weight, ports.PosWeight, ports.GradOutput}[:len(inputs)] {
			if len(inputs[i].Shape) > 0 {
				c.Inputs[name] = inputs[i]
			}
		}
		return c
	}
	first, absent := tensor.Tensor{DType: tensor.Int64, Shape: []int{1}, Data: make([]byte, 8)}, tensor.Tensor{}
	smoothed := of(ports.CrossEntropyLoss, &none, f(0, 0), first)
	smoothed.Options.LabelSmoothing = &smoothing
	for _, test := range []struct {
		reason string
		call   ports.Call
		want   float64
	}{
		{"nothing is below one", of(ports.BCEWithLogitsLoss, &none, f(0), f(1), f(2), f(3)), 1},
		{"exp(-|x|)", of(ports.BCEWithLogitsLoss, &none, f(3, -4), f(1, 1)), math.Exp(-4)},
		{"what rounds to zero does not count", of(ports.BCEWithLogitsLoss, &none, f(3, -104), f(1, 1)), math.Exp(-3)},
		{"the factors of one element are multiplied", of(ports.BCEWithLogitsLoss, &none, f(0, 0), f(.25, 1), f(.5, .75), f(.25, .125), f(-.5, .5)), .25 * .75 * .5 * .25 * .5},
		{"the scale of the mean", of(ports.BCEWithLogitsLoss, &mean, f(0, 0, 0, 0), f(1, 1, 1, 1)), .25},
		{"the upstream gradient of a sum", of(ports.BCEWithLogitsLoss, &sum, f(0, 0), f(1, 1), absent, absent, tensor.FromFloat32([]float32{.5}, 1)), .5},
		{"the scale of the classes", of(ports.MultiLabelSoftMarginLoss, &none, f(0, 0), f(1, 1)), .5},
		{"the probability and its rest", of(ports.BCELoss, &none, f(.25, .5), f(1, 1)), .25 * .75},
		{"the distance from the largest of the row", of(ports.CrossEntropyLoss, &none, f(5, 2), first), math.Exp(-3)},
		{"class probabilities", of(ports.CrossEntropyLoss, &none, f(0, 0), f(.25, .75)), .25},
		{"the weight of a class", of(ports.CrossEntropyLoss, &none, f(0, 0), first, tensor.FromFloat32([]float32{1, .5}, 2)), .5},
		{"the share of smoothing", smoothed, .25},
		{"no elements", of(ports.BCEWithLogitsLoss, &mean, f(), f()), 1},
		{"a call that is refused", of(ports.BCEWithLogitsLoss, &none, f(3), f(1, 1)), 1},
		{"an unknown module", of("", &none, f(3), f(1)), 1},
	} {
		if got := definition.Of(test.call.Module).Smallest(test.call); math.Abs(got-test.want) > 1e-15*test.want {
			t.Errorf("%s: got %v, want %v", test.reason, got, test.want)
		}
		for _, share := range []float64{0.5, 0.999, 1.001} {
			if got := definition.Of(test.call.Module).Below(test.call, share*test.want); got != (share > 1) {
				t.Errorf("%s: below %v times the smallest: %t", test.reason, share, got)
			}
		}
	}
}
