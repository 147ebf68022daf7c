package main

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
	"lossproof/internal/laws"
	"lossproof/internal/suggest"
	"lossproof/ports"
)

func (p *program) explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [RULE]",
		Short: "One rule: its sentence, the formula, its basis and its cases; without RULE, all rules",
		Example: `  lossproof explain
  lossproof explain MLSM-NONE-SHAPE`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("explain takes one RULE at most, got %q", args)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := p.open()
			if err != nil {
				return err
			}
			w := bufio.NewWriter(p.stdout)
			if len(args) == 0 {
				listRules(w, set)
				return w.Flush()
			}
			if err := explain(w, set, args[0]); err != nil {
				return err
			}
			return w.Flush()
		},
	}
	p.completeRules(cmd)
	return cmd
}

// listRules writes a line for every rule.
func listRules(w *bufio.Writer, set *fixtures.Set) {
	for _, rule := range rulesOf(set) {
		fmt.Fprintf(w, "%-30s %-7s %s\n", rule.ID, rule.Requirement, rule.Statement)
	}
}

// rulesOf returns the rules of the fixtures and those of the relations, by id.
func rulesOf(set *fixtures.Set) []fixtures.Rule {
	rules := slices.Clone(set.Rules)
	for _, r := range laws.All() {
		rules = append(rules, r.Rule)
	}
	slices.SortFunc(rules, func(a, b fixtures.Rule) int { return strings.Compare(a.ID, b.ID) })
	return rules
}

// requirementMeans says what a requirement asks of a port.
var requirementMeans = map[fixtures.Requirement]string{
	fixtures.Must:   "gates",
	fixtures.Should: "gates unless a baseline gives a reason; the verdict lists it as a deviation",
	fixtures.Quirk:  "contradicts documentation or mathematics; reported, gates only with --quirks",
}

// formulas end the ids of the rules that say what a module computes, where it has them.
var formulas = []string{"FORMULA", "CLAMP", "PROBABILITIES", "GRAD-INPUT"}

// head writes what all rules have.
func head(w *bufio.Writer, set *fixtures.Set, rule fixtures.Rule) {
	fmt.Fprintf(w, "%s\n%s\n\n", rule.ID, rule.Statement)
	fmt.Fprintf(w, "module       %s\n", rule.Module)
	title := "formula"
	for _, suffix := range formulas {
		id := ports.ModuleOf(rule.Module).Prefix + "-" + suffix
		// The sentence of the rule itself stands above.
		if formula, err := set.Rule(id); err == nil && id != rule.ID {
			fmt.Fprintf(w, "%-12s %s: %s\n", title, id, formula.Statement)
			title = ""
		}
	}
	fmt.Fprintf(w, "requirement  %s: %s\n", rule.Requirement, requirementMeans[rule.Requirement])
	fmt.Fprintf(w, "basis        %s: %s\n             %s\n", rule.Basis.Kind, rule.Basis.Text, rule.Basis.Link)
}

// explainRelation explains a rule that a relation shows.
func explainRelation(w *bufio.Writer, set *fixtures.Set, r *laws.Relation) {
	head(w, set, r.Rule)
	fmt.Fprintf(w, "evidence     relation %s: checked on inputs that are generated from --seed\n", r.ID)
	fmt.Fprintf(w, "domain       %s\n", r.Domain)
	fmt.Fprintf(w, "inputs       %s\n", strings.ReplaceAll(laws.Inputs, "\n", "\n             "))
	fmt.Fprintf(w, "tolerance    %s\n", r.Tolerance)
	fmt.Fprintf(w, "\nlossproof run --select %s\n", r.ID)
}

func explain(w *bufio.Writer, set *fixtures.Set, id string) error {
	if r, ok := laws.ByRule(id); ok {
		explainRelation(w, set, r)
		return nil
	}
	rule, err := set.Rule(id)
	if err != nil {
		rules := rulesOf(set)
		ids := make([]string, len(rules))
		for i := range rules {
			ids[i] = rules[i].ID
		}
		return fmt.Errorf("there is no rule %q%s (lossproof explain lists them)", id, suggest.Hint(id, ids))
	}
	var own, also []string
	for _, c := range set.Cases {
		switch {
		case c.Rule == rule.ID:
			own = append(own, c.ID)
		case slices.Contains(c.Also, rule.ID):
			also = append(also, c.ID)
		}
	}
	evidence := fmt.Sprintf("recorded: %d cases stand for it, %d touch it", len(own), len(also))
	if rule.Evidence != "" {
		evidence = rule.Evidence + "; " + evidence
	}
	head(w, set, *rule)
	fmt.Fprintf(w, "evidence     %s\n", evidence)
	for _, list := range []struct {
		title string
		ids   []string
	}{{"cases", own}, {"cases that touch it", also}} {
		if len(list.ids) > 0 {
			fmt.Fprintf(w, "\n%s\n", list.title)
			for _, id := range list.ids {
				fmt.Fprintf(w, "  %s\n", id)
			}
		}
	}
	return nil
}
