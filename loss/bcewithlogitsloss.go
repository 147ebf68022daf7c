package loss

// BCEWithLogitsLoss is the binary cross-entropy of logits, PyTorch's module of that name:
//
//	l = w·(p·t·softplus(-x) + (1-t)·softplus(x))
//
// for each element, with logit x (input), target t, weight w and pos_weight p. The zero
// value is ready to use: no weights, and the mean over all elements.
//
// Input may have any shape, 0-d included, and target must have the same. The loss has the
// shape of input with [None], else it is 0-d. The targets are not checked: they may be soft and lie
// outside of [0, 1].
//
// The package documentation has the gradients. There is none in the weights, as in PyTorch. The formula is that of https://docs.pytorch.org/docs/2.15/generated/torch.nn.BCEWithLogitsLoss.html.
//
// Methods do not change the loss, nor what it points to, and may be called concurrently.
type BCEWithLogitsLoss[T Element] struct {
	// Weight multiplies the loss of each element; nil means ones. It must broadcast to the
	// shape of input: (C,) weighs classes, (N, 1) samples, the shape of input elements.
	// Unlike in PyTorch's weighted CrossEntropyLoss, the mean still divides by the number of elements.
	Weight *Tensor[T]
	// PosWeight multiplies the term of the positive targets, p·t·softplus(-x); nil means
	// ones. It must broadcast to the shape of input.
	PosWeight *Tensor[T]
	Reduction Reduction
	// Nearest makes each float32 loss of [None] and its gradient in input the number nearest to the exact one, for
	// targets of 0 and 1, without weights and without an upstream gradient. Without Nearest that holds for all but a few
	// in a hundred thousand. It takes time (docs/performance.md has figures), and most where |x| is 87 or more.
	// With other targets the results of None differ in their last bits, and are not all the nearest; elsewhere nothing does.
	Nearest bool
}

// Forward returns the loss. The error is a [*ShapeError] or an [*OptionError].
func (l BCEWithLogitsLoss[T]) Forward(input, target Tensor[T]) (Tensor[T], error) {
	return l.criterion().forward(input, ClassProbabilities(target))
}

// GradInput returns the gradient of the loss in input, in its shape. gradOutput is the
// upstream gradient, in the shape of the loss; nil means ones. The errors are those of [BCEWithLogitsLoss.Forward].
func (l BCEWithLogitsLoss[T]) GradInput(input, target Tensor[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	return l.criterion().gradInput(input, ClassProbabilities(target), gradOutput)
}

// GradTarget returns the gradient of the loss in target, in its shape. The errors are those of [BCEWithLogitsLoss.Forward].
func (l BCEWithLogitsLoss[T]) GradTarget(input, target Tensor[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	return l.criterion().gradTarget(input, ClassProbabilities(target), gradOutput)
}

// ForwardGrad returns the loss and its gradient in input, computed in one pass: faster
// than [BCEWithLogitsLoss.Forward] and [BCEWithLogitsLoss.GradInput], with the same results. gradOutput enters the gradient alone.
func (l BCEWithLogitsLoss[T]) ForwardGrad(input, target Tensor[T], gradOutput *Tensor[T]) (loss, gradInput Tensor[T], err error) {
	return l.criterion().forwardGrad(input, ClassProbabilities(target), gradOutput)
}

// Into writes what results has slices for, and allocates nothing.
func (l BCEWithLogitsLoss[T]) Into(results Results[T], input, target Tensor[T], gradOutput *Tensor[T]) error {
	return l.criterion().into(&results, &input, ClassProbabilities(target), gradOutput)
}

func (l BCEWithLogitsLoss[T]) criterion() *criterion[T] {
	return &criterion[T]{module: "BCEWithLogitsLoss", kind: ofLogits, reduction: l.Reduction, weight: l.Weight, posWeight: l.PosWeight, nearest: l.Nearest}
}
