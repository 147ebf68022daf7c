package words_test

import (
	"strings"
	"testing"

	"lossproof/internal/words"
)

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		reason, text string
		width        int
		want         string
	}{
		{"no width", "one two three", 0, "one two three"},
		{"it fits", "one two three", 13, "one two three"},
		{"between words", "one two three four", 9, "one two\n  three\n  four"},
		{"each line for itself", "one two\nthree four five", 10, "one two\nthree four\n  five"},
		{"as far in as the line, and a bit", "  at (): got 4.9 of all", 13, "  at (): got\n    4.9 of\n    all"},
		{"below the text behind its label", "    why  It is taken for a weight.", 24, "    why  It is taken for\n         a weight."},
		{"a title and its text", "cause: the weight is used twice, here", 28, "cause: the weight is used\n       twice, here"},
		{"a long label is none", "a-very-long-name-of-a-rule  is broken", 20, "a-very-long-name-of-a-rule\n  is broken"},
		{"below the last column", "fail  yes  the answer is wrong", 22, "fail  yes  the answer\n           is wrong"},
		{"a word that is too long stays whole", "see BCELoss/targets/f32-none now", 12, "see\n  BCELoss/targets/f32-none\n  now"},
		{"a shape stays whole", "input float32 (3, 4, 5) and (16, 12) too", 18, "input float32\n  (3, 4, 5) and\n  (16, 12) too"},
		{"a sign stays with its number", "off by (> 1e6 ULP)", 10, "off by\n  (> 1e6\n  ULP)"},
		{"a command stays whole", "next: lossproof show BCELoss/targets/f32-none", 20, "next: lossproof show BCELoss/targets/f32-none"},
		{"the same with flags", "      lossproof run --level exact -- ./port", 20, "      lossproof run --level exact -- ./port"},
		{"color takes no room", "\x1b[31mone two three\x1b[0m", 13, "\x1b[31mone two three\x1b[0m"},
		{"color goes on", "\x1b[31mone two three\x1b[0m", 9, "\x1b[31mone two\n  three\x1b[0m"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			if got := words.Wrap(test.text, test.width); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestFill(t *testing.T) {
	const text = "one two\nthree four five\n\nsix:\n  seven eight\n\n1  nine ten eleven"
	const want = "one two three\nfour five\n\nsix:\n  seven eight\n\n1  nine ten\n   eleven"
	if got := words.Fill(text, 14); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestWriter: lines are wrapped when they are whole, however they are written.
func TestWriter(t *testing.T) {
	var b strings.Builder
	w := &words.Writer{W: &b, Width: 9}
	for _, part := range []string{"one t", "wo three", " four\nfi", "ve\nsix"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("wrote %d of %q, %v", n, part, err)
		}
	}
	if got, want := b.String(), "one two\n  three\n  four\nfive\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
