package diagnosis

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/definition"
	"lossproof/internal/divergence"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// exhibit is an observation with its call and what was expected.
type exhibit struct {
	observation
	collector *Collector
	// call is that of a case.
	call ports.Call
	// elements is the number of elements of the input.
	elements int
	// places are the answers in it. strict says that none would be wrong if sums might be in order.
	places []*place
	strict bool

	load     sync.Once
	expected map[string]fixtures.Expected

	mu sync.Mutex
	// labelled has the labels of divergences, by name.
	labelled map[string][]label
}

// place is one answer of the port: an output, or a refusal, whose output is "".
type place struct {
	*exhibit
	output string
	fails  bool
	// index counts the places of a module, and known are its atoms, of one that is counted.
	index int
	known []atom
}

// id names the answer.
func (p *place) id() string {
	if p.output == "" {
		return p.check.ID
	}
	return p.check.ID + "#" + p.output
}

// exhibitsOf reads the calls of an observation: that of a case, or those of a counterexample.
func (m *examination) exhibitsOf(o observation) ([]*exhibit, error) {
	if o.c == nil {
		var all []*exhibit
		for _, strict := range []bool{false, true} {
			for _, x := range o.exchanges {
				if x.Call.Module == m.module {
					all = append(all, m.exchange(o, x, strict))
				}
			}
			if o.check.Kind != judge.Generated || strict || slices.ContainsFunc(all, (*exhibit).fails) {
				break
			}
			all = nil
		}
		return all, nil
	}
	inputs, err := m.collector.set.Inputs(o.c)
	if err != nil {
		return nil, err
	}
	if len(o.want) == 0 {
		o.want = []string{ports.Loss} // whatever is asked for is refused
	}
	e := &exhibit{observation: o, collector: m.collector, call: judge.Call(o.c, inputs, o.want), elements: inputs[ports.Input].Len()}
	if o.refusal || o.refused || o.raised != "" {
		e.places = []*place{{exhibit: e, fails: !o.refused}}
		return []*exhibit{e}, nil
	}
	for _, name := range o.want {
		e.places = append(e.places, &place{exhibit: e, output: name, fails: slices.Contains(o.failing, name)})
	}
	return []*exhibit{e}, nil
}

// exchange makes of the answer to a call that is in no fixture what that to a case is: its outputs, or a refusal.
func (m *examination) exchange(o observation, x judge.Exchange, strict bool) *exhibit {
	o.answer, o.want = x.Answer, x.Call.Want
	o.words = claim.FeaturesOf(x.Call)
	e := &exhibit{observation: o, collector: m.collector, call: x.Call, elements: x.Call.Inputs[ports.Input].Len(), strict: strict}
	if x.Answer.Outputs == nil {
		if x.Answer.Failed != nil {
			e.raised = cmp.Or(x.Answer.Failed.Message, "an error")
		}
		e.refusal = e.raised == ""
		e.places = []*place{{exhibit: e, fails: true}}
		return e
	}
	for _, name := range e.want {
		got := x.Answer.Outputs[name]
		_, err := tensor.New(got.DType, got.Shape, got.Data)
		p := &place{exhibit: e, output: name}
		if err != nil {
			p.fails = true
		} else {
			p.fails = !verdict.Passes(got, e.expect(name), m.level)
		}
		if p.fails {
			e.failing = append(e.failing, name)
		}
		e.places = append(e.places, p)
	}
	return e
}

// fails reports whether something of an exhibit fails.
func (e *exhibit) fails() bool {
	return slices.ContainsFunc(e.places, func(p *place) bool { return p.fails })
}

// computed is what is expected of an output of a call that is in no fixture: what a law or a generated check
// expects.
func computed(call ports.Call, name string, check *judge.Check, strict bool) fixtures.Expected {
	want := divergence.Right(call).Outputs[name]
	n := want.Len()
	e := fixtures.Expected{Reference: want, Exact: want.Float64s(), Tolerance: make([]float64, n), Parity: make([]float64, n), MayOverflow: make([]bool, n)}
	allowance, err := right.Allow(call, name)
	terms := 0.0 // which may be added one after the other where that is not what is asked
	if check.Kind == judge.Generated && !strict && !strings.HasSuffix(check.Rule.ID, "-SIZE-ACCUMULATION") {
		terms = float64(call.Inputs[ports.Input].Len()) / 2 * definition.Working(want.DType).Format().Eps()
	}
	for i, v := range e.Exact {
		if err != nil || !allowance.Known(i) {
			e.Exact[i], e.Tolerance[i], e.Parity[i] = math.NaN(), math.NaN(), 0
			continue
		}
		e.Tolerance[i] = allowance.Tolerance(i, v) + terms*math.Abs(v)
		e.Parity[i] = e.Tolerance[i]
		if larger := allowance.Cap(i); !bad(larger) {
			e.Parity[i] = max(e.Parity[i], larger+terms*math.Abs(v))
		}
		e.MayOverflow[i] = allowance.MayOverflow(i)
	}
	return e
}

// want returns what was expected of an output.
func (e *exhibit) expect(name string) fixtures.Expected {
	e.load.Do(func() {
		e.expected = map[string]fixtures.Expected{}
		if e.c == nil {
			for _, output := range e.want {
				e.expected[output] = computed(e.call, output, e.check, e.strict)
			}
			return
		}
		for _, p := range e.places {
			if p.output != "" {
				if want, err := e.collector.set.Expected(e.c, p.output); err == nil { // the judge has read it
					e.expected[p.output] = want
				}
			}
		}
	})
	return e.expected[name]
}

// evaluate returns the answer of d to the call of e.
func (e *exhibit) evaluate(d *divergence.Divergence) ports.Answer {
	e.collector.evaluated.Add(int64(e.elements))
	return d.Evaluate(e.call)
}

// label says how a divergence holds against an answer of the port.
type label byte

const (
	// silent: the divergence is right there, and says nothing.
	silent label = iota
	// wrong: the divergence is wrong there, and the port is right, or wrong otherwise.
	wrong
	// same: the divergence is wrong there, as the port is.
	same
	// identical: to the last bit.
	identical
)

// labels holds d against the places of an exhibit, in their order. It does so once.
func (e *exhibit) labels(d *divergence.Divergence, level verdict.Level) []label {
	e.mu.Lock()
	labels, ok := e.labelled[d.Name]
	e.mu.Unlock()
	if ok {
		return labels
	}
	labels = e.held(d, level)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.labelled == nil {
		e.labelled = map[string][]label{}
	}
	e.labelled[d.Name] = labels
	return labels
}

func (e *exhibit) held(d *divergence.Divergence, level verdict.Level) []label {
	labels := make([]label, len(e.places))
	if e.raised != "" {
		return labels
	}
	theirs := e.evaluate(d)
	for i, p := range e.places {
		labels[i] = e.label(p, d, theirs, level)
	}
	return labels
}

func (e *exhibit) label(p *place, d *divergence.Divergence, theirs ports.Answer, level verdict.Level) label {
	switch {
	case e.refused && theirs.Rejected == nil:
		return wrong
	case e.refused:
		return silent
	case e.refusal && e.sameRefusal(d, theirs, level):
		return same
	case e.refusal && (theirs.Rejected == nil) == (e.c == nil || e.c.Rejection == nil):
		return silent // it may compute something wrong, which is not the question here
	case e.refusal:
		return wrong
	}
	predicted, ok := theirs.Outputs[p.output]
	if !ok {
		return wrong
	}
	got, kept := e.answer.Outputs[p.output]
	if p.fails && kept && got.DType == predicted.DType && tensor.SameShape(got.Shape, predicted.Shape) &&
		equal(d.Written(got), d.Written(predicted), e.allowed(d, p.output, d.Written(predicted), level)) {
		if verdict.Passes(predicted, e.expect(p.output), level) {
			return silent
		}
		if equal(got, predicted, func(int) float64 { return 0 }) {
			return identical
		}
		return same
	}
	if verdict.Passes(predicted, e.expect(p.output), level) {
		return silent
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
	want := e.expect(name)
	relative := slack(predicted.DType, level)
	if !tensor.SameShape(predicted.Shape, want.Reference.Shape) {
		return byMagnitude(d, e.call, name, predicted, level)
	}
	return func(i int) float64 {
		allowed := relative * math.Abs(predicted.Float64(i))
		if bad(want.Reference.Float64(i)) {
			return allowed // what may be lost of an infinite number says nothing of a finite one
		}
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
		if g, p = d.Written(g), d.Written(p); !equal(g, p, byMagnitude(d, call, name, p, level)) {
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
			if g != w && g != got.DType.Format().Round(w+math.Copysign(allowed(i), w)) { // the largest number and a little more
				return false
			}
		case !(math.Abs(g-w) <= allowed(i)):
			return false
		}
	}
	return true
}
