package report

import (
	"fmt"
	"io"
	"strings"

	"lossproof/internal/prose"
	"lossproof/internal/words"
	"lossproof/judge"
)

// maxAnnotations is the number of errors that GitHub shows of one step.
const maxAnnotations = 10

// Files are those of a repository that a run is about, as paths within it, each "" where there is none: the source of the
// port, and its baseline.
type Files struct{ Port, Baseline string }

// Annotations writes a result as workflow commands of GitHub Actions, which show it beside a pull request: an error for a
// claim that shrank, for checks that were not run, for the causes in each module, and for the plainest failures, of as many rules as
// possible; a warning for known failures without a reason.
func Annotations(w io.Writer, result *judge.Result, files Files) error {
	var b strings.Builder
	command := func(kind, file, title, text string) {
		place := ""
		if file != "" {
			place = "file=" + escapeProperty(file) + ",line=1,"
		}
		fmt.Fprintf(&b, "::%s %stitle=%s::%s\n", kind, place, escapeProperty(title), escapeData(text))
	}
	room := maxAnnotations
	if baseline := result.Baseline; baseline != nil {
		if len(baseline.ClaimShrank) > 0 {
			command("error", files.Baseline, "lossproof: "+ClaimShrank, strings.Join(baseline.ClaimShrank, "\n"))
			room--
		}
		if ids := baseline.WithoutReason; len(ids) > 0 {
			command("warning", files.Baseline, "lossproof: known failures without a reason", fmt.Sprintf("%s, the first is %s", words.Plural(len(ids), "entry", "entries"), ids[0]))
		}
	}
	if n := result.Summary.NotRun; n > 0 {
		command("error", files.Port, "lossproof", fmt.Sprintf("%d of %d cases were not run", n, result.Selected))
		room--
	}
	for _, n := range ofBaseline(result) {
		command("error", files.Baseline, "lossproof: the baseline", n.text+"\n"+strings.Join(n.first(), "\n"))
		room--
	}
	for _, c := range result.Causes { // the causes first: few errors are shown
		if !c.Lead && room > 2 {
			text := fmt.Sprintf("%s (%d of %d answers that fail)", prose.CauseSentence(c), c.Explains, c.Failing)
			if c.Right != "" {
				text += "\nright: " + c.Right
			}
			command("error", files.Port, "lossproof: "+c.Module+": "+prose.CauseName(c), text)
			room--
		}
	}
	checks := plainestFirst(failing(result.Checks()))
	shown := first(checks, room)
	if len(shown) < len(checks) {
		shown = first(checks, room-1)
	}
	for _, r := range shown {
		lines := append([]string{r.Rule + " (" + string(r.Requirement) + "): " + r.Statement}, brief(r)...)
		command("error", files.Port, "lossproof: "+r.ID+": "+string(r.Outcome), strings.Join(append(lines, "lossproof show "+r.ID), "\n"))
	}
	if more := len(checks) - len(shown); more > 0 {
		command("error", files.Port, "lossproof", words.Plural(more, "more check fails", "more checks fail")+": the summary of the job has them by rule")
	}
	if room == maxAnnotations && len(checks) == 0 && !result.Summary.Passed {
		command("error", files.Port, "lossproof", strings.Join(result.Summary.Verdict, "\n"))
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
