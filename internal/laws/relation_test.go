package laws

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

// tolerances are those of the embedded fixtures.
var tolerances = sync.OnceValues(func() (fixtures.Tolerances, error) {
	set, err := fixtures.Embedded()
	if err != nil {
		return fixtures.Tolerances{}, err
	}
	return set.Tolerances()
})

func constants(t testing.TB) fixtures.Tolerances {
	t.Helper()
	c, err := tolerances()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checker returns one for a port in process.
func checker(t testing.TB, port ports.Port, options Options) *Checker {
	t.Helper()
	d, err := port.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	options.Constants = constants(t)
	options.Ask = func(ctx context.Context, call ports.Call) func() (ports.Answer, error) {
		return func() (ports.Answer, error) { return port.Evaluate(ctx, call) }
	}
	return NewChecker(d.Modules, options)
}

// check checks a relation to its end.
func (k *Checker) check(t *testing.T, r *Relation) Result {
	t.Helper()
	end, outside := k.Begin(t.Context(), r)
	if end == nil {
		t.Fatalf("%s is not asked: %s", r.ID, outside)
	}
	return end()
}

// TestBuiltInLossesHoldEveryLaw, at both levels, and on other seeds than that of the release.
func TestBuiltInLossesHoldEveryLaw(t *testing.T) {
	for _, level := range []verdict.Level{verdict.Parity, verdict.Exact} {
		for _, seed := range []uint32{Seed, 2} {
			start := time.Now()
			k := checker(t, builtin.Port{}, Options{Seed: seed, Level: level})
			for _, r := range All() {
				result := k.check(t, r)
				if result.Broken != "" || result.Err != nil {
					t.Errorf("%s, %s, seed %d: %s %v", r.ID, level, seed, result.Broken, result.Err)
				}
				if result.Samples < samplesPerRelation/4 {
					t.Errorf("%s: checked on %d samples", r.ID, result.Samples)
				}
				t.Logf("%-55s %d samples, headroom %.3f", r.ID, result.Samples, result.Headroom)
			}
			t.Logf("%s, seed %d: %v", level, seed, time.Since(start))
		}
	}
}

// TestAllowanceIsThatOfTheFixtures computes the tolerances of all cases that have finite
// inputs and no broadcast target, and compares them with those that the generator stored.
func TestAllowanceIsThatOfTheFixtures(t *testing.T) {
	set, err := fixtures.LoadEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	constants := constants(t)
	exact, parity := allowance{constants, true}, allowance{constants, false}
	outputs := map[string]int{}
	for i := range set.Cases {
		fixture := &set.Cases[i]
		inputs, err := set.Inputs(fixture)
		if err != nil {
			t.Fatal(err)
		}
		c, ok := callOf(fixture, inputs)
		if !ok {
			continue
		}
		for name := range fixture.Outputs {
			want, err := set.Expected(fixture, name)
			if err != nil {
				t.Fatal(err)
			}
			if want.Exact == nil || !tensor.SameShape(want.Reference.Shape, c.shape(name)) {
				continue
			}
			outputs[name]++
			toOracle, toReference := exact.of(c, name), parity.of(c, name)
			for j, tolerance := range want.Tolerance {
				if math.IsNaN(tolerance) {
					continue
				}
				// Stored as float32, rounded up; a subnormal one is rounded to a multiple of the smallest.
				if got := toOracle[j]; math.Abs(got-tolerance) > 1e-6*tolerance+32*math.SmallestNonzeroFloat64 {
					t.Errorf("%s#%s[%d]: the tolerance is %v, want %v", fixture.ID, name, j, got, tolerance)
					break
				}
				if got := toReference[j]; got < want.Parity[j]*(1-1e-6) {
					t.Errorf("%s#%s[%d]: parity is %v, want at least %v", fixture.ID, name, j, got, want.Parity[j])
					break
				}
			}
		}
	}
	t.Logf("outputs: %v", outputs)
	for name, least := range map[string]int{ports.Loss: 1000, ports.GradInput: 800, ports.GradTarget: 50, ports.GradWeight: 20} {
		if outputs[name] < least {
			t.Errorf("%s: %d outputs were compared, want at least %d", name, outputs[name], least)
		}
	}
}

// callOf returns the call of a case, if it is one that a relation could make.
func callOf(c *fixtures.Case, inputs map[string]tensor.Tensor) (call, bool) {
	x, t := inputs[ports.Input], inputs[ports.Target]
	if c.Rejection != nil || len(x.Shape) == 0 || x.Len() == 0 {
		return call{}, false
	}
	made := call{module: c.Module, reduction: claim.Reduction(c.Options), dtype: x.DType}
	if c.Module == ports.CrossEntropyLoss {
		if len(x.Shape) != 2 {
			return call{}, false
		}
		if made.ignore = c.Options.IgnoreIndex; made.ignore != nil && *made.ignore > 1<<53 {
			return call{}, false // no float64
		}
		if c.Options.LabelSmoothing != nil {
			made.smoothing = max(0, *c.Options.LabelSmoothing)
		}
		if slices.ContainsFunc(x.Float64s(), func(v float64) bool { return math.Abs(v) > 1e300 }) {
			return call{}, false // differences of logits overflow
		}
		if w, ok := inputs[ports.Weight]; ok {
			if slices.ContainsFunc(w.Float64s(), func(v float64) bool { return !(v > 0) }) {
				return call{}, false // a law has no such weight
			}
		}
		made.indices = t.DType == tensor.Int64
	}
	if !made.indices && !tensor.SameShape(x.Shape, t.Shape) {
		return call{}, false
	}
	if c.Module == ports.CrossEntropyLoss {
		if u, ok := inputs[ports.GradOutput]; ok && u.DType == x.DType {
			made.u = &array{u.Shape, u.Float64s()}
			inputs = maps.Clone(inputs)
			delete(inputs, ports.GradOutput)
		}
	}
	for name, to := range map[string]**array{ports.Weight: &made.w, ports.PosWeight: &made.p, ports.GradOutput: &made.u} {
		if in, ok := inputs[name]; ok {
			if _, fits := tensor.Broadcast(in, x.Shape); !fits || in.DType != x.DType {
				return call{}, false
			}
			*to = &array{in.Shape, in.Float64s()}
		}
	}
	made.x, made.t = array{x.Shape, x.Float64s()}, array{t.Shape, t.Float64s()}
	for _, in := range inputs {
		for _, v := range in.Float64s() {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return call{}, false
			}
		}
	}
	return made, made.indices || t.DType == x.DType
}
