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

func TestHint(t *testing.T) {
	rules := []string{"MLSM-RANK", "MLSM-NONE-SHAPE", "MLSM-SUM", "MLSM-SUM-SCALE", "MLSM-MEAN", "BCEWL-SUM"}
	for _, test := range []struct{ word, want string }{
		{"MLSM-NONE", `, did you mean "MLSM-NONE-SHAPE"?`}, // MLSM-RANK is as near as a word
		{"mlsm-none", `, did you mean "MLSM-NONE-SHAPE"?`},
		{"MLSM-SU", `, did you mean "MLSM-SUM" or "MLSM-SUM-SCALE"?`},
		{"MLSM", `, did you mean "MLSM-RANK", "MLSM-NONE-SHAPE", "MLSM-SUM" or another of the 5 that begin so?`},
		{"MLSM-MAEN", `, did you mean "MLSM-MEAN"?`},
		{"B", ""},
		{"", ""},
		{"zzz", ""},
	} {
		if got := suggest.Hint(test.word, rules); got != test.want {
			t.Errorf("Hint(%q) = %q, want %q", test.word, got, test.want)
		}
	}
}
