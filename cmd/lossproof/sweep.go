package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lossproof/internal/bar"
	"lossproof/internal/machine"
	"lossproof/lab/sweep"
	"lossproof/loss"
	"lossproof/ports/process"
)

// samplePerBinade is the size of the sample of --sample, and samplePoints that of its random points.
const (
	samplePerBinade = 1 << 14
	samplePoints    = 20_000
	allPoints       = 1_000_000
	distinctInSums  = 100_000
)

type sweepFlags struct {
	modules               []string
	sample                bool
	all                   bool
	plot                  string
	timeout, startTimeout time.Duration
	state                 string
	shard                 string
	merge                 []string
	jobs                  int
	points                int
	sums                  int
	json                  string
	page                  string
}

func (p *program) sweepCommand() *cobra.Command {
	var f sweepFlags
	cmd := &cobra.Command{
		Use:   "sweep [flags] [-- COMMAND ARG...]",
		Short: "Errors at every float32 input, of the built-in losses or of a port",
		Long: `sweep compares the built-in losses and their gradients with the exact results: BCEWithLogitsLoss at
every float32 logit and BCELoss at every float32 probability, with the targets 0 and 1; then these two and
CrossEntropyLoss in both dtypes at random points, with soft targets and all options; with --sums also means
and sums. It takes minutes; with --state an interrupted sweep goes on where it was. --module leaves
the others out. MultiLabelSoftMarginLoss goes with BCEWithLogitsLoss.

It prints the largest errors, where they are, how often which errors are, the share of the results that
are correctly rounded, and how many are NaN or infinite where they should not be, with the first of
them; it ends with exit code 1 if the built-in losses miss a limit.

With a command it measures BCEWithLogitsLoss of a port, or with --module BCELoss that, in calls of 1 Mi
elements: of a stratified sample of the inputs, which proves nothing, or with --all, --shard or --state
of every one. A port has no limits to miss: run judges, sweep measures.`,
		Example: `  lossproof sweep --sample
  lossproof sweep --state sweep.json --sums 100000000 --page docs/accuracy.md
  lossproof sweep --shard 1/2 --state 1.json    # on another machine of this kind: 2/2, 2.json
  lossproof sweep --merge 1.json --merge 2.json
  lossproof sweep --module BCELoss --sample
  lossproof sweep --plot errors.svg -- python3 port.py`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return fmt.Errorf("sweep takes no arguments but the command of a port behind --, got %q", args)
			}
			return notNothing(cmd, args)
		},
		RunE: func(cmd *cobra.Command, command []string) error {
			if err := f.checkModules(len(command) > 0); err != nil {
				return err
			}
			if len(command) > 0 {
				return p.sweepPort(cmd, f, command)
			}
			if f.all {
				return errors.New("--all: there is no command, and the built-in losses are measured at every input without it")
			}
			if !cmd.Flags().Changed("points") {
				switch {
				case f.sample:
					f.points = samplePoints
				case f.shard != "":
					f.points = 0 // each shard would draw the same points
				}
			}
			return p.sweep(cmd.Context(), f)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.modules, "module", nil, "measure this `module` alone: BCEWithLogitsLoss, BCELoss or CrossEntropyLoss (repeatable; default: all, of a port BCEWithLogitsLoss)")
	flags.BoolVar(&f.sample, "sample", false, "a stratified sample of the inputs, in seconds; it proves nothing")
	flags.BoolVar(&f.all, "all", false, "measure a port at every input, for BCEWithLogitsLoss all 2³²")
	flags.StringVar(&f.plot, "plot", "", "draw the errors along the axis of the logits into this `file`, as SVG")
	flags.DurationVar(&f.timeout, "timeout", sweepTimeout, "the `time` that a port has for one answer, of 1 Mi elements")
	flags.DurationVar(&f.startTimeout, "start-timeout", process.DefaultStartTimeout, "the `time` from the start of a port to its answer to hello")
	flags.StringVar(&f.state, "state", "", "remember in this `file` what was done, and go on from there")
	flags.StringVar(&f.shard, "shard", "", "only the `i/n`-th part of the inputs, i from 1")
	flags.StringArrayVar(&f.merge, "merge", nil, "add up the state `file`s of shards instead of measuring inputs (repeatable)")
	flags.IntVar(&f.jobs, "jobs", 0, "the `number` of goroutines, or of processes of a port; 0 is one for each core, or one process")
	flags.IntVar(&f.points, "points", allPoints, "the `number` of random points of each dtype and setting; 0 leaves them out (--sample: 20000, --shard: 0); CrossEntropyLoss has a row for each 16")
	flags.IntVar(&f.sums, "sums", 0, "measure means and sums over this `number` of elements too, a multiple of 100000; 10⁸ need 1.6 GB")
	flags.StringVar(&f.json, "json", "", "write the result to this `file`; - is stdout, the tables then go to stderr")
	flags.StringVar(&f.page, "page", "", "write the tables between the markers of this Markdown `file`")
	return cmd
}

func (p *program) sweep(ctx context.Context, f sweepFlags) error {
	options, err := f.options()
	if err != nil {
		return err
	}
	if len(f.modules) < len(sweep.Modules()) && f.page != "" {
		return fmt.Errorf("--page: %s is not all: the tables of the page are of all modules", strings.Join(f.modules, ", "))
	}
	if len(f.exhaustive()) == 0 && f.points == 0 && f.sums == 0 {
		return fmt.Errorf("--points and --sums: got 0 for %s, which is measured in no other way", strings.Join(f.modules, ", "))
	}
	options.Variants = sweep.BuiltIn(f.modules...)
	return p.sweepTo(ctx, f, options, &sweep.Report{Machine: machine.Describe().String(), Path: loss.Kernels()})
}

// sweepTo measures, and writes the results to where they are wanted. report says what is measured.
func (p *program) sweepTo(ctx context.Context, f sweepFlags, options sweep.Options, report *sweep.Report) error {
	// What cannot be written is found before the work.
	if f.page != "" {
		if err := checkPage(f.page, report); err != nil {
			return fmt.Errorf("--page %s: %w", f.page, err)
		}
	}
	for flag, file := range map[string]string{"--json": f.json, "--plot": f.plot} {
		if file == "" || file == "-" {
			continue
		}
		if err := checkWritable(file); err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
	}
	if err := p.measure(ctx, f, options, report); err != nil {
		if ctx.Err() != nil && f.state != "" {
			fmt.Fprintf(p.stderr, "lossproof: %s remembers what was done; the same command goes on from there\n", f.state)
		}
		return err
	}
	if err := p.writeSweep(report, f.json); err != nil {
		return err
	}
	if err := writePlot(f, report); err != nil {
		return err
	}
	if f.page != "" {
		if err := writePage(f.page, report); err != nil {
			return fmt.Errorf("--page %s: %w", f.page, err)
		}
	}
	for _, miss := range report.Misses() {
		p.code = exitNotConformant
		fmt.Fprintf(p.stderr, "lossproof: limit missed: %s\n", miss)
	}
	return nil
}

// checkModules checks --module, and sets the modules that are measured without it.
func (f *sweepFlags) checkModules(ofPort bool) error {
	known := sweep.Modules()
	if f.modules == nil {
		f.modules = known
		if ofPort {
			f.modules = []string{sweep.BCEWithLogitsLoss}
		}
		return nil
	}
	if ofPort {
		known = sweep.Exhaustive()
	}
	for i, m := range f.modules {
		if !slices.Contains(known, m) {
			return fmt.Errorf("--module: got %q, want one of %s", m, strings.Join(known, ", "))
		}
		if slices.Contains(f.modules[:i], m) {
			return fmt.Errorf("--module: got %s twice", m)
		}
	}
	if len(f.exhaustive()) == 0 && (f.state != "" || f.shard != "" || f.merge != nil || f.plot != "") {
		return fmt.Errorf("--state, --shard, --merge and --plot: got the module %s, want one that is measured at every float32 input: %s",
			strings.Join(f.modules, ", "), strings.Join(sweep.Exhaustive(), ", "))
	}
	return nil
}

// exhaustive returns the modules that are measured at every float32 input, or at a sample.
func (f sweepFlags) exhaustive() []string {
	return slices.DeleteFunc(slices.Clone(f.modules), func(m string) bool { return !slices.Contains(sweep.Exhaustive(), m) })
}

// options checks the flags that exclude each other.
func (f sweepFlags) options() (sweep.Options, error) {
	o := sweep.Options{State: f.state, Workers: f.jobs}
	switch {
	case f.sample && (f.state != "" || f.shard != "" || f.merge != nil):
		return o, errors.New("--sample takes seconds: it goes without --state, --shard and --merge")
	case f.merge != nil && (f.state != "" || f.shard != ""):
		return o, errors.New("--merge measures no inputs: it goes without --state and --shard")
	case f.shard != "" && f.page != "":
		return o, errors.New("--page: a shard is not all; write the page with --merge, from the states of all shards")
	case f.jobs < 0:
		return o, fmt.Errorf("--jobs: got %d, want 0 or more", f.jobs)
	case f.points < 0:
		return o, fmt.Errorf("--points: got %d, want 0 or more", f.points)
	case f.sums < 0 || f.sums%distinctInSums != 0:
		return o, fmt.Errorf("--sums: got %d, want a multiple of %d", f.sums, distinctInSums)
	}
	if f.shard == "" {
		return o, nil
	}
	i, n, ok := strings.Cut(f.shard, "/")
	var errI, errN error
	o.Shard, errI = strconv.Atoi(i)
	o.Shards, errN = strconv.Atoi(n)
	if !ok || errI != nil || errN != nil || o.Shard < 1 || o.Shard > o.Shards {
		return o, fmt.Errorf("--shard: got %q, want i/n with 1 ≤ i ≤ n, such as 1/2", f.shard)
	}
	return o, nil
}

// measure does the work.
func (p *program) measure(ctx context.Context, f sweepFlags, options sweep.Options, r *sweep.Report) error {
	var err error
	step := func(name string, work func(show func(done, total int64)) error) {
		if err != nil {
			return
		}
		bar := newSweepProgress(p.stderr, isTerminal(p.stderr), name)
		err = work(bar.show)
		bar.end()
	}
	if f.merge != nil {
		r.Float32, err = sweep.Merge(options.Variants, f.merge...)
	} else if len(f.exhaustive()) > 0 {
		step("float32 inputs", func(show func(done, total int64)) (err error) {
			options.Progress = show
			if f.sample {
				r.Float32, err = sweep.Sample(ctx, samplePerBinade, options)
			} else {
				r.Float32, err = sweep.Float32(ctx, options)
			}
			return err
		})
	}
	if f.points > 0 {
		step("random points", func(show func(done, total int64)) (err error) {
			r.Random, err = sweep.Random(ctx, f.points, show, f.modules...)
			return err
		})
	}
	if f.sums > 0 {
		step("means and sums", func(show func(done, total int64)) (err error) {
			r.Sums, err = sweep.Sums(ctx, f.sums, distinctInSums, show, f.modules...)
			return err
		})
	}
	return err
}

// writeSweep writes the result to a file, or to stdout for "-", where that is wanted, and the tables.
func (p *program) writeSweep(report *sweep.Report, result string) error {
	tables := p.stdout
	if result != "" {
		text, err := json.MarshalIndent(report, "", " ")
		if err == nil {
			text = append(text, '\n')
			if result == "-" {
				tables = p.stderr
				_, err = p.stdout.Write(text)
			} else {
				err = os.WriteFile(result, text, 0o666)
			}
		}
		if err != nil {
			return errors.Join(fmt.Errorf("--json: %w", err), report.WriteText(tables))
		}
	}
	return report.WriteText(tables)
}

// checkPage returns an error unless the tables have a place on a page, and it can be written.
func checkPage(name string, report *sweep.Report) error {
	page, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if _, err := report.UpdatePage(page); err != nil {
		return err
	}
	return checkWritable(name)
}

// writePage writes the tables into a page as it is now: it may have been edited during the work.
func writePage(name string, report *sweep.Report) error {
	page, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if page, err = report.UpdatePage(page); err != nil {
		return err
	}
	return os.WriteFile(name, page, 0o644)
}

// sweepProgress shows how far a step is and how long it will take: as a bar on a terminal,
// elsewhere as a line from time to time.
type sweepProgress struct {
	w           io.Writer
	terminal    bool
	name        string
	bar         *bar.Bar
	first       int64 // what was done before
	start, last time.Time
}

func newSweepProgress(w io.Writer, terminal bool, name string) *sweepProgress {
	return &sweepProgress{w: w, terminal: terminal, name: name, bar: bar.New(w), first: -1}
}

// sweepLines is the time between two lines.
const sweepLines = 20 * time.Second

func (s *sweepProgress) show(done, total int64) {
	if s.first < 0 {
		s.first, s.start, s.last = done, time.Now(), time.Now()
		if done > 0 {
			fmt.Fprintf(s.w, "lossproof: %s: %.1f %% were done before\n", s.name, 100*float64(done)/float64(total))
		}
	}
	left := ""
	if done > s.first {
		rate := float64(done-s.first) / time.Since(s.start).Seconds()
		left = "about " + time.Duration(float64(total-done)/rate*float64(time.Second)).Round(time.Second).String() + " left"
	}
	if s.terminal {
		s.bar.Show(done, total, s.name, left)
	} else if left != "" && time.Since(s.last) >= sweepLines {
		s.last = time.Now()
		fmt.Fprintf(s.w, "lossproof: %s: %.1f %% done, %s\n", s.name, 100*float64(done)/float64(total), left)
	}
}

// end clears the bar, also that of a step that ended early.
func (s *sweepProgress) end() { s.bar.Clear() }
