package generated

import (
	"testing"

	"lossproof/ports"
	"lossproof/tensor"
)

// TestFewShapes: for a port that compiles, the checks of a module share their shapes, and ask every reduction all the same.
func TestFewShapes(t *testing.T) {
	for _, module := range ports.ModuleNames() {
		var shapes [2]map[string]bool
		for i, few := range []bool{false, true} {
			shapes[i] = map[string]bool{}
			k := NewChecker(map[string]ports.Claim{module: {DTypes: append(append([]tensor.DType{}, wide...), halves...), Outputs: []string{ports.Loss}}}, Options{Seed: 1, Effort: Quick, FewShapes: few})
			for _, c := range All() {
				if c.Rule.Module != module {
					continue
				}
				reductions := map[string]bool{}
				p, of, _ := k.plan(c)
				for _, s := range p.steps(of) {
					call := p.call(s)
					reductions[*call.Options.Reduction] = true
					shapes[i][tensor.FormatShape(call.Inputs[ports.Input].Shape)] = true
				}
				if len(reductions) < 3 && c.subject.along != vocabularies {
					t.Errorf("%s, few shapes: %t: reductions %v", c.ID, few, reductions)
				}
			}
		}
		if few, many := len(shapes[1]), len(shapes[0]); 3*few > 2*many {
			t.Errorf("%s: %d shapes, and %d where they are to be few", module, many, few)
		}
	}
}
