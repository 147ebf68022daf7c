package main

import (
	"fmt"
	"io"
	"time"

	"lossproof/internal/bar"
	"lossproof/judge"
)

// progress shows how far a run is: as a bar on a terminal, elsewhere as a line from time
// to time and at the end.
type progress struct {
	w           io.Writer
	terminal    bool
	start, last time.Time
	bar         *bar.Bar
	failing     int
}

// newProgress returns a progress that writes to w, a terminal of so many columns or, with 0, none.
func newProgress(w io.Writer, columns int) *progress {
	return &progress{w: w, terminal: columns > 0, start: time.Now(), last: time.Now(), bar: bar.New(w, columns)}
}

// lineInterval keeps the log of a long run short.
const lineInterval = 5 * time.Second

// show is for [judge.Options.Progress].
func (p *progress) show(done, total int, latest judge.CheckResult) {
	if latest.Gates && latest.Outcome.Failing() && latest.Outcome != judge.Fixed {
		p.failing++
	}
	if p.terminal {
		p.bar.Show(int64(done), int64(total), "judging", fmt.Sprintf("%d/%d, %d fail", done, total, p.failing))
		return
	}
	if done == total || time.Since(p.last) >= lineInterval {
		p.last = time.Now()
		fmt.Fprintf(p.w, "lossproof: %d of %d checks judged in %.1f s, %d fail\n", done, total, time.Since(p.start).Seconds(), p.failing)
	}
}

// end clears the bar, also that of a run that ended early.
func (p *progress) end() { p.bar.Clear() }
