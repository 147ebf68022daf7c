package diagnosis_test

import (
	"context"
	"math"
	"testing"

	"lossproof/internal/claim"
	"lossproof/internal/divergence"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// lossOfElements is BCEWithLogitsLoss with another loss of each element, of calls without weights; its gradient is right.
func lossOfElements(of func(call ports.Call, i int, right float64) float64) ports.Port {
	return testports.Port{EvaluateFunc: func(_ context.Context, call ports.Call) (ports.Answer, error) {
		answer := divergence.Right(call)
		loss, asked := answer.Outputs[ports.Loss]
		if !asked || call.Module != ports.BCEWithLogitsLoss || call.Inputs[ports.Weight].DType != "" || call.Inputs[ports.PosWeight].DType != "" {
			return answer, nil
		}
		none, each := "none", call
		each.Options.Reduction, each.Options.SizeAverage, each.Options.Reduce, each.Want = &none, nil, nil, []string{ports.Loss}
		right := divergence.Right(each).Outputs[ports.Loss]
		losses, sum := make([]float64, right.Len()), 0.0
		for i := range losses {
			losses[i] = of(call, i, right.Float64(i))
			sum += losses[i]
		}
		switch claim.Reduction(call.Options) {
		case "none":
		case "sum":
			losses = []float64{sum}
		default:
			losses = []float64{sum / float64(right.Len())}
		}
		answer.Outputs[ports.Loss] = tensor.FromValues(loss.DType, losses, loss.Shape...)
		return answer, nil
	}}
}

// typed is its formula as it is typed, t*f + (1-t)*g, each step rounded to the dtype.
func typed(terms func(x float64, round func(float64) float64) (f, g float64)) ports.Port {
	return lossOfElements(func(call ports.Call, i int, _ float64) float64 {
		x, t := call.Inputs[ports.Input], call.Inputs[ports.Target].Float64(i)
		round := x.DType.Format().Round
		f, g := terms(x.Float64(i), round)
		return round(round(t*f) + round(round(1-t)*g))
	})
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
