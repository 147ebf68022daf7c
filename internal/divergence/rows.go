package divergence

import (
	"math"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// row is a row of classes, of which CrossEntropyLoss has one loss.
type row struct {
	// x are the logits, w the weights, t the class probabilities, one of each for a class. t is nil
	// where the target is the class index y.
	x, w, t []float64
	y       int
	// ignored says that y is ignore_index.
	ignored bool
	// smoothing is label_smoothing.
	smoothing float64
	// given are the logits and total the sum of t before a mistake changes them.
	given []float64
	total float64
	// dtype is that of the input, in which an implementation would compute.
	dtype tensor.DType

	// a are the coefficients of the negative log-probabilities, share and gain their derivatives in w and in t.
	a, share, gain []float64
	// nll, p and rest are -log_softmax(x), softmax(x) and 1-softmax(x).
	nll, p, rest []float64
}

// mostProbable is the class with the largest class probability.
func (r *row) mostProbable() int {
	top := 0
	for c, t := range r.t {
		if t > r.t[top] {
			top = c
		}
	}
	return top
}

// coefficientsOf sets what each class counts: a class index as a one-hot t, in
//
//	a[c] = w[c]*((1-e)*t[c] + e/C)
func coefficientsOf(r *row) {
	r.a, r.share, r.gain = make([]float64, len(r.x)), make([]float64, len(r.x)), make([]float64, len(r.x))
	if r.ignored {
		return
	}
	uniform := r.smoothing / float64(max(len(r.x), 1))
	for c := range r.x {
		switch {
		case r.t != nil:
			r.share[c] = (1-r.smoothing)*r.t[c] + uniform
			r.gain[c] = (1 - r.smoothing) * r.w[c]
			r.a[c] = r.w[c] * r.share[c]
		case r.smoothing > 0: // else the weights of the other classes do not count, not even NaN
			r.a[c] = uniform * r.w[c]
		}
	}
	if r.t == nil && len(r.x) > 0 {
		r.a[r.y] += (1 - r.smoothing) * r.w[r.y]
	}
}

// softmaxOf sets the logarithms and probabilities. With m = max x, d = m - x and R the sum of exp(-d) over
// the other classes than that of m, nothing cancels in
//
//	-log p = d + log1p(R)    p = exp(-d)/(1+R)    1-p = the sum of the other p
//
// At one infinite logit they are the limits; where several are +inf, or all of several -inf, there
// are none.
func softmaxOf(r *row) {
	n := len(r.x)
	r.nll, r.p = make([]float64, n), make([]float64, n)
	top, infinite, undefined := 0, 0, false
	for c, x := range r.x {
		if x > r.x[top] {
			top = c
		}
		if math.IsInf(x, 1) {
			infinite++
		}
		undefined = undefined || math.IsNaN(x)
	}
	if n > 0 {
		undefined = undefined || infinite > 1 || n > 1 && math.IsInf(r.x[top], -1)
	}
	others := make([]float64, 0, n)
	for c, x := range r.x {
		d := 0.0
		if c != top {
			d = r.x[top] - x
		}
		if undefined {
			d = math.NaN()
		}
		r.nll[c], r.p[c] = d, math.Exp(-d)
		if c != top {
			others = append(others, r.p[c])
		}
	}
	sum := sumOf(others)
	for c := range r.x {
		r.nll[c] += math.Log1p(sum)
		r.p[c] /= 1 + sum
	}
	r.rest = sumsOfOthers(r.p)
}

// sumsOfOthers returns for each element the sum of the others, without subtracting.
func sumsOfOthers(values []float64) []float64 {
	sums := make([]float64, len(values))
	var before, after runningSum
	for i, v := range values {
		sums[i] = before.value()
		before.add(v)
	}
	for i, v := range slices.Backward(values) {
		sums[i] += after.value()
		after.add(v)
	}
	return sums
}

// rowLossOf is the loss of a row.
func rowLossOf(r *row) float64 {
	if r.ignored { // whatever is in it
		return 0
	}
	terms := make([]float64, len(r.x))
	for c := range terms {
		terms[c] = times(r.a[c], r.nll[c])
	}
	return sumOf(terms)
}

// slopeOf are the derivatives in the logits of a row: p*(sum of a) - a without what cancels.
func slopeOf(r *row) []float64 {
	if r.ignored {
		return make([]float64, len(r.x))
	}
	slope := sumsOfOthers(r.a)
	for c := range slope {
		slope[c] = times(slope[c], r.p[c]) - times(r.a[c], r.rest[c])
	}
	return slope
}

// layOut splits the arguments into rows; the classes are dimension a.axis.
func (a *arguments) layOut() {
	classes := a.input.shape[a.axis]
	rest, inner := without(a.input.shape, a.axis)
	a.grid = rest
	a.rows = make([]*row, size(rest))
	w := slices.Repeat([]float64{1}, classes)
	if a.weight != nil {
		w = a.weight.values
	}
	for i := range a.rows {
		r := &row{
			x: make([]float64, classes), w: slices.Clone(w), smoothing: a.smoothing, dtype: a.input.dtype,
		}
		for c := range r.x {
			r.x[c] = a.input.values[a.at(i, c, classes, inner)]
		}
		if a.probabilities {
			r.t = make([]float64, classes)
			for c := range r.t {
				r.t[c] = a.target.values[a.at(i, c, classes, inner)]
			}
		} else if y := a.target.values[i]; a.ignores(y) {
			r.ignored = true
		} else {
			r.y = int(y)
		}
		a.rows[i] = r
	}
}

// at is the position of class c of row i.
func (a *arguments) at(i, c, classes, inner int) int {
	return (i/inner*classes+c)*inner + i%inner
}

// ignores says whether a class index is ignore_index. Both are float64, which has the largest int64 as 2⁶³.
func (a *arguments) ignores(y float64) bool { return y == float64(a.ignoreIndex) }

// planRows divides the mean of class indices by the weights of the targets, and that of class probabilities
// by the number of rows.
func planRows(a *arguments) plan {
	p := plan{reduction: a.reduction, grid: a.grid, axis: noAxis, classes: 1, count: float64(len(a.rows))}
	if !a.probabilities {
		p.count = sumOf(a.targetWeights())
	}
	return p
}

// targetWeights are the weights of the class indices that are not ignored.
func (a *arguments) targetWeights() []float64 {
	var weights []float64
	for _, r := range a.rows {
		if !r.ignored && len(r.w) > 0 {
			weights = append(weights, r.w[r.y])
		}
	}
	return weights
}

// computeRows returns the wanted outputs of CrossEntropyLoss.
func (d *definition) computeRows(a *arguments, want []string) ports.Answer {
	a.layOut()
	for _, r := range a.rows {
		d.view(r)
		d.coefficients(r)
		d.softmax(r)
	}
	p := d.plan(a)
	outputs := make(map[string]tensor.Tensor, len(want))
	for _, name := range want {
		var o *operand
		var each func(r *row) []float64
		switch name {
		case ports.Loss:
			values := make([]float64, len(a.rows))
			for i, r := range a.rows {
				values[i] = d.rowLoss(r)
			}
			o = d.reduce(a, p, values)
		case ports.GradInput:
			o, each = a.input, d.slope
		case ports.GradTarget:
			if !a.probabilities {
				return ports.Answer{Unsupported: &ports.Unsupported{Reason: "class indices are not differentiable"}}
			}
			o, each = a.target, d.targetSlope
		case ports.GradWeight:
			if !a.probabilities {
				return ports.Answer{Unsupported: &ports.Unsupported{Reason: "with class indices there is no grad_weight"}}
			}
			if a.weight == nil {
				return refuse(ports.KindOption, "%s: grad_weight: there is no weight", a.module)
			}
			o, each = a.weight, d.weightSlope
		default:
			return unknownOutput(name)
		}
		if each != nil {
			scales, ok := d.scales(a, d.gradPlan(a, p))
			if !ok {
				return wrongUpstream(a)
			}
			o = a.assemble(o, scales, each)
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

// assemble puts the derivatives of the rows into the places of an operand: of each element, or of each class
// summed over the rows.
func (a *arguments) assemble(like *operand, scales []float64, each func(r *row) []float64) *operand {
	o := &operand{like.dtype, like.shape, make([]float64, len(like.values))}
	classes := a.input.shape[a.axis]
	_, inner := without(a.input.shape, a.axis)
	byClass := make([][]float64, classes)
	for i, r := range a.rows {
		for c, v := range each(r) {
			switch {
			case like != a.input:
				v = times(scales[i], v)
			case !r.ignored: // where all rows are, the scale is infinite
				v *= scales[i]
			}
			if like == a.weight {
				byClass[c] = append(byClass[c], v)
			} else {
				o.values[a.at(i, c, classes, inner)] = v
			}
		}
	}
	if like == a.weight {
		for c, terms := range byClass {
			o.values[c] = sumOf(terms)
		}
	}
	return o
}

// targetSlopeOf are the derivatives in the class probabilities of a row.
func targetSlopeOf(r *row) []float64 {
	slope := make([]float64, len(r.x))
	for c := range slope {
		slope[c] = times(r.gain[c], r.nll[c])
	}
	return slope
}

// weightSlopeOf are the derivatives in the weights, of a row.
func weightSlopeOf(r *row) []float64 {
	slope := make([]float64, len(r.x))
	for c := range slope {
		slope[c] = times(r.share[c], r.nll[c])
	}
	return slope
}

// checkRows refuses what torch.nn.CrossEntropyLoss refuses.
func checkRows(a *arguments) *ports.Rejected {
	switch {
	case a.posWeight != nil:
		return rejected(ports.KindOption, "%s: pos_weight: there is no such argument", a.module)
	case len(a.input.shape) == 0:
		return rejected(ports.KindShape, "%s: input: got a 0-d tensor, want classes", a.module)
	case !(a.smoothing <= 1):
		return rejected(ports.KindOption, "%s: label_smoothing: got %g, want at most 1", a.module, a.smoothing)
	case a.weight != nil && !tensor.SameShape(a.weight.shape, []int{a.input.shape[a.axis]}):
		return rejected(ports.KindShape, "%s: weight: got shape %s, want one number for each of %d classes",
			a.module, tensor.FormatShape(a.weight.shape), a.input.shape[a.axis])
	}
	if a.probabilities = tensor.SameShape(a.target.shape, a.input.shape); a.probabilities {
		switch {
		case !a.target.dtype.IsFloat():
			return rejected(ports.KindDType, "%s: target: got %s for class probabilities, want a floating-point dtype", a.module, a.target.dtype)
		case a.ignoreIndex >= 0:
			return rejected(ports.KindOption, "%s: ignore_index: got %d, which is not for class probabilities", a.module, a.ignoreIndex)
		}
		return nil
	}
	if want, _ := without(a.input.shape, a.axis); !tensor.SameShape(a.target.shape, want) {
		return rejected(ports.KindShape, "%s: target: got shape %s, want %s or that of the input",
			a.module, tensor.FormatShape(a.target.shape), tensor.FormatShape(want))
	}
	switch {
	case a.target.dtype != tensor.Int64 && !(a.target.dtype == tensor.UInt8 && len(a.input.shape) <= 2):
		return rejected(ports.KindDType, "%s: target: got %s for class indices, want int64", a.module, a.target.dtype)
	case a.weight != nil && a.weight.dtype != a.input.dtype:
		return rejected(ports.KindDType, "%s: weight: got %s, want that of the input, %s", a.module, a.weight.dtype, a.input.dtype)
	}
	return checkIndices(a)
}

// checkIndices wants class indices in range, but for those that are ignored.
func checkIndices(a *arguments) *ports.Rejected {
	for _, y := range a.target.values {
		if classes := a.input.shape[a.axis]; !a.ignores(y) && (y < 0 || y >= float64(classes)) {
			return rejected(ports.KindValue, "%s: target: got class index %g, want one in [0, %d)", a.module, y, classes)
		}
	}
	return nil
}
