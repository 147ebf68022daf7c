package main

import (
	"bufio"
	"fmt"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
	"lossproof/internal/coverage"
	"lossproof/judge"
)

func (p *program) listCommand() *cobra.Command {
	var f selectionFlags
	var options bool
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "List the cases and the relations: id, rule and requirement",
		Example: `  lossproof list
  lossproof list --select '*/shapes/*' --dtypes float32
  lossproof list --rules MLSM-NONE-SHAPE
  lossproof list --coverage --modules BCELoss`,
		Args: p.noArgs,
		RunE: func(*cobra.Command, []string) error {
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
			if !options {
				listChecks(w, checks)
				return w.Flush()
			}
			if err := listCoverage(w, set, checks); err != nil {
				return err
			}
			return w.Flush()
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&options, "coverage", false, "instead, a table of each module: which topic asks which option, shape and value, with which reduction")
	return cmd
}

// listCoverage writes the tables of the recorded cases among the checks.
func listCoverage(w *bufio.Writer, set *fixtures.Set, checks []*judge.Check) error {
	var cases []*fixtures.Case
	for _, c := range checks {
		if c.Recorded != nil {
			cases = append(cases, c.Recorded)
		}
	}
	tables, err := coverage.Of(set, cases)
	if err != nil {
		return err
	}
	for i, table := range tables {
		if i > 0 {
			fmt.Fprintln(w)
		}
		table.Write(w)
	}
	return nil
}

// listChecks writes a line for every check: id, rule and requirement.
func listChecks(w *bufio.Writer, checks []*judge.Check) {
	for _, c := range checks {
		fmt.Fprintf(w, "%s\t%s\t%s\n", c.ID, c.Rule.ID, c.Rule.Requirement)
	}
}
