package main

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
	"lossproof/internal/diagnosis"
	"lossproof/internal/infile"
	"lossproof/internal/resultfile"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/lab/sweep"
)

type mergeFlags struct {
	outputFlags
	portFlags
	sweep sweepOutputs
}

func (p *program) mergeCommand() *cobra.Command {
	var f mergeFlags
	cmd := &cobra.Command{
		Use:   "merge [flags] FILE... [-- COMMAND ARG...]",
		Short: "Join the shards of a run or of a sweep",
		Long: `merge joins the results of "lossproof run --shard i/n --json FILE" to the result of the whole run,
with its verdict and its exit code, or the state files of "lossproof sweep --shard i/n --state FILE"
to the report of the whole sweep.

Files of other ports, claims, levels, seeds, versions or platforms are refused, and so is a shard
that is given twice; what is missing or not complete is named. The merged result is the one of a
run in one piece, but for its command line. Causes are those of a whole run: with the command of the
port, what fails is asked once more, and its causes are named.

--shard auto takes the shard from the variables of the engine that starts the processes:

  Kubernetes   JOB_COMPLETION_INDEX of an Indexed Job, and LOSSPROOF_SHARDS, its completions
  Slurm        SLURM_ARRAY_TASK_ID, _MIN, _MAX and _COUNT of an array; LOSSPROOF_SHARDS where a
               part of an array, which counts from 1, is submitted again
  Bazel        TEST_SHARD_INDEX and TEST_TOTAL_SHARDS of shard_count
  CI           CI_NODE_INDEX and CI_NODE_TOTAL: of GitLab's parallel, or set in a matrix`,
		Example: `  lossproof run --shard 1/2 --json 1.json -- ./port
  lossproof run --shard 2/2 --json 2.json -- ./port
  lossproof merge 1.json 2.json --json result.json -- ./port
  lossproof sweep --shard auto --state sweep.json -- ./port
  lossproof merge sweeps/*.json --plot errors.svg`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || cmd.ArgsLenAtDash() == 0 {
				return errors.New("merge: there is no FILE: want the results or the states of shards")
			}
			return notNothing(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			files, command := args, []string(nil)
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				files, command = args[:dash], args[dash:]
			}
			return p.merge(cmd, f, files, command)
		},
	}
	f.outputFlags.add(cmd)
	f.sweep.add(cmd)
	f.portFlags.add(cmd)
	return cmd
}

// merge tells the results of runs from the states of sweeps by the first file.
func (p *program) merge(cmd *cobra.Command, f mergeFlags, files, command []string) error {
	ctx := cmd.Context()
	for _, name := range files {
		if err := p.paths.Input("FILE", name); err != nil {
			return err
		}
	}
	first, err := infile.Read(ctx, files[0])
	if err != nil {
		return err
	}
	if bytes.Contains(first[:min(len(first), 100)], []byte(`"lossproof_sweep"`)) {
		if len(command) > 0 {
			return errors.New("merge: the states of a sweep have no causes that a port could be asked for: want no command behind --")
		}
		return p.mergeSweeps(f, files)
	}
	return p.mergeRuns(cmd, f, files, command)
}

func (p *program) mergeRuns(cmd *cobra.Command, f mergeFlags, files, command []string) error {
	ctx := cmd.Context()
	if err := f.portFlags.check(cmd, command); err != nil {
		return err
	}
	if f.sweep.plot != "" || f.sweep.page != "" {
		return errors.New("--plot and --page are of a sweep, and these are results of a run")
	}
	var parts []judge.Part
	var problems []error
	for _, name := range files {
		result, err := resultfile.Read(ctx, name)
		if err != nil {
			problems = append(problems, err)
		}
		parts = append(parts, judge.Part{Name: name, Result: result})
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	set, err := p.open()
	if err != nil {
		return err
	}
	merged, err := judge.Merge(set, parts)
	if err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	merged.Argv = append([]string{"lossproof"}, p.args...)
	unfinished := *merged
	unfinished.Complete = false
	outputs, err := p.openOutputs(f.outputFlags, &unfinished)
	if err != nil {
		return err
	}
	if len(command) > 0 && !merged.Summary.Passed {
		if err := p.explainMerged(cmd, f.portFlags, command, set, merged); err != nil {
			return fmt.Errorf("merge: %w", err)
		}
	}
	return errors.Join(outputs.end(merged), p.exit(merged))
}

// explainMerged asks the port once more what fails, and names the causes as a run does.
func (p *program) explainMerged(cmd *cobra.Command, f portFlags, command []string, set *fixtures.Set, merged *judge.Result) error {
	ctx := cmd.Context()
	port, end, err := p.openPort(cmd, f, command)
	if err != nil {
		return err
	}
	defer end()
	var asked []judge.Exchange
	j, err := judge.New(ctx, port, judge.Options{
		Fixtures: set, Level: verdict.Level(merged.Level), Selection: merged.Selection, Quirks: merged.Quirks, Seed: merged.Seed, Effort: merged.Effort,
		Observe: func(_ *judge.Check, _ judge.CheckResult, exchanges []judge.Exchange) { asked = exchanges },
	})
	if err != nil {
		return err
	}
	results := map[string]judge.CheckResult{}
	for _, r := range merged.Checks() {
		results[r.ID] = r
	}
	collector := diagnosis.New(set)
	for _, c := range j.Checks() {
		r := results[c.ID]
		asked = []judge.Exchange{{}} // of what passes no answer is needed
		switch {
		case r.Outcome == judge.Unsupported, r.Outcome == judge.NotRun:
			continue
		case r.Outcome.Failing() && r.Outcome != judge.Fixed:
			again, err := j.Check(ctx, c)
			if err != nil {
				return err
			}
			if again.Outcome != r.Outcome {
				return fmt.Errorf("%s: the port's outcome is %s, that of its shard %s: want the port that ran", c.ID, again.Outcome, r.Outcome)
			}
		}
		collector.Observe(c, r, asked)
	}
	return collector.Diagnose(ctx, port, merged)
}

func (p *program) mergeSweeps(f mergeFlags, files []string) error {
	if f.junit != "" || f.markdown != "" || f.badge != "" {
		return errors.New("--junit, --markdown and --badge are of a run, and these are states of a sweep")
	}
	merged, err := sweep.Merge(files...)
	if err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	if f.sweep.page != "" && merged.Port == "" {
		return errors.New("--page: the page of the built-in losses has random points and sums too: lossproof sweep --page writes it")
	}
	f.sweep.json = f.json
	if err := f.sweep.open(p, merged); err != nil {
		return err
	}
	return f.sweep.write(p, merged)
}
