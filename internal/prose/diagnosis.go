package prose

import (
	"fmt"
	"slices"
	"strings"

	"lossproof/internal/words"
	"lossproof/judge"
)

// Diagnosis says what causes the failures; it is empty for a result without diagnoses.
func Diagnosis(result *judge.Result) string {
	return strings.TrimSpace(Diagnoses(result, func(title string) string { return title }))
}

// Diagnoses says what causes the failures, a paragraph for each module, whose title is marked.
func Diagnoses(result *judge.Result, mark func(title string) string) string {
	var b strings.Builder
	for _, d := range result.Diagnoses {
		causes := CausesOf(result, d.Module)
		fmt.Fprintf(&b, "\n%s\n", mark("diagnosis of "+d.Module+": "+DiagnosisTitle(causes)))
		for _, c := range causes {
			fmt.Fprintf(&b, "\n  %s\n", CauseSentence(c))
			for _, line := range CauseLines(c) {
				fmt.Fprintf(&b, "    %-10s%s\n", line[0], indentBy(line[1], 14))
			}
		}
		if text := Unexplained(d, causes); text != "" {
			fmt.Fprintf(&b, "\n  %s\n", text)
		}
	}
	return b.String()
}

// CausesOf returns the causes of failures of a module, findings before leads.
func CausesOf(result *judge.Result, module string) []judge.Cause {
	var causes []judge.Cause
	for _, c := range result.Causes {
		if c.Module == module {
			causes = append(causes, c)
		}
	}
	return causes
}

// DiagnosisTitle names the causes.
func DiagnosisTitle(causes []judge.Cause) string {
	var names, unknown []string
	for _, c := range causes {
		switch name := CauseName(c); {
		case c.Lead:
		case c.Name != "":
			names = added(names, name)
		default:
			unknown = added(unknown, name)
		}
	}
	switch {
	case len(names)+len(unknown) == 0:
		return "no known mistake" + Leads(causes)
	case len(names) > 0 && len(unknown) > 0:
		return fmt.Sprintf("%s, and %d that nobody has named", strings.Join(names, ", "), len(unknown))
	case len(unknown) > 0:
		return strings.Join(unknown, "; ") + Leads(causes)
	}
	return strings.Join(names, ", ")
}

// Leads names the leads among causes of which no mistake is known for certain.
func Leads(causes []judge.Cause) string {
	var names []string
	for _, c := range causes {
		if c.Lead && c.Name != "" {
			names = added(names, c.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; a lead: " + strings.Join(names, ", ")
}

// added returns a list with a text that it may have.
func added(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// CauseName names a cause in a word or a few.
func CauseName(c judge.Cause) string {
	switch {
	case c.Name != "":
		return c.Name
	case c.Kind == judge.Raises:
		return "it raises an error"
	}
	if c.Condition == "" {
		return "no known mistake"
	}
	return "no known mistake, " + c.Condition
}

// CauseSentence says what is wrong, and marks a lead as such.
func CauseSentence(c judge.Cause) string {
	text := c.Sentence
	if c.Condition != "" && !strings.Contains(text, c.Condition) {
		text = strings.TrimSuffix(text, ".") + ": " + c.Condition + "."
	}
	if c.Lead {
		return "a lead: " + text
	}
	return text
}

// CauseLines say what speaks for a cause, and what to do: a word and a text each.
func CauseLines(c judge.Cause) [][2]string {
	var lines [][2]string
	add := func(word, text string) {
		if text != "" {
			lines = append(lines, [2]string{word, text})
		}
	}
	if c.Name != "" {
		add("name", c.Name)
		if len(c.Alike) > 0 {
			add("one of", strings.Join(append([]string{c.Name}, c.Alike...), ", ")+": this call does not tell them apart")
		}
	}
	if r := c.Reproduction; r != nil {
		add("example", fmt.Sprintf("%s\n%s: got %s, want %s", r.Call, r.Output, r.Got, r.Want))
	}
	add("right", c.Right)
	if c.Rule != "" {
		rule := c.Rule
		if c.Requirement != "" {
			rule += " (" + string(c.Requirement) + ")"
		}
		add("rule", rule+": "+c.Statement)
	}
	add("why", c.Why)
	add("evidence", evidence(c))
	for _, link := range c.Met {
		add("met", link.URL+" ("+link.Title+")")
	}
	return lines
}

// evidence says how well a cause fits.
func evidence(c judge.Cause) string {
	text := fmt.Sprintf("it explains %d of %s", c.Explains, words.Plural(c.Failing, "answer that fails", "answers that fail"))
	if len(c.With) > 0 {
		text += ", some together with " + strings.Join(c.With, ", ")
	}
	if c.Kind != judge.KnownMistake {
		return text + beyond(c)
	}
	switch {
	case c.Fresh == nil:
		text += "; no fresh input was asked that would show it"
	case c.Fresh.Predicted:
		text += "; it predicts the answer to a fresh input, too, which is in no fixture (" + c.Fresh.Call + ")"
	default:
		text += "; but it does not predict the answer to a fresh input, which is in no fixture (" + c.Fresh.Call + ")"
	}
	if c.Otherwise > 0 {
		text += fmt.Sprintf("; %s otherwise wrong where it would show", words.Plural(c.Otherwise, "answer is", "answers are"))
	}
	if c.Contradicted > 0 {
		text += fmt.Sprintf("; it would also get %d of %s wrong: the port does not do all of it",
			c.Contradicted, words.Plural(c.Held, "answer that passes", "answers that pass"))
	}
	return text
}

// beyond says what came of asking on either side of a condition.
func beyond(c judge.Cause) string {
	text := ""
	if c.Contradicted > 0 {
		text += fmt.Sprintf("; %s where it holds", words.Plural(c.Contradicted, "number is right", "numbers are right"))
	}
	for _, within := range []bool{true, false} {
		asked, predicted := 0, 0
		for _, a := range c.Asked {
			if a.Within == within {
				if asked++; a.Predicted {
					predicted++
				}
			}
		}
		switch {
		case asked == 0:
		case within:
			text += fmt.Sprintf("; %d of %s wrong, too", predicted, words.Plural(asked, "fresh input within is", "fresh inputs within are"))
		default:
			text += fmt.Sprintf("; %d of %s right", predicted, words.Plural(asked, "fresh input beyond is", "fresh inputs beyond are"))
		}
	}
	return text
}

// Unexplained says what no cause explains.
func Unexplained(d judge.Diagnosis, causes []judge.Cause) string {
	var text string
	switch {
	case d.Examined == 0:
		text = "No answer was kept to look at."
	case d.Unexplained > 0 && slices.ContainsFunc(causes, func(c judge.Cause) bool { return c.Kind != judge.KnownMistake && !c.Lead }):
	case len(d.Findings) == 0 && d.Unexplained > 0:
		text = fmt.Sprintf("None of the %d known mistakes explains the %s%s.", d.Catalogue, words.Plural(d.Unexplained, "answer that fails", "answers that fail"), such("; one is ", d.Example))
	case d.Unexplained > 0:
		text = fmt.Sprintf("No known mistake explains %s%s.", words.Plural(d.Unexplained, "answer that fails", "answers that fail"), such(", such as ", d.Example))
	}
	if lost := d.Failing - d.Examined; lost > 0 {
		text = strings.TrimSpace(text + fmt.Sprintf(" %s not looked at: too many, or too large.", words.Plural(lost, "wrong answer was", "wrong answers were")))
	}
	return text
}

// such leads to an example, where there is one.
func such(lead, example string) string {
	if example == "" {
		return ""
	}
	return lead + example
}

// indentBy indents all lines but the first.
func indentBy(text string, n int) string {
	return strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", n))
}
