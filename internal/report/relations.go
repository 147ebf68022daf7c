package report

import (
	"fmt"
	"strings"

	"lossproof/internal/prose"
	"lossproof/internal/words"
	"lossproof/judge"
)

// relations says how many laws hold, and describes those that do not.
func (t *text) relations(result *judge.Result) {
	if len(result.Relations) == 0 {
		return
	}
	t.printf("\n%s\n", relationSummary(result))
	if t.options.Verbose {
		for _, r := range result.Relations {
			if _, claimed := result.Claim[r.Module]; !claimed {
				continue
			}
			detail := r.Message
			if r.Samples > 0 && r.Outcome == judge.Pass {
				detail = fmt.Sprintf("%s, at most %.2g of what is allowed", plural(r.Samples, "input", "inputs"), float64(r.Headroom))
			}
			t.printf("%-11s  %s  %s\n", r.Outcome, r.ID, line(detail))
		}
	}
	broken := failing(result.Relations)
	if len(broken) == 0 {
		return
	}
	shown := broken
	switch {
	case t.options.Verbose:
	case len(failing(result.Cases)) > 0: // which say more
		shown = nil
	default:
		shown = first(broken, firstFailures)
	}
	t.printf("\n%s\n", t.color(red, words.Of(len(broken), len(result.Relations)-result.Summary.Relations[judge.Unsupported], "relation", "fail")+":"))
	for _, r := range shown {
		t.printf("\n%s\n", prose.Failure(r, relationHint(result, r)))
	}
	if len(shown) > 0 && len(shown) < len(broken) {
		t.printf("\nand %d more (-v describes all of them):\n", len(broken)-len(shown))
	}
	for _, r := range broken[len(shown):] {
		t.printf("  %-55s %s: %s\n", r.ID, r.Outcome, r.Statement)
	}
}

// line returns the first line of a text.
func line(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return first
}

// relationSummary says in a line how many laws were checked, and on what.
func relationSummary(result *judge.Result) string {
	held, inputs := 0, 0
	for _, r := range result.Relations {
		inputs += r.Samples
		if r.Outcome == judge.Pass {
			held++
		}
	}
	if n := result.Summary.Relations[judge.Unsupported]; n == len(result.Relations) {
		return "relations: none of the laws was checked: " + reasonsOutside(result)
	}
	text := fmt.Sprintf("relations: %s, on %s generated from seed %d (--seed %d asks the same)",
		words.Of(held, len(result.Relations)-result.Summary.Relations[judge.Unsupported], "law", "hold"), plural(inputs, "input", "inputs"), result.Seed, result.Seed)
	for _, outcome := range judge.Outcomes {
		if n := result.Summary.Relations[outcome]; n > 0 && outcome != judge.Pass && outcome != judge.Fail {
			text += fmt.Sprintf("; %s: %d", outcome, n)
		}
	}
	if n := result.Summary.Relations[judge.Unsupported]; n > 0 {
		text += fmt.Sprintf(" (%s)", reasonsOutside(result))
	}
	return text
}

// reasonsOutside lists why relations were not checked, with how many.
func reasonsOutside(result *judge.Result) string {
	counts := map[string]int{}
	var reasons []string
	for _, r := range result.Relations {
		if r.Outcome == judge.Unsupported {
			if counts[r.Message] == 0 {
				reasons = append(reasons, r.Message)
			}
			counts[r.Message]++
		}
	}
	text := ""
	for i, reason := range reasons {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s: %d", reason, counts[reason])
	}
	return text
}

// relations writes the laws that do not hold.
func (m *markdown) relations(result *judge.Result) {
	if len(result.Relations) == 0 {
		return
	}
	m.add("\n### Relations\n\n" + escape(relationSummary(result)) + ".\n")
	failing := failing(result.Relations)
	for i, r := range failing {
		if i == maxRulesShown {
			m.add(fmt.Sprintf("\nand %s.\n", plural(len(failing)-i, "more relation", "more relations")))
			break
		}
		m.add(fmt.Sprintf("\n#### %s (%s)\n\n%s\n\n", r.Rule, r.Requirement, escape(r.Statement)))
		m.add(fence(prose.Failure(r, relationHint(result, r))))
	}
}
