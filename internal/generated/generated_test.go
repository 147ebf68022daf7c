package generated_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"lossproof/internal/claim"
	"lossproof/internal/generated"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

// checker returns what checks a port that claims everything.
func checker(t testing.TB, evaluate func(ports.Call) ports.Answer, options generated.Options) *generated.Checker {
	t.Helper()
	d, err := builtin.Port{}.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	options.Ask = func(_ context.Context, call ports.Call) func() (ports.Answer, error) {
		return func() (ports.Answer, error) { return evaluate(call), nil }
	}
	return generated.NewChecker(d.Modules, options)
}

func right(call ports.Call) ports.Answer {
	a, err := builtin.Port{}.Evaluate(context.Background(), call)
	if err != nil {
		panic(err)
	}
	return a
}

// TestRightPort: the built-in losses pass every check at both levels.
func TestRightPort(t *testing.T) {
	for _, level := range []verdict.Level{verdict.Parity, verdict.Exact} {
		k := checker(t, right, generated.Options{Seed: 1, Effort: generated.Quick, Level: level})
		for _, c := range generated.All() {
			end, outside := k.Begin(t.Context(), c)
			if outside != "" {
				t.Errorf("%s: %s", c.ID, outside)
				continue
			}
			if r := end(); r.Err != nil || r.Broken != "" || r.Calls == 0 || r.Left > 0 {
				t.Errorf("%s at %s: %+v", c.ID, level, r)
			}
		}
	}
}

// TestShrinks: of a gradient that is zero from element 100 on there is a counterexample of little more.
func TestShrinks(t *testing.T) {
	const from = 100
	wrong := func(call ports.Call) ports.Answer {
		a := right(call)
		if g, ok := a.Outputs[ports.GradInput]; ok {
			values := g.Float64s()
			for i := from; i < len(values); i++ {
				values[i] = 0
			}
			a.Outputs[ports.GradInput] = tensor.FromValues(g.DType, values, g.Shape...)
		}
		return a
	}
	k := checker(t, wrong, generated.Options{Seed: 1, Effort: generated.Quick, Level: verdict.Parity})
	i := slices.IndexFunc(generated.All(), func(c *generated.Check) bool { return c.ID == "BCEWithLogitsLoss/generated/elements" })
	end, _ := k.Begin(t.Context(), generated.All()[i])
	r := end()
	if len(r.Counterexample) != 1 || !strings.Contains(r.Broken, "elements of grad_input are wrong") {
		t.Fatalf("%+v", r)
	}
	call := r.Counterexample[0].Call
	if n := call.Inputs[ports.Input].Len(); n > from+2 || *call.Options.Reduction != "none" || len(call.Inputs) != 2 || !slices.Equal(call.Want, []string{ports.GradInput}) {
		t.Errorf("the call is not small: %s", r.Broken)
	}
}

// TestInsideTheClaim: what a claim leaves out is not asked, neither by joined words nor by what a default makes of a target, nor
// when a call is made smaller. A check of which nothing is left says so.
func TestInsideTheClaim(t *testing.T) {
	for _, test := range []struct {
		id, without string
		asked       bool
	}{
		{"BCEWithLogitsLoss/generated/weighted-elements", "weight+rank:1", true},
		{"BCEWithLogitsLoss/generated/weighted-elements", "weight+reduction:none weight+reduction:mean weight+reduction:sum", false},
		{"CrossEntropyLoss/generated/ignored-rows", "ignore_index:negative", true},
		{"CrossEntropyLoss/generated/ignored-rows", "ignore_index:negative rank:2+reduction:mean", true},
	} {
		i := slices.IndexFunc(generated.All(), func(c *generated.Check) bool { return c.ID == test.id })
		c := generated.All()[i]
		cl := ports.Claim{DTypes: c.DTypes, Outputs: []string{ports.Loss, ports.GradInput}, Without: strings.Fields(test.without)}
		for _, wrong := range []bool{false, true} {
			ask := func(_ context.Context, call ports.Call) func() (ports.Answer, error) {
				if why := claim.OutsideCall(cl, call); why != "" {
					t.Errorf("%s: %v is asked: %s", test.id, call.Options, why)
				}
				a := right(call)
				if wrong {
					l := a.Outputs[ports.Loss]
					a.Outputs[ports.Loss] = tensor.FromValues(l.DType, make([]float64, l.Len()), l.Shape...)
				}
				return func() (ports.Answer, error) { return a, nil }
			}
			k := generated.NewChecker(map[string]ports.Claim{c.Rule.Module: cl}, generated.Options{Seed: 1, Effort: generated.Quick, Level: verdict.Parity, Ask: ask})
			end, outside := k.Begin(t.Context(), c)
			if asked := outside == ""; asked != test.asked {
				t.Errorf("%s without %s: asked %t, %q", test.id, test.without, asked, outside)
			} else if asked {
				if r := end(); r.Calls == 0 || (r.Broken != "") != wrong {
					t.Errorf("%s without %s: %+v", test.id, test.without, r)
				}
			}
		}
	}
}
