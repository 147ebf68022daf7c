package divergence

import (
	"math"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// plan says how the losses of elements become the loss: a mean over classes where there is
// an axis of them, then none, mean or sum.
type plan struct {
	reduction string
	// grid is the shape of the losses of elements.
	grid []int
	// axis of the grid is that of the classes, noAxis if losses of elements stay apart.
	axis int
	// keep leaves the axis, with size 1.
	keep bool
	// classes divides the sums over classes, count the sum of 'mean'.
	classes, count float64
}

const noAxis = -1

// resolve returns the reduction that options mean: a legacy argument, once given, overrides
// the reduction, which is then not looked at. accepted are the valid reductions.
func resolve(o ports.Options, accepted ...string) (string, bool) {
	switch {
	case o.Reduce != nil && !*o.Reduce:
		return "none", true
	case o.SizeAverage != nil && !*o.SizeAverage:
		return "sum", true
	case o.Reduce != nil || o.SizeAverage != nil || o.Reduction == nil:
		return "mean", true
	case !slices.Contains(accepted, *o.Reduction):
		return "", false
	case *o.Reduction == "elementwise_mean":
		return "mean", true
	}
	return *o.Reduction, true
}

func planBCE(a *arguments) plan {
	return plan{reduction: a.reduction, grid: a.grid, axis: noAxis, classes: 1, count: float64(size(a.grid))}
}

// planMLSM means over the last dimension of the input. Where the grid has more dimensions, that
// is not its last: PyTorch sums the wrong one, and divides by the size of the input's.
func planMLSM(a *arguments) plan { return classMean(a, len(a.input.shape)-1) }

// classMean is the plan with a mean over an axis.
func classMean(a *arguments, axis int) plan {
	rest, _ := without(a.grid, axis)
	return plan{reduction: a.reduction, grid: a.grid, axis: axis, classes: float64(a.input.shape[axis]), count: float64(size(rest))}
}

// without returns a shape without an axis, and the number of elements behind that axis.
func without(shape []int, axis int) (rest []int, inner int) {
	return slices.Delete(slices.Clone(shape), axis, axis+1), size(shape[axis+1:])
}

// groups returns, for each element of the grid, the element of 'none' that it belongs to, and
// the shape of that.
func (p plan) groups() (group, shape []int) {
	group = make([]int, size(p.grid))
	if p.axis == noAxis {
		for i := range group {
			group[i] = i
		}
		return group, p.grid
	}
	shape, inner := without(p.grid, p.axis)
	for i := range group {
		group[i] = i/(inner*p.grid[p.axis])*inner + i%inner
	}
	if p.keep {
		shape = slices.Insert(shape, p.axis, 1)
	}
	return group, shape
}

// reduce makes the loss of the losses of elements.
func (d *definition) reduce(a *arguments, p plan, values []float64) *operand {
	dtype := lossDType(a)
	shape := p.grid
	if p.axis != noAxis {
		var group []int
		group, shape = p.groups()
		terms := make([][]float64, size(shape))
		for i, g := range group {
			terms[g] = append(terms[g], values[i])
		}
		values = make([]float64, len(terms))
		for i, t := range terms {
			values[i] = d.quotient(dtype, t, p.classes)
		}
	}
	switch p.reduction {
	case "mean":
		return &operand{dtype, []int{}, []float64{d.quotient(dtype, values, p.count)}}
	case "sum":
		return &operand{dtype, []int{}, []float64{d.sum(dtype, values)}}
	}
	return &operand{dtype, shape, values}
}

// quotient is the sum of values divided by n, also where the sum alone overflows.
func (d *definition) quotient(dtype tensor.DType, values []float64, n float64) float64 {
	sum := d.sum(dtype, values)
	if !math.IsInf(sum, 0) && !math.IsNaN(sum) || slices.ContainsFunc(values, notFinite) {
		return sum / n
	}
	divided := make([]float64, len(values))
	for i, v := range values {
		divided[i] = v / n
	}
	return d.sum(dtype, divided)
}

func notFinite(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

// scales returns what the derivatives of elements are multiplied by; false means that
// grad_output does not fit the loss.
func (d *definition) scales(a *arguments, p plan) ([]float64, bool) {
	group, shape := p.groups()
	upstream := []float64{1}
	if p.reduction == "none" {
		upstream = slices.Repeat(upstream, size(shape))
	}
	if a.upstream != nil {
		if len(a.upstream.values) != len(upstream) {
			return nil, false
		}
		upstream = slices.Clone(a.upstream.values)
	}
	d.upstream(upstream)
	divisor := p.classes
	if p.reduction == "mean" {
		divisor *= p.count
	}
	scales := make([]float64, len(group))
	for i, g := range group {
		if p.reduction != "none" {
			g = 0
		}
		scales[i] = upstream[g] / divisor
	}
	return scales, true
}

// lossDType is PyTorch's: that of the target for BCEWithLogitsLoss and BCELoss, and the promoted one for
// MultiLabelSoftMarginLoss, where 0-d tensors do not count, and for class probabilities.
func lossDType(a *arguments) tensor.DType {
	switch {
	case a.module == ports.BCEWithLogitsLoss || a.module == ports.BCELoss:
		return a.target.dtype
	case a.module == ports.CrossEntropyLoss && a.probabilities:
		return promoted(a.input, a.target, a.weight)
	case a.module == ports.CrossEntropyLoss:
		return a.input.dtype
	}
	dtype := a.input.dtype
	for _, o := range []*operand{a.target, a.weight} {
		if o != nil && o.dtype == tensor.Float64 && (len(o.shape) > 0 || len(a.input.shape) == 0) {
			dtype = tensor.Float64
		}
	}
	return dtype
}
