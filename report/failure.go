package report

import (
	"fmt"
	"strings"

	"lossproof/judge"
)

// Failure describes a case that did not pass: its rule, what is wrong with which output,
// and the command that shows the case. It is bounded, as the messages of the judge are.
func Failure(r judge.CaseResult) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.ID, r.Outcome)
	fmt.Fprintf(&b, "  rule %s (%s): %s\n", r.Rule, r.Requirement, r.Statement)
	if r.Message != "" {
		fmt.Fprintf(&b, "  %s\n", indent(r.Message))
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
	}
	fmt.Fprintf(&b, "  lossproof show %s", r.ID)
	return b.String()
}

// indent indents all lines but the first.
func indent(text string) string {
	return strings.ReplaceAll(text, "\n", "\n  ")
}
