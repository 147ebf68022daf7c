package bce_test

import (
	"context"
	"fmt"
	"testing"

	bce "example.com/check"

	"lossproof/judge"
	"lossproof/ports"
	"lossproof/suites"
	"lossproof/tensor"
)

// port is the adapter: it says what package bce does, and translates calls.
type port struct{}

func (port) Describe(context.Context) (ports.Description, error) {
	return ports.Description{
		Port: ports.Info{Name: "example.com/check", Language: "go"},
		Modules: map[string]ports.Claim{ports.BCEWithLogitsLoss: {
			DTypes:  []tensor.DType{tensor.Float64},
			Outputs: []string{ports.Loss},
			Without: []string{"weight", "pos_weight", "legacy_reduction", "mixed_dtype", "nonfinite"},
		}},
	}, nil
}

func (port) Evaluate(_ context.Context, call ports.Call) (ports.Answer, error) {
	for _, name := range []string{ports.Weight, ports.PosWeight} {
		if _, given := call.Inputs[name]; given {
			return ports.Answer{Unsupported: &ports.Unsupported{Reason: name}}, nil
		}
	}
	input, target := call.Inputs[ports.Input], call.Inputs[ports.Target]
	switch {
	case input.DType != tensor.Float64 || target.DType != tensor.Float64:
		return refuse(ports.KindDType, "got %s and %s, want float64", input.DType, target.DType), nil
	case !tensor.SameShape(input.Shape, target.Shape):
		return refuse(ports.KindShape, "input is %v, target %v", input.Shape, target.Shape), nil
	}
	losses := bce.Losses(input.Float64s(), target.Float64s())
	reduction := "mean"
	if call.Options.Reduction != nil {
		reduction = *call.Options.Reduction
	}
	loss := tensor.FromFloat64(losses, input.Shape...)
	switch reduction {
	case "none":
	case "sum":
		loss = tensor.FromFloat64([]float64{bce.Sum(losses)})
	case "mean":
		loss = tensor.FromFloat64([]float64{bce.Sum(losses) / float64(len(losses))})
	default:
		return refuse(ports.KindOption, "no reduction %q", reduction), nil
	}
	return ports.Answer{Outputs: map[string]tensor.Tensor{ports.Loss: loss}}, nil
}

func refuse(kind, format string, args ...any) ports.Answer {
	return ports.Answer{Rejected: &ports.Rejected{Kind: kind, Message: fmt.Sprintf(format, args...)}}
}

func TestConformance(t *testing.T) {
	suites.Check(t, port{}, judge.Options{})
}
