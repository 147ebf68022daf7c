package divergence_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"lossproof/internal/divergence"
	"lossproof/ports"
	"lossproof/tensor"
)

// TestTogether: mistakes that are put together show each, and those that exclude each other panic nowhere.
func TestTogether(t *testing.T) {
	mean := "mean"
	call := ports.Call{Module: ports.BCEWithLogitsLoss, Options: ports.Options{Reduction: &mean}, Want: []string{ports.Loss}, Inputs: map[string]tensor.Tensor{
		ports.Input: tensor.FromFloat64([]float64{0, 0}, 2), ports.Target: tensor.FromFloat64([]float64{1, 0}, 2), ports.Weight: tensor.FromFloat64([]float64{3, 3}, 2),
	}}
	loss := func(names ...string) float64 {
		t.Helper()
		several, err := divergence.ByNames(names...)
		if err != nil {
			t.Fatal(err)
		}
		d, ok := divergence.Together(several...)
		if !ok {
			t.Fatalf("%v cannot be put together", names)
		}
		return d.Evaluate(call).Outputs[ports.Loss].Float64(0)
	}
	right := loss()
	for name, want := range map[string]float64{"mean-is-sum": 2, "weight-twice": 3, "log-likelihood": -1} {
		if got := loss(name); math.Abs(got-want*right) > 1e-12 {
			t.Errorf("%s: got %v, want %v times %v", name, got, want, right)
		}
	}
	if got := loss("mean-is-sum", "weight-twice", "log-likelihood"); math.Abs(got+6*right) > 1e-12 {
		t.Errorf("together: got %v, want -6 times %v", got, right)
	}
	zeros, _ := divergence.ByName("zeros")
	if _, ok := divergence.Together(zeros, zeros); ok {
		t.Error("what computes nothing can be put together")
	}
	random := rand.New(rand.NewPCG(1, 1))
	all := divergence.All()
	none := "none"
	call.Options.Reduction, call.Want = &none, []string{ports.Loss, ports.GradInput}
	for range 400 {
		if d, ok := divergence.Together(all[random.IntN(len(all))], all[random.IntN(len(all))], all[random.IntN(len(all))]); ok && d.Of(call.Module) {
			d.Evaluate(call)
			_, _ = d.Allow(call, ports.Loss)
		}
	}
}
