package mutants

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/divergence"
	"lossproof/judge"
	"lossproof/ports"
)

// Passed is something that a null port passes: ID is case#output, or the case for a refusal, and Why are the kinds of
// its elements, in the order of [Kinds].
type Passed struct {
	ID  string
	Why []Kind
}

// Kind says why an element passes though nothing was computed.
type Kind string

// The kinds.
const (
	Refusal     Kind = "refusal"
	Empty       Kind = "no element"
	Zero        Kind = "exactly 0"
	Small       Kind = "0 within what is allowed"
	NaN         Kind = "NaN"
	Infinite    Kind = "infinite, as the input"
	Overflow    Kind = "may overflow"
	Coincidence Kind = "the input within what is allowed"
)

// Kinds lists the kinds.
var Kinds = []Kind{Refusal, Empty, Zero, Small, NaN, Infinite, Overflow, Coincidence}

// passed lists what a null port passes of a case.
func passed(set *fixtures.Set, d *divergence.Divergence, r judge.CheckResult) ([]Passed, error) {
	if r.Rejection {
		if r.Outcome == judge.Pass {
			return []Passed{{r.ID, []Kind{Refusal}}}, nil
		}
		return nil, nil
	}
	c, err := set.Case(r.ID)
	if err != nil {
		return nil, err
	}
	var all []Passed
	for _, name := range r.OutputNames() {
		if r.Outputs[name].Outcome != judge.Pass {
			continue
		}
		why, err := why(set, d, c, name)
		if err != nil {
			return nil, err
		}
		all = append(all, Passed{c.ID + "#" + name, why})
	}
	return all, nil
}

// why returns the kinds of the elements of an output that passes.
func why(set *fixtures.Set, d *divergence.Divergence, c *fixtures.Case, name string) ([]Kind, error) {
	inputs, err := set.Inputs(c)
	if err != nil {
		return nil, err
	}
	want, err := set.Expected(c, name)
	if err != nil {
		return nil, err
	}
	got := d.Evaluate(judge.Call(c, inputs, []string{name})).Outputs[name].Float64s()
	if len(got) == 0 {
		return []Kind{Empty}, nil
	}
	input := inputs[ports.Input].Float64s()
	found := map[Kind]bool{}
	for i, g := range got {
		kind, err := kindOf(g, i, want)
		if err != nil {
			return nil, fmt.Errorf("%s of %s#%s: %w", d.Name, c.ID, name, err)
		}
		if kind == Coincidence && g != input[i%len(input)] {
			return nil, fmt.Errorf("%s of %s#%s: %g is not the input", d.Name, c.ID, name, g)
		}
		found[kind] = true
	}
	return slices.DeleteFunc(slices.Clone(Kinds), func(k Kind) bool { return !found[k] }), nil
}

// kindOf says why an element passes.
func kindOf(got float64, i int, want fixtures.Expected) (Kind, error) {
	is := func(f func(expected float64) bool) bool {
		return f(want.Reference.Float64(i)) || want.Exact != nil && !math.IsNaN(want.Tolerance[i]) && f(want.Exact[i])
	}
	finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	switch {
	case math.IsNaN(got) && is(math.IsNaN):
		return NaN, nil
	case math.IsInf(got, 0) && is(func(v float64) bool { return v == got }):
		return Infinite, nil
	case !finite(got) && want.MayOverflow != nil && want.MayOverflow[i]:
		return Overflow, nil
	case got == 0 && is(func(v float64) bool { return v == 0 }):
		return Zero, nil
	case got == 0 && is(finite):
		return Small, nil
	case finite(got) && is(finite):
		return Coincidence, nil
	}
	return "", fmt.Errorf("element %d is %g: no reason is known why it passes", i, got)
}

// String is the ID and the reasons.
func (p Passed) String() string {
	words := make([]string, len(p.Why))
	for i, k := range p.Why {
		words[i] = string(k)
	}
	return p.ID + ": " + strings.Join(words, ", ")
}
