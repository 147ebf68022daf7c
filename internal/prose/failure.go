// Package prose says in words what came of a check, and which known mistakes explain failures.
package prose

import (
	"fmt"
	"strings"

	"lossproof/fixtures"
	"lossproof/judge"
)

// Failure describes a check that did not pass: its rules, its call, what is wrong with which output,
// and, as its last line, a hint at where to look. It is bounded, as the messages of the judge are.
func Failure(r judge.CheckResult, hint string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.ID, r.Outcome)
	fmt.Fprintf(&b, "  rule %s (%s): %s\n", r.Rule, r.Requirement, r.Statement)
	if len(r.Also) > 0 {
		fmt.Fprintf(&b, "  also touches %s\n", strings.Join(r.Also, ", "))
	}
	if r.Call != "" {
		fmt.Fprintf(&b, "  call: %s\n", r.Call)
	}
	if r.Diagnosis != "" {
		fmt.Fprintf(&b, "  diagnosis: as %s does\n", r.Diagnosis)
	}
	if r.Message != "" {
		fmt.Fprintf(&b, "  %s\n", indent(r.Message))
	}
	if text := knownText(r.Known, r.Outcome, r.Requirement); text != "" {
		fmt.Fprintf(&b, "  %s\n", text)
	}
	for _, name := range r.OutputNames() {
		output := r.Outputs[name]
		switch {
		case !output.Outcome.Failing() || output.Message == "":
		case output.Outcome == r.Outcome:
			fmt.Fprintf(&b, "  %s: %s\n", name, indent(output.Message))
		default:
			fmt.Fprintf(&b, "  %s is %s: %s\n", name, output.Outcome, indent(output.Message))
		}
		if text := knownText(output.Known, output.Outcome, r.Requirement); text != "" {
			fmt.Fprintf(&b, "  %s %s\n", name, text)
		}
	}
	if r.Note != "" {
		fmt.Fprintf(&b, "  note: %s\n", r.Note)
	}
	fmt.Fprintf(&b, "  %s", hint)
	return b.String()
}

// Known says in a line how a check that did not pass holds against the baseline; "" where that says nothing of it.
func Known(r judge.CheckResult) string {
	if text := knownText(r.Known, r.Outcome, r.Requirement); text != "" {
		return text
	}
	for _, name := range r.OutputNames() {
		if text := knownText(r.Outputs[name].Known, r.Outputs[name].Outcome, r.Requirement); text != "" {
			return name + " " + text
		}
	}
	return ""
}

// Line describes a check that did not pass in one line: its rule, and the first line of
// what is wrong.
func Line(r judge.CheckResult) string {
	what, _, _ := strings.Cut(First(r), "\n")
	return fmt.Sprintf("%s: %s (rule %s): %s", r.ID, r.Outcome, r.Rule, what)
}

// knownText says how an outcome that fails holds against the baseline's entry for it.
func knownText(known *judge.Known, outcome judge.Outcome, requirement fixtures.Requirement) string {
	switch {
	case known == nil || !outcome.Failing():
		return ""
	case outcome == judge.Fixed:
		return fmt.Sprintf("passes, and the baseline knows it as %s: --update-baseline removes the entry", known.Outcome)
	case outcome == known.Outcome && requirement == fixtures.Should:
		return "is in the baseline without a reason: a deviation from a should rule gates until the baseline gives one"
	}
	return fmt.Sprintf("is in the baseline as %s: %s is new", known.Outcome, outcome)
}

// indent indents all lines but the first.
func indent(text string) string {
	return strings.ReplaceAll(text, "\n", "\n  ")
}

// First says what is wrong with a check, or with the first output of it that fails.
func First(r judge.CheckResult) string {
	what := r.Message
	for _, name := range r.OutputNames() {
		if output := r.Outputs[name]; what == "" && output.Outcome.Failing() && output.Message != "" {
			what = name + ": " + output.Message
		}
	}
	return what
}
