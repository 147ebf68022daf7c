package prose

import (
	"fmt"
	"strings"

	"lossproof/judge"
)

// Diagnosis says which known mistakes the port makes; it is empty for a result without diagnoses.
func Diagnosis(result *judge.Result) string {
	return strings.TrimSpace(Diagnoses(result, func(title string) string { return title }))
}

// Diagnoses says which known mistakes the port makes, a paragraph for each module, whose title is
// marked.
func Diagnoses(result *judge.Result, mark func(title string) string) string {
	var b strings.Builder
	for _, d := range result.Diagnoses {
		fmt.Fprintf(&b, "\n%s\n", mark("diagnosis of "+d.Module+": "+DiagnosisTitle(d)))
		for _, f := range d.Findings {
			fmt.Fprintf(&b, "\n  %s\n", f.Title)
			for _, line := range FindingLines(d, f) {
				fmt.Fprintf(&b, "    %-10s%s\n", line[0], line[1])
			}
		}
		if text := Unexplained(d); text != "" {
			fmt.Fprintf(&b, "\n  %s\n", text)
		}
	}
	return b.String()
}

// DiagnosisTitle names the findings.
func DiagnosisTitle(d judge.Diagnosis) string {
	if len(d.Findings) == 0 {
		return "no known mistake"
	}
	names := make([]string, len(d.Findings))
	for i, f := range d.Findings {
		names[i] = f.Divergence
	}
	return strings.Join(names, ", ")
}

// FindingLines say what speaks for a finding, and what to do: a word and a text each.
func FindingLines(d judge.Diagnosis, f judge.Finding) [][2]string {
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

// Unexplained says what no finding explains.
func Unexplained(d judge.Diagnosis) string {
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

// plural writes a number with the word that agrees with it.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
