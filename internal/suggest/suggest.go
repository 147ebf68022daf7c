// Package suggest finds the word that somebody may have meant.
package suggest

import (
	"fmt"
	"strings"
)

// Nearest returns the candidate with the smallest edit distance to word, regardless
// of case; of several the first. ok is false where none is near: more than a third of
// word's letters, and at least two, would have to change.
func Nearest(word string, candidates []string) (nearest string, ok bool) {
	best := max(2, len(word)/3) + 1
	for _, candidate := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(candidate), best); d < best {
			best, nearest, ok = d, candidate, true
		}
	}
	return nearest, ok
}

// Hint returns `, did you mean "x"?` for the nearest candidate, or nothing.
func Hint(word string, candidates []string) string {
	if nearest, ok := Nearest(word, candidates); ok {
		return fmt.Sprintf(", did you mean %q?", nearest)
	}
	return ""
}

// distance returns the Levenshtein distance of a and b, or limit if it is not below.
func distance(a, b string, limit int) int {
	if diff := len(a) - len(b); diff >= limit || -diff >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		smallest := row[0]
		for j := range len(b) {
			substitution := diagonal
			if a[i] != b[j] {
				substitution++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitution, diagonal+1, row[j]+1)
			smallest = min(smallest, row[j+1])
		}
		if smallest >= limit {
			return limit
		}
	}
	return min(row[len(b)], limit)
}
