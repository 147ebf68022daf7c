package process

import (
	"strings"
	"sync"

	"lossproof/internal/plain"
)

const (
	// tailBytes is what is kept of stderr.
	tailBytes = 8 << 10
	// tailShown is what is shown of it with an error.
	tailShown = 1200
)

// tail is a writer that keeps the end of what is written. It never blocks and is safe for
// concurrent use.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(p)
	p = p[max(0, n-tailBytes):]
	if over := len(t.text) + len(p) - tailBytes; over > 0 {
		t.text = t.text[:copy(t.text, t.text[over:])]
	}
	t.text = append(t.text, p...)
	return n, nil
}

// String returns the last lines, each indented.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := string(t.text)
	if over := len(text) - tailShown; over > 0 {
		text = text[over:]
		if _, rest, ok := strings.Cut(text, "\n"); ok { // no half line, where there are others
			text = rest
		}
	}
	text = strings.TrimRight(plain.Text(text, tailBytes), "\n ")
	if text == "" {
		return ""
	}
	return "    " + strings.ReplaceAll(text, "\n", "\n    ")
}
