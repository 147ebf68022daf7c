package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lossproof/internal/bar"
	"lossproof/internal/halves"
	"lossproof/internal/machine"
	"lossproof/internal/outfile"
	"lossproof/judge"
	"lossproof/lab/sweep"
	"lossproof/loss"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/ports/process"
	"lossproof/tensor"
)

// sweepTimeout is the time for an answer of 1 Mi elements.
const sweepTimeout = time.Minute

// samplePerBinade is the size of the sample of --sample, and samplePoints that of its random points.
const (
	samplePerBinade = 1 << 14
	samplePoints    = 20_000
	allPoints       = 1_000_000
	distinctInSums  = 100_000
)

type sweepFlags struct {
	modules               []string
	dtype                 string
	sample                bool
	all                   bool
	timeout, startTimeout time.Duration
	state                 string
	shard                 string
	options               sweep.Options
	points                int
	sums                  int
	sweepOutputs
}

// sweepOutputs says where the report of a sweep goes.
type sweepOutputs struct {
	json, page, plot string
	files            map[string]*outfile.File
}

func (o *sweepOutputs) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.plot, "plot", "", "draw the errors of a sweep along the axis of the logits into this `file`, as SVG")
	flags.StringVar(&o.page, "page", "", "write the tables of a sweep between the markers of this Markdown `file`")
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
of every one. A port has no limits to miss: run judges, sweep measures.

With --dtype float16 or bfloat16 it measures all 65,536 numbers, of the modules that the port claims
for it; --plot then draws the error at each of them, a column of pixels each.`,
		Example: `  lossproof sweep --sample
  lossproof sweep --state sweep.json --sums 100000000 --page docs/accuracy.md
  lossproof sweep --shard 1/2 --state 1.json    # on another machine of this kind: 2/2, 2.json
  lossproof merge 1.json 2.json
  lossproof sweep --module BCELoss --sample
  lossproof sweep --plot errors.svg -- python3 port.py
  lossproof sweep --dtype bfloat16 --plot bfloat16.svg -- python3 port.py`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return fmt.Errorf("sweep takes no arguments but the command of a port behind --, got %q", args)
			}
			return notNothing(cmd, args)
		},
		RunE: func(cmd *cobra.Command, command []string) error {
			if err := f.check(cmd, len(command) > 0); err != nil {
				return err
			}
			switch {
			case f.half():
				return p.sweepHalf(cmd, f, command)
			case len(command) > 0:
				return p.sweepPort(cmd, f, command)
			}
			options := f.options
			options.Variants = sweep.BuiltIn(f.modules...)
			return p.sweep(cmd.Context(), f, options, sweep.Source{Machine: machine.Describe().String(), Path: loss.Kernels()})
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.modules, "module", nil, "measure this `module` alone: BCEWithLogitsLoss, BCELoss or CrossEntropyLoss (repeatable; default: all, of a port BCEWithLogitsLoss)")
	flags.StringVar(&f.dtype, "dtype", string(tensor.Float32), "`float32`; or float16 or bfloat16, all 65,536 numbers of it, of all four modules")
	flags.BoolVar(&f.sample, "sample", false, "a stratified sample of the inputs, in seconds; it proves nothing")
	flags.BoolVar(&f.all, "all", false, "measure a port at every input, for BCEWithLogitsLoss all 2³²")
	flags.DurationVar(&f.timeout, "timeout", sweepTimeout, "the `time` that a port has for one answer, of 1 Mi elements")
	flags.DurationVar(&f.startTimeout, "start-timeout", process.DefaultStartTimeout, "the `time` from the start of a port to its answer to hello")
	flags.StringVar(&f.state, "state", "", "remember in this `file` what was done, and go on from there")
	flags.StringVar(&f.shard, "shard", "", "only the `i/n`-th part of the inputs, i from 1; auto takes it from the engine (see lossproof merge)")
	flags.IntVar(&f.options.Workers, "jobs", 0, "the `number` of goroutines, or of processes of a port; 0 is one for each core, or one process")
	flags.IntVar(&f.points, "points", allPoints, "the `number` of random points of each dtype and setting; 0 leaves them out (--sample: 20000, --shard: 0); CrossEntropyLoss has a row for each 16")
	flags.IntVar(&f.sums, "sums", 0, "measure means and sums over this `number` of elements too, a multiple of 100000; 10⁸ need 1.6 GB")
	flags.StringVar(&f.json, "json", "", "write the result to this `file`; - is stdout, the tables then go to stderr")
	f.add(cmd)
	return cmd
}

// check checks what the flags say together, and sets what they leave open.
func (f *sweepFlags) check(cmd *cobra.Command, ofPort bool) error {
	known := sweep.Modules()
	switch {
	case f.half():
		known = nil
		for _, m := range ports.Modules() {
			known = append(known, m.Name)
		}
	case f.dtype != string(tensor.Float32):
		return fmt.Errorf("--dtype: got %q, want float32, float16 or bfloat16", f.dtype)
	case ofPort:
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
	if f.half() {
		for _, flag := range []string{"sample", "all", "state", "shard", "points", "sums", "page", "jobs"} {
			if cmd.Flags().Changed(flag) {
				return fmt.Errorf("--%s: goes without --dtype %s, whose numbers are few", flag, f.dtype)
			}
		}
		return nil
	}
	switch {
	case f.modules == nil && ofPort:
		f.modules = []string{sweep.BCEWithLogitsLoss}
	case f.modules == nil:
		f.modules = known
	}
	part := f.state != "" || f.shard != "" // of every input
	if ofPort && !part && !f.all {
		f.sample = true
	}
	points := cmd.Flags().Changed("points")
	switch {
	case ofPort:
		f.points = 0
	case !points && f.sample:
		f.points = samplePoints
	case !points && f.shard != "":
		f.points = 0 // each shard would draw the same points
	}
	names := strings.Join(f.modules, ", ")
	switch {
	case !f.exhaustive() && (part || f.plot != ""):
		return fmt.Errorf("--state, --shard and --plot: got the module %s, want one that is measured at every float32 input: %s",
			names, strings.Join(sweep.Exhaustive(), ", "))
	case f.all && !ofPort:
		return errors.New("--all: there is no command, and the built-in losses are measured at every input without it")
	case ofPort && (points || f.sums > 0):
		return errors.New("--points and --sums measure the built-in losses: they go without a command")
	case f.all && f.sample:
		return errors.New("--all and --sample exclude each other")
	case f.sample && part:
		return errors.New("--sample takes seconds: it goes without --state and --shard")
	case f.shard != "" && f.page != "":
		return errors.New("--page: a shard is not all; lossproof merge --page writes it, from the states of all shards")
	case f.options.Workers < 0:
		return fmt.Errorf("--jobs: got %d, want 0 or more", f.options.Workers)
	case f.points < 0:
		return fmt.Errorf("--points: got %d, want 0 or more", f.points)
	case f.sums < 0 || f.sums%distinctInSums != 0:
		return fmt.Errorf("--sums: got %d, want a multiple of %d", f.sums, distinctInSums)
	case f.page != "" && !ofPort && len(f.modules) < len(known):
		return fmt.Errorf("--page: %s is not all: the tables of the page are of all modules", names)
	case !f.exhaustive() && f.points == 0 && f.sums == 0:
		return fmt.Errorf("--points and --sums: got 0 for %s, which is measured in no other way", names)
	}
	f.options.State = f.state
	if f.shard == "" {
		return nil
	}
	shard, err := parseShard(f.shard)
	f.options.Shard, f.options.Shards = shard.Index, shard.Count
	return err
}

// half reports whether a dtype of 16 bits is measured.
func (f *sweepFlags) half() bool { return slices.Contains(halves.DTypes(), tensor.DType(f.dtype)) }

// exhaustive reports whether a module is measured at every float32 input, or at a sample.
func (f *sweepFlags) exhaustive() bool {
	return slices.ContainsFunc(f.modules, func(m string) bool { return slices.Contains(sweep.Exhaustive(), m) })
}

// sweepPort measures the port of a command.
func (p *program) sweepPort(cmd *cobra.Command, f sweepFlags, command []string) error {
	jobs := max(1, f.options.Workers)
	port, end, err := p.openPort(cmd, portFlags{timeout: f.timeout, startTimeout: f.startTimeout, jobs: jobs}, command)
	if err != nil {
		return err
	}
	defer end()
	options := f.options
	options.Block = sweep.PortBlock
	options.Workers = 2 * jobs // the next call is made ready while the port works
	var info ports.Info
	for _, module := range f.modules {
		variant, d, err := sweep.VariantOf(cmd.Context(), port, module)
		if err != nil {
			return &judge.PortError{Err: err}
		}
		info = d.Port
		options.Variants = append(options.Variants, variant)
	}
	return p.sweep(cmd.Context(), f, options, sourceOf(info))
}

// sweepHalf measures the built-in losses, or the port of a command, at every number of 16 bits.
func (p *program) sweepHalf(cmd *cobra.Command, f sweepFlags, command []string) error {
	report := &sweep.Report{Source: sweep.Source{Machine: machine.Describe().String(), Path: loss.Kernels()}}
	var port ports.Port = builtin.Port{}
	if len(command) > 0 {
		opened, end, err := p.openPort(cmd, portFlags{timeout: f.timeout, startTimeout: f.startTimeout, jobs: 1}, command)
		if err != nil {
			return err
		}
		defer end()
		port = opened
	}
	if err := f.open(p, report); err != nil {
		return err
	}
	bar := newSweepProgress(p.stderr, terminalColumns(p.stderr), f.dtype+" inputs")
	results, d, err := sweep.Half(cmd.Context(), port, tensor.DType(f.dtype), f.modules, bar.show)
	bar.end()
	if err != nil {
		return &judge.PortError{Err: err}
	}
	report.Float32 = results
	if len(command) > 0 {
		report.Source = sourceOf(d.Port)
	}
	return f.write(p, report)
}

// sourceOf says what is measured over the wire.
func sourceOf(info ports.Info) sweep.Source {
	return sweep.Source{
		Machine: machine.Describe().String(),
		Path:    fmt.Sprintf("%s (%s), over the wire", strings.TrimSpace(info.Name+" "+info.Version), strings.TrimSpace(info.Language+" "+info.LanguageVersion)),
		Port:    info.Name + " " + info.Version,
	}
}

// sweep measures, and writes the results to where they are wanted. source says what is measured.
func (p *program) sweep(ctx context.Context, f sweepFlags, options sweep.Options, source sweep.Source) error {
	report := &sweep.Report{Source: source}
	options.Source = source
	if f.state != "" {
		if err := p.paths.Input("--state", f.state); err != nil {
			return err
		}
	}
	if err := f.open(p, report); err != nil {
		return err
	}
	if err := p.measure(ctx, f, options, report); err != nil {
		if ctx.Err() != nil && f.state != "" {
			fmt.Fprintf(p.stderr, "lossproof: %s remembers what was done; the same command goes on from there\n", f.state)
		}
		return err
	}
	return f.write(p, report)
}

// open finds the files, before the work: what cannot be written is found then.
func (o *sweepOutputs) open(p *program, report *sweep.Report) error {
	if o.plot != "" && o.page != "" {
		shown, err := filepath.Rel(filepath.Dir(o.page), o.plot)
		if err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
		report.Picture = filepath.ToSlash(shown)
	}
	if o.page != "" {
		page, err := os.ReadFile(o.page)
		if err == nil {
			_, err = report.UpdatePage(page)
		}
		if err != nil {
			return fmt.Errorf("--page %s: %w", o.page, err)
		}
	}
	o.files = map[string]*outfile.File{}
	for _, file := range []struct{ flag, name, begin string }{{"--page", o.page, ""}, {"--json", o.json, `"Machine":`}, {"--plot", o.plot, "<svg "}} {
		if file.name == "" || file.name == "-" {
			continue
		}
		var err error
		o.files[file.flag], err = p.paths.Output(file.flag, file.name, func(begin []byte) bool {
			return file.flag == "--page" || bytes.Contains(begin, []byte(file.begin)) // a page has its markers
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// measure does the work.
func (p *program) measure(ctx context.Context, f sweepFlags, options sweep.Options, r *sweep.Report) error {
	var err error
	step := func(name string, work func(show func(done, total int64)) error) {
		if err != nil {
			return
		}
		bar := newSweepProgress(p.stderr, terminalColumns(p.stderr), name)
		err = work(bar.show)
		bar.end()
	}
	if f.exhaustive() {
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

// write writes the tables, the plot, the page and the result; - is stdout for the last, the tables then go to stderr.
// It says which limits are missed.
func (o *sweepOutputs) write(p *program, report *sweep.Report) error {
	tables := p.stdout
	var failed error
	if o.json != "" {
		text, err := json.MarshalIndent(report, "", " ")
		text = append(text, '\n')
		if err == nil && o.json == "-" {
			tables = p.stderr
			_, err = p.stdout.Write(text)
		} else if err == nil {
			err = o.files["--json"].Put(text)
		}
		failed = errors.Join(failed, err)
	}
	failed = errors.Join(failed, report.WriteText(tables, terminalColumns(tables)))
	if o.plot != "" {
		failed = errors.Join(failed, o.files["--plot"].Put(report.Plot()))
	}
	if o.page != "" {
		page, err := os.ReadFile(o.page) // as it is now: it may have been edited during the work
		if err == nil {
			page, err = report.UpdatePage(page)
		}
		if err == nil {
			err = o.files["--page"].Put(page)
		}
		failed = errors.Join(failed, err)
	}
	if failed != nil {
		return failed
	}
	for _, miss := range report.Misses() {
		p.code = exitNotConformant
		fmt.Fprintf(p.stderr, "lossproof: limit missed: %s\n", miss)
	}
	return nil
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

func newSweepProgress(w io.Writer, columns int, name string) *sweepProgress {
	return &sweepProgress{w: w, terminal: columns > 0, name: name, bar: bar.New(w, columns), first: -1}
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
