package prose_test

import (
	"testing"

	"lossproof/internal/prose"
	"lossproof/judge"
)

// TestDiagnosisTitle: names and conditions, which have commas, are told apart.
func TestDiagnosisTitle(t *testing.T) {
	named, high := judge.Cause{Name: "some-mistake"}, judge.Cause{Condition: "where the logit is 9 or more, in loss"}
	low, lead := judge.Cause{Condition: "where the logit is -9 or less"}, judge.Cause{Name: "another", Lead: true}
	for want, causes := range map[string][]judge.Cause{
		"no known mistake":                          {},
		"no known mistake; a lead: another":         {lead, {Lead: true}},
		"some-mistake, and 2 that nobody has named": {named, high, low, named},
		"no known mistake, where the logit is 9 or more, in loss; no known mistake, where the logit is -9 or less": {high, low},
	} {
		if got := prose.DiagnosisTitle(causes); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
