package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"lossproof/ports"
	"lossproof/ports/process"
	"lossproof/ports/wire/schemas"
)

// portFlags are the flags about the process of a port.
type portFlags struct {
	timeout, startTimeout time.Duration
	jobs                  int
	trace                 string
	validate              bool
	// stdio is set by run alone.
	stdio bool
}

// portFlagNames are those that mean nothing without a command.
var portFlagNames = []string{"timeout", "start-timeout", "jobs", "trace", "validate"}

func (f *portFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.DurationVar(&f.timeout, "timeout", process.DefaultTimeout, "the `time` that the port has for one answer, from the one before on")
	flags.DurationVar(&f.startTimeout, "start-timeout", process.DefaultStartTimeout, "the `time` from the start of the port to its answer to hello")
	flags.IntVar(&f.jobs, "jobs", 1, "the `number` of processes of the port that share the cases")
	flags.StringVar(&f.trace, "trace", "", "write every line of both directions to this `file`")
	flags.BoolVarP(&f.validate, "validate", "V", false, "validate every message of both directions against the JSON Schemas of the protocol")
}

// check finds wrong values, and flags that mean nothing.
func (f *portFlags) check(cmd *cobra.Command, command []string) error {
	switch {
	case f.stdio && len(command) > 0:
		return errors.New("--stdio: the port answers on stdin, and nothing is started: want no command behind --")
	case f.stdio && cmd.Flags().Changed("jobs"):
		return errors.New("--jobs: with --stdio there is one port, which is not started")
	case len(command) == 0 && !f.stdio:
		for _, name := range portFlagNames {
			if cmd.Flags().Changed(name) {
				return fmt.Errorf("--%s: there is no command: the port to start stands behind --", name)
			}
		}
	}
	switch {
	case f.timeout <= 0:
		return fmt.Errorf("--timeout: got %v, want more than 0", f.timeout)
	case f.startTimeout <= 0:
		return fmt.Errorf("--start-timeout: got %v, want more than 0", f.startTimeout)
	case f.jobs < 1 || f.jobs > process.MaxJobs:
		return fmt.Errorf("--jobs: got %d, want 1 to %d", f.jobs, process.MaxJobs)
	}
	return nil
}

// streams are stdin and stdout, for a port that answers there. Nothing else is written to stdout
// from now on, and the run outlives the other end: its result is wanted most when a call crashed.
func (p *program) streams() *process.Streams {
	signal.Ignore(syscall.Signal(0xd)) // SIGPIPE, a constant that not all systems have
	s := &process.Streams{Requests: writeCloser{p.stdout}, Answers: io.NopCloser(p.stdin)}
	if file := fileOf(p.stdout); file != nil {
		s.Requests = file
	}
	p.stdout = p.stderr
	return s
}

// writeCloser is a writer that cannot be closed.
type writeCloser struct{ io.Writer }

func (writeCloser) Close() error { return nil }

// memoryLimit is where garbage is collected more often, in bytes: a port may answer lines
// of 64 MiB, and GOGC alone would let as much garbage wait.
const memoryLimit = 200 << 20

// openPort returns the port of a command, or without one the port of the program, and
// what ends it; what goes wrong with the end is written to stderr.
func (p *program) openPort(cmd *cobra.Command, f portFlags, command []string) (port ports.Port, end func(), err error) {
	if err := f.check(cmd, command); err != nil {
		return nil, nil, err
	}
	if len(command) == 0 && !f.stdio {
		return p.port, func() {}, nil
	}
	options := process.Options{Command: command, Timeout: f.timeout, StartTimeout: f.startTimeout, Jobs: f.jobs}
	if f.stdio {
		options.Streams = p.streams()
	}
	if f.validate {
		if options.Validate, err = schemas.Load(); err != nil {
			return nil, nil, err
		}
	}
	closeTrace := func() error { return nil }
	if f.trace != "" {
		trace, err := p.openTrace(f.trace)
		if err != nil {
			return nil, nil, err
		}
		options.Trace, closeTrace = trace, trace.Close
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	child, err := process.New(options)
	if err != nil {
		return nil, nil, err
	}
	return child, sync.OnceFunc(func() {
		if err := errors.Join(child.Close(), closeTrace()); err != nil {
			fmt.Fprintf(p.stderr, "lossproof: warning: %v\n", err)
		}
	}), nil
}

// traced begins the lines of a trace.
var traced = regexp.MustCompile(`^\d+\.\d{3} `)

// openTrace empties the file of --trace, which is written line by line.
func (p *program) openTrace(name string) (io.WriteCloser, error) {
	file, err := p.paths.Output("--trace", name, traced.Match)
	if err != nil {
		return nil, err
	}
	return file.Open()
}
