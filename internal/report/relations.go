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

// askingKinds are the kinds of checks whose calls are generated, those that were selected of claimed modules.
func askingKinds(result *judge.Result) []asking {
	var kinds []asking
	if c := claimedOf(result, result.Relations); c.of > 0 {
		kinds = append(kinds, asking{"law", result.Relations, "Laws", relationSummary(result, c), [2]string{"input", "inputs"}})
	}
	if c := claimedOf(result, result.Generated); c.of > 0 {
		kinds = append(kinds, asking{string(judge.Generated), result.Generated, "Generated checks", generatedSummary(result, c), [2]string{"call", "calls"}})
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
func relationSummary(result *judge.Result, c claimed) string {
	if c.asked() == 0 {
		return "laws: none was checked: " + tally(slices.Concat(c.reasons[judge.Unsupported], c.reasons[judge.NotRun]))
	}
	return fmt.Sprintf("laws: %s, on %s generated from %s (--seed %d asks the same)",
		words.Of(c.passes(), c.asked(), "", "hold"), words.Plural(c.inputs, "input", "inputs"), result.SeedFrom.String(result.Seed), result.Seed) + c.others()
}

// generatedSummary says how many generated checks of the claimed modules pass, how much those asked that draw their calls, and of
// which size; and at how many inputs of 16 bits the results are right, a line for each module and dtype.
func generatedSummary(result *judge.Result, c claimed) string {
	if c.asked() == 0 {
		return "generated checks: none was made: " + tally(slices.Concat(c.reasons[judge.Unsupported], c.reasons[judge.NotRun]))
	}
	text := "generated checks: " + words.Of(c.passes(), c.asked(), "", "pass")
	if c.inputs > 0 {
		text += fmt.Sprintf(", on %s of %d elements drawn from %s, the largest %s (--effort %s)",
			words.Plural(c.inputs, "call", "calls"), c.elements, result.SeedFrom.String(result.Seed), tensor.FormatShape(c.largest), result.Effort)
	}
	if len(c.every) > 0 {
		text += ", and on every input of 16 bits"
	}
	text += c.others()
	for _, r := range c.every {
		text += fmt.Sprintf("\nevery %s of %s, at the targets 0, 1 and 0.3: %d of %d %s right, %d correctly rounded",
			r.Every.DType, r.Module, r.Every.Right, r.Every.Inputs, r.Every.Of, r.Every.Nearest)
	}
	return text
}

// claimed counts the checks of claimed modules.
type claimed struct {
	of, inputs, elements int
	largest              []int
	counts               map[judge.Outcome]int
	// every are the checks of all inputs of 16 bits that were made: what they asked is in no other count.
	every []judge.CheckResult
	// reasons say why checks were not made, by outcome.
	reasons map[judge.Outcome][]string
}

func claimedOf(result *judge.Result, checks []judge.CheckResult) claimed {
	c := claimed{counts: map[judge.Outcome]int{}, reasons: map[judge.Outcome][]string{}}
	most := -1
	for _, r := range checks {
		if _, claimed := result.Claim[r.Module]; !claimed {
			continue
		}
		c.of++
		c.counts[r.Outcome]++
		if r.Outcome == judge.Unsupported || r.Outcome == judge.NotRun {
			c.reasons[r.Outcome] = append(c.reasons[r.Outcome], line(r.Message))
		}
		if r.Every != nil {
			if r.Every.Inputs > 0 {
				c.every = append(c.every, r)
			}
			continue
		}
		c.inputs, c.elements = c.inputs+r.Samples, c.elements+r.Elements
		if n, err := tensor.Count(r.Largest); r.Elements > 0 && err == nil && n > most {
			most, c.largest = n, r.Largest
		}
	}
	return c
}

// asked counts those that were asked.
func (c claimed) asked() int { return c.of - c.counts[judge.Unsupported] - c.counts[judge.NotRun] }

// passes counts the checks that pass, those too that the baseline has as failing.
func (c claimed) passes() int { return c.counts[judge.Pass] + c.counts[judge.Fixed] }

// others counts the checks of other outcomes than pass and fail, and says why some were not asked.
func (c claimed) others() string {
	text := ""
	for _, outcome := range judge.Outcomes {
		n := c.counts[outcome]
		switch {
		case n == 0 || outcome == judge.Pass || outcome == judge.Fail:
			continue
		case outcome == judge.Fixed:
			text += fmt.Sprintf("; %d of them fixed: the baseline has them as failing", n)
		default:
			text += fmt.Sprintf("; %s: %d", outcome, n)
		}
		if reasons := c.reasons[outcome]; len(reasons) > 0 {
			text += " (" + tally(reasons) + ")"
		}
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
	lines := strings.Split(strings.TrimPrefix(a.summary, strings.ToLower(a.title)+": "), "\n")
	m.add("\n### " + a.title + "\n\n" + escape(lines[0]) + ".\n\n")
	for _, line := range lines[1:] {
		m.add("- " + escape(line) + "\n")
	}
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
