package laws

import (
	"context"
	"errors"
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
	f := (&Checker{}).judge(r, &sample{}, nil)
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
	// Either ends the check: the one as a broken law, the other as an error.
	r := byID(t, "BCEWithLogitsLoss/relations/mean")
	for _, test := range []struct {
		answer ports.Answer
		err    error
	}{{ports.Answer{Rejected: &ports.Rejected{Message: "no"}}, nil}, {ports.Answer{Failed: &ports.Failed{Message: "no memory"}}, nil}, {ports.Answer{}, ports.ErrCrash}} {
		k := checker(t, builtin.Port{}, Options{Seed: Seed, Level: verdict.Parity})
		k.options.Ask = func(context.Context, ports.Call) func() (ports.Answer, error) {
			return func() (ports.Answer, error) { return test.answer, test.err }
		}
		result := k.check(t, r)
		if refuses := test.answer.Rejected != nil; result.Samples != 1 || (result.Broken != "") != refuses || (result.Err != nil) == refuses || test.err != nil && !errors.Is(result.Err, test.err) {
			t.Errorf("%+v: %+v", test.answer, result)
		}
	}
}
