package diagnosis_test

import (
	"slices"
	"testing"

	"lossproof/internal/divergence"
	"lossproof/internal/testports/divergent"
	"lossproof/judge"
)

// TestCitedReports replays the public reports that the catalogue cites: a port that makes the mistake which one is about is
// run, in each module in turn, and the diagnosis has to cite the report. Those that say what was returned are
// replayed to the number by internal/divergence.
func TestCitedReports(t *testing.T) {
	every := 120
	switch {
	case full:
		every = 1
	case !testing.Short():
		every = 12
	}
	replayed, at := map[string]bool{}, 0
	for _, d := range divergence.All() {
		for i, link := range d.Met {
			if at++; at%every != 0 {
				continue
			}
			module := d.Modules[i%len(d.Modules)]
			selection := judge.Selection{Modules: []string{module}, Skip: small.Skip}
			if d.Sums {
				selection.Skip = complete.Skip
			}
			result, _ := diagnose(t, divergent.Noisy(d.Port()), d.Level, selection)
			if !slices.ContainsFunc(result.Causes, func(c judge.Cause) bool { return !c.Lead && slices.Contains(c.Met, judge.Link(link)) }) {
				t.Errorf("%s of %s: no cause cites %s: %+v", d.Name, module, link.URL, result.Causes)
			}
			replayed[link.URL] = true
		}
	}
	t.Logf("%d of the links of the catalogue replayed", len(replayed))
	if len(replayed) == 0 {
		t.Error("no link was replayed")
	}
}
