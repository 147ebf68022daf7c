package report

import (
	"lossproof/internal/prose"
	"lossproof/judge"
)

// Failure describes a check that did not pass, and ends with the command that shows the check.
func Failure(r judge.CheckResult) string { return prose.Failure(r, "lossproof show "+r.ID) }

// failing returns the cases that fail the run.
func failing(result *judge.Result) []judge.CheckResult {
	var cases []judge.CheckResult
	for _, r := range result.Cases {
		if r.Outcome.Failing() && (r.Gates || r.Outcome == judge.SuiteError) {
			cases = append(cases, r)
		}
	}
	return cases
}
