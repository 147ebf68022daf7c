package main

import (
	"maps"
	"regexp"
	"slices"
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

// TestEveryIdOfARun: what looks like an id in the text of a run that fails, of one cause, of several and of a number that is
// fitted, can be given to show and explain.
func TestEveryIdOfARun(t *testing.T) {
	ids := regexp.MustCompile(`\b(?:BCELoss|BCEWithLogitsLoss|CrossEntropyLoss|MultiLabelSoftMarginLoss)/[\w.+-]+/[\w.+-]*[\w]|\b(?:BCE|BCEWL|CE|MLSM)-[A-Z0-9]+(?:-[A-Z0-9]+)*\b`)
	causes := regexp.MustCompile(`(?m)^(?:diagnosis of \w+: |cause: | +name +)([a-z][^\s,]*-[^\s,]*(?:, [a-z][^\s,]*-[^\s,]*)*)`)
	without := regexp.MustCompile(`(?m)without (\w+(?::[\w+]+)?(?:(?:, | and )\w+(?::[\w+]+)?)*)`)
	for i, name := range []string{"epsilon-3e-9-in-log", "mean-is-sum", "weight-ignored"} {
		if i > 0 && testing.Short() {
			break // make test-long has all
		}
		d, ok := divergence.ByName(name)
		if !ok {
			t.Fatalf("there is no %s", name)
		}
		got := against(t, d.Port(), "run", "--modules", "BCEWithLogitsLoss", "--select", "*/blog_example/*", "--select", "*/weights/f32-mean*", "--select", "*/relations/w*", "--select", "*/reductions/*")
		check(t, got, exitNotConformant, name)
		got.stdout += command("run", "--select", blog).stdout // whose verdict has a claim
		found := map[string]bool{}
		for _, id := range ids.FindAllString(got.stdout, -1) {
			found[id] = true
		}
		for _, list := range append(causes.FindAllStringSubmatch(got.stdout, -1), without.FindAllStringSubmatch(got.stdout, -1)...) {
			for _, id := range regexp.MustCompile(", | and ").Split(list[1], -1) {
				found[id] = true
			}
		}
		for _, o := range judge.Outcomes {
			if regexp.MustCompile(`: ` + string(o) + `\b`).MatchString(got.stdout) {
				found[string(o)] = true
			}
		}
		if len(found) < 10 || !found[name] || !found["fail"] || !found["mixed_dtype"] {
			t.Errorf("%s: only these ids were found: %q", name, slices.Sorted(maps.Keys(found)))
		}
		for id := range found {
			for _, verb := range []string{"show", "explain"} {
				if got := command(verb, id); got.code != 0 {
					t.Errorf("lossproof %s %s: %s", verb, id, got.stderr)
				}
			}
		}
	}
}
