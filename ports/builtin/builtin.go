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

// Describe returns the claim of the built-in losses, which is all that the table has: all tensors of a
// call are of one type parameter.
func (Port) Describe(context.Context) (ports.Description, error) {
	d := ports.Description{
		Port: ports.Info{
			Name: "lossproof", Version: version.Tool,
			Language: "go", LanguageVersion: strings.TrimPrefix(runtime.Version(), "go"),
		},
		Modules: map[string]ports.Claim{},
	}
	for _, m := range ports.Modules() {
		claim := ports.Claim{
			DTypes:  m.DTypes(),
			Outputs: m.Outputs,
			Without: []string{"mixed_dtype"},
		}
		if !m.HasClasses() {
			claim.Without = append(claim.Without, "integer_targets")
		}
		d.Modules[m.Name] = claim
	}
	return d, nil
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
		return compute(call.Want, onePass, in, in.target, loss.BCEWithLogitsLoss[T]{Weight: in.weight, PosWeight: in.posWeight, Reduction: reduction})
	case ports.BCELoss:
		return compute(call.Want, onePass, in, in.target, loss.BCELoss[T]{Weight: in.weight, Reduction: reduction})
	case ports.MultiLabelSoftMarginLoss:
		return compute(call.Want, onePass, in, in.target, loss.MultiLabelSoftMarginLoss[T]{Weight: in.weight, Reduction: reduction})
	case ports.CrossEntropyLoss:
		module := loss.CrossEntropyLoss[T]{Weight: in.weight, IgnoreIndex: call.Options.IgnoreIndex, Reduction: reduction}
		if call.Options.LabelSmoothing != nil {
			module.LabelSmoothing = *call.Options.LabelSmoothing
		}
		return compute(call.Want, onePass, in, in.classes, module)
	}
	return nil, unsupported(fmt.Sprintf("module %q: package loss has %s", call.Module, strings.Join(ports.ModuleNames(), ", ")))
}

// checkArguments refuses what the constructor of another module takes, and outputs that another has.
func checkArguments(call ports.Call) error {
	module := ports.ModuleOf(call.Module)
	if len(module.Inputs) == 0 {
		return nil // refused as a module
	}
	given := slices.DeleteFunc(ports.InputNames(), func(name string) bool {
		_, ok := call.Inputs[name]
		return !ok
	})
	for name := range call.Options.Given() {
		given = append(given, name)
	}
	for _, name := range given {
		if !module.Takes(name) {
			return rejection{ports.Rejected{
				Kind: ports.KindOption, Static: true,
				Message: fmt.Sprintf("%s: %s: there is no such argument", call.Module, name),
			}}
		}
	}
	for _, name := range call.Want {
		if !slices.Contains(module.Outputs, name) {
			return unsupported(fmt.Sprintf("%s: output %q: want %s", call.Module, name, strings.Join(module.Outputs, ", ")))
		}
	}
	return nil
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
	ForwardGrad(input loss.Tensor[T], target Target, gradOutput *loss.Tensor[T]) (value, gradInput loss.Tensor[T], err error)
}

// Gradients that some modules have.
type (
	gradTarget[T loss.Element, Target any] interface {
		GradTarget(input loss.Tensor[T], target Target, gradOutput *loss.Tensor[T]) (loss.Tensor[T], error)
	}
	gradWeight[T loss.Element, Target any] interface {
		GradWeight(input loss.Tensor[T], target Target, gradOutput *loss.Tensor[T]) (loss.Tensor[T], error)
	}
)

// compute returns the wanted outputs, which the module has.
func compute[T loss.Element, Target any](want []string, onePass bool, in inputs[T], target Target, module criterion[T, Target]) (map[string]tensor.Tensor, error) {
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
			output, err = module.(gradTarget[T, Target]).GradTarget(in.input, target, in.gradOutput)
		case ports.GradWeight:
			output, err = module.(gradWeight[T, Target]).GradWeight(in.input, target, in.gradOutput)
		}
		if err != nil {
			return nil, err
		}
		outputs[name] = encode(output)
	}
	return outputs, nil
}
