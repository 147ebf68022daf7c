package report

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"lossproof/judge"
)

// Progress shows how far a run is: as a bar on a terminal, elsewhere as a line from time
// to time and at the end.
type Progress struct {
	w           io.Writer
	terminal    bool
	start, last time.Time
	bar         *progressbar.ProgressBar
	failing     int
}

// NewProgress returns a Progress that writes to w.
func NewProgress(w io.Writer, terminal bool) *Progress {
	return &Progress{w: w, terminal: terminal, start: time.Now(), last: time.Now()}
}

const (
	// lineInterval keeps the log of a long run short.
	lineInterval = 5 * time.Second
	// barInterval keeps a fast run from writing more than can be seen.
	barInterval = 65 * time.Millisecond
)

// Show is for [judge.Options.Progress].
func (p *Progress) Show(done, total int, latest judge.CaseResult) {
	fails := latest.Gates && latest.Outcome.Failing()
	if fails {
		p.failing++
	}
	if p.terminal {
		p.showBar(done, total, fails)
		return
	}
	if done == total || time.Since(p.last) >= lineInterval {
		p.last = time.Now()
		fmt.Fprintf(p.w, "lossproof: %d of %d cases judged in %.1f s, %d fail\n", done, total, time.Since(p.start).Seconds(), p.failing)
	}
}

func (p *Progress) showBar(done, total int, changed bool) {
	if p.bar == nil {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(p.w),
			progressbar.OptionSetDescription("judging, 0 fail"),
			progressbar.OptionShowCount(),
			progressbar.OptionSetWidth(40),
			progressbar.OptionThrottle(barInterval),
			progressbar.OptionClearOnFinish(),
		)
	}
	if changed {
		p.bar.Describe(fmt.Sprintf("judging, %d fail", p.failing))
	}
	_ = p.bar.Set(done) // a terminal that cannot be written to shows nothing
}

// End clears the bar, also that of a run that ended early.
func (p *Progress) End() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
