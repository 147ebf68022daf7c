package judge_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"math"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/corpus"
	"lossproof/internal/laws"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

func openSet(t *testing.T) *fixtures.Set {
	t.Helper()
	return corpus.Whole(t)
}

// of returns options with fixtures.
func of(set *fixtures.Set, options judge.Options) judge.Options {
	options.Fixtures = set
	if options.Effort == "" {
		options.Effort = judge.Quick
	}
	return options
}

func run(t *testing.T, port ports.Port, options judge.Options) *judge.Result {
	t.Helper()
	result, err := judge.Run(context.Background(), port, of(openSet(t), options))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// only selects by patterns.
func only(patterns ...string) judge.Options {
	return judge.Options{Selection: judge.Selection{Select: patterns}}
}

// some are a few cases of each module.
func some() judge.Options {
	return only("*/blog_example/*", "*/pos_weight/*", "*/class_probabilities/*", "*/rejections/*", "*/relations/shape")
}

func TestBuiltinLossesAreConformant(t *testing.T) {
	if testing.Short() {
		t.Skip("package suites and the command judge them, too, without OnePass: make test-long runs it")
	}
	for _, level := range []verdict.Level{verdict.Exact, verdict.Parity} {
		checkBuiltin(t, builtin.Port{OnePass: true}, level)
	}
}

func checkBuiltin(t *testing.T, port builtin.Port, level verdict.Level) {
	t.Helper()
	result := run(t, port, judge.Options{Level: level})
	if !result.Summary.Conformant || !result.Complete || result.Partial {
		t.Errorf("%s: conformant %t, complete %t, partial %t: %q", level, result.Summary.Conformant, result.Complete, result.Partial, result.Summary.Verdict)
	}
	for _, r := range result.Cases {
		if r.Gates && r.Outcome.Failing() {
			t.Errorf("%s: %s is %s: %s %v", level, r.ID, r.Outcome, r.Message, r.Outputs)
		}
	}
	want := regexp.MustCompile(`^conformant \(` + string(level) + `\): BCEWithLogitsLoss float16 bfloat16 float32 float64, loss, grad_input and grad_target, without mixed_dtype and integer_targets; ` +
		`\d{4} recorded outputs, \d{3} refusals, 21 laws, \d{2,} generated calls up to \([\d, ]+\), 65536 of 65536 bfloat16 logits and 65536 of 65536 float16 logits, seed 1 of the release, effort [a-z]+$`)
	if !slices.ContainsFunc(result.Summary.Verdict, want.MatchString) {
		t.Errorf("verdict is %q, want %q in it", result.Summary.Verdict, want)
	}
}

// TestWrongPortsFail: what is wrong, which case shows it, and how it is told.
func TestWrongPortsFail(t *testing.T) {
	const (
		mean      = "BCEWithLogitsLoss/blog_example/f32-mean"
		posWeight = "BCEWithLogitsLoss/pos_weight/*"
		refused   = "BCEWithLogitsLoss/rejections/f32-reduction-batchmean"
	)
	for _, test := range []struct {
		name    string
		port    ports.Port
		pattern string
		outcome judge.Outcome
		message string // in that of the case, or of its first failing output
	}{
		{"pos_weight is ignored", testports.PosWeightIgnored, posWeight, judge.Fail, "elements are wrong at level parity"},
		{"the mean is the sum", testports.MeanIsSum, "BCEWithLogitsLoss/reductions/*mean*", judge.Fail, "reference"},
		{"zeros", testports.Zeros, mean, judge.Fail, "got 0"},
		{"NaNs", testports.NaNs, mean, judge.Fail, "got NaN"},
		{"wrong shape", testports.WrongShape, mean, judge.Fail, "shape is (1,), want ()"},
		{"wrong dtype", testports.WrongDType, mean, judge.Fail, "dtype is float64, want float32"},
		{"torn tensor", testports.Torn, mean, judge.Malformed, "got 3 bytes, want 1 elements of 4 bytes"},
		{"an output is missing", testports.LacksGradInput, mean, judge.Malformed, "the answer lacks grad_input, it has loss float32 () = 0.923"},
		{"refuses", testports.RefusesEverything, mean, judge.Fail, "refused what PyTorch accepts (value): I do not like it"},
		{"accepts", testports.AcceptsEverything, refused, judge.Fail, "accepted what PyTorch refuses with ValueError"},
		{"unsupported", testports.UnsupportedEverything, mean, judge.Fail, "answered unsupported inside its claim: not written yet"},
		{"unsupported rejection", testports.UnsupportedEverything, refused, judge.Fail, "answered unsupported inside its claim"},
		{"fails", testports.FailsEverything, mean, judge.Error, "the port says that it failed: out of memory\nat loss.py:7"},
		{"fails to refuse", testports.FailsEverything, refused, judge.Error, "out of memory"},
		{"says nothing", testports.SaysNothing, mean, judge.Malformed, "it has 0 of outputs, rejected, unsupported and failed"},
		{"malformed", testports.Malformed, mean, judge.Malformed, `got "hello"`},
		{"times out", testports.TimesOut, mean, judge.Timeout, "10s have passed"},
		{"panics", testports.Panics, mean, judge.Crash, "panic: index out of range"},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := run(t, test.port, only(test.pattern))
			if result.Summary.Conformant || result.Summary.Modules[0].Reason == "" {
				t.Errorf("conformant: %q", result.Summary.Verdict)
			}
			for _, r := range result.Cases {
				if !r.Outcome.Failing() {
					continue
				}
				message := r.Message
				for _, name := range r.OutputNames() {
					if output := r.Outputs[name]; message == "" && output.Outcome.Failing() {
						message = output.Message
					}
				}
				if r.Outcome != test.outcome || !strings.Contains(message, test.message) {
					t.Errorf("%s is %s: %s\nwant %s, %q", r.ID, r.Outcome, message, test.outcome, test.message)
				}
				if len(message) > 5000 {
					t.Errorf("the message has %d bytes", len(message))
				}
				if r.Rule == "" || r.Statement == "" {
					t.Errorf("%s names no rule", r.ID)
				}
				return
			}
			t.Error("no case fails")
		})
	}
}

func TestNullPortsAreNeverConformant(t *testing.T) {
	for name, port := range map[string]ports.Port{
		"zeros": testports.Zeros, "NaNs": testports.NaNs, "refuses": testports.RefusesEverything,
		"unsupported": testports.UnsupportedEverything, "fails": testports.FailsEverything,
	} {
		result := run(t, port, some())
		for _, m := range result.Summary.Modules {
			if m.Conformant {
				t.Errorf("%s: %s is conformant", name, m.Module)
			}
		}
	}
}

// TestAClaimOfRefusalsAlone: a port that refuses everything, and claims so little that
// nothing but refusals is asked, passes all that it is asked.
func TestAClaimOfRefusalsAlone(t *testing.T) {
	port := testports.Claiming(func(_ string, c *ports.Claim) {
		c.Without = append(c.Without, "reduction:none", "reduction:mean", "reduction:sum")
	})
	port.EvaluateFunc = testports.RefusesEverything.EvaluateFunc
	result := run(t, port, some())
	if n := result.Summary.Cases[judge.Fail]; n > 0 {
		t.Fatalf("%d cases fail: the test is not about failures", n)
	}
	for _, m := range result.Summary.Modules {
		if m.Conformant || m.Reason != "nothing passed" {
			t.Errorf("%s: conformant %t: %q", m.Module, m.Conformant, m.Reason)
		}
	}
	if result.Summary.Conformant {
		t.Error("conformant")
	}
	j, err := judge.New(context.Background(), port, of(openSet(t), some()))
	if err != nil {
		t.Fatal(err)
	}
	if reasons, err := j.Vacuous(); err != nil || len(reasons) != len(claim.Modules) {
		t.Errorf("Vacuous: got %q, %v, want a reason for each module", reasons, err)
	}
}

func TestVacuous(t *testing.T) {
	otherModule := testports.Port{DescribeFunc: func() (ports.Description, error) {
		d, err := builtin.Port{}.Describe(context.Background())
		d.Modules = map[string]ports.Claim{"BCELoss": d.Modules[ports.BCEWithLogitsLoss]}
		return d, err
	}}
	for _, test := range []struct {
		reason  string
		port    ports.Port
		options judge.Options
		want    int
	}{
		{"everything is asked", builtin.Port{}, judge.Options{}, 0},
		{"refusals alone are selected", builtin.Port{}, only("*/rejections/*batchmean*"), 0},
		{"only what is not claimed is selected", builtin.Port{}, only("*/mixed_dtype/*-input-*"), 3},
		{"no selected module is claimed", otherModule, only("BCEWithLogitsLoss/*", "CrossEntropyLoss/*"), 1},
	} {
		j, err := judge.New(context.Background(), test.port, of(openSet(t), test.options))
		if err != nil {
			t.Fatal(err)
		}
		if reasons, err := j.Vacuous(); err != nil || len(reasons) != test.want {
			t.Errorf("%s: got %q, %v, want %d reasons", test.reason, reasons, err, test.want)
		}
	}
}

func TestOutsideTheClaimNothingIsAsked(t *testing.T) {
	asked := map[string]bool{}
	port := testports.Claiming(func(_ string, c *ports.Claim) {
		c.Outputs = []string{ports.GradInput}
		c.Without = []string{"pos_weight", "mixed_dtype", "integer_targets"}
	})
	port.EvaluateFunc = func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		_, posWeight := call.Inputs[ports.PosWeight]
		asked[strings.Join(call.Want, ",")] = true
		answer, err := builtin.Port{}.Evaluate(ctx, call)
		if posWeight && answer.Rejected == nil {
			t.Error("a call with pos_weight is asked")
		}
		return answer, err
	}
	result := run(t, port, some())
	if !result.Summary.Conformant {
		t.Errorf("verdict is %q", result.Summary.Verdict)
	}
	if len(asked) != 1 || !asked["grad_input"] {
		t.Errorf("asked for %v, want grad_input alone", asked)
	}
	s := result.Summary
	if s.OutputsAsked >= s.OutputsAll || s.Outputs[judge.Unsupported] != s.OutputsAll-s.OutputsAsked {
		t.Errorf("%d of %d outputs asked, %d unsupported", s.OutputsAsked, s.OutputsAll, s.Outputs[judge.Unsupported])
	}
	for _, r := range result.Cases {
		if r.Topic == "pos_weight" && r.Outcome == judge.Unsupported && r.Message != "without pos_weight" {
			t.Errorf("%s: the reason is %q", r.ID, r.Message)
		}
	}
}

func TestUnsupportedIsExcusedForARefusalOutsideTheClaim(t *testing.T) {
	port := testports.Claiming(func(_ string, c *ports.Claim) { c.DTypes = []tensor.DType{tensor.Float32} })
	port.EvaluateFunc = func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		if call.Inputs[ports.Input].DType == tensor.Float64 {
			return ports.Answer{Unsupported: &ports.Unsupported{Reason: "no float64"}}, nil
		}
		return builtin.Port{}.Evaluate(ctx, call)
	}
	result := run(t, port, only("*/rejections/*"))
	unsupported := 0
	for _, r := range result.Cases {
		if r.Outcome == judge.Unsupported {
			unsupported++
		}
		if r.Rejection && r.Outcome.Failing() {
			t.Errorf("%s is %s: %s", r.ID, r.Outcome, r.Message)
		}
	}
	if unsupported == 0 {
		t.Error("nothing is unsupported")
	}
}

func TestWithoutRejections(t *testing.T) {
	port := testports.Claiming(func(_ string, c *ports.Claim) { c.Without = append(c.Without, "rejections") })
	port.EvaluateFunc = testports.AcceptsEverything.EvaluateFunc
	if result := run(t, port, some()); !result.Summary.Conformant {
		t.Errorf("verdict is %q", result.Summary.Verdict)
	}
}

func TestAnotherKindOfRefusalIsANote(t *testing.T) {
	result := run(t, testports.RefusesEverything, only("*/rejections/*"))
	notes := 0
	for _, r := range result.Cases {
		if r.Rejection && r.Outcome != judge.Pass {
			t.Errorf("%s is %s", r.ID, r.Outcome)
		}
		if strings.HasPrefix(r.Note, "refused with kind value") {
			notes++
		}
	}
	if notes == 0 {
		t.Error("there are no notes")
	}
}

func TestQuirksGateOnRequest(t *testing.T) {
	options := only("MultiLabelSoftMarginLoss/broadcasting/*", "MultiLabelSoftMarginLoss/blog_example/*")
	result := run(t, builtin.Port{}, options)
	if m := result.Summary.Modules[0]; !m.Conformant || m.QuirksNot == 0 {
		t.Errorf("without --quirks: %+v", m)
	}
	options.Quirks = true
	result = run(t, builtin.Port{}, options)
	if m := result.Summary.Modules[0]; m.Conformant || !strings.Contains(m.Reason, "cases fail") {
		t.Errorf("with --quirks: %+v", m)
	}
}

func TestShouldRulesGateAndAreDeviations(t *testing.T) {
	port := testports.AcceptsEverything
	result := run(t, port, only("BCEWithLogitsLoss/rejections/*", "BCEWithLogitsLoss/blog_example/*"))
	m := result.Summary.Modules[0]
	if m.Conformant || !slices.Contains(m.Deviations, "BCEWL-TARGET-SHAPE") {
		t.Errorf("conformant %t, deviations %v", m.Conformant, m.Deviations)
	}
}

func TestUnclaimedModules(t *testing.T) {
	port := testports.Port{DescribeFunc: func() (ports.Description, error) {
		d, err := builtin.Port{}.Describe(context.Background())
		delete(d.Modules, ports.MultiLabelSoftMarginLoss)
		return d, err
	}}
	result := run(t, port, some())
	if !result.Summary.Conformant || !strings.Contains(strings.Join(result.Summary.Verdict, "\n"), "not claimed: MultiLabelSoftMarginLoss") {
		t.Errorf("verdict is %q", result.Summary.Verdict)
	}
	result = run(t, port, only("MultiLabelSoftMarginLoss/*"))
	if result.Summary.Conformant {
		t.Errorf("a port that claims no selected module is conformant: %q", result.Summary.Verdict)
	}
}

func TestNewErrors(t *testing.T) {
	set := openSet(t)
	for _, test := range []struct {
		port ports.Port
		want string
	}{
		{testports.Port{DescribeFunc: func() (ports.Description, error) { return ports.Description{}, errors.New("no GPU") }}, "no GPU"},
		{testports.Port{DescribeFunc: func() (ports.Description, error) { panic("boom") }}, "panic: boom"},
		{testports.Port{DescribeFunc: func() (ports.Description, error) { return ports.Description{}, nil }}, "modules is empty"},
		{testports.Claiming(func(_ string, c *ports.Claim) { c.Without = []string{"pos-weight"} }), `did you mean "pos_weight"?`},
	} {
		_, err := judge.New(context.Background(), test.port, judge.Options{Fixtures: set})
		var portError *judge.PortError
		if !errors.As(err, &portError) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got error %v, want a PortError with %q", err, test.want)
		}
	}
}

func TestMaxFailAndCancellation(t *testing.T) {
	options := judge.Options{MaxFail: 3}
	result := run(t, testports.Zeros, options)
	failing := 0
	for _, r := range result.Cases {
		if r.Gates && r.Outcome.Failing() {
			failing++
		}
	}
	if failing != 3 || result.Complete || result.Summary.Conformant || result.Summary.NotRun != result.Selected-len(result.Cases) || result.Summary.RelationsNotRun != len(laws.All()) {
		t.Errorf("%d failing of %d, complete %t, not run %d", failing, len(result.Cases), result.Complete, result.Summary.NotRun)
	}

	ctx, cancel := context.WithCancel(context.Background())
	options = judge.Options{Progress: func(done, total int, latest judge.CheckResult) {
		if done == 5 {
			cancel()
		}
		if done > total || latest.ID == "" {
			t.Errorf("progress: %d of %d, %q", done, total, latest.ID)
		}
	}}
	result, err := judge.Run(ctx, builtin.Port{}, of(openSet(t), options))
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got error %v, want that of the context", err)
	}
	if len(result.Cases) != 5 || result.Complete || result.Summary.Conformant {
		t.Errorf("%d cases, complete %t, conformant %t", len(result.Cases), result.Complete, result.Summary.Conformant)
	}
}

// damaged returns the fixtures with a bit of one file flipped, which opening them does not find.
func damaged(t *testing.T, name string) *fixtures.Set {
	t.Helper()
	files := fstest.MapFS{}
	root := os.DirFS("../fixtures/data")
	if err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	files[name].Data[len(files[name].Data)-1] ^= 1
	set, err := fixtures.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestASuiteErrorIsNoFaultOfThePort: an array that cannot be read.
func TestASuiteErrorIsNoFaultOfThePort(t *testing.T) {
	const id = "BCEWithLogitsLoss/blog_example/f32-mean"
	c, err := openSet(t).Case(id)
	if err != nil {
		t.Fatal(err)
	}
	name := path.Join(c.Module, c.Topic, c.Inputs["input"].File)
	result, err := judge.Run(context.Background(), builtin.Port{}, of(damaged(t, name), only(id)))
	if err != nil {
		t.Fatal(err)
	}
	if r := result.Cases[0]; r.Outcome != judge.SuiteError || !strings.Contains(r.Message, name) || result.Summary.Conformant {
		t.Errorf("outcome %s: %s", r.Outcome, r.Message)
	}
}

func TestResultJSON(t *testing.T) {
	result := run(t, testports.NaNs, only("*/blog_example/*"))
	data, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	var decoded judge.Result
	if err := json.Unmarshal(data, &decoded); err != nil {
		t.Fatal(err)
	}
	if got := float64(decoded.Cases[0].Outputs["loss"].Errors.Exact.ULP); !math.IsInf(got, 1) {
		t.Errorf("the error of a NaN is %v, want infinity", got)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lossproof", "fixtures", "port", "claim", "reference", "level", "platform", "summary", "cases", "complete"} {
		if _, ok := members[name]; !ok {
			t.Errorf("member %s is missing of %v", name, slices.Sorted(maps.Keys(members)))
		}
	}
	if !strings.HasSuffix(string(data), `"complete":true}`) {
		t.Errorf("complete is not the last member: …%s", data[len(data)-60:])
	}
}

// TestLevels: PyTorch's answer where it has no limit is right at every level but exact, the exact one at every level
// but reference.
func TestLevels(t *testing.T) {
	const id = "BCEWithLogitsLoss/nonfinite/f32-mean-minus-inf-t-0"
	c, err := openSet(t).Case(id)
	if err != nil {
		t.Fatal(err)
	}
	outputs := map[string][2]tensor.Tensor{} // of PyTorch, and exact
	for name := range c.Outputs {
		want, err := openSet(t).Expected(c, name)
		if err != nil {
			t.Fatal(err)
		}
		exact := make([]float32, len(want.Exact))
		for i, e := range want.Exact {
			exact[i] = float32(e)
		}
		outputs[name] = [2]tensor.Tensor{want.Reference, tensor.FromFloat32(exact, want.Reference.Shape...)}
	}
	for which, passes := range []map[verdict.Level]bool{
		{verdict.Parity: true, verdict.Reference: true}, {verdict.Parity: true, verdict.Exact: true},
	} {
		port := testports.Port{EvaluateFunc: func(context.Context, ports.Call) (ports.Answer, error) {
			answer := map[string]tensor.Tensor{}
			for name, output := range outputs {
				answer[name] = output[which]
			}
			return ports.Answer{Outputs: answer}, nil
		}}
		for _, level := range []verdict.Level{verdict.Parity, verdict.Exact, verdict.Reference} {
			options := only(id)
			options.Level = level
			if r := run(t, port, options).Cases[0]; (r.Outcome == judge.Pass) != passes[level] {
				t.Errorf("answer %d at level %s: %s: %v", which, level, r.Outcome, r.Outputs)
			}
		}
	}
}

// TestAShardIsNoVerdict, though nothing fails in it.
func TestAShardIsNoVerdict(t *testing.T) {
	options := only("BCEWithLogitsLoss/blog_example/*")
	options.Selection.Shard = judge.Shard{Index: 1, Count: 2}
	s := run(t, builtin.Port{}, options).Summary
	if s.Conformant || !s.Passed || !strings.HasPrefix(s.Verdict[0], "nothing fails in shard 1/2 (parity): BCEWithLogitsLoss") {
		t.Errorf("conformant %t, passed %t: %q", s.Conformant, s.Passed, s.Verdict)
	}
}
