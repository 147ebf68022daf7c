package diagnosis_test

import (
	"slices"
	"strings"
	"testing"

	"lossproof/internal/generated/faults"
	"lossproof/judge"
	"lossproof/judge/verdict"
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
