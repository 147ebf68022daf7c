package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"lossproof/internal/words"
	"lossproof/judge"
)

// badge is what shields.io's endpoint badge reads: https://shields.io/badges/endpoint-badge.
type badge struct {
	SchemaVersion int    `json:"schemaVersion"`
	Label         string `json:"label"`
	Message       string `json:"message"`
	Color         string `json:"color"`
}

// Badge writes the JSON of a shields.io endpoint badge.
func Badge(w io.Writer, result *judge.Result) error {
	b := badge{SchemaVersion: 1, Label: "lossproof"}
	b.Message, b.Color = badgeText(result)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(b)
}

// badgeText says in a few words what a verdict says. Bright green is for what nobody could have prepared: everything
// claimed, asked with a random seed; what was not checked, and a port that was lost, stand in the words.
func badgeText(result *judge.Result) (message, color string) {
	s := result.Summary
	deviations, known, laws, lawsOf, calls := 0, 0, 0, 0, 0
	var limits []string
	for _, m := range s.Modules {
		if !m.Claimed {
			continue
		}
		deviations += len(m.Deviations)
		known += m.KnownFailures
		laws, lawsOf = laws+m.Evidence.Laws, lawsOf+m.Evidence.LawsOf
		limits = append(limits, m.Limits...)
		if m.Drawn != nil {
			calls += m.Drawn.Calls
		}
	}
	for module := range result.Claim {
		if !slices.ContainsFunc(s.Modules, func(m judge.ModuleSummary) bool { return m.Module == module }) {
			limits = append(limits, module+" not selected")
		}
	}
	of := fmt.Sprintf("(%s)", result.Level)
	switch {
	case !result.Complete:
		return "not complete", "lightgrey"
	case len(s.Unasked()) > 0:
		return "no verdict " + of, "lightgrey"
	case betterThanBaseline(s):
		return "better than its baseline " + of, "yellow"
	case !s.Passed:
		return "not conformant " + of, "red"
	case known > 0:
		message, color = words.Plural(known, "known failure", "known failures")+" "+of, "yellow"
	case result.Shard != "":
		return fmt.Sprintf("nothing fails in shard %s %s", result.Shard, of), "lightgrey"
	default:
		message, color = "conformant "+of, "brightgreen"
	}
	less := func(words, shade string) {
		message += ", " + words
		if color == "brightgreen" || color == "green" && shade == "yellowgreen" {
			color = shade
		}
	}
	if deviations > 0 {
		less(words.Plural(deviations, "deviation", "deviations"), "green")
	}
	switch {
	case result.Recorded:
		less("recorded answers alone", "yellowgreen")
	case len(limits) > 0:
		less("some checks alone", "yellowgreen")
	}
	switch seed := result.SeedFrom; {
	case laws+calls == 0:
		less("no law and no generated call", "yellowgreen")
	case seed == judge.Random && calls > 0:
		message += ", " + generatedText(laws, lawsOf, calls) + ", random seed"
	case seed == judge.Random:
		less(generatedText(laws, lawsOf, calls)+", random seed", "green")
	default:
		less(generatedText(laws, lawsOf, calls)+", "+seed.String(result.Seed), "green")
	}
	if result.Effort == judge.Quick && calls > 0 {
		less("effort quick", "green")
	}
	if n := s.Incidents.Total(); n > 0 {
		less(s.Incidents.String(), "green")
	}
	return message, color
}

// betterThanBaseline reports whether nothing is wrong but the baseline, which has as failing what passes.
func betterThanBaseline(s judge.Summary) bool {
	better := false
	for _, m := range s.Modules {
		if m.Claimed && !m.Passed {
			if m.Instead() == "" {
				return false
			}
			better = true
		}
	}
	return better
}

// generatedText counts the laws that hold, of how many where these are more, and generated calls.
func generatedText(laws, of, calls int) string {
	text := words.Plural(laws, "law", "laws")
	if laws < of {
		text = fmt.Sprintf("%d of %d laws", laws, of)
	}
	if calls > 0 {
		text += ", " + words.Plural(calls, "generated call", "generated calls")
	}
	return text
}
