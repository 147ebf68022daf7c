package report

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lossproof/fixtures"
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
	causes := t.causes(result)
	example, ok := plainest(append(failing(result.Cases), failing(result.Relations)...))
	if !ok {
		return
	}
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

// maxExample bounds the lines of the example.
const maxExample = 4

// example writes what is wrong with one check.
func (t *text) example(r judge.CheckResult) {
	t.printf("\nfor example %s: %s\n", r.ID, r.Outcome)
	if r.Call != "" {
		t.printf("  %s\n", r.Call)
	}
	what := r.Message
	for _, name := range r.OutputNames() {
		if output := r.Outputs[name]; what == "" && output.Outcome.Failing() && output.Message != "" {
			what = name + ": " + output.Message
		}
	}
	lines := strings.Split(what, "\n")
	if name, _, ok := strings.Cut(what, ":"); ok && len(lines) > 1 && strings.HasPrefix(lines[1], "  at ") {
		lines = append([]string{name + lines[1][1:]}, lines[2:]...) // the first element says enough
	}
	for _, line := range lines[:min(len(lines), maxExample)] {
		t.printf("  %s\n", line)
	}
}

// dimensions matches the shape of the first input of a call.
var dimensions = regexp.MustCompile(`\(([\d, ]*)\)`)

// plainest returns the check that shows best what is wrong: of a must rule, with the fewest features,
// with finite and moderate numbers, and the smallest.
func plainest(failing []judge.CheckResult) (judge.CheckResult, bool) {
	if len(failing) == 0 {
		return judge.CheckResult{}, false
	}
	weigh := func(r judge.CheckResult) []int {
		special, size := 0, 1
		if r.Requirement != fixtures.Must {
			special += 4
		}
		if r.Kind == judge.Relation {
			special += 3
		}
		if slices.Contains(r.Features, "nonfinite") || slices.Contains(r.Features, "empty") {
			special += 2
		}
		if strings.HasPrefix(r.Topic, "extreme") || slices.Contains(r.Features, "soft_targets") {
			special++
		}
		if shape := dimensions.FindStringSubmatch(r.Call); shape != nil {
			for _, d := range strings.Split(shape[1], ",") {
				if n, err := strconv.Atoi(strings.TrimSpace(d)); err == nil {
					size *= n
				}
			}
		}
		return []int{special, len(r.Features), size}
	}
	return slices.MinFunc(failing, func(a, b judge.CheckResult) int { return slices.Compare(weigh(a), weigh(b)) }), true
}
