package loss

import (
	"fmt"

	"lossproof/loss/internal/kernel"
)

// Results says where a call writes what it computes. A slice that is nil is left out; any other has as many elements as the
// loss, or as what it is the gradient of.
//
// A slice may be the memory of a tensor of the call that has as many elements: Loss (with [None]) and GradInput, wanted alone or
// together, that of input and target; GradTarget, wanted alone, too; GradWeight, wanted alone, that of the weight. The slices must not overlap each other.
type Results[T Element] struct{ Loss, GradInput, GradTarget, GradWeight []T }

// kind says what the input of a loss is.
type kind int

const (
	ofLogits        kind = iota // of several labels, each by itself
	ofLabels                    // of several labels, averaged
	ofProbabilities             // of several labels
	ofClasses                   // of one class
)

// criterion is a loss with its options, and what the losses have in common.
type criterion[T Element] struct {
	module            string
	kind              kind
	reduction         Reduction
	weight, posWeight *Tensor[T]
	ignore            int64
	ignored           int // how many class indices a checked call ignores
	smoothing         float64
	nearest           bool
}

func (c *criterion[T]) forward(input Tensor[T], target ClassTarget[T]) (Tensor[T], error) {
	loss, err := c.newLoss(input)
	if err != nil {
		return Tensor[T]{}, err
	}
	return loss.unless(c.into(&Results[T]{Loss: loss.Data}, &input, target, nil))
}

func (c *criterion[T]) forwardGrad(input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) (loss, gradInput Tensor[T], err error) {
	if loss, err = c.newLoss(input); err != nil {
		return Tensor[T]{}, Tensor[T]{}, err
	}
	gradInput = like(input)
	if err := c.into(&Results[T]{Loss: loss.Data, GradInput: gradInput.Data}, &input, target, gradOutput); err != nil {
		return Tensor[T]{}, Tensor[T]{}, err
	}
	return loss, gradInput, nil
}

func (c *criterion[T]) gradInput(input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	grad := like(input)
	return grad.unless(c.into(&Results[T]{GradInput: grad.Data}, &input, target, gradOutput))
}

func (c *criterion[T]) gradTarget(input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	grad := like(input)
	return grad.unless(c.into(&Results[T]{GradTarget: grad.Data}, &input, target, gradOutput))
}

func (c *criterion[T]) gradWeight(input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	grad := Tensor[T]{Data: []T{}}
	if c.weight != nil {
		grad = like(*c.weight)
	}
	return grad.unless(c.into(&Results[T]{GradWeight: grad.Data}, &input, target, gradOutput))
}

// into computes what r has a slice for.
func (c *criterion[T]) into(r *Results[T], input *Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) error {
	if err := c.checkGradients(r, &target); err != nil {
		return err
	}
	if err := c.check(input, &target); err != nil {
		return err
	}
	if err := c.checkResults(r, input, gradOutput); err != nil {
		return err
	}
	switch c := any(c).(type) {
	case *criterion[float32]:
		return computeAs(c, r, input, &target, gradOutput)
	case *criterion[float64]:
		return computeAs(c, r, input, &target, gradOutput)
	case *criterion[Float16]:
		return computeHalf(c, kernel.Binary16, any(r).(*Results[Float16]), any(input).(*Tensor[Float16]), any(&target).(*ClassTarget[Float16]), any(gradOutput).(*Tensor[Float16]))
	}
	return computeHalf(any(c).(*criterion[BFloat16]), kernel.BFloat16, any(r).(*Results[BFloat16]), any(input).(*Tensor[BFloat16]), any(&target).(*ClassTarget[BFloat16]), any(gradOutput).(*Tensor[BFloat16]))
}

// computeAs computes a checked call whose elements are of type T, as are those of c.
func computeAs[T Float](c *criterion[T], r, input, target, gradOutput any) error {
	var j job[T]
	return compute(c, &j, r.(*Results[T]), input.(*Tensor[T]), target.(*ClassTarget[T]), gradOutput.(*Tensor[T]))
}

// check returns an error unless options, input and target are valid and go together.
func (c *criterion[T]) check(input *Tensor[T], target *ClassTarget[T]) error {
	if err := c.reduction.check(c.module); err != nil {
		return err
	}
	if !(c.smoothing >= 0 && c.smoothing <= 1) {
		return &OptionError{Module: c.module, Option: "label_smoothing", Reason: fmt.Sprintf("got %v, want a number from 0 to 1", c.smoothing)}
	}
	if c.kind == ofClasses && target.kind == byProbability && c.ignore >= 0 {
		return &OptionError{Module: c.module, Option: "ignore_index",
			Reason: fmt.Sprintf("got %d, want none or a negative number: class probabilities have no index to ignore", c.ignore)}
	}
	if len(input.Shape) == 0 && (c.kind == ofLabels || c.kind == ofClasses) {
		return shapeErrorf(c.module, "input", "got shape (), want at least one dimension, that of the classes")
	}
	if err := check(c.module, "input", input.Shape, len(input.Data)); err != nil {
		return err
	}
	if c.kind != ofClasses {
		if err := checkSame(c.module, "target", target.shape, len(target.probabilities), input.Shape, "the shape of input"); err != nil {
			return err
		}
		if err := checkBroadcast(c.module, "weight", c.weight, input.Shape); err != nil {
			return err
		}
		return checkBroadcast(c.module, "pos_weight", c.posWeight, input.Shape)
	}
	if err := target.check(input.Shape); err != nil {
		return err
	}
	classes := input.Shape[c.classAxis(input.Shape):][:1]
	if c.weight != nil {
		if err := checkSame(c.module, "weight", c.weight.Shape, len(c.weight.Data), classes, "one for each class"); err != nil {
			return err
		}
	}
	var err error
	c.ignored, err = checkIndices(target, c.ignore, classes[0])
	return err
}

// checkGradients returns an error if r wants a gradient that does not exist.
func (c *criterion[T]) checkGradients(r *Results[T], target *ClassTarget[T]) error {
	switch {
	case r.GradWeight != nil && (c.kind == ofLogits || c.kind == ofProbabilities):
		return &OptionError{Module: c.module, Option: "weight", Reason: "got a slice for its gradient, want nil: there is none, as in PyTorch"}
	case r.GradWeight != nil && c.weight == nil:
		return &OptionError{Module: c.module, Option: "weight", Reason: "got nil, want a tensor: there is no gradient without it"}
	case (r.GradTarget != nil || r.GradWeight != nil) && target.kind == byIndex:
		return shapeErrorf(c.module, "target", "got class indices, want class probabilities: there is no such gradient for indices")
	}
	return nil
}

// checkResults returns an error unless the slices of r, of a checked call, have the lengths that they need, and gradOutput, if there are gradients, the
// shape of the loss.
func (c *criterion[T]) checkResults(r *Results[T], input, gradOutput *Tensor[T]) error {
	weights := 0
	if c.weight != nil {
		weights = len(c.weight.Data)
	}
	switch n := len(input.Data); {
	case r.Loss != nil && len(r.Loss) != c.lossLen(input.Shape):
		return c.lengthError("loss", r.Loss, c.lossLen(input.Shape))
	case r.GradInput != nil && len(r.GradInput) != n:
		return c.lengthError("grad_input", r.GradInput, n)
	case r.GradTarget != nil && len(r.GradTarget) != n:
		return c.lengthError("grad_target", r.GradTarget, n)
	case r.GradWeight != nil && len(r.GradWeight) != weights:
		return c.lengthError("grad_weight", r.GradWeight, weights)
	}
	if gradOutput == nil {
		return nil
	}
	if err := check(c.module, "grad_output", gradOutput.Shape, len(gradOutput.Data)); err != nil {
		return err
	}
	if !c.isLossShape(gradOutput.Shape, input.Shape) {
		return shapeErrorf(c.module, "grad_output", "got shape %s, want %s, the shape of the loss",
			formatShape(gradOutput.Shape), formatShape(c.lossShape(input.Shape)))
	}
	return nil
}

func (c *criterion[T]) lengthError(argument string, dst []T, want int) error {
	return shapeErrorf(c.module, argument, "got a slice of %d elements to write to, want %d", len(dst), want)
}

// maxEmptySamples bounds the losses that are allocated for an input without elements:
// there an arbitrarily large loss would belong to a shape that costs nothing.
const maxEmptySamples = 1 << 24

// newLoss returns a tensor for the loss of a valid input.
func (c *criterion[T]) newLoss(input Tensor[T]) (Tensor[T], error) {
	if err := check(c.module, "input", input.Shape, len(input.Data)); err != nil {
		return Tensor[T]{}, err
	}
	n := c.lossLen(input.Shape)
	if len(input.Data) == 0 && n > maxEmptySamples {
		return Tensor[T]{}, shapeErrorf(c.module, "input", "shape %s has %d rows without classes, want at most %d", formatShape(input.Shape), n, maxEmptySamples)
	}
	return Tensor[T]{Shape: c.lossShape(input.Shape), Data: make([]T, n)}, nil
}

// classAxis returns the dimension of the classes, along which losses are one number, -1 if there is none.
func (c *criterion[T]) classAxis(shape []int) int {
	switch c.kind {
	case ofLabels:
		return len(shape) - 1
	case ofClasses:
		return classAxis(shape)
	}
	return -1
}

// lossShape returns the shape of the loss, a new slice.
func (c *criterion[T]) lossShape(shape []int) []int {
	if c.reduction != None {
		return nil
	}
	var loss []int
	axis := c.classAxis(shape)
	for i, d := range shape {
		if i != axis {
			loss = append(loss, d)
		}
	}
	return loss
}

// isLossShape reports whether loss is the shape of the loss. It allocates nothing.
func (c *criterion[T]) isLossShape(loss, shape []int) bool {
	if c.reduction != None {
		return len(loss) == 0
	}
	axis := c.classAxis(shape)
	for i, d := range shape {
		switch {
		case i == axis:
			continue
		case len(loss) == 0 || loss[0] != d:
			return false
		}
		loss = loss[1:]
	}
	return len(loss) == 0
}

// lossLen returns the number of elements of the loss, for a valid shape.
func (c *criterion[T]) lossLen(shape []int) int {
	if c.reduction != None {
		return 1
	}
	return c.rows(shape)
}

// rows returns the number of losses before they are reduced, for a valid shape, which may have no classes.
func (c *criterion[T]) rows(shape []int) int {
	n, axis := 1, c.classAxis(shape)
	for i, d := range shape {
		if i != axis {
			n *= d
		}
	}
	return n
}
