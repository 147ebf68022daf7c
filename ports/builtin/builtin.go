// Package builtin is lossproof's own Go losses, package loss, as a port. It only
// translates: tensors into slices, options into fields, errors into rejections.
package builtin

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"lossproof/internal/version"
	"lossproof/loss"
	"lossproof/ports"
	"lossproof/tensor"
)

// Port computes with package loss, in process. It is safe for concurrent use.
type Port struct {
	// OnePass takes loss and grad_input, where both are wanted, from ForwardGrad instead of
	// from Forward and GradInput: another path through the same losses, which is to
	// be judged as well.
	OnePass bool
}

var _ ports.Port = Port{}

// Describe returns the claim of the built-in losses: all tensors of a call are of one
// type parameter.
func (Port) Describe(context.Context) (ports.Description, error) {
	claim := func(without []string, outputs ...string) ports.Claim {
		return ports.Claim{
			DTypes:  []tensor.DType{tensor.Float16, tensor.BFloat16, tensor.Float32, tensor.Float64},
			Outputs: outputs,
			Without: without,
		}
	}
	oneDType := []string{"mixed_dtype"}
	floats := append(oneDType, "integer_targets")
	return ports.Description{
		Port: ports.Info{
			Name: "lossproof", Version: version.Tool,
			Language: "go", LanguageVersion: strings.TrimPrefix(runtime.Version(), "go"),
		},
		Modules: map[string]ports.Claim{
			ports.BCEWithLogitsLoss:        claim(floats, ports.Loss, ports.GradInput, ports.GradTarget),
			ports.MultiLabelSoftMarginLoss: claim(floats, ports.Loss, ports.GradInput, ports.GradTarget, ports.GradWeight),
			ports.BCELoss:                  claim(floats, ports.Loss, ports.GradInput, ports.GradTarget),
			ports.CrossEntropyLoss:         claim(oneDType, ports.Loss, ports.GradInput, ports.GradTarget, ports.GradWeight),
		},
	}, nil
}

// Evaluate computes what call wants. Its error is that of ctx alone.
func (p Port) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	if err := ctx.Err(); err != nil {
		return ports.Answer{}, err
	}
	outputs, err := evaluate(call, p.OnePass)
	if err != nil {
		return answerTo(err), nil
	}
	return ports.Answer{Outputs: outputs}, nil
}

// unsupported is the error of a call that package loss has nothing for.
type unsupported string

func (u unsupported) Error() string { return string(u) }

// rejection is the error of a call that is refused before package loss sees it.
type rejection struct{ ports.Rejected }

func (r rejection) Error() string { return r.Message }

// answerTo says what an error of evaluate means to the judge.
func answerTo(err error) ports.Answer {
	var (
		none     unsupported
		rejected rejection
		shape    *loss.ShapeError
		option   *loss.OptionError
		value    *loss.ValueError
	)
	switch {
	case errors.As(err, &none):
		return ports.Answer{Unsupported: &ports.Unsupported{Reason: err.Error()}}
	case errors.As(err, &rejected):
		return ports.Answer{Rejected: &rejected.Rejected}
	case errors.As(err, &shape):
		return ports.Answer{Rejected: &ports.Rejected{Kind: ports.KindShape, Message: err.Error()}}
	case errors.As(err, &option):
		return ports.Answer{Rejected: &ports.Rejected{Kind: ports.KindOption, Message: err.Error()}}
	case errors.As(err, &value):
		return ports.Answer{Rejected: &ports.Rejected{Kind: ports.KindValue, Message: err.Error()}}
	}
	return ports.Answer{Failed: &ports.Failed{Message: err.Error()}}
}

// evaluate finds the type parameter of the call.
func evaluate(call ports.Call, onePass bool) (map[string]tensor.Tensor, error) {
	input, ok := call.Inputs[ports.Input]
	if !ok {
		return nil, fmt.Errorf("%s: the call has no input", call.Module)
	}
	if _, ok := call.Inputs[ports.Target]; !ok {
		return nil, fmt.Errorf("%s: the call has no target", call.Module)
	}
	switch input.DType {
	case tensor.Float16:
		return evaluateAs[loss.Float16](call, onePass)
	case tensor.BFloat16:
		return evaluateAs[loss.BFloat16](call, onePass)
	case tensor.Float32:
		return evaluateAs[float32](call, onePass)
	case tensor.Float64:
		return evaluateAs[float64](call, onePass)
	}
	return nil, rejection{ports.Rejected{
		Kind: ports.KindDType, Static: true,
		Message: fmt.Sprintf("%s: input: got %s, want float16, bfloat16, float32 or float64", call.Module, input.DType),
	}}
}

func evaluateAs[T loss.Element](call ports.Call, onePass bool) (map[string]tensor.Tensor, error) {
	if err := checkArguments(call); err != nil {
		return nil, err
	}
	in, err := decodeInputs[T](call)
	if err != nil {
		return nil, err
	}
	reduction, err := reductionOf(call.Options)
	if err != nil {
		return nil, err
	}
	switch call.Module {
	case ports.BCEWithLogitsLoss:
		module := loss.BCEWithLogitsLoss[T]{Weight: in.weight, PosWeight: in.posWeight, Reduction: reduction}
		return compute(call.Want, onePass, in, in.target, module, noGradWeight[T](call.Module))
	case ports.BCELoss:
		module := loss.BCELoss[T]{Weight: in.weight, Reduction: reduction}
		return compute(call.Want, onePass, in, in.target, module, noGradWeight[T](call.Module))
	case ports.CrossEntropyLoss:
		module := loss.CrossEntropyLoss[T]{Weight: in.weight, IgnoreIndex: call.Options.IgnoreIndex, Reduction: reduction}
		if call.Options.LabelSmoothing != nil {
			module.LabelSmoothing = *call.Options.LabelSmoothing
		}
		return compute(call.Want, onePass, in, in.classes, module, func() (loss.Tensor[T], error) {
			return module.GradWeight(in.input, in.classes, in.gradOutput)
		})
	case ports.MultiLabelSoftMarginLoss:
		module := loss.MultiLabelSoftMarginLoss[T]{Weight: in.weight, Reduction: reduction}
		return compute(call.Want, onePass, in, in.target, module, func() (loss.Tensor[T], error) {
			return module.GradWeight(in.input, in.target, in.gradOutput)
		})
	}
	return nil, unsupported(fmt.Sprintf("module %q: package loss has %s", call.Module, strings.Join(ports.ModuleNames(), ", ")))
}

// checkArguments refuses what the constructor of another module takes.
func checkArguments(call ports.Call) error {
	given := slices.DeleteFunc(ports.InputNames(), func(name string) bool {
		_, ok := call.Inputs[name]
		return !ok
	})
	for name := range call.Options.Given() {
		given = append(given, name)
	}
	module := ports.ModuleOf(call.Module)
	for _, name := range given {
		if len(module.Inputs) > 0 && !module.Takes(name) {
			return rejection{ports.Rejected{
				Kind: ports.KindOption, Static: true,
				Message: fmt.Sprintf("%s: %s: there is no such argument", call.Module, name),
			}}
		}
	}
	return nil
}

// noGradWeight is the gradient in weight of a module that has none.
func noGradWeight[T loss.Element](module string) func() (loss.Tensor[T], error) {
	return func() (loss.Tensor[T], error) {
		return loss.Tensor[T]{}, unsupported(module + ": there is no grad_weight, PyTorch does not differentiate in weight")
	}
}

// reductionOf resolves the options as PyTorch's constructors do: a legacy argument, once
// given, overrides the reduction, which is then not looked at.
func reductionOf(o ports.Options) (loss.Reduction, error) {
	switch {
	case o.SizeAverage != nil || o.Reduce != nil:
		return loss.LegacyReduction(o.SizeAverage, o.Reduce), nil
	case o.Reduction != nil:
		return loss.ParseReduction(*o.Reduction)
	}
	return loss.Mean, nil
}

// criterion is what all modules have; Target is the type of their targets.
type criterion[T loss.Element, Target any] interface {
	Forward(input loss.Tensor[T], target Target) (loss.Tensor[T], error)
	GradInput(input loss.Tensor[T], target Target, gradOutput *loss.Tensor[T]) (loss.Tensor[T], error)
	GradTarget(input loss.Tensor[T], target Target, gradOutput *loss.Tensor[T]) (loss.Tensor[T], error)
	ForwardGrad(input loss.Tensor[T], target Target, gradOutput *loss.Tensor[T]) (value, gradInput loss.Tensor[T], err error)
}

// compute returns the wanted outputs.
func compute[T loss.Element, Target any](want []string, onePass bool, in inputs[T], target Target, module criterion[T, Target], gradWeight func() (loss.Tensor[T], error)) (map[string]tensor.Tensor, error) {
	outputs := make(map[string]tensor.Tensor, len(want))
	if onePass && slices.Contains(want, ports.Loss) && slices.Contains(want, ports.GradInput) {
		value, grad, err := module.ForwardGrad(in.input, target, in.gradOutput)
		if err != nil {
			return nil, err
		}
		outputs[ports.Loss], outputs[ports.GradInput] = encode(value), encode(grad)
	}
	for _, name := range want {
		if _, ok := outputs[name]; ok {
			continue
		}
		var output loss.Tensor[T]
		var err error
		switch name {
		case ports.Loss:
			output, err = module.Forward(in.input, target)
		case ports.GradInput:
			output, err = module.GradInput(in.input, target, in.gradOutput)
		case ports.GradTarget:
			output, err = module.GradTarget(in.input, target, in.gradOutput)
		case ports.GradWeight:
			output, err = gradWeight()
		default:
			err = unsupported(fmt.Sprintf("output %q: want loss, grad_input, grad_target or grad_weight", name))
		}
		if err != nil {
			return nil, err
		}
		outputs[name] = encode(output)
	}
	return outputs, nil
}
