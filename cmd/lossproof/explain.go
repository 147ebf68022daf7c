package main

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
	"lossproof/internal/suggest"
	"lossproof/judge"
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
	for _, rule := range judge.Rules(set) {
		fmt.Fprintf(w, "%-30s %-7s %s\n", rule.ID, rule.Requirement, rule.Statement)
	}
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
func explainRelation(w *bufio.Writer, set *fixtures.Set, c *judge.Check) {
	head(w, set, c.Rule)
	fmt.Fprintf(w, "evidence     relation %s: checked on inputs that are generated from --seed\n", c.ID)
	writeDomain(w, c, "", 11)
	fmt.Fprintf(w, "\nlossproof run --select %s\n", c.ID)
}

// writeDomain writes on which inputs a relation is checked, and how far its sides may be apart.
func writeDomain(w *bufio.Writer, c *judge.Check, indent string, width int) {
	for _, line := range [][2]string{{"domain", c.Domain}, {"inputs", c.Inputs}, {"tolerance", c.Tolerance}} {
		between := "\n" + indent + strings.Repeat(" ", width+2)
		fmt.Fprintf(w, "%s%-*s  %s\n", indent, width, line[0], strings.ReplaceAll(line[1], "\n", between))
	}
}

func explain(w *bufio.Writer, set *fixtures.Set, id string) error {
	for _, c := range judge.Checks(set) {
		if c.Kind == judge.Relation && c.Rule.ID == id {
			explainRelation(w, set, c)
			return nil
		}
	}
	rule, err := set.Rule(id)
	if err != nil {
		rules := judge.Rules(set)
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
