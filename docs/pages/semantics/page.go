// Package semantics writes docs/semantics.md: what the four modules compute, where they
// agree and where they part. The prose is a template, semantics.md.tmpl; every figure in it comes from the fixtures,
// or from running package loss while the page is made.
package semantics

import (
	"bytes"
	_ "embed"
	"fmt"
	"math"
	"strings"
	"text/template"

	"lossproof/docs/pages/facts"
	"lossproof/fixtures"
	"lossproof/internal/laws"
	"lossproof/tensor"
)

//go:embed semantics.md.tmpl
var prose string

// Page writes the page.
func Page(set *fixtures.Set) ([]byte, error) {
	w := writer{set}
	t, err := template.New("semantics.md.tmpl").Funcs(template.FuncMap{
		"version":      set.Version,
		"torchVersion": set.TorchVersion,

		"rule":    w.rule,
		"case":    w.caseID,
		"torch":   w.torch,
		"shape":   w.shape,
		"message": w.message,

		"dimension": w.dimension,

		"arguments":  w.arguments,
		"blogSize":   w.blogSize,
		"blogNone":   w.blogNone,
		"blogAll":    w.blogAll,
		"misprints":  w.misprints,
		"weights":    w.weights,
		"posWeights": w.posWeights,
		"tails":      w.tails,
		"inputs":     w.certainInputs,
		"rows":       w.extremeRows,
		"parting":    w.parting,
		"agreement":  w.agreement,
		"forum":      w.forum,
		"legacy":     w.legacy,
		"coupling":   w.coupling,
		"compose":    w.compose,
		"twoClasses": w.twoClasses,
		"vanishes":   w.vanishes,

		"forumDifference": w.forumDifference,

		"number":         facts.Number,
		"smallest":       func() float64 { return math.SmallestNonzeroFloat32 },
		"smallestNormal": func() float64 { return 0x1p-126 },
		"perUnit":        func() int { return perUnit },
		"searchedTo":     func() int { return searchedTo },
		"weightedClass":  func() int { return weightedClass },
		"weightOfClass":  func() int { return weightOfClass },
		"posWeight":      func() int { return posWeight },
	}).Parse(prose)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, nil); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writer writes the parts of the page that are computed.
type writer struct{ set *fixtures.Set }

// rule links to rules, which must exist.
func (w writer) rule(ids ...string) (string, error) {
	var links []string
	for _, id := range ids {
		anchor, err := w.anchor(id)
		if err != nil {
			return "", err
		}
		links = append(links, fmt.Sprintf("[%s](%s)", id, anchor))
	}
	return strings.Join(links, ", "), nil
}

// anchor returns the place of a rule, of the fixtures or of a relation.
func (w writer) anchor(id string) (string, error) {
	if _, ok := laws.ByRule(id); !ok {
		if _, err := w.set.Rule(id); err != nil {
			return "", err
		}
	}
	return "rules.md#" + strings.ToLower(id), nil
}

// caseID writes the ids of cases, which must exist.
func (w writer) caseID(ids ...string) (string, error) {
	codes := make([]string, len(ids))
	for i, id := range ids {
		if _, err := w.set.Case(id); err != nil {
			return "", err
		}
		codes[i] = "`" + id + "`"
	}
	return strings.Join(codes, ", "), nil
}

// torch writes what PyTorch returned: element i of an output, or its first elements.
func (w writer) torch(id, output string, i ...int) (string, error) {
	if len(i) == 0 {
		return facts.Cell(w.set, id, output, false)
	}
	r, err := facts.Element(w.set, id, output, i[0])
	return facts.Number(r.Torch), err
}

// shape writes the shape of an output, or that of an input.
func (w writer) shape(id, name string) (string, error) {
	shape, err := w.shapeOf(id, name)
	return tensor.FormatShape(shape), err
}

// dimension writes one dimension of a shape.
func (w writer) dimension(id, name string, i int) (int, error) {
	shape, err := w.shapeOf(id, name)
	if err != nil {
		return 0, err
	}
	if i >= len(shape) {
		return 0, fmt.Errorf("%s: there is no dimension %d of %s, shape %s", id, i, name, tensor.FormatShape(shape))
	}
	return shape[i], nil
}

func (w writer) shapeOf(id, name string) ([]int, error) {
	c, err := w.set.Case(id)
	if err != nil {
		return nil, err
	}
	ref, ok := c.Inputs[name]
	if !ok {
		output, ok := c.Outputs[name]
		if !ok {
			return nil, fmt.Errorf("%s has neither an input nor an output %q", id, name)
		}
		ref = *output.Reference
	}
	_, shape, err := w.set.Type(c, ref)
	return shape, err
}

// message writes the error that PyTorch raises.
func (w writer) message(id string) (string, error) {
	c, err := w.set.Case(id)
	if err != nil {
		return "", err
	}
	if c.Rejection == nil {
		return "", fmt.Errorf("%s: PyTorch does not refuse it", id)
	}
	return c.Rejection.Error + ": " + c.Rejection.Message, nil
}

// table writes a table of Markdown; a head that starts with ':' is of a column of numbers.
func table(head []string, lines [][]string) string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	titles, rule := make([]string, len(head)), make([]string, len(head))
	for i, title := range head {
		name, right := strings.CutPrefix(title, ":")
		titles[i], rule[i] = name, "---"
		if right {
			rule[i] = "--:"
		}
	}
	line(titles)
	line(rule)
	for _, cells := range lines {
		line(cells)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
