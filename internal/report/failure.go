package report

import (
	"lossproof/internal/prose"
	"lossproof/judge"
)

// Failure describes a check that did not pass, and ends with the command that shows the check.
func Failure(r judge.CheckResult) string { return prose.Failure(r, "lossproof show "+r.ID) }

// failing returns the checks that fail the run.
func failing(checks []judge.CheckResult) []judge.CheckResult {
	var list []judge.CheckResult
	for _, r := range checks {
		if r.Outcome.Failing() && (r.Gates || r.Outcome == judge.SuiteError) {
			list = append(list, r)
		}
	}
	return list
}
