package loss

// BCELoss is the binary cross-entropy of probabilities, PyTorch's module of that name:
//
//	l = -w·(t·log'(x) + (1-t)·log'(1-x))    with log'(z) = max(log z, -100)
//
// for each element, with probability x (input), target t and weight w. The logarithm is bounded so
// that the loss of a certain and wrong answer is 100 and not infinite; that is part of PyTorch's definition. The
// zero value is ready to use: no weight, and the mean over all elements.
//
// Input may have any shape, 0-d included, and target must have the same. The loss has the
// shape of input with [None], else it is 0-d. All elements of input and target must lie in [0, 1]: a [*ValueError] names
// the first one that does not.
//
// The gradient in the input is
//
//	u·s·w·(x-t) / max(x·(1-x), ε)    with ε = float32(1e-12) = 9.99999996e-13
//
// with upstream gradient u and scale of the reduction s. ε, also for float64, is PyTorch's; where x·(1-x) is less than 1e-12 the
// result is PyTorch's and not the derivative of the loss. There is no gradient in the weight, as in PyTorch.
//
// For logits use [BCEWithLogitsLoss], which neither saturates nor rounds probabilities to 1.
//
// The formula of the loss is that of https://docs.pytorch.org/docs/2.15/generated/torch.nn.BCELoss.html.
//
// Methods do not change the loss, nor what it points to, and may be called concurrently.
type BCELoss[T Element] struct {
	// Weight multiplies the loss of each element; nil means ones. It must broadcast to the
	// shape of input: (C,) weighs classes, (N, 1) samples, the shape of input elements.
	// The mean divides by the number of elements, not by the sum of the weights.
	Weight    *Tensor[T]
	Reduction Reduction
}

// Forward returns the loss. The error is a [*ShapeError], an [*OptionError] or a
// [*ValueError].
func (l BCELoss[T]) Forward(input, target Tensor[T]) (Tensor[T], error) {
	return l.criterion().forward(input, ClassProbabilities(target))
}

// GradInput returns the gradient of the loss in input, in its shape. gradOutput is the
// upstream gradient, in the shape of the loss; nil means ones. The errors are those of [BCELoss.Forward].
func (l BCELoss[T]) GradInput(input, target Tensor[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	return l.criterion().gradInput(input, ClassProbabilities(target), gradOutput)
}

// GradTarget returns the gradient of the loss in target, in its shape: u·s·w·(log'(1-x) - log'(x)), with the bounded
// logarithms of the loss. (PyTorch's is not bounded: it is infinite where x is 0 or 1.) The errors are those of [BCELoss.Forward].
func (l BCELoss[T]) GradTarget(input, target Tensor[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	return l.criterion().gradTarget(input, ClassProbabilities(target), gradOutput)
}

// ForwardGrad returns the loss and its gradient in input, computed in one pass: faster
// than [BCELoss.Forward] and [BCELoss.GradInput], with the same results. gradOutput enters the gradient alone.
func (l BCELoss[T]) ForwardGrad(input, target Tensor[T], gradOutput *Tensor[T]) (loss, gradInput Tensor[T], err error) {
	return l.criterion().forwardGrad(input, ClassProbabilities(target), gradOutput)
}

// Into writes what results has slices for, and allocates nothing. After a [*ValueError] what they hold is
// not defined.
func (l BCELoss[T]) Into(results Results[T], input, target Tensor[T], gradOutput *Tensor[T]) error {
	return l.criterion().into(&results, &input, ClassProbabilities(target), gradOutput)
}

func (l BCELoss[T]) criterion() *criterion[T] {
	return &criterion[T]{module: "BCELoss", kind: ofProbabilities, reduction: l.Reduction, weight: l.Weight}
}
