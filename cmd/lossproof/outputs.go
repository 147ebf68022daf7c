package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"lossproof/judge"
	"lossproof/report"
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
	flag  string
	w     io.Writer
	file  *os.File // nil for stdout
	write func(io.Writer, *judge.Result) error
}

// outputs are the files of a run, made before it: a run whose result cannot be written
// would be lost.
type outputs struct {
	p       *program
	verbose bool
	list    []*output
	// summary is where the text goes.
	summary io.Writer
}

func (p *program) openOutputs(f outputFlags) (*outputs, error) {
	o := &outputs{p: p, verbose: f.verbose, summary: p.stdout}
	for _, format := range []struct {
		flag, name string
		write      func(io.Writer, *judge.Result) error
	}{
		{"--json", f.json, report.JSON}, {"--junit", f.junit, report.JUnit},
		{"--markdown", f.markdown, report.Markdown}, {"--badge", f.badge, report.Badge},
	} {
		out := &output{flag: format.flag, write: format.write}
		switch {
		case format.name == "":
			continue
		case format.name == "-" && o.summary == p.stderr:
			return nil, errors.Join(fmt.Errorf("%s: two results are to go to stdout, want one", format.flag), o.close())
		case format.name == "-":
			out.w, o.summary = p.stdout, p.stderr
		default:
			file, err := os.Create(format.name)
			if err != nil {
				return nil, errors.Join(fmt.Errorf("%s: %w", format.flag, err), o.close())
			}
			out.w, out.file = file, file
		}
		o.list = append(o.list, out)
	}
	return o, nil
}

// begin writes a result that is not complete to the result file: it stays there if this
// program is killed.
func (o *outputs) begin(result *judge.Result) error {
	for _, out := range o.list {
		if out.flag != "--json" || !out.regular() {
			continue
		}
		if err := out.write(out.w, result); err != nil {
			return fmt.Errorf("%s: %w", out.flag, err)
		}
	}
	return nil
}

// end writes the result everywhere, and the summary.
func (o *outputs) end(result *judge.Result) error {
	var errs []error
	for _, out := range o.list {
		err := out.rewind()
		if err == nil {
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
	color := wantsColor(o.summary)
	errs = append(errs, report.Text(o.summary, result, report.TextOptions{Color: color, Verbose: o.verbose}))
	return errors.Join(errs...)
}

func (o *outputs) close() error {
	var errs []error
	for _, out := range o.list {
		if out.file == nil {
			continue
		}
		if err := out.file.Close(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", out.flag, err))
		}
		out.file = nil
	}
	return errors.Join(errs...)
}

// regular reports whether the file can be written again from its beginning.
func (o *output) regular() bool {
	if o.file == nil {
		return false
	}
	info, err := o.file.Stat()
	return err == nil && info.Mode().IsRegular()
}

func (o *output) rewind() error {
	if !o.regular() {
		return nil
	}
	if _, err := o.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return o.file.Truncate(0)
}

// openResult makes a result file before a run, which would be lost without it.
func openResult(name string) (*os.File, error) {
	if name == "" || name == "-" {
		return nil, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("--json: %w", err)
	}
	return file, nil
}

func closeFile(file *os.File) error {
	if file == nil {
		return nil
	}
	return file.Close()
}
