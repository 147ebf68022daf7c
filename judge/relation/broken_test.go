package relation

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"lossproof/fixtures"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

// memorised is a port that answers what the fixtures ask as the built-in losses do, and other
// calls wrongly: it looks them up by the hash of their inputs. Recorded cases cannot tell it
// from a right one.
type memorised struct {
	builtin.Port
	known map[[sha256.Size]byte]bool
	wrong func(call ports.Call, right map[string]tensor.Tensor) map[string]tensor.Tensor
}

func (m memorised) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	answer, err := m.Port.Evaluate(ctx, call)
	if err == nil && answer.Outputs != nil && !m.known[hash(call)] {
		answer.Outputs = m.wrong(call, answer.Outputs)
	}
	return answer, err
}

func hash(call ports.Call) [sha256.Size]byte {
	h := sha256.New()
	fmt.Fprintln(h, call.Module)
	for _, name := range slices.Sorted(maps.Keys(call.Inputs)) {
		t := call.Inputs[name]
		fmt.Fprintln(h, name, t.DType, t.Shape)
		h.Write(t.Data)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// asked returns the hashes of all calls of the fixtures.
func asked(t *testing.T, set *fixtures.Set) map[[sha256.Size]byte]bool {
	t.Helper()
	known := map[[sha256.Size]byte]bool{}
	for i := range set.Cases {
		c := &set.Cases[i]
		inputs, err := set.Inputs(c)
		if err != nil {
			t.Fatal(err)
		}
		known[hash(ports.Call{Module: c.Module, Inputs: inputs})] = true
	}
	return known
}

// each changes every element of the outputs; f gets the output's name, its index and value.
func each(outputs map[string]tensor.Tensor, f func(name string, i int, v float64) float64) map[string]tensor.Tensor {
	changed := map[string]tensor.Tensor{}
	for name, t := range outputs {
		a := array{t.Shape, t.Float64s()}
		changed[name] = a.with(func(i int) float64 { return f(name, i, a.values[i]) }).tensor(t.DType)
	}
	return changed
}

// defects are what the port does with calls that it does not know.
var defects = map[string]func(call ports.Call, right map[string]tensor.Tensor) map[string]tensor.Tensor{
	"zeros": func(_ ports.Call, right map[string]tensor.Tensor) map[string]tensor.Tensor {
		return each(right, func(string, int, float64) float64 { return 0 })
	},
	"ones": func(_ ports.Call, right map[string]tensor.Tensor) map[string]tensor.Tensor {
		return each(right, func(string, int, float64) float64 { return 1 })
	},
	"a different constant for every place": func(_ ports.Call, right map[string]tensor.Tensor) map[string]tensor.Tensor {
		return each(right, func(_ string, i int, _ float64) float64 { return 1 + float64(i) })
	},
	"a part in ten thousand too large, by the first logit": func(call ports.Call, right map[string]tensor.Tensor) map[string]tensor.Tensor {
		x := call.Inputs[ports.Input].Float64(0)
		return each(right, func(_ string, _ int, v float64) float64 { return v * (1 + 1e-4*math.Abs(math.Sin(1e6*x))) })
	},
	"a bias, by how many elements there are": func(call ports.Call, right map[string]tensor.Tensor) map[string]tensor.Tensor {
		n := float64(call.Inputs[ports.Input].Len())
		return each(right, func(_ string, _ int, v float64) float64 { return v + n/10 })
	},
	"the weight is not looked at": func(call ports.Call, _ map[string]tensor.Tensor) map[string]tensor.Tensor {
		call.Inputs = maps.Clone(call.Inputs)
		if w, ok := call.Inputs[ports.Weight]; ok {
			call.Inputs[ports.Weight] = (array{w.Shape, w.Float64s()}).all(2).tensor(w.DType)
		}
		answer, _ := builtin.Port{}.Evaluate(context.Background(), call)
		return answer.Outputs
	},
	"the bits of the inputs decide": func(call ports.Call, right map[string]tensor.Tensor) map[string]tensor.Tensor {
		h := hash(call)
		return each(right, func(_ string, i int, v float64) float64 { return v * (1 + float64(h[i%len(h)])/256) })
	},
}

// TestEveryLawCatchesWhatCasesDoNot: a port that has learnt the fixtures by heart is caught by
// every law, in one defect at least; and every defect is caught by some laws.
func TestEveryLawCatchesWhatCasesDoNot(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes under the race detector")
	}
	set, err := fixtures.LoadEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	known := asked(t, set)
	caught := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(defects)) {
		port := memorised{known: known, wrong: defects[name]}
		k := checker(t, port, Options{Seed: Seed, Level: verdict.Parity})
		laws := 0
		for _, r := range All() {
			result, err := k.Check(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if result.Broken != "" {
				laws++
				caught[r.ID]++
			}
		}
		t.Logf("%s: caught by %d laws", name, laws)
		if laws < 4 { // zeros hold most laws
			t.Errorf("%s: caught by %d laws", name, laws)
		}
	}
	for _, r := range All() {
		if caught[r.ID] == 0 {
			t.Errorf("%s catches no port that knows the cases by heart", r.ID)
		}
	}
	// The port does know the cases: whatever they ask is answered rightly.
	port := memorised{known: known, wrong: defects["zeros"]}
	for i := range set.Cases {
		c := &set.Cases[i]
		if c.Rejection != nil {
			continue
		}
		inputs, err := set.Inputs(c)
		if err != nil {
			t.Fatal(err)
		}
		if !port.known[hash(ports.Call{Module: c.Module, Inputs: inputs})] {
			t.Fatalf("%s is not known", c.ID)
		}
	}
}
