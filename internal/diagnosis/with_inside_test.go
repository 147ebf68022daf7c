package diagnosis

import (
	"testing"

	"lossproof/internal/divergence"
)

// TestWith: a mistake is put beside those that it goes together with, whatever the others are.
func TestWith(t *testing.T) {
	m := &examination{catalogue: divergence.All()}
	several, err := divergence.ByNames("weight-absolute", "class-sum", "zeros", "logs-clamped-at-50", "input-clipped-at-1e-10")
	if err != nil {
		t.Fatal(err)
	}
	var h hypothesis
	for i, d := range several {
		h.mistakes = append(h.mistakes, &suspect{Divergence: d, order: 9 - i})
	}
	d, _ := divergence.ByName("epsilon-1e-7-added")
	for range 2 { // BCELoss has no class-sum, and zeros computes nothing
		if got, want := m.with(h, d).Name, "logs-clamped-at-50 and epsilon-1e-7-added and input-clipped-at-1e-10 and weight-absolute"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
