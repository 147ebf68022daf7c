package divergence_test

import (
	"regexp"
	"strings"
	"testing"

	"lossproof/fixtures"
	"lossproof/judge/divergence"
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
