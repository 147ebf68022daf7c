package diagnosis

import (
	"math"
	"slices"
	"sync"

	"lossproof/fixtures"
	"lossproof/internal/claim"
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
	// places are the answers in it.
	places []*place

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
	// index counts the places of a module.
	index int
}

// id names the answer.
func (p *place) id() string {
	if p.output == "" {
		return p.check.ID
	}
	return p.check.ID + "#" + p.output
}

// exhibit reads the call of an observation.
func (c *Collector) exhibit(o observation) (*exhibit, error) {
	e := &exhibit{observation: o, collector: c}
	if o.single() && e.generated() {
		return e, nil
	}
	if o.c == nil {
		for _, call := range e.calls() {
			e.elements += call.Inputs[ports.Input].Len()
		}
	} else {
		inputs, err := c.set.Inputs(o.c)
		if err != nil {
			return nil, err
		}
		if len(o.want) == 0 {
			o.want = []string{ports.Loss} // whatever is asked for is refused
		}
		e.want = o.want
		e.call, e.elements = judge.Call(o.c, inputs, o.want), inputs[ports.Input].Len()
	}
	if o.c == nil || o.refusal || o.refused || o.raised != "" {
		e.places = append(e.places, &place{exhibit: e, fails: !o.refused})
	} else {
		for _, name := range o.want {
			e.places = append(e.places, &place{exhibit: e, output: name, fails: slices.Contains(o.failing, name)})
		}
	}
	return e, nil
}

// generated makes of the wrong answer to the call of a generated check what that to a case is: its outputs, or
// a refusal. It reports false where none of the outputs is wrong by more than another way of adding up makes it.
func (e *exhibit) generated() bool {
	x := e.exchanges[0]
	e.call, e.answer, e.elements, e.want = x.Call, x.Answer, x.Call.Inputs[ports.Input].Len(), x.Call.Want
	e.words = claim.Features(&fixtures.Case{Module: x.Call.Module, Options: x.Call.Options}, x.Call.Inputs, nil)
	if x.Answer.Outputs == nil {
		e.refusal = true
		e.places = []*place{{exhibit: e, fails: true}}
		return true
	}
	fails := false
	for _, name := range e.want {
		p := &place{exhibit: e, output: name}
		e.places = append(e.places, p)
		got, want := x.Answer.Outputs[name], e.expect(name).Reference
		p.fails = got.DType != want.DType || !tensor.SameShape(got.Shape, want.Shape) ||
			!equal(got, want, func(i int) float64 { return e.expected[name].Parity[i] })
		fails = fails || p.fails
	}
	if !fails {
		e.places, e.call, e.elements = nil, ports.Call{}, 0
	}
	return fails
}

// computed is what is expected of an output of a call that is in no fixture.
func computed(call ports.Call, name string) fixtures.Expected {
	want := divergence.Right(call).Outputs[name]
	allowed := byMagnitude(right, call, name, want, verdict.Parity)
	e := fixtures.Expected{Reference: want, Exact: want.Float64s(), Parity: make([]float64, want.Len())}
	terms := float64(call.Inputs[ports.Input].Len()) / 2 * want.DType.Format().Eps() // added one after the other
	for i, v := range e.Exact {
		e.Parity[i] = allowed(i) + terms*math.Abs(v)
	}
	e.Tolerance = e.Parity
	return e
}

// want returns what was expected of an output.
func (e *exhibit) expect(name string) fixtures.Expected {
	e.load.Do(func() {
		e.expected = map[string]fixtures.Expected{}
		if e.c == nil {
			for _, output := range e.want {
				e.expected[output] = computed(e.call, output)
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

// alone reports whether an exhibit is of one call, which has answers to look at.
func (e *exhibit) alone() bool { return e.c != nil || e.call.Module != "" }

// evaluate returns the answer of d to the call of e.
func (e *exhibit) evaluate(d *divergence.Divergence) ports.Answer {
	e.collector.evaluated.Add(int64(e.elements))
	return d.Evaluate(e.call)
}

// calls returns the calls of an exhibit.
func (e *exhibit) calls() []ports.Call {
	if e.alone() {
		return []ports.Call{e.call}
	}
	calls := make([]ports.Call, len(e.exchanges))
	for i, x := range e.exchanges {
		calls[i] = x.Call
	}
	return calls
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
	if !e.alone() {
		if e.sameExchanges(d, level) {
			labels[0] = same
		}
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
		equal(got, predicted, e.allowed(d, p.output, predicted, level)) {
		if r := verdict.Compare(predicted, e.expect(p.output)); r.Pass(level) {
			return silent
		}
		if equal(got, predicted, func(int) float64 { return 0 }) {
			return identical
		}
		return same
	}
	if r := verdict.Compare(predicted, e.expect(p.output)); r.Pass(level) {
		return silent
	}
	return wrong
}

// sameExchanges reports whether d answers all calls of a counterexample as the port does, and one of
// them wrongly.
func (e *exhibit) sameExchanges(d *divergence.Divergence, level verdict.Level) bool {
	wrong := false
	for _, x := range e.exchanges {
		e.collector.evaluated.Add(int64(x.Call.Inputs[ports.Input].Len()))
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
	want := e.expect(name)
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
