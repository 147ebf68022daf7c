package generated

import (
	"context"
	"maps"
	"slices"

	"lossproof/internal/claim"
	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// shrinking looks for a smaller call that is answered wrong too.
type shrinking struct {
	*Checker
	ctx   context.Context
	plan  plan
	call  ports.Call
	found finding
	// calls and elements are what is left of the budget.
	calls, elements int
}

// shrink makes a call smaller that is answered wrong: fewer rows and classes, fewer inputs, plainer
// numbers. The steps are the same for the same call and answers, and bounded in number and size.
func (k *Checker) shrink(ctx context.Context, p plan, call ports.Call, f finding) (ports.Call, finding) {
	s := shrinking{Checker: k, ctx: ctx, plan: p, call: call, found: f, calls: p.budget.shrinks, elements: p.budget.shrunk}
	for before := 0; before != s.calls && s.calls > 0; {
		before = s.calls
		smaller := s.shorten()
		if p.may("reduction:none") && *s.call.Options.Reduction != none {
			smaller = s.unreduced() || smaller
		}
		smaller = s.without() || smaller
		smaller = s.plainer() || smaller
		if !smaller {
			break
		}
	}
	return s.call, s.found
}

// try asks a call, and keeps it if it is answered wrong.
func (s *shrinking) try(call ports.Call) bool {
	n := definition.Size(call.Inputs[ports.Input].Shape)
	if s.calls <= 0 || s.elements < n || s.ctx.Err() != nil {
		s.calls = 0
		return false
	}
	if claim.OutsideCall(s.plan.claim, call) != "" {
		return false
	}
	s.calls--
	s.elements -= n
	f := s.judge(s.plan.check, call, s.options.Ask(s.ctx, call))
	if f.err != nil || !f.broken() {
		return false
	}
	s.call, s.found = call, f
	return true
}

// shorten takes away from both ends of each dimension: halves first.
func (s *shrinking) shorten() (smaller bool) {
	for axis := range s.call.Inputs[ports.Input].Shape {
		length := func() int { return s.call.Inputs[ports.Input].Shape[axis] }
		for chunk := length() / 2; chunk > 0; chunk /= 2 {
			for _, atEnd := range []bool{true, false} {
				for length() > chunk {
					from, to := 0, length()-chunk
					if !atEnd {
						from, to = chunk, length()
					}
					call, ok := taken(s.call, axis, from, to)
					if !ok || !s.try(call) {
						break
					}
					smaller = true
				}
			}
		}
	}
	return smaller
}

// unreduced asks for 'none' in place of another reduction.
func (s *shrinking) unreduced() bool {
	call := copied(s.call)
	reduction := none
	call.Options.Reduction = &reduction
	delete(call.Inputs, ports.GradOutput)
	return s.try(call)
}

// without leaves out what need not be given.
func (s *shrinking) without() (smaller bool) {
	for _, name := range []string{ports.GradOutput, ports.PosWeight, ports.Weight} {
		if _, given := s.call.Inputs[name]; given {
			call := copied(s.call)
			delete(call.Inputs, name)
			smaller = s.try(call) || smaller
		}
	}
	if s.call.Options.LabelSmoothing != nil {
		call := copied(s.call)
		call.Options.LabelSmoothing = nil
		smaller = s.try(call) || smaller
	}
	for _, output := range s.call.Want {
		if len(s.call.Want) > 1 {
			call := copied(s.call)
			call.Want = slices.DeleteFunc(slices.Clone(call.Want), func(o string) bool { return o != output })
			smaller = s.try(call) || smaller
		}
	}
	return smaller
}

// plainer replaces numbers by the plainest of their kind: those of a whole tensor, or of parts.
func (s *shrinking) plainer() (smaller bool) {
	for _, name := range ports.InputNames() {
		t, given := s.call.Inputs[name]
		if !given {
			continue
		}
		plain := 1.0
		switch {
		case name == ports.Input && s.call.Module == ports.BCELoss:
			plain = 0.5
		case name == ports.Input, name == ports.Target && !s.probabilities():
			plain = 0
		case name == ports.Target: // which add to 1
			continue
		}
		smaller = s.plainerPart(name, plain, 0, t.Len()) || smaller
	}
	return smaller
}

func (s *shrinking) probabilities() bool {
	return s.call.Module == ports.CrossEntropyLoss && s.call.Inputs[ports.Target].DType.IsFloat()
}

// plainerPart replaces the elements from one to another, or of the halves of that part.
func (s *shrinking) plainerPart(name string, plain float64, from, to int) (smaller bool) {
	t := s.call.Inputs[name]
	values := t.Float64s()
	same := true
	for i := from; i < to; i++ {
		same = same && values[i] == plain
		values[i] = plain
	}
	if same {
		return false
	}
	call := copied(s.call)
	call.Inputs[name] = tensor.FromValues(t.DType, values, t.Shape...)
	switch {
	case s.try(call):
		return true
	case to-from == 1 || s.calls <= 0:
		return false
	}
	middle := (from + to) / 2
	first := s.plainerPart(name, plain, from, middle)
	return s.plainerPart(name, plain, middle, to) || first
}

func copied(call ports.Call) ports.Call {
	call.Inputs = maps.Clone(call.Inputs)
	return call
}

// taken returns a call with the entries from one to another along an axis of the input; not where it
// would be left without what a port may refuse to do without: two classes, a weight of two elements.
func taken(call ports.Call, axis, from, to int) (ports.Call, bool) {
	shape := call.Inputs[ports.Input].Shape
	rows := call.Module == ports.CrossEntropyLoss
	isClass := rows && axis == min(1, len(shape)-1)
	if isClass && to-from < 2 || to <= from {
		return call, false
	}
	if index := call.Options.IgnoreIndex; isClass && index != nil && *index >= 0 {
		return call, false
	}
	smaller := copied(call)
	for name, t := range call.Inputs {
		of := axisOf(call, name, axis)
		if of >= 0 {
			t = part(t, of, from, to)
		}
		if isClass && name == ports.Target && !t.DType.IsFloat() {
			t = renumbered(t, call.Options.IgnoreIndex, from, to)
		}
		if t.Len() < 2 && (name == ports.Weight || name == ports.PosWeight) {
			return call, false
		}
		smaller.Inputs[name] = t
	}
	return smaller, true
}

// axisOf returns the axis of a tensor of a call that runs along an axis of the input, -1 for none.
func axisOf(call ports.Call, name string, axis int) int {
	input, t := call.Inputs[ports.Input].Shape, call.Inputs[name].Shape
	rows := call.Module == ports.CrossEntropyLoss
	class := len(input) - 1
	if rows {
		class = min(1, len(input)-1)
	}
	// rest is the axis of a tensor that lacks the classes.
	rest := axis
	switch {
	case axis == class:
		rest = -1
	case axis > class:
		rest = axis - 1
	}
	switch {
	case name == ports.Input, name == ports.Target && tensor.SameShape(t, input):
		return axis
	case name == ports.Target:
		return rest
	case name == ports.GradOutput && len(t) == 0:
		return -1
	case name == ports.GradOutput && ports.ModuleOf(call.Module).LossOf == ports.OfElement:
		return axis
	case name == ports.GradOutput:
		return rest
	case rows && axis == class:
		return 0
	case rows:
		return -1
	}
	of := axis - (len(input) - len(t))
	if of < 0 || t[of] == 1 {
		return -1
	}
	return of
}

// part returns the entries of a tensor from one to another along an axis.
func part(t tensor.Tensor, axis, from, to int) tensor.Tensor {
	shape := slices.Clone(t.Shape)
	shape[axis] = to - from
	inner := definition.Size(t.Shape[axis+1:]) * t.DType.Size()
	outer := definition.Size(t.Shape[:axis])
	data := make([]byte, 0, outer*(to-from)*inner)
	for i := range outer {
		start := i * t.Shape[axis] * inner
		data = append(data, t.Data[start+from*inner:start+to*inner]...)
	}
	return tensor.Tensor{DType: t.DType, Shape: shape, Data: data}
}

// renumbered returns class indices of which only those from one to another are left, in place of the
// others the first.
func renumbered(t tensor.Tensor, ignore *int64, from, to int) tensor.Tensor {
	indices := t.Int64s()
	for i, y := range indices {
		switch {
		case y == ports.DefaultIgnoreIndex, ignore != nil && y == *ignore:
		case y >= int64(from) && y < int64(to):
			indices[i] -= int64(from)
		default:
			indices[i] = 0
		}
	}
	return tensor.FromInt64(indices, t.Shape...)
}
