package facts_test

import (
	"math"
	"strings"
	"testing"

	"lossproof/docs/pages/facts"
	"lossproof/fixtures"
	"lossproof/ports"
)

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", math.Copysign(0, -1): "0", 1.13551: "1.136", -1e12: "-1e+12", math.Inf(1): "inf", math.Inf(-1): "-inf", 2.0611536e-9: "2.061e-09",
	} {
		if got := facts.Number(v); got != want {
			t.Errorf("%v: got %q, want %q", v, got, want)
		}
	}
	if got := facts.Number(math.NaN()); got != "nan" {
		t.Errorf("NaN: got %q", got)
	}
	if got := facts.Numbers([]float64{1, 2, 3, 4}); got != "1, 2, 3, …" {
		t.Errorf("got %q", got)
	}
}

func TestInexact(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		r    facts.Recorded
		want bool
	}{
		{facts.Recorded{Torch: 1, Exact: 1.05, Tolerance: 0.1, HasExact: true}, false},
		{facts.Recorded{Torch: 1, Exact: 1.2, Tolerance: 0.1, HasExact: true}, true},
		{facts.Recorded{Torch: nan, Exact: 0, Tolerance: 0.1, HasExact: true}, true},
		{facts.Recorded{Torch: nan, Exact: nan, Tolerance: 0, HasExact: true}, false},
		{facts.Recorded{Torch: inf, Exact: inf, Tolerance: 0, HasExact: true}, false},
		{facts.Recorded{Torch: 0, Exact: inf, Tolerance: 1, HasExact: true}, true},
		{facts.Recorded{Torch: nan}, false},
	} {
		if got := test.r.Inexact(); got != test.want {
			t.Errorf("%+v: got %v", test.r, got)
		}
	}
}

// TestCells reads the post's table, a call that PyTorch refuses, and what there is not.
func TestCells(t *testing.T) {
	set, err := fixtures.LoadEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	const blog, refused = "BCEWithLogitsLoss/blog_example/f32-none", "MultiLabelSoftMarginLoss/rejections/f32-none-0d"
	for _, test := range []struct {
		id, output string
		shape      bool
		want, err  string
	}{
		{blog, ports.Loss, true, "(3, 5): 1.136, 0.4276, 0.1459, …", ""},
		{blog, ports.Loss, false, "1.136, 0.4276, 0.1459, …", ""},
		{refused, ports.Loss, false, "refused: IndexError", ""},
		{blog, ports.GradWeight, false, "", `no output "grad_weight"`},
		{"BCEWithLogitsLoss/blog_example/f32", ports.Loss, false, "", "there is no case"},
	} {
		got, err := facts.Cell(set, test.id, test.output, test.shape)
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s#%s: got %q, %v", test.id, test.output, got, err)
		}
	}
	if r, err := facts.Element(set, "BCEWithLogitsLoss/extreme_logits/f32-none-cancel-float32-t-0", ports.Loss, 17); err != nil || !r.Inexact() || r.Torch != 0 {
		t.Errorf("x = -20: got %+v, %v", r, err)
	}
	if _, err := facts.Element(set, blog, ports.Loss, 15); err == nil || !strings.Contains(err.Error(), "no element 15") {
		t.Errorf("element 15: got %v", err)
	}
	if r, err := facts.Element(set, "BCELoss/extreme_inputs/f32-none-zero-t-1-gradient", ports.GradInput, 0); err != nil || r.HasExact {
		t.Errorf("a gradient without oracle: got %+v, %v", r, err)
	}
}
