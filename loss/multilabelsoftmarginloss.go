package loss

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
type MultiLabelSoftMarginLoss[T Element] struct {
	// Weight multiplies the loss of each element before the mean over the classes; nil
	// means ones. It must broadcast to the shape of input, usually as (C,).
	// The mean divides by C, not by the sum of the weights.
	Weight    *Tensor[T]
	Reduction Reduction
}

// Forward returns the loss. The error is a [*ShapeError] or an [*OptionError].
func (l MultiLabelSoftMarginLoss[T]) Forward(input, target Tensor[T]) (Tensor[T], error) {
	return l.criterion().forward(input, ClassProbabilities(target))
}

// GradInput returns the gradient of the loss in input, in its shape. gradOutput is the
// upstream gradient, in the shape of the loss; nil means ones. The errors are those of [MultiLabelSoftMarginLoss.Forward].
func (l MultiLabelSoftMarginLoss[T]) GradInput(input, target Tensor[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	return l.criterion().gradInput(input, ClassProbabilities(target), gradOutput)
}

// GradTarget returns the gradient of the loss in target, in its shape. The errors are those of [MultiLabelSoftMarginLoss.Forward].
func (l MultiLabelSoftMarginLoss[T]) GradTarget(input, target Tensor[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	return l.criterion().gradTarget(input, ClassProbabilities(target), gradOutput)
}

// GradWeight returns the gradient of the loss in Weight, in its own shape: the sum over
// the dimensions along which it is broadcast. The errors are those of [MultiLabelSoftMarginLoss.Forward], and an [*OptionError]
// if the loss has no Weight.
func (l MultiLabelSoftMarginLoss[T]) GradWeight(input, target Tensor[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	return l.criterion().gradWeight(input, ClassProbabilities(target), gradOutput)
}

// ForwardGrad returns the loss and its gradient in input, computed in one pass: faster
// than [MultiLabelSoftMarginLoss.Forward] and [MultiLabelSoftMarginLoss.GradInput], with the same results. gradOutput enters the gradient alone.
func (l MultiLabelSoftMarginLoss[T]) ForwardGrad(input, target Tensor[T], gradOutput *Tensor[T]) (loss, gradInput Tensor[T], err error) {
	return l.criterion().forwardGrad(input, ClassProbabilities(target), gradOutput)
}

// Into writes what results has slices for, and allocates nothing.
func (l MultiLabelSoftMarginLoss[T]) Into(results Results[T], input, target Tensor[T], gradOutput *Tensor[T]) error {
	return l.criterion().into(&results, &input, ClassProbabilities(target), gradOutput)
}

func (l MultiLabelSoftMarginLoss[T]) criterion() *criterion[T] {
	return &criterion[T]{module: "MultiLabelSoftMarginLoss", kind: ofLabels, reduction: l.Reduction, weight: l.Weight}
}
