package diagnosis_test

import (
	"context"
	"math"
	"testing"

	"lossproof/internal/divergence"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// typed is BCEWithLogitsLoss as its formula is typed, t*f + (1-t)*g, each step rounded to the dtype. It has calls of
// one shape without weights, whose gradient is right.
func typed(terms func(x float64, round func(float64) float64) (f, g float64)) ports.Port {
	return testports.Port{EvaluateFunc: func(_ context.Context, call ports.Call) (ports.Answer, error) {
		answer := divergence.Right(call)
		x, t := call.Inputs[ports.Input], call.Inputs[ports.Target]
		loss, asked := answer.Outputs[ports.Loss]
		if !asked || call.Module != ports.BCEWithLogitsLoss || !tensor.SameShape(x.Shape, t.Shape) || call.Inputs[ports.Weight].DType != "" || call.Inputs[ports.PosWeight].DType != "" {
			return answer, nil
		}
		round := x.DType.Format().Round
		losses, sum := make([]float64, x.Len()), 0.0
		for i := range losses {
			f, g := terms(x.Float64(i), round)
			losses[i] = round(round(t.Float64(i)*f) + round(round(1-t.Float64(i))*g))
			sum += losses[i]
		}
		switch {
		case isReduction(call, "none"):
		case isReduction(call, "sum"):
			losses = []float64{round(sum)}
		default:
			losses = []float64{round(sum / float64(x.Len()))}
		}
		answer.Outputs[ports.Loss] = tensor.FromValues(x.DType, losses, loss.Shape...)
		return answer, nil
	}}
}

// TestFormulasThatOverflow: in both terms of a formula as it is typed, log(1+exp(x)) is told from log(sigmoid(x)).
func TestFormulasThatOverflow(t *testing.T) {
	softplus := func(x float64, round func(float64) float64) float64 {
		return round(math.Log(round(1 + round(math.Exp(x)))))
	}
	for want, port := range map[string]ports.Port{
		"exp-overflows-in-both-terms": typed(func(x float64, round func(float64) float64) (f, g float64) {
			return softplus(-x, round), softplus(x, round)
		}),
		"log-of-sigmoid": typed(func(x float64, round func(float64) float64) (f, g float64) {
			s := round(1 / round(1+round(math.Exp(-x))))
			return -round(math.Log(s)), -round(math.Log(round(1 - s)))
		}),
	} {
		result, _ := diagnose(t, port, verdict.Parity, judge.Selection{Select: []string{"BCEWithLogitsLoss/extreme_logits/*", "BCEWithLogitsLoss/targets/*"}})
		if len(result.Causes) != 1 || result.Causes[0].Name != want || result.Causes[0].Explains != result.Causes[0].Failing {
			t.Errorf("got %+v, want %s alone", result.Causes, want)
		}
	}
}
