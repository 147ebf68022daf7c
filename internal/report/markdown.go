package report

import (
	"fmt"
	"io"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/prose"
	"lossproof/internal/words"
	"lossproof/judge"
)

// maxMarkdown bounds what Markdown writes, in bytes: it is to be read, and a job's summary
// on GitHub may have 1 MiB of all steps.
const maxMarkdown = 60_000

// Markdown writes a result for the summary page of a CI job: the verdict, the failures by
// rule, what the baseline knows, and what was checked. It is bounded.
func Markdown(w io.Writer, result *judge.Result) error {
	m := &markdown{}
	m.head(result)
	m.claim(result.Baseline)
	m.diagnoses(result)
	m.failures(result)
	m.relations(result)
	m.known(result)
	m.checked(result)
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

func (m *markdown) head(result *judge.Result) {
	title, symbol := "not conformant", "❌"
	switch s := result.Summary; {
	case !result.Complete:
		title = "not complete"
	case s.Conformant:
		title, symbol = "conformant", "✅"
	case s.Passed && result.Shard != "":
		title, symbol = "nothing fails in shard "+result.Shard, "✅"
	case s.Passed:
		title, symbol = "fails as its baseline says", "☑️"
	}
	m.add(fmt.Sprintf("## %s lossproof: %s %s is %s\n\n", symbol, escape(result.Port.Name), escape(result.Port.Version), title))
	m.add(fence(strings.Join(result.Summary.Verdict, "\n")))
	m.add(fmt.Sprintf("\nlossproof %s, fixtures %s, reference PyTorch %s on %s/%s, level %s.\n",
		escape(result.Lossproof), escape(result.Fixtures.Version), escape(result.Reference.Version), escape(result.Platform.OS), escape(result.Platform.Arch), escape(result.Level)))
	if n := result.Summary.NotRun; n > 0 {
		m.add(fmt.Sprintf("\n**%d of %d cases were not run.**\n", n, result.Selected))
	}
}

func (m *markdown) claim(baseline *judge.BaselineInfo) {
	if baseline == nil {
		return
	}
	if len(baseline.ClaimShrank) > 0 {
		m.add("\n### The claim shrank (" + claimShrank + ")\n\n")
		for _, line := range baseline.ClaimShrank {
			m.add("- " + escape(line) + "\n")
		}
	}
	for _, note := range baseline.Notes {
		m.add("\nThe baseline: " + escape(note) + ".\n")
	}
}

// Bounds of the failures.
const (
	maxRulesShown   = 20
	maxCasesShown   = 5
	maxMessageShown = 1500
)

// failures writes a section for each rule: its sentence, one failure in full, and the ids
// of others.
func (m *markdown) failures(result *judge.Result) {
	cases := failing(result.Cases)
	if len(cases) == 0 {
		return
	}
	m.add(fmt.Sprintf("\n### %s\n", words.Of(len(cases), asked(result), "case", "fail")))
	rules, groups := byRule(cases)
	for i, rule := range rules {
		group := groups[rule]
		if i == maxRulesShown {
			m.add(fmt.Sprintf("\nand %s.\n", plural(len(rules)-i, "more rule", "more rules")))
			break
		}
		m.add(fmt.Sprintf("\n#### %s (%s): %s\n\n%s\n\n", rule, group[0].Requirement, plural(len(group), "case", "cases"), escape(group[0].Statement)))
		text := Failure(group[0])
		if len(text) > maxMessageShown {
			text = strings.ToValidUTF8(text[:maxMessageShown], "") + "…"
		}
		m.add(fence(text))
		for j, r := range group[1:] {
			if j == maxCasesShown {
				m.add(fmt.Sprintf("- and %d more\n", len(group)-1-j))
				break
			}
			m.add(fmt.Sprintf("- `%s`: %s\n", r.ID, r.Outcome))
		}
	}
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
		m.add(fmt.Sprintf("\n### %s: %s\n\n", section.title, plural(len(section.cases), "case", "cases")))
		rules, groups := byRule(section.cases)
		for _, rule := range rules {
			m.add(fmt.Sprintf("- %s (%s): %s\n", rule, plural(len(groups[rule]), "case", "cases"), escape(reasons(groups[rule][0]))))
		}
	}
	if b := result.Baseline; b != nil && len(b.WithoutReason) > 0 {
		m.add(fmt.Sprintf("\n**%s of the baseline without a reason**, the first is `%s`.\n", plural(len(b.WithoutReason), "entry", "entries"), b.WithoutReason[0]))
	}
}

// checked writes a table of modules.
func (m *markdown) checked(result *judge.Result) {
	m.add("\n### What was checked\n\n| module | cases | pass | fail | known | quirk | unsupported | outputs | agree with torch | exact | both | worst ULP |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, s := range result.Summary.Modules {
		cases, failing, gating := 0, 0, 0
		for outcome, n := range s.Cases {
			cases += n
			if outcome.Failing() {
				failing += n
			}
		}
		for _, topic := range result.Summary.Topics {
			if topic.Module == s.Module {
				gating += topic.Failing
			}
		}
		worst := "-"
		if s.Worst != nil {
			worst = formatULP(s.Worst.ULP)
		}
		both := s.Agrees["both"]
		m.add(fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %s |\n", escape(s.Module), cases, s.Cases[judge.Pass], gating,
			s.Cases[judge.KnownFailure], failing-gating, s.Cases[judge.Unsupported], s.OutputsAsked, both+s.Agrees["torch"], both+s.Agrees["exact"], both, worst))
	}
	m.add("\nquirk: cases that record a quirk of PyTorch which the port does not have; they gate only with `--quirks`.\n")
}

// byRule groups cases by their rule, in the order of the first case of each.
func byRule(cases []judge.CheckResult) (rules []string, groups map[string][]judge.CheckResult) {
	groups = map[string][]judge.CheckResult{}
	for _, r := range cases {
		if groups[r.Rule] == nil {
			rules = append(rules, r.Rule)
		}
		groups[r.Rule] = append(groups[r.Rule], r)
	}
	return rules, groups
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
	var b strings.Builder
	for _, r := range text {
		switch r {
		case '\\', '`', '*', '_', '[', ']', '<', '>', '|', '#', '&':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n':
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// diagnoses writes the findings as a section.
func (m *markdown) diagnoses(result *judge.Result) {
	for _, d := range result.Diagnoses {
		m.add(fmt.Sprintf("\n### Diagnosis of %s: %s\n", escape(d.Module), escape(prose.DiagnosisTitle(d))))
		for _, f := range d.Findings {
			m.add("\n**" + escape(f.Title) + "**\n\n")
			for _, line := range prose.FindingLines(d, f) {
				m.add("- " + line[0] + ": " + escape(line[1]) + "\n")
			}
		}
		if text := prose.Unexplained(d); text != "" {
			m.add("\n" + escape(text) + "\n")
		}
	}
}
