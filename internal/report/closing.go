package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"lossproof/judge"
)

// closing writes the end of a report, a screen that stands by itself: the verdict on each module,
// the causes, one failure and what to type next.
func (t *text) closing(result *judge.Result) {
	if s := result.Summary; s.NotRun > 0 {
		t.printf("\n%s\n", t.color(red, "not complete: "+strconv.Itoa(s.NotRun)+" of "+strconv.Itoa(result.Selected)+" cases were not run"))
	}
	t.printf("\n")
	var unclaimed []string
	for i, m := range result.Summary.Modules {
		switch {
		case !m.Claimed:
			unclaimed = append(unclaimed, m.Module)
		case m.Passed:
			t.printf("%s\n", t.color(green, result.Summary.Verdict[i]))
		default:
			t.printf("%s\n", t.color(red, result.Summary.Verdict[i]))
		}
	}
	if len(unclaimed) > 0 {
		t.printf("not claimed: %s\n", strings.Join(unclaimed, ", "))
	}
	for _, n := range ofBaseline(result) {
		t.printf("%s\n", n.text)
	}
	causes := t.causes(result)
	failures := plainestFirst(failing(result.Checks()))
	if len(failures) == 0 {
		return
	}
	example := failures[0]
	t.example(example)
	t.printf("\nnext: lossproof show %s\n", example.ID)
	if _, command := flagsAndCommand(result.Argv); len(command) > 0 {
		t.printf("      %s\n", ShellQuote(append([]string{"lossproof", "repro", "--level", result.Level, example.ID, "--"}, command...)))
	}
	for _, name := range causes[:min(len(causes), 2)] {
		t.printf("      lossproof explain %s\n", name)
	}
}

// maxCauses bounds the causes that the end of a report has.
const maxCauses = 3

// causes writes the known mistakes that explain failures, those that explain most first, and returns
// their names.
func (t *text) causes(result *judge.Result) []string {
	type cause struct {
		title    string
		modules  []string
		explains int
	}
	found := map[string]*cause{}
	var names []string
	examined := 0
	for _, d := range result.Diagnoses {
		examined += d.Examined
		for _, f := range d.Findings {
			c, ok := found[f.Divergence]
			if !ok {
				c = &cause{title: f.Title}
				found[f.Divergence], names = c, append(names, f.Divergence)
			}
			c.modules, c.explains = append(c.modules, d.Module), c.explains+f.Explains
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(found[b].explains, found[a].explains) })
	for i, name := range names {
		if i == 0 {
			t.printf("\n")
		}
		if i == maxCauses {
			t.printf("cause: and %s, named above\n", plural(len(names)-i, "more", "more"))
			break
		}
		c := found[name]
		t.printf("cause: %s, in %d of the %d answers that fail (%s)\n       %s\n", t.color(bold, name), c.explains, examined, strings.Join(c.modules, ", "), c.title)
	}
	return names
}

// example writes what is wrong with one check.
func (t *text) example(r judge.CheckResult) {
	t.printf("\nfor example %s: %s\n", r.ID, r.Outcome)
	for _, line := range brief(r) {
		t.printf("  %s\n", line)
	}
}
