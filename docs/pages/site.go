package pages

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/divergence"
	"lossproof/internal/divergence/mutants"
	"lossproof/internal/generated"
	"lossproof/internal/generated/faults"
	"lossproof/internal/laws"
	"lossproof/internal/resolution"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/builtin"
)

// Rules writes every rule, by module: its sentence, its basis and its evidence.
func Rules(set *fixtures.Set) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# The rules

Every statement that lossproof checks, of the fixtures %s and PyTorch %s. A rule has a requirement, must, should or quirk, and a basis:
documented by PyTorch, tested by its own tests, derived from the formula, or observed. Its evidence is cases, calls with recorded results,
or a relation, a law that is checked on generated inputs. [semantics.md](semantics.md) tells them in context.
`, set.Version(), set.TorchVersion())
	rule := func(r fixtures.Rule) {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n- %s; %s: %s [source](%s)\n", r.ID, escape(r.Statement), r.Requirement, r.Basis.Kind, escape(r.Basis.Text), r.Basis.Link)
		if r.Otherwise != "" {
			fmt.Fprintf(&b, "- may a library decide otherwise? %s\n", escape(r.Otherwise))
		}
	}
	module := ""
	for _, r := range set.Rules {
		if r.Module != module {
			module = r.Module
			fmt.Fprintf(&b, "\n## %s\n", module)
		}
		rule(r)
		var own []string
		also := 0
		for i := range set.Cases {
			switch c := &set.Cases[i]; {
			case c.Rule == r.ID:
				own = append(own, "`"+c.ID+"`")
			case slices.Contains(c.Also, r.ID):
				also++
			}
		}
		fmt.Fprintf(&b, "- %d cases stand for it, %d more touch it: %s (`lossproof list --rules %s`)\n", len(own), also, strings.Join(own[:min(len(own), 3)], ", "), r.ID)
	}
	fmt.Fprint(&b, "\n## Relations\n")
	for _, r := range laws.All() {
		rule(r.Rule)
		fmt.Fprintf(&b, "- domain: %s; tolerance: %s (`lossproof run --select %s`)\n", r.Domain, r.Tolerance, r.ID)
	}
	return b.String()
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
	var b strings.Builder
	fmt.Fprintf(&b, `# The resolution of the suite

Each answer of the built-in losses is multiplied by 1 ± 10^-k, with k from 0 on, until it fails: what is given is the largest part of all elements of an answer that passes, for half of the outputs of a topic
and for the worst. 1 means that twice the answer passes, or 0: see [decisions.md](decisions.md) for where that is right. Fixtures %s.

`, set.Version())
	b.WriteString("```\n")
	resolution.Write(&b, rows)
	b.WriteString("```\n")
	return b.String(), nil
}

// Faults writes the catalogue of losses that are wrong by position and size, with the smallest call that shows each.
func Faults() (string, error) {
	list, err := faults.Catalogue()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, `# Wrong sizes

Kernels work in blocks, tiles, chunks and vectors, and go wrong where these meet. The catalogue has %d losses that are wrong by position and size, and that
pass all recorded cases or nearly all, since these are small. Each is found by the generated check that stands beside it, with the seed of the release; the call is the
smallest that lossproof makes of what it found. `+"`make sizes`"+` finds them anew.
`, len(list))
	for _, module := range ports.Modules() {
		fmt.Fprintf(&b, "\n## %s\n\n| fault | what is wrong | found by | a small call that shows it |\n| --- | --- | --- | --- |\n", module.Name)
		for _, f := range list {
			if f.Module == module.Name {
				fmt.Fprintf(&b, "| `%s` | %s | `%s/%s/%s` | `%s` |\n", f.Name, f.Title, f.Module, generated.Topic, f.By, strings.TrimPrefix(f.Call, f.Module+"; "))
			}
		}
	}
	return b.String(), nil
}

// escape keeps Markdown from taking the products of formulas for emphasis.
func escape(text string) string { return strings.ReplaceAll(text, "*", `\*`) }

// KillMatrix runs the suite against the catalogue of divergences, and writes what it finds.
func KillMatrix(set *fixtures.Set) (string, error) {
	kills, err := mutants.All(context.Background(), set, divergence.All(), mutants.EveryCase)
	if err != nil {
		return "", err
	}
	byModule := map[string][]mutants.Kill{}
	for _, k := range kills {
		byModule[k.Module] = append(byModule[k.Module], k)
	}
	var fresh, nulls []string
	for _, d := range divergence.All() {
		if d.Null {
			nulls = append(nulls, d.Name)
		}
		if d.Fresh {
			fresh = append(fresh, "`"+d.Name+"`")
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `# What the suite finds

A conformance suite is worth what it catches. The catalogue has %d wrong variants of the modules,
each with one mistake that people make, and %d ports that compute nothing (null ports). The suite judges each of them as it judges a port.
A number counts the cases of the topic that fail and gate; "rule" counts those of the rule which the divergence breaks.
A divergence is found (killed) by %d failing cases, one of them of that rule. The suite judges at parity; divergences marked
**exact** are found at --level exact alone, since parity allows an answer to be as far from PyTorch's as the textbook formula may be at its magnitude:
there a case or two shows them, or none.
The topics accumulation and large, whose tensors have thousands of elements,
run for the divergences that show in sums alone, for a few whose gradients are small there, and for null ports.

Most of these mistakes were known when the cases were made. %d were invented later, and the cases found them as they were: %s.

Try one: lossproof run -- lossproof port --divergence pos-weight-on-whole-loss
`, len(divergence.All())-len(nulls), len(nulls), mutants.Least, len(fresh), strings.Join(fresh, ", "))
	for _, module := range ports.Modules() {
		writeMatrix(&b, module.Name, byModule[module.Name])
	}
	fmt.Fprint(&b, `
## Found at level exact alone

"wrong" counts the answers (losses and gradients) in which the divergence is not exact, "PyTorch too" those of them in which PyTorch
is not exact either: where the two are near, PyTorch makes the mistake, or one that costs as much; where it is 0, PyTorch is right.

| divergence | module | rule | wrong | PyTorch too |
|---|---|---|--:|--:|
`)
	for _, k := range kills {
		if d := k.Divergence; d.Level == verdict.Exact {
			fmt.Fprintf(&b, "| %s | %s | %s | %d | %d |\n", d.Name, k.Module, d.Rule(k.Module), k.Inexact, k.TorchToo)
		}
	}
	writeNulls(&b, nulls, kills)
	fmt.Fprint(&b, "\n## The catalogue\n")
	for _, d := range divergence.All() {
		fmt.Fprintf(&b, "\n### %s\n\n%s %s\nRight: %s.\n\n", d.Name, d.Title, d.Why, d.Formula(d.Modules[0]))
		for _, link := range d.Met {
			fmt.Fprintf(&b, "- met in the wild: [%s](%s)\n", link.Title, link.URL)
		}
	}
	return b.String(), nil
}

// writeMatrix writes the table of one module.
func writeMatrix(b *strings.Builder, module string, kills []mutants.Kill) {
	killed := 0
	var topics []string
	for _, k := range kills {
		if k.Killed() {
			killed++
		}
		for topic := range k.Topics {
			if !slices.Contains(topics, topic) {
				topics = append(topics, topic)
			}
		}
	}
	slices.Sort(topics)
	fmt.Fprintf(b, "\n## %s: %d of %d found\n\n| divergence | breaks | found | cases | rule | %s |\n|---|---|---|--:|--:|%s\n",
		module, killed, len(kills), strings.Join(topics, " | "), strings.Repeat("--:|", len(topics)))
	for _, k := range kills {
		name, rule := k.Divergence.Name, k.Divergence.Rule(module)
		if k.Divergence.Level == verdict.Exact {
			name += " **exact**"
		}
		if k.Divergence.Null {
			rule = "all"
		}
		fmt.Fprintf(b, "| %s | %s | %t | %d | %s |", name, rule, k.Killed(), k.Failing, count(k.OfRule))
		for _, topic := range topics {
			fmt.Fprintf(b, " %s |", count(k.Topics[topic]))
		}
		fmt.Fprintln(b)
	}
}

// writeNulls writes what ports pass that compute nothing.
func writeNulls(b *strings.Builder, nulls []string, kills []mutants.Kill) {
	fmt.Fprint(b, `
## What null ports pass

No null port is conformant in any module. Of what gates they pass refusals, where the call has to be refused, and outputs each of
whose elements passes for one of these reasons; an output counts for each reason of its elements. Zeros pass also where the right result is so small that
parity grants them, infinities where an element may overflow, and the input where the right result is near it: max(x, 0) of a large logit is x.

| null port | passed |`)
	for _, kind := range mutants.Kinds {
		fmt.Fprintf(b, " %s |", kind)
	}
	fmt.Fprintf(b, "\n|---|--:|%s\n", strings.Repeat("--:|", len(mutants.Kinds)))
	for _, name := range nulls {
		passed, counts := 0, map[mutants.Kind]int{}
		for _, k := range kills {
			if k.Divergence.Name != name {
				continue
			}
			passed += len(k.Passed)
			for _, p := range k.Passed {
				for _, kind := range p.Why {
					counts[kind]++
				}
			}
		}
		fmt.Fprintf(b, "| %s | %d |", name, passed)
		for _, kind := range mutants.Kinds {
			fmt.Fprintf(b, " %s |", count(counts[kind]))
		}
		fmt.Fprintln(b)
	}
}

// count writes a number, and nothing for none.
func count(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}
