package diagnosis_test

import (
	"context"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lossproof/fixtures"
	"lossproof/internal/diagnosis"
	"lossproof/internal/divergence"
	"lossproof/internal/testports"
	"lossproof/internal/testports/divergent"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/process"
	"lossproof/ports/wire"
	"lossproof/tensor"
)

func TestMain(m *testing.M) {
	divergent.Serve()
	os.Exit(m.Run())
}

var load = sync.OnceValues(fixtures.Embedded)

// Relations are no matter of a diagnosis; the topics that small leaves out have tensors of
// thousands of elements.
var (
	complete = judge.Selection{Skip: []string{"*/relations/*", "*/generated/*", "*/every_input/*"}}
	small    = judge.Selection{Skip: []string{"*/relations/*", "*/generated/*", "*/every_input/*", "*/accumulation/*", "*/large/*"}}
)

// diagnose judges a port, and returns what the diagnosis says, and how long it took.
func diagnose(t *testing.T, port ports.Port, level verdict.Level, selection judge.Selection) (*judge.Result, time.Duration) {
	t.Helper()
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	collector := diagnosis.New(set)
	result, err := judge.Run(t.Context(), port, judge.Options{Fixtures: set, Level: level, Selection: selection, Observe: collector.Observe})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := collector.Diagnose(t.Context(), port, result); err != nil {
		t.Fatal(err)
	}
	return result, time.Since(start)
}

// named reports what is wrong with the diagnosis of a module of a divergence, "" for nothing.
func named(d *divergence.Divergence, m judge.Diagnosis) string {
	switch {
	case len(m.Findings) == 0:
		return "nothing is named"
	case m.Findings[0].Divergence != d.Name:
		return "named " + m.Findings[0].Divergence
	case m.Findings[0].Fresh == nil:
		return "no fresh input was asked"
	case !m.Findings[0].Fresh.Predicted:
		return "the fresh input is not predicted: " + m.Findings[0].Fresh.From
	}
	return ""
}

// TestNamesDivergences diagnoses some of the catalogue in process, results disturbed; all of it is
// diagnosed by TestOverTheWire.
func TestNamesDivergences(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: make test-long runs it")
	}
	for _, name := range []string{
		"mean-over-weight-sum", "class-mean-over-first-axis", "class-axis-kept", "legacy-reduction-wins", "weight-on-positives-only",
		"pos-weight-interpolated", "minus-one-ignored", "log-of-sigmoid", "one-minus-sigmoid", "gradient-of-abs-at-zero",
		"infinity-minus-infinity", "target-broadcast-accepted", "rank-limited", "everything-unsupported",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, ok := divergence.ByName(name)
			if !ok {
				t.Fatal("there is no such divergence")
			}
			result, _ := diagnose(t, divergent.Noisy(d.Port()), d.Level, small)
			if len(result.Diagnoses) != len(d.Modules) {
				t.Fatalf("got %d diagnoses, want those of %v", len(result.Diagnoses), d.Modules)
			}
			for _, m := range result.Diagnoses {
				if wrong := named(d, m); wrong != "" {
					t.Errorf("%s: %s: %+v", m.Module, wrong, m)
				}
				if m.Examined != m.Failing || m.Catalogue < 45 || m.Failing == 0 {
					t.Errorf("%s: %+v", m.Module, m)
				}
			}
		})
	}
}

// full makes tests complete that else do a part: see `make full`.
var full = os.Getenv("LOSSPROOF_FULL") != ""

// TestOverTheWire runs the catalogue as ports in other processes, results disturbed, and wants 99 of
// 100 diagnosed right, the fresh input included; without LOSSPROOF_FULL, a few of it.
func TestOverTheWire(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds: make test-long runs it")
	}
	catalogue := divergence.All()
	if !full {
		catalogue = slices.DeleteFunc(catalogue, func(d *divergence.Divergence) bool {
			return d.Name != "weight-twice" && d.Name != "subnormals-flushed"
		})
	}
	right, total := 0, 0
	var slowest time.Duration
	for _, d := range catalogue {
		port, err := process.New(process.Options{Command: []string{os.Args[0]}, Env: divergent.Env(d.Name)})
		if err != nil {
			t.Fatal(err)
		}
		selection := small
		if d.Sums {
			selection = complete
		}
		result, took := diagnose(t, port, d.Level, selection)
		if err := port.Close(); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
		slowest = max(slowest, took)
		total += len(d.Modules)
		for _, m := range result.Diagnoses {
			if wrong := named(d, m); wrong != "" {
				t.Logf("%s of %s: %s", d.Name, m.Module, wrong)
			} else {
				right++
			}
		}
	}
	t.Logf("%d of %d diagnosed right, %.1f %%; the slowest diagnosis took %v", right, total, 100*float64(right)/float64(total), slowest)
	if 100*right < 99*total {
		t.Errorf("%d of %d diagnosed right, want 99 %%", right, total)
	}
}

// TestPassingRefusalsCount: two divergences accept the same wrong call, one of them many others too. That the port refuses these
// tells them apart.
func TestPassingRefusalsCount(t *testing.T) {
	d, _ := divergence.ByName("largest-index-ignored")
	result, _ := diagnose(t, d.Port(), verdict.Parity, judge.Selection{Select: []string{"CrossEntropyLoss/rejections/*"}})
	findings := result.Diagnoses[0].Findings
	if len(findings) == 0 || findings[0].Divergence != d.Name || findings[0].Contradicted != 0 || findings[0].Held < 10 {
		t.Errorf("got %+v", findings)
	}
}

// TestTwoMistakes: a port may make more than one.
func TestTwoMistakes(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds: make test-long runs it")
	}
	ignored, _ := divergence.ByName("pos-weight-ignored")
	negated, _ := divergence.ByName("gradient-negated")
	port := testports.Port{EvaluateFunc: func(_ context.Context, call ports.Call) (ports.Answer, error) {
		answer := negated.Evaluate(call)
		if _, ok := call.Inputs[ports.PosWeight]; ok {
			answer = ignored.Evaluate(call)
		}
		return answer, nil
	}}
	result, _ := diagnose(t, port, verdict.Parity, judge.Selection{Modules: []string{ports.BCEWithLogitsLoss}, Skip: small.Skip})
	var names []string
	for _, f := range result.Diagnoses[0].Findings {
		names = append(names, f.Divergence)
	}
	for _, name := range []string{"gradient-negated", "pos-weight-ignored"} {
		if !slices.Contains(names, name) {
			t.Errorf("found %v, want %s among them", names, name)
		}
	}
	named := map[string]bool{}
	for _, c := range result.Cases {
		if c.Diagnosis != "" && c.Outcome == judge.Pass {
			t.Errorf("%s passes, and has a diagnosis", c.ID)
		}
		named[c.Diagnosis] = true
	}
	if !named["gradient-negated"] || !named["pos-weight-ignored"] {
		t.Errorf("the cases name %v", named)
	}
}

// TestUnknownMistake: what no divergence explains is said to be so.
func TestUnknownMistake(t *testing.T) {
	port := testports.Port{EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		answer := divergence.Right(call)
		if loss, ok := answer.Outputs[ports.Loss]; ok && loss.DType == tensor.Float64 {
			values := loss.Float64s()
			for i := range values {
				values[i] = math.Sin(math.Atan(values[i])) + 3 // finite, whatever it is of
			}
			answer.Outputs[ports.Loss] = tensor.FromFloat64(values, loss.Shape...)
		}
		return answer, nil
	}}
	selection := small
	if testing.Short() {
		selection.Shard = judge.Shard{Index: 1, Count: 24}
	}
	result, _ := diagnose(t, port, verdict.Parity, selection)
	if len(result.Diagnoses) != len(ports.ModuleNames()) {
		t.Fatalf("got %+v", result.Diagnoses)
	}
	for _, m := range result.Diagnoses {
		if len(m.Findings) > 0 || m.Unexplained != m.Examined || !strings.HasPrefix(m.Example, m.Module+"/") {
			t.Errorf("got %+v", m)
		}
	}
}

// TestAPortThatMemorised: where a port makes the mistake for the fixtures alone, it is a lead, whose fresh input is not
// answered as predicted.
func TestAPortThatMemorised(t *testing.T) {
	d, _ := divergence.ByName("weight-ignored")
	calls := 0
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	selection := judge.Selection{Select: []string{"MultiLabelSoftMarginLoss/weights/f32-*"}}
	cases, err := judge.Select(set, selection)
	if err != nil {
		t.Fatal(err)
	}
	port := testports.Port{EvaluateFunc: func(_ context.Context, call ports.Call) (ports.Answer, error) {
		if calls++; calls > len(cases) {
			return divergence.Right(call), nil
		}
		return d.Evaluate(call), nil
	}}
	result, _ := diagnose(t, port, verdict.Parity, selection)
	named := slices.IndexFunc(result.Causes, func(c judge.Cause) bool { return c.Name == d.Name })
	if named < 0 || !result.Causes[named].Lead || result.Causes[named].Fresh == nil || result.Causes[named].Fresh.Predicted {
		t.Errorf("got %+v", result.Causes)
	}
}

// changing is a port that answers right, but for what change does to its outputs.
func changing(change func(call ports.Call, outputs map[string]tensor.Tensor)) ports.Port {
	return testports.Port{EvaluateFunc: func(_ context.Context, call ports.Call) (ports.Answer, error) {
		answer := divergence.Right(call)
		change(call, answer.Outputs)
		return answer, nil
	}}
}

// mapped is a tensor with f of its elements.
func mapped(t tensor.Tensor, f func(float64) float64) tensor.Tensor {
	values := t.Float64s()
	for i, v := range values {
		values[i] = f(v)
	}
	if t.DType == tensor.Float64 {
		return tensor.FromFloat64(values, t.Shape...)
	}
	narrow := make([]float32, len(values))
	for i, v := range values {
		narrow[i] = float32(v)
	}
	return tensor.FromFloat32(narrow, t.Shape...)
}

func isReduction(call ports.Call, reduction string) bool {
	return call.Options.Reduction != nil && *call.Options.Reduction == reduction
}

// TestWhatIsNotNamed: a divergence that only looks like what a port does wrong is not named.
func TestWhatIsNotNamed(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds: make test-long runs it")
	}
	sine := func(call ports.Call, outputs map[string]tensor.Tensor) {
		if loss, ok := outputs[ports.Loss]; ok && loss.DType == tensor.Float64 {
			outputs[ports.Loss] = mapped(loss, math.Sin)
		}
	}
	// sines are wrong in a way that nobody knows, and the mean over nothing is 0.
	sines := changing(func(call ports.Call, outputs map[string]tensor.Tensor) {
		if loss, ok := outputs[ports.Loss]; ok && loss.Len() == 1 && math.IsNaN(loss.Float64(0)) {
			outputs[ports.Loss] = mapped(loss, func(float64) float64 { return 0 })
			return
		}
		sine(call, outputs)
	})
	for name, test := range map[string]struct {
		port      ports.Port
		selection judge.Selection
	}{
		"it is right itself, and near to what is wrong": {changing(func(_ ports.Call, outputs map[string]tensor.Tensor) {
			if loss, ok := outputs[ports.Loss]; ok && loss.DType == tensor.Float32 {
				outputs[ports.Loss] = mapped(loss, func(v float64) float64 { return v * (1 + 14*0x1p-23) })
			}
		}), judge.Selection{Select: []string{"BCEWithLogitsLoss/extreme_logits/*"}}},
		"it explains one answer, and the others are few": {sines, judge.Selection{Select: []string{"BCEWithLogitsLoss/shapes/f32-mean-0x3", "BCEWithLogitsLoss/blog_example/f64-*"}}},
		"its answers are near, and no two right ones differ so": {changing(func(call ports.Call, outputs map[string]tensor.Tensor) {
			d, _ := divergence.ByName("weight-ignored")
			for name, output := range d.Evaluate(call).Outputs {
				outputs[name] = mapped(output, func(v float64) float64 { return v * (1 + 4000*0x1p-52) })
			}
		}), judge.Selection{Select: []string{"BCEWithLogitsLoss/weights/f64-*"}}},
	} {
		t.Run(name, func(t *testing.T) {
			result, _ := diagnose(t, test.port, verdict.Parity, test.selection)
			if len(result.Diagnoses) != 1 || result.Diagnoses[0].Failing == 0 {
				t.Fatalf("got %+v, want a port that fails", result.Diagnoses)
			}
			if m := result.Diagnoses[0]; len(m.Findings) > 0 {
				t.Errorf("%d of %d are named %s", m.Findings[0].Explains, m.Examined, m.Findings[0].Divergence)
			} else {
				t.Logf("%d answers fail", m.Failing)
			}
		})
	}
}

// TestMistakesInParts: a mistake that a port makes in some outputs, dtypes or calls alone is named, with
// what these have in common.
func TestMistakesInParts(t *testing.T) {
	right := func(name string, call ports.Call) map[string]tensor.Tensor {
		d, _ := divergence.ByName(name)
		return d.Evaluate(call).Outputs
	}
	for name, test := range map[string]struct {
		port            ports.Port
		selection       []string
		mistake, common string
	}{
		"a reduction": {changing(func(call ports.Call, outputs map[string]tensor.Tensor) {
			if gradient, ok := outputs[ports.GradInput]; ok && isReduction(call, "none") {
				outputs[ports.GradInput] = mapped(gradient, func(v float64) float64 { return -v })
			}
		}), []string{"BCEWithLogitsLoss/reductions/*", "BCEWithLogitsLoss/weights/*-mean-*"}, "gradient-negated", "with reduction 'none'"},
		"an output": {changing(func(call ports.Call, outputs map[string]tensor.Tensor) {
			if _, ok := outputs[ports.Loss]; ok {
				outputs[ports.Loss] = right("log-of-sigmoid", call)[ports.Loss]
			}
		}), []string{"MultiLabelSoftMarginLoss/extreme_logits/*"}, "log-of-sigmoid", "in loss"},
		"a dtype": {changing(func(call ports.Call, outputs map[string]tensor.Tensor) {
			if call.Inputs[ports.Input].DType == tensor.Float32 {
				for name, output := range right("weight-twice", call) {
					outputs[name] = output
				}
			}
		}), []string{"BCELoss/weights/*"}, "weight-twice", "in float32"},
	} {
		t.Run(name, func(t *testing.T) {
			result, _ := diagnose(t, test.port, verdict.Parity, judge.Selection{Select: test.selection})
			if len(result.Causes) != 1 {
				t.Fatalf("got %+v, want one cause", result.Causes)
			}
			c := result.Causes[0]
			if c.Name != test.mistake || c.Condition != test.common || c.Lead || c.Explains != c.Failing || c.Fresh == nil || !c.Fresh.Predicted {
				t.Errorf("got %+v, want %s %s", c, test.mistake, test.common)
			}
		})
	}
}

// TestBorders: what no known mistake explains is told from what is right, by a condition that is true, and
// shown by a small call.
func TestBorders(t *testing.T) {
	logits := func(call ports.Call) []float64 { return call.Inputs[ports.Input].Float64s() }
	for name, test := range map[string]struct {
		port      ports.Port
		selection []string
		kind      judge.CauseKind
		sentence  string
		condition string
		shown     func(call ports.Call) bool
	}{
		"a threshold": {changing(func(call ports.Call, outputs map[string]tensor.Tensor) {
			loss, ok := outputs[ports.Loss]
			if x := logits(call); ok && loss.Len() == len(x) {
				values := loss.Float64s()
				for i := range values {
					if x[i] > 25 {
						values[i] += 0.5
					}
				}
				outputs[ports.Loss] = tensor.FromValues(loss.DType, values, loss.Shape...)
			}
		}), []string{"BCEWithLogitsLoss/extreme_logits/*-none-*"}, judge.Delimited, "larger by 1/2 than the right ones", "where the logit is 25", nil},
		"an error": {testports.Port{EvaluateFunc: func(_ context.Context, call ports.Call) (ports.Answer, error) {
			if slices.Max(append(logits(call), 0)) > 700 {
				return ports.Answer{Failed: &ports.Failed{Message: "math range error"}}, nil
			}
			return divergence.Right(call), nil
		}}, []string{"BCEWithLogitsLoss/extreme_logits/f64-*"}, judge.Raises, "It raises an error: math range error.", "where a logit is ", func(call ports.Call) bool {
			return len(logits(call)) == 1
		}},
		"a shape": {changing(func(call ports.Call, outputs map[string]tensor.Tensor) {
			if loss, ok := outputs[ports.Loss]; ok && isReduction(call, "none") {
				loss.Shape = append([]int{1, 1}, loss.Shape...)
				outputs[ports.Loss] = loss
			}
		}), []string{"BCELoss/reductions/*"}, judge.Delimited, "The shape of loss is another than PyTorch's", "with reduction 'none'", nil},
	} {
		t.Run(name, func(t *testing.T) {
			result, _ := diagnose(t, test.port, verdict.Parity, judge.Selection{Select: test.selection})
			if len(result.Causes) != 1 {
				t.Fatalf("got %+v, want one cause", result.Causes)
			}
			c := result.Causes[0]
			if c.Kind != test.kind || !strings.Contains(c.Sentence, test.sentence) || !strings.HasPrefix(c.Condition, test.condition) || c.Lead || c.Explains != c.Failing {
				t.Errorf("got %+v, want %q %q", c, test.sentence, test.condition)
			}
			for _, a := range c.Asked {
				if !a.Predicted {
					t.Errorf("not predicted: %+v", a)
				}
			}
			if c.Reproduction == nil || c.Reproduction.Got == c.Reproduction.Want {
				t.Fatalf("the reproduction is %+v", c.Reproduction)
			}
			request, err := wire.DecodeRequest(c.Reproduction.Request)
			if err != nil {
				t.Fatal(err)
			}
			if request.Call.Inputs[ports.Input].Len() > 2 || test.shown != nil && !test.shown(request.Call) {
				t.Errorf("it is shown by %s", c.Reproduction.Call)
			}
		})
	}
}

// TestPortsThatGoWrong: no answer, a panic or nonsense is no matter of a diagnosis.
func TestPortsThatGoWrong(t *testing.T) {
	for name, port := range map[string]ports.Port{
		"panics": testports.Panics, "malformed": testports.Malformed, "times out": testports.TimesOut,
		"fails": testports.FailsEverything, "torn": testports.Torn, "wrong dtype": testports.WrongDType,
		"says nothing": testports.SaysNothing, "lacks grad_input": testports.LacksGradInput,
	} {
		result, _ := diagnose(t, port, verdict.Parity, judge.Selection{Select: []string{"*/reductions/*"}})
		for _, m := range result.Diagnoses {
			if len(m.Findings) > 0 {
				t.Errorf("%s: got %+v", name, m)
			}
		}
	}
	// A conformant port has no diagnosis.
	result, _ := diagnose(t, divergence.RightPort(), verdict.Parity, judge.Selection{Select: []string{"*/reductions/*"}})
	if len(result.Diagnoses) > 0 {
		t.Errorf("a conformant port: got %+v", result.Diagnoses)
	}
}
