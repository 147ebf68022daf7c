package diagnosis_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"lossproof/internal/claim"
	"lossproof/internal/divergence"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// lossOfElements computes the loss of BCEWithLogitsLoss anew, without weights, of what is right and the logit of each element.
func lossOfElements(of func(right, x float64, i, n int) float64) ports.Port {
	return testports.Port{EvaluateFunc: func(_ context.Context, call ports.Call) (ports.Answer, error) {
		answer := divergence.Right(call)
		loss, asked := answer.Outputs[ports.Loss]
		if !asked || call.Module != ports.BCEWithLogitsLoss {
			return answer, nil
		}
		none, each := "none", call
		each.Options.Reduction, each.Options.SizeAverage, each.Options.Reduce, each.Want = &none, nil, nil, []string{ports.Loss}
		right, x := divergence.Right(each).Outputs[ports.Loss], call.Inputs[ports.Input]
		if right.Len() != x.Len() || call.Inputs[ports.Weight].DType != "" || call.Inputs[ports.PosWeight].DType != "" {
			return answer, nil
		}
		losses, sum := make([]float64, x.Len()), 0.0
		for i := range losses {
			losses[i] = of(right.Float64(i), x.Float64(i), i, x.Len())
			sum += losses[i]
		}
		switch claim.Reduction(call.Options) {
		case "none":
		case "sum":
			losses = []float64{sum}
		default:
			losses = []float64{sum / float64(x.Len())}
		}
		answer.Outputs[ports.Loss] = tensor.FromValues(x.DType, losses, loss.Shape...)
		return answer, nil
	}}
}

// TestMistakesThatFitByChance: a mistake that explains a few answers to small inputs, and not those to others like them, is no cause.
func TestMistakesThatFitByChance(t *testing.T) {
	for name, test := range map[string]struct {
		port             ports.Port
		selection        string
		not, kind, wants string
	}{
		"the rest of blocks of 8 is left at zero": {
			lossOfElements(func(right, _ float64, i, n int) float64 {
				if i >= n-n%8 {
					return 0
				}
				return right
			}), "BCEWithLogitsLoss/*none*", "zeros", "numbers", "blocks of 8",
		},
		"the tail of softplus ends at 15": {
			lossOfElements(func(right, x float64, _, _ int) float64 {
				return right - math.Log1p(math.Exp(-math.Abs(x))) + math.Log1p(math.Exp(-min(math.Abs(x), 15)))
			}), "BCEWithLogitsLoss/*", "logits-clamped-at-15", "", "logit",
		},
	} {
		t.Run(name, func(t *testing.T) {
			result, _ := diagnose(t, test.port, verdict.Parity, judge.Selection{Select: []string{test.selection}})
			said := ""
			for _, c := range result.Causes {
				t.Log(c.Lead, c.Name, c.Sentence, c.Condition, c.Explains, c.Failing)
				if c.Name == test.not && !c.Lead {
					t.Errorf("%s is a cause", c.Name)
				}
				if !c.Lead {
					said += c.Sentence + c.Condition
				}
			}
			if !strings.Contains(said, test.wants) {
				t.Errorf("no cause says %q", test.wants)
			}
		})
	}
}
