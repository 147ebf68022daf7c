package bce_test

import (
	"context"
	"testing"

	bce "example.com/two-ports"

	"lossproof/judge"
	"lossproof/ports"
	"lossproof/suites"
	"lossproof/tensor"
)

// port is the adapter of both: a loss for each element, in float64.
type port struct {
	name string
	loss bce.Loss
}

func (p port) Describe(context.Context) (ports.Description, error) {
	return ports.Description{
		Port: ports.Info{Name: p.name, Language: "go"},
		Modules: map[string]ports.Claim{ports.BCEWithLogitsLoss: {
			DTypes:  []tensor.DType{tensor.Float64},
			Outputs: []string{ports.Loss},
			Without: []string{
				"weight", "pos_weight", "reduction:mean", "reduction:sum", "legacy_reduction", "mixed_dtype", "nonfinite", "rejections",
			},
		}},
	}, nil
}

func (p port) Evaluate(_ context.Context, call ports.Call) (ports.Answer, error) {
	input := call.Inputs[ports.Input]
	x, t := input.Float64s(), call.Inputs[ports.Target].Float64s()
	losses := make([]float64, len(x))
	for i := range losses {
		losses[i] = p.loss(x[i], t[i])
	}
	return ports.Answer{Outputs: map[string]tensor.Tensor{ports.Loss: tensor.FromFloat64(losses, input.Shape...)}}, nil
}

// TestConformance checks both in one process. The textbook one is checked where it is meant
// to be used, at moderate logits.
func TestConformance(t *testing.T) {
	t.Run("stable", func(t *testing.T) { suites.Check(t, port{"stable", bce.Stable}, judge.Options{}) })
	t.Run("textbook", func(t *testing.T) {
		moderate := judge.Selection{Select: []string{"*/blog_example/*", "*/forum_example/*"}}
		suites.Check(t, port{"textbook", bce.Textbook}, judge.Options{Selection: moderate})
	})
}

// TestTextbookIsWrongInTheTails: everywhere, it does not conform.
func TestTextbookIsWrongInTheTails(t *testing.T) {
	result, err := judge.Run(t.Context(), port{"textbook", bce.Textbook}, judge.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if result.Summary.Conformant {
		t.Error("conformant")
	}
	t.Log(result.Summary.Verdict[0])
}
