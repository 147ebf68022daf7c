package laws

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// answer is what a port answered to a call.
type answer struct {
	call    call
	outputs map[string]tensor.Tensor
	// allowed returns what is allowed of the outputs.
	allowed func() map[string][]float64
	// blank says that there is none yet: its outputs are zeros, which nothing may be concluded from.
	blank bool
}

func newAnswer(c call, outputs map[string]tensor.Tensor, al allowance) answer {
	return answer{call: c, outputs: outputs, allowed: sync.OnceValue(func() map[string][]float64 { return al.of(c) })}
}

func blank(c call) answer { return answer{call: c, blank: true} }

func (a answer) loss() value { return a.output(ports.Loss) }
func (a answer) grad() value { return a.output(ports.GradInput) }

// output returns an output with what is allowed of it; one that was not asked for is unasked.
func (a answer) output(name string) value {
	shape := a.call.shape(name)
	if !slices.Contains(a.call.want, name) {
		return value{unasked: true}.blank(shape)
	}
	if a.blank {
		return value{}.blank(shape)
	}
	return value{array: array{shape, a.outputs[name].Float64s()}, radius: slices.Clone(a.allowed()[name])}
}

// is demands, as [equal] does, that an answer is this loss and this gradient.
func (a answer) is(loss, grad value) []equation {
	return slices.Concat(equal(ports.Loss, a.loss(), loss), equal(ports.GradInput, a.grad(), grad))
}

// right reports whether the outputs that were asked for are as near to the exact result as they have to be.
func (a answer) right() bool {
	if !a.call.asked() {
		return true
	}
	exact, err := definition.Of(a.call.module).Exact(a.call.port())
	if err != nil {
		panic(fmt.Sprintf("laws: a call that every port has to answer is refused: %v", err))
	}
	for _, name := range a.call.want {
		got := a.output(name)
		for i := range got.values {
			high, low := exact[name].Pair(i)
			if !(math.Abs(got.values[i]-high-low) <= got.radius[i]) {
				return false
			}
		}
	}
	return true
}

// refused says what a port answered in place of outputs, or which of them are not what the
// call asks for; "" means that all is there. malformed says that the answer is no answer.
func refused(c call, a ports.Answer) (text string, malformed bool) {
	switch {
	case a.Rejected != nil:
		return "the port refuses it: " + a.Rejected.Message, false
	case a.Unsupported != nil:
		return "answered unsupported inside the claim: " + a.Unsupported.Reason, false
	case a.Failed != nil:
		return "the port says that it failed: " + a.Failed.Message, false
	}
	for _, name := range c.want {
		t, ok := a.Outputs[name]
		shape := c.shape(name)
		if name == ports.Loss && c.as != "" {
			shape = []int{}
		}
		switch {
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
