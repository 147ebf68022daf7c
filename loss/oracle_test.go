package loss_test

import (
	"math"

	"lossproof/internal/definition"
	"lossproof/loss"
	"lossproof/ports"
	"lossproof/tensor"
)

// The oracle is the definition of the losses, which shares no code with them.

// expected is the exact result of one element of an output, and how far a right one may be from it: the
// tolerance of the fixtures, without what it allows for rounded differences of logits.
type expected struct {
	of        definition.Exact
	i         int
	tolerance float64
}

// exact returns the exact result, rounded to float64.
func (e expected) exact() float64 {
	v, _ := e.of.Pair(e.i)
	return v
}

// distance returns how far got is from the exact result, +Inf if it is not finite.
func (e expected) distance(got float64) float64 {
	if math.IsInf(got, 0) || math.IsNaN(got) {
		return math.Inf(1)
	}
	return math.Abs(e.of.Error(e.i, got, 1))
}

// expect returns what is expected of an output of a call. The call is right: what it wants is set.
func expect(call ports.Call, output string) []expected {
	call.Want = []string{output}
	l := definition.Of(call.Module)
	exact, err := l.Exact(call)
	if err != nil {
		panic(err)
	}
	allowance, err := l.Allow(call, output)
	if err != nil {
		panic(err)
	}
	of := exact[output]
	want := make([]expected, of.Len())
	for i := range want {
		want[i] = expected{of, i, allowance.Tolerance(i, 0) - allowance.Rounding(i)}
	}
	return want
}

// callOf returns a call of a dtype. The inputs are exact in it; those that are nil are not given.
func callOf(module string, reduction loss.Reduction, dtype tensor.DType, inputs map[string]*loss.Tensor[float64]) ports.Call {
	name := reduction.String()
	c := ports.Call{Module: module, Options: ports.Options{Reduction: &name}, Inputs: map[string]tensor.Tensor{}}
	for name, t := range inputs {
		if t != nil {
			c.Inputs[name] = tensor.FromValues(dtype, t.Data, t.Shape...)
		}
	}
	return c
}

// call is a call of a module in float64, whatever its dtype. Weights and gradOutput may be nil.
type call struct {
	multiLabel                 bool
	reduction                  loss.Reduction
	input, target              loss.Tensor[float64]
	weight, posWeight, gradOut *loss.Tensor[float64]
}

// evaluate returns what is expected of an output: loss, grad_input, grad_target or grad_weight. All
// arguments are finite and input has elements.
func (c call) evaluate(output string, dtype tensor.DType) []expected {
	module := ports.BCEWithLogitsLoss
	if c.multiLabel {
		module = ports.MultiLabelSoftMarginLoss
	}
	return expect(callOf(module, c.reduction, dtype, map[string]*loss.Tensor[float64]{
		ports.Input: &c.input, ports.Target: &c.target, ports.Weight: c.weight, ports.PosWeight: c.posWeight, ports.GradOutput: c.gradOut,
	}), output)
}

// compute runs the call in T and returns the output in float64.
func compute[T loss.Float](c call, output string) (loss.Tensor[T], error) {
	input, target := convert[T](c.input), convert[T](c.target)
	weight, posWeight, gradOut := convertOptional[T](c.weight), convertOptional[T](c.posWeight), convertOptional[T](c.gradOut)
	if c.multiLabel {
		criterion := loss.MultiLabelSoftMarginLoss[T]{Weight: weight, Reduction: c.reduction}
		switch output {
		case "grad_input":
			return criterion.GradInput(input, target, gradOut)
		case "grad_target":
			return criterion.GradTarget(input, target, gradOut)
		case "grad_weight":
			return criterion.GradWeight(input, target, gradOut)
		}
		return criterion.Forward(input, target)
	}
	criterion := loss.BCEWithLogitsLoss[T]{Weight: weight, PosWeight: posWeight, Reduction: c.reduction}
	switch output {
	case "grad_input":
		return criterion.GradInput(input, target, gradOut)
	case "grad_target":
		return criterion.GradTarget(input, target, gradOut)
	}
	return criterion.Forward(input, target)
}

func convert[T loss.Float](t loss.Tensor[float64]) loss.Tensor[T] {
	data := make([]T, len(t.Data))
	for i, v := range t.Data {
		data[i] = T(v)
	}
	return loss.Tensor[T]{Shape: t.Shape, Data: data}
}

func convertOptional[T loss.Float](t *loss.Tensor[float64]) *loss.Tensor[T] {
	if t == nil {
		return nil
	}
	c := convert[T](*t)
	return &c
}
