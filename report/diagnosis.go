package report

import (
	"fmt"
	"strings"

	"lossproof/judge"
)

// Diagnosis says which known mistakes the port makes, as [Text] does; it is empty for a result
// without diagnoses.
func Diagnosis(result *judge.Result) string {
	t := &text{}
	t.diagnoses(result)
	return strings.TrimSpace(t.String())
}

// diagnoses says which known mistakes the port makes.
func (t *text) diagnoses(result *judge.Result) {
	for _, d := range result.Diagnoses {
		t.printf("\n%s\n", t.color(bold, "diagnosis of "+d.Module+": "+diagnosisTitle(d)))
		for _, f := range d.Findings {
			t.printf("\n  %s\n", f.Title)
			for _, line := range findingLines(d, f) {
				t.printf("    %-10s%s\n", line[0], line[1])
			}
		}
		if text := unexplained(d); text != "" {
			t.printf("\n  %s\n", text)
		}
	}
}

// diagnosisTitle names the findings.
func diagnosisTitle(d judge.Diagnosis) string {
	if len(d.Findings) == 0 {
		return "no known mistake"
	}
	names := make([]string, len(d.Findings))
	for i, f := range d.Findings {
		names[i] = f.Divergence
	}
	return strings.Join(names, ", ")
}

// findingLines say what speaks for a finding, and what to do: a word and a text each.
func findingLines(d judge.Diagnosis, f judge.Finding) [][2]string {
	lines := [][2]string{{"why", f.Why}}
	if f.Rule != "" {
		lines = append(lines, [2]string{"rule", f.Rule + ": " + f.Statement})
	}
	lines = append(lines, [2]string{"right", f.Right}, [2]string{"evidence", evidence(d, f)})
	for _, link := range f.Met {
		lines = append(lines, [2]string{"met", link.URL + " (" + link.Title + ")"})
	}
	return lines
}

// evidence says how well a finding fits.
func evidence(d judge.Diagnosis, f judge.Finding) string {
	text := fmt.Sprintf("the answers equal %s in %d of the %s", f.Divergence, f.Explains, plural(d.Examined, "answer that fails", "answers that fail"))
	switch {
	case f.Fresh == nil:
		text += "; no fresh input was asked that would show it"
	case f.Fresh.Predicted:
		text += "; it predicts the answer to a fresh input, too, which is in no fixture (" + f.Fresh.Call + ")"
	default:
		text += "; but it does not predict the answer to a fresh input, which is in no fixture (" + f.Fresh.Call + ")"
	}
	if f.Contradicted > 0 {
		text += fmt.Sprintf("; it would also get %d of %s wrong: the port does not do all of it",
			f.Contradicted, plural(f.Held, "answer that passes", "answers that pass"))
	}
	return text
}

// unexplained says what no finding explains.
func unexplained(d judge.Diagnosis) string {
	var text string
	switch {
	case d.Examined == 0:
		text = "No answer was kept to look at."
	case len(d.Findings) == 0:
		text = fmt.Sprintf("None of the %d known mistakes explains the %s; one is %s.",
			d.Catalogue, plural(d.Examined, "answer that fails", "answers that fail"), d.Example)
	case d.Unexplained > 0:
		text = fmt.Sprintf("This does not explain %s, such as %s.", plural(d.Unexplained, "answer that fails", "answers that fail"), d.Example)
	}
	if lost := d.Failing - d.Examined; lost > 0 {
		text = strings.TrimSpace(text + fmt.Sprintf(" %s not looked at: too many, or too large.", plural(lost, "wrong answer was", "wrong answers were")))
	}
	return text
}

// diagnoses writes the findings as a section.
func (m *markdown) diagnoses(result *judge.Result) {
	for _, d := range result.Diagnoses {
		m.add(fmt.Sprintf("\n### Diagnosis of %s: %s\n", escape(d.Module), escape(diagnosisTitle(d))))
		for _, f := range d.Findings {
			m.add("\n**" + escape(f.Title) + "**\n\n")
			for _, line := range findingLines(d, f) {
				m.add("- " + line[0] + ": " + escape(line[1]) + "\n")
			}
		}
		if text := unexplained(d); text != "" {
			m.add("\n" + escape(text) + "\n")
		}
	}
}
