package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/divergence"
	"lossproof/judge"
)

// completeIDs completes the one argument of a command, the id of a check.
func (p *program) completeIDs(cmd *cobra.Command) {
	cmd.ValidArgsFunction = p.completeFirst(func(set *fixtures.Set) []cobra.Completion {
		var ids []cobra.Completion
		for _, c := range judge.Checks(set) {
			ids = append(ids, c.ID)
		}
		return ids
	})
}

// completeRules completes the one argument of a command, the id of a rule.
func (p *program) completeRules(cmd *cobra.Command) {
	cmd.ValidArgsFunction = p.completeFirst(ruleCompletions)
}

func ruleCompletions(set *fixtures.Set) []cobra.Completion {
	var rules []cobra.Completion
	for _, rule := range judge.Rules(set) {
		rules = append(rules, cobra.CompletionWithDesc(rule.ID, rule.Statement))
	}
	for _, d := range divergence.All() {
		rules = append(rules, cobra.CompletionWithDesc(d.Name, d.Title))
	}
	return rules
}

func (p *program) completeFirst(words func(*fixtures.Set) []cobra.Completion) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		set, err := p.open()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		fitting := slices.DeleteFunc(words(set), func(word cobra.Completion) bool { return !strings.HasPrefix(word, begun) })
		return fitting, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlags completes the values of the flags that the commands share.
func (p *program) completeFlags(root *cobra.Command) {
	fixed := map[string][]cobra.Completion{
		"level":           {"parity", "exact", "reference"},
		"update-baseline": {updateAdd},
		"modules":         claim.Modules,
		"dtypes":          claim.DTypes,
	}
	for _, cmd := range root.Commands() {
		for name, values := range fixed {
			if cmd.Flags().Lookup(name) != nil {
				_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // fails only if called twice
			}
		}
		if cmd.Flags().Lookup("rules") != nil {
			_ = cmd.RegisterFlagCompletionFunc("rules", func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
				return p.completeFirst(ruleCompletions)(cmd, nil, begun)
			})
		}
	}
}
