package laws

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
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

// memorised is a port that answers what the fixtures ask as the built-in losses do, and other
// calls wrongly: it looks them up by the hash of their inputs. Recorded cases cannot tell it
// from a right one.
type memorised struct {
	builtin.Port
	known map[[sha256.Size]byte]bool
	wrong func(c call, right map[string]tensor.Tensor) map[string]tensor.Tensor
}

func (m memorised) Evaluate(ctx context.Context, asked ports.Call) (ports.Answer, error) {
	answer, err := m.Port.Evaluate(ctx, asked)
	if err == nil && answer.Outputs != nil && !m.known[hash(asked)] {
		answer.Outputs = m.wrong(seen(asked), answer.Outputs)
	}
	return answer, err
}

// seen returns a call as a law makes it, of what a port sees.
func seen(asked ports.Call) call {
	c := call{module: asked.Module, reduction: *asked.Options.Reduction, dtype: asked.Inputs[ports.Input].DType, want: asked.Want}
	if asked.Options.LabelSmoothing != nil {
		c.smoothing = *asked.Options.LabelSmoothing
	}
	c.ignore = asked.Options.IgnoreIndex
	c.indices = asked.Inputs[ports.Target].DType == tensor.Int64
	for name, t := range asked.Inputs {
		a := &array{t.Shape, t.Float64s()}
		switch name {
		case ports.Input:
			c.x = *a
		case ports.Target:
			c.t = *a
		case ports.Weight:
			c.w = a
		case ports.PosWeight:
			c.p = a
		case ports.GradOutput:
			c.u = a
		}
	}
	return c
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

// learnt returns the hashes of all calls of the fixtures.
func learnt(t *testing.T) map[[sha256.Size]byte]bool {
	t.Helper()
	set, err := fixtures.Embedded()
	if err != nil {
		t.Fatal(err)
	}
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

// equations returns what a law demands of a port on a sample.
func equations(t *testing.T, r *Relation, s *sample, port ports.Port) []equation {
	t.Helper()
	var answers []answer
	for _, c := range r.law.calls(r.Rule.Module, s) {
		a, err := port.Evaluate(t.Context(), c.port())
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, newAnswer(c, a.Outputs, allowance{}))
	}
	return r.law.holds(r.Rule.Module, s, answers)
}

// some are every third law with -short: make test-long has all.
func some() []*Relation {
	if !testing.Short() {
		return All()
	}
	var some []*Relation
	for i := 0; i < len(All()); i += 3 {
		some = append(some, All()[i])
	}
	return some
}

// TestEveryLawCatchesWhatCasesDoNot: of a port that has learnt the fixtures by heart, every law finds
// the defects that it is there for, and each of its equations finds one that the others do not, on
// some input. The counterexamples are small. In few shapes, whatever the counterexample, all are found as well.
func TestEveryLawCatchesWhatCasesDoNot(t *testing.T) {
	t.Run("any shapes", func(t *testing.T) { everyLawCatches(t, Seed, false) })
	t.Run("few shapes", func(t *testing.T) {
		if testing.Short() {
			t.Skip("it takes seconds: make test-long runs it")
		}
		for seed := uint32(Seed); seed < Seed+4; seed++ {
			everyLawCatches(t, seed, true)
		}
	})
}

func everyLawCatches(t *testing.T, seed uint32, fewShapes bool) {
	known := learnt(t)
	for _, r := range some() {
		t.Run(fmt.Sprintf("%s, seed %d", r.ID, seed), func(t *testing.T) {
			t.Parallel()
			found := map[string]bool{}
			for i, d := range slices.Concat(defects[path.Base(r.ID)], defects[r.ID]) {
				name := fmt.Sprintf("defect %d, of %s", i, d.output)
				port := memorised{known: known, wrong: d.answers}
				k := checker(t, port, Options{Seed: seed, Level: verdict.Parity, FewShapes: fewShapes})
				samples := k.inside(r)
				caught, alone := 0, 0
				for _, q := range samples {
					shown, others := broken(t, r, &q.s, port, d.shows, found)
					if shown+others > 0 && caught == 0 {
						q = k.send(t.Context(), q)
						smallest, _ := k.shrink(t.Context(), r, &q, k.judge(r, &q))
						if n := len(smallest.s.x.values); n > max(d.elements, 2) && !fewShapes {
							t.Errorf("%s: the counterexample has %d elements: %v", name, n, smallest.s.x)
						}
					}
					if shown > 0 {
						caught++
					}
					if shown > 0 && others == 0 {
						alone++
					}
				}
				t.Logf("%s: %q on %d of %d inputs, alone on %d", name, d.shows, caught, len(samples), alone)
				if alone == 0 {
					t.Errorf("%s: %q alone never breaks", name, d.shows)
				}
			}
			for what, ok := range found {
				if !ok {
					t.Errorf("no defect is there for %q", what)
				}
			}
		})
	}
}

// inside returns the samples that a relation is checked on.
func (k *Checker) inside(r *Relation) (samples []trial) {
	d := source{k: k, r: r}
	for q, ok := d.next(); ok && len(samples) < k.options.samples(); q, ok = d.next() {
		samples = append(samples, q)
	}
	return samples
}

// broken counts the equations that do not hold: those that begin with shows, and others. It notes in
// found which the defect is for and breaks.
func broken(t *testing.T, r *Relation, s *sample, port ports.Port, shows string, found map[string]bool) (shown, others int) {
	t.Helper()
	for _, e := range equations(t, r, s, port) {
		is := strings.HasPrefix(e.what, shows)
		found[e.what] = found[e.what] || is && !e.holds()
		switch {
		case e.holds():
		case is:
			shown++
		default:
			others++
		}
	}
	return shown, others
}

// TestEveryLawCatchesAFewTolerances: an error of three times what is allowed, of one output, breaks every
// law that compares it. No law allows much more than it says. A difference quotient is not as near to
// the gradient: what it allows has a defect of its own.
func TestEveryLawCatchesAFewTolerances(t *testing.T) {
	known := learnt(t)
	for _, r := range some() {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			caught := map[string]bool{}
			samples := checker(t, builtin.Port{}, Options{Seed: Seed}).inside(r)
			for _, c := range samples[0].calls {
				for _, output := range c.want {
					if _, done := caught[output]; done || path.Base(r.ID) == "gradient" && output == ports.GradInput {
						continue
					}
					k := checker(t, memorised{known: known, wrong: few(output)}, Options{Seed: Seed, Level: verdict.Parity})
					result := k.check(t, r)
					caught[output] = result.Broken != ""
				}
			}
			for output, is := range caught {
				if !is {
					t.Errorf("%s: not caught", output)
				}
			}
			if len(caught) == 0 {
				t.Error("no output is compared")
			}
		})
	}
}
