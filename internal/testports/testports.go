// Package testports has ports that are wrong on purpose, for tests: right answers of the
// built-in losses, spoilt in one way each.
package testports

import (
	"context"
	"fmt"
	"math"

	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

// Port is a port made of functions. A nil one is that of the built-in losses.
type Port struct {
	DescribeFunc func() (ports.Description, error)
	EvaluateFunc func(ctx context.Context, call ports.Call) (ports.Answer, error)
}

// Describe implements [ports.Port].
func (p Port) Describe(ctx context.Context) (ports.Description, error) {
	if p.DescribeFunc == nil {
		return builtin.Port{}.Describe(ctx)
	}
	return p.DescribeFunc()
}

// Evaluate implements [ports.Port].
func (p Port) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	if p.EvaluateFunc == nil {
		return builtin.Port{}.Evaluate(ctx, call)
	}
	return p.EvaluateFunc(ctx, call)
}

// Claiming returns the built-in losses with another claim for every module.
func Claiming(change func(module string, claim *ports.Claim)) Port {
	return Port{DescribeFunc: func() (ports.Description, error) {
		d, err := builtin.Port{}.Describe(context.Background())
		for module, claim := range d.Modules {
			change(module, &claim)
			d.Modules[module] = claim
		}
		return d, err
	}}
}

// asking changes the call before the built-in losses see it.
func asking(change func(call *ports.Call)) Port {
	return Port{EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		change(&call)
		return builtin.Port{}.Evaluate(ctx, call)
	}}
}

// answering changes every output of the built-in losses.
func answering(change func(name string, output tensor.Tensor) tensor.Tensor) Port {
	return Port{EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		answer, err := builtin.Port{}.Evaluate(ctx, call)
		for name, output := range answer.Outputs {
			answer.Outputs[name] = change(name, output)
		}
		return answer, err
	}}
}

// always gives one answer to every call.
func always(answer ports.Answer, err error) Port {
	return Port{EvaluateFunc: func(context.Context, ports.Call) (ports.Answer, error) { return answer, err }}
}

// fill returns a tensor of t's dtype and shape with one value everywhere.
func fill(t tensor.Tensor, value float64) tensor.Tensor {
	if t.DType == tensor.Float32 {
		values := make([]float32, t.Len())
		for i := range values {
			values[i] = float32(value)
		}
		return tensor.FromFloat32(values, t.Shape...)
	}
	values := make([]float64, t.Len())
	for i := range values {
		values[i] = value
	}
	return tensor.FromFloat64(values, t.Shape...)
}

// The wrong ports.
var (
	// PosWeightIgnored computes without pos_weight.
	PosWeightIgnored = asking(func(call *ports.Call) { delete(call.Inputs, ports.PosWeight) })
	// MeanIsSum takes the mean for the sum.
	MeanIsSum = asking(func(call *ports.Call) {
		if o := call.Options; o.Reduction != nil && *o.Reduction == "mean" && o.Reduce == nil && o.SizeAverage == nil {
			sum := "sum"
			call.Options.Reduction = &sum
		}
	})
	// Zeros and NaNs answer with the right shapes.
	Zeros = answering(func(_ string, t tensor.Tensor) tensor.Tensor { return fill(t, 0) })
	NaNs  = answering(func(_ string, t tensor.Tensor) tensor.Tensor { return fill(t, math.NaN()) })
	// WrongShape puts an axis in front of every loss.
	WrongShape = answering(func(name string, t tensor.Tensor) tensor.Tensor {
		if name == ports.Loss {
			t.Shape = append([]int{1}, t.Shape...)
		}
		return t
	})
	// WrongDType answers float64 losses for float32 ones.
	WrongDType = answering(func(name string, t tensor.Tensor) tensor.Tensor {
		if name == ports.Loss && t.DType == tensor.Float32 {
			return tensor.FromFloat64(t.Float64s(), t.Shape...)
		}
		return t
	})
	// Torn answers losses without their last byte.
	Torn = answering(func(name string, t tensor.Tensor) tensor.Tensor {
		if name == ports.Loss && len(t.Data) > 0 {
			t.Data = t.Data[:len(t.Data)-1]
		}
		return t
	})
	// AcceptsEverything answers a refused call with a scalar zero.
	AcceptsEverything = Port{EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		answer, err := builtin.Port{}.Evaluate(ctx, call)
		if answer.Rejected == nil {
			return answer, err
		}
		outputs := map[string]tensor.Tensor{}
		for _, name := range call.Want {
			outputs[name] = tensor.FromFloat32([]float32{0})
		}
		return ports.Answer{Outputs: outputs}, nil
	}}
	// LacksGradInput never answers grad_input.
	LacksGradInput = Port{EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		answer, err := builtin.Port{}.Evaluate(ctx, call)
		delete(answer.Outputs, ports.GradInput)
		return answer, err
	}}
	// Panics, and the ports that give one answer to every call.
	Panics = Port{EvaluateFunc: func(context.Context, ports.Call) (ports.Answer, error) {
		panic("index out of range")
	}}
	RefusesEverything     = always(ports.Answer{Rejected: &ports.Rejected{Kind: ports.KindValue, Message: "I do not like it"}}, nil)
	UnsupportedEverything = always(ports.Answer{Unsupported: &ports.Unsupported{Reason: "not written yet"}}, nil)
	FailsEverything       = always(ports.Answer{Failed: &ports.Failed{Message: "out of memory", Traceback: "at loss.py:7"}}, nil)
	SaysNothing           = always(ports.Answer{}, nil)
	Malformed             = always(ports.Answer{}, fmt.Errorf("%w: got \"hello\", want an object", ports.ErrMalformed))
	TimesOut              = always(ports.Answer{}, fmt.Errorf("%w: 10s have passed", ports.ErrTimeout))
)
