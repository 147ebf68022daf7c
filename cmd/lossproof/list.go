package main

import (
	"bufio"
	"fmt"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
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
			cases, err := judge.Select(set, selection)
			if err != nil {
				return flagged(err)
			}
			relations, err := judge.SelectRelations(set, selection)
			if err != nil {
				return flagged(err)
			}
			w := bufio.NewWriter(p.stdout)
			if err := listCases(w, set, cases); err != nil {
				return err
			}
			for _, r := range relations {
				fmt.Fprintf(w, "%s\t%s\t%s\n", r.ID, r.Rule.ID, r.Rule.Requirement)
			}
			return w.Flush()
		},
	}
	f.add(cmd)
	return cmd
}

// listCases writes a line for every case: id, rule and requirement.
func listCases(w *bufio.Writer, set *fixtures.Set, cases []*fixtures.Case) error {
	for _, c := range cases {
		rule, err := set.Rule(c.Rule)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", c.ID, rule.ID, rule.Requirement)
	}
	return nil
}
