package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"lossproof/internal/suggest"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/report"
)

type runFlags struct {
	selectionFlags
	portFlags
	level   string
	quirks  bool
	json    string
	maxFail int
	verbose bool
}

func (p *program) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [flags] [-- COMMAND ARG...]",
		Short: "Check a port; without a command, the built-in Go losses",
		Long: `run checks the fixtures, asks the port every selected case, and judges the answers.

Levels: at parity an element is right if it agrees with PyTorch or with the exact result, at
exact if it agrees with the exact result, at reference if it agrees with PyTorch.`,
		Example: `  lossproof run
  lossproof run --level exact --modules BCEWithLogitsLoss
  lossproof run --select '*/extreme_logits/f32-*' -v
  lossproof run -- python3 port.py
  lossproof run --jobs 2 --timeout 30s --json result.json -- ./port --cpu`,
		Args: runArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.run(cmd, f, args)
		},
	}
	f.selectionFlags.add(cmd)
	f.portFlags.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.level, "level", string(verdict.Parity), "what an element must agree with: `parity`, exact or reference")
	flags.BoolVar(&f.quirks, "quirks", false, "let the quirks of PyTorch gate too")
	flags.StringVar(&f.json, "json", "", "write the result to this `file`; - is stdout, the summary then goes to stderr")
	flags.IntVar(&f.maxFail, "max-fail", 0, "stop after this `number` of failing cases; 0 is never")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "write a line for every case, and every failure in full")
	return cmd
}

// runArgs accepts the command of a port behind --.
func runArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
		return fmt.Errorf("run: unexpected %q: select cases with --select; the command of a port stands behind --", args[0])
	}
	return nil
}

func (p *program) run(cmd *cobra.Command, f runFlags, command []string) error {
	ctx := cmd.Context()
	level, err := parseLevel(f.level)
	if err != nil {
		return err
	}
	if f.maxFail < 0 {
		return fmt.Errorf("--max-fail: got %d, want 0 or more", f.maxFail)
	}
	set, err := p.load()
	if err != nil {
		return err
	}
	options := judge.Options{Level: level, Selection: f.get(), Quirks: f.quirks, MaxFail: f.maxFail, Argv: append([]string{"lossproof"}, p.args...)}
	// A misspelt flag is found before a file is made or the port asked.
	if _, err := judge.Select(set, options.Selection); err != nil {
		return flagged(err)
	}
	port, closePort, err := p.openPort(cmd, f.portFlags, command)
	if err != nil {
		return err
	}
	defer closePort()
	file, err := openResult(f.json)
	if err != nil {
		return err
	}
	progress := report.NewProgress(p.stderr, isTerminal(p.stderr))
	options.Progress = progress.Show

	result, err := judge.Run(ctx, set, port, options)
	progress.End()
	if result == nil {
		return errors.Join(err, closeFile(file))
	}
	writeErr := p.writeResult(result, f, file)
	switch {
	case err != nil: // interrupted: what is known was written
		return err
	case writeErr != nil:
		return writeErr
	case slices.ContainsFunc(result.Cases, func(r judge.CaseResult) bool { return r.Outcome == judge.SuiteError }):
		return errors.New("the suite is at fault (suite-error), not the port")
	case !result.Summary.Conformant:
		p.code = exitNotConformant
	}
	return nil
}

// writeResult writes the result file, where one is wanted, and the summary.
func (p *program) writeResult(result *judge.Result, f runFlags, file *os.File) error {
	out := p.stdout
	var err error
	switch {
	case f.json == "-":
		err = report.JSON(p.stdout, result)
		out = p.stderr
	case file != nil:
		var buffer bytes.Buffer
		if err = report.JSON(&buffer, result); err == nil {
			_, err = file.Write(buffer.Bytes())
		}
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		err = fmt.Errorf("--json: %w", err)
	}
	return errors.Join(err, report.Text(out, result, report.TextOptions{Color: wantsColor(out), Verbose: f.verbose}))
}

// openResult makes the result file before the run, which would be lost without it.
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

// flagged names the flag that an error of the selection is about.
func flagged(err error) error {
	var selection *judge.SelectionError
	if errors.As(err, &selection) {
		return fmt.Errorf("selection: %w", err)
	}
	return err
}

func parseLevel(name string) (verdict.Level, error) {
	level, err := verdict.ParseLevel(name)
	if err != nil {
		levels := []string{string(verdict.Parity), string(verdict.Exact), string(verdict.Reference)}
		return "", fmt.Errorf("--level: got %q, want parity, exact or reference%s", name, suggest.Hint(name, levels))
	}
	return level, nil
}
