package judge_test

import (
	"testing"

	"lossproof/fixtures"
	"lossproof/judge"
)

// TestFixedGates: an entry of a baseline that is no longer so gates, also beside an output that still
// fails and where the rule is a quirk; without the baseline the result is the raw one again.
func TestFixedGates(t *testing.T) {
	raw := judge.CheckResult{
		ID: "BCELoss/topic/case", Requirement: fixtures.Quirk, Outcome: judge.Fail,
		Outputs: map[string]judge.OutputResult{"loss": {Outcome: judge.Pass}, "grad_input": {Outcome: judge.Fail}},
	}
	known := judge.Baseline{"BCELoss/topic/case#loss": {Outcome: judge.Fail, Reason: "it was so"}}
	applied := known.Apply(raw)
	if !applied.Gates || applied.Outcome != judge.Fail || applied.Outputs["loss"].Outcome != judge.Fixed {
		t.Errorf("got outcome %s, gates %t, loss %s, want fail, true, fixed", applied.Outcome, applied.Gates, applied.Outputs["loss"].Outcome)
	}
	if back := applied.Raw(false); back.Gates || back.Outputs["loss"].Outcome != judge.Pass {
		t.Errorf("raw again: gates %t, loss %s, want false, pass", back.Gates, back.Outputs["loss"].Outcome)
	}
}
