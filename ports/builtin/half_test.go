package builtin_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

var halves = []tensor.DType{tensor.Float16, tensor.BFloat16}

// nearest holds the answer to a call of 'none': each element is the number nearest to the exact result.
func nearest(t *testing.T, call ports.Call) {
	t.Helper()
	none := "none"
	call.Options.Reduction = &none
	answer, err := builtin.Port{}.Evaluate(context.Background(), call)
	if err != nil || answer.Outputs == nil {
		t.Fatalf("%s %s: %v and %+v", call.Module, call, err, answer)
	}
	exact, err := definition.Of(call.Module).Exact(call)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range call.Want {
		e, wrong := exact[name], 0
		for i := range e.Len() {
			got := answer.Outputs[name].Float64(i)
			least, most := e.Nearest(i)
			if got >= least && got <= most || math.IsNaN(got) && math.IsNaN(least) {
				continue
			}
			if wrong++; wrong == 1 {
				high, low := e.Pair(i)
				t.Errorf("%s %s: %s[%d]: got %v, want %v, nearest to %v + %v", call.Module, call, name, i, got, most, high, low)
			}
		}
		if wrong > 1 {
			t.Errorf("%s %s: %s: %d of %d elements are not the nearest", call.Module, call, name, wrong, e.Len())
		}
	}
}

// TestHalfLogits: for every logit or probability, loss and gradients are the nearest numbers; with -short
// for one in 31.
func TestHalfLogits(t *testing.T) {
	step := 1
	if testing.Short() { // make test-long asks all
		step = 31
	}
	for _, dtype := range halves {
		var logits, probabilities []float64
		for bits := 0; bits < 1<<16; bits += step {
			v := tensor.FromBits16(dtype, []uint16{uint16(bits)}).Float64(0)
			if logits = append(logits, v); v >= 0 && v <= 1 {
				probabilities = append(probabilities, v)
			}
		}
		for _, module := range ports.ModuleNames() {
			if !slices.Contains(ports.ModuleOf(module).DTypes(), dtype) {
				continue
			}
			for _, target := range []float64{0, 1, 0.3} {
				x, columns := logits, 1
				if module == ports.BCELoss {
					x = probabilities
				}
				targets := slices.Repeat([]float64{target}, len(x))
				if module == ports.CrossEntropyLoss { // rows (x, 0)
					columns = 2
					x, targets = make([]float64, 2*len(logits)), make([]float64, 2*len(logits))
					for i, v := range logits {
						x[2*i], targets[2*i], targets[2*i+1] = v, target, 1-target
					}
				}
				rows := len(x) / columns
				nearest(t, ports.Call{Module: module, Inputs: map[string]tensor.Tensor{
					ports.Input: tensor.FromValues(dtype, x, rows, columns), ports.Target: tensor.FromValues(dtype, targets, rows, columns),
				}, Want: []string{ports.Loss, ports.GradInput, ports.GradTarget}})
			}
		}
	}
}

// TestHalfWeights: so they are with weights, upstream gradients, smoothing and several classes, also where
// products of 16-bit numbers lie between two of them.
func TestHalfWeights(t *testing.T) {
	rng := rand.New(rand.NewPCG(16, 16))
	rows, rounds := 40, 400
	if testing.Short() { // make test-long draws more
		rounds = 20
	}
	draw := func(n int, one func() float64) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = one()
		}
		return values
	}
	logit := func() float64 { return rng.NormFloat64() * []float64{1, 8, 60, 5000}[rng.IntN(4)] }
	for range rounds {
		dtype, columns := halves[rng.IntN(2)], 1+rng.IntN(5)
		full := func(one func() float64) tensor.Tensor {
			return tensor.FromValues(dtype, draw(rows*columns, one), rows, columns)
		}
		perClass := func(one func() float64) tensor.Tensor { return tensor.FromValues(dtype, draw(columns, one), columns) }
		weight := func() float64 { return rng.Float64() * 4 }
		for _, module := range ports.ModuleNames() {
			if !slices.Contains(ports.ModuleOf(module).DTypes(), dtype) {
				continue
			}
			upstream := full(rng.NormFloat64)
			if module == ports.MultiLabelSoftMarginLoss || module == ports.CrossEntropyLoss {
				upstream = tensor.FromValues(dtype, draw(rows, rng.NormFloat64), rows)
			}
			call := ports.Call{Module: module, Inputs: map[string]tensor.Tensor{
				ports.Input: full(logit), ports.Target: full(rng.Float64), ports.Weight: perClass(weight), ports.GradOutput: upstream,
			}, Want: []string{ports.Loss, ports.GradInput, ports.GradTarget}}
			switch module {
			case ports.BCELoss:
				call.Inputs[ports.Input] = full(rng.Float64)
			case ports.BCEWithLogitsLoss:
				call.Inputs[ports.PosWeight] = perClass(weight)
			case ports.CrossEntropyLoss:
				smoothing := float64(rng.IntN(3)) / 4
				call.Options.LabelSmoothing = &smoothing
			}
			nearest(t, call)
		}
	}
}
