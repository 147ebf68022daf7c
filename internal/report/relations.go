package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
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
		broken = plainestFirst(broken)
		shown = first(broken, firstFailures)
	}
	t.printf("\n%s\n", t.color(red, words.Of(len(broken), asked(result.Relations), "relation", "fail")+":"))
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

// relationSummary says in a line how many laws of the claimed modules were checked, and on what.
func relationSummary(result *judge.Result) string {
	inputs, of, reasons, counts := 0, 0, []string{}, map[judge.Outcome]int{}
	for _, r := range result.Relations {
		if _, claimed := result.Claim[r.Module]; !claimed {
			continue
		}
		of, inputs = of+1, inputs+r.Samples
		counts[r.Outcome]++
		if r.Outcome == judge.Unsupported {
			reasons = append(reasons, r.Message)
		}
	}
	unsupported := counts[judge.Unsupported]
	if unsupported == of {
		return "relations: none of the laws was checked: " + tally(reasons)
	}
	text := fmt.Sprintf("relations: %s, on %s generated from seed %d (--seed %d asks the same)",
		words.Of(counts[judge.Pass], of-unsupported, "law", "hold"), plural(inputs, "input", "inputs"), result.Seed, result.Seed)
	for _, outcome := range judge.Outcomes {
		if n := counts[outcome]; n > 0 && outcome != judge.Pass && outcome != judge.Fail {
			text += fmt.Sprintf("; %s: %d", outcome, n)
		}
	}
	if unsupported > 0 {
		text += " (" + tally(reasons) + ")"
	}
	return text
}

// tally lists texts with how often each of them stands there, the most frequent first.
func tally(texts []string) string {
	counts := map[string]int{}
	for _, text := range texts {
		counts[text]++
	}
	different := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for i, text := range different {
		different[i] = fmt.Sprintf("%s: %d", text, counts[text])
	}
	return strings.Join(different, ", ")
}

// relations writes the laws that do not hold.
func (m *markdown) relations(result *judge.Result) {
	if len(result.Relations) == 0 {
		return
	}
	m.add("\n### Relations\n\n" + escape(relationSummary(result)) + ".\n")
	broken := failing(result.Relations)
	if len(broken) == 0 {
		return
	}
	m.details(words.Of(len(broken), asked(result.Relations), "relation", "fail"), func() {
		for i, r := range broken {
			if i == maxRulesShown {
				m.add(fmt.Sprintf("\nand %s.\n", plural(len(broken)-i, "more relation", "more relations")))
				break
			}
			m.add(fmt.Sprintf("#### %s (%s)\n\n%s\n\n", escape(r.Rule), r.Requirement, escape(r.Statement)))
			m.add(fence(prose.Failure(r, relationHint(result, r))) + "\n")
		}
	})
}
