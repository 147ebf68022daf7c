package definition_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"lossproof/fixtures"
	"lossproof/internal/definition"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// eachCase goes through the cases, one in ten of them with -short.
func eachCase(t *testing.T, f func(set *fixtures.Set, c *fixtures.Case, call ports.Call)) {
	t.Helper()
	set, err := fixtures.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for k := range set.Cases {
		if testing.Short() && k%10 != 0 {
			continue
		}
		c := &set.Cases[k]
		inputs, err := set.Inputs(c)
		if err != nil {
			t.Fatal(err)
		}
		f(set, c, ports.Call{Module: c.Module, Options: c.Options, Inputs: inputs, Want: c.OutputNames()})
	}
}

// far is how far below the tolerance the two oracles agree, and how small the bound of ours is.
const far = 0x1p-20

// TestFixtures holds the exact results, the tolerances, the parities and what may overflow to those
// that the generator computed with mpmath and NumPy: every element of every output.
func TestFixtures(t *testing.T) {
	elements, failures := 0, 0
	eachCase(t, func(set *fixtures.Set, c *fixtures.Case, call ports.Call) {
		if c.Rejection != nil {
			return
		}
		l := definition.Of(c.Module)
		exact, err := l.Exact(call)
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			return
		}
		for _, name := range call.Want {
			want, err := set.Expected(c, name)
			if err != nil {
				t.Fatal(err)
			}
			allowance, err := l.Allow(call, name)
			if err != nil {
				t.Errorf("%s#%s: %v", c.ID, name, err)
				continue
			}
			compare(output{exact[name], allowance, want}, func(format string, args ...any) {
				if failures++; failures <= 20 {
					t.Errorf(c.ID+"#"+name+": "+format, args...)
				}
			})
			elements += want.Reference.Len()
		}
	})
	if failures > 20 {
		t.Errorf("and %d more", failures-20)
	}
	if elements == 0 {
		t.Error("there are no elements")
	}
}

// output is an output as it was computed here, and in the fixtures.
type output struct {
	exact     definition.Exact
	allowance *definition.Allowance
	want      fixtures.Expected
}

func compare(o output, bad func(format string, args ...any)) {
	want := o.want
	if reference := want.Reference; o.exact.DType != reference.DType || !tensor.SameShape(o.exact.Shape, reference.Shape) ||
		o.allowance.DType != reference.DType || !tensor.SameShape(o.allowance.Shape, reference.Shape) {
		bad("got %s %v and %s %v, want %s %v", o.exact.DType, o.exact.Shape, o.allowance.DType, o.allowance.Shape, reference.DType, reference.Shape)
		return
	}
	for i := range want.Reference.Len() {
		if got := o.allowance.Parity(i, want.Reference.Float64(i)); !isNarrowed(want.Parity[i], got) {
			bad("parity[%d]: got %v, want %v", i, got, want.Parity[i])
		}
		known := want.Exact != nil && !math.IsNaN(want.Tolerance[i])
		if known != o.allowance.Known(i) {
			bad("element %d: has an oracle: got %t, want %t", i, !known, known)
		}
		if !known {
			continue
		}
		if got := o.allowance.Tolerance(i, want.Exact[i]); !isNarrowed(want.Tolerance[i], got) {
			bad("tolerance[%d]: got %v, want %v", i, got, want.Tolerance[i])
		}
		if may := want.MayOverflow != nil && want.MayOverflow[i]; may != o.allowance.MayOverflow(i) {
			bad("element %d: may overflow: got %t, want %t", i, !may, may)
		}
		compareExact(o, i, bad)
	}
}

func compareExact(o output, i int, bad func(format string, args ...any)) {
	got, gotLow := o.exact.Pair(i)
	e, low := o.want.Exact[i], 0.0
	if o.want.ExactLow != nil {
		low = o.want.ExactLow[i]
	}
	if math.IsNaN(e) || math.IsInf(e, 0) {
		if got != e && !(math.IsNaN(e) && math.IsNaN(got)) {
			bad("exact[%d]: got %v, want %v", i, got, e)
		}
		return
	}
	if o.want.Reference.DType != tensor.Float64 { // the fixtures have no low part
		if !(math.Abs(got-e) <= o.exact.Bound(i)+math.Abs(e)*0x1p-52) {
			bad("exact[%d]: got %v, want %v", i, got, e)
		}
		return
	}
	// A low part that is stored as float32 ends 2^-77 below the high one.
	d, bound, tolerance := math.Abs((got-e)+(gotLow-low)), o.exact.Bound(i), o.want.Tolerance[i]
	if !(d <= bound+math.Abs(e)*0x1p-76+0x1p-1074) || !(d <= tolerance*far) {
		bad("exact[%d]: got %v + %v, want %v + %v, with a bound of %v and a tolerance of %v", i, got, gotLow, e, low, bound, tolerance)
	}
	if !(bound <= max(tolerance*far, math.Abs(e)*0x1p-80)) {
		bad("exact[%d]: its bound is %v, with a tolerance of %v", i, bound, tolerance)
	}
}

// isNarrowed reports whether a tolerance of the fixtures, which may be rounded up to float32, is
// that one.
func isNarrowed(stored, v float64) bool {
	if stored == v || math.IsNaN(stored) && math.IsNaN(v) {
		return true
	}
	const rounding = 32 * math.SmallestNonzeroFloat64 // of products below the normal numbers
	return stored >= v*(1-1e-12)-rounding && stored <= v*(1+0x1p-22)+rounding
}

// TestEvaluate: the definition in float64 is right in all cases at all levels, and refuses what
// PyTorch refuses.
func TestEvaluate(t *testing.T) {
	eachCase(t, func(set *fixtures.Set, c *fixtures.Case, call ports.Call) {
		if rule, err := set.Rule(c.Rule); err != nil || rule.Requirement == fixtures.Quirk {
			return
		}
		answer := definition.Of(c.Module).Evaluate(call)
		if (answer.Rejected != nil) != (c.Rejection != nil) {
			t.Errorf("%s: rejected: got %v, want %v", c.ID, answer.Rejected, c.Rejection)
			return
		}
		for _, name := range call.Want {
			want, err := set.Expected(c, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, level := range []verdict.Level{verdict.Exact, verdict.Parity} {
				if r := verdict.Compare(answer.Outputs[name], want); !r.Pass(level) {
					t.Errorf("%s#%s: %s", c.ID, name, r.Message(level))
				}
			}
		}
	})
}

// TestConstants: the constants are those that the fixtures name.
func TestConstants(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "fixtures", "data", "tolerances.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		K                 struct{ Base float64 }
		EtaParityFactor   float64 `json:"eta_parity_factor"`
		ParityFloorFactor float64 `json:"parity_floor_factor"`
		Vanished          float64
		Cap               struct{ Loss, Gradient float64 }
		DTypes            map[tensor.DType]struct {
			Eps               float64
			SmallestSubnormal float64 `json:"smallest_subnormal"`
			ATol, RTol        float64
		}
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	got := definition.Constants()
	for _, dtype := range []tensor.DType{tensor.Float32, tensor.Float64} {
		f, w := dtype.Format(), want.DTypes[dtype]
		if f.Eps() != w.Eps || f.SmallestSubnormal() != w.SmallestSubnormal || got.Close[dtype] != [2]float64{w.ATol, w.RTol} {
			t.Errorf("%s: got %v, %v and %v, want %v", dtype, f.Eps(), f.SmallestSubnormal(), got.Close[dtype], w)
		}
	}
	constants := []float64{got.K, got.Floor, got.Eta, got.LossCap, got.GradientCap, got.Vanished}
	if w := []float64{want.K.Base, want.ParityFloorFactor, want.EtaParityFactor, want.Cap.Loss, want.Cap.Gradient, want.Vanished}; !slices.Equal(constants, w) {
		t.Errorf("got %v, want %v", constants, w)
	}
}
