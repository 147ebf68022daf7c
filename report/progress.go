package report

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"lossproof/judge"
)

// Progress returns a function for [judge.Options.Progress] that shows on w how far a run
// is: as a bar on a terminal, elsewhere as a line from time to time and at the end.
func Progress(w io.Writer, terminal bool) func(done, total int, latest judge.CaseResult) {
	if terminal {
		return progressBar(w)
	}
	start, last := time.Now(), time.Now()
	return func(done, total int, _ judge.CaseResult) {
		if done == total || time.Since(last) >= lineInterval {
			last = time.Now()
			fmt.Fprintf(w, "lossproof: %d of %d cases judged in %.1f s\n", done, total, time.Since(start).Seconds())
		}
	}
}

// lineInterval keeps the log of a long run short.
const lineInterval = 5 * time.Second

// progressInterval keeps a fast run from writing more than can be seen.
const progressInterval = 65 * time.Millisecond

func progressBar(w io.Writer) func(done, total int, latest judge.CaseResult) {
	var bar *progressbar.ProgressBar
	failing := 0
	return func(done, total int, latest judge.CaseResult) {
		if bar == nil {
			bar = progressbar.NewOptions(total,
				progressbar.OptionSetWriter(w),
				progressbar.OptionSetDescription("judging"),
				progressbar.OptionShowCount(),
				progressbar.OptionSetWidth(40),
				progressbar.OptionThrottle(progressInterval),
				progressbar.OptionClearOnFinish(),
			)
		}
		if latest.Gates && latest.Outcome.Failing() {
			failing++
			bar.Describe(fmt.Sprintf("judging (%d fail)", failing))
		}
		_ = bar.Set(done) // a terminal that cannot be written to shows nothing
		if done == total {
			_ = bar.Finish()
		}
	}
}
