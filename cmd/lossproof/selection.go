package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"lossproof/internal/shards"
	"lossproof/judge"
	"lossproof/tensor"
)

// selectionFlags are the flags that run and list select cases with.
type selectionFlags struct {
	selection judge.Selection
	dtypes    []string
	shard     string
}

func (s *selectionFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&s.selection.Select, "select", nil, "only cases whose id matches this `pattern` (* matches / too); repeatable")
	flags.StringArrayVar(&s.selection.Skip, "skip", nil, "no cases whose id matches this `pattern`; repeatable")
	flags.StringSliceVar(&s.selection.Modules, "modules", nil, "only these `modules`")
	flags.StringSliceVar(&s.dtypes, "dtypes", nil, "only cases with an input of these `dtypes`")
	flags.StringSliceVar(&s.selection.Rules, "rules", nil, "only cases of these `rules`")
	flags.StringVar(&s.selection.CasesUntil, "cases-until", "", "only cases that fixtures of this `version` had")
	flags.StringVar(&s.shard, "shard", "", "only part `i/n` of the cases; auto takes it from the engine; lossproof merge joins them")
}

// get returns the selection; what matches nothing is found by judge.Select.
func (s *selectionFlags) get() (judge.Selection, error) {
	selection := s.selection
	for _, dtype := range s.dtypes {
		selection.DTypes = append(selection.DTypes, tensor.DType(dtype))
	}
	if s.shard != "" {
		var err error
		if selection.Shard, err = parseShard(s.shard); err != nil {
			return judge.Selection{}, err
		}
	}
	return selection, nil
}

// parseShard parses the value of --shard.
func parseShard(text string) (judge.Shard, error) {
	var shard judge.Shard
	var err error
	if text == "auto" {
		shard.Index, shard.Count, err = shards.Auto(os.Getenv)
	} else {
		shard, err = judge.ParseShard(text)
	}
	if err != nil {
		return judge.Shard{}, fmt.Errorf("--shard: %w", err)
	}
	return shard, nil
}
