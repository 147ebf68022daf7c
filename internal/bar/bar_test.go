package bar_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"lossproof/internal/bar"
)

func TestBar(t *testing.T) {
	var terminal bytes.Buffer
	b := bar.New(&terminal, 80)
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

// TestBarOfANarrowTerminal: the line is never broken, or what is written again begins in its second half.
func TestBarOfANarrowTerminal(t *testing.T) {
	for _, columns := range []int{40, 60} {
		var terminal bytes.Buffer
		bar.New(&terminal, columns).Show(1079, 6158, "judging", "1079/6158, 119 fail")
		line := strings.Trim(strings.TrimSuffix(terminal.String(), "\x1b[K"), "\r")
		if n := utf8.RuneCountInString(line); n >= columns || n < columns-8 {
			t.Errorf("%d columns: %q has %d", columns, line, n)
		}
	}
}
