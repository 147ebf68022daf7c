package suggest_test

import (
	"strings"
	"testing"

	"lossproof/internal/suggest"
)

func TestNearest(t *testing.T) {
	words := []string{"parity", "exact", "reference", "BCEWithLogitsLoss"}
	for _, test := range []struct{ word, want string }{
		{"parity", "parity"},
		{"partiy", "parity"}, // two letters change
		{"exat", "exact"},
		{"Reference", "reference"},
		{"bcewithlogits", "BCEWithLogitsLoss"},
		{"ulp", ""},
		{"", ""},
		{strings.Repeat("x", 1000), ""},
	} {
		got, ok := suggest.Nearest(test.word, words)
		if got != test.want || ok != (test.want != "") {
			t.Errorf("Nearest(%.20q) = %q, %t, want %q", test.word, got, ok, test.want)
		}
	}
}
