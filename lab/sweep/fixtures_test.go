package sweep_test

import (
	"math"
	"slices"
	"testing"

	"lossproof/fixtures"
	"lossproof/lab/sweep"
	"lossproof/tensor"
)

// TestOraclesAgreeWithMPMath compares both oracles with the points of the fixtures, which
// mpmath made: every element of an unreduced BCEWithLogitsLoss or BCELoss with a hard target and no weights.
func TestOraclesAgreeWithMPMath(t *testing.T) {
	set, err := fixtures.LoadEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	points := map[string]int{}
	for i := range set.Cases {
		c := &set.Cases[i]
		if !slices.Contains(sweep.Exhaustive(), c.Module) || c.Rejection != nil || len(c.Inputs) != 2 ||
			c.Options.Reduction == nil || *c.Options.Reduction != "none" || c.Options.Reduce != nil || c.Options.SizeAverage != nil {
			continue
		}
		inputs, err := set.Inputs(c)
		if err != nil {
			t.Fatal(err)
		}
		if inputs["input"].DType != inputs["target"].DType {
			continue // the dtype of the output is not that of the input
		}
		for _, name := range []string{"loss", "grad_input"} {
			if _, ok := c.Outputs[name]; !ok {
				continue
			}
			want, err := set.Expected(c, name)
			if err != nil {
				t.Fatal(err)
			}
			if want.Exact == nil {
				continue
			}
			for j, x := range inputs["input"].Float64s() {
				target := inputs["target"].Float64(j)
				exact := want.Exact[j]
				if math.IsNaN(want.Tolerance[j]) || math.IsInf(x, 0) || math.IsNaN(x) || target != 0 && target != 1 {
					continue
				}
				low := 0.0
				if want.ExactLow != nil {
					low = want.ExactLow[j]
				}
				if math.Signbit(exact) {
					exact, low = -exact, -low
				}
				o := sweep.Output{Gradient: name == "grad_input", One: target == 1}
				points[c.Module+" "+string(inputs["input"].DType)]++
				if inputs["input"].DType == tensor.Float32 {
					if d := math.Abs(sweep.Oracle32(c.Module, x, o)-exact) * sweep.InverseULP32(exact); !(d <= sweep.OracleError) {
						t.Errorf("%s#%s[%d] at x=%v: oracle32 is %v, exact %v: %.3g ULP of float32", c.ID, name, j, x, sweep.Oracle32(c.Module, x, o), exact, d)
					}
				}
				// Where low is stored as a float32 number, the pair has 77 bits.
				high, rest := sweep.Precise(c.Module, x, o)
				if inputs["input"].DType == tensor.Float32 {
					rest = 0 // and no low part at all
				}
				if d := math.Abs((high - exact) + (rest - low)); !(d <= exact*0x1p-75+math.SmallestNonzeroFloat64) {
					t.Errorf("%s#%s[%d] at x=%v: precise is %v + %v, exact %v + %v", c.ID, name, j, x, high, rest, exact, low)
				}
			}
		}
	}
	t.Logf("points: %v", points)
	for _, module := range sweep.Exhaustive() {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Float64} {
			if n := points[module+" "+string(d)]; n < 100 {
				t.Errorf("%s %s: got %d points, want at least 100: are the cases still found?", module, d, n)
			}
		}
	}
}
