package main

import (
	"bufio"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
	"lossproof/internal/coverage"
	"lossproof/internal/resolution"
	"lossproof/judge"
	"lossproof/ports/builtin"
)

func (p *program) listCommand() *cobra.Command {
	var f selectionFlags
	var options, resolutions bool
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "List the cases and the relations: id, rule and requirement",
		Example: `  lossproof list
  lossproof list --select '*/shapes/*' --dtypes float32
  lossproof list --rules MLSM-NONE-SHAPE
  lossproof list --coverage --modules BCELoss
  lossproof list --resolution --dtypes float32`,
		Args: p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			selection, err := f.get()
			if err != nil {
				return err
			}
			set, err := p.open()
			if err != nil {
				return err
			}
			checks, err := judge.Select(set, selection)
			if err != nil {
				return flagged(err)
			}
			w := bufio.NewWriter(p.stdout)
			switch {
			case options:
				err = listCoverage(w, terminalColumns(p.stdout), set, recorded(checks))
			case resolutions:
				err = listResolution(cmd.Context(), w, set, recorded(checks))
			default:
				listChecks(w, checks)
			}
			if err != nil {
				return err
			}
			return w.Flush()
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&options, "coverage", false, "instead, a table of each module: which topic asks which option, shape and value, with which reduction")
	cmd.Flags().BoolVar(&resolutions, "resolution", false, "instead, how wrong the answers of the built-in losses can be and pass, by topic, dtype and level")
	cmd.MarkFlagsMutuallyExclusive("coverage", "resolution")
	return cmd
}

// recorded returns the cases of the fixtures among the checks.
func recorded(checks []*judge.Check) []*fixtures.Case {
	var cases []*fixtures.Case
	for _, c := range checks {
		if c.Recorded != nil {
			cases = append(cases, c.Recorded)
		}
	}
	return cases
}

// listResolution measures what the cases see of the answers of the built-in losses.
func listResolution(ctx context.Context, w *bufio.Writer, set *fixtures.Set, cases []*fixtures.Case) error {
	rows, err := resolution.Of(ctx, builtin.Port{}, set, cases)
	if err != nil {
		return err
	}
	resolution.Write(w, rows)
	return nil
}

// listCoverage writes which topic asks what.
func listCoverage(w *bufio.Writer, width int, set *fixtures.Set, cases []*fixtures.Case) error {
	tables, err := coverage.Of(set, cases)
	if err != nil {
		return err
	}
	for i, table := range tables {
		if i > 0 {
			fmt.Fprintln(w)
		}
		table.Write(w, width)
	}
	return nil
}

// listChecks writes a line for every check: id, rule and requirement.
func listChecks(w *bufio.Writer, checks []*judge.Check) {
	for _, c := range checks {
		fmt.Fprintf(w, "%s\t%s\t%s\n", c.ID, c.Rule.ID, c.Rule.Requirement)
	}
}
