package divergence_test

import (
	"regexp"
	"strings"
	"testing"

	"lossproof/fixtures"
	"lossproof/internal/divergence"
	"lossproof/judge/verdict"
)

func TestTheCatalogue(t *testing.T) {
	set, err := fixtures.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	wrong := 0
	for _, d := range divergence.All() {
		if !name.MatchString(d.Name) || seen[d.Name] {
			t.Errorf("name %q: want words of lower case joined by hyphens, unique", d.Name)
		}
		seen[d.Name] = true
		if found, ok := divergence.ByName(d.Name); !ok || found.Name != d.Name {
			t.Errorf("ByName(%q) finds %v", d.Name, found)
		}
		if !d.Null {
			wrong++
		}
		if len(d.Modules) == 0 {
			t.Errorf("%s is of no module", d.Name)
		}
		for _, module := range d.Modules {
			if !d.Of(module) {
				t.Errorf("%s is not of %s", d.Name, module)
			}
			if d.Null {
				continue
			}
			rule, err := set.Rule(d.Rule(module))
			switch {
			case err != nil:
				t.Errorf("%s: %v", d.Name, err)
			case rule.Requirement == fixtures.Quirk:
				t.Errorf("%s breaks %s, a quirk, which does not gate", d.Name, rule.ID)
			case rule.Module != module:
				t.Errorf("%s breaks %s, a rule of %s", d.Name, rule.ID, rule.Module)
			}
		}
		for _, sentence := range []string{d.Title, d.Why} {
			if !strings.HasSuffix(sentence, ".") {
				t.Errorf("%s: want a sentence, got %q", d.Name, sentence)
			}
		}
		if d.Right == "" || d.Level != verdict.Parity && d.Level != verdict.Exact {
			t.Errorf("%s: right is %q, level %q", d.Name, d.Right, d.Level)
		}
		for _, link := range d.Met {
			if link.Title == "" || !strings.HasPrefix(link.URL, "https://github.com/") {
				t.Errorf("%s: link %+v", d.Name, link)
			}
		}
	}
	if wrong < 45 {
		t.Errorf("the catalogue has %d divergences, want 45 at least", wrong)
	}
	if _, ok := divergence.ByName("right"); ok {
		t.Error("ByName finds what there is not")
	}
}

// unbroken are the rules that gate and that no divergence names as broken, and why.
var unbroken = map[string]string{
	"BCE-LARGE-GRAD":         "gradient-zero and gradient-of-the-sum break it, and name the rule of all gradients",
	"BCEWL-LARGE-GRAD":       "as that of BCELoss",
	"CE-LARGE-GRAD":          "as that of BCELoss",
	"MLSM-LARGE-GRAD":        "as that of BCELoss",
	"BCE-SIGMOID":            "input-clipped and probability-taken-as-logit break it, and name others",
	"CE-LOGIT-MAX":           "exp-not-shifted and exp-shifted-by-mean break it, and name others",
	"BCE-HALF-OVERFLOW":      "sums-in-16-bits breaks it, and names HALF-ACCUMULATION",
	"BCEWL-HALF-OVERFLOW":    "as that of BCELoss",
	"CE-HALF-OVERFLOW":       "as that of BCELoss",
	"MLSM-HALF-OVERFLOW":     "as that of BCELoss",
	"CE-WEIGHT-DTYPE":        "it has two cases, and three are wanted",
	"BCEWL-POS-WEIGHT-DTYPE": "it has two cases, and three are wanted",
}

// TestRulesHaveDivergences: a rule that no known mistake breaks is one that the suite is not known to defend.
func TestRulesHaveDivergences(t *testing.T) {
	set, err := fixtures.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	broken := map[string]string{}
	for _, d := range divergence.All() {
		for _, module := range d.Modules {
			broken[d.Rule(module)] = d.Name
		}
	}
	for _, rule := range set.Rules {
		name, isBroken := broken[rule.ID]
		_, listed := unbroken[rule.ID]
		switch {
		case rule.Requirement != fixtures.Quirk && !isBroken && !listed:
			t.Errorf("no divergence breaks %s: %s", rule.ID, rule.Statement)
		case listed && isBroken:
			t.Errorf("%s is said to be broken by none, and %s breaks it", rule.ID, name)
		}
	}
	for id := range unbroken {
		if _, err := set.Rule(id); err != nil {
			t.Error(err)
		}
	}
}
