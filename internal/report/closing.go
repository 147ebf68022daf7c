package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/prose"
	"lossproof/judge"
)

// closing writes the end of a report, a screen that stands by itself: the verdict on each module,
// the causes, one failure and what to type next.
func (t *text) closing(result *judge.Result) {
	if s := result.Summary; s.NotRun > 0 {
		t.printf("\n%s\n", t.color(red, "not complete: "+strconv.Itoa(s.NotRun)+" of "+strconv.Itoa(result.Selected)+" cases were not run"+whyNotRun(result)))
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
	causes, shown := t.causes(result)
	failures := plainestFirst(failing(result.Checks()))
	if len(failures) == 0 {
		return
	}
	example := failures[0]
	if at := slices.IndexFunc(failures, lost); result.Summary.NotRun > 0 && at >= 0 {
		example = failures[at] // what is to be mended first
	}
	if !shown {
		t.example(example)
	}
	t.printf("\nnext: lossproof show %s\n", example.ID)
	if _, command := flagsAndCommand(result.Argv); len(command) > 0 {
		t.printf("      %s\n", ShellQuote(append([]string{"lossproof", "repro", "--level", result.Level, example.ID, "--"}, command...)))
	}
	for _, name := range causes[:min(len(causes), 2)] {
		t.printf("      lossproof explain %s\n", name)
	}
}

// whyNotRun says why cases were not run.
func whyNotRun(result *judge.Result) string {
	for _, r := range result.Cases {
		if r.Outcome == judge.NotRun && r.Message != "" {
			return ": " + line(r.Message)
		}
	}
	return ""
}

// lost reports whether the port was lost at a check.
func lost(r judge.CheckResult) bool {
	return r.Outcome == judge.Crash || r.Outcome == judge.Timeout || r.Outcome == judge.Malformed
}

// maxCauses bounds the causes that the end of a report has.
const maxCauses = 3

// causes writes what causes failures, what must hold and explains most first, and returns the names of
// known mistakes, and whether one has a call that shows it. Leads are written where there is nothing else.
func (t *text) causes(result *judge.Result) (names []string, shown bool) {
	type group struct {
		first    judge.Cause
		modules  []string
		explains int
	}
	var groups []*group
	failing := 0
	for _, d := range result.Diagnoses {
		failing += d.Failing
	}
	for _, leads := range []bool{false, true} {
		if leads && len(groups) > 0 {
			break
		}
		found := map[string]*group{}
		for _, c := range result.Causes {
			if c.Lead != leads {
				continue
			}
			g, ok := found[prose.CauseSentence(c)]
			if !ok {
				g = &group{first: c}
				found[prose.CauseSentence(c)], groups = g, append(groups, g)
			}
			g.modules, g.explains = append(g.modules, c.Module), g.explains+c.Explains
		}
	}
	slices.SortStableFunc(groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(rank(a.first.Requirement), rank(b.first.Requirement)), cmp.Compare(b.explains, a.explains))
	})
	for i, g := range groups {
		if i == 0 {
			t.printf("\n")
		}
		if i == maxCauses {
			t.printf("cause: and %s, named above\n", plural(len(groups)-i, "more", "more"))
			break
		}
		t.printf("cause: %s, in %d of the %d answers that fail (%s)\n       %s\n", t.color(bold, prose.CauseName(g.first)),
			g.explains, failing, strings.Join(g.modules, ", "), prose.CauseSentence(g.first))
		if r := g.first.Reproduction; r != nil {
			shown = true
			t.printf("       %s\n       %s: got %s, want %s\n", r.Call, r.Output, r.Got, r.Want)
		}
	}
	for _, g := range groups {
		if g.first.Name != "" {
			names = append(names, g.first.Name)
		}
	}
	return names, shown
}

// rank orders requirements: what must hold leads.
func rank(r fixtures.Requirement) int {
	return slices.Index([]fixtures.Requirement{fixtures.Must, "", fixtures.Should, fixtures.Quirk}, r)
}

// example writes what is wrong with one check.
func (t *text) example(r judge.CheckResult) {
	t.printf("\nfor example %s: %s\n", r.ID, r.Outcome)
	for _, line := range brief(r) {
		t.printf("  %s\n", line)
	}
}
