package definition_test

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// TestCounts: a call of rows that come several times has the results and allowances of the call in
// which each of them stands once with its count.
func TestCounts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const rows, classes = 4, 3
	counts := []float64{3, 1, 4, 2}
	for _, module := range ports.ModuleNames() {
		for _, reduction := range []string{"none", "mean", "sum"} {
			values := func(draw func() float64) tensor.Tensor {
				v := make([]float64, rows*classes)
				for i := range v {
					v[i] = draw()
				}
				return tensor.FromValues(tensor.Float64, v, rows, classes)
			}
			call := ports.Call{
				Module: module, Want: []string{ports.Loss, ports.GradInput}, Options: ports.Options{Reduction: &reduction},
				Inputs: map[string]tensor.Tensor{
					ports.Input: values(rng.Float64), ports.Target: values(rng.Float64), ports.Weight: tensor.FromFloat64([]float64{1, 2, 0.5}, classes),
				},
			}
			if !ports.ModuleOf(module).Takes(ports.Weight) {
				delete(call.Inputs, ports.Weight)
			}
			if module == ports.CrossEntropyLoss {
				call.Inputs[ports.Target] = tensor.FromValues(tensor.Int64, []float64{0, 2, 1, -100}, rows)
			}
			all := call
			all.Inputs = maps.Clone(call.Inputs)
			stand := []int{} // for each row of all, the row of call
			for i, n := range counts {
				stand = append(stand, slices.Repeat([]int{i}, int(n))...)
			}
			for _, name := range []string{ports.Input, ports.Target} {
				in := call.Inputs[name]
				each := in.Len() / rows
				var v []float64
				for _, i := range stand {
					v = append(v, in.Float64s()[i*each:(i+1)*each]...)
				}
				shape := slices.Clone(in.Shape)
				shape[0] = len(stand)
				all.Inputs[name] = tensor.FromValues(in.DType, v, shape...)
			}
			counted := definition.Of(module)
			counted.Counts = counts
			if ports.ModuleOf(module).LossOf == ports.OfElement { // a count for each element
				counted.Counts = nil
				for _, n := range counts {
					counted.Counts = append(counted.Counts, slices.Repeat([]float64{n}, classes)...)
				}
			}
			got, err := counted.Exact(call)
			if err != nil {
				t.Fatal(err)
			}
			want, err := definition.Of(module).Exact(all)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range call.Want {
				gotAllowed, err := counted.Allow(call, name)
				if err != nil {
					t.Fatal(err)
				}
				wantAllowed, err := definition.Of(module).Allow(all, name)
				if err != nil {
					t.Fatal(err)
				}
				for i := range want[name].Len() {
					each := want[name].Len() / len(stand)
					at := i
					if each > 0 {
						at = stand[i/each]*each + i%each
					}
					g, gLow := got[name].Pair(at)
					w, wLow := want[name].Pair(i)
					near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Abs(b) }
					tolerance := wantAllowed.Tolerance(i, w)
					if math.Abs((g-w)+(gLow-wLow)) > 0x1p-20*tolerance || !near(gotAllowed.Tolerance(at, g), tolerance) ||
						!near(gotAllowed.Cap(at), wantAllowed.Cap(i)) || !near(gotAllowed.Coefficients(at), wantAllowed.Coefficients(i)) || gotAllowed.MayOverflow(at) != wantAllowed.MayOverflow(i) {
						t.Errorf("%s, %s, %s, element %d: got %v, %v allowed, want %v, %v", module, reduction, name, i, g, gotAllowed.Tolerance(at, g), w, tolerance)
					}
				}
			}
		}
	}
}
