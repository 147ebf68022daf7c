package diagnosis_test

import (
	"slices"
	"strings"
	"testing"

	"lossproof/internal/divergence"
	"lossproof/internal/generated/faults"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// TestGeneratedFailuresHaveCauses: what only a generated check finds is delimited as what cases find is, and beside a
// failing case as well.
func TestGeneratedFailuresHaveCauses(t *testing.T) {
	for name, condition := range map[string]string{
		"grad-tail-256":     "from position 256 on",
		"last-row-gradient": "from position 126 on",
	} {
		at := slices.IndexFunc(faults.All(), func(f faults.Fault) bool { return f.Name == name })
		fault := faults.All()[at]
		result, _ := diagnose(t, fault.Port(), verdict.Parity, judge.Selection{Select: []string{fault.Module + "/generated/" + fault.By, fault.Module + "/reductions/*"}})
		if len(result.Causes) == 0 {
			t.Errorf("%s: no cause, of %+v", name, result.Diagnoses)
			continue
		}
		c := result.Causes[0]
		if !strings.Contains(c.Condition, condition) || !strings.HasPrefix(c.Rule, "BCE") && !strings.HasPrefix(c.Rule, "CE") || len(c.IDs) == 0 || !strings.Contains(c.IDs[0], "/generated/") {
			t.Errorf("%s: got %+v, want %s", name, c, condition)
		}
	}
}

// TestTheRestHasCauses: counterexamples of laws and of generated checks, and quirks, are attributed to what cases show,
// a known mistake or a border.
func TestTheRestHasCauses(t *testing.T) {
	twice, _ := divergence.ByName("weight-twice")
	selection := judge.Selection{Select: []string{
		"BCEWithLogitsLoss/relations/weight-*", "BCEWithLogitsLoss/generated/weighted-elements", "BCEWithLogitsLoss/weights/f32-*", "BCEWithLogitsLoss/nonfinite/*-none-weight*",
	}}
	beyond := changing(func(call ports.Call, outputs map[string]tensor.Tensor) {
		if _, ok := call.Inputs[ports.Weight]; ok {
			outputs[ports.Loss] = mapped(outputs[ports.Loss], func(v float64) float64 { return 0.83*v + 1 })
		}
	})
	for name, test := range map[string]struct {
		port      ports.Port
		diagnosis string
	}{"a known mistake": {twice.Port(), twice.Name}, "a border": {beyond, ""}} {
		result, _ := diagnose(t, test.port, verdict.Parity, selection)
		kinds := map[string]bool{}
		for _, r := range result.Checks() {
			if r.Outcome != judge.Fail {
				continue
			}
			kinds[string(r.Kind)+" "+string(r.Requirement)] = true
			if r.Diagnosis != test.diagnosis || len(r.Causes) == 0 || result.Causes[r.Causes[0]].Lead {
				t.Errorf("%s: %s has the causes %v, and is named %q", name, r.ID, r.Causes, r.Diagnosis)
			}
		}
		if len(kinds) < 4 || result.Diagnoses[0].Open != 0 {
			t.Errorf("%s: got failures of %v, open %d", name, kinds, result.Diagnoses[0].Open)
		}
	}
}

// TestSmallErrorsOfGeneratedChecks: an error that a sum in order would allow, of a check that is not of sums, is delimited all the same.
func TestSmallErrorsOfGeneratedChecks(t *testing.T) {
	port := changing(func(call ports.Call, outputs map[string]tensor.Tensor) {
		if n := call.Inputs[ports.Input].Len(); n >= 64 && call.Options.LabelSmoothing != nil {
			outputs[ports.Loss] = mapped(outputs[ports.Loss], func(v float64) float64 { return v * (1 + 0x1p-18) })
		}
	})
	result, _ := diagnose(t, port, verdict.Parity, judge.Selection{Select: []string{"CrossEntropyLoss/generated/smoothing", "CrossEntropyLoss/reductions/*"}})
	for _, r := range result.Checks() {
		if r.Outcome == judge.Fail && len(r.Causes) == 0 {
			t.Errorf("%s has no cause: %s", r.ID, r.Message)
		}
	}
	if len(result.Causes) == 0 {
		t.Error("got no causes")
	}
}
