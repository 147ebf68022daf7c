package diagnosis_test

import (
	"slices"
	"strings"
	"testing"

	"lossproof/internal/divergence"
	"lossproof/internal/testports/divergent"
	"lossproof/judge"
	"lossproof/ports"
)

// TestMistakesThatHideOthers: of several mistakes all are named, and no other, though some show beside others alone.
func TestMistakesThatHideOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes ten seconds: make test-long runs it")
	}
	for what, test := range map[string]struct {
		module string
		names  string
	}{
		"a weight that is NaN shows in a mean that does":         {ports.CrossEntropyLoss, "smoothing-swapped nonfinite-weight-zeroed mean-divided-twice"},
		"the bound of the logarithms lies beyond a clip":         {ports.BCELoss, "logs-clamped-at-50 weight-absolute input-clipped-at-1e-10"},
		"a formula as it is typed replaces what another changes": {ports.MultiLabelSoftMarginLoss, "epsilon-eps-in-log gradient-of-the-sum offset-of-log-2"},
		"numbers are off before their bytes are swapped":         {ports.MultiLabelSoftMarginLoss, "sigmoid-twice byte-order-swapped"},
		"what explains most at first is another one":             {ports.BCELoss, "mean-over-positives base-10-logarithm gradient-of-the-sum"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			several, err := divergence.ByNames(strings.Fields(test.names)...)
			if err != nil {
				t.Fatal(err)
			}
			d, ok := divergence.Together(several...)
			if !ok {
				t.Fatalf("%s do not go together", test.names)
			}
			selection := small
			selection.Modules = []string{test.module}
			result, _ := diagnose(t, divergent.Noisy(d.Port()), d.Level, selection)
			var found []string
			for _, c := range result.Causes {
				if c.Kind == judge.KnownMistake && !c.Lead {
					found = append(found, c.Name)
				}
			}
			want := strings.Fields(test.names)
			slices.Sort(found)
			if slices.Sort(want); !slices.Equal(found, want) {
				t.Errorf("named %v, want %v", found, want)
			}
		})
	}
}
