package snippets

import (
	"math"
	"testing"

	"lossproof/ports"
	"lossproof/tensor"
)

// TestFill: a snippet of a port has the numbers of the call, and no line about what the call lacks.
func TestFill(t *testing.T) {
	mean := "mean"
	call := ports.Call{Module: ports.BCELoss, Options: ports.Options{Reduction: &mean}, Inputs: map[string]tensor.Tensor{
		ports.Input: tensor.FromFloat32([]float32{0.5, 1}, 2, 1), ports.Target: tensor.FromFloat64([]float64{0, 1}, 2, 1),
	}}
	const snippet = "options = {}\noptions[\"weight\"] = {weight}\noptions[\"reduction\"] = \"{reduction}\"\nloss({input}, {target}, {target_dtype}, **options)\n"
	const want = "options = {}\noptions[\"reduction\"] = \"mean\"\nloss([[0.5], [1.0]], [[0.0], [1.0]], float64, **options)"
	if got := Fill(snippet, call); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	nan := math.NaN()
	if got := Fill("f({label_smoothing})", ports.Call{Options: ports.Options{LabelSmoothing: &nan}}); got != "f(nan)" {
		t.Errorf("got %q for NaN", got)
	}
	call.Inputs[ports.Input] = tensor.FromFloat32(make([]float32, MaxLiteral+1), MaxLiteral+1)
	if got := Fill(snippet, call); got != "" {
		t.Errorf("got %q for a call that is too large to be written", got)
	}
}
