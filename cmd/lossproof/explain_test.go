package main

import (
	"slices"
	"strings"
	"testing"

	"lossproof/fixtures"
	"lossproof/judge"
	"lossproof/ports"
)

// TestExplainEveryRule asks for every rule of the four modules, and wants the sentence, a formula, requirement, basis
// and evidence of each: its relation, or exactly its cases.
func TestExplainEveryRule(t *testing.T) {
	set, err := openSet()
	if err != nil {
		t.Fatal(err)
	}
	asking := map[string]*judge.Check{}
	for _, c := range judge.Checks(set) {
		if c.Kind != judge.Case {
			asking[c.Rule.ID] = c
		}
	}
	asked := map[string]int{}
	for i, rule := range judge.Rules(set) {
		if testing.Short() && i%4 != 0 {
			continue // make test-long has all
		}
		asked[rule.Module]++
		got := command("explain", rule.ID)
		check(t, got, 0,
			rule.ID+"\n"+rule.Statement+"\n",
			"module       "+rule.Module+"\n",
			"requirement  "+string(rule.Requirement)+": ",
			"basis        "+rule.Basis.Kind+": "+rule.Basis.Text+"\n             "+rule.Basis.Link+"\n",
			"\nevidence     ",
		)
		if !hasFormula(set, rule, got.stdout) {
			t.Errorf("%s: no formula of %s in\n%s", rule.ID, rule.Module, got.stdout)
		}
		if r, ok := asking[rule.ID]; ok {
			check(t, got, 0, string(r.Kind)+" "+r.ID+": ", "domain       "+r.Domain, "tolerance    "+r.Tolerance, "lossproof run --select "+r.ID)
			continue
		}
		if own, also := casesOf(set, rule.ID); !slices.Equal(listed(got.stdout, "cases"), own) || !slices.Equal(listed(got.stdout, "cases that touch it"), also) || len(own) == 0 {
			t.Errorf("%s: wrong cases, want %d of its own and %d more in\n%s", rule.ID, len(own), len(also), got.stdout)
		}
	}
	for _, module := range ports.ModuleNames() {
		if asked[module] == 0 {
			t.Errorf("%s has no rule", module)
		}
	}
}

// hasFormula reports whether the text has the sentences of all formulas of the rule's module.
func hasFormula(set *fixtures.Set, rule fixtures.Rule, text string) bool {
	found := 0
	for _, suffix := range formulas {
		formula, err := set.Rule(ports.ModuleOf(rule.Module).Prefix + "-" + suffix)
		switch {
		case err != nil:
		case !strings.Contains(text, formula.Statement):
			return false
		default:
			found++
		}
	}
	return found >= 2 // that of the loss and that of its gradient
}

func casesOf(set *fixtures.Set, rule string) (own, also []string) {
	for _, c := range set.Cases {
		if c.Rule == rule {
			own = append(own, c.ID)
		} else if slices.Contains(c.Also, rule) {
			also = append(also, c.ID)
		}
	}
	return own, also
}

// listed returns the ids below a title.
func listed(text, title string) []string {
	_, list, _ := strings.Cut(text, "\n"+title+"\n")
	list, _, _ = strings.Cut(list, "\n\n")
	return strings.Fields(list)
}
