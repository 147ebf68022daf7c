package report

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"regexp"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/prose"
	"lossproof/internal/words"
	"lossproof/judge"
)

// maxMarkdown bounds what Markdown writes, in bytes: it is to be read, and a job's summary
// on GitHub may have 1 MiB of all steps.
const maxMarkdown = 60_000

// Markdown writes a result for the summary page of a CI job: the verdict, the causes, and counts; then, folded, the failures by
// rule, the relations, and what the baseline knows. It is bounded.
func Markdown(w io.Writer, result *judge.Result) error {
	m := &markdown{}
	m.head(result)
	m.baseline(result)
	m.diagnoses(result)
	m.next(result)
	m.checked(result)
	m.failures(result)
	for _, a := range askingKinds(result) {
		m.asking(result, a)
	}
	m.known(result)
	_, err := io.WriteString(w, m.text.String())
	return err
}

// markdown is the page as it grows, block by block.
type markdown struct {
	text strings.Builder
	left bool
}

// add adds a block, unless the page would become too long; the first block that is left
// out is replaced by a note.
func (m *markdown) add(block string) {
	switch {
	case m.left:
	case m.text.Len()+len(block) > maxMarkdown:
		m.left = true
		m.text.WriteString("\n*The rest is left out; the result file (`--json`) has all of it.*\n")
	default:
		m.text.WriteString(block)
	}
}

// details adds what body adds, folded behind its title.
func (m *markdown) details(title string, body func()) {
	if m.left {
		return
	}
	m.add("\n<details>\n<summary>" + html.EscapeString(title) + "</summary>\n\n")
	body()
	m.text.WriteString("\n</details>\n") // also where the page is full
}

func (m *markdown) head(result *judge.Result) {
	title, symbol := "not conformant", "❌"
	switch s := result.Summary; {
	case !result.Complete:
		title = "not complete"
	case s.Conformant && slices.ContainsFunc(s.Modules, func(m judge.ModuleSummary) bool { return m.Claimed && len(m.Limits) > 0 }):
		title, symbol = "conformant as far as asked", "✅"
	case s.Conformant:
		title, symbol = "conformant", "✅"
	case s.Passed && result.Shard != "":
		title, symbol = "nothing fails in shard "+result.Shard, "✅"
	case s.Passed:
		title, symbol = "fails as its baseline says", "☑️"
	case len(s.Unasked()) > 0:
		title, symbol = "without a verdict on "+claim.And(s.Unasked()), "⚠️"
	case betterThanBaseline(s):
		title, symbol = "better than its baseline", "⚠️"
	}
	m.add(fmt.Sprintf("\n## %s lossproof: %s is %s\n\n", symbol, escape(named(result.Port)), title))
	var unclaimed []string
	for i, s := range result.Summary.Modules {
		verdict := result.Summary.Verdict[i]
		if !s.Claimed {
			unclaimed = append(unclaimed, s.Module)
		} else if what, of, ok := strings.Cut(verdict, ": "); ok {
			m.add("- **" + escape(what) + "**: " + escape(of) + "\n")
		} else {
			m.add("- " + escape(verdict) + "\n")
		}
	}
	if len(unclaimed) > 0 {
		m.add("- not claimed: " + escape(strings.Join(unclaimed, ", ")) + "\n")
	}
	m.add(fmt.Sprintf("\nlossproof %s, fixtures %s, reference PyTorch %s on %s/%s, level %s.\n",
		escape(result.Lossproof), escape(result.Fixtures.Version), escape(result.Reference.Version), escape(result.Platform.OS), escape(result.Platform.Arch), escape(result.Level)))
	if n := result.Summary.NotRun; n > 0 {
		m.add(fmt.Sprintf("\n**%d of %d cases were not run.**\n", n, result.Selected))
	}
}

// baseline says how the port holds against its baseline.
func (m *markdown) baseline(result *judge.Result) {
	baseline := result.Baseline
	if baseline == nil {
		return
	}
	if len(baseline.ClaimShrank) > 0 {
		m.add("\n### The claim shrank (" + ClaimShrank + ")\n\n")
		for _, line := range baseline.ClaimShrank {
			m.add("- " + escape(line) + "\n")
		}
	}
	for _, n := range ofBaseline(result) {
		m.add("\n**" + escape(n.text) + "**:\n\n- " + strings.Join(n.first(), "\n- ") + "\n")
	}
	for _, note := range baseline.Notes {
		m.add("\nThe baseline: " + escape(note) + ".\n")
	}
}

// Bounds of the failures.
const (
	maxRulesListed = 8
	maxRulesShown  = 20
	maxCasesShown  = 5
)

// failures writes a table of rules, and behind it for each rule its sentence, its plainest failure, and the ids of others.
func (m *markdown) failures(result *judge.Result) {
	cases := failing(result.Cases)
	if len(cases) == 0 {
		return
	}
	groups := byRule(cases)
	m.add(fmt.Sprintf("\n### %s\n\n| rule | requirement | cases | what it says |\n|---|---|--:|---|\n", words.Of(len(cases), asked(result.Cases), "case", "fail")))
	for _, group := range groups[:min(len(groups), maxRulesListed)] {
		m.add(fmt.Sprintf("| %s | %s | %d | %s |\n", escape(group[0].Rule), group[0].Requirement, len(group), escape(group[0].Statement)))
	}
	if more := len(groups) - maxRulesListed; more > 0 {
		var others []string
		for _, group := range groups[maxRulesListed:] {
			others = append(others, group[0].Rule)
		}
		m.add(fmt.Sprintf("\nand %s: %s.\n", words.Plural(more, "more rule", "more rules"), escape(strings.Join(others, ", "))))
	}
	m.details("A failure of each rule, and the ids of others", func() {
		for _, group := range groups[:min(len(groups), maxRulesShown)] {
			sorted := plainestFirst(group)
			m.add(fmt.Sprintf("#### %s: %s\n\n%s\n\n", escape(group[0].Rule), words.Plural(len(group), "case", "cases"), escape(group[0].Statement)))
			m.add(m.failure(sorted[0]))
			for i, r := range sorted[1:] {
				if i == maxCasesShown {
					m.add(fmt.Sprintf("- and %d more\n", len(group)-1-i))
					break
				}
				m.add(fmt.Sprintf("- `%s`: %s\n", r.ID, r.Outcome))
			}
			m.add("\n")
		}
	})
}

// failure says in a few lines what is wrong with a check, and how to see all of it.
func (m *markdown) failure(r judge.CheckResult) string {
	lines := append([]string{r.ID + ": " + string(r.Outcome)}, brief(r)...)
	return fence(strings.Join(append(lines, "lossproof show "+r.ID), "\n"))
}

// known lists what the baseline excuses, by rule and with its reasons.
func (m *markdown) known(result *judge.Result) {
	var deviations, failures []judge.CheckResult
	for _, r := range result.Cases {
		switch {
		case r.Outcome != judge.KnownFailure:
		case r.Requirement == fixtures.Should:
			deviations = append(deviations, r)
		default:
			failures = append(failures, r)
		}
	}
	for _, section := range []struct {
		title string
		cases []judge.CheckResult
	}{{"Deviations from should rules", deviations}, {"Known failures", failures}} {
		if len(section.cases) == 0 {
			continue
		}
		m.details(section.title+": "+words.Plural(len(section.cases), "case", "cases"), func() {
			for _, group := range byRule(section.cases) {
				m.add(fmt.Sprintf("- %s (%s): %s\n", escape(group[0].Rule), words.Plural(len(group), "case", "cases"), escape(Reasons(group[0]))))
			}
		})
	}
	if b := result.Baseline; b != nil && len(b.WithoutReason) > 0 {
		m.add(fmt.Sprintf("\n**%s of the baseline without a reason**, the first is `%s`.\n", words.Plural(len(b.WithoutReason), "entry", "entries"), b.WithoutReason[0]))
	}
}

// checked writes a table of the modules that are claimed.
func (m *markdown) checked(result *judge.Result) {
	var rows []row
	for _, s := range result.Summary.Modules {
		if s.Claimed {
			r := newRow(s.Module, s.Counts, failingOf(result.Summary, s.Module), "")
			r.where = "" // it is long
			rows = append(rows, r)
		}
	}
	titles, rule, legends := "|", "|", []string{}
	lines := make([]string, len(rows))
	for i, c := range telling(columns, rows) {
		titles += " " + c.title + " |"
		rule += map[bool]string{true: "---|", false: "--:|"}[i == 0]
		for j, r := range rows {
			lines[j] += "| " + escape(c.cell(r)) + " "
		}
		if c.legend != "" {
			legends = append(legends, escape(c.legend))
		}
	}
	m.add("\n### What was checked\n\n" + titles + "\n" + rule + "\n")
	for _, line := range lines {
		m.add(line + "|\n")
	}
	m.details("What the columns are", func() { m.add("- " + strings.Join(legends, "\n- ") + "\n") })
}

// byRule groups cases by their rule, those of most cases first.
func byRule(cases []judge.CheckResult) (groups [][]judge.CheckResult) {
	at := map[string]int{}
	for _, r := range cases {
		i, ok := at[r.Rule]
		if !ok {
			i = len(groups)
			at[r.Rule], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], r)
	}
	slices.SortStableFunc(groups, func(a, b []judge.CheckResult) int { return cmp.Compare(len(b), len(a)) })
	return groups
}

// fence writes text as code, in a fence that does not occur in it.
func fence(text string) string {
	ticks := "```"
	for strings.Contains(text, ticks) {
		ticks += "`"
	}
	return ticks + "\n" + text + "\n" + ticks + "\n"
}

// escape makes Markdown and HTML show text as it is.
func escape(text string) string {
	return strings.ReplaceAll(special.ReplaceAllString(text, `\$0`), "\n", " ")
}

// special are the characters that mean something in Markdown or HTML.
var special = regexp.MustCompile("[\\\\`*_\\[\\]<>|#&]")

// next says what to type to look at a failure and at its cause.
func (m *markdown) next(result *judge.Result) {
	if len(failing(result.Checks())) == 0 {
		return
	}
	var first *alike
	if causes := together(result); len(causes) > 0 {
		first = causes[0]
	}
	example, first := exampleOf(result, first)
	m.add("\nNext:\n\n" + fence(strings.Join(next(result, example, first), "\n")) + "\n")
}

// diagnoses writes the causes as a section.
func (m *markdown) diagnoses(result *judge.Result) {
	for _, d := range result.Diagnoses {
		causes := prose.CausesOf(result, d.Module)
		m.add(fmt.Sprintf("\n### Diagnosis of %s: %s\n", escape(d.Module), escape(prose.DiagnosisTitle(causes))))
		for _, c := range causes {
			m.add("\n**" + escape(prose.CauseSentence(c)) + "**\n\n")
			for _, line := range prose.CauseLines(c) {
				m.add("- " + line[0] + ": " + escape(strings.ReplaceAll(line[1], "\n", "; ")) + "\n")
			}
		}
		if text := prose.Unexplained(d, causes); text != "" {
			m.add("\n" + escape(text) + "\n")
		}
	}
}
