package halves

import (
	"context"
	"fmt"
	"math"
	"testing"

	"lossproof/internal/definition"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

// TestFilter: what the filter lets pass is what the definition lets pass, of answers that are right, a unit or
// half the tolerance off, and of no number.
func TestFilter(t *testing.T) {
	changes := map[string]func(v, unit float64) float64{
		"right": func(v, _ float64) float64 { return v }, "up": func(v, unit float64) float64 { return v + unit },
		"down": func(v, unit float64) float64 { return v - unit }, "far": func(v, unit float64) float64 { return v + 16*unit },
		"zero": func(float64, float64) float64 { return 0 }, "NaN": func(float64, float64) float64 { return math.NaN() },
		"infinite": func(float64, float64) float64 { return math.Inf(1) },
	}
	for _, c := range All() {
		cl := ports.Claim{DTypes: DTypes(), Outputs: []string{ports.Loss, ports.GradInput}}
		parts, _ := c.parts(cl)
		for name, change := range changes {
			filtered := judging{Check: c, level: verdict.Exact, filter: definition.FilterOf(c.Rule.Module)}
			whole := filtered
			whole.unfiltered = true
			for _, p := range parts {
				var bits []uint16 // every 211th
				for i := len(name); i < len(p.bits); i += 211 {
					bits = append(bits, p.bits[i])
				}
				p := part{Call(c.Rule.Module, c.DType, bits, p.target, p.call.Want), p.target, bits}
				a, err := builtin.Port{}.Evaluate(context.Background(), p.call)
				if err != nil {
					t.Fatal(err)
				}
				for output, r := range a.Outputs {
					values := r.Float64s()
					for i, v := range values {
						values[i] = change(v, c.DType.Format().ULP(v))
					}
					a.Outputs[output] = tensor.FromValues(r.DType, values, r.Shape...)
				}
				for _, j := range []*judging{&filtered, &whole} {
					if err := j.judge(p, a); err != nil {
						t.Fatal(err)
					}
				}
			}
			var got, want Result
			filtered.sum(&got)
			whole.sum(&want)
			if filtered.wrong != whole.wrong || filtered.rough != whole.rough || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s, %s: with the filter %+v, without %+v", c.ID, name, got, want)
			}
			if name == "NaN" && got.Right*2 > got.Inputs {
				t.Errorf("%s: %d of %d NaN are right", c.ID, got.Right, got.Inputs)
			}
		}
	}
}
