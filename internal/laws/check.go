package laws

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// Seed is the seed of this release.
const Seed = 1

// samplesPerRelation is the number of samples that a relation is checked on, samplesOfFew that in few shapes,
// and maxDrawn that of the samples drawn to find as many inside the claim.
const (
	samplesPerRelation = 60
	samplesOfFew       = 8 * formsOfFew
	maxDrawn           = 20 * samplesPerRelation
)

// Options say how relations are checked.
type Options struct {
	// Seed is what the inputs are drawn from.
	Seed  uint32
	Level verdict.Level
	// DTypes are those that are asked; none means all.
	DTypes []tensor.DType
	// FewShapes has the samples drawn in few shapes, for a port that compiles for each.
	FewShapes bool
	// Ask sends a call, and returns what waits for its answer. It has to bear panics.
	Ask func(ctx context.Context, call ports.Call) (wait func() (ports.Answer, error))
}

// samples is the number of samples that a relation is checked on.
func (o Options) samples() int {
	if o.FewShapes {
		return samplesOfFew
	}
	return samplesPerRelation
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
	// Refused is the number of those in whose place others were drawn, for the port refuses what a
	// sensible library may refuse; Refusal says of the first what the port said.
	Refused int
	Refusal string
	// Broken describes the counterexample; "" means that the law holds.
	Broken string
	// Blames is the module whose answers break the law, where it is another one than that of the law.
	Blames string
	// Counterexample has the calls that break the law, with their answers.
	Counterexample []ports.Exchange
	// Err says that no answer came, or no answer to the call: see [ports.Port].
	Err error
	// Headroom is the largest distance of two sides, as a share of what is allowed.
	Headroom float64
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

// outputs has the outputs that each law asks for, by its id.
var outputs = sync.OnceValue(func() map[string][]string {
	of := map[string][]string{}
	for _, r := range All() {
		for _, call := range r.Calls(Seed) {
			for _, output := range call.Want {
				if !slices.Contains(of[r.ID], output) {
					of[r.ID] = append(of[r.ID], output)
				}
			}
		}
	}
	return of
})

// Outputs returns the outputs that the law asks for.
func (r *Relation) Outputs() []string { return outputs()[r.ID] }

func asked(calls []call) []ports.Call {
	var list []ports.Call
	for _, c := range calls {
		if c.asked() {
			list = append(list, c.port())
		}
	}
	return list
}

// Begin sends the calls of a relation on generated inputs. end waits for the answers, up to the first
// counterexample, and looks for a smaller one; it is worth nothing where ctx has ended. Where the
// claim leaves out what the relation needs, outside says so, and end is nil.
func (k *Checker) Begin(ctx context.Context, r *Relation) (end func() Result, outside string) {
	source := &source{k: k, r: r}
	var queue []trial
	for len(queue) < k.options.samples() {
		q, ok := source.next()
		if !ok {
			break
		}
		queue = append(queue, k.send(ctx, q))
	}
	if len(queue) == 0 {
		return nil, source.outside
	}
	return func() Result {
		var result Result
		var lesser *trial // breaks the law, and is told where no other sample says more
		var of finding
		for i := 0; i < len(queue) && result.Broken == ""; i++ {
			q := &queue[i]
			f := k.judge(r, q)
			if f.declined && q.mayBeRefused() {
				result.Refused++
				if result.Refused == 1 {
					result.Refusal = f.refused
				}
				if more, ok := source.next(); ok && result.Refused <= k.options.samples() {
					queue = append(queue, k.send(ctx, more))
				}
				continue
			}
			result.Samples++
			result.Headroom = max(result.Headroom, f.headroom)
			switch {
			case f.err != nil:
				result.Err, result.Blames = f.err, f.blames
				return result
			case f.broken() && f.blames == "" && !f.declined:
				k.tell(ctx, r, &result, q, f)
			case f.broken() && (lesser == nil || of.blames != "" && f.blames == ""):
				lesser, of = q, f
			}
		}
		switch {
		case result.Broken == "" && lesser != nil:
			k.tell(ctx, r, &result, lesser, of)
		case result.Samples == 0:
			result.Broken = fmt.Sprintf("the port refuses each of %d inputs; the first: %s", result.Refused, result.Refusal)
		}
		return result
	}, ""
}

// tell describes the counterexample that a small sample is of those that break the law as q does.
func (k *Checker) tell(ctx context.Context, r *Relation, result *Result, q *trial, f finding) {
	q, f = k.shrink(ctx, r, q, f)
	result.Broken, result.Blames = k.describe(q, f), f.blames
	for i, c := range q.calls {
		if c.asked() {
			result.Counterexample = append(result.Counterexample, ports.Exchange{Call: c.port(), Answer: f.answers[i]})
		}
	}
}

// trial is a sample with its calls, as the port is asked them, and what waits for the answers to those
// that were sent.
type trial struct {
	s     sample
	calls []call
	waits []func() (ports.Answer, error)
}

// mayBeRefused reports whether a sensible library may refuse a call: for a dimension of length 1 (one
// class, one row), or for a weight of one element.
func (q *trial) mayBeRefused() bool {
	return slices.ContainsFunc(q.calls, func(c call) bool {
		single := func(a *array) bool { return a != nil && len(a.values) == 1 }
		return slices.Contains(c.x.shape, 1) || single(c.w) || single(c.p)
	})
}

// finding is what came of one sample.
type finding struct {
	// err says that an answer did not come.
	err error
	// refused says that a call, whose number is at, got another answer than the outputs asked for;
	// declined that it got no outputs at all.
	refused  string
	at       int
	declined bool
	// worst is the equation that is furthest apart; failing is the number of those that do
	// not hold, of all.
	worst        equation
	failing, all int
	headroom     float64
	answers      []ports.Answer
	// blames is the module that is wrong, where that is another one than that of the law.
	blames string
}

func (f finding) broken() bool { return f.refused != "" || f.failing > 0 }

// judge waits for the answers to the calls of a sample, and holds them against the law.
func (k *Checker) judge(r *Relation, q *trial) finding {
	answers := make([]answer, len(q.calls))
	f := finding{answers: make([]ports.Answer, len(q.calls))}
	blame := func(i int) {
		if f.err == nil && f.refused == "" && q.calls[i].module != r.Rule.Module {
			f.blames = q.calls[i].module
		}
	}
	for i, c := range q.calls {
		answers[i] = newAnswer(c, nil, allowance{exact: k.options.Level == verdict.Exact})
		if !c.asked() {
			continue
		}
		a, err := q.waits[i]()
		text, malformed := "", false
		if err == nil {
			text, malformed = refused(c, a)
		}
		if malformed {
			err = fmt.Errorf("%w: %s", ports.ErrMalformed, text)
		}
		declined := a.Rejected != nil || a.Unsupported != nil || a.Failed != nil
		if a.Failed != nil && !q.mayBeRefused() {
			err = errors.New(text)
		}
		switch {
		case err != nil && f.err == nil:
			blame(i)
			f.err = fmt.Errorf("%w\nthe call: %s", err, c.describe())
		case text != "" && f.refused == "":
			blame(i)
			f.refused, f.at, f.declined = text, i, declined
		}
		f.answers[i], answers[i].outputs = a, a.Outputs
	}
	if f.err != nil || f.refused != "" {
		return f
	}
	for _, e := range r.law.holds(r.Rule.Module, &q.s, answers) {
		f.all++
		distance := math.Abs(e.got-e.want) / e.allowed
		if e.got == e.want {
			distance = 0
		}
		if !e.holds() {
			f.failing++
			if math.IsNaN(distance) || distance <= 1 {
				distance = math.Inf(1)
			}
		}
		if f.all == 1 || distance > f.headroom {
			f.headroom, f.worst = distance, e
		}
	}
	if f.failing > 0 {
		f.blames = culprit(r.Rule.Module, answers)
	}
	return f
}

// culprit returns the module that is wrong where the answers of two modules break a law of one, "" for this
// one: another if all answers of this one are as exact as they have to be, and not all of its own.
func culprit(own string, answers []answer) string {
	other := ""
	for _, a := range answers {
		switch {
		case a.call.module == own && !a.right():
			return ""
		case a.call.module != own && !a.right():
			other = a.call.module
		}
	}
	return other
}

// send sends the calls of a sample.
func (k *Checker) send(ctx context.Context, q trial) trial {
	q.waits = make([]func() (ports.Answer, error), len(q.calls))
	for i, c := range q.calls {
		if c.asked() {
			q.waits[i] = k.options.Ask(ctx, c.port())
		}
	}
	return q
}

// source draws samples of which the port claims every call. There may be fewer than there should be where the
// claim is small; where there is none, outside says why.
type source struct {
	k             *Checker
	r             *Relation
	number, found int
	outside       string
}

// next returns the next sample.
func (d *source) next() (trial, bool) {
	for ; d.number < maxDrawn; d.number++ {
		if d.number == d.k.options.samples() && d.found == 0 && strings.HasSuffix(d.outside, notClaimed) {
			break // no other sample will do
		}
		s := d.k.sample(d.r.Rule.Module, d.number)
		calls, outside := d.k.claimed(d.r, &s)
		if outside == withoutNone && s.reduction != none {
			s = s.single(d.r.Rule.Module)
			calls, outside = d.k.claimed(d.r, &s)
		}
		if outside != "" {
			d.outside = outside
		}
		if len(calls) > 0 {
			d.number, d.found = d.number+1, d.found+1
			return trial{s: s, calls: calls}, true
		}
	}
	return trial{}, false
}

// sample returns a sample by its number. They are drawn once, and shared by the relations.
func (k *Checker) sample(module string, number int) sample {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.samples[module]) <= number {
		// An odd factor: no number comes twice.
		seed := int((k.options.Seed ^ uint32(len(k.samples[module]))*0x9e3779b9) & math.MaxInt32)
		var in *form
		if k.options.FewShapes {
			in = &fewForms(module, k.options.Seed, k.claims[module].Without)[len(k.samples[module])%formsOfFew]
		}
		k.samples[module] = append(k.samples[module], drawn(module, seed, in))
	}
	return k.samples[module][number]
}
