package suites

import (
	"path"
	"strings"
	"testing"

	"lossproof/internal/diagnosis"
	"lossproof/internal/prose"
	"lossproof/internal/report"
	"lossproof/judge"
	"lossproof/ports"
)

// Check judges a port in a plain go test, with a subtest Module/topic/name for every selected
// check, recorded case or relation:
//
//	func TestConformance(t *testing.T) { suites.Check(t, myPort{}, judge.Options{}) }
//
// It may be called several times in a process, in a t.Run of your own for each port or level. A case
// outside the port's claim is skipped; a case of a quirk logs what differs, and fails only with
// [judge.Options.Quirks]. A subtest "claim" fails where a claim leaves nothing to check.
//
// The first three failing checks of each rule are described in full, the others in a line; -v
// describes all. At the end stands how many checks of which rules fail, what these have in common,
// which known mistakes explain them, and the verdict with what to type next, as lossproof run has it.
func Check(t *testing.T, port ports.Port, options judge.Options) {
	t.Helper()
	var collector *diagnosis.Collector
	observe := options.Observe
	options.Observe = func(c *judge.Check, r judge.CheckResult, exchanges []judge.Exchange) {
		collector.Observe(c, r, exchanges)
		if observe != nil {
			observe(c, r, exchanges)
		}
	}
	j, err := newJudge(t.Context(), port, options)
	if err != nil {
		t.Fatal(err)
	}
	collector = diagnosis.New(j.Fixtures())
	failures := newFailures(testing.Verbose())
	var results []judge.CheckResult
	t.Run("claim", func(t *testing.T) {
		reasons, err := j.Vacuous()
		if err != nil {
			t.Fatal(err)
		}
		if len(reasons) > 0 {
			t.Errorf("nothing is checked:\n%s", strings.Join(reasons, "\n"))
		}
	})
	for _, module := range groupBy(j.Checks(), byModule) {
		t.Run(module.name, func(t *testing.T) {
			for _, topic := range groupBy(module.checks, byTopic) {
				t.Run(topic.name, func(t *testing.T) {
					for _, c := range topic.checks {
						t.Run(path.Base(c.ID), func(t *testing.T) {
							r, err := j.Check(t.Context(), c)
							if err != nil {
								t.Fatal(err)
							}
							results = append(results, r)
							tell(t, r, failures)
						})
					}
				})
			}
		})
	}
	text := summary(results)
	if text == "" {
		return
	}
	result := j.Result()
	for _, r := range results {
		switch r.Kind {
		case judge.Relation:
			result.Relations = append(result.Relations, r)
		case judge.Generated:
			result.Generated = append(result.Generated, r)
		default:
			result.Cases = append(result.Cases, r)
		}
	}
	result = j.Rebase(result, nil)
	if err := collector.Diagnose(t.Context(), port, result); err != nil {
		t.Errorf("diagnosis: %v", err)
	}
	var closing strings.Builder
	if err := report.Closing(&closing, result); err != nil {
		t.Error(err)
	}
	t.Log(text + "\n" + prose.Diagnosis(result) + closing.String())
}

// tell turns a result into that of a test.
func tell(t *testing.T, r judge.CheckResult, failures *failures) {
	t.Helper()
	switch {
	case r.Outcome == judge.Unsupported:
		t.Skip("unsupported: " + r.Message)
	case gates(r):
		t.Error(failures.describe(r))
	case r.Outcome.Failing():
		t.Log("quirk that the port does not have:\n" + failures.describe(r))
	case r.Note != "":
		t.Log(r.Note)
	}
}
