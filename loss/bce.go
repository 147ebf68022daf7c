package loss

import "slices"

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

const bceName = "BCEWithLogitsLoss"

// Forward returns the loss. The error is a [*ShapeError] or an [*OptionError].
func (l BCEWithLogitsLoss[T]) Forward(input, target Tensor[T]) (Tensor[T], error) {
	loss, err := l.newLoss(input)
	if err != nil {
		return Tensor[T]{}, err
	}
	if err := l.ForwardInto(loss.Data, input, target); err != nil {
		return Tensor[T]{}, err
	}
	return loss, nil
}

// ForwardInto writes the loss to dst, which has one element, or with [None] as many as
// input. It allocates nothing. With [None] dst may be the memory of input or target.
func (l BCEWithLogitsLoss[T]) ForwardInto(dst []T, input, target Tensor[T]) error {
	r, err := l.prepare(input, target)
	if err != nil {
		return err
	}
	if err := checkLen(bceName, "loss", dst, l.lossLen(input)); err != nil {
		return err
	}
	j := job[T]{runs: r}
	if l.Reduction == None {
		j.losses = dst
		j.run()
		return nil
	}
	j.sum = true
	dst[0] = T(j.run() / l.div(input))
	return nil
}

// GradInput returns the gradient of the loss in input, in its shape. gradOutput is the
// upstream gradient, in the shape of the loss; nil means ones. The error is a
// [*ShapeError] or an [*OptionError].
func (l BCEWithLogitsLoss[T]) GradInput(input, target Tensor[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	grad := like(input)
	if err := l.GradInputInto(grad.Data, input, target, gradOutput); err != nil {
		return Tensor[T]{}, err
	}
	return grad, nil
}

// GradInputInto writes the gradient of the loss in input to dst, which has as many
// elements as input, and allocates nothing. dst may be the memory of input or target, or, with
// [None], of gradOutput.
func (l BCEWithLogitsLoss[T]) GradInputInto(dst []T, input, target Tensor[T], gradOutput *Tensor[T]) error {
	r, u, err := l.prepareGrad("grad_input", dst, input, target, gradOutput)
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
	if err := l.GradTargetInto(grad.Data, input, target, gradOutput); err != nil {
		return Tensor[T]{}, err
	}
	return grad, nil
}

// GradTargetInto writes the gradient of the loss in target to dst, which has as many
// elements as target, and allocates nothing. dst may be the memory of input or target, or, with
// [None], of gradOutput.
func (l BCEWithLogitsLoss[T]) GradTargetInto(dst []T, input, target Tensor[T], gradOutput *Tensor[T]) error {
	r, u, err := l.prepareGrad("grad_target", dst, input, target, gradOutput)
	if err != nil {
		return err
	}
	j := job[T]{runs: r, gradTarget: dst, upstream: u}
	j.run()
	return nil
}

// ForwardGrad returns the loss and its gradient in input, computed in one pass: faster
// than [BCEWithLogitsLoss.Forward] and [BCEWithLogitsLoss.GradInput], with the same results.
func (l BCEWithLogitsLoss[T]) ForwardGrad(input, target Tensor[T], gradOutput *Tensor[T]) (loss, gradInput Tensor[T], err error) {
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
// nothing. The slices are those of [BCEWithLogitsLoss.ForwardInto] and [BCEWithLogitsLoss.GradInputInto] and must not overlap
// each other.
func (l BCEWithLogitsLoss[T]) ForwardGradInto(loss, gradInput []T, input, target Tensor[T], gradOutput *Tensor[T]) error {
	r, u, err := l.prepareGrad("grad_input", gradInput, input, target, gradOutput)
	if err != nil {
		return err
	}
	if err := checkLen(bceName, "loss", loss, l.lossLen(input)); err != nil {
		return err
	}
	j := job[T]{runs: r, gradInput: gradInput, upstream: u, nan: l.nan()}
	if l.Reduction == None {
		j.losses = loss
		j.run()
		return nil
	}
	j.sum = true
	loss[0] = T(j.run() / l.div(input))
	return nil
}

// prepare checks the options and the inputs and cuts them into runs.
func (l BCEWithLogitsLoss[T]) prepare(input, target Tensor[T]) (runs[T], error) {
	if err := l.Reduction.check(bceName); err != nil {
		return runs[T]{}, err
	}
	if err := checkPair(bceName, input, target); err != nil {
		return runs[T]{}, err
	}
	if err := checkBroadcast(bceName, "weight", l.Weight, input.Shape); err != nil {
		return runs[T]{}, err
	}
	if err := checkBroadcast(bceName, "pos_weight", l.PosWeight, input.Shape); err != nil {
		return runs[T]{}, err
	}
	return newRuns(input, target, l.Weight, l.PosWeight, false), nil
}

// prepareGrad is prepare for a gradient, which is to be written to dst.
func (l BCEWithLogitsLoss[T]) prepareGrad(name string, dst []T, input, target Tensor[T], gradOutput *Tensor[T]) (runs[T], upstream[T], error) {
	r, err := l.prepare(input, target)
	if err != nil {
		return runs[T]{}, upstream[T]{}, err
	}
	if err := checkLen(bceName, name, dst, len(input.Data)); err != nil {
		return runs[T]{}, upstream[T]{}, err
	}
	u := upstream[T]{div: l.div(input)}
	if gradOutput != nil {
		if err := checkSame(bceName, "grad_output", *gradOutput, l.lossShape(input), "the shape of the loss"); err != nil {
			return runs[T]{}, upstream[T]{}, err
		}
		u.values = gradOutput.Data
	}
	return r, u, nil
}

// newLoss returns a tensor for the loss of a valid input.
func (l BCEWithLogitsLoss[T]) newLoss(input Tensor[T]) (Tensor[T], error) {
	if err := check(bceName, "input", input); err != nil {
		return Tensor[T]{}, err
	}
	return Tensor[T]{Shape: slices.Clone(l.lossShape(input)), Data: make([]T, l.lossLen(input))}, nil
}

// lossShape returns the shape of the loss.
func (l BCEWithLogitsLoss[T]) lossShape(input Tensor[T]) []int {
	if l.Reduction == None {
		return input.Shape
	}
	return nil
}

// lossLen returns the number of elements of the loss.
func (l BCEWithLogitsLoss[T]) lossLen(input Tensor[T]) int {
	if l.Reduction == None {
		return len(input.Data)
	}
	return 1
}

// div returns what the sum of the losses is divided by.
func (l BCEWithLogitsLoss[T]) div(input Tensor[T]) float64 {
	if l.Reduction == Mean {
		return float64(len(input.Data))
	}
	return 1
}

// nan returns where the gradient in the input is NaN.
func (l BCEWithLogitsLoss[T]) nan() infWeight {
	if l.PosWeight == nil {
		return never
	}
	return atPosWeight
}
