package report

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/prose"
	"lossproof/internal/words"
	"lossproof/judge"
)

// Failure describes a check that did not pass, and ends with the command that shows the check.
func Failure(r judge.CheckResult) string { return prose.Failure(r, "lossproof show "+r.ID) }

// maxBrief bounds the lines that say what is wrong, beside the call.
const maxBrief = 4

// brief says in a few lines what is wrong with a check: its call, and the first of what is wrong.
func brief(r judge.CheckResult) []string {
	what := prose.First(r)
	lines := strings.Split(what, "\n")
	if name, _, ok := strings.Cut(what, ":"); ok && len(lines) > 1 && strings.HasPrefix(lines[1], "  at ") {
		lines[1] = name + lines[1][1:] // the first element says enough
		for i := 2; i < len(lines); i++ {
			lines[i] = strings.TrimPrefix(lines[i], "  ")
		}
		lines = lines[1:]
	}
	lines = lines[:min(len(lines), maxBrief)]
	lines = append(append([]string{r.Call}, lines...), prose.Known(r))
	return slices.DeleteFunc(lines, func(line string) bool { return line == "" })
}

// failing returns the checks that fail the run, without those that are a matter of the baseline alone.
func failing(checks []judge.CheckResult) []judge.CheckResult {
	var list []judge.CheckResult
	for _, r := range checks {
		if gating(r) && r.Outcome != judge.Fixed && !r.NeedsReason() {
			list = append(list, r)
		}
	}
	return list
}

// gating reports whether a check fails the run.
func gating(r judge.CheckResult) bool {
	return r.Outcome.Failing() && (r.Gates || r.Outcome == judge.SuiteError)
}

// ofBaseline says what is to be done about the checks that fail the run because the baseline is not as they are, a line for each
// kind, and their ids.
func ofBaseline(result *judge.Result) []notice {
	var fixed, unreasoned []string
	for _, r := range result.Checks() {
		switch {
		case !gating(r):
		case r.Outcome == judge.Fixed:
			fixed = append(fixed, r.ID)
		case r.NeedsReason():
			unreasoned = append(unreasoned, r.ID)
		}
	}
	var notices []notice
	if n := len(fixed); n > 0 {
		text := words.Plural(n, "check passes", "checks pass") + " that the baseline has as failing: run again with --update-baseline, which removes what passes"
		notices = append(notices, notice{text, fixed})
	}
	if n := len(unreasoned); n > 0 {
		text := words.Plural(n, "check deviates", "checks deviate") + " from should rules as the baseline says, without a reason: that gates until you write one there"
		notices = append(notices, notice{text, unreasoned})
	}
	return notices
}

// notice is what is to be done about some checks.
type notice struct {
	text string
	ids  []string
}

// first returns the first ids, and says how many there are more.
func (n notice) first() []string {
	if more := len(n.ids) - firstFailures; more > 0 {
		return append(slices.Clone(n.ids[:firstFailures]), fmt.Sprintf("and %d more", more))
	}
	return n.ids
}

// dimensions matches the shape of the first input of a call.
var dimensions = regexp.MustCompile(`\(([\d, ]*)\)`)

// plainestFirst sorts checks by how well they show what is wrong: first those of a must rule, with the fewest
// features, with finite and moderate numbers, and the smallest.
func plainestFirst(checks []judge.CheckResult) []judge.CheckResult {
	type weighed struct {
		judge.CheckResult
		weight []int
	}
	list := make([]weighed, len(checks))
	for i, r := range checks {
		list[i] = weighed{r, weight(r)}
	}
	slices.SortStableFunc(list, func(a, b weighed) int { return slices.Compare(a.weight, b.weight) })
	sorted := make([]judge.CheckResult, len(checks))
	for i, w := range list {
		sorted[i] = w.CheckResult
	}
	return sorted
}

// weight is less for a check that is plainer.
func weight(r judge.CheckResult) []int {
	special, size := 0, 1
	if r.Requirement != fixtures.Must {
		special += 4
	}
	if r.Kind == judge.Relation || r.Kind == judge.Generated {
		special += 3
	}
	if slices.Contains(r.Features, "nonfinite") || slices.Contains(r.Features, "empty") {
		special += 2
	}
	if strings.HasPrefix(r.Topic, "extreme") || slices.Contains(r.Features, "soft_targets") {
		special++
	}
	if strings.Contains(r.Call, "float16") { // bfloat16 too
		special++
	}
	if shape := dimensions.FindStringSubmatch(r.Call); shape != nil {
		for d := range strings.SplitSeq(shape[1], ",") {
			if n, err := strconv.Atoi(strings.TrimSpace(d)); err == nil {
				size *= n
			}
		}
	}
	return []int{special, len(r.Features), size}
}

// ClaimShrank is the name of the fault that a port claims less than its baseline.
const ClaimShrank = "claim-shrank"

// Reasons joins the reasons of the baseline for a case.
func Reasons(r judge.CheckResult) string {
	var texts []string
	add := func(known *judge.Known) {
		if known == nil {
			return
		}
		text := known.Reason
		if text == "" {
			text = "no reason is given"
		}
		if slices.Contains(texts, text) {
			return
		}
		texts = append(texts, text)
	}
	add(r.Known)
	for _, name := range r.OutputNames() {
		if output := r.Outputs[name]; output.Outcome == judge.KnownFailure {
			add(output.Known)
		}
	}
	return strings.Join(texts, "; ")
}
