package halves_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"lossproof/internal/halves"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/builtin"
)

// askBuiltin asks the built-in losses, whose answers change changes.
func askBuiltin(change func(call ports.Call, a ports.Answer) ports.Answer) halves.Ask {
	return func(ctx context.Context, call ports.Call) func() (ports.Answer, error) {
		return func() (ports.Answer, error) {
			a, err := builtin.Port{}.Evaluate(ctx, call)
			return change(call, a), err
		}
	}
}

func unchanged(_ ports.Call, a ports.Answer) ports.Answer { return a }

func claimOf(module string, without ...string) ports.Claim {
	return ports.Claim{DTypes: halves.DTypes(), Outputs: ports.ModuleOf(module).Outputs, Without: without}
}

// TestBuiltin: the built-in losses give the nearest number at every input of 16 bits.
func TestBuiltin(t *testing.T) {
	counts := map[string]int{}
	for _, c := range halves.All() {
		end, outside := c.Begin(context.Background(), claimOf(c.Rule.Module), verdict.Exact, askBuiltin(unchanged))
		if outside != "" {
			t.Fatal(c.ID, outside)
		}
		r := end()
		if r.Err != nil || r.Broken != "" || r.Right != r.Inputs || r.Nearest != r.Inputs {
			t.Errorf("%s: %d of %d right, %d nearest: %v %s", c.ID, r.Right, r.Inputs, r.Nearest, r.Err, r.Broken)
		}
		counts[c.ID] = r.Inputs
	}
	if counts["CrossEntropyLoss/every_input/bfloat16"] != 65536 || counts["BCELoss/every_input/float16"] != 15362 {
		t.Errorf("got %v inputs", counts)
	}
}

// TestRefusedInput: of a port that refuses some inputs, one of those is shown.
func TestRefusedInput(t *testing.T) {
	c := halves.All()[0]
	infinite := func(call ports.Call) bool {
		return slices.ContainsFunc(call.Inputs[ports.Input].Float64s(), func(x float64) bool { return math.IsInf(x, 0) })
	}
	if c.Rule.Module == ports.BCELoss {
		infinite = func(call ports.Call) bool { return slices.Contains(call.Inputs[ports.Input].Float64s(), 1) }
	}
	end, _ := c.Begin(t.Context(), claimOf(c.Rule.Module), verdict.Parity, askBuiltin(func(call ports.Call, a ports.Answer) ports.Answer {
		if infinite(call) {
			return ports.Answer{Rejected: &ports.Rejected{Kind: "value", Message: "infinite"}}
		}
		return a
	}))
	r := end()
	if !errors.Is(r.Err, halves.ErrRefused) || r.Counterexample == nil || r.Counterexample.Inputs[ports.Input].Shape[0] != 1 || !infinite(*r.Counterexample) {
		t.Errorf("%s: got %v, shown by %v", c.ID, r.Err, r.Counterexample)
	}
}

// TestNoResults: the call that shows why there are no results has one input, not thousands.
func TestNoResults(t *testing.T) {
	for _, c := range halves.All() {
		end, _ := c.Begin(t.Context(), claimOf(c.Rule.Module), verdict.Parity, askBuiltin(func(_ ports.Call, a ports.Answer) ports.Answer {
			loss := a.Outputs[ports.Loss]
			loss.Shape = append(loss.Shape, 1)
			a.Outputs[ports.Loss] = loss
			return a
		}))
		r := end()
		if !errors.Is(r.Err, halves.ErrRefused) || r.Counterexample == nil || r.Counterexample.Inputs[ports.Input].Shape[0] != 1 {
			t.Errorf("%s: got %v, shown by %v", c.ID, r.Err, r.Counterexample)
		}
	}
}
