package laws

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"lossproof/internal/claim"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// Seed is the seed of this release.
const Seed = 1

// samplesPerRelation is the number of samples that a relation is checked on, and maxDrawn
// that of the samples drawn to find as many inside the claim.
const (
	samplesPerRelation = 60
	maxDrawn           = 20 * samplesPerRelation
)

// Options say how relations are checked.
type Options struct {
	// Seed is what the inputs are drawn from.
	Seed  uint32
	Level verdict.Level
	// DTypes are those that are asked; none means all.
	DTypes []tensor.DType
	// Ask sends a call, and returns what waits for its answer. It has to bear panics.
	Ask func(ctx context.Context, call ports.Call) (wait func() (ports.Answer, error))
}

// Checker checks the relations of one port. It is safe for concurrent use if Options.Ask is.
type Checker struct {
	options Options
	claims  map[string]ports.Claim

	mu      sync.Mutex
	samples map[string][]sample
}

// NewChecker returns a checker for a port that claims this.
func NewChecker(claims map[string]ports.Claim, options Options) *Checker {
	return &Checker{options: options, claims: claims, samples: map[string][]sample{}}
}

// Result is what came of checking one relation.
type Result struct {
	// Samples is the number of generated inputs that the law was checked on.
	Samples int
	// Broken describes the counterexample; "" means that the law holds.
	Broken string
	// Counterexample has the calls that break the law, with their answers.
	Counterexample []Exchange
	// Err says that no answer came, or no answer to the call: see [ports.Port].
	Err error
	// Headroom is the largest distance of two sides, as a share of what is allowed.
	Headroom float64
}

// Exchange is a call and the answer to it.
type Exchange struct {
	Call   ports.Call
	Answer ports.Answer
}

// Calls returns the calls of the first sample that a seed leads to and the law says something about.
func (r *Relation) Calls(seed uint32) []ports.Call {
	k := NewChecker(nil, Options{Seed: seed})
	for number := 0; ; number++ {
		s := k.sample(r.Rule.Module, number)
		if calls := r.law.calls(r.Rule.Module, &s); len(calls) > 0 {
			return asked(calls)
		}
	}
}

func asked(calls []call) []ports.Call {
	list := make([]ports.Call, len(calls))
	for i, c := range calls {
		list[i] = c.port()
	}
	return list
}

// Begin sends the calls of a relation on generated inputs. end waits for the answers, up to the first
// counterexample, and looks for a smaller one; it is worth nothing where ctx has ended. Where the
// claim leaves out what the relation needs, outside says so, and end is nil.
func (k *Checker) Begin(ctx context.Context, r *Relation) (end func() Result, outside string) {
	samples, outside := k.inside(r)
	if len(samples) == 0 {
		return nil, outside
	}
	waits := make([][]func() (ports.Answer, error), len(samples))
	for i := range samples {
		waits[i] = k.send(ctx, r, &samples[i])
	}
	return func() Result {
		var result Result
		for i := range samples {
			s := &samples[i]
			v := k.judge(r, s, waits[i])
			result.Samples++
			result.Headroom = max(result.Headroom, v.headroom)
			if v.broken() {
				s, v = k.shrink(ctx, r, s, v)
				result.Broken = k.describe(r, s, v)
				for i, call := range asked(r.law.calls(r.Rule.Module, s)) {
					result.Counterexample = append(result.Counterexample, Exchange{call, v.answers[i]})
				}
			}
			if result.Err = v.err; result.Err != nil || result.Broken != "" {
				break
			}
		}
		return result
	}, ""
}

// finding is what came of one sample.
type finding struct {
	// err says that an answer did not come.
	err error
	// refused says that a call, whose number is at, got another answer than outputs.
	refused string
	at      int
	// worst is the equation that is furthest apart; failing is the number of those that do
	// not hold, of all.
	worst        equation
	failing, all int
	headroom     float64
	answers      []ports.Answer
}

func (f finding) broken() bool { return f.refused != "" || f.failing > 0 }

// judge waits for the answers to the calls of a sample, and holds them against the law.
func (k *Checker) judge(r *Relation, s *sample, waits []func() (ports.Answer, error)) finding {
	calls := r.law.calls(r.Rule.Module, s)
	answers := make([]answer, len(calls))
	var f finding
	for i, wait := range waits {
		a, err := wait()
		if err == nil && a.Failed != nil {
			err = fmt.Errorf("the port says that it failed: %s", a.Failed.Message)
		}
		text, malformed := "", false
		if err == nil {
			text, malformed = refused(calls[i], a)
		}
		if malformed {
			err = fmt.Errorf("%w: %s", ports.ErrMalformed, text)
		}
		switch {
		case err != nil && f.err == nil:
			f.err = fmt.Errorf("%w\nthe call: %s", err, calls[i].describe())
		case text != "" && f.refused == "":
			f.refused, f.at = text, i
		}
		f.answers = append(f.answers, a)
		answers[i] = newAnswer(calls[i], a.Outputs, allowance{exact: k.options.Level == verdict.Exact})
	}
	if f.err != nil || f.refused != "" {
		return f
	}
	for _, e := range r.law.holds(r.Rule.Module, s, answers) {
		f.all++
		distance := math.Abs(e.got-e.want) / e.allowed
		if e.got == e.want {
			distance = 0
		}
		if !e.holds() {
			f.failing++
			if math.IsNaN(distance) {
				distance = math.Inf(1)
			}
		}
		if f.all == 1 || distance > f.headroom {
			f.headroom, f.worst = distance, e
		}
	}
	return f
}

// send sends the calls of a sample.
func (k *Checker) send(ctx context.Context, r *Relation, s *sample) []func() (ports.Answer, error) {
	var waits []func() (ports.Answer, error)
	for _, c := range r.law.calls(r.Rule.Module, s) {
		waits = append(waits, k.options.Ask(ctx, c.port()))
	}
	return waits
}

// inside returns samples of which the port claims every call. There may be fewer than
// there should be where the claim is small; where there is none, outside says why.
func (k *Checker) inside(r *Relation) (samples []sample, outside string) {
	for number := range maxDrawn {
		if len(samples) == samplesPerRelation {
			break
		}
		if number == samplesPerRelation && len(samples) == 0 && k.never(outside) {
			break
		}
		s := k.sample(r.Rule.Module, number)
		if calls := r.law.calls(r.Rule.Module, &s); len(calls) > 0 {
			if reason := k.outside(calls); reason == "" {
				samples = append(samples, s)
			} else {
				outside = reason
			}
		}
	}
	return samples, outside
}

// never reports whether no other sample will do.
func (k *Checker) never(outside string) bool { return strings.HasSuffix(outside, notClaimed) }

const notClaimed = "is not claimed"

// sample returns a sample by its number. They are drawn once, and shared by the relations.
func (k *Checker) sample(module string, number int) sample {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.samples[module]) <= number {
		// An odd factor: no number comes twice.
		seed := int((k.options.Seed ^ uint32(len(k.samples[module]))*0x9e3779b9) & math.MaxInt32)
		k.samples[module] = append(k.samples[module], drawn(module, seed))
	}
	return k.samples[module][number]
}

// outside says why one of several calls lies outside the claim; "" means that all lie inside.
func (k *Checker) outside(calls []call) string {
	for _, c := range calls {
		cl, ok := k.claims[c.module]
		if !ok {
			return c.module + " " + notClaimed
		}
		for _, output := range c.want {
			if !slices.Contains(cl.Outputs, output) {
				return output + " of " + c.module + " " + notClaimed
			}
		}
		if len(k.options.DTypes) > 0 && !slices.Contains(k.options.DTypes, c.dtype) {
			return fmt.Sprintf("input is %s", c.dtype)
		}
		fixture := c.fixture()
		features := claim.Features(fixture, c.port().Inputs, nil)
		if reason := claim.Outside(cl, fixture, c.dtype, features); reason != "" {
			return reason
		}
	}
	return ""
}
