package diagnosis

import (
	"math"
	"sync/atomic"

	"lossproof/fixtures"
	"lossproof/internal/divergence"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// exhibit is a failure with its call and what was expected.
type exhibit struct {
	failure
	// call is that of a case.
	call     ports.Call
	expected map[string]fixtures.Expected
	// elements is the number of elements of the input.
	elements  int
	evaluated *atomic.Int64
}

// evaluate returns the answer of d to the call of e.
func (e *exhibit) evaluate(d *divergence.Divergence) ports.Answer {
	e.evaluated.Add(int64(e.elements))
	return d.Evaluate(e.call)
}

// calls returns the calls of an exhibit.
func (e *exhibit) calls() []ports.Call {
	if e.c != nil {
		return []ports.Call{e.call}
	}
	calls := make([]ports.Call, len(e.exchanges))
	for i, x := range e.exchanges {
		calls[i] = x.Call
	}
	return calls
}

// units is the number of failures that an exhibit is: outputs, or one refusal.
func (e *exhibit) units() int { return max(1, len(e.outputs)) }

// exhibit reads the arrays of a failure.
func (c *Collector) exhibit(f failure) (*exhibit, error) {
	if f.c == nil {
		e := &exhibit{failure: f, evaluated: &c.evaluated}
		for _, call := range e.calls() {
			e.elements += call.Inputs[ports.Input].Len()
		}
		return e, nil
	}
	inputs, err := c.set.Inputs(f.c)
	if err != nil {
		return nil, err
	}
	e := &exhibit{
		failure: f, call: judge.Call(f.c, inputs, f.want), expected: map[string]fixtures.Expected{},
		elements: inputs[ports.Input].Len(), evaluated: &c.evaluated,
	}
	for _, name := range f.outputs {
		if e.expected[name], err = c.set.Expected(f.c, name); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// explained lists what d explains of an exhibit: names of outputs, or "" for a refusal; identical
// counts those of them that are equal to the last bit.
func (e *exhibit) explained(d *divergence.Divergence, level verdict.Level) (names []string, identical int) {
	if e.c == nil {
		if e.sameExchanges(d, level) {
			return []string{""}, 0
		}
		return nil, 0
	}
	theirs := e.evaluate(d)
	if len(e.outputs) == 0 {
		if e.sameRefusal(d, theirs, level) {
			return []string{""}, 0
		}
		return nil, 0
	}
	for _, name := range e.outputs {
		got, kept := e.answer.Outputs[name]
		predicted, ok := theirs.Outputs[name]
		if !kept || !ok || got.DType != predicted.DType || !tensor.SameShape(got.Shape, predicted.Shape) {
			continue
		}
		want := e.expected[name]
		if r := verdict.Compare(predicted, want); r.Pass(level) {
			continue // d is right here, and so does not explain what is wrong
		}
		if equal(got, predicted, e.allowed(d, name, predicted, level)) {
			names = append(names, name)
			if equal(got, predicted, func(int) float64 { return 0 }) {
				identical++
			}
		}
	}
	return names, identical
}

// sameExchanges reports whether d answers all calls of a counterexample as the port does, and one of
// them wrongly.
func (e *exhibit) sameExchanges(d *divergence.Divergence, level verdict.Level) bool {
	wrong := false
	for _, x := range e.exchanges {
		e.evaluated.Add(int64(x.Call.Inputs[ports.Input].Len()))
		theirs := divergence.Right(x.Call)
		if d.Of(x.Call.Module) {
			theirs = d.Evaluate(x.Call)
			wrong = wrong || shows(d, x.Call, level)
		}
		if !sameAnswer(d, x.Call, x.Answer, theirs, level) {
			return false
		}
	}
	return wrong
}

// sameRefusal reports whether d refuses or accepts wrongly as the port does; what it accepts
// has to come out the same.
func (e *exhibit) sameRefusal(d *divergence.Divergence, theirs ports.Answer, level verdict.Level) bool {
	switch {
	case e.answer.Rejected != nil:
		return theirs.Rejected != nil
	case e.answer.Unsupported != nil:
		return theirs.Unsupported != nil
	case theirs.Outputs == nil || len(e.answer.Outputs) == 0:
		return false
	}
	return sameOutputs(d, e.call, e.answer.Outputs, theirs.Outputs, level)
}

// allowed returns how far each element of an output may be from what d predicts. Where the
// fixtures have numbers for that output they are taken, for a port rounds otherwise than d does.
func (e *exhibit) allowed(d *divergence.Divergence, name string, predicted tensor.Tensor, level verdict.Level) func(i int) float64 {
	want := e.expected[name]
	relative := slack(predicted.DType, level)
	if !tensor.SameShape(predicted.Shape, want.Reference.Shape) {
		return byMagnitude(d, e.call, name, predicted, level)
	}
	return func(i int) float64 {
		allowed := relative * math.Abs(predicted.Float64(i))
		if want.Exact != nil && !math.IsNaN(want.Tolerance[i]) {
			allowed = max(allowed, want.Tolerance[i])
			if level == verdict.Exact {
				return allowed
			}
		}
		return max(allowed, want.Parity[i])
	}
}

// slack is the relative error that two ways of computing the same may differ by.
func slack(dtype tensor.DType, level verdict.Level) float64 {
	epsilon := 0x1p-52
	if dtype == tensor.Float32 {
		epsilon = 0x1p-23
	}
	if level == verdict.Exact {
		return 4 * epsilon
	}
	return 16 * epsilon
}

// byMagnitude allows a multiple of the magnitude that rounding errors scale with: 32 times
// the machine epsilon, as the fixtures do for gradients at most; and at level exact a few units
// in the last place.
func byMagnitude(d *divergence.Divergence, call ports.Call, name string, predicted tensor.Tensor, level verdict.Level) func(i int) float64 {
	relative := slack(predicted.DType, level)
	allowance, err := d.Allow(call, name)
	return func(i int) float64 {
		allowed := relative * math.Abs(predicted.Float64(i))
		if err == nil && level != verdict.Exact && i < allowance.Len() {
			if m := math.Abs(allowance.Magnitude(i)); !math.IsNaN(m) && !math.IsInf(m, 0) {
				allowed = max(allowed, 2*relative*m)
			}
		}
		return allowed
	}
}

// sameOutputs reports whether a port's answer to call is that of d.
func sameOutputs(d *divergence.Divergence, call ports.Call, got, predicted map[string]tensor.Tensor, level verdict.Level) bool {
	for _, name := range call.Want {
		g, ok := got[name]
		p, has := predicted[name]
		if !ok || !has || g.DType != p.DType || !tensor.SameShape(g.Shape, p.Shape) {
			return false
		}
		if _, err := tensor.New(g.DType, g.Shape, g.Data); err != nil {
			return false
		}
		if !equal(g, p, byMagnitude(d, call, name, p, level)) {
			return false
		}
	}
	return true
}

// equal reports whether two tensors of one dtype and shape are equal in class and within what is
// allowed.
func equal(got, want tensor.Tensor, allowed func(i int) float64) bool {
	for i := range want.Len() {
		g, w := got.Float64(i), want.Float64(i)
		switch {
		case math.IsNaN(w):
			if !math.IsNaN(g) {
				return false
			}
		case math.IsInf(w, 0) || math.IsInf(g, 0):
			if g != w {
				return false
			}
		case !(math.Abs(g-w) <= allowed(i)):
			return false
		}
	}
	return true
}
