package report

import (
	"encoding/json"
	"fmt"
	"io"

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

func badgeText(result *judge.Result) (message, color string) {
	s := result.Summary
	deviations, known := 0, 0
	for _, m := range s.Modules {
		if m.Claimed {
			deviations += len(m.Deviations)
			known += m.KnownFailures
		}
	}
	message, color = fmt.Sprintf("conformant (%s)", result.Level), "brightgreen"
	switch {
	case !result.Complete:
		return "not complete", "lightgrey"
	case !s.Passed:
		return fmt.Sprintf("not conformant (%s)", result.Level), "red"
	case known > 0:
		message, color = fmt.Sprintf("%s (%s)", plural(known, "known failure", "known failures"), result.Level), "yellow"
	case result.Shard != "":
		return fmt.Sprintf("nothing fails in shard %s (%s)", result.Shard, result.Level), "lightgrey"
	case deviations > 0:
		message, color = fmt.Sprintf("%s, %s", message, plural(deviations, "deviation", "deviations")), "green"
	}
	if result.Partial {
		message, color = message+", some cases", "yellowgreen"
	}
	return message, color
}

// plural writes a number with the word that agrees with it.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
