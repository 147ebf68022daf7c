package process

import (
	"strings"
	"testing"
)

// TestTraceIsBounded: it ends with a line that says so.
func TestTraceIsBounded(t *testing.T) {
	var b strings.Builder
	tr := newTrace(&b)
	tr.left = 20
	for range 3 {
		tr.line(1, "<-", []byte("ten bytes."))
	}
	tr.note(1, "ended")
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[1], " 1 <- ten bytes.") || !strings.HasSuffix(lines[2], " 1 -- the trace ends here: it is too long") {
		t.Errorf("got %q", lines)
	}
}
