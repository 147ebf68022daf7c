package bar_test

import (
	"bytes"
	"strings"
	"testing"

	"lossproof/internal/bar"
)

func TestBar(t *testing.T) {
	var terminal bytes.Buffer
	b := bar.New(&terminal)
	b.Clear()
	if terminal.Len() > 0 {
		t.Errorf("cleared before it was shown: %q", terminal.String())
	}
	b.Show(0, 0, "nothing", "to do")
	b.Show(25, 100, "judging", "3 fail")
	b.Show(26, 100, "judging", "4 fail") // too soon
	b.Clear()
	want := "\rjudging  25 % |" + strings.Repeat("█", 10) + strings.Repeat(" ", 30) + "| 3 fail\x1b[K\r\x1b[K"
	if got := terminal.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
