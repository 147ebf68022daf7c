// Package corpus has the fixtures for tests: a few cases of each module for most of them, all cases
// for those that are about all.
package corpus

import (
	"sync"
	"testing"

	"lossproof/fixtures"
)

// Whole returns the embedded fixtures, which are opened once.
func Whole(t testing.TB) *fixtures.Set {
	t.Helper()
	set, err := whole()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

var whole = sync.OnceValues(fixtures.Embedded)

// Small returns some fifty of their cases: the first of each topic, but for those of large tensors.
// They can be asked in milliseconds. [fixtures.Set.Case] finds the other cases too.
func Small(t testing.TB) *fixtures.Set {
	t.Helper()
	return Of(t, func(c *fixtures.Case, first bool) bool {
		return first && c.Topic != "accumulation" && c.Topic != "large"
	})
}

// Of returns the fixtures with the cases that are kept; first says that a case is the first of its
// topic.
func Of(t testing.TB, keep func(c *fixtures.Case, first bool) bool) *fixtures.Set {
	t.Helper()
	part := *Whole(t)
	var cases []fixtures.Case
	for i := range part.Cases {
		c := &part.Cases[i]
		if keep(c, i == 0 || c.Module != part.Cases[i-1].Module || c.Topic != part.Cases[i-1].Topic) {
			cases = append(cases, *c)
		}
	}
	part.Cases = cases
	return &part
}
