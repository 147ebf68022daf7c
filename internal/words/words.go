// Package words writes numbers with the words that agree with them, and breaks lines between words.
package words

import (
	"fmt"
	"strings"
)

// Plural writes a number with its noun: "1 entry", "2 entries".
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Of writes a share with its verb: "1 of 62 laws fails", "2 of 3 cases fail"; without a noun "2 of 3 fail".
func Of(n, all int, noun, verb string) string {
	switch {
	case noun == "":
	case all == 1:
		noun += " "
	default:
		noun += "s "
	}
	switch {
	case n == 1 && strings.HasSuffix(verb, "s"):
		verb += "es"
	case n == 1:
		verb += "s"
	}
	return fmt.Sprintf("%d of %d %s%s", n, all, noun, verb)
}
