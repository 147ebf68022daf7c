package process

import (
	"strings"
	"testing"
)

func TestTail(t *testing.T) {
	var tl tail
	if tl.String() != "" {
		t.Errorf("got %q", tl.String())
	}
	if n, err := tl.Write([]byte("one\ntwo\n")); n != 8 || err != nil || tl.String() != "    one\n    two" {
		t.Errorf("got %d, %v, %q", n, err, tl.String())
	}
	for range 1000 {
		_, _ = tl.Write([]byte(strings.Repeat("x", 100) + "\n"))
	}
	_, _ = tl.Write([]byte(strings.Repeat("y", 3*tailBytes) + "\nthe end\xff\n"))
	if got := tl.String(); got != "    the end\uFFFD" || len(tl.text) != tailBytes {
		t.Errorf("got %d bytes, shown %q", len(tl.text), got)
	}
}
