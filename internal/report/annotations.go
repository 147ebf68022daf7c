package report

import (
	"fmt"
	"io"
	"strings"

	"lossproof/judge"
)

// maxAnnotations is the number of errors that GitHub shows of one step.
const maxAnnotations = 10

// Annotations writes a result as workflow commands of GitHub Actions, which show it beside
// a pull request: an error for the cause in each module, one for each of the first failing cases, of as many rules as
// possible, one for a claim that shrank, and one for cases that were not run; a warning for known failures without a reason.
func Annotations(w io.Writer, result *judge.Result) error {
	var b strings.Builder
	command := func(kind, title, text string) {
		fmt.Fprintf(&b, "::%s title=%s::%s\n", kind, escapeProperty(title), escapeData(text))
	}
	room := maxAnnotations
	if baseline := result.Baseline; baseline != nil {
		if len(baseline.ClaimShrank) > 0 {
			command("error", "lossproof: "+claimShrank, strings.Join(baseline.ClaimShrank, "\n"))
			room--
		}
		if ids := baseline.WithoutReason; len(ids) > 0 {
			command("warning", "lossproof: known failures without a reason", fmt.Sprintf("%s, the first is %s", plural(len(ids), "entry", "entries"), ids[0]))
		}
	}
	if n := result.Summary.NotRun; n > 0 {
		command("error", "lossproof", fmt.Sprintf("%d of %d cases were not run", n, result.Selected))
		room--
	}
	for _, d := range result.Diagnoses { // the causes first: few errors are shown
		if len(d.Findings) > 0 && room > 2 {
			f := d.Findings[0]
			command("error", "lossproof: "+d.Module+": "+f.Divergence, fmt.Sprintf("%s (%d of %d answers that fail)\nright: %s", f.Title, f.Explains, d.Examined, f.Right))
			room--
		}
	}
	cases := failing(result.Checks())
	shown := first(cases, room)
	if len(shown) < len(cases) {
		shown = first(cases, room-1)
	}
	for _, r := range shown {
		command("error", "lossproof: "+r.ID, Failure(r))
	}
	if more := len(cases) - len(shown); more > 0 {
		command("error", "lossproof", plural(more, "more case fails", "more cases fail"))
	}
	if len(cases) == 0 && !result.Summary.Passed {
		command("error", "lossproof", strings.Join(result.Summary.Verdict, "\n"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// escapeData and escapeProperty escape as @actions/core does.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
