package prose_test

import (
	"testing"

	"lossproof/internal/prose"
	"lossproof/judge"
)

// TestUnexplained: a sentence without an example ends all the same.
func TestUnexplained(t *testing.T) {
	d := judge.Diagnosis{Catalogue: 99, Failing: 3, Examined: 3, Unexplained: 1}
	for example, want := range map[string]string{
		"":             "None of the 99 known mistakes explains the 1 answer that fails.",
		"M/t/c#output": "None of the 99 known mistakes explains the 1 answer that fails; one is M/t/c#output.",
	} {
		d.Example = example
		if got := prose.Unexplained(d, nil); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
