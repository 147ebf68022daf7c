// Package suggest finds the word that somebody may have meant.
package suggest

import (
	"fmt"
	"strconv"
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

// Hint returns `, did you mean "x"?` for the candidates that begin with word, if there are
// any, or for the nearest, or nothing.
func Hint(word string, candidates []string) string {
	if begun := beginning(word, candidates); len(begun) > 0 {
		return fmt.Sprintf(", did you mean %s?", anyOf(begun))
	}
	if nearest, ok := Nearest(word, candidates); ok {
		return fmt.Sprintf(", did you mean %q?", nearest)
	}
	return ""
}

// beginning returns the candidates that begin with word, regardless of case; none for a
// single letter, which says little.
func beginning(word string, candidates []string) []string {
	if len(word) < 2 {
		return nil
	}
	var begun []string
	for _, candidate := range candidates {
		if len(candidate) > len(word) && strings.EqualFold(candidate[:len(word)], word) {
			begun = append(begun, candidate)
		}
	}
	return begun
}

// anyOf lists words, the first few of many.
func anyOf(words []string) string {
	const few = 3
	var quoted []string
	for _, word := range words[:min(len(words), few)] {
		quoted = append(quoted, strconv.Quote(word))
	}
	last := len(quoted) - 1
	switch {
	case last == 0:
		return quoted[0]
	case len(words) > few:
		return fmt.Sprintf("%s or another of the %d that begin so", strings.Join(quoted, ", "), len(words))
	}
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
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
