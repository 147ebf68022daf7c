package laws

import (
	"cmp"

	"lossproof/fixtures"
	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// The reductions.
const (
	none = "none"
	mean = "mean"
	sum  = "sum"
)

// call is a call of a module before it is asked. w, p and u are nil where they are not given.
type call struct {
	module, reduction string
	dtype             tensor.DType
	x, t              array
	w, p, u           *array
	want              []string
	// as is the reduction that a port without 'none' is asked with in its place, where the loss is a
	// single one and both give the same.
	as string

	// indices says that t are the class indices of CrossEntropyLoss; smoothing is its label_smoothing, 0
	// where it is not given, and ignore its ignore_index, nil where it is not given.
	indices   bool
	smoothing float64
	ignore    *int64
}

// call returns the call of x and t, with weight and pos_weight where the sample has them; that of CrossEntropyLoss
// is of class indices or of class probabilities, and smoothed, as the sample is.
func (s *sample) call(module, reduction string, want ...string) call {
	c := s.differentiable(module, reduction, want...)
	if module == ports.CrossEntropyLoss && !s.probable {
		c = c.withClasses(s.class)
	}
	return c
}

// differentiable is call with targets that have a gradient: with class probabilities, not indices.
func (s *sample) differentiable(module, reduction string, want ...string) call {
	c := s.weighed(module, reduction, want...)
	if module == ports.CrossEntropyLoss {
		c.smoothing = s.smoothing
	}
	return c
}

// weighed returns the call of x and t with weight and pos_weight where the sample has them, and no options.
func (s *sample) weighed(module, reduction string, want ...string) call {
	c := s.plain(module, reduction, want...)
	if s.weighted && ports.ModuleOf(module).Takes(ports.Weight) {
		c.w = &s.w
	}
	if s.posWeighted && ports.ModuleOf(module).Takes(ports.PosWeight) {
		c.p = &s.p
	}
	return c
}

// plain returns the call of x and t without weight and pos_weight.
func (s *sample) plain(module, reduction string, want ...string) call {
	c := call{module: module, reduction: reduction, dtype: s.dtype, x: s.input(module, s.x), t: s.t, want: want}
	if module == ports.CrossEntropyLoss {
		c.t = s.shares()
	}
	return c
}

// upstream returns the upstream gradient of a call, whose shape is that of the loss.
func (s *sample) upstream(c call) *array {
	shape := c.lossShape()
	return &array{shape: shape, values: s.u[:definition.Size(shape)]}
}

func (c call) withX(x array) call       { c.x = x; return c }
func (c call) withT(t array) call       { c.t = t; return c }
func (c call) withW(w array) call       { c.w = &w; return c }
func (c call) withP(p array) call       { c.p = &p; return c }
func (c call) withU(u *array) call      { c.u = u; return c }
func (c call) of(m string) call         { c.module = m; return c }
func (c call) by(reduction string) call { c.reduction = reduction; return c }

// each applies f to all inputs, those that are broadcast too.
func (c call) each(f func(array) array) call {
	c.x = f(c.x)
	if c.indices { // one for each row
		c.t = f(c.t.reshaped(len(c.t.values), 1))
		c.t = c.t.reshaped(len(c.t.values))
	} else {
		c.t = f(c.t)
	}
	for _, a := range []**array{&c.w, &c.p} {
		if *a != nil {
			b := f(**a)
			*a = &b
		}
	}
	return c
}

func (c call) classes() int { return c.x.shape[len(c.x.shape)-1] }

// rowwise reports whether the losses are of rows of classes, not of elements.
func (c call) rowwise() bool {
	return ports.ModuleOf(c.module).LossOf != ports.OfElement
}

// lossShape returns the shape of the loss.
func (c call) lossShape() []int {
	switch {
	case c.reduction != none:
		return []int{}
	case c.rowwise():
		return c.x.shape[:len(c.x.shape)-1]
	}
	return c.x.shape
}

// lossAt returns the element of the loss that element i of the input goes into.
func (c call) lossAt(i int) int {
	switch {
	case c.reduction != none:
		return 0
	case c.rowwise():
		return i / c.classes()
	}
	return i
}

// place returns the element of an output that element i of the input goes into.
func (c call) place(output string) func(i int) int {
	switch output {
	case ports.Loss:
		return c.lossAt
	case ports.GradWeight:
		index := c.w.indexAlong(c.x.shape)
		return func(i int) int { return index[i] }
	}
	return func(i int) int { return i }
}

// divisor returns what the sum of the elements is divided by.
func (c call) divisor() float64 {
	n := 1
	switch {
	case c.reduction == mean && c.indices:
		return c.targetWeights()
	case c.reduction == mean && c.module == ports.CrossEntropyLoss:
		n = len(c.x.values) / c.classes()
	case c.reduction == mean:
		n = len(c.x.values)
	case c.module == ports.MultiLabelSoftMarginLoss:
		n = c.classes()
	}
	return float64(n)
}

// shape returns the shape of an output as the law sees it: that of 'none' for a call that is asked with another
// reduction in its place.
func (c call) shape(output string) []int {
	switch output {
	case ports.GradInput:
		return c.x.shape
	case ports.GradTarget:
		return c.t.shape
	case ports.GradWeight:
		return c.w.shape
	}
	return c.lossShape()
}

// port returns the call as a port is asked it.
func (c call) port() ports.Call {
	inputs := map[string]tensor.Tensor{ports.Input: c.x.tensor(c.dtype), ports.Target: c.t.tensor(c.dtype)}
	if c.indices {
		inputs[ports.Target] = c.t.classIndices()
	}
	for name, a := range map[string]*array{ports.Weight: c.w, ports.PosWeight: c.p, ports.GradOutput: c.u} {
		if a != nil {
			inputs[name] = a.tensor(c.dtype)
		}
	}
	if c.as != "" && c.u != nil {
		inputs[ports.GradOutput] = c.u.reshaped().tensor(c.dtype)
	}
	return ports.Call{Module: c.module, Options: c.options(), Inputs: inputs, Want: c.want}
}

// options returns the options of the call.
func (c call) options() ports.Options {
	reduction := cmp.Or(c.as, c.reduction)
	options := ports.Options{Reduction: &reduction, IgnoreIndex: c.ignore}
	if c.smoothing != 0 {
		options.LabelSmoothing = &c.smoothing
	}
	return options
}

// fixture returns what package claim looks at.
func (c call) fixture() *fixtures.Case {
	return &fixtures.Case{Module: c.module, Options: c.options()}
}
