package pages

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"lossproof/fixtures"
	"lossproof/internal/divergence"
	"lossproof/internal/divergence/mutants"
	"lossproof/internal/generated"
	"lossproof/internal/generated/faults"
	"lossproof/internal/laws"
	"lossproof/internal/resolution"
	"lossproof/ports"
	"lossproof/ports/builtin"
)

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	// escape keeps Markdown from taking the products of formulas for emphasis.
	"escape": func(text string) string { return strings.ReplaceAll(text, "*", `\*`) },
	// list joins names, the first of them where most is given.
	"list": func(names []string, most ...int) string {
		if len(most) > 0 {
			names = names[:min(len(names), most[0])]
		}
		return strings.Join(names, ", ")
	},
	"cut": func(call, module string) string { return strings.TrimPrefix(call, module+"; ") },
	// count writes a number, and nothing for none.
	"count": func(n int) string {
		if n == 0 {
			return ""
		}
		return fmt.Sprint(n)
	},
}).ParseFS(templateFiles, "templates/*.md"))

// filled returns the page of a template.
func filled(name string, data map[string]any) (string, error) {
	var b strings.Builder
	err := templates.ExecuteTemplate(&b, name, data)
	return b.String(), err
}

// evidence is a rule with the cases that stand for it, and the number of those that touch it.
type evidence struct {
	fixtures.Rule
	First bool // of its module
	Own   []string
	Also  int
}

// Rules writes every rule, by module: its sentence, its basis and its evidence.
func Rules(set *fixtures.Set) (string, error) {
	var rules []evidence
	for i, r := range set.Rules {
		e := evidence{Rule: r, First: i == 0 || set.Rules[i-1].Module != r.Module}
		for _, c := range set.Cases {
			switch {
			case c.Rule == r.ID:
				e.Own = append(e.Own, "`"+c.ID+"`")
			case slices.Contains(c.Also, r.ID):
				e.Also++
			}
		}
		rules = append(rules, e)
	}
	return filled("rules.md", map[string]any{"Set": set, "Rules": rules, "Laws": laws.All()})
}

// Resolution writes how wrong an answer has to be to be seen, by topic.
func Resolution(set *fixtures.Set) (string, error) {
	cases := make([]*fixtures.Case, len(set.Cases))
	for i := range set.Cases {
		cases[i] = &set.Cases[i]
	}
	rows, err := resolution.Of(context.Background(), builtin.Port{}, set, cases)
	if err != nil {
		return "", err
	}
	var table strings.Builder
	resolution.Write(&table, rows)
	return filled("resolution.md", map[string]any{"Set": set, "Table": table.String()})
}

// Faults writes the catalogue of losses that are wrong by position and size, with the smallest call that shows each.
func Faults() (string, error) {
	list, err := faults.Catalogue()
	if err != nil {
		return "", err
	}
	return filled("sizes.md", map[string]any{"Faults": list, "Modules": ports.Modules(), "Topic": generated.Topic})
}

// killed are the divergences of a module, with the topics whose cases find some of them.
type killed struct {
	Name   string
	Topics []string
	Kills  []mutants.Kill
	Killed int
}

// null is what a port passes that computes nothing.
type null struct {
	Name   string
	Passed int
	Why    map[mutants.Kind]int
}

// KillMatrix runs the suite against the catalogue of divergences, and writes what it finds.
func KillMatrix(set *fixtures.Set) (string, error) {
	kills, err := mutants.All(context.Background(), set, divergence.All(), mutants.EveryCase)
	if err != nil {
		return "", err
	}
	var fresh []string
	var nulls []null
	for _, d := range divergence.All() {
		if d.Null {
			nulls = append(nulls, null{Name: d.Name, Why: map[mutants.Kind]int{}})
		}
		if d.Fresh {
			fresh = append(fresh, "`"+d.Name+"`")
		}
	}
	modules := make([]killed, len(ports.Modules()))
	for i, module := range ports.ModuleNames() {
		m := killed{Name: module}
		for _, k := range kills {
			if k.Module != module {
				continue
			}
			m.Kills = append(m.Kills, k)
			if k.Killed() {
				m.Killed++
			}
			for topic := range k.Topics {
				m.Topics = append(m.Topics, topic)
			}
		}
		slices.Sort(m.Topics)
		m.Topics = slices.Compact(m.Topics)
		modules[i] = m
	}
	for _, k := range kills {
		if i := slices.IndexFunc(nulls, func(n null) bool { return n.Name == k.Divergence.Name }); i >= 0 {
			nulls[i].Passed += len(k.Passed)
			for _, p := range k.Passed {
				for _, kind := range p.Why {
					nulls[i].Why[kind]++
				}
			}
		}
	}
	return filled("kill-matrix.md", map[string]any{
		"Wrong": len(divergence.All()) - len(nulls), "Nulls": nulls, "Least": mutants.Least, "Fresh": fresh,
		"Modules": modules, "Kills": kills, "Kinds": mutants.Kinds, "Catalogue": divergence.All(),
	})
}
