package laws

import (
	"context"
	"testing"
	"time"

	"lossproof/internal/definition"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/builtin"
)

// checker returns one for a port in process.
func checker(t testing.TB, port ports.Port, options Options) *Checker {
	t.Helper()
	d, err := port.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
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
	for _, level := range []verdict.Level{verdict.Exact, verdict.Parity} {
		for _, seed := range []uint32{Seed, 2} {
			if testing.Short() && (level != verdict.Exact || seed != Seed) {
				continue
			}
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

// TestAllowance: level exact allows the tolerance, parity the larger one of it and of the cap.
func TestAllowance(t *testing.T) {
	exact, parity := allowance{exact: true}, allowance{}
	for _, module := range ports.ModuleNames() {
		for number := range 20 {
			s := drawn(module, number, nil)
			c := s.call(module, s.reduction, ports.Loss, ports.GradInput)
			for _, output := range c.want {
				want, err := definition.Of(module).Allow(c.port(), output)
				if err != nil {
					t.Fatal(err)
				}
				toOracle, larger := exact.of(c)[output], parity.of(c)[output]
				if n := definition.Size(c.shape(output)); len(toOracle) != n || len(larger) != n {
					t.Fatalf("%s: %s: got %d and %d elements, want %d", c.describe(), output, len(toOracle), len(larger), n)
				}
				for i, got := range toOracle {
					if tolerance := want.Tolerance(i, 0); got != tolerance || !(got > 0) || larger[i] != max(got, want.Cap(i)) {
						t.Errorf("%s: %s[%d]: got %v and %v, want %v and that or %v", c.describe(), output, i, got, larger[i], tolerance, want.Cap(i))
					}
				}
			}
		}
	}
}
