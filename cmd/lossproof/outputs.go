package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"lossproof/internal/report"
	"lossproof/judge"
)

// outputFlags say where a result is written to.
type outputFlags struct {
	json, junit, markdown, badge string
	verbose                      bool
}

func (f *outputFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.json, "json", "", "write the result to this `file`; - is stdout, the summary then goes to stderr")
	flags.StringVar(&f.junit, "junit", "", "write the result as JUnit XML to this `file`")
	flags.StringVar(&f.markdown, "markdown", "", "write the result as Markdown, for the summary of a CI job, to this `file`")
	flags.StringVar(&f.badge, "badge", "", "write the JSON of a shields.io endpoint badge to this `file`")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "write a line for every case, and every failure in full")
}

// output is one file that a result is written to.
type output struct {
	flag string
	// result is that of --json, w another one or stdout.
	result *resultFile
	w      io.Writer
	close  func() error
	write  func(io.Writer, *judge.Result) error
}

// outputs are the files of a run, made before it: a run whose result cannot be written
// would be lost.
type outputs struct {
	list    []output
	verbose bool
	// summary is where the text goes.
	summary io.Writer
}

// openOutputs makes the files; that of --json has the unfinished result.
func (p *program) openOutputs(f outputFlags, unfinished *judge.Result) (*outputs, error) {
	o := &outputs{verbose: f.verbose, summary: p.stdout}
	for _, format := range []struct {
		flag, name string
		write      func(io.Writer, *judge.Result) error
	}{
		{"--json", f.json, report.JSON}, {"--junit", f.junit, report.JUnit},
		{"--markdown", f.markdown, report.Markdown}, {"--badge", f.badge, report.Badge},
	} {
		out := output{flag: format.flag, write: format.write, close: func() error { return nil }}
		var err error
		switch {
		case format.name == "":
			continue
		case format.name == "-" && o.summary == p.stderr:
			err = fmt.Errorf("%s: two results are to go to stdout, want one", format.flag)
		case format.name == "-":
			out.w, o.summary = p.stdout, p.stderr
		case format.flag == "--json":
			out.result, err = beginResult(format.name, unfinished)
		default:
			var file *os.File
			if file, err = os.Create(format.name); err != nil {
				err = fmt.Errorf("%s: %w", format.flag, err)
			} else {
				out.w, out.close = file, file.Close
			}
		}
		if err != nil {
			return nil, errors.Join(err, o.close())
		}
		o.list = append(o.list, out)
	}
	return o, nil
}

// end writes the result everywhere, and the summary.
func (o *outputs) end(result *judge.Result) error {
	var errs []error
	for _, out := range o.list {
		var err error
		if out.result != nil {
			err = out.result.write(result)
		} else {
			err = out.write(out.w, result)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", out.flag, err))
		}
	}
	errs = append(errs, o.close())
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		errs = append(errs, report.Annotations(o.summary, result))
	}
	errs = append(errs, report.Text(o.summary, result, report.TextOptions{Color: wantsColor(o.summary), Verbose: o.verbose}))
	return errors.Join(errs...)
}

// close closes what end does not close by writing.
func (o *outputs) close() error {
	var errs []error
	for _, out := range o.list {
		if err := out.close(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", out.flag, err))
		}
	}
	return errors.Join(errs...)
}
