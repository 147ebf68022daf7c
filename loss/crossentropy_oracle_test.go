package loss_test

import (
	"lossproof/loss"
	"lossproof/ports"
	"lossproof/tensor"
)

// entropyCall is a call of CrossEntropyLoss in float64, whatever its dtype. indices or probabilities is the target.
type entropyCall struct {
	reduction     loss.Reduction
	input         loss.Tensor[float64]
	indices       []int64
	indexShape    []int
	probabilities *loss.Tensor[float64]
	weight        *loss.Tensor[float64]
	ignore        *int64
	smoothing     float64
	gradOut       *loss.Tensor[float64]
}

// geometry returns the number of samples, classes and positions.
func (c entropyCall) geometry() (n, classes, positions int) {
	shape := c.input.Shape
	if len(shape) == 1 {
		return 1, shape[0], 1
	}
	positions = 1
	for _, d := range shape[2:] {
		positions *= d
	}
	return shape[0], shape[1], positions
}

// lossShape returns the shape of the loss by the rule of the documentation.
func (c entropyCall) lossShape() []int {
	if c.reduction != loss.None || len(c.input.Shape) == 1 {
		return nil
	}
	return append([]int{c.input.Shape[0]}, c.input.Shape[2:]...)
}

// evaluate returns what is expected of an output: loss, grad_input, grad_target or grad_weight.
func (c entropyCall) evaluate(output string, dtype tensor.DType) []expected {
	call := callOf(ports.CrossEntropyLoss, c.reduction, dtype, map[string]*loss.Tensor[float64]{
		ports.Input: &c.input, ports.Target: c.probabilities, ports.Weight: c.weight, ports.GradOutput: c.gradOut,
	})
	if c.probabilities == nil {
		call.Inputs[ports.Target] = tensor.FromInt64(c.indices, c.indexShape...)
	}
	call.Options.IgnoreIndex, call.Options.LabelSmoothing = c.ignore, &c.smoothing
	return expect(call, output)
}

// entropy returns the loss and the arguments of a call in T.
func entropy[T loss.Float](c entropyCall) (l loss.CrossEntropyLoss[T], input loss.Tensor[T], target loss.ClassTarget[T], gradOut *loss.Tensor[T]) {
	l = loss.CrossEntropyLoss[T]{
		Weight: convertOptional[T](c.weight), IgnoreIndex: c.ignore, LabelSmoothing: c.smoothing, Reduction: c.reduction,
	}
	if c.probabilities != nil {
		target = loss.ClassProbabilities(convert[T](*c.probabilities))
	} else {
		target = loss.ClassIndices[T](c.indices, c.indexShape...)
	}
	return l, convert[T](c.input), target, convertOptional[T](c.gradOut)
}

// computeEntropy runs the call in T and returns the output.
func computeEntropy[T loss.Float](c entropyCall, output string) (loss.Tensor[T], error) {
	l, input, target, gradOut := entropy[T](c)
	switch output {
	case "grad_input":
		return l.GradInput(input, target, gradOut)
	case "grad_target":
		return l.GradTarget(input, target, gradOut)
	case "grad_weight":
		return l.GradWeight(input, target, gradOut)
	}
	return l.Forward(input, target)
}
