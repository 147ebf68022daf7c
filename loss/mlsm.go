package loss

import "slices"

// MultiLabelSoftMarginLoss is the multi-label one-versus-all loss of logits, PyTorch's
// module of that name: the mean, over the classes in the last dimension, of the binary cross-entropy
//
//	l = w·(t·softplus(-x) + (1-t)·softplus(x))
//
// with logit x (input), target t and weight w. The zero value is ready to use: no weight, and
// the mean over all samples.
//
// Input has the shape (…, C), with at least one dimension, and target must have the same. The
// loss has the shape of input without its last dimension with [None], else it is 0-d; that of
// one sample, (C,), is always 0-d. The targets are not checked: they may be soft and lie outside of
// [0, 1].
//
// PyTorch silently broadcasts a target of another shape and a weight of more dimensions than input,
// and then averages over a dimension that is not that of the classes. Here both are refused.
//
// The package documentation has the gradients. The formula is that of https://docs.pytorch.org/docs/2.15/generated/torch.nn.MultiLabelSoftMarginLoss.html.
//
// Methods do not change the loss, nor what it points to, and may be called concurrently.
type MultiLabelSoftMarginLoss[T Float] struct {
	// Weight multiplies the loss of each element before the mean over the classes; nil
	// means ones. It must broadcast to the shape of input, usually as (C,).
	// The mean divides by C, not by the sum of the weights.
	Weight    *Tensor[T]
	Reduction Reduction
}

const mlsmName = "MultiLabelSoftMarginLoss"

// maxEmptySamples bounds the losses that are allocated for an input without elements:
// there an arbitrarily large loss would belong to a shape that costs nothing.
const maxEmptySamples = 1 << 24

// Forward returns the loss. The error is a [*ShapeError] or an [*OptionError].
func (l MultiLabelSoftMarginLoss[T]) Forward(input, target Tensor[T]) (Tensor[T], error) {
	loss, err := l.newLoss(input)
	if err != nil {
		return Tensor[T]{}, err
	}
	return loss.unless(l.ForwardInto(loss.Data, input, target))
}

// ForwardInto writes the loss to dst, which has one element, or with [None] one for each
// sample. It allocates nothing. With [None] dst may be the first part of the memory of input or
// target.
// The errors are those of [MultiLabelSoftMarginLoss.Forward].
func (l MultiLabelSoftMarginLoss[T]) ForwardInto(dst []T, input, target Tensor[T]) error {
	r, err := l.prepare(input, target)
	if err != nil {
		return err
	}
	if err := checkLen(mlsmName, "loss", dst, l.lossLen(input)); err != nil {
		return err
	}
	j := job[T]{runs: r}
	if l.Reduction == None {
		j.rows, j.div = dst, l.div(input)
		j.run()
		return nil
	}
	j.sum = true
	dst[0] = l.reduce(j.run(), input)
	return nil
}

// GradInput returns the gradient of the loss in input, in its shape. gradOutput is the
// upstream gradient, in the shape of the loss; nil means ones. The error is a
// [*ShapeError] or an [*OptionError].
func (l MultiLabelSoftMarginLoss[T]) GradInput(input, target Tensor[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	grad := like(input)
	return grad.unless(l.GradInputInto(grad.Data, input, target, gradOutput))
}

// GradInputInto writes the gradient of the loss in input to dst, which has as many
// elements as input, and allocates nothing. dst may be the memory of input or target.
// The errors are those of [MultiLabelSoftMarginLoss.GradInput].
func (l MultiLabelSoftMarginLoss[T]) GradInputInto(dst []T, input, target Tensor[T], gradOutput *Tensor[T]) error {
	r, u, err := l.prepareGrad("grad_input", dst, len(input.Data), input, target, gradOutput)
	if err != nil {
		return err
	}
	j := job[T]{runs: r, gradInput: dst, upstream: u, nan: l.nan()}
	j.run()
	return nil
}

// GradTarget returns the gradient of the loss in target, in its shape. gradOutput is the
// upstream gradient, in the shape of the loss; nil means ones. The error is a
// [*ShapeError] or an [*OptionError].
func (l MultiLabelSoftMarginLoss[T]) GradTarget(input, target Tensor[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	grad := like(input)
	return grad.unless(l.GradTargetInto(grad.Data, input, target, gradOutput))
}

// GradTargetInto writes the gradient of the loss in target to dst, which has as many
// elements as target, and allocates nothing. dst may be the memory of input or target.
// The errors are those of [MultiLabelSoftMarginLoss.GradTarget].
func (l MultiLabelSoftMarginLoss[T]) GradTargetInto(dst []T, input, target Tensor[T], gradOutput *Tensor[T]) error {
	r, u, err := l.prepareGrad("grad_target", dst, len(input.Data), input, target, gradOutput)
	if err != nil {
		return err
	}
	j := job[T]{runs: r, gradTarget: dst, upstream: u}
	j.run()
	return nil
}

// GradWeight returns the gradient of the loss in Weight, in its own shape: the sum over
// the dimensions along which it is broadcast. gradOutput is the upstream gradient, in the shape of the
// loss; nil means ones. The error is a [*ShapeError] or an [*OptionError], the latter
// also if the loss has no Weight.
func (l MultiLabelSoftMarginLoss[T]) GradWeight(input, target Tensor[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	var grad Tensor[T]
	if l.Weight != nil {
		grad = like(*l.Weight)
	}
	return grad.unless(l.GradWeightInto(grad.Data, input, target, gradOutput))
}

// GradWeightInto writes the gradient of the loss in Weight to dst, which has as many
// elements as Weight, and allocates nothing. dst may be the memory of Weight, but must not overlap
// input, target and gradOutput.
// The errors are those of [MultiLabelSoftMarginLoss.GradWeight].
func (l MultiLabelSoftMarginLoss[T]) GradWeightInto(dst []T, input, target Tensor[T], gradOutput *Tensor[T]) error {
	if l.Weight == nil {
		return &OptionError{Module: mlsmName, Option: "weight", Reason: "got nil, want a tensor: there is no gradient without it"}
	}
	_, u, err := l.prepareGrad("grad_weight", dst, len(l.Weight.Data), input, target, gradOutput)
	if err != nil {
		return err
	}
	gradWeight(dst, l.Weight.Shape, input, target, u)
	return nil
}

// ForwardGrad returns the loss and its gradient in input, computed in one pass: faster
// than [MultiLabelSoftMarginLoss.Forward] and [MultiLabelSoftMarginLoss.GradInput], with the same results.
// gradOutput is the upstream gradient, in the shape of the loss; nil means ones: it enters the gradient alone. The error is a [*ShapeError] or an [*OptionError].
func (l MultiLabelSoftMarginLoss[T]) ForwardGrad(input, target Tensor[T], gradOutput *Tensor[T]) (loss, gradInput Tensor[T], err error) {
	loss, err = l.newLoss(input)
	if err != nil {
		return Tensor[T]{}, Tensor[T]{}, err
	}
	gradInput = like(input)
	if err := l.ForwardGradInto(loss.Data, gradInput.Data, input, target, gradOutput); err != nil {
		return Tensor[T]{}, Tensor[T]{}, err
	}
	return loss, gradInput, nil
}

// ForwardGradInto writes the loss and its gradient in input, in one pass, and allocates
// nothing. The slices are those of [MultiLabelSoftMarginLoss.ForwardInto] and
// [MultiLabelSoftMarginLoss.GradInputInto] and must not overlap each other; loss must not
// overlap input, target and gradOutput either.
// The errors are those of [MultiLabelSoftMarginLoss.ForwardGrad].
func (l MultiLabelSoftMarginLoss[T]) ForwardGradInto(loss, gradInput []T, input, target Tensor[T], gradOutput *Tensor[T]) error {
	r, u, err := l.prepareGrad("grad_input", gradInput, len(input.Data), input, target, gradOutput)
	if err != nil {
		return err
	}
	if err := checkLen(mlsmName, "loss", loss, l.lossLen(input)); err != nil {
		return err
	}
	j := job[T]{runs: r, gradInput: gradInput, upstream: u, nan: l.nan()}
	if l.Reduction == None {
		j.rows, j.div = loss, l.div(input)
		j.run()
		return nil
	}
	j.sum = true
	loss[0] = l.reduce(j.run(), input)
	return nil
}

// prepare checks the options and the inputs and cuts them into runs.
func (l MultiLabelSoftMarginLoss[T]) prepare(input, target Tensor[T]) (runs[T], error) {
	if err := l.Reduction.check(mlsmName); err != nil {
		return runs[T]{}, err
	}
	if len(input.Shape) == 0 {
		return runs[T]{}, shapeErrorf(mlsmName, "input", "got shape (), want at least one dimension, that of the classes")
	}
	if err := checkPair(mlsmName, input, target); err != nil {
		return runs[T]{}, err
	}
	if err := checkBroadcast(mlsmName, "weight", l.Weight, input.Shape); err != nil {
		return runs[T]{}, err
	}
	return newRuns(input, target, l.Weight, nil, l.Reduction == None), nil
}

// prepareGrad is prepare for a gradient of n elements, which is to be written to dst.
func (l MultiLabelSoftMarginLoss[T]) prepareGrad(name string, dst []T, n int, input, target Tensor[T], gradOutput *Tensor[T]) (runs[T], upstream[T], error) {
	r, err := l.prepare(input, target)
	if err != nil {
		return runs[T]{}, upstream[T]{}, err
	}
	if err := checkLen(mlsmName, name, dst, n); err != nil {
		return runs[T]{}, upstream[T]{}, err
	}
	u, err := newUpstream(mlsmName, gradOutput, l.lossShape(input), l.div(input))
	u.perRun = l.Reduction == None
	return r, u, err
}

// newLoss returns a tensor for the loss of a valid input.
func (l MultiLabelSoftMarginLoss[T]) newLoss(input Tensor[T]) (Tensor[T], error) {
	if err := check(mlsmName, "input", input); err != nil {
		return Tensor[T]{}, err
	}
	n := l.lossLen(input)
	if len(input.Data) == 0 && n > maxEmptySamples {
		return Tensor[T]{}, shapeErrorf(mlsmName, "input", "shape %s has %d samples without classes, want at most %d",
			formatShape(input.Shape), n, maxEmptySamples)
	}
	return Tensor[T]{Shape: slices.Clone(l.lossShape(input)), Data: make([]T, n)}, nil
}

// lossShape returns the shape of the loss.
func (l MultiLabelSoftMarginLoss[T]) lossShape(input Tensor[T]) []int {
	if l.Reduction == None && len(input.Shape) > 0 {
		return input.Shape[:len(input.Shape)-1]
	}
	return nil
}

// lossLen returns the number of elements of the loss.
func (l MultiLabelSoftMarginLoss[T]) lossLen(input Tensor[T]) int {
	if l.Reduction == None {
		return samples(input.Shape)
	}
	return 1
}

// div returns what a sum of losses is divided by: the number of classes, and in the mean
// that of samples too.
func (l MultiLabelSoftMarginLoss[T]) div(input Tensor[T]) float64 {
	if l.Reduction == Mean {
		return float64(len(input.Data))
	}
	return float64(fromEnd(input.Shape, 0))
}

// samples returns the number of rows along the last dimension of a valid shape, which
// may have no elements.
func samples(shape []int) int {
	n := 1
	for _, d := range shape[:max(0, len(shape)-1)] {
		n *= d
	}
	return n
}

// reduce returns the loss, given the sum of those of all elements.
func (l MultiLabelSoftMarginLoss[T]) reduce(sum float64, input Tensor[T]) T {
	if l.Reduction == Sum && samples(input.Shape) == 0 {
		return 0 // a sum over no samples, even where each would be 0/0
	}
	return T(sum / l.div(input))
}

// nan returns where the gradient in the input is NaN.
func (l MultiLabelSoftMarginLoss[T]) nan() infWeight {
	if l.Weight == nil {
		return never
	}
	return atWeight
}
