package definition

import (
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// Loss is how a module is computed, step by step. That of [Of] is PyTorch's documentation in the
// grouping that does not cancel; a wrong variant replaces a step, or wraps it. Only the way forward
// is written: gradients follow by differentiation, unless a step says that they are others.
type Loss struct {
	Module string
	// Resolve turns the options into none, mean or sum; false means an invalid reduction.
	Resolve func(o ports.Options) (string, bool)
	// AnyInput takes integer and bool inputs for float32.
	AnyInput bool
	// Admit changes the arguments before they are checked, Prepare afterwards.
	Admit, Prepare func(a *Arguments)
	// Check refuses a call; nil means that it is accepted.
	Check func(a *Arguments) *ports.Rejected

	// View changes what the formula sees of an element or row.
	View func(u *Unit)
	// Coefficients sets u.A, what each class of a row counts.
	Coefficients func(u *Unit)
	// Functions sets u.F, the functions of the input that the loss adds up.
	Functions func(u *Unit)
	// Combine returns the loss of an element or row.
	Combine func(u *Unit) Number

	// Plan says how the losses of elements or rows become the loss.
	Plan func(a *Arguments) Plan
	// GradPlan changes the plan for the gradients, which else follow from that of the loss.
	GradPlan func(a *Arguments, p Plan) Plan
	// Upstream changes grad_output, one number for each element of the loss.
	Upstream func(values []float64)
	// Gradients are those that are not the derivatives of the loss, by output.
	Gradients map[string]Gradient
	// Sum adds losses of a dtype.
	Sum func(dtype tensor.DType, values []float64) float64
	// Finish changes an output before it is rounded to its dtype.
	Finish func(a *Arguments, output string, o *Operand)

	// Counts says for each element or row of a call (of MultiLabelSoftMarginLoss, for each row) how many
	// equal ones it stands for; nil means one. A reduction adds up all of them, the gradient is that of
	// one of them. There is no gradient in what several have in common, as a weight for each class.
	Counts []float64
	// Copies says for each element of an input (N, C), of the modules that have rows, how many equal ones
	// of its row it stands for, 0 for none; nil means one. All rows have as many. The gradient is that of
	// one of them.
	Copies []float64

	module ports.Module
	// dtype is that of the loss.
	dtype func(a *Arguments) tensor.DType
	// magnitudes are M of an element: see "Tolerances" in fixtures/README.md.
	magnitudes func(e factors) magnitudes
	// steepness enlarges errors of the gradient in the input, up to that of [smallestSlope], from where on
	// there is no oracle; nil means that it does not.
	steepness func(x float64) float64
	// factors are what the textbook formula makes of an input; largest is that of the row.
	factors func(u *Unit, x, largest float64) []float64
}

// Gradient says what a gradient is instead of the derivative of the loss.
type Gradient struct {
	// Of returns what is differentiated instead.
	Of func(u *Unit) Number
	// Change changes the derivatives of an element or row, which are not yet multiplied by the
	// scale of the reduction and grad_output.
	Change func(u *Unit, slope []float64)
}

// Unit is what has one loss: an element, or a row of CrossEntropyLoss.
type Unit struct {
	// X are the logits or the probability, T the targets, W the weights: one of each for an
	// element, one of each for the classes of a row. T is empty where the target is a class index.
	X, T, W []Number
	// P is pos_weight, where it is given. N is its counterpart for the negative term, which is none
	// unless a mistake sets it.
	P, N Number
	// Index is that of the element or row.
	Index int
	// Class is the class index, and Ignored says that it is ignore_index.
	Class   int
	Ignored bool
	// Copies are [Loss.Copies] of the classes of a row; nil means one each.
	Copies []float64
	// Smoothing is label_smoothing.
	Smoothing float64
	// DType is that of the input, in which an implementation would compute.
	DType tensor.DType

	// F are the functions of the input that the loss adds up: of an element those that belong to
	// target 1 and to target 0, of a row -log_softmax. A are the coefficients of those of a row.
	A, F []Number
	// Difference is F[0]-F[1] without what cancels, where there is such a thing.
	Difference Number

	tape  tape
	terms []Number
}

// Number returns a constant.
func (u *Unit) Number(v float64) Number { return u.tape.constant(v) }

// Classes is the number of classes of a row.
func (u *Unit) Classes() float64 {
	if u.Copies == nil {
		return float64(len(u.X))
	}
	return total(u.Copies)
}

// copies is the number of classes that class c stands for.
func (u *Unit) copies(c int) float64 {
	if u.Copies == nil {
		return 1
	}
	return u.Copies[c]
}

// Ones takes the weights for one.
func (u *Unit) Ones() {
	for c := range u.W {
		u.W[c] = u.Number(1)
	}
}

// Plan says how the losses of elements become the loss: a mean over classes where there is
// an axis of them, then none, mean or sum.
type Plan struct {
	Reduction string
	// Grid is the shape of the losses of elements.
	Grid []int
	// Axis of the grid is that of the classes, NoAxis if losses of elements stay apart.
	Axis int
	// Keep leaves the axis, with size 1.
	Keep bool
	// Classes divides the sums over classes, Count the sum of 'mean'.
	Classes, Count Number
}

// NoAxis says that there is no axis of classes.
const NoAxis = -1

// Of returns the right definition of a module. That of an unknown one refuses every call.
func Of(module string) *Loss {
	nothing := func(*Arguments) {}
	l := &Loss{
		Module: module, Admit: nothing, Prepare: nothing, Resolve: resolving("none", "mean", "sum", "elementwise_mean"),
		View: func(*Unit) {}, Coefficients: func(*Unit) {}, Functions: LogitFunctions, Combine: CombineTargets,
		Plan: PlanElements, GradPlan: func(_ *Arguments, p Plan) Plan { return p }, Upstream: func([]float64) {},
		Gradients: map[string]Gradient{}, module: ports.ModuleOf(module), dtype: ofTarget, magnitudes: logitMagnitudes, factors: logitFactors,
		Sum:    func(_ tensor.DType, values []float64) float64 { return SumOf(values) },
		Finish: func(*Arguments, string, *Operand) {},
	}
	l.Check = func(*Arguments) *ports.Rejected { return Rejected(ports.KindOption, "there is no module %q", module) }
	switch module {
	case ports.BCEWithLogitsLoss:
		l.Check = CheckBCEWithLogits
	case ports.MultiLabelSoftMarginLoss:
		l.Check, l.Plan, l.Resolve = CheckMultiLabel, PlanClassMean, resolving("none", "mean", "sum")
		l.dtype = promotedDType
	case ports.BCELoss:
		l.Check, l.Functions = CheckBCE, ProbabilityFunctions
		l.magnitudes, l.steepness, l.factors = probabilityMagnitudes, steepness, probabilityFactors
	case ports.CrossEntropyLoss:
		l.Check, l.Coefficients, l.Functions, l.Combine, l.Plan = CheckCrossEntropy, ClassCoefficients, ClassFunctions, CombineClasses, PlanRows
		l.dtype, l.factors = rowDType, classFactors
	}
	return l
}

func resolving(accepted ...string) func(ports.Options) (string, bool) {
	return func(o ports.Options) (string, bool) { return Resolve(o, accepted...) }
}

// Resolve returns the reduction that options mean: a legacy argument, once given, overrides
// the reduction, which is then not looked at. accepted are the valid reductions.
func Resolve(o ports.Options, accepted ...string) (string, bool) {
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

// PlanElements is that of BCEWithLogitsLoss and BCELoss.
func PlanElements(a *Arguments) Plan {
	return Plan{a.Reduction, a.Grid, NoAxis, false, a.Number(1), a.Number(a.count(Size(a.Grid)))}
}

// PlanClassMean is that of MultiLabelSoftMarginLoss: a mean over the last dimension of the input.
// Where the grid has more dimensions, that is not its last: PyTorch sums the wrong one, and divides
// by the size of the input's.
func PlanClassMean(a *Arguments) Plan { return ClassMean(a, len(a.Input.Shape)-1) }

// ClassMean is the plan with a mean over an axis.
func ClassMean(a *Arguments, axis int) Plan {
	rest, _ := Without(a.Grid, axis)
	classes := float64(a.Input.Shape[axis])
	if a.copies != nil {
		classes = total(a.copies[:a.Input.Shape[axis]])
	}
	return Plan{a.Reduction, a.Grid, axis, false, a.Number(classes), a.Number(a.count(Size(rest)))}
}

// PlanRows is that of CrossEntropyLoss: the mean of class indices is divided by the weights of the
// targets, that of class probabilities by the number of rows.
func PlanRows(a *Arguments) Plan {
	p := PlanElements(a)
	if !a.Probabilities && a.Reduction == "mean" {
		p.Count = a.TargetWeights()
	}
	return p
}

// TargetWeights returns the sum of the weights of the class indices that are not ignored.
func (a *Arguments) TargetWeights() Number {
	var weights []Number
	a.Each(func(i int, u *Unit) {
		if !u.Ignored && len(u.W) > 0 {
			w := a.Keep(u.W[u.Class])
			if a.counts != nil {
				w = w.Scale(a.counts[i])
			}
			weights = append(weights, w)
		}
	})
	return Sum(a.Number(0), weights...)
}

// groups returns, for each element of the grid, the element of 'none' that it belongs to, nil where
// that is its own, and the shape of that.
func (p Plan) groups() (group []int32, shape []int) {
	if p.Axis == NoAxis {
		return nil, p.Grid
	}
	shape, inner := Without(p.Grid, p.Axis)
	group = make([]int32, Size(p.Grid))
	for i := range group {
		group[i] = int32(i/(inner*p.Grid[p.Axis])*inner + i%inner)
	}
	if p.Keep {
		shape = slices.Insert(shape, p.Axis, 1)
	}
	return group, shape
}
