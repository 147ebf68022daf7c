package resolution

import (
	"strings"
	"testing"

	"lossproof/fixtures"
	"lossproof/internal/corpus"
	"lossproof/judge/verdict"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

// TestPassing: the part that passes is the tolerance's power of ten, and 0 where the smallest fails.
func TestPassing(t *testing.T) {
	for _, test := range []struct{ tolerance, want float64 }{{5, 1}, {0.25, 0.1}, {2.5e-3, 1e-3}, {2.5e-9, 1e-9}, {0, 1e-16}} {
		got := tensor.FromValues(tensor.Float64, []float64{2, 1}, 2)
		want := fixtures.Expected{Reference: got, Parity: []float64{test.tolerance, 1}, Exact: []float64{2, 1}, Tolerance: []float64{test.tolerance, 1}}
		for _, level := range []verdict.Level{verdict.Parity, verdict.Exact} {
			if e := passing(got, want, level); e != test.want {
				t.Errorf("a tolerance of %g at %s: got %g, want %g", test.tolerance, level, e, test.want)
			}
		}
	}
}

// TestOf: every topic of numbers has a row, in which half of the outputs show an error in the fifth digit, and
// exact sees no less than parity.
func TestOf(t *testing.T) {
	set := corpus.Small(t)
	var cases []*fixtures.Case
	for i := range set.Cases {
		cases = append(cases, &set.Cases[i])
	}
	rows, err := Of(t.Context(), builtin.Port{}, set, cases)
	if err != nil || len(rows) < 30 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		if r.DType != tensor.Float32 && r.DType != tensor.Float64 {
			continue
		}
		if r.Outputs == 0 || r.Parity.Median > 1e-5 || r.Parity.Median < r.Exact.Median || r.Parity.Worst < r.Parity.Median || r.Parity.At == "" {
			t.Errorf("%+v", r)
		}
	}
	var b strings.Builder
	if Write(&b, rows); strings.Count(b.String(), "\n") != len(rows)+3 || !strings.Contains(b.String(), "\nCrossEntropyLoss ") {
		t.Errorf("got\n%s", b.String())
	}
}
