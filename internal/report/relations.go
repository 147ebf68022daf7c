package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lossproof/internal/halves"
	"lossproof/internal/prose"
	"lossproof/internal/words"
	"lossproof/judge"
	"lossproof/tensor"
)

// asking are the checks of a kind whose calls are generated, and the noun that counts them.
type asking struct {
	noun    string
	results []judge.CheckResult
	// title is that of a section, summary says in a line what was checked, and on what; inputs count what.
	title, summary string
	inputs         [2]string
}

// askingKinds are the kinds of checks whose calls are generated, those that were selected.
func askingKinds(result *judge.Result) []asking {
	var kinds []asking
	if len(result.Relations) > 0 {
		kinds = append(kinds, asking{"law", result.Relations, "Relations", relationSummary(result), [2]string{"input", "inputs"}})
	}
	drawn, every := drawnAndEvery(result)
	if len(drawn) > 0 {
		kinds = append(kinds, asking{string(judge.Generated), drawn, "Generated checks", generatedSummary(result, drawn), [2]string{"call", "calls"}})
	}
	if summary := everySummary(result, every); summary != "" {
		kinds = append(kinds, asking{string(judge.Generated), every, "Every input of 16 bits", summary, [2]string{"call", "calls"}})
	}
	return kinds
}

// asking says how many checks of a kind pass, and describes those that do not.
func (t *text) asking(result *judge.Result, a asking) {
	t.printf("\n%s\n", a.summary)
	if t.options.Verbose {
		for _, r := range a.results {
			if r.Outcome == judge.Unsupported {
				continue
			}
			detail := r.Message
			if r.Samples > 0 && r.Outcome == judge.Pass {
				detail = fmt.Sprintf("%s, at most %.2g of what is allowed", words.Plural(r.Samples, a.inputs[0], a.inputs[1]), float64(r.Headroom))
			}
			t.printf("%-11s  %s  %s\n", r.Outcome, r.ID, line(detail))
		}
	}
	broken := failing(a.results)
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
	t.printf("\n%s\n", t.color(red, words.Of(len(broken), asked(a.results), a.noun, "fail")+":"))
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
	c := claimedOf(result, result.Relations)
	if c.asked() == 0 {
		return "relations: none of the laws was checked: " + tally(c.reasons)
	}
	return fmt.Sprintf("relations: %s, on %s generated from %s (--seed %d asks the same)",
		words.Of(c.counts[judge.Pass], c.asked(), "law", "hold"), words.Plural(c.inputs, "input", "inputs"), result.SeedFrom.String(result.Seed), result.Seed) + c.others()
}

// generatedSummary says in a line how much the generated checks of the claimed modules asked, and of
// which size.
func generatedSummary(result *judge.Result, drawn []judge.CheckResult) string {
	c := claimedOf(result, drawn)
	if c.asked() == 0 {
		return "generated checks: none was made: " + tally(c.reasons)
	}
	return fmt.Sprintf("generated checks: %s, on %s of %d elements drawn from %s, the largest %s (--effort %s)",
		words.Of(c.counts[judge.Pass], c.asked(), "generated check", "pass"),
		words.Plural(c.inputs, "call", "calls"), c.elements, result.SeedFrom.String(result.Seed), tensor.FormatShape(c.largest), result.Effort) + c.others()
}

// drawnAndEvery tells the generated checks whose calls are drawn from those of every input of 16 bits.
func drawnAndEvery(result *judge.Result) (drawn, every []judge.CheckResult) {
	for _, r := range result.Generated {
		if r.Topic == halves.Topic {
			every = append(every, r)
		} else {
			drawn = append(drawn, r)
		}
	}
	return drawn, every
}

// everySummary says at how many inputs of 16 bits the results are right, a line for each module and
// dtype that was asked; it is "" where none was.
func everySummary(result *judge.Result, every []judge.CheckResult) string {
	text := ""
	for _, r := range every {
		if e := r.Every; e != nil && e.Inputs > 0 {
			text += fmt.Sprintf("\nevery %s of %s, at the targets 0, 1 and 0.3: %d of %d %s right, %d correctly rounded",
				e.DType, r.Module, e.Right, e.Inputs, e.Of, e.Nearest)
		}
	}
	if text == "" {
		return ""
	}
	return text[1:] + claimedOf(result, every).unasked()
}

// claimed counts the checks of claimed modules.
type claimed struct {
	of, inputs, elements int
	largest              []int
	counts               map[judge.Outcome]int
	// reasons say why checks were not made.
	reasons []string
}

func claimedOf(result *judge.Result, checks []judge.CheckResult) claimed {
	c := claimed{counts: map[judge.Outcome]int{}}
	most := -1
	for _, r := range checks {
		if _, claimed := result.Claim[r.Module]; !claimed {
			continue
		}
		c.of, c.inputs, c.elements = c.of+1, c.inputs+r.Samples, c.elements+r.Elements
		c.counts[r.Outcome]++
		if r.Outcome == judge.Unsupported || r.Outcome == judge.NotRun {
			c.reasons = append(c.reasons, r.Message)
		}
		if n, err := tensor.Count(r.Largest); r.Elements > 0 && err == nil && n > most {
			most, c.largest = n, r.Largest
		}
	}
	return c
}

// asked counts those that were asked.
func (c claimed) asked() int { return c.of - c.counts[judge.Unsupported] - c.counts[judge.NotRun] }

// unasked counts the outcomes of checks that were to be made, and were not.
func (c claimed) unasked() string {
	delete(c.counts, judge.Unsupported)
	return c.others()
}

// others counts the checks that neither pass nor fail, and says why some were not asked.
func (c claimed) others() string {
	text := ""
	for _, outcome := range judge.Outcomes {
		if n := c.counts[outcome]; n > 0 && outcome != judge.Pass && outcome != judge.Fail {
			text += fmt.Sprintf("; %s: %d", outcome, n)
		}
	}
	if len(c.reasons) > 0 {
		text += " (" + tally(c.reasons) + ")"
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

// asking writes the checks of a kind that fail.
func (m *markdown) asking(result *judge.Result, a asking) {
	m.add("\n### " + a.title + "\n\n" + escape(a.summary) + ".\n")
	broken := failing(a.results)
	if len(broken) == 0 {
		return
	}
	m.details(words.Of(len(broken), asked(a.results), a.noun, "fail"), func() {
		for i, r := range broken {
			if i == maxRulesShown {
				more := "more " + a.noun
				m.add(fmt.Sprintf("\nand %s.\n", words.Plural(len(broken)-i, more, more+"s")))
				break
			}
			m.add(fmt.Sprintf("#### %s (%s)\n\n%s\n\n", escape(r.Rule), r.Requirement, escape(r.Statement)))
			m.add(fence(prose.Failure(r, relationHint(result, r))) + "\n")
		}
	})
}
