package diagnosis_test

import (
	"math"
	"strings"
	"testing"

	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
)

// TestMistakesThatFitByChance: a mistake that explains a few answers to small inputs, and not those to others like them, is no cause.
func TestMistakesThatFitByChance(t *testing.T) {
	withoutRest := func(block int) ports.Port {
		return lossOfElements(func(call ports.Call, i int, right float64) float64 {
			if n := call.Inputs[ports.Input].Len(); i >= n-n%block {
				return 0
			}
			return right
		})
	}
	for name, test := range map[string]struct {
		port       ports.Port
		selection  string
		not, wants string
	}{
		"the rest of blocks of 8 is left at zero":                   {withoutRest(8), "BCEWithLogitsLoss/*none*", "zeros", "blocks of 8"},
		"the rest of blocks of 64 is left at zero, of small inputs": {withoutRest(64), "BCEWithLogitsLoss/reductions/*none*", "zeros", ""},
		"the tail of softplus ends at 15": {
			lossOfElements(func(call ports.Call, i int, right float64) float64 {
				x := call.Inputs[ports.Input].Float64(i)
				return right - math.Log1p(math.Exp(-math.Abs(x))) + math.Log1p(math.Exp(-min(math.Abs(x), 15)))
			}), "BCEWithLogitsLoss/*", "logits-clamped-at-15", "logit",
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
