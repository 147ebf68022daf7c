package main

import (
	"github.com/spf13/cobra"

	"lossproof/judge"
	"lossproof/tensor"
)

// selectionFlags are the flags that run and list select cases with.
type selectionFlags struct {
	selection judge.Selection
	dtypes    []string
}

func (s *selectionFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&s.selection.Select, "select", nil, "only cases whose id matches this `pattern` (* matches / too); repeatable")
	flags.StringArrayVar(&s.selection.Skip, "skip", nil, "no cases whose id matches this `pattern`; repeatable")
	flags.StringSliceVar(&s.selection.Modules, "modules", nil, "only these `modules`")
	flags.StringSliceVar(&s.dtypes, "dtypes", nil, "only cases with an input of these `dtypes`")
	flags.StringSliceVar(&s.selection.Rules, "rules", nil, "only cases of these `rules`")
	flags.StringVar(&s.selection.CasesUntil, "cases-until", "", "only cases that fixtures of this `version` had")
}

func (s *selectionFlags) get() judge.Selection {
	selection := s.selection
	for _, dtype := range s.dtypes {
		selection.DTypes = append(selection.DTypes, tensor.DType(dtype))
	}
	return selection
}
