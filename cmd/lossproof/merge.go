package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"lossproof/internal/infile"
	"lossproof/internal/report"
	"lossproof/judge"
	"lossproof/lab/sweep"
)

type mergeFlags struct {
	outputFlags
	sweep sweepOutputs
}

func (p *program) mergeCommand() *cobra.Command {
	var f mergeFlags
	cmd := &cobra.Command{
		Use:   "merge [flags] FILE...",
		Short: "Join the shards of a run or of a sweep",
		Long: `merge joins the results of "lossproof run --shard i/n --json FILE" to the result of the whole run,
with its verdict and its exit code, or the state files of "lossproof sweep --shard i/n --state FILE"
to the report of the whole sweep. It asks no port.

Files of other ports, claims, levels, seeds, versions or platforms are refused, and so is a shard
that is given twice; what is missing or not complete is named. The merged result is the one of a
run in one piece, but for its command line, and for the causes, which are those of a whole run.

--shard auto takes the shard from the variables of the engine that starts the processes:

  Kubernetes   JOB_COMPLETION_INDEX of an Indexed Job, and LOSSPROOF_SHARDS, its completions
  Slurm        SLURM_ARRAY_TASK_ID, _MIN, _MAX and _COUNT of an array; LOSSPROOF_SHARDS where a
               part of an array, which counts from 1, is submitted again
  Bazel        TEST_SHARD_INDEX and TEST_TOTAL_SHARDS of shard_count
  CI           CI_NODE_INDEX and CI_NODE_TOTAL: of GitLab's parallel, or set in a matrix`,
		Example: `  lossproof run --shard 1/2 --json 1.json -- ./port
  lossproof run --shard 2/2 --json 2.json -- ./port
  lossproof merge 1.json 2.json --json result.json
  lossproof sweep --shard auto --state sweep.json -- ./port
  lossproof merge sweeps/*.json --plot errors.svg`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			return p.merge(cmd.Context(), f, files)
		},
	}
	f.add(cmd)
	f.sweep.add(cmd)
	return cmd
}

// merge tells the results of runs from the states of sweeps by the first file.
func (p *program) merge(ctx context.Context, f mergeFlags, files []string) error {
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
		return p.mergeSweeps(f, files)
	}
	return p.mergeRuns(ctx, f, files)
}

func (p *program) mergeRuns(ctx context.Context, f mergeFlags, files []string) error {
	if f.sweep.plot != "" || f.sweep.page != "" {
		return errors.New("--plot and --page are of a sweep, and these are results of a run")
	}
	var parts []judge.Part
	var problems []error
	for _, name := range files {
		result, err := report.Read(ctx, name)
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
	return errors.Join(outputs.end(merged), p.exit(merged))
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
