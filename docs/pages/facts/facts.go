// Package facts reads single figures out of the fixtures and writes them, so that no page
// has a figure that was typed by hand.
package facts

import (
	"fmt"
	"math"
	"strings"

	"lossproof/fixtures"
	"lossproof/ports"
	"lossproof/tensor"
)

// Modules are the modules in the order in which pages tell of them.
var Modules = []string{ports.BCEWithLogitsLoss, ports.MultiLabelSoftMarginLoss, ports.BCELoss, ports.CrossEntropyLoss}

// Recorded is what is known of one element of an output: what PyTorch returned and, where
// there is an oracle, the exact result.
type Recorded struct {
	Torch float64
	// Exact and Tolerance mean something where HasExact is true.
	Exact, Tolerance float64
	HasExact         bool
}

// Inexact reports whether PyTorch is further from the exact result than the tolerance allows.
func (r Recorded) Inexact() bool {
	switch {
	case !r.HasExact || r.Torch == r.Exact || math.IsNaN(r.Torch) && math.IsNaN(r.Exact):
		return false
	default:
		return !(math.Abs(r.Torch-r.Exact) <= r.Tolerance)
	}
}

// Element returns element i of an output of a case.
func Element(set *fixtures.Set, id, output string, i int) (Recorded, error) {
	want, err := expected(set, id, output)
	if err != nil {
		return Recorded{}, err
	}
	if i < 0 || i >= want.Reference.Len() {
		return Recorded{}, fmt.Errorf("%s#%s: there is no element %d, shape %s", id, output, i, tensor.FormatShape(want.Reference.Shape))
	}
	r := Recorded{Torch: want.Reference.Float64(i)}
	// An element without an oracle is NaN with a tolerance of NaN.
	if want.Exact != nil && !math.IsNaN(want.Tolerance[i]) {
		r.Exact, r.Tolerance, r.HasExact = want.Exact[i], want.Tolerance[i], true
	}
	return r, nil
}

func expected(set *fixtures.Set, id, output string) (fixtures.Expected, error) {
	c, err := set.Case(id)
	if err != nil {
		return fixtures.Expected{}, err
	}
	return set.Expected(c, output)
}

// Cell writes what PyTorch did in a case: the first few elements of an output, with their shape
// where there are several and withShape asks for it, or its refusal.
func Cell(set *fixtures.Set, id, output string, withShape bool) (string, error) {
	c, err := set.Case(id)
	if err != nil {
		return "", err
	}
	if c.Rejection != nil {
		return "refused: " + c.Rejection.Error, nil
	}
	want, err := set.Expected(c, output)
	if err != nil {
		return "", err
	}
	r := want.Reference
	if withShape && r.Len() > 1 {
		return tensor.FormatShape(r.Shape) + ": " + Numbers(r.Float64s()), nil
	}
	return Numbers(r.Float64s()), nil
}

// Numbers writes the first few of several numbers.
func Numbers(values []float64) string {
	const most = 3
	var parts []string
	for i := range min(len(values), most) {
		parts = append(parts, Number(values[i]))
	}
	if len(values) > most {
		parts = append(parts, "…")
	}
	return strings.Join(parts, ", ")
}

// Number writes four significant digits, or NaN and inf as PyTorch does. A zero has no sign: no
// rule asks for it.
func Number(v float64) string {
	switch text := fmt.Sprintf("%.4g", v); text {
	case "+Inf":
		return "inf"
	case "-Inf":
		return "-inf"
	case "NaN":
		return "nan"
	case "-0":
		return "0"
	default:
		return text
	}
}
