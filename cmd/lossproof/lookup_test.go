package main

import (
	"testing"

	"lossproof/internal/divergence"
	"lossproof/judge"
)

// TestWhatIsPrintedCanBeLookedUp: each id and name that lossproof prints can be given to show and explain.
func TestWhatIsPrintedCanBeLookedUp(t *testing.T) {
	for _, verb := range []string{"show", "explain"} {
		for i, d := range divergence.All() {
			if testing.Short() && i%8 != 0 {
				continue // make test-long has all
			}
			got := command(verb, d.Name)
			check(t, got, 0, d.Name+"\n"+d.Title+"\n", "port --divergence "+d.Name+"\n")
			for _, module := range d.Modules {
				if rule := d.Rule(module); rule != "" {
					check(t, got, 0, "breaks       "+rule+"\n")
				}
			}
		}
		for _, o := range judge.Outcomes {
			check(t, command(verb, string(o)), 0, string(o)+"\n", "gates        ", "exit code    ")
		}
		check(t, command(verb, "claim-shrank"), 0, "the port claims less than its baseline\n")
		check(t, command(verb, "BCELoss"), 0, "BCELoss/blog_example/")
		check(t, command(verb, "BCEWL-FORMULA"), 0, "BCEWL-FORMULA\n", "requirement  must")
		check(t, command(verb, blog), 0, blog+"\n  rule     ")
		check(t, command(verb, blog+"#loss"), 0, blog+"\n  rule     ")
		check(t, command(verb, "BCEWithLogitsLoss/relations/symmetry"), 0, "BCEWithLogitsLoss/relations/symmetry\n  rule     ")
	}
	check(t, command("explain", "divergences"), 0, "pos-weight-on-whole-loss ")
	check(t, command("explain", "pos-weight-on-whole-los"), exitUsage, `stderr:there is no rule, divergence or outcome "pos-weight-on-whole-los", did you mean "pos-weight-on-whole-loss"?`)
	check(t, command("port", "--divergence", "foo"), exitUsage, `stderr:--divergence: there is no "foo" (lossproof explain divergences lists them)`)
}
