// Package report writes what the judge found, for people and for programs.
package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/prose"
	"lossproof/internal/words"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/tensor"
)

// TextOptions say how Text writes.
type TextOptions struct {
	// Color allows ANSI colors.
	Color bool
	// Verbose writes a line for every case, and every failure in full.
	Verbose bool
	// Width is the number of columns of the terminal, 0 where the text goes elsewhere: lines are then as long as they
	// need.
	Width int
}

// firstFailures is the number of failures that are written in full, unless verbose.
const firstFailures = 5

// Text writes the summary of a result: what was checked against what, counts by module
// and topic, failures, deviations, quirks, what is unsupported, and the verdict.
func Text(w io.Writer, result *judge.Result, options TextOptions) error {
	t := &text{options: options, short: !options.Verbose && hardlyAnything(result)}
	t.header(result)
	if t.short {
		t.incidents(result)
		t.closing(result)
		_, err := io.WriteString(w, t.String())
		return err
	}
	if options.Verbose {
		t.cases(result.Cases)
	}
	if causes := prose.Diagnoses(result, func(title string) string { return t.color(bold, title) }); causes != "" {
		t.printf("%s\n", strings.TrimPrefix(causes, "\n"))
	}
	t.topics(result)
	t.worst(result.Summary)
	t.failures(result)
	for _, a := range askingKinds(result) {
		t.asking(result, a)
	}
	t.deviations(result.Summary)
	t.baseline(result)
	t.quirks(result)
	t.unsupported(result)
	t.incidents(result)
	t.closing(result)
	_, err := io.WriteString(w, strings.ReplaceAll(t.String(), "\n\n\n", "\n\n")) // of sections that say nothing nothing is left
	return err
}

// Closing writes the end of a report alone, which stands by itself.
func Closing(w io.Writer, result *judge.Result) error {
	t := &text{}
	t.closing(result)
	_, err := io.WriteString(w, t.String())
	return err
}

// text is the report as it grows.
type text struct {
	strings.Builder
	options TextOptions
	// short says that hardly anything passes: what fails by topic, one by one and why is then left to -v.
	short bool
}

// hardlyAnything reports whether less than a tenth of what was asked passes.
func hardlyAnything(result *judge.Result) bool {
	asked := result.Summary.Asked
	return len(result.Causes) > 0 && asked.OutputsPassed+asked.RefusalsPassed < (asked.Outputs+asked.Refusals)/10
}

// printf writes whole lines.
func (t *text) printf(format string, args ...any) {
	t.WriteString(words.Wrap(fmt.Sprintf(format, args...), t.options.Width))
}

// ANSI colors.
const (
	red   = "31"
	green = "32"
	bold  = "1"
)

// color wraps s in an ANSI color, where that is allowed.
func (t *text) color(code, s string) string {
	if !t.options.Color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t *text) header(result *judge.Result) {
	selected := words.Plural(result.Selected, "case", "cases")
	if result.Partial {
		selected = fmt.Sprintf("%d of %d cases", result.Selected, result.Fixtures.Cases)
	}
	var parts []string
	if result.Selected > 0 {
		parts = append(parts, selected)
	}
	if n := len(result.Relations); n > 0 {
		parts = append(parts, words.Plural(n, "law", "laws"))
	}
	if n := len(result.Generated); n > 0 {
		parts = append(parts, words.Plural(n, "generated check", "generated checks"))
	}
	selected = claim.And(parts)
	if len(parts) == 1 && result.Selected == 0 {
		selected += " alone"
	}
	t.printf("lossproof %s, fixtures %s: %s at level %s\n", result.Lossproof, result.Fixtures.Version, selected, result.Level)
	if t.short {
		t.printf("port:      %s\n", named(result.Port))
		return
	}
	t.printf("reference: PyTorch %s, CPU (%s)\n", result.Reference.Version, result.Reference.CPUCapability)
	language := strings.TrimSpace(result.Port.Language + " " + result.Port.LanguageVersion)
	if language != "" {
		language = " (" + language + ")"
	}
	t.printf("port:      %s%s\n\n", named(result.Port), language)
}

// named is what a port calls itself, with its version where it has one.
func named(port ports.Info) string { return strings.TrimSpace(port.Name + " " + port.Version) }

// cases writes a line for every case that was asked; those outside the claim are counted below.
func (t *text) cases(results []judge.CheckResult) {
	for _, r := range results {
		if r.Outcome == judge.Unsupported {
			continue
		}
		var details []string
		for _, name := range r.OutputNames() {
			output := r.Outputs[name]
			switch {
			case output.Agrees == "":
			case output.Errors != nil && output.Errors.Exact != nil && math.IsInf(float64(output.Errors.Exact.ULP), 0):
				details = append(details, name+" "+output.Agrees+" (infinite or NaN)")
			case output.Errors != nil && output.Errors.Exact != nil:
				details = append(details, fmt.Sprintf("%s %s (%s ULP)", name, output.Agrees, formatULP(output.Errors.Exact.ULP)))
			default:
				details = append(details, name+" "+output.Agrees)
			}
		}
		detail := strings.Join(details, ", ")
		if r.Rejection && r.Outcome == judge.Pass {
			detail = cmp.Or(r.Note, "refused")
		}
		t.printf("%-11s  %s  %s\n", r.Outcome, r.ID, detail)
	}
	t.printf("\n")
}

// topics writes the table of modules and topics, as many of its columns as fit. Of a module that is not
// claimed, or of which no case was selected, there is nothing to say topic by topic.
func (t *text) topics(result *judge.Result) {
	s := result.Summary
	var rows []row
	for _, m := range s.Modules {
		if !m.Claimed || len(m.Cases) == 0 {
			continue
		}
		rows = append(rows, row{name: m.Module, heading: true})
		for _, topic := range s.Topics {
			if topic.Module == m.Module {
				rows = append(rows, newRow("  "+topic.Topic, topic.Counts, topic.Failing, topic.Module+"/"+topic.Topic+"/"))
			}
		}
		all := newRow("  all", m.Counts, failingOf(s, m.Module), m.Module+"/")
		all.where = "" // below the table
		rows = append(rows, all)
	}
	if len(rows) == 0 {
		return
	}
	counted := telling(columns, rows)
	shown, lines := fit(counted, rows, t.options.Width)
	for i, line := range lines {
		if i == 0 || rows[i-1].heading {
			line = t.color(bold, line)
		}
		t.WriteString(line + "\n")
	}
	t.printf("\n")
	for _, c := range shown {
		if c.legend != "" {
			t.printf("%s\n", c.legend)
		}
	}
	if left := len(counted) - len(shown); left > 0 {
		t.printf("%s left out: the terminal is too narrow\n", words.Plural(left, "column is", "columns are"))
	}
}

// worst names the largest error of each module.
func (t *text) worst(s judge.Summary) {
	if slices.ContainsFunc(s.Modules, func(m judge.ModuleSummary) bool { return m.Worst != nil }) {
		t.printf("\n")
	}
	for _, m := range s.Modules {
		switch at := m.Worst; {
		case at == nil:
		case math.IsInf(float64(at.ULP), 0): // no distance: one is finite, the other is not
			t.printf("worst error: infinite or NaN where the exact result is finite, or the other way round, at %s %s\n", at.ID, tensor.FormatShape(at.Element))
		default:
			t.printf("worst error: %s ULP of the exact result, %.2g of what is allowed, at %s %s\n",
				formatULP(at.ULP), float64(at.Headroom), at.ID, tensor.FormatShape(at.Element))
		}
	}
}

// failures writes the first failures that gate, or all.
func (t *text) failures(result *judge.Result) {
	failing := failing(result.Cases)
	if len(failing) == 0 {
		return
	}
	shown := failing
	if !t.options.Verbose {
		shown = first(plainestFirst(failing), firstFailures)
	}
	t.printf("\n%s\n", t.color(red, words.Of(len(failing), asked(result.Cases), "case", "fail")+":"))
	for _, r := range shown {
		t.printf("\n%s\n", Failure(r))
	}
	if more := len(failing) - len(shown); more > 0 {
		t.printf("\nand %d more (-v writes all of them); by rule, all %d:\n", more, len(failing))
		t.byRule(failing)
	}
	for i, line := range prose.Shared(result.Cases) {
		if i == 0 {
			t.printf("\n")
		}
		t.printf("%s\n", line)
	}
}

// asked counts the checks that were asked and gate: the whole of what fails.
func asked(checks []judge.CheckResult) int {
	n := 0
	for _, r := range checks {
		if r.Gates && r.Outcome != judge.Unsupported && r.Outcome != judge.NotRun {
			n++
		}
	}
	return n
}

// first returns a few failures, of as many rules as possible, in their order.
func first(failing []judge.CheckResult, limit int) []judge.CheckResult {
	seen := map[string]bool{}
	var shown, others []judge.CheckResult
	for _, r := range failing {
		if seen[r.Rule] {
			others = append(others, r)
		} else {
			seen[r.Rule] = true
			shown = append(shown, r)
		}
	}
	shown = append(shown, others...)
	return shown[:min(len(shown), max(limit, 0))]
}

// byRule counts cases by rule.
func (t *text) byRule(results []judge.CheckResult) {
	for _, group := range byRule(results) {
		t.printf("  %-30s %d\n", group[0].Rule, len(group))
	}
}

// deviations lists the should rules that are broken: decisions that a port may defend.
func (t *text) deviations(s judge.Summary) {
	for _, m := range s.Modules {
		if len(m.Deviations) > 0 {
			t.printf("\ndeviations of %s (should rules that it breaks): %s\n", m.Module, strings.Join(m.Deviations, ", "))
		}
	}
}

// baseline says how the port holds against its baseline.
func (t *text) baseline(result *judge.Result) {
	b := result.Baseline
	if b == nil {
		return
	}
	known := 0
	for _, c := range result.Checks() {
		if c.Outcome == judge.KnownFailure {
			known++
		}
	}
	t.printf("\nbaseline: %s; %s\n", words.Plural(b.Entries, "id or pattern", "ids and patterns"), words.Plural(known, "check fails as it says", "checks fail as they say"))
	for _, n := range ofBaseline(result) {
		t.printf("  %s\n    %s\n", n.text, strings.Join(n.first(), "\n    "))
	}
	if n := len(b.WithoutReason); n > 0 {
		t.printf("  %s no reason, the first is %s\n", words.Plural(n, "entry has", "entries have"), b.WithoutReason[0])
	}
	for _, note := range b.Notes {
		t.printf("  %s\n", note)
	}
	if len(b.ClaimShrank) > 0 {
		t.printf("\n%s\n", t.color(red, ClaimShrank+": the port claims less than its baseline"))
		for _, line := range b.ClaimShrank {
			t.printf("  %s\n", line)
		}
	}
}

// quirks says how often the port does what contradicts documentation or mathematics.
func (t *text) quirks(result *judge.Result) {
	followed, not := 0, []judge.CheckResult{}
	for _, r := range result.Cases {
		switch {
		case r.Requirement != fixtures.Quirk:
		case r.Outcome == judge.Pass:
			followed++
		case r.Outcome.Failing():
			not = append(not, r)
		}
	}
	if followed+len(not) == 0 {
		return
	}
	gate := "which do not gate"
	if result.Quirks {
		gate = "which gate"
	}
	t.printf("\nquirks of PyTorch, %s: %s, %d do not\n", gate, words.Plural(followed, "case passes", "cases pass"), len(not))
	t.byRule(not)
}

// unsupported says what the claimed modules were not asked, and gives both denominators: what was asked, and what there is.
func (t *text) unsupported(result *judge.Result) {
	var reasons []string
	for _, r := range result.Cases {
		if _, claimed := result.Claim[r.Module]; claimed && r.Outcome == judge.Unsupported {
			reasons = append(reasons, r.Message)
		}
	}
	if len(reasons) > 0 {
		t.printf("\nunsupported cases: %d (%s)\n", len(reasons), tally(reasons))
	}
	all := 0
	for _, r := range result.Cases {
		if _, claimed := result.Claim[r.Module]; claimed && (r.Requirement != fixtures.Quirk || result.Quirks) { // quirks are counted above
			all += len(r.Outputs)
		}
	}
	passed, asked := result.Summary.Asked.OutputsPassed, result.Summary.Asked.Outputs
	if asked == 0 {
		return
	}
	more := ""
	if asked < all {
		more = fmt.Sprintf(", %s of the %d of all selected cases", percent(passed, all), all)
	}
	t.printf("\noutputs passed: %d, %s of the %d asked for%s\n", passed, percent(passed, asked), asked, more)
}

// incidents says how often the port was lost.
func (t *text) incidents(result *judge.Result) {
	of := result.Summary.Incidents
	if of.Total() == 0 {
		return
	}
	t.printf("\nthe port was %s; it was started again %s\n", of, words.Plural(result.Restarts, "time", "times"))
	for _, module := range slices.Sorted(maps.Keys(result.Incidents)) {
		t.printf("  %s: %s\n", cmp.Or(module, "between two calls"), result.Incidents[module])
	}
}

func percent(part, whole int) string {
	if whole == 0 {
		return "none"
	}
	// Rounded down, so that 100 % means all.
	return fmt.Sprintf("%.1f %%", math.Floor(1000*float64(part)/float64(whole))/10)
}

// formatULP writes a distance in ULPs, whose digits say nothing where it is huge.
func formatULP(u judge.Number) string {
	switch {
	case math.IsInf(float64(u), 0):
		return "inf/NaN"
	case u > 1e6:
		return "> 1e6"
	}
	return strconv.FormatFloat(float64(u), 'g', 3, 64)
}
