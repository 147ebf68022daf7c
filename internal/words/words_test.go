package words_test

import (
	"testing"

	"lossproof/internal/words"
)

func TestOf(t *testing.T) {
	for _, test := range []struct {
		n, all int
		want   string
	}{
		{0, 1, "0 of 1 law hold"}, {1, 1, "1 of 1 law holds"}, {0, 2, "0 of 2 laws hold"}, {1, 2, "1 of 2 laws holds"}, {2, 2, "2 of 2 laws hold"},
	} {
		if got := words.Of(test.n, test.all, "law", "hold"); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	if got := words.Of(2, 6, "", "pass"); got != "2 of 6 pass" {
		t.Errorf("got %q", got)
	}
	if got := words.Of(1, 6, "generated check", "pass"); got != "1 of 6 generated checks passes" {
		t.Errorf("got %q", got)
	}
}
