package judge_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"lossproof/fixtures"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/ports/builtin"
)

const meanLaw = "BCEWithLogitsLoss/relations/mean"

// noRequest is a port that cannot be asked.
var noRequest = testports.Port{EvaluateFunc: func(context.Context, ports.Call) (ports.Answer, error) {
	return ports.Answer{}, fmt.Errorf("%w: too long", ports.ErrRequest)
}}

// TestRelationOfWrongPorts: whatever is wrong with an answer to a relation is an outcome, as with one to a case.
func TestRelationOfWrongPorts(t *testing.T) {
	notRun := testports.Port{EvaluateFunc: func(context.Context, ports.Call) (ports.Answer, error) {
		return ports.Answer{}, fmt.Errorf("%w: lost too often", ports.ErrNotRun)
	}}
	for _, test := range []struct {
		name    string
		port    ports.Port
		outcome judge.Outcome
		message string
	}{
		{"right", builtin.Port{}, judge.Pass, ""},
		{"the mean is the sum", testports.MeanIsSum, judge.Fail, "broken by 2 calls"},
		{"NaNs", testports.NaNs, judge.Fail, "NaN, but the law demands"},
		{"wrong shape", testports.WrongShape, judge.Fail, "the shape of loss is (1,), want ()"},
		{"wrong dtype", testports.WrongDType, judge.Fail, "loss is float64, want float32"},
		{"torn tensor", testports.Torn, judge.Malformed, "loss: "},
		{"an output is missing", testports.LacksGradInput, judge.Malformed, "the answer lacks grad_input"},
		{"refuses", testports.RefusesEverything, judge.Fail, "the port refuses it: I do not like it"},
		{"unsupported", testports.UnsupportedEverything, judge.Fail, "answered unsupported inside the claim: not written yet"},
		{"fails", testports.FailsEverything, judge.Error, "the port says that it failed: out of memory"},
		{"says nothing", testports.SaysNothing, judge.Malformed, "it has 0 of outputs"},
		{"malformed", testports.Malformed, judge.Malformed, `got "hello"`},
		{"times out", testports.TimesOut, judge.Timeout, "10s have passed\nthe call: BCEWithLogitsLoss, reduction=\"mean\""},
		{"panics", testports.Panics, judge.Crash, "panic: index out of range"},
		{"cannot be asked", noRequest, judge.SuiteError, "too long"},
		{"was lost", notRun, judge.NotRun, "lost too often"},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := run(t, test.port, only(meanLaw))
			r := result.Relations[0]
			if r.Outcome != test.outcome || !strings.Contains(r.Message, test.message) || !r.Gates || r.Samples == 0 {
				t.Errorf("%s, gates %t, %d samples: %q, want %s, %q", r.Outcome, r.Gates, r.Samples, r.Message, test.outcome, test.message)
			}
			if len(r.Message) > 5000 {
				t.Errorf("the message has %d bytes", len(r.Message))
			}
			passes := test.outcome == judge.Pass
			if s := result.Summary; s.Conformant != passes || s.Passed != passes || s.Relations[test.outcome] != 1 {
				t.Errorf("conformant %t, passed %t, relations %v", s.Conformant, s.Passed, s.Relations)
			}
		})
	}
}

// TestRelationOutsideTheClaim is not asked.
func TestRelationOutsideTheClaim(t *testing.T) {
	port := testports.Claiming(func(_ string, c *ports.Claim) { c.Without = []string{"reduction:mean"} })
	port.EvaluateFunc = func(context.Context, ports.Call) (ports.Answer, error) {
		t.Error("it is asked")
		return ports.Answer{}, nil
	}
	r := run(t, port, only(meanLaw)).Relations[0]
	if want := "without reduction:mean"; r.Outcome != judge.Unsupported || r.Message != want || r.Samples != 0 {
		t.Errorf("%s: %q, want %s: %q", r.Outcome, r.Message, judge.Unsupported, want)
	}
}

// TestBlame: a law of two modules that is broken counts against the one that is wrong. Of what is not selected
// nothing gates.
func TestBlame(t *testing.T) {
	const law = "BCELoss/relations/of-sigmoid"
	wrong := testports.Port{EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		if call.Module == ports.BCEWithLogitsLoss {
			return testports.Zeros.Evaluate(ctx, call)
		}
		return builtin.Port{}.Evaluate(ctx, call)
	}}
	for _, selected := range [][]string{{law}, {law, meanLaw}} {
		result := run(t, wrong, judge.Options{Selection: judge.Selection{Select: selected}})
		both := len(selected) > 1
		of := result.Summary.Modules
		if r := result.Relations[0]; r.Outcome != judge.Fail || r.Blames != ports.BCEWithLogitsLoss || r.Gates != both {
			t.Errorf("%v: %s is %s, gates %t and blames %q", selected, r.ID, r.Outcome, r.Gates, r.Blames)
		}
		if of[0].Module != ports.BCELoss || of[0].Reason != "" && of[0].Reason != "nothing passed" {
			t.Errorf("%v: %s: %q", selected, of[0].Module, of[0].Reason)
		}
		if both && of[1].Reason != "1 of 2 laws fails" && of[1].Reason != "2 of 2 laws fail" {
			t.Errorf("%v: %s: %q", selected, of[1].Module, of[1].Reason)
		}
	}
}

// TestRefusedInputs: a right port that refuses one class is conformant to the laws, and its result says what it
// refuses.
func TestRefusedInputs(t *testing.T) {
	port := testports.Port{EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		if shape := call.Inputs[ports.Input].Shape; shape[len(shape)-1] == 1 {
			return ports.Answer{Failed: &ports.Failed{Message: "one class"}}, nil
		}
		return builtin.Port{}.Evaluate(ctx, call)
	}}
	result := run(t, port, judge.Options{Selection: judge.Selection{Select: []string{"MultiLabelSoftMarginLoss/relations/*"}}})
	refused := 0
	for _, r := range result.Relations {
		refused += r.Refused
		if r.Outcome != judge.Pass && r.Outcome != judge.Unsupported || r.Refused > 0 && !strings.HasSuffix(r.Note, " refused, and others drawn: the port says that it failed: one class") {
			t.Errorf("%s: %s, %d refused: %q %q", r.ID, r.Outcome, r.Refused, r.Message, r.Note)
		}
	}
	if refused == 0 || !result.Summary.Conformant {
		t.Errorf("%d inputs are refused: %v", refused, result.Summary.Verdict)
	}
}

// TestNoBaselineCoversTheSuiteErrorOfARelation: it gates.
func TestNoBaselineCoversTheSuiteErrorOfARelation(t *testing.T) {
	options := only(meanLaw)
	options.Known = map[string]judge.Known{meanLaw: {Outcome: judge.SuiteError, Reason: "as it is"}}
	result, err := judge.Run(context.Background(), noRequest, of(openSet(t), options))
	if err != nil {
		t.Fatal(err)
	}
	if r := result.Relations[0]; r.Outcome != judge.SuiteError || !r.Gates || !strings.Contains(r.Message, "too long") || result.Summary.Passed {
		t.Errorf("%s, gates %t: %s", r.Outcome, r.Gates, r.Message)
	}
}

// TestAQuirkOfRelationsGatesOnRequest: there is none today.
func TestAQuirkOfRelationsGatesOnRequest(t *testing.T) {
	check, err := judge.Find(openSet(t), meanLaw)
	if err != nil {
		t.Fatal(err)
	}
	quirk := *check
	quirk.Rule.Requirement = fixtures.Quirk
	for _, quirks := range []bool{false, true} {
		options := only(meanLaw)
		options.Quirks = quirks
		j, err := judge.New(context.Background(), testports.MeanIsSum, of(openSet(t), options))
		if err != nil {
			t.Fatal(err)
		}
		r, err := j.Check(context.Background(), &quirk)
		if err != nil || r.Outcome != judge.Fail || r.Gates != quirks {
			t.Errorf("quirks %t: %s, gates %t, %v", quirks, r.Outcome, r.Gates, err)
		}
		if again := j.Rebase(&judge.Result{Relations: judge.Made{r}}, nil).Relations[0]; again.Gates != quirks {
			t.Errorf("quirks %t: gates %t after Rebase", quirks, again.Gates)
		}
	}
}
