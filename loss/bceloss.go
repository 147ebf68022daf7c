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
type BCELoss[T Float] struct {
	// Weight multiplies the loss of each element; nil means ones. It must broadcast to the
	// shape of input: (C,) weighs classes, (N, 1) samples, the shape of input elements.
	// The mean divides by the number of elements, not by the sum of the weights.
	Weight    *Tensor[T]
	Reduction Reduction
}

const bceLossName = "BCELoss"

// Forward returns the loss. The error is a [*ShapeError], an [*OptionError] or a
// [*ValueError].
func (l BCELoss[T]) Forward(input, target Tensor[T]) (Tensor[T], error) {
	loss := l.elements().newLoss(input)
	return loss.unless(l.ForwardInto(loss.Data, input, target))
}

// ForwardInto writes the loss to dst, which has one element, or with [None] as many as
// input. It allocates nothing. With [None] dst may be the memory of input or target. After a [*ValueError] what dst
// holds is not defined.
// The errors are those of [BCELoss.Forward].
func (l BCELoss[T]) ForwardInto(dst []T, input, target Tensor[T]) error {
	r, err := l.elements().prepareLoss(dst, input, target)
	if err != nil {
		return err
	}
	return l.run(probabilityJob[T]{runs: r}, dst, input)
}

// GradInput returns the gradient of the loss in input, in its shape. gradOutput is the
// upstream gradient, in the shape of the loss; nil means ones. The error is a
// [*ShapeError], an [*OptionError] or a [*ValueError].
func (l BCELoss[T]) GradInput(input, target Tensor[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	grad := like(input)
	return grad.unless(l.GradInputInto(grad.Data, input, target, gradOutput))
}

// GradInputInto writes the gradient of the loss in input to dst, which has as many
// elements as input, and allocates nothing. dst may be the memory of input or target, or, with
// [None], of gradOutput. After a [*ValueError] what dst holds is not defined.
// The errors are those of [BCELoss.GradInput].
func (l BCELoss[T]) GradInputInto(dst []T, input, target Tensor[T], gradOutput *Tensor[T]) error {
	r, u, err := l.elements().prepareGrad("grad_input", dst, input, target, gradOutput)
	if err != nil {
		return err
	}
	return l.run(probabilityJob[T]{runs: r, gradInput: dst, upstream: u}, nil, input)
}

// GradTarget returns the gradient of the loss in target, in its shape: u·s·w·(log'(1-x) - log'(x)), with the bounded
// logarithms of the loss. (PyTorch's is not bounded: it is infinite where x is 0 or 1.) gradOutput is the
// upstream gradient, in the shape of the loss; nil means ones. The error is a
// [*ShapeError], an [*OptionError] or a [*ValueError].
func (l BCELoss[T]) GradTarget(input, target Tensor[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	grad := like(input)
	return grad.unless(l.GradTargetInto(grad.Data, input, target, gradOutput))
}

// GradTargetInto writes the gradient of the loss in target to dst, which has as many
// elements as target, and allocates nothing. dst may be the memory of input or target, or, with
// [None], of gradOutput. After a [*ValueError] what dst holds is not defined.
// The errors are those of [BCELoss.GradTarget].
func (l BCELoss[T]) GradTargetInto(dst []T, input, target Tensor[T], gradOutput *Tensor[T]) error {
	r, u, err := l.elements().prepareGrad("grad_target", dst, input, target, gradOutput)
	if err != nil {
		return err
	}
	return l.run(probabilityJob[T]{runs: r, gradTarget: dst, upstream: u}, nil, input)
}

// ForwardGrad returns the loss and its gradient in input, computed in one pass: faster
// than [BCELoss.Forward] and [BCELoss.GradInput], with the same results.
// gradOutput is the upstream gradient, in the shape of the loss; nil means ones: it enters the gradient alone. The error is a [*ShapeError], an [*OptionError] or a [*ValueError].
func (l BCELoss[T]) ForwardGrad(input, target Tensor[T], gradOutput *Tensor[T]) (loss, gradInput Tensor[T], err error) {
	loss, gradInput = l.elements().newLoss(input), like(input)
	if err := l.ForwardGradInto(loss.Data, gradInput.Data, input, target, gradOutput); err != nil {
		return Tensor[T]{}, Tensor[T]{}, err
	}
	return loss, gradInput, nil
}

// ForwardGradInto writes the loss and its gradient in input, in one pass, and allocates
// nothing. The slices are those of [BCELoss.ForwardInto] and [BCELoss.GradInputInto] and must not overlap
// each other. After a [*ValueError] what they hold is not defined.
// The errors are those of [BCELoss.ForwardGrad].
func (l BCELoss[T]) ForwardGradInto(loss, gradInput []T, input, target Tensor[T], gradOutput *Tensor[T]) error {
	r, u, err := l.elements().prepareGrad("grad_input", gradInput, input, target, gradOutput)
	if err != nil {
		return err
	}
	if err := l.elements().checkLoss(loss, input); err != nil {
		return err
	}
	return l.run(probabilityJob[T]{runs: r, gradInput: gradInput, upstream: u}, loss, input)
}

// run runs j and writes the loss to dst, unless that is nil.
func (l BCELoss[T]) run(j probabilityJob[T], dst []T, input Tensor[T]) error {
	j.sum = dst != nil && l.Reduction != None
	if l.Reduction == None {
		j.losses = dst
	}
	sum, refused := j.run()
	if refused.found {
		return valueError(bceLossName, refused.argument, input.Shape, refused.index, refused.value, "a number from 0 to 1")
	}
	if j.sum {
		dst[0] = T(sum / l.elements().div(input))
	}
	return nil
}

// elements returns what is as in BCEWithLogitsLoss.
func (l BCELoss[T]) elements() elements[T] {
	return elements[T]{module: bceLossName, reduction: l.Reduction, weight: l.Weight}
}
