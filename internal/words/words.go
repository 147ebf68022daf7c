// Package words writes numbers with the words that agree with them, and breaks lines between words.
package words

import "fmt"

// Of writes a share with its verb: "1 of 62 relations fails", "2 of 3 cases fail".
func Of(n, all int, noun, verb string) string {
	if all != 1 {
		noun += "s"
	}
	if n == 1 {
		verb += "s"
	}
	return fmt.Sprintf("%d of %d %s %s", n, all, noun, verb)
}
