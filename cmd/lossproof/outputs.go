package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"lossproof/internal/outfile"
	"lossproof/internal/report"
	"lossproof/internal/report/junitxml"
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
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "write a line for every case that is asked, and every failure in full")
}

// output is one file that a result is written to, or stdout where there is none.
type output struct {
	flag   string
	file   *outfile.File
	stdout io.Writer
	write  func(io.Writer, *judge.Result) error
}

// put writes a result to the output.
func (o output) put(result *judge.Result, to func(*outfile.File, []byte) error) error {
	var text bytes.Buffer
	if err := o.write(&text, result); err != nil {
		return fmt.Errorf("%s: %w", o.flag, err)
	}
	if o.file != nil {
		return to(o.file, text.Bytes())
	}
	if _, err := o.stdout.Write(text.Bytes()); err != nil {
		return fmt.Errorf("%s: %w", o.flag, err)
	}
	return nil
}

// outputs are the files of a run, found before it: a run whose result cannot be written would be
// lost. They are written when it ended, but for that of --json, which says meanwhile that it is
// not complete.
type outputs struct {
	list    []output
	verbose bool
	// summary is where the text goes.
	summary io.Writer
	// command starts the port, and baseline is the file of what it is known to fail.
	command  []string
	baseline string
}

// openOutputs finds the files.
func (p *program) openOutputs(f outputFlags, unfinished *judge.Result) (*outputs, error) {
	o := &outputs{verbose: f.verbose, summary: p.stdout}
	for _, format := range []struct {
		flag, name, begin string
		write             func(io.Writer, *judge.Result) error
	}{
		{"--json", f.json, `"lossproof":`, report.JSON}, {"--junit", f.junit, "<testsuites ", junitxml.Write},
		{"--markdown", f.markdown, " lossproof: ", report.Markdown}, {"--badge", f.badge, `"schemaVersion":`, report.Badge},
	} {
		out := output{flag: format.flag, write: format.write}
		var err error
		switch {
		case format.name == "":
			continue
		case format.name == "-" && o.summary == p.stderr:
			err = fmt.Errorf("%s: two results are to go to stdout, want one", format.flag)
		case format.name == "-":
			out.stdout, o.summary = p.stdout, p.stderr
		case format.name == os.Getenv("GITHUB_STEP_SUMMARY"): // of all commands of a step
			out.file, err = p.paths.Append(format.flag, format.name)
		default:
			out.file, err = p.paths.Output(format.flag, format.name, func(begin []byte) bool { return bytes.Contains(begin, []byte(format.begin)) })
		}
		if err != nil {
			return nil, err
		}
		o.list = append(o.list, out)
	}
	for _, out := range o.list {
		if out.flag == "--json" && out.file != nil {
			return o, out.put(unfinished, (*outfile.File).Draft)
		}
	}
	return o, nil
}

// end writes the result everywhere, and the summary.
func (o *outputs) end(result *judge.Result) error {
	var errs []error
	for _, out := range o.list {
		errs = append(errs, out.put(result, (*outfile.File).Put))
	}
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		errs = append(errs, report.Annotations(o.summary, result, report.Files{Port: source(o.command), Baseline: inRepository(o.baseline)}))
	}
	errs = append(errs, report.Text(o.summary, result, report.TextOptions{Color: wantsColor(o.summary), Verbose: o.verbose, Width: terminalColumns(o.summary)}))
	return errors.Join(errs...)
}

// source returns the path in the repository of the text file that a command runs, such as port.py of "python3 port.py"; "" if
// there is none.
func source(command []string) string {
	for word := range strings.FieldsSeq(strings.Join(command, " ")) { // a shell has several in one
		if name := inRepository(word); name != "" && isText(word) {
			return name
		}
	}
	return ""
}

// inRepository returns the path of a file within the repository that a workflow checked out; "" if it is not there.
func inRepository(name string) string {
	info, err := os.Stat(name)
	if name == "" || err != nil || !info.Mode().IsRegular() {
		return ""
	}
	root, err := filepath.Abs(os.Getenv("GITHUB_WORKSPACE"))
	if err != nil {
		return ""
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return ""
	}
	path, err = filepath.Rel(root, path)
	if err != nil || !filepath.IsLocal(path) {
		return ""
	}
	return filepath.ToSlash(path)
}

// isText reports whether a file begins as a text does.
func isText(name string) bool {
	file, err := os.Open(name)
	if err != nil {
		return false
	}
	begin := make([]byte, 500)
	n, _ := io.ReadFull(file, begin)
	_ = file.Close() // it was only read
	return n > 0 && !bytes.ContainsRune(begin[:n], 0)
}
