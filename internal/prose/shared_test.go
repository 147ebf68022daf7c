package prose_test

import (
	"slices"
	"strings"
	"testing"

	"lossproof/internal/corpus"
	"lossproof/internal/prose"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/ports"
)

// TestSharedOfAWrongPort: who ignores pos_weight learns it from what the failures share.
func TestSharedOfAWrongPort(t *testing.T) {
	result, err := judge.Run(t.Context(), testports.PosWeightIgnored, judge.Options{
		Fixtures:  corpus.Whole(t),
		Selection: judge.Selection{Select: []string{"BCEWithLogitsLoss/pos_weight/*", "BCEWithLogitsLoss/weights/*", "BCEWithLogitsLoss/shapes/*"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	lines := prose.Shared(result.Cases)
	if len(lines) != 1 || !strings.Contains(lines[0], "failing cases of BCEWithLogitsLoss have pos_weight, as ") {
		t.Errorf("got %q", lines)
	}
}

func TestShared(t *testing.T) {
	// cases returns n cases of one module with an outcome and features.
	cases := func(n int, outcome judge.Outcome, outputs map[string]judge.Outcome, features ...string) []judge.CheckResult {
		r := judge.CheckResult{Module: ports.BCEWithLogitsLoss, Outcome: outcome, Gates: true, Features: features, Outputs: map[string]judge.OutputResult{}}
		for name, o := range outputs {
			r.Outputs[name] = judge.OutputResult{Outcome: o}
		}
		return slices.Repeat([]judge.CheckResult{r}, n)
	}
	gradient := map[string]judge.Outcome{"loss": judge.Pass, "grad_input": judge.Fail, "grad_target": judge.Unsupported}
	both := map[string]judge.Outcome{"loss": judge.Fail, "grad_input": judge.Fail, "grad_target": judge.Unsupported}
	quirks := cases(5, judge.Fail, both, "rank:0")
	for i := range quirks {
		quirks[i].Gates = false
	}
	for _, test := range []struct {
		reason string
		cases  []judge.CheckResult
		want   []string
	}{
		{"nothing fails", cases(9, judge.Pass, nil, "weight"), nil},
		{"two are too few", slices.Concat(cases(2, judge.Fail, both, "weight"), cases(9, judge.Pass, nil)), nil},
		{"all share two, some pass", slices.Concat(cases(2, judge.Fail, both, "weight", "soft_targets", "empty"), cases(1, judge.Crash, both, "weight", "soft_targets"), cases(1, judge.Pass, nil, "weight", "soft_targets"), cases(9, judge.Pass, nil, "empty")),
			[]string{"all 3 failing cases of BCEWithLogitsLoss have weight and soft_targets, as 1 of the 10 that pass do"}},
		{"what a quarter of the passing ones have is ordinary", slices.Concat(cases(3, judge.Fail, both, "weight"), cases(2, judge.Pass, nil, "weight"), cases(6, judge.Pass, nil)), nil},
		{"without passing cases nothing is rare", cases(3, judge.Fail, both, "weight"), nil},
		{"quirks, known failures and the unsupported do not count", slices.Concat(cases(3, judge.Fail, both, "weight"), quirks, cases(9, judge.Unsupported, nil), cases(9, judge.KnownFailure, both), cases(9, judge.Pass, nil)),
			[]string{"all 3 failing cases of BCEWithLogitsLoss have weight, as 0 of the 9 that pass do"}},
		{"one output is wrong", slices.Concat(cases(3, judge.Fail, gradient), cases(9, judge.Pass, nil)), []string{"of BCEWithLogitsLoss, grad_input alone is wrong"}},
		{"not in every case", slices.Concat(cases(3, judge.Fail, gradient), cases(1, judge.Fail, both)), nil},
	} {
		if got := prose.Shared(test.cases); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.reason, got, test.want)
		}
	}
}
