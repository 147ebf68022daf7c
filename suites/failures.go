package suites

import (
	"fmt"
	"slices"
	"strings"

	"lossproof/judge"
	"lossproof/report"
)

// inFull is the number of failing cases of each rule that are described in full.
const inFull = 3

// failures describes failing cases, the later ones of a rule in one line.
type failures struct {
	all    bool
	byRule map[string]int
}

func newFailures(c config) *failures {
	return &failures{all: c.allMessages, byRule: map[string]int{}}
}

// describe says what is wrong with a case, and where to look.
func (f *failures) describe(r judge.CaseResult) string {
	f.byRule[r.Rule]++
	if n := f.byRule[r.Rule]; n > inFull && !f.all {
		return report.Line(r)
	}
	return report.FailureWithHint(r, "in a clone of lossproof: go run ./cmd/lossproof show "+r.ID)
}

// summary counts the failing cases that gate by rule, and says what they share. It is
// empty where none fails.
func summary(results []judge.CaseResult) string {
	counts, total := map[string]int{}, 0
	requirement := map[string]string{}
	for _, r := range results {
		if gates(r) {
			counts[r.Rule]++
			requirement[r.Rule] = string(r.Requirement)
			total++
		}
	}
	if total == 0 {
		return ""
	}
	rules := make([]string, 0, len(counts))
	for rule := range counts {
		rules = append(rules, rule)
	}
	slices.SortFunc(rules, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a] // the largest count comes first
		}
		return strings.Compare(a, b)
	})
	var b strings.Builder
	fmt.Fprintf(&b, "%d of the %d cases fail, by rule:", total, len(results))
	for _, rule := range rules {
		fmt.Fprintf(&b, "\n  %-30s %-6s %d", rule, requirement[rule], counts[rule])
	}
	for _, line := range judge.Shared(results) {
		b.WriteString("\n" + line)
	}
	return b.String()
}

// gates reports whether a case fails its test.
func gates(r judge.CaseResult) bool {
	return r.Outcome == judge.SuiteError || r.Outcome.Failing() && r.Gates
}
