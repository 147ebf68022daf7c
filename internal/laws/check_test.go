package laws

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strings"
	"testing"

	"lossproof/fixtures"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

// spy is a port that shows its calls, and answers as another.
type spy struct {
	ports.Port
	see func(asked ports.Call)
}

func (s spy) Evaluate(ctx context.Context, asked ports.Call) (ports.Answer, error) {
	s.see(asked)
	return s.Port.Evaluate(ctx, asked)
}

func byID(t *testing.T, id string) *Relation {
	t.Helper()
	for _, r := range All() {
		if r.ID == id {
			return r
		}
	}
	t.Fatalf("there is no relation %s", id)
	return nil
}

// TestMemorisedPortKnowsTheCases: what the fixtures ask is answered rightly, whatever the defect.
func TestMemorisedPortKnowsTheCases(t *testing.T) {
	set, err := fixtures.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	port := memorised{known: learnt(t), wrong: func(c call, right map[string]tensor.Tensor) map[string]tensor.Tensor {
		t.Errorf("%s is not known", c.describe())
		return right
	}}
	for i := range set.Cases {
		c := &set.Cases[i]
		inputs, err := set.Inputs(c)
		if err != nil {
			t.Fatal(err)
		}
		if inputs[ports.Input].Len() > 1000 {
			continue // which take long
		}
		if _, err := port.Evaluate(t.Context(), ports.Call{Module: c.Module, Options: c.Options, Inputs: inputs, Want: c.OutputNames()}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOnlyWhatIsSelectedAndClaimedIsAsked, while a counterexample shrinks too.
func TestOnlyWhatIsSelectedAndClaimedIsAsked(t *testing.T) {
	r := byID(t, "BCEWithLogitsLoss/relations/weight-ones")
	asked := 0
	port := spy{memorised{wrong: both(where(always))[0].answersWith(ports.Weight)}, func(call ports.Call) {
		asked++
		if x := call.Inputs[ports.Input]; x.DType != tensor.Float64 || *call.Options.Reduction == none || call.Inputs[ports.PosWeight].Shape != nil {
			t.Errorf("asked %s, reduction %s, pos_weight %v", x.DType, *call.Options.Reduction, call.Inputs[ports.PosWeight].Shape)
		}
	}}
	k := checker(t, port, Options{Seed: Seed, Level: verdict.Parity, DTypes: []tensor.DType{tensor.Float64}})
	claim := k.claims[ports.BCEWithLogitsLoss]
	claim.Without = append(slices.Clone(claim.Without), "reduction:none", "pos_weight")
	k.claims[ports.BCEWithLogitsLoss] = claim
	result := k.check(t, r)
	if result.Broken == "" || asked < 10 {
		t.Errorf("%+v, asked %d times", result, asked)
	}
}

// answersWith is answers for calls that have an input.
func (d defect) answersWith(input string) func(c call, right map[string]tensor.Tensor) map[string]tensor.Tensor {
	return func(c call, right map[string]tensor.Tensor) map[string]tensor.Tensor {
		if _, ok := c.port().Inputs[input]; !ok {
			return right
		}
		return d.answers(c, right)
	}
}

// TestSeedsDrawOtherInputs, and the same one the same.
func TestSeedsDrawOtherInputs(t *testing.T) {
	r := byID(t, "BCEWithLogitsLoss/relations/mean")
	hashes := func(seed uint32) (all []string) {
		k := checker(t, spy{builtin.Port{}, func(asked ports.Call) { h := hash(asked); all = append(all, string(h[:])) }}, Options{Seed: seed, Level: verdict.Parity})
		if result := k.check(t, r); result.Samples != samplesPerRelation {
			t.Fatalf("%+v", result)
		}
		return all
	}
	first := hashes(1)
	if !slices.Equal(first, hashes(1)) {
		t.Error("seed 1 draws other inputs the second time")
	}
	for _, h := range hashes(2) {
		if slices.Contains(first, h) {
			t.Error("seeds 1 and 2 draw the same input")
			break
		}
	}
}

// TestCounterexampleIsSimple: no weights where they do not matter, whole numbers, and the equation that
// is furthest apart.
func TestCounterexampleIsSimple(t *testing.T) {
	r := byID(t, "BCEWithLogitsLoss/relations/permute-samples")
	port := memorised{wrong: both(func(c call, i int) float64 {
		if firstRow(c, i) {
			return slight * (2 + c.x.values[i])
		}
		return 0
	})[0].answers}
	result := checker(t, port, Options{Seed: Seed, Level: verdict.Parity}).check(t, r)
	for _, want := range []string{"broken by 2 calls\n  1. BCEWithLogitsLoss, reduction=", ", input=[", ", target=[", "\nloss (", " but the law demands ", "; they are 0.0", " apart, allowed are ", " elements)"} {
		if !strings.Contains(result.Broken, want) {
			t.Errorf("want %q in\n%s", want, result.Broken)
		}
	}
	if strings.Contains(result.Broken, "weight=") || strings.Count(result.Broken, ".") > 12 {
		t.Errorf("it is not simple:\n%s", result.Broken)
	}
}

// TestCounterexampleOfRowsIsSimple: class indices, without label_smoothing, where these do not matter.
func TestCounterexampleOfRowsIsSimple(t *testing.T) {
	r := byID(t, "CrossEntropyLoss/relations/permute-samples")
	for seed := range uint32(4) {
		result := checker(t, memorised{wrong: both(byX(firstRow))[0].answers}, Options{Seed: seed, Level: verdict.Parity}).check(t, r)
		if !strings.Contains(result.Broken, ", target=[0, ") && !strings.Contains(result.Broken, ", target=[1, ") || strings.Contains(result.Broken, "label_smoothing") {
			t.Errorf("seed %d: it is not simple:\n%s", seed, result.Broken)
		}
	}
}

// TestWorstEquation is the one that is described, and the others are counted.
func TestWorstEquation(t *testing.T) {
	distances := []float64{0, 3, 0.5, 7, 2}
	r := &Relation{law: &law{
		calls: func(string, *sample) []call { return nil },
		holds: func(string, *sample, []answer) (all []equation) {
			for i, d := range distances {
				all = append(all, equation{what: "e", shape: []int{5}, index: i, got: d, allowed: 1})
			}
			return all
		},
	}}
	f := (&Checker{}).judge(r, &trial{})
	if f.worst.index != 3 || f.headroom != 7 || f.failing != 3 || f.all != 5 || !f.broken() {
		t.Errorf("got %+v", f)
	}
}

// TestRefused: what is no answer to a call, and what is a wrong one.
func TestRefused(t *testing.T) {
	x := array{[]int{2}, []float64{1, 2}}
	c := call{module: ports.BCEWithLogitsLoss, reduction: none, dtype: tensor.Float32, x: x, t: x, want: lossAndGradient}
	right := func() map[string]tensor.Tensor {
		return map[string]tensor.Tensor{ports.Loss: x.tensor(tensor.Float32), ports.GradInput: x.tensor(tensor.Float32)}
	}
	with := func(name string, t tensor.Tensor) ports.Answer {
		outputs := right()
		outputs[name] = t
		return ports.Answer{Outputs: outputs}
	}
	torn := x.tensor(tensor.Float32)
	torn.Data = torn.Data[1:]
	lacking := ports.Answer{Outputs: right()}
	delete(lacking.Outputs, ports.GradInput)
	for _, test := range []struct {
		answer    ports.Answer
		want      string
		malformed bool
	}{
		{ports.Answer{Outputs: right()}, "", false},
		{ports.Answer{Rejected: &ports.Rejected{Message: "no"}}, "the port refuses it: no", false},
		{ports.Answer{Unsupported: &ports.Unsupported{Reason: "later"}}, "answered unsupported inside the claim: later", false},
		{with(ports.Loss, x.tensor(tensor.Float64)), "loss is float64, want float32", false},
		{with(ports.GradInput, x.reshaped(2, 1).tensor(tensor.Float32)), "the shape of grad_input is (2, 1), want (2,)", false},
		{with(ports.Loss, torn), "loss: ", true},
		{lacking, "the answer lacks grad_input", true},
	} {
		if text, malformed := refused(c, test.answer); !strings.HasPrefix(text, test.want) || (text == "") != (test.want == "") || malformed != test.malformed {
			t.Errorf("got %q, malformed %t, want %q, %t", text, malformed, test.want, test.malformed)
		}
	}
}

// answering is a port that answers some calls otherwise.
type answering struct {
	builtin.Port
	other func(ports.Call) (ports.Answer, bool, error)
}

func (a answering) Evaluate(ctx context.Context, asked ports.Call) (ports.Answer, error) {
	if answer, is, err := a.other(asked); is || err != nil {
		return answer, err
	}
	return a.Port.Evaluate(ctx, asked)
}

// oneClass reports whether a call is of one class.
func oneClass(asked ports.Call) bool {
	shape := asked.Inputs[ports.Input].Shape
	return shape[len(shape)-1] == 1
}

// oneWeight reports whether a call has a weight of one element.
func oneWeight(asked ports.Call) bool {
	return asked.Inputs[ports.Weight].Len() == 1 && asked.Inputs[ports.Weight].Shape != nil || asked.Inputs[ports.PosWeight].Shape != nil && asked.Inputs[ports.PosWeight].Len() == 1
}

// TestRefusals: in place of a sample that a sensible library may refuse another is drawn, whichever way it refuses;
// a port that refuses other calls breaks the law, and what no answer comes to is an error.
func TestRefusals(t *testing.T) {
	always := func(ports.Call) bool { return true }
	for _, test := range []struct {
		name          string
		refuses       func(ports.Call) bool
		answer        ports.Answer
		err           error
		broken, fails bool
	}{
		{"one class, rejected", oneClass, ports.Answer{Rejected: &ports.Rejected{Message: "no"}}, nil, false, false},
		{"one class, failed", oneClass, ports.Answer{Failed: &ports.Failed{Message: "no"}}, nil, false, false},
		{"a weight of one element", oneWeight, ports.Answer{Rejected: &ports.Rejected{Message: "no"}}, nil, false, false},
		{"everything, rejected", always, ports.Answer{Rejected: &ports.Rejected{Message: "no"}}, nil, true, false},
		{"everything, unsupported", always, ports.Answer{Unsupported: &ports.Unsupported{Reason: "no"}}, nil, true, false},
		{"everything, failed", always, ports.Answer{Failed: &ports.Failed{Message: "no"}}, nil, false, true},
		{"a crash", always, ports.Answer{}, ports.ErrCrash, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			port := answering{other: func(asked ports.Call) (ports.Answer, bool, error) {
				if test.refuses(asked) {
					return test.answer, true, test.err
				}
				return ports.Answer{}, false, nil
			}}
			k := checker(t, port, Options{Seed: Seed, Level: verdict.Parity})
			refused := 0
			for _, r := range All() {
				if testing.Short() && r.Rule.Module != ports.MultiLabelSoftMarginLoss {
					continue
				}
				result := k.check(t, r)
				refused += result.Refused
				switch {
				case (result.Broken != "") != test.broken || (result.Err != nil) != test.fails:
					t.Errorf("%s: %+v", r.ID, result)
				case test.broken && !strings.Contains(result.Broken, ": no"):
					t.Errorf("%s: %s", r.ID, result.Broken)
				case test.err != nil && !errors.Is(result.Err, test.err):
					t.Errorf("%s: %v", r.ID, result.Err)
				case !test.broken && !test.fails && result.Samples < samplesPerRelation/4:
					t.Errorf("%s: checked on %d samples", r.ID, result.Samples)
				}
			}
			if !test.broken && !test.fails && refused == 0 {
				t.Error("nothing was refused")
			}
		})
	}
}

// TestWithoutWeight: a port without a weight is asked none.
func TestWithoutWeight(t *testing.T) {
	asked := 0
	k := checker(t, spy{builtin.Port{}, func(call ports.Call) {
		asked++
		if w, given := call.Inputs[ports.Weight]; given {
			t.Fatalf("%s is asked with the weight %v", call.Module, w.Float64s())
		}
	}}, Options{Seed: Seed, Level: verdict.Parity})
	k.claims = map[string]ports.Claim{ports.BCELoss: {DTypes: k.claims[ports.BCELoss].DTypes, Outputs: []string{ports.Loss}, Without: []string{"weight"}}}
	for _, r := range All() {
		if end, _ := k.Begin(t.Context(), r); end != nil {
			end()
		}
	}
	if asked == 0 {
		t.Error("nothing is asked")
	}
}

// TestRefusesAll: a port that refuses every single row, where it may, and is asked nothing else, as it has no 'none',
// holds no law.
func TestRefusesAll(t *testing.T) {
	refuses := answering{other: func(ports.Call) (ports.Answer, bool, error) {
		return ports.Answer{Rejected: &ports.Rejected{Message: "no"}}, true, nil
	}}
	k := checker(t, refuses, Options{Seed: Seed, Level: verdict.Parity})
	for module, c := range k.claims {
		c.Without = append(slices.Clone(c.Without), "reduction:none", "reduction:mean")
		k.claims[module] = c
	}
	all := 0
	for _, r := range All() {
		end, _ := k.Begin(t.Context(), r)
		if end == nil {
			continue
		}
		result := end()
		if result.Broken == "" {
			t.Errorf("%s holds: %+v", r.ID, result)
		}
		if result.Samples == 0 {
			all++
		}
	}
	if all == 0 {
		t.Error("of every law there is a sample that no port may refuse")
	}
}

// TestLittleIsClaimed: a port of the loss alone, of the gradient alone, of one reduction or of one dtype is asked laws
// of every module, and is asked nothing else; right answers hold them, and wrong ones break some.
func TestLittleIsClaimed(t *testing.T) {
	for _, test := range []struct {
		name  string
		claim func(*ports.Claim)
		// laws is the least number of laws that are asked.
		laws int
	}{
		{"the loss alone", func(c *ports.Claim) { c.Outputs = []string{ports.Loss} }, 65},
		{"the gradient alone", func(c *ports.Claim) { c.Outputs = []string{ports.GradInput} }, 60},
		{"'none' alone", func(c *ports.Claim) { c.Without = []string{"reduction:mean", "reduction:sum"} }, 60},
		{"'sum' alone", func(c *ports.Claim) { c.Without = []string{"reduction:none", "reduction:mean"} }, 60},
		{"'mean' alone", func(c *ports.Claim) { c.Without = []string{"reduction:none", "reduction:sum"} }, 60},
		{"float32 alone", func(c *ports.Claim) { c.DTypes = []tensor.DType{tensor.Float32} }, 70},
		{"the loss, 'mean' and float64 alone", func(c *ports.Claim) {
			c.Outputs, c.DTypes, c.Without = []string{ports.Loss}, []tensor.DType{tensor.Float64}, []string{"reduction:none", "reduction:sum"}
		}, 45},
	} {
		t.Run(test.name, func(t *testing.T) {
			if testing.Short() && test.name != "the loss alone" {
				t.Skip("it takes seconds: make test-long runs it")
			}
			asked := map[string]int{}
			// of checks the laws, of each module up to the first that is broken.
			of := func(port ports.Port) (held int, broken map[string]bool) {
				k := checker(t, port, Options{Seed: Seed, Level: verdict.Parity})
				for module, c := range k.claims {
					test.claim(&c)
					k.claims[module] = c
				}
				broken = map[string]bool{}
				for _, r := range All() {
					if broken[r.Rule.Module] {
						continue
					}
					end, outside := k.Begin(t.Context(), r)
					if end == nil {
						if outside == "" {
							t.Errorf("%s is not asked, and nobody knows why", r.ID)
						}
						continue
					}
					if name := path.Base(r.ID); test.name == "the loss alone" && slices.Contains([]string{"grad-output", "gradient", "confidence", "softmax-gradient"}, name) {
						t.Errorf("%s is asked, and demands nothing of a loss", r.ID)
					}
					result := end()
					asked[r.Rule.Module]++
					if result.Broken == "" && result.Err == nil {
						held++
					} else {
						broken[r.Rule.Module] = true
					}
				}
				return held, broken
			}
			var claim ports.Claim
			right := spy{builtin.Port{}, func(call ports.Call) {
				d, _ := builtin.Port{}.Describe(t.Context())
				claim = d.Modules[call.Module]
				test.claim(&claim)
				for _, output := range call.Want {
					if !slices.Contains(claim.Outputs, output) {
						t.Fatalf("%s is asked for %s", call.Module, output)
					}
				}
				if slices.Contains(claim.Without, "reduction:"+*call.Options.Reduction) || !slices.Contains(claim.DTypes, call.Inputs[ports.Input].DType) {
					t.Fatalf("asked %s", call)
				}
			}}
			held, broken := of(right)
			t.Logf("%d laws are asked: %v", held, asked)
			if len(broken) > 0 || held < test.laws || len(asked) != len(ports.ModuleNames()) {
				t.Errorf("%d laws hold, want %d or more; broken are laws of %v, asked %v", held, test.laws, broken, asked)
			}
			// Infinite, huge and constant answers break laws of every module.
			for i, v := range []float64{math.Inf(-1), 0, math.Inf(1), math.NaN(), -1e4, -1e30, 1} {
				if i > 1 && testing.Short() {
					break
				}
				port := memorised{wrong: func(_ call, right map[string]tensor.Tensor) map[string]tensor.Tensor {
					for output := range right {
						right = changed(right, output, func(int, float64) float64 { return v })
					}
					return right
				}}
				if _, broken := of(port); len(broken) != len(ports.ModuleNames()) {
					t.Errorf("%v everywhere breaks laws of %v alone", v, broken)
				}
			}
		})
	}
}

// TestBlame: a law of two modules is broken by the one that is wrong.
func TestBlame(t *testing.T) {
	for _, test := range []struct{ law, wrong, blames string }{
		{"BCELoss/relations/of-sigmoid", ports.BCEWithLogitsLoss, ports.BCEWithLogitsLoss},
		{"BCELoss/relations/of-sigmoid", ports.BCELoss, ""},
		{"MultiLabelSoftMarginLoss/relations/bce-class-mean", ports.BCEWithLogitsLoss, ports.BCEWithLogitsLoss},
		{"MultiLabelSoftMarginLoss/relations/bce-mean", ports.MultiLabelSoftMarginLoss, ""},
		{"MultiLabelSoftMarginLoss/relations/bce-sum", ports.BCEWithLogitsLoss, ports.BCEWithLogitsLoss},
		{"CrossEntropyLoss/relations/two-classes", ports.BCEWithLogitsLoss, ports.BCEWithLogitsLoss},
		{"CrossEntropyLoss/relations/two-classes", ports.CrossEntropyLoss, ""},
	} {
		port := memorised{wrong: both(of(test.wrong))[0].answers}
		result := checker(t, port, Options{Seed: Seed, Level: verdict.Parity}).check(t, byID(t, test.law))
		if result.Broken == "" || result.Blames != test.blames || strings.Contains(result.Broken, test.wrong+" is wrong here") != (test.blames != "") {
			t.Errorf("%s, with %s wrong: %q is blamed:\n%s", test.law, test.wrong, result.Blames, result.Broken)
		}
		// So is the one that refuses, or does not answer.
		for _, answer := range []ports.Answer{{Rejected: &ports.Rejected{Message: "no"}}, {Failed: &ports.Failed{Message: "no"}}, {}} {
			port := answering{other: func(asked ports.Call) (ports.Answer, bool, error) {
				if asked.Module != test.wrong {
					return answer, false, nil
				}
				if answer.Rejected == nil && answer.Failed == nil {
					return answer, true, ports.ErrTimeout
				}
				return answer, true, nil
			}}
			result := checker(t, port, Options{Seed: Seed, Level: verdict.Parity}).check(t, byID(t, test.law))
			if result.Broken == "" && result.Err == nil || result.Blames != test.blames {
				t.Errorf("%s, of %s: %+v: %q is blamed: %+v", test.law, test.wrong, answer, result.Blames, result)
			}
		}
	}
}

// TestBlameStays: where the smaller samples break the law by the answers of the other module, it is not that one which
// is told.
func TestBlameStays(t *testing.T) {
	port := memorised{wrong: func(c call, right map[string]tensor.Tensor) map[string]tensor.Tensor {
		module := ports.BCELoss
		if len(c.x.values) > 1 {
			module = ports.BCEWithLogitsLoss
		}
		return both(of(module))[0].answers(c, right)
	}}
	result := checker(t, port, Options{Seed: Seed, Level: verdict.Parity}).check(t, byID(t, "BCELoss/relations/of-sigmoid"))
	if result.Blames != ports.BCEWithLogitsLoss || result.Counterexample[0].Call.Inputs[ports.Input].Len() != 2 {
		t.Errorf("%q is blamed:\n%s", result.Blames, result.Broken)
	}
}

// TestInPlaceOfNone: a single loss is asked with another reduction, but no weighted row with a mean, which divides by
// the weight.
func TestInPlaceOfNone(t *testing.T) {
	row := array{[]int{1, 2}, []float64{0, 1}}
	c := call{module: ports.CrossEntropyLoss, reduction: none, x: row, indices: true}
	for _, test := range []struct {
		c     call
		first string
		lacks []string
		want  string
	}{
		{c, mean, []string{none}, mean},
		{c, none, []string{none, sum}, mean},
		{c.withW(row), mean, []string{none}, sum},
		{c.withW(row), mean, []string{none, sum}, ""},
		{c.by(sum), mean, []string{none}, ""},
	} {
		var cl ports.Claim
		for _, reduction := range test.lacks {
			cl.Without = append(cl.Without, "reduction:"+reduction)
		}
		if got := test.c.inPlaceOfNone(cl, test.first); got != test.want {
			t.Errorf("without %v, first %q, weighted %t: got %q, want %q", test.lacks, test.first, test.c.w != nil, got, test.want)
		}
	}
}

// TestFewShapes: for a port that compiles, all laws of a module together ask a few dozen shapes, with every kind of
// weight; without, some hundreds.
func TestFewShapes(t *testing.T) {
	for _, module := range ports.ModuleNames() {
		var shapes, weights [2]map[string]bool
		for i, few := range []bool{false, true} {
			shapes[i], weights[i] = map[string]bool{}, map[string]bool{}
			k := checker(t, builtin.Port{}, Options{Seed: Seed, Level: verdict.Parity, FewShapes: few})
			for _, r := range All() {
				if r.Rule.Module != module {
					continue
				}
				for _, q := range k.inside(r) {
					for _, c := range q.calls {
						shapes[i][tensor.FormatShape(c.x.shape)] = true
						if c.w != nil {
							weights[i][fmt.Sprint(len(c.w.shape) == len(c.x.shape), len(c.w.values) == len(c.x.values))] = true
						}
					}
				}
			}
		}
		if !maps.Equal(weights[0], weights[1]) {
			t.Errorf("%s: weights are %v, where shapes are few %v", module, weights[0], weights[1])
		}
		if few, many := len(shapes[1]), len(shapes[0]); few > 40 || few < 2*formsOfFew || many < 2*few {
			t.Errorf("%s: %d shapes, and %d where they are to be few", module, many, few)
		}
	}
}

// TestFewShapesOfSomeRanks: a port that compiles and has some ranks alone is asked as many laws as one that does not compile.
func TestFewShapesOfSomeRanks(t *testing.T) {
	seeds := []uint32{1, 7, 8, 9}
	if testing.Short() {
		seeds = seeds[:1]
	}
	for _, without := range [][]string{{"rank:2", "rank:3+"}, {"rank:1", "rank:3+"}, {"rank:1", "rank:2"}} {
		for _, seed := range seeds {
			asked := [2]int{}
			for i, few := range []bool{false, true} {
				k := checker(t, builtin.Port{}, Options{Seed: seed, Level: verdict.Parity, FewShapes: few})
				cl := k.claims[ports.BCEWithLogitsLoss]
				cl.Without = without
				k.claims[ports.BCEWithLogitsLoss] = cl
				for _, r := range All() {
					if r.Rule.Module == ports.BCEWithLogitsLoss && len(k.inside(r)) > 0 {
						asked[i]++
					}
				}
			}
			if asked[1] < asked[0] {
				t.Errorf("seed %d, without %v: %d laws are asked, in few shapes %d", seed, without, asked[0], asked[1])
			}
		}
	}
}
