package divergence

import (
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// The modules of a divergence.
var (
	both = []string{ports.BCEWithLogitsLoss, ports.MultiLabelSoftMarginLoss}
	bce  = []string{ports.BCEWithLogitsLoss}
	mlsm = []string{ports.MultiLabelSoftMarginLoss}

	probability  = []string{ports.BCELoss}
	crossEntropy = []string{ports.CrossEntropyLoss}
	// elementwise are those whose losses are of elements, each with a target of its own.
	elementwise = slices.Concat(both, probability)
	every       = slices.Concat(elementwise, crossEntropy)
	// flat are those whose 'none' has the shape of the input.
	flat = slices.Concat(bce, probability)
	// weightGradient are those that are differentiable in weight.
	weightGradient = slices.Concat(mlsm, crossEntropy)
	// withLogits are those that take any number for an input.
	withLogits = slices.Concat(both, crossEntropy)
)

// The functions here make the small functions that divergences are.

// preparing changes the arguments after they were checked.
func preparing(change func(a *arguments)) func(*definition) {
	return func(d *definition) { d.prepare = change }
}

// planning changes the plan, of the loss and so of the gradients.
func planning(change func(a *arguments, p *plan)) func(*definition) {
	return func(d *definition) {
		before := d.plan
		d.plan = func(a *arguments) plan {
			p := before(a)
			change(a, &p)
			return p
		}
	}
}

// seeing changes what the formulas see of an element. Who changes x, t or w sets its derivative, too.
func seeing(change func(e *element)) func(*definition) {
	return func(d *definition) {
		for _, f := range []*func(element) float64{&d.loss, &d.gradInput, &d.gradTarget, &d.gradWeight} {
			before := *f
			*f = func(e element) float64 { change(&e); return before(e) }
		}
	}
}

// masked makes an element count nothing.
func masked(e *element) { e.w, e.dw = 0, 0 }

// losing replaces the loss of an element, which is proportional to the weight, and leaves the derivatives in
// input and target right.
func losing(loss func(e element) float64) func(*definition) {
	return func(d *definition) { d.loss, d.gradWeight = loss, unweighted(loss) }
}

// deriving replaces the derivative in the input.
func deriving(gradInput func(e element) float64) func(*definition) {
	return func(d *definition) { d.gradInput = gradInput }
}

// targeting replaces the derivative in the target.
func targeting(gradTarget func(e element) float64) func(*definition) {
	return func(d *definition) { d.gradTarget = gradTarget }
}

// sloping changes each derivative in the input.
func sloping(change func(v float64) float64) func(*definition) {
	return func(d *definition) {
		gradInput, slope := d.gradInput, d.slope
		d.gradInput = func(e element) float64 { return change(gradInput(e)) }
		d.slope = func(r *row) []float64 {
			values := slope(r)
			for c, v := range values {
				values[c] = change(v)
			}
			return values
		}
	}
}

// finishing changes the values of one output.
func finishing(output string, change func(a *arguments, o *operand)) func(*definition) {
	return func(d *definition) {
		d.finish = func(a *arguments, name string, o *operand) {
			if name == output {
				change(a, o)
			}
		}
	}
}

// mapping changes each value of an operand.
func mapping(o *operand, f func(float64) float64) {
	if o == nil {
		return
	}
	for i, v := range o.values {
		o.values[i] = f(v)
	}
}

// all does one thing after the other.
func all(changes ...func(*definition)) func(*definition) {
	return func(d *definition) {
		for _, change := range changes {
			change(d)
		}
	}
}

// cycling accepts a weight of any shape, and reads it over and over where one of the wanted shape has to be.
func cycling(wanted func(a *arguments) []int) func(*definition) {
	return func(d *definition) {
		var given *operand
		d.admit = func(a *arguments) {
			if w := a.weight; w != nil && len(w.values) > 0 && len(a.input.shape) > 0 && !tensor.SameShape(w.shape, wanted(a)) {
				given, a.weight = w, w.cycled(wanted(a))
			}
		}
		d.finish = func(_ *arguments, name string, o *operand) {
			if name == ports.GradWeight && given != nil {
				o.fold(given)
			}
		}
	}
}

// cycled is an operand of a shape with the values of o over and over.
func (o *operand) cycled(shape []int) *operand {
	values := make([]float64, size(shape))
	for i := range values {
		values[i] = o.values[i%len(o.values)]
	}
	return &operand{o.dtype, slices.Clone(shape), values}
}

// fold makes of a gradient in what is cycled that in the operand that was given.
func (o *operand) fold(given *operand) {
	values := make([]float64, len(given.values))
	for i, v := range o.values {
		values[i%len(values)] += v
	}
	o.shape, o.values = slices.Clone(given.shape), values
}
