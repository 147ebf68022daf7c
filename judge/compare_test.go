package judge

import (
	"testing"

	"lossproof/fixtures"
	"lossproof/judge/verdict"
	"lossproof/tensor"
)

// TestCompareIsASuiteError where what is expected does not fit together.
func TestCompareIsASuiteError(t *testing.T) {
	got := tensor.FromFloat32([]float32{1, 2}, 2)
	want := fixtures.Expected{Reference: got, Parity: []float64{0}}
	if r := compare(got, want, verdict.Parity, nil); r.Outcome != SuiteError || r.Message == "" {
		t.Errorf("got %+v", r)
	}
}
