package mutants

import (
	"math"
	"testing"

	"lossproof/fixtures"
	"lossproof/tensor"
)

// TestKindOf: what passes without a reason is an error.
func TestKindOf(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		got, reference, exact, tolerance float64
		overflow                         bool
		want                             Kind
	}{
		{0, 0, 0, 0, false, Zero},
		{0, 1e-9, 0, 1e-9, false, Zero},
		{0, 1e-9, 1e-9, 1e-8, false, Small},
		{0, nan, nan, 1, false, ""},
		{nan, nan, 1, 1, false, NaN},
		{nan, 1, 1, 1, false, ""},
		{nan, 1, 1, 1, true, Overflow},
		{inf, inf, inf, 1, false, Infinite},
		{inf, 1, 1, 1, false, ""},
		{inf, 1, 1, 1, true, Overflow},
		{inf, 1, inf, nan, false, ""}, // there is no oracle
		{3, 3, 3, 1, false, Coincidence},
		{3, inf, inf, 1, false, ""},
	} {
		want := fixtures.Expected{
			Reference: tensor.FromFloat64([]float64{test.reference}, 1), Exact: []float64{test.exact}, Tolerance: []float64{test.tolerance},
			MayOverflow: []bool{test.overflow},
		}
		got, err := kindOf(test.got, 0, want)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%+v: got %q, %v", test, got, err)
		}
	}
}
