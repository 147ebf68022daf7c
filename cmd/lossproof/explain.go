package main

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/divergence"
	"lossproof/internal/report"
	"lossproof/internal/suggest"
	"lossproof/internal/words"
	"lossproof/judge"
	"lossproof/ports"
)

func (p *program) explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [NAME]",
		Short: "One rule: its sentence, the formula, its basis and its cases; without NAME, all rules",
		Long: `explain says what stands behind a name: of a rule, with its cases; of a divergence, the named mistake of
a diagnosis; of an outcome; or of a word of a claim. "explain divergences" lists the mistakes, explain alone the rules.`,
		Example: `  lossproof explain
  lossproof explain MLSM-NONE-SHAPE
  lossproof explain pos-weight-on-whole-loss`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("explain takes one NAME at most, got %q", args)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := p.open()
			if err != nil {
				return err
			}
			w := p.page()
			if len(args) == 0 {
				listRules(w, set)
				return w.Flush()
			}
			if strings.Contains(args[0], "/") || slices.Contains(claim.Modules, args[0]) {
				return p.show(set, args[0], judge.Seed, false)
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
	if rule.Otherwise != "" {
		fmt.Fprintf(w, "otherwise?   %s\n", rule.Otherwise)
	}
	fmt.Fprintf(w, "basis        %s: %s\n             %s\n", rule.Basis.Kind, rule.Basis.Text, rule.Basis.Link)
}

// explainAsking explains a rule that a relation or a generated check shows.
func explainAsking(w *bufio.Writer, set *fixtures.Set, c *judge.Check) {
	head(w, set, c.Rule)
	fmt.Fprintf(w, "evidence     %s %s: checked on inputs that are generated from --seed\n", c.Kind, c.ID)
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

// explain writes what a name means.
func explain(w *bufio.Writer, set *fixtures.Set, name string) error {
	if name == "divergences" {
		for _, d := range divergence.All() {
			fmt.Fprintf(w, "%-40s %s\n", d.Name, d.Title)
		}
		return nil
	}
	if d, ok := divergence.ByName(name); ok {
		explainDivergence(w, d)
		return nil
	}
	if name == report.ClaimShrank {
		fmt.Fprintf(w, "%s\nthe port claims less than its baseline\n\ngates        yes; --update-baseline=add makes it the claim\nexit code    %d\n", name, exitNotConformant)
		return nil
	}
	for _, o := range outcomeMeans {
		if string(o.outcome) == name {
			fmt.Fprintf(w, "%s\n%s\n\ngates        %s\nexit code    %d\n", o.outcome, o.means, o.gates, o.code)
			return nil
		}
	}
	if means, ok := claim.Means[name]; ok {
		fmt.Fprintf(w, "%s\na word of what a port is without: it is not asked the cases %s\n\nlossproof claim -- ./my-port    # finds the words of a port\n", name, means)
		return nil
	}
	if means, ok := requirementMeans[fixtures.Requirement(name)]; ok {
		fmt.Fprintf(w, "%s\na requirement of rules: %s\n", name, means)
		return nil
	}
	if err := explainRule(w, set, name); err == nil {
		return nil
	}
	names := slices.Concat(divergenceNames(), outcomeNames(), claim.Words)
	for _, rule := range judge.Rules(set) {
		names = append(names, rule.ID)
	}
	return fmt.Errorf("there is no rule, divergence or outcome %q%s (lossproof explain lists the rules, lossproof explain divergences the mistakes)", name, suggest.Hint(name, names))
}

// outcomeNames lists the outcomes.
func outcomeNames() []string {
	var names []string
	for _, o := range judge.Outcomes {
		names = append(names, string(o))
	}
	return names
}

// explainDivergence explains a mistake.
func explainDivergence(w *bufio.Writer, d *divergence.Divergence) {
	fmt.Fprintf(w, "%s\n%s\n\n%s\n\n", d.Name, d.Title, d.Why)
	if d.Right != "" {
		for _, module := range d.Modules {
			fmt.Fprintf(w, "right        %s: %s\n", module, d.Formula(module))
		}
	}
	for _, module := range d.Modules {
		if rule := d.Rule(module); rule != "" {
			fmt.Fprintf(w, "breaks       %s\n", rule)
		}
	}
	for _, link := range d.Met {
		fmt.Fprintf(w, "met          %s: %s\n", link.Title, link.URL)
	}
	fmt.Fprintf(w, "\nwhat lossproof says of a port that does so\n  lossproof run --level %s -- lossproof port --divergence %s\n", d.Level, d.Name)
}

func explainRule(w *bufio.Writer, set *fixtures.Set, id string) error {
	for _, c := range judge.Checks(set) {
		if c.Kind != judge.Case && c.Rule.ID == id {
			explainAsking(w, set, c)
			return nil
		}
	}
	rule, err := set.Rule(id)
	if err != nil {
		return err
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
	evidence := fmt.Sprintf("recorded: %s for it, %d touch it", words.Plural(len(own), "case stands", "cases stand"), len(also))
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
