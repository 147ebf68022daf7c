package process

import (
	"bufio"
	"fmt"
	"io"
	"sync"
	"time"
)

// trace writes lines such as
//
//	0.031 1 -> {"cmd":"hello","protocol":1}
//
// seconds since the start, number of the process, direction, message. A nil one writes
// nothing; it is safe for concurrent use.
type trace struct {
	mu    sync.Mutex
	w     *bufio.Writer
	start time.Time
	fault error
	left  int // of maxTrace
}

// maxTrace bounds a trace, in bytes: a port can write a line as fast as the disk takes it. All
// calls and answers of a right port have a twentieth of it.
const maxTrace = 1 << 30

func newTrace(w io.Writer) *trace {
	if w == nil {
		return nil
	}
	return &trace{w: bufio.NewWriter(w), start: time.Now(), left: maxTrace}
}

func (t *trace) line(number int, direction string, text []byte) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left < 0 {
		return
	}
	if t.left -= len(text); t.left < 0 {
		direction, text = "--", []byte("the trace ends here: it is too long")
	}
	fmt.Fprintf(t.w, "%.3f %d %s ", time.Since(t.start).Seconds(), number, direction)
	fmt.Fprintf(t.w, "%s\n", text)
	// What was traced is wanted most where lossproof itself is killed.
	if err := t.w.Flush(); err != nil && t.fault == nil {
		t.fault = fmt.Errorf("trace: %w", err)
	}
}

// note writes what is no message.
func (t *trace) note(number int, format string, args ...any) {
	if t == nil {
		return
	}
	t.line(number, "--", fmt.Appendf(nil, format, args...))
}

// err returns the first error of writing.
func (t *trace) err() error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.fault
}
