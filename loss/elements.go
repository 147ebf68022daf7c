package loss

import "slices"

// elements is what BCEWithLogitsLoss and BCELoss share: a loss for each element of input, their options, and what these mean for arguments and results.
type elements[T Float] struct {
	module            string
	reduction         Reduction
	weight, posWeight *Tensor[T]
}

// prepare checks the options and the inputs and cuts them into runs.
func (e elements[T]) prepare(input, target Tensor[T]) (runs[T], error) {
	if err := e.reduction.check(e.module); err != nil {
		return runs[T]{}, err
	}
	if err := checkPair(e.module, input, target); err != nil {
		return runs[T]{}, err
	}
	if err := checkBroadcast(e.module, "weight", e.weight, input.Shape); err != nil {
		return runs[T]{}, err
	}
	if err := checkBroadcast(e.module, "pos_weight", e.posWeight, input.Shape); err != nil {
		return runs[T]{}, err
	}
	return newRuns(input, target, e.weight, e.posWeight, false), nil
}

// prepareLoss is prepare for a loss, which is to be written to dst.
func (e elements[T]) prepareLoss(dst []T, input, target Tensor[T]) (runs[T], error) {
	r, err := e.prepare(input, target)
	if err != nil {
		return runs[T]{}, err
	}
	return r, e.checkLoss(dst, input)
}

// prepareGrad is prepare for a gradient, which is to be written to dst.
func (e elements[T]) prepareGrad(name string, dst []T, input, target Tensor[T], gradOutput *Tensor[T]) (runs[T], upstream[T], error) {
	r, err := e.prepare(input, target)
	if err != nil {
		return runs[T]{}, upstream[T]{}, err
	}
	if err := checkLen(e.module, name, dst, len(input.Data)); err != nil {
		return runs[T]{}, upstream[T]{}, err
	}
	u, err := newUpstream(e.module, gradOutput, e.lossShape(input), e.div(input))
	return r, u, err
}

// checkLoss returns an error unless dst has as many elements as the loss.
func (e elements[T]) checkLoss(dst []T, input Tensor[T]) error {
	return checkLen(e.module, "loss", dst, e.lossLen(input))
}

// newLoss returns a tensor for the loss. Input need not be valid.
func (e elements[T]) newLoss(input Tensor[T]) Tensor[T] {
	return Tensor[T]{Shape: slices.Clone(e.lossShape(input)), Data: make([]T, e.lossLen(input))}
}

// lossShape returns the shape of the loss.
func (e elements[T]) lossShape(input Tensor[T]) []int {
	if e.reduction == None {
		return input.Shape
	}
	return nil
}

// lossLen returns the number of elements of the loss.
func (e elements[T]) lossLen(input Tensor[T]) int {
	if e.reduction == None {
		return len(input.Data)
	}
	return 1
}

// div returns what the sum of the losses is divided by.
func (e elements[T]) div(input Tensor[T]) float64 {
	if e.reduction == Mean {
		return float64(len(input.Data))
	}
	return 1
}
