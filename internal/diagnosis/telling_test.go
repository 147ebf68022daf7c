package diagnosis_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"lossproof/internal/divergence"
	"lossproof/internal/prose"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// TestConditionsSaySomething: a condition that every input that was asked meets is none, bounds that leave out infinite logits alone
// are called that, and what sets a call apart is told before a number that happens to.
func TestConditionsSaySomething(t *testing.T) {
	wrong := func(is func(call ports.Call) bool) ports.Port {
		return changing(func(call ports.Call, outputs map[string]tensor.Tensor) {
			if loss, asked := outputs[ports.Loss]; asked && is(call) {
				outputs[ports.Loss] = mapped(loss, func(v float64) float64 { return 1.3*min(v, 40) + 7 })
			}
		})
	}
	for name, test := range map[string]struct {
		port      ports.Port
		selection []string
		want      string
	}{
		"every call": {
			wrong(func(ports.Call) bool { return true }),
			[]string{"BCEWithLogitsLoss/reductions/f32-*", "BCEWithLogitsLoss/shapes/f32-*"}, "",
		},
		"every call but those of a logit -inf": {
			wrong(func(call ports.Call) bool {
				return !slices.Contains(call.Inputs[ports.Input].Float64s(), math.Inf(-1))
			}),
			[]string{"CrossEntropyLoss/reductions/f32-*", "CrossEntropyLoss/nonfinite/f32-*-minus-inf-*"}, "where everything is finite",
		},
		"targets of uint8": {
			raisingAt(func(call ports.Call) bool { return call.Inputs[ports.Target].DType == tensor.UInt8 }),
			[]string{"CrossEntropyLoss/mixed_dtype/f32-*", "CrossEntropyLoss/reductions/f32-*", "CrossEntropyLoss/rejections/f32-*target*", "CrossEntropyLoss/rejections/*uint8*"}, "with targets of uint8",
		},
	} {
		result, _ := diagnose(t, test.port, verdict.Parity, judge.Selection{Select: test.selection})
		var conditions []string
		for _, c := range result.Causes {
			conditions = append(conditions, c.Condition)
		}
		if len(conditions) != 1 || conditions[0] != test.want {
			t.Errorf("%s: got the conditions %q, want %q:\n%s", name, conditions, test.want, prose.Diagnosis(result))
		}
		if text := prose.Diagnosis(result); strings.Contains(text, "e+308") || strings.Contains(text, "Inf or") {
			t.Errorf("%s: a condition says nothing: %s", name, text)
		}
	}
}

// raisingAt is a port that fails at some calls.
func raisingAt(is func(call ports.Call) bool) ports.Port {
	return testports.Port{EvaluateFunc: func(_ context.Context, call ports.Call) (ports.Answer, error) {
		if is(call) {
			return ports.Answer{Failed: &ports.Failed{Message: "TypeError: it cannot be done"}}, nil
		}
		return divergence.Right(call), nil
	}}
}
