package report

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/prose"
	"lossproof/internal/words"
	"lossproof/judge"
	"lossproof/tensor"
)

// closing writes the end of a report, a screen that stands by itself: the verdict on each module,
// the causes, one failure and what to type next.
func (t *text) closing(result *judge.Result) {
	if s := result.Summary; s.NotRun > 0 {
		t.printf("\n%s\n", t.color(red, "not complete: "+strconv.Itoa(s.NotRun)+" of "+strconv.Itoa(result.Selected)+" cases were not run"+whyNotRun(result)))
	}
	t.printf("\n")
	t.verdicts(result)
	for _, n := range ofBaseline(result) {
		t.printf("%s\n", n.text)
	}
	if s := result.Summary; s.Incidents.Timeouts > 0 && !s.Passed {
		t.printf("a port that is slow, or on a busy machine, has more time with --timeout 1m\n")
	}
	first, shown := t.causes(result)
	if len(failing(result.Checks())) == 0 {
		return
	}
	if accepts(result) {
		t.printf("\nPyTorch refuses all of what fails, and the port answers it. Where that is meant, the word %s in \"without\" of the claim leaves it out.\n", claim.Rejections)
	}
	example, first := exampleOf(result, first)
	if !shown {
		t.example(example)
	}
	if len(result.Causes) == 0 {
		for _, line := range prose.Shared(result.Cases) {
			t.printf("%s\n", line)
		}
	}
	t.printf("\nnext: %s\n", strings.Join(next(result, example, first), "\n      "))
}

// accepts reports whether all that fails are calls that a port answers and PyTorch refuses.
func accepts(result *judge.Result) bool {
	return !slices.ContainsFunc(failing(result.Checks()), func(r judge.CheckResult) bool {
		return r.Kind != judge.Case || !r.Rejection || r.Outcome != judge.Fail || !strings.HasPrefix(r.Message, "accepted") // not unsupported
	})
}

// next are commands to look at an example, and at its cause, with.
func next(result *judge.Result, example judge.CheckResult, first *alike) []string {
	lines := []string{"lossproof show " + example.ID}
	if _, command := flagsAndCommand(result.Argv); len(command) > 0 {
		lines = append(lines, ShellQuote(append([]string{"lossproof", "repro", "--level", result.Level, example.ID, "--"}, command...)))
	}
	if first != nil {
		if about := cmp.Or(first.Name, first.Rule); about != "" {
			lines = append(lines, "lossproof explain "+about)
		}
	}
	return lines
}

// verdicts writes the verdict on each module: what fails, or what stands behind it where all pass.
func (t *text) verdicts(result *judge.Result) {
	var passed, failed []row
	var unclaimed []string
	for _, m := range result.Summary.Modules {
		switch r := (row{name: "  " + m.Module, of: m}); {
		case !m.Claimed:
			unclaimed = append(unclaimed, m.Module)
		case m.Passed:
			passed = append(passed, r)
		case m.Instead() == "":
			failed = append(failed, r)
		}
	}
	for i, m := range result.Summary.Modules {
		switch verdict := result.Summary.Verdict[i]; {
		case m.Claimed && m.Passed:
			t.printf("%s\n", t.color(green, headline(verdict)))
		case m.Instead() != "":
			t.printf("%s\n", t.color(bold, fmt.Sprintf("%s (%s): %s: %s", m.Instead(), result.Level, m.Module, m.Reason)))
		}
	}
	if len(failed) > 0 {
		t.failed(result, failed)
	} else if len(passed) > 0 {
		t.table(telling(evidence, passed), passed)
		if slices.ContainsFunc(passed, func(r row) bool { return r.of.Evidence.Laws > 0 || r.of.Drawn != nil }) {
			few := ""
			if result.FewShapes {
				few = ", few shapes for a port that compiles"
			}
			t.printf("  drawn from %s, effort %s%s\n", result.SeedFrom.String(result.Seed), result.Effort, few)
		}
	}
	switch {
	case len(unclaimed) == len(result.Summary.Modules):
		t.printf("%s\n", t.color(bold, fmt.Sprintf("no verdict (%s): nothing was asked: what was selected is of %s, and the port claims %s",
			result.Level, claim.And(unclaimed), cmp.Or(claim.And(slices.Sorted(maps.Keys(result.Claim))), "nothing"))))
	case len(unclaimed) > 0:
		t.printf("not claimed: %s\n", strings.Join(unclaimed, ", "))
	}
}

// headline is the verdict on a module that passes without what stands behind it: that is between a semicolon and what was
// not checked, or why only known failures fail.
func headline(verdict string) string {
	head, behind, _ := strings.Cut(verdict, "; ")
	if at := endOfEvidence.FindStringIndex(behind); at != nil {
		head += behind[at[0]:]
	}
	return head
}

var endOfEvidence = regexp.MustCompile(` \[|: `)

// failed writes that modules fail: of one in a sentence, of several what fails in columns, and what else keeps them from
// passing.
func (t *text) failed(result *judge.Result, rows []row) {
	var names []string
	for _, r := range rows {
		names = append(names, r.of.Module)
	}
	verdict := "not conformant (" + result.Level + "): " + claim.And(names)
	if result.Quirks {
		verdict += ", quirks included"
	}
	if len(rows) == 1 {
		t.printf("%s\n", t.color(red, verdict+": "+rows[0].of.Reason))
		return
	}
	t.printf("%s\n", t.color(red, verdict))
	if columns := telling(failures(result), rows); len(columns) > 1 {
		t.table(columns, rows)
	}
	for _, r := range rows {
		var others []string
		for reason := range strings.SplitSeq(r.of.Reason, ", ") {
			if !counted.MatchString(reason) {
				others = append(others, reason)
			}
		}
		if len(others) > 0 {
			t.printf("%s: %s\n", r.name, strings.Join(others, ", "))
		}
	}
}

// counted matches a reason that the table of what fails has.
var counted = regexp.MustCompile(`^\d+ of \d+ (case|law|generated check)s? fails?$`)

// table writes rows in those columns for which there is room.
func (t *text) table(columns []column, rows []row) {
	_, lines := fit(columns, rows, t.options.Width)
	for _, line := range lines {
		t.WriteString(line + "\n")
	}
}

// evidence has the columns of what stands behind the verdict on a module that passes.
var evidence = []column{
	{title: "behind it", cell: func(r row) string { return r.name }, always: true},
	{title: "outputs", cell: func(r row) string { return number(r.of.Asked.OutputsPassed) }},
	{title: "refusals", gives: 2, cell: func(r row) string { return number(r.of.Asked.RefusalsPassed) }},
	{title: "laws", always: true, cell: func(r row) string {
		if e := r.of.Evidence; e.Laws < e.LawsOf {
			return fmt.Sprintf("%d of %d", e.Laws, e.LawsOf)
		}
		return number(r.of.Evidence.Laws)
	}},
	{title: "generated", cell: func(r row) string {
		if r.of.Drawn == nil {
			return none
		}
		return number(r.of.Drawn.Calls)
	}},
	{title: "up to", gives: 3, cell: func(r row) string {
		if r.of.Drawn == nil {
			return none
		}
		return tensor.FormatShape(r.of.Drawn.Largest)
	}},
	{title: "16-bit inputs", gives: 1, cell: func(r row) string {
		n := 0
		for _, e := range r.of.Every {
			n += e.Right
		}
		return number(n)
	}},
}

// failures returns the columns of what fails of a module, of what was asked.
func failures(result *judge.Result) []column {
	share := func(checks []judge.CheckResult) func(r row) string {
		return func(r row) string {
			of := concerning(checks, r.of.Module)
			if n := len(failing(of)); n > 0 {
				return fmt.Sprintf("%d of %d", n, asked(of))
			}
			return none
		}
	}
	return []column{
		{title: "what fails", cell: func(r row) string { return r.name }, always: true},
		{title: "cases", cell: share(result.Cases)}, {title: "laws", cell: share(result.Relations)}, {title: "generated", cell: share(result.Generated)},
	}
}

// concerning returns the checks that count for a module.
func concerning(checks []judge.CheckResult, module string) []judge.CheckResult {
	return slices.DeleteFunc(slices.Clone(checks), func(r judge.CheckResult) bool { return cmp.Or(r.Blames, r.Module) != module })
}

// whyNotRun says why cases were not run.
func whyNotRun(result *judge.Result) string {
	for _, r := range result.Cases {
		if r.Outcome == judge.NotRun && r.Message != "" {
			return ": " + strings.TrimPrefix(line(r.Message), "not asked: ")
		}
	}
	return ""
}

// lost reports whether the port was lost at a check.
func lost(r judge.CheckResult) bool {
	return r.Outcome == judge.Crash || r.Outcome == judge.Timeout || r.Outcome == judge.Malformed
}

// alike is a cause that several modules have.
type alike struct {
	judge.Cause
	// at are its places among the causes of the result.
	at       []int
	modules  []string
	explains int
}

// together returns the causes, or the leads where there is none, what must hold and explains most first.
func together(result *judge.Result) []*alike {
	var groups []*alike
	for _, leads := range []bool{false, true} {
		if leads && len(groups) > 0 {
			break
		}
		found := map[string]*alike{}
		for i, c := range result.Causes {
			if c.Lead != leads {
				continue
			}
			g, ok := found[prose.CauseSentence(c)]
			if !ok {
				g = &alike{Cause: c}
				found[prose.CauseSentence(c)], groups = g, append(groups, g)
			}
			g.at, g.modules, g.explains = append(g.at, i), append(g.modules, c.Module), g.explains+c.Explains
		}
	}
	slices.SortStableFunc(groups, func(a, b *alike) int {
		return cmp.Or(cmp.Compare(rank(a.Requirement), rank(b.Requirement)), cmp.Compare(b.explains, a.explains))
	})
	return groups
}

// exampleOf returns the plainest failure: one that repro finds the first cause of, by itself, or one at which the port was lost,
// which is to be mended first and has no cause.
func exampleOf(result *judge.Result, first *alike) (example judge.CheckResult, of *alike) {
	failures := plainestFirst(failing(result.Checks()))
	if at := slices.IndexFunc(failures, lost); result.Summary.NotRun > 0 && at >= 0 {
		return failures[at], nil
	}
	if first != nil {
		others := func(i int) bool { return !slices.Contains(first.at, i) }
		if at := slices.IndexFunc(failures, func(r judge.CheckResult) bool {
			return len(r.Causes) > 0 && !slices.ContainsFunc(r.Causes, others)
		}); at >= 0 {
			return failures[at], first
		}
	}
	return failures[0], first
}

// maxCauses bounds the causes that the end of a report has.
const maxCauses = 3

// causes writes what causes failures, what must hold and explains most first, that one with its sentence and
// a call that shows it; and returns that one, and whether there is such a call. Leads are written where there is
// nothing else, and named where no mistake is.
func (t *text) causes(result *judge.Result) (first *alike, shown bool) {
	groups := together(result)
	failing := 0
	for _, d := range result.Diagnoses {
		failing += d.Failing
	}
	for i, g := range groups {
		if i == 0 {
			t.printf("\n")
		}
		if t.short && i == 1 {
			t.printf("cause: and %s, with topics, failures and evidence by -v\n", words.Plural(len(groups)-i, "more", "more"))
			break
		}
		if i == maxCauses {
			t.printf("cause: and %s, named above\n", words.Plural(len(groups)-i, "more", "more"))
			break
		}
		in := ""
		if len(g.modules) < len(result.Diagnoses) {
			in = " (" + strings.Join(g.modules, ", ") + ")"
		}
		name := prose.CauseName(g.Cause)
		switch {
		case g.Name != "":
		case i > 0:
			name = strings.TrimSuffix(prose.CauseSentence(g.Cause), ".")
		default:
			name += prose.Leads(slices.DeleteFunc(slices.Clone(result.Causes), func(c judge.Cause) bool { return !slices.Contains(g.modules, c.Module) }))
		}
		t.printf("cause: %s, in %d of the %d answers that fail%s\n", t.color(bold, name), g.explains, failing, in)
		if i > 0 {
			continue
		}
		first = g
		t.printf("       %s\n", prose.CauseSentence(g.Cause))
		if r := g.Reproduction; r != nil {
			shown = true
			t.printf("       %s\n       %s: got %s, want %s\n", r.Call, r.Output, r.Got, r.Want)
		}
		if t.short && g.Right != "" {
			t.printf("       right: %s\n", g.Right)
		}
	}
	return first, shown
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
