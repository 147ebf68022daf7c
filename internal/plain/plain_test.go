package plain_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"lossproof/internal/plain"
)

func TestText(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{"plain, ü, 損失, \U0001f468\u200d\U0001f4bb\n\tat loss.py:7\n", "plain, ü, 損失, \U0001f468\u200d\U0001f4bb\n\tat loss.py:7\n"},
		{"\x1b[31mred\x1b[0m \x1b[2J\x1b[8mhidden", "red hidden"},
		{"\x1b]0;title\a", "�]0;title�"},
		{"\x1b\x1b[31m[31m", "�[31m"},
		{"a\r\nb\rc\x00\x7f\u0085\u009b1m", "a\nb\nc����1m"},
		{"abc\u202edef\u2066\u200b\ufeff\u2028x", "abc�def����x"},
		{"\xff\xfe", "��"},
		{"::stop-commands::x\n \t::error::y\na::b", ": :stop-commands::x\n \t: :error::y\na::b"},
		{"\r::warning::x\n\u00a0::y", "\n: :warning::x\n\u00a0: :y"},
		{"##[error]x", "# #[error]x"},
	} {
		got := plain.Text(test.text, 100)
		if got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
		if again := plain.Text(got, 100); again != got {
			t.Errorf("%q becomes %q", got, again)
		}
	}
	if got, want := plain.Text(strings.Repeat("ü", 60), 101), strings.Repeat("ü", 50)+"… (120 bytes)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := plain.Line(" torch\nconformant (parity)\r\n ::x ", 100); got != "torch conformant (parity) : :x" {
		t.Errorf("got %q", got)
	}
}

func FuzzText(f *testing.F) {
	f.Add("\x1b[3", 5)
	f.Add("\x1b\x1b[m[m::", 9)
	f.Add("\r::##[", 4)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 0 || limit > 100 {
			return
		}
		got := plain.Text(text, limit)
		for line := range strings.Lines(got) {
			if strings.HasPrefix(strings.TrimSpace(line), "::") {
				t.Errorf("%q: %q commands", text, got)
			}
		}
		if strings.ContainsAny(got, "\x1b\r\x00\x7f\u202e\u009b") || strings.Contains(got, "##[") || !utf8.ValidString(got) {
			t.Errorf("%q: got %q", text, got)
		}
		if len(got) > 3*limit+30 {
			t.Errorf("%q: %d bytes, the limit is %d", text, len(got), limit)
		}
	})
}

func TestAll(t *testing.T) {
	type inner struct {
		Name  string
		Names []string
	}
	type word string
	document := struct {
		Word   word
		Number int
		Inner  *inner
		None   *inner
		List   []inner
		Map    map[string]inner
		Counts map[word]int
	}{
		"\x1bw", 1, &inner{"\x1ba", []string{"b\x1b"}}, nil, []inner{{Name: "\x1bc"}},
		map[string]inner{"\x1bk": {Name: "\x1bd"}, "e": {Names: []string{"\x1b"}}}, map[word]int{"\x1b": 1, "x": 2},
	}
	plain.All(&document)
	got := fmt.Sprint(document.Word, document.Number, *document.Inner, document.List, document.Map, document.Counts)
	if want := "�w1 {�a [b�]} [{�c []}] map[e:{ [�]} �k:{�d []}] map[x:2 �:1]"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
