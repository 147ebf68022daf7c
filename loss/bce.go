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
type BCEWithLogitsLoss[T Float] struct {
	// Weight multiplies the loss of each element; nil means ones. It must broadcast to the
	// shape of input: (C,) weighs classes, (N, 1) samples, the shape of input elements.
	// Unlike in PyTorch's weighted CrossEntropyLoss, the mean still divides by the number of elements.
	Weight *Tensor[T]
	// PosWeight multiplies the term of the positive targets, p·t·softplus(-x); nil means
	// ones. It must broadcast to the shape of input.
	PosWeight *Tensor[T]
	Reduction Reduction
}

// Forward returns the loss. The error is a [*ShapeError] or an [*OptionError].
func (l BCEWithLogitsLoss[T]) Forward(input, target Tensor[T]) (Tensor[T], error) {
	loss := l.elements().newLoss(input)
	return loss.unless(l.ForwardInto(loss.Data, input, target))
}

// ForwardInto writes the loss to dst, which has one element, or with [None] as many as
// input. It allocates nothing. With [None] dst may be the memory of input or target.
// The errors are those of [BCEWithLogitsLoss.Forward].
func (l BCEWithLogitsLoss[T]) ForwardInto(dst []T, input, target Tensor[T]) error {
	r, err := l.elements().prepareLoss(dst, input, target)
	if err != nil {
		return err
	}
	l.run(&job[T]{runs: r}, dst, input)
	return nil
}

// GradInput returns the gradient of the loss in input, in its shape. gradOutput is the
// upstream gradient, in the shape of the loss; nil means ones. The error is a
// [*ShapeError] or an [*OptionError].
func (l BCEWithLogitsLoss[T]) GradInput(input, target Tensor[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	grad := like(input)
	return grad.unless(l.GradInputInto(grad.Data, input, target, gradOutput))
}

// GradInputInto writes the gradient of the loss in input to dst, which has as many
// elements as input, and allocates nothing. dst may be the memory of input or target, or, with
// [None], of gradOutput.
// The errors are those of [BCEWithLogitsLoss.GradInput].
func (l BCEWithLogitsLoss[T]) GradInputInto(dst []T, input, target Tensor[T], gradOutput *Tensor[T]) error {
	r, u, err := l.elements().prepareGrad("grad_input", dst, input, target, gradOutput)
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
func (l BCEWithLogitsLoss[T]) GradTarget(input, target Tensor[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	grad := like(input)
	return grad.unless(l.GradTargetInto(grad.Data, input, target, gradOutput))
}

// GradTargetInto writes the gradient of the loss in target to dst, which has as many
// elements as target, and allocates nothing. dst may be the memory of input or target, or, with
// [None], of gradOutput.
// The errors are those of [BCEWithLogitsLoss.GradTarget].
func (l BCEWithLogitsLoss[T]) GradTargetInto(dst []T, input, target Tensor[T], gradOutput *Tensor[T]) error {
	r, u, err := l.elements().prepareGrad("grad_target", dst, input, target, gradOutput)
	if err != nil {
		return err
	}
	j := job[T]{runs: r, gradTarget: dst, upstream: u}
	j.run()
	return nil
}

// ForwardGrad returns the loss and its gradient in input, computed in one pass: faster
// than [BCEWithLogitsLoss.Forward] and [BCEWithLogitsLoss.GradInput], with the same results.
// gradOutput is the upstream gradient, in the shape of the loss; nil means ones: it enters the gradient alone. The error is a [*ShapeError] or an [*OptionError].
func (l BCEWithLogitsLoss[T]) ForwardGrad(input, target Tensor[T], gradOutput *Tensor[T]) (loss, gradInput Tensor[T], err error) {
	loss, gradInput = l.elements().newLoss(input), like(input)
	if err := l.ForwardGradInto(loss.Data, gradInput.Data, input, target, gradOutput); err != nil {
		return Tensor[T]{}, Tensor[T]{}, err
	}
	return loss, gradInput, nil
}

// ForwardGradInto writes the loss and its gradient in input, in one pass, and allocates
// nothing. The slices are those of [BCEWithLogitsLoss.ForwardInto] and [BCEWithLogitsLoss.GradInputInto] and must not overlap
// each other.
// The errors are those of [BCEWithLogitsLoss.ForwardGrad].
func (l BCEWithLogitsLoss[T]) ForwardGradInto(loss, gradInput []T, input, target Tensor[T], gradOutput *Tensor[T]) error {
	r, u, err := l.elements().prepareGrad("grad_input", gradInput, input, target, gradOutput)
	if err != nil {
		return err
	}
	if err := l.elements().checkLoss(loss, input); err != nil {
		return err
	}
	l.run(&job[T]{runs: r, gradInput: gradInput, upstream: u, nan: l.nan()}, loss, input)
	return nil
}

// run runs j and writes the loss to dst.
func (l BCEWithLogitsLoss[T]) run(j *job[T], dst []T, input Tensor[T]) {
	if l.Reduction == None {
		j.losses = dst
		j.run()
		return
	}
	j.sum = true
	dst[0] = T(j.run() / l.elements().div(input))
}

// elements returns what is as in BCELoss.
func (l BCEWithLogitsLoss[T]) elements() elements[T] {
	return elements[T]{module: "BCEWithLogitsLoss", reduction: l.Reduction, weight: l.Weight, posWeight: l.PosWeight}
}

// nan returns where the gradient in the input is NaN.
func (l BCEWithLogitsLoss[T]) nan() infWeight {
	if l.PosWeight == nil {
		return never
	}
	return atPosWeight
}
