// Package bar draws a progress bar on a terminal.
package bar

import (
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	// most is the length of a bar, without its texts.
	most = 40
	// interval keeps fast work from writing more than can be seen.
	interval = 65 * time.Millisecond
)

// Bar is a line that is written again and again. A terminal that cannot be written to shows nothing.
type Bar struct {
	w       io.Writer
	columns int
	last    time.Time
	// shown says that the line stands there.
	shown bool
}

// New returns a Bar on a terminal of so many columns. It is shorter where they are few: a line that is broken
// cannot be written again.
func New(w io.Writer, columns int) *Bar { return &Bar{w: w, columns: columns} }

// Show draws how much of the work is done, with a text before and one behind, unless it has just drawn.
func (b *Bar) Show(done, total int64, before, behind string) {
	if total <= 0 || time.Since(b.last) < interval {
		return
	}
	b.last, b.shown = time.Now(), true
	start, end := fmt.Sprintf("%s %3d %% |", before, 100*done/total), "| "+behind
	width := min(max(b.columns-len(start)-len(end)-1, 0), most)
	full := int(int64(width) * min(max(done, 0), total) / total)
	fmt.Fprintf(b.w, "\r%s%s%s%s\x1b[K", start, strings.Repeat("█", full), strings.Repeat(" ", width-full), end)
}

// Clear removes the line.
func (b *Bar) Clear() {
	if b.shown {
		fmt.Fprint(b.w, "\r\x1b[K")
		b.shown = false
	}
}
