package suites

import (
	"fmt"
	"slices"
	"strings"

	"lossproof/internal/prose"
	"lossproof/internal/words"
	"lossproof/judge"
)

// inFull is the number of failing checks of each rule that are described in full.
const inFull = 3

// failures describes failing checks, the later ones of a rule in one line.
type failures struct {
	all    bool
	byRule map[string]int
}

func newFailures(all bool) *failures {
	return &failures{all: all, byRule: map[string]int{}}
}

// describe says what is wrong with a check, and where to look.
func (f *failures) describe(r judge.CheckResult) string {
	f.byRule[r.Rule]++
	if n := f.byRule[r.Rule]; n > inFull && !f.all {
		return prose.Line(r)
	}
	return prose.Failure(r, "in a clone of lossproof: go run ./cmd/lossproof show "+r.ID)
}

// nouns count the checks of a kind, as lossproof run does.
var nouns = map[judge.Kind]string{judge.Case: "case", judge.Relation: "law", judge.Generated: string(judge.Generated)}

// summary counts the failing checks that gate by rule, and says what they share. It is
// empty where none fails.
func summary(results []judge.CheckResult) string {
	counts, total := map[string]int{}, 0
	failing, all := map[judge.Kind]int{}, map[judge.Kind]int{}
	requirement := map[string]string{}
	for _, r := range results {
		if r.Gates && r.Outcome != judge.Unsupported && r.Outcome != judge.NotRun {
			all[r.Kind]++
		}
		if gates(r) {
			failing[r.Kind]++
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
	parts := make([]string, 0, 2)
	for _, kind := range []judge.Kind{judge.Case, judge.Relation, judge.Generated} {
		if failing[kind] > 0 {
			parts = append(parts, words.Of(failing[kind], all[kind], nouns[kind], "fail"))
		}
	}
	fmt.Fprintf(&b, "%s, by rule:", strings.Join(parts, ", "))
	for _, rule := range rules {
		fmt.Fprintf(&b, "\n  %-30s %-6s %d", rule, requirement[rule], counts[rule])
	}
	for _, line := range prose.Shared(results) {
		b.WriteString("\n" + line)
	}
	return b.String()
}

// gates reports whether a check fails its test.
func gates(r judge.CheckResult) bool {
	return r.Outcome == judge.SuiteError || r.Outcome.Gating() && r.Gates
}
