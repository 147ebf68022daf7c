package divergence

import (
	"fmt"
	"math"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// definition is how a module is computed, step by step. The right one is that of PyTorch's
// documentation, in the grouping that does not cancel, and does what PyTorch does where it
// broadcasts; a divergence replaces a step, or wraps it.
type definition struct {
	// reduction resolves the options to none, mean or sum; false means an invalid one.
	reduction func(o ports.Options) (string, bool)
	// anyInput takes integer and bool inputs for float32.
	anyInput bool
	// admit changes the arguments before they are checked, prepare afterwards.
	admit, prepare func(a *arguments)
	// check refuses a call; nil means that it is accepted.
	check func(a *arguments) *ports.Rejected
	// plan says how the losses of elements become the loss.
	plan func(a *arguments) plan
	// gradPlan changes the plan for the gradients, which else follow from that of the loss.
	gradPlan func(a *arguments, p plan) plan
	// chain goes on with the chain rule where a mistake changes a whole tensor: by output, it turns the gradient in
	// what was made of the tensor into that in the tensor.
	chain map[string]func(a *arguments, gradient []float64)
	// upstream changes grad_output, one number for each element of the loss.
	upstream func(values []float64)
	// loss is that of an element, weight included; the others are its derivatives.
	loss, gradInput, gradTarget, gradWeight func(e element) float64
	// magnitude are the magnitudes of an element's loss and gradient.
	magnitude func(e element) (loss, gradInput float64)
	// The steps of CrossEntropyLoss: view changes a row before it is looked at, coefficients and softmax set
	// what the others are made of.
	view, coefficients, softmax     func(r *row)
	rowLoss                         func(r *row) float64
	slope, targetSlope, weightSlope func(r *row) []float64
	// sum adds losses of a dtype.
	sum func(dtype tensor.DType, values []float64) float64
	// finish changes an output before it is rounded to its dtype.
	finish func(a *arguments, name string, o *operand)
}

// element is what an element's loss depends on: logit, target, weight, pos_weight.
type element struct {
	x, t, w, p float64
	// dx, dt and dw are the derivatives of x, t and w in the logit, target and weight of the call: 1, unless a
	// mistake changes those.
	dx, dt, dw float64
	// n is the counterpart of p for the negative term: 1.
	n float64
	// positive says whether pos_weight was given.
	positive bool
	// dtype is that of the input, in which an implementation would compute.
	dtype tensor.DType
}

// right returns the right definition of a module.
func right(module string) *definition {
	d := &definition{
		admit:     func(*arguments) {},
		prepare:   func(*arguments) {},
		gradPlan:  func(_ *arguments, p plan) plan { return p },
		upstream:  func([]float64) {},
		loss:      lossOf,
		gradInput: gradInputOf, gradTarget: gradTargetOf, gradWeight: gradWeightOf,
		magnitude: logitMagnitude,
		view:      func(*row) {}, coefficients: coefficientsOf, softmax: softmaxOf,
		rowLoss: rowLossOf, slope: slopeOf, targetSlope: targetSlopeOf, weightSlope: weightSlopeOf,
		sum:       func(_ tensor.DType, values []float64) float64 { return sumOf(values) },
		finish:    func(*arguments, string, *operand) {},
		reduction: func(o ports.Options) (string, bool) { return resolve(o, "none", "mean", "sum", "elementwise_mean") },
	}
	switch module {
	case ports.BCEWithLogitsLoss:
		d.check, d.plan = checkBCE, planBCE
	case ports.BCELoss:
		d.check, d.plan = checkProbability, planBCE
		d.loss, d.gradInput, d.gradTarget = probabilityLossOf, probabilityGradInputOf, probabilityGradTargetOf
		d.magnitude = probabilityMagnitude
	case ports.CrossEntropyLoss:
		d.check, d.plan = checkRows, planRows
	default:
		d.check, d.plan = checkMLSM, planMLSM
		d.reduction = func(o ports.Options) (string, bool) { return resolve(o, "none", "mean", "sum") }
	}
	return d
}

// softplus is log(1+exp(x)).
func softplus(x float64) float64 { return math.Log1p(math.Exp(-math.Abs(x))) + max(x, 0) }

func sigmoid(x float64) float64 {
	e := math.Exp(-math.Abs(x))
	if x >= 0 {
		return 1 / (1 + e)
	}
	return e / (1 + e)
}

// times multiplies, and takes a coefficient of zero for zero also beside an infinite factor: the
// limit in the logit.
func times(c, f float64) float64 {
	if c == 0 && math.IsInf(f, 0) {
		return 0
	}
	return c * f
}

func lossOf(e element) float64 {
	return times(e.w, times(e.p*e.t, softplus(-e.x))+times(e.n*(1-e.t), softplus(e.x)))
}

func gradInputOf(e element) float64 {
	return inner(e.dx, e.w*(e.n*(1-e.t)*sigmoid(e.x)-e.p*e.t*sigmoid(-e.x)))
}

// inner multiplies by an inner derivative. One of zero hides what there is outside of it, NaN too: the mask of a
// clamp does so.
func inner(d, f float64) float64 {
	if d == 0 {
		return 0
	}
	return d * f
}

// gradTargetOf is w*(p*softplus(-x) - n*softplus(x)) without what cancels.
func gradTargetOf(e element) float64 {
	if e.x >= 0 {
		return inner(e.dt, e.w*(times(e.p-e.n, softplus(-e.x))-e.n*e.x))
	}
	return inner(e.dt, e.w*(times(e.p-e.n, softplus(e.x))-e.p*e.x))
}

func gradWeightOf(e element) float64 { return unweighted(lossOf)(e) }

// unweighted is the derivative in the weight of a loss that is proportional to it.
func unweighted(loss func(element) float64) func(element) float64 {
	return func(e element) float64 {
		dw := e.dw
		e.w = 1
		return inner(dw, loss(e))
	}
}

// magnitudes returns a definition that computes the magnitudes of d's outputs.
func (d *definition) magnitudes() *definition {
	m := *d
	m.gradInput = func(e element) float64 { _, g := d.magnitude(e); return g }
	m.loss = func(e element) float64 { l, _ := d.magnitude(e); return l }
	m.gradTarget = m.loss
	m.rowMagnitudes(d)
	m.gradWeight = func(e element) float64 { e.w = 1; return m.loss(e) }
	m.chain = map[string]func(*arguments, []float64){}
	for name := range d.chain { // whatever is added to an element there, it is not more than all of them
		m.chain[name] = func(_ *arguments, gradient []float64) {
			sum := sumOf(gradient)
			for i := range gradient {
				gradient[i] = sum
			}
		}
	}
	m.sum = func(_ tensor.DType, values []float64) float64 { return sumOf(values) }
	m.upstream = func(values []float64) {
		d.upstream(values)
		for i, v := range values {
			values[i] = math.Abs(v)
		}
	}
	return &m
}

// rowMagnitudes sets the steps of CrossEntropyLoss that compute the magnitudes of those of another definition.
func (d *definition) rowMagnitudes(of *definition) {
	d.coefficients = func(r *row) {
		of.coefficients(r)
		for c := range r.a {
			r.a[c], r.share[c], r.gain[c] = math.Abs(r.a[c]), math.Abs(r.share[c]), math.Abs(r.gain[c])
		}
	}
	d.softmax = func(r *row) {
		largest := 0.0
		for _, x := range r.x {
			largest = max(largest, math.Abs(x))
		}
		r.nll = slices.Repeat([]float64{1 + largest}, len(r.x))
	}
	d.rowLoss, d.targetSlope, d.weightSlope = rowLossOf, targetSlopeOf, weightSlopeOf
	d.slope = func(r *row) []float64 { return slices.Repeat([]float64{sumOf(r.a)}, len(r.x)) }
}

// evaluate answers a call.
func (d *definition) evaluate(call ports.Call) ports.Answer {
	a, err := parse(call)
	if err != nil {
		return ports.Answer{Failed: &ports.Failed{Message: err.Error()}}
	}
	if dtype := a.input.dtype; !dtype.IsFloat() && d.anyInput {
		a.input.dtype = tensor.Float32
	} else if !dtype.IsFloat() {
		return refuse(ports.KindDType, "%s: input: got %s, want float32 or float64", a.module, dtype)
	}
	var ok bool
	if a.reduction, ok = d.reduction(call.Options); !ok {
		return refuse(ports.KindOption, "%s: reduction: got %q, want none, mean or sum", a.module, *call.Options.Reduction)
	}
	d.admit(a)
	if rejected := d.check(a); rejected != nil {
		return ports.Answer{Rejected: rejected}
	}
	d.prepare(a)
	if a.module == ports.CrossEntropyLoss {
		return d.computeRows(a, call.Want)
	}
	if !a.broadcastGrid() {
		return refuse(ports.KindShape, "%s: the shapes do not broadcast", a.module)
	}
	if tooLarge(a.grid) {
		return ports.Answer{Failed: &ports.Failed{Message: fmt.Sprintf("%s: the result is too large: %s", a.module, tensor.FormatShape(a.grid))}}
	}
	return d.compute(a, call.Want)
}

// refuse returns a refusal.
func refuse(kind, format string, args ...any) ports.Answer {
	return ports.Answer{Rejected: rejected(kind, format, args...)}
}

func rejected(kind, format string, args ...any) *ports.Rejected {
	return &ports.Rejected{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// unknownOutput answers a wish for an output that no module has.
func unknownOutput(name string) ports.Answer {
	return ports.Answer{Unsupported: &ports.Unsupported{Reason: fmt.Sprintf("there is no output %q", name)}}
}

// wrongUpstream refuses a grad_output.
func wrongUpstream(a *arguments) ports.Answer {
	return refuse(ports.KindShape, "%s: grad_output %s is not of the shape of the loss", a.module, tensor.FormatShape(a.upstream.shape))
}

// compute returns the wanted outputs.
func (d *definition) compute(a *arguments, want []string) ports.Answer {
	p := d.plan(a)
	elements := a.elements()
	each := func(f func(element) float64) []float64 {
		values := make([]float64, len(elements))
		for i, e := range elements {
			values[i] = f(e)
		}
		return values
	}
	outputs := make(map[string]tensor.Tensor, len(want))
	for _, name := range want {
		var o *operand
		switch name {
		case ports.Loss:
			o = d.reduce(a, p, each(d.loss))
		case ports.GradInput:
			o = &operand{a.input.dtype, a.input.shape, each(d.gradInput)}
		case ports.GradTarget:
			o = &operand{a.target.dtype, a.target.shape, each(d.gradTarget)}
		case ports.GradWeight:
			if a.module != ports.MultiLabelSoftMarginLoss {
				return ports.Answer{Unsupported: &ports.Unsupported{Reason: a.module + " is not differentiable in weight"}}
			}
			if a.weight == nil {
				return refuse(ports.KindOption, "%s: grad_weight: there is no weight", a.module)
			}
			o = &operand{a.weight.dtype, a.weight.shape, each(d.gradWeight)}
		default:
			return unknownOutput(name)
		}
		if name != ports.Loss {
			gp := d.gradPlan(a, p)
			scales, ok := d.scales(a, gp)
			if !ok {
				return wrongUpstream(a)
			}
			for i, s := range scales {
				o.values[i] *= s
			}
			o.values = gather(o.values, a.grid, o.shape)
			if chain, ok := d.chain[name]; ok {
				chain(a, o.values)
			}
		}
		o.shape = slices.Clone(o.shape)
		d.finish(a, name, o)
		outputs[name] = encode(o.dtype, o.shape, o.values)
	}
	return ports.Answer{Outputs: outputs}
}

// elements lists those of the grid.
func (a *arguments) elements() []element {
	x, t, w, p := a.spread(a.input), a.spread(a.target), a.spread(a.weight), a.spread(a.posWeight)
	elements := make([]element, len(x))
	for i := range elements {
		elements[i] = element{
			x: x[i], t: t[i], w: w[i], p: p[i], dx: 1, dt: 1, dw: 1,
			n: 1, positive: a.posWeight != nil, dtype: a.input.dtype,
		}
	}
	return elements
}

// gather sums the elements of grid that belong to one element of an array of a shape.
func gather(values []float64, grid, shape []int) []float64 {
	if tensor.SameShape(grid, shape) {
		return values
	}
	terms := make([][]float64, size(shape))
	for i, index := range at(shape, grid) {
		terms[index] = append(terms[index], values[i])
	}
	sums := make([]float64, len(terms))
	for i, t := range terms {
		sums[i] = sumOf(t)
	}
	return sums
}
