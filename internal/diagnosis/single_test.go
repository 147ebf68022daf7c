package diagnosis_test

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

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
	words := claim.FeaturesOf(call)
	for i := range call.Inputs[ports.Input].Len() {
		if collector.Borders[0].Holds(call, words, ports.Loss, i) {
			return
		}
	}
	t.Errorf("%s is shown by %s", result.Causes[0].Sentence, result.Causes[0].Reproduction.Call)
}

// TestARefusalIsNoOptionThatIsMissing: a port that has ignore_index, and accepts it with class probabilities, is not said to be without.
func TestARefusalIsNoOptionThatIsMissing(t *testing.T) {
	port := testports.Claiming(func(_ string, c *ports.Claim) {
		c.DTypes, c.Outputs = []tensor.DType{tensor.Float32, tensor.Float64}, []string{ports.Loss}
		c.Without = append(c.Without, "weight", "rank:1", "reduction:none", "reduction:sum", "label_smoothing", "legacy_reduction")
	})
	port.EvaluateFunc = func(_ context.Context, call ports.Call) (ports.Answer, error) {
		x, target := call.Inputs[ports.Input], call.Inputs[ports.Target]
		refused := ports.Answer{Rejected: &ports.Rejected{Message: "IndexError: shapes or indices do not fit"}}
		if len(x.Shape) != 2 {
			return refused, nil
		}
		ignored, classes, sum := -100.0, x.Shape[1], 0.0
		if i := call.Options.IgnoreIndex; i != nil {
			ignored = float64(*i)
		}
		probabilities := target.DType.IsFloat()
		if probabilities && target.Len() != x.Len() || !probabilities && target.Len() != x.Shape[0] {
			return refused, nil
		}
		for row := range x.Shape[0] {
			of := x.Float64s()[row*classes : (row+1)*classes]
			exps := 0.0
			for _, v := range of {
				exps += x.DType.Format().Round(math.Exp(v))
			}
			lse := math.Log(x.DType.Format().Round(exps))
			if probabilities {
				for c, v := range of {
					sum += target.Float64(row*classes+c) * (lse - v)
				}
				continue
			}
			y, counts := int(target.Float64(row)), 1.0
			if float64(y) == ignored {
				y, counts = 0, 0
			}
			if y < 0 {
				y += classes
			}
			if y < 0 || y >= classes {
				return refused, nil
			}
			sum += (lse - of[y]) * counts
		}
		mean := tensor.FromValues(x.DType, []float64{sum / float64(x.Shape[0])})
		return ports.Answer{Outputs: map[string]tensor.Tensor{ports.Loss: {DType: x.DType, Shape: []int{}, Data: mean.Data}}}, nil
	}
	result, _ := diagnose(t, port, verdict.Parity, judge.Selection{Select: []string{"CrossEntropyLoss/no_classes/*-mean-*", "CrossEntropyLoss/rejections/*ignore_index*", "CrossEntropyLoss/ignore*/*-mean-*"}})
	if slices.ContainsFunc(result.Causes, func(c judge.Cause) bool { return c.Name == "ignore-index-unknown" }) {
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

// TestSumsInOrder: what a check of accumulation finds of a port that adds one loss after the other is said to be that.
func TestSumsInOrder(t *testing.T) {
	port := changing(func(call ports.Call, outputs map[string]tensor.Tensor) {
		loss, asked := outputs[ports.Loss]
		if !asked || loss.DType.Size() < 4 || isReduction(call, "none") || call.Inputs[ports.Weight].DType != "" {
			return
		}
		none := "none"
		call.Options.Reduction, call.Options.SizeAverage, call.Options.Reduce, call.Want = &none, nil, nil, []string{ports.Loss}
		inputs := maps.Clone(call.Inputs)
		delete(inputs, ports.GradOutput)
		call.Inputs = inputs
		sum, round := 0.0, loss.DType.Format().Round
		each := divergence.Right(call).Outputs[ports.Loss]
		for i := range each.Len() {
			sum = round(sum + each.Float64(i))
		}
		right := loss.Float64(0)
		if n := float64(each.Len()); math.Abs(sum/n-right) < math.Abs(sum-right) {
			sum = round(sum / n)
		}
		outputs[ports.Loss] = tensor.FromValues(loss.DType, []float64{sum}, loss.Shape...)
	})
	for _, module := range []string{ports.BCEWithLogitsLoss, ports.BCELoss} {
		result, _ := diagnose(t, port, verdict.Parity, judge.Selection{Select: []string{module + "/generated/accumulation", module + "/blog_example/*"}})
		if len(result.Generated) != 1 || result.Generated[0].Outcome != judge.Fail || result.Generated[0].Diagnosis != "naive-sum" {
			t.Errorf("%s: got %+v, %s", module, result.Generated, prose.Diagnosis(result))
		}
	}
}
