package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
	"lossproof/internal/diagnosis"
	"lossproof/judge"
	"lossproof/ports"
)

// judgeFlags are the flags of the commands that give a verdict.
type judgeFlags struct {
	selectionFlags
	outputFlags
	baselineFlags
	askFlags
	quirks  bool
	maxFail int
}

func (f *judgeFlags) add(cmd *cobra.Command) {
	f.selectionFlags.add(cmd)
	f.outputFlags.add(cmd)
	f.baselineFlags.add(cmd)
	flags := cmd.Flags()
	f.askFlags.add(cmd)
	flags.BoolVar(&f.quirks, "quirks", false, "let the quirks of PyTorch gate too")
	flags.IntVar(&f.maxFail, "max-fail", 0, "stop after this `number` of failing cases; 0 is never")
}

type runFlags struct {
	judgeFlags
	portFlags
}

func (p *program) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [flags] [-- COMMAND ARG...]",
		Short: "Check a port; without a command, the built-in Go losses",
		Long: `run checks the fixtures, asks the port every selected case, and judges the answers.

Levels: at parity an element is right if it agrees with PyTorch or with the exact result, at
exact if it agrees with the exact result, at reference if it agrees with PyTorch.

A baseline has the known failures of a port, each with a reason: they do not gate, what is new
does. It also has the claim: a port that claims less than before fails (claim-shrank). An entry
that passes fails the run until --update-baseline has removed it.

After the cases come the relations: laws that hold between the answers to generated inputs. They
are selected as cases are, by ids such as BCEWithLogitsLoss/relations/symmetry. The seed of the
release, which is the default, asks the same every time, as a gate of CI needs it: a port could have
learnt the answers. What certifies is --seed random; the verdict names the seed.

Then come generated checks: calls of up to some hundred thousand elements, whose answers are held
against the exact result. --effort says how many and how large: quick is for a first look, thorough
for a release.

A shard is part i of n of the cases, for several machines; --shard auto takes it from the engine that
started this process. Nothing but all of them together is a verdict: lossproof merge joins them.

With --stdio nothing is started: the requests go to stdout and the answers come from stdin, so that
a program that starts lossproof is the port itself. The text goes to stderr.`,
		Example: `  lossproof run
  lossproof run --level exact --modules BCEWithLogitsLoss
  lossproof run --select '*/extreme_logits/f32-*' -v
  lossproof run --select '*/relations/*' --seed random -- ./port
  lossproof run -- python3 port.py
  lossproof run --jobs 2 --timeout 30s --json result.json -- ./port --cpu
  lossproof run --baseline baseline.json --update-baseline=add -- ./port
  lossproof run --baseline baseline.json --junit junit.xml --markdown "$GITHUB_STEP_SUMMARY" -- ./port`,
		Args: runArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.run(cmd, f, args)
		},
	}
	f.judgeFlags.add(cmd)
	f.portFlags.add(cmd)
	cmd.Flags().BoolVar(&f.stdio, "stdio", false, "write the requests to stdout and read the answers from stdin: whoever started lossproof is the port")
	return cmd
}

// runArgs accepts the command of a port behind --.
func runArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
		return fmt.Errorf("%s: unexpected %q: select cases with --select; the command of a port stands behind --", cmd.Name(), args[0])
	}
	return notNothing(cmd, args)
}

// notNothing refuses a -- with nothing behind it: a variable that is empty would ask the built-in losses instead of
// a port, and they pass.
func notNothing(cmd *cobra.Command, args []string) error {
	if cmd.ArgsLenAtDash() == len(args) {
		return fmt.Errorf("%s: there is nothing behind --: want the command of a port, or no -- for the built-in losses", cmd.Name())
	}
	return nil
}

func (p *program) run(cmd *cobra.Command, f runFlags, command []string) error {
	if f.stdio {
		if slices.Contains([]string{f.json, f.junit, f.markdown, f.badge}, "-") {
			return errors.New("--stdio: stdout is for the requests, want a file in place of -")
		}
	}
	return p.verdict(cmd.Context(), f.judgeFlags, command, func(*fixtures.Set) (ports.Port, func(), error) {
		return p.openPort(cmd, f.portFlags, command)
	})
}

// verdict judges the port that open returns, whose command is for annotations, and writes the result. What is wrong with the
// flags is found before a file is made or the port asked.
func (p *program) verdict(ctx context.Context, f judgeFlags, command []string, open func(*fixtures.Set) (ports.Port, func(), error)) error {
	options, err := p.judgeOptions(f)
	if err != nil {
		return err
	}
	set := options.Fixtures
	known, err := f.open(ctx, &p.paths, set, options.Level)
	if err != nil {
		return err
	}
	options.Known = known.known()
	port, closePort, err := open(set)
	if err != nil {
		return err
	}
	defer closePort()
	unfinished, err := judge.Unfinished(options)
	if err != nil {
		return flagged(err)
	}
	outputs, err := p.openOutputs(f.outputFlags, unfinished)
	if err != nil {
		return err
	}
	outputs.command, outputs.baseline = command, f.file
	progress := newProgress(p.stderr, terminalColumns(p.stderr))
	options.Progress = progress.show
	collector := diagnosis.New(set)
	options.Observe = collector.Observe

	j, err := judge.New(ctx, port, options)
	if err == nil {
		err = known.check(j)
	}
	if err != nil {
		return err
	}
	result, runErr := j.Run(ctx)
	progress.end()
	if runErr == nil && !result.Summary.Passed {
		runErr = collector.Diagnose(ctx, port, result)
	}
	closePort() // a port that is left could write to the files of the result
	result, err = known.finish(p, j, result)
	if writeErr := outputs.end(result); writeErr != nil {
		err = errors.Join(err, writeErr)
	}
	switch {
	case runErr != nil: // interrupted: what is known was written
		return runErr
	case err != nil:
		return err
	}
	return p.exit(result)
}

// exit sets the exit code that a result stands for.
func (p *program) exit(result *judge.Result) error {
	switch {
	case result.Summary.Cases[judge.SuiteError]+result.Summary.Relations[judge.SuiteError]+result.Summary.Generated[judge.SuiteError] > 0:
		return errors.New("the suite is at fault (suite-error), not the port")
	case !result.Summary.Passed:
		p.code = exitNotConformant
	}
	return nil
}

// judgeOptions checks the flags and the fixtures.
func (p *program) judgeOptions(f judgeFlags) (options judge.Options, err error) {
	if f.maxFail < 0 {
		return options, fmt.Errorf("--max-fail: got %d, want 0 or more", f.maxFail)
	}
	if err := f.check(f.maxFail); err != nil {
		return options, err
	}
	if options, err = f.options(); err != nil {
		return options, err
	}
	options.Quirks, options.MaxFail, options.Argv = f.quirks, f.maxFail, append([]string{"lossproof"}, p.args...)
	if options.Selection, err = f.get(); err != nil {
		return options, err
	}
	if options.Fixtures, err = p.open(); err != nil {
		return options, err
	}
	_, err = judge.Select(options.Fixtures, options.Selection)
	return options, flagged(err)
}

// flagged names the flag that an error of the selection is about.
func flagged(err error) error {
	if _, ok := errors.AsType[*judge.SelectionError](err); ok {
		return fmt.Errorf("selection: %w", err)
	}
	return err
}
