package laws

import (
	"fmt"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// answer is what a port answered to a call.
type answer struct {
	call      call
	outputs   map[string]tensor.Tensor
	allowance allowance
	// allowed has what is allowed of the outputs that were looked at.
	allowed map[string][]float64
}

func newAnswer(c call, outputs map[string]tensor.Tensor, al allowance) answer {
	return answer{c, outputs, al, map[string][]float64{}}
}

func (a answer) loss() value { return a.output(ports.Loss) }
func (a answer) grad() value { return a.output(ports.GradInput) }

// output returns an output that was asked for, with what is allowed of it.
func (a answer) output(name string) value {
	t, allowed := a.outputs[name], a.allowed[name]
	if allowed == nil {
		allowed = a.allowance.of(a.call, name)
		a.allowed[name] = allowed
	}
	return value{array{t.Shape, t.Float64s()}, slices.Clone(allowed)}
}

// refused says what a port answered in place of outputs, or which of them are not what the
// call asks for; "" means that all is there. malformed says that the answer is no answer.
func refused(c call, a ports.Answer) (text string, malformed bool) {
	switch {
	case a.Rejected != nil:
		return "the port refuses it: " + a.Rejected.Message, false
	case a.Unsupported != nil:
		return "answered unsupported inside the claim: " + a.Unsupported.Reason, false
	}
	for _, name := range c.want {
		t, ok := a.Outputs[name]
		switch shape := c.shape(name); {
		case !ok:
			return "the answer lacks " + name, true
		case t.DType != c.dtype:
			return fmt.Sprintf("%s is %.20s, want %s", name, t.DType, c.dtype), false
		case !tensor.SameShape(t.Shape, shape):
			return fmt.Sprintf("the shape of %s is %.200s, want %s", name, tensor.FormatShape(t.Shape), tensor.FormatShape(shape)), false
		}
		if _, err := tensor.New(t.DType, t.Shape, t.Data); err != nil {
			return fmt.Sprintf("%s: %v", name, err), true
		}
	}
	return "", false
}
