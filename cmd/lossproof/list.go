package main

import (
	"bufio"
	"fmt"

	"github.com/spf13/cobra"

	"lossproof/judge"
)

func (p *program) listCommand() *cobra.Command {
	var f selectionFlags
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "List the cases and the relations: id, rule and requirement",
		Example: `  lossproof list
  lossproof list --select '*/shapes/*' --dtypes float32
  lossproof list --rules MLSM-NONE-SHAPE`,
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
			listChecks(w, checks)
			return w.Flush()
		},
	}
	f.add(cmd)
	return cmd
}

// listChecks writes a line for every check: id, rule and requirement.
func listChecks(w *bufio.Writer, checks []*judge.Check) {
	for _, c := range checks {
		fmt.Fprintf(w, "%s\t%s\t%s\n", c.ID, c.Rule.ID, c.Rule.Requirement)
	}
}
