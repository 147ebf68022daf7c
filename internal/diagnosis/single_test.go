package diagnosis_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/diagnosis"
	"lossproof/internal/divergence"
	"lossproof/internal/prose"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/wire"
	"lossproof/tensor"
)

// several is a port that makes several mistakes.
func several(t *testing.T, names ...string) ports.Port {
	t.Helper()
	var all []*divergence.Divergence
	for _, d := range divergence.All() {
		if slices.Contains(names, d.Name) {
			all = append(all, d)
		}
	}
	d, ok := divergence.Together(all...)
	if !ok || len(all) != len(names) {
		t.Fatalf("%v do not go together", names)
	}
	return d.Port()
}

// TestASingleCase: of one case alone, loss and gradient have their mistakes, and others that give the same answers are named.
func TestASingleCase(t *testing.T) {
	port := several(t, "epsilon-1e-7-added", "gradient-with-epsilon-1e-7")
	result, _ := diagnose(t, port, verdict.Parity, judge.Selection{Select: []string{"BCELoss/shapes/f64-mean-0d"}})
	for output, name := range map[string]string{ports.Loss: "epsilon-1e-7-added", ports.GradInput: "gradient-with-epsilon-1e-7"} {
		if !slices.ContainsFunc(result.Causes, func(c judge.Cause) bool {
			return !c.Lead && slices.Contains(c.Outputs, output) && slices.Contains(append(c.Alike, c.Name), name)
		}) {
			t.Errorf("%s is not one of the causes of %s: %s", name, output, prose.Diagnosis(result))
		}
	}
}

// TestExamplesLieWithin: a call that shows a cause fulfils the condition of it, also where the port is wrong beyond.
func TestExamplesLieWithin(t *testing.T) {
	port := changing(func(call ports.Call, outputs map[string]tensor.Tensor) {
		if loss, asked := outputs[ports.Loss]; asked && slices.Min(append(call.Inputs[ports.Input].Float64s(), 0)) < -1.5 {
			outputs[ports.Loss] = mapped(loss, func(v float64) float64 { return 2*math.Sin(v) + 3 })
		}
	})
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	collector := diagnosis.New(set)
	result, err := judge.Run(t.Context(), port, judge.Options{Fixtures: set, Selection: judge.Selection{Select: []string{"BCEWithLogitsLoss/*/f64-*-class*"}}, Observe: collector.Observe})
	if err != nil {
		t.Fatal(err)
	}
	if err := collector.Diagnose(t.Context(), port, result); err != nil {
		t.Fatal(err)
	}
	if len(result.Causes) != 1 || len(collector.Borders) != 1 || result.Causes[0].Reproduction == nil {
		t.Fatalf("got %+v, want one cause with an example", result.Causes)
	}
	request, err := wire.DecodeRequest(result.Causes[0].Reproduction.Request)
	if err != nil {
		t.Fatal(err)
	}
	call := request.Call
	words := claim.Features(&fixtures.Case{Module: call.Module, Options: call.Options}, call.Inputs, nil)
	for i := range call.Inputs[ports.Input].Len() {
		if collector.Borders[0].Holds(call, words, ports.Loss, i) {
			return
		}
	}
	t.Errorf("%s is shown by %s", result.Causes[0].Sentence, result.Causes[0].Reproduction.Call)
}

// TestARefusalIsNoOptionThatIsMissing: a port that has ignore_index, and accepts it with class probabilities, is not said to be without.
func TestARefusalIsNoOptionThatIsMissing(t *testing.T) {
	rows := several(t, "exp-not-shifted", "ignore-index-beside-probabilities")
	port := testports.Port{EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		answer, err := rows.Evaluate(ctx, call)
		if loss, asked := answer.Outputs[ports.Loss]; asked && isReduction(call, "mean") {
			none := "none"
			call.Options.Reduction, call.Want = &none, []string{ports.Loss}
			delete(call.Inputs, ports.GradOutput)
			each, err := rows.Evaluate(ctx, call)
			if err != nil || each.Outputs == nil {
				return answer, err
			}
			sum := 0.0
			for _, l := range each.Outputs[ports.Loss].Float64s() {
				sum += l
			}
			answer.Outputs[ports.Loss] = tensor.FromValues(loss.DType, []float64{sum / float64(each.Outputs[ports.Loss].Len())}, loss.Shape...)
		}
		return answer, err
	}}
	result, _ := diagnose(t, port, verdict.Parity, judge.Selection{Select: []string{"CrossEntropyLoss/*/*-mean-*", "CrossEntropyLoss/rejections/*"}, Skip: append([]string{"*half*"}, small.Skip...)})
	if !slices.ContainsFunc(result.Causes, func(c judge.Cause) bool { return c.Name == "ignore-index-beside-probabilities" }) ||
		slices.ContainsFunc(result.Causes, func(c judge.Cause) bool { return c.Name == "ignore-index-unknown" }) {
		t.Error(prose.Diagnosis(result))
	}
}

// TestCallsThatPyTorchRefuses: what is right is not said where what is wrong is.
func TestCallsThatPyTorchRefuses(t *testing.T) {
	port := testports.Port{EvaluateFunc: func(_ context.Context, call ports.Call) (ports.Answer, error) {
		if p, ok := call.Inputs[ports.PosWeight]; ok && p.DType == tensor.Bool {
			call.Inputs[ports.PosWeight] = tensor.FromValues(tensor.Float32, []float64{3}, 1)
		}
		answer := divergence.Right(call)
		if s := call.Options.Reduction; s != nil && *s == "none" && answer.Outputs != nil {
			return ports.Answer{Rejected: &ports.Rejected{Message: "AssertionError: "}}, nil
		}
		return answer, nil
	}}
	result, _ := diagnose(t, port, verdict.Parity, judge.Selection{Select: []string{"BCEWithLogitsLoss/rejections/*", "BCEWithLogitsLoss/blog_example/*"}})
	text := prose.Diagnosis(result)
	for _, want := range []string{"It accepts what PyTorch refuses. Right: a bool pos_weight is refused", "It refuses calls that PyTorch accepts: AssertionError: with reduction 'none'"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
}
