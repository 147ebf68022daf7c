package classes_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"example.com/classes"

	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/suites"
	"lossproof/tensor"
)

// port is the adapter. Package classes has the loss of one row, so 'none' is all it claims, and
// takes the classes of a row in a slice: PyTorch has them in the second dimension.
type port struct{}

func (port) Describe(context.Context) (ports.Description, error) {
	return ports.Description{
		Port: ports.Info{Name: "example.com/classes", Language: "go"},
		Modules: map[string]ports.Claim{ports.CrossEntropyLoss: {
			DTypes:  []tensor.DType{tensor.Float64},
			Outputs: []string{ports.Loss, ports.GradInput},
			Without: []string{
				"weight", "class_probabilities", "label_smoothing", "ignore_index", "reduction:mean", "reduction:sum",
				"legacy_reduction", "grad_output", "nonfinite", "empty", "mixed_dtype",
			},
		}},
	}, nil
}

func (port) Evaluate(_ context.Context, call ports.Call) (ports.Answer, error) {
	input, target := call.Inputs[ports.Input], call.Inputs[ports.Target]
	reduction := "mean"
	if call.Options.Reduction != nil {
		reduction = *call.Options.Reduction
	}
	switch reduction {
	case "none":
	case "mean", "sum":
		return ports.Answer{Unsupported: &ports.Unsupported{Reason: reduction}}, nil
	default:
		return refuse(ports.KindOption, "no reduction %q", reduction), nil
	}
	if input.DType != tensor.Float64 || target.DType != tensor.Int64 {
		return refuse(ports.KindDType, "got %s and %s, want float64 and int64", input.DType, target.DType), nil
	}
	if len(input.Shape) == 0 {
		return refuse(ports.KindShape, "logits are 0-d, want classes"), nil
	}
	axis := min(1, len(input.Shape)-1)
	shape := slices.Delete(slices.Clone(input.Shape), axis, axis+1)
	if !tensor.SameShape(target.Shape, shape) {
		return refuse(ports.KindShape, "logits are %v, class indices %v", input.Shape, target.Shape), nil
	}

	y := target.Int64s()
	in := tensor.ClassesOf(input.Shape)
	x, grad := make([][]float64, len(y)), make([][]float64, len(y))
	for row := range x {
		x[row], grad[row] = make([]float64, in.Count), make([]float64, in.Count)
	}
	for i, logit := range input.Float64s() {
		x[in.Row(i)][in.Class(i)] = logit
	}
	losses := make([]float64, len(y))
	for row := range losses {
		if y[row] < 0 || y[row] >= int64(in.Count) {
			return refuse(ports.KindValue, "there is no class %d of %d", y[row], in.Count), nil
		}
		losses[row] = classes.Loss(grad[row], x[row], int(y[row]))
	}
	gradInput := make([]float64, input.Len())
	for i := range gradInput {
		gradInput[i] = grad[in.Row(i)][in.Class(i)]
	}
	return ports.Answer{Outputs: map[string]tensor.Tensor{
		ports.Loss:      tensor.FromFloat64(losses, shape...),
		ports.GradInput: tensor.FromFloat64(gradInput, input.Shape...),
	}}, nil
}

func refuse(kind, format string, args ...any) ports.Answer {
	return ports.Answer{Rejected: &ports.Rejected{Kind: kind, Message: fmt.Sprintf(format, args...)}}
}

func TestConformance(t *testing.T) {
	for _, level := range []verdict.Level{verdict.Parity, verdict.Exact} {
		t.Run(string(level), func(t *testing.T) { suites.Check(t, port{}, judge.Options{Level: level}) })
	}
}
