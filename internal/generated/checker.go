package generated

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"lossproof/internal/claim"
	"lossproof/internal/definition"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// Options say how checks are made.
type Options struct {
	// Seed is what the calls are drawn from.
	Seed   uint32
	Effort Effort
	Level  verdict.Level
	// DTypes are those that are asked; none means all.
	DTypes []tensor.DType
	// FewShapes has the calls of all checks of a module drawn in few shapes, for a port that compiles for each.
	FewShapes bool
	// Ask sends a call, and returns what waits for its answer. It has to bear panics.
	Ask func(ctx context.Context, call ports.Call) (wait func() (ports.Answer, error))
}

// Checker makes the checks of one port. It is safe for concurrent use if Options.Ask is.
type Checker struct {
	options Options
	claims  map[string]ports.Claim
}

// NewChecker returns a checker for a port that claims this.
func NewChecker(claims map[string]ports.Claim, options Options) *Checker {
	return &Checker{options, claims}
}

// Depends is what a counterexample says that is right when it is asked again.
const Depends = "asked again, the port answers this call right: its answers depend on earlier calls (repro makes the whole check again, in the same order)"

// Result is what came of a check.
type Result struct {
	// Calls is the number of calls that were answered, Elements that of all their inputs, and Largest
	// the shape of the largest input.
	Calls, Elements int
	Largest         []int
	// Broken describes the counterexample; "" means that all answers are right.
	Broken string
	// Counterexample is the call that is answered wrong, with its answer.
	Counterexample []ports.Exchange
	// Err says that no answer came, or no answer to the call: see [ports.Port].
	Err error
	// Headroom is the largest error, as a share of what is allowed.
	Headroom float64
	// Left is the number of calls that were not made, for the time was over.
	Left int
}

// Calls returns the first call that a seed leads to, of a port that claims everything.
func (c *Check) Calls(seed uint32) []ports.Call {
	p := plan{check: c, seed: seed, budget: Normal.budget(), reductions: []string{none, mean, sum}, may: func(string) bool { return true }}
	p.want = []string{ports.Loss, ports.GradInput}
	steps := p.steps(c.DTypes[:1])
	return []ports.Call{p.call(steps[len(steps)/4])}
}

// plan is what a check asks of a claim.
type plan struct {
	check      *Check
	seed       uint32
	budget     budget
	few        bool
	reductions []string
	want       []string
	may        func(word string) bool
	// claim is that of the module, without the words that need no look at a call.
	claim ports.Claim
}

// step is a call of a plan before it is drawn.
type step struct {
	dtype     tensor.DType
	number    int
	size      int
	reduction string
}

// steps returns the calls of a plan, those of a dtype by size.
func (p plan) steps(dtypes []tensor.DType) []step {
	var steps []step
	for _, dtype := range dtypes {
		rng := newRand(p.seed, p.check.ID, dtype, -1)
		of, others, b := rng, rng, p.budget
		if p.few {
			of, others, b.all = p.shapes(0, 0), p.shapes(-1, 0), min(b.all, fewAll)
		}
		if dtype.IsHalf() {
			steps = append(steps, p.halves(of, dtype)...)
			continue
		}
		last, large, least := min(p.budget.last, cmp.Or(p.check.subject.last, p.budget.last)), p.budget.large, 0
		switch {
		case dtype != tensor.Float32:
			large = p.budget.other
		case p.check.subject.each:
			least = last
		default:
			least = last - 1
		}
		all := sizes(of, others, b, last, large, least)
		if p.check.subject.along == vocabularies {
			all = vocabulary[:p.budget.vocabularies]
		}
		var order []int
		for i, n := range all {
			if len(order) == 0 {
				order = rng.Perm(len(p.reductions))
			}
			steps = append(steps, step{dtype, i, n, p.reductions[order[0]]})
			order = order[1:]
		}
		if last := steps[len(steps)-1]; p.check.subject.each && dtype == tensor.Float32 && p.budget.large > 0 {
			asked := last.reduction
			for _, reduction := range p.reductions {
				if reduction != asked {
					last.number, last.reduction = last.number+1, reduction
					steps = append(steps, last)
				}
			}
		}
	}
	return repeated(steps)
}

// halves returns the calls of a dtype of 16 bits: few, as most of what is wrong by size is wrong in all
// dtypes, and none of a sum of more than 2^most terms, of which one no longer shows. Of a subject that is
// asked all reductions at the largest size, one of the two dtypes has a call of that size, without one.
func (p plan) halves(rng *rand.Rand, dtype tensor.DType) []step {
	most := 12
	if p.check.subject.smoothing { // PyTorch adds the logarithms of all classes in 16 bits, which end at 65504
		most = 10
	}
	of, last := p.check.subject, min(p.budget.last, cmp.Or(p.check.subject.last, p.budget.last))
	all := p.budget.halves(rng, min(most, last))
	if of.along == vocabularies {
		all = vocabulary[:1]
	}
	var steps []step
	first := rng.IntN(len(p.reductions))
	for i, n := range all {
		steps = append(steps, step{dtype, i, n, p.reductions[(first+i)%len(p.reductions)]})
	}
	summed := of.along == classes && p.check.Rule.Module == ports.MultiLabelSoftMarginLoss
	turn := halves[newRand(p.seed, p.check.ID, "", -1).IntN(len(halves))]
	if of.each && dtype == turn && last > most && p.budget.large > 0 && !summed && slices.Contains(p.reductions, none) {
		steps = append(steps, step{dtype, len(steps), 1<<last - 1 + rng.IntN(3), none})
	}
	return steps
}

// A call is asked twice, with others between, if it is one of every seldom calls and small.
const (
	seldom    = 6
	between   = 3
	smallSize = 1 << 12
)

// repeated returns steps of which some come again.
func repeated(steps []step) []step {
	all := make([]step, 0, len(steps)+len(steps)/seldom)
	for i, s := range steps {
		all = append(all, s)
		if at := i - between; at >= 0 && at%seldom == 0 && steps[at].size <= smallSize {
			all = append(all, steps[at])
		}
	}
	return all
}

// shapes returns what sizes, and other dimensions beside a size, are drawn from where shapes are to be few: the same for
// all checks of a module that count the same.
func (p plan) shapes(size, try int) *rand.Rand {
	return newRand(p.seed, p.check.Rule.Module+" "+string(p.check.subject.along), "", size+try*anew)
}

// call draws a call.
func (p plan) call(s step) ports.Call {
	rng := newRand(p.seed, p.check.ID, s.dtype, s.number)
	shapes := rng
	if p.few {
		shapes = p.shapes(s.size, s.number/anew)
	}
	limit := p.budget.elements
	if s.dtype.IsHalf() {
		limit /= 8
	}
	d := &drawer{
		subject: p.check.subject, rng: rng, shapes: shapes, module: p.check.Rule.Module,
		dtype: s.dtype, format: s.dtype.Format(), reduction: s.reduction, size: s.size, limit: max(limit, s.size), may: p.may,
	}
	return d.call(p.want)
}

// drawn are words of a claim that need no look at a call: what they leave out is not drawn, or not asked at all.
var drawn = []string{
	claim.Weight, claim.PosWeight, claim.ReductionNone, claim.ReductionMean, claim.ReductionSum,
	claim.LegacyReduction, claim.SoftTargets, claim.Rank0, claim.Rank1, claim.Rank3, claim.Empty, claim.GradOutput, claim.NonFinite,
	claim.MixedDType, claim.IntegerTargets, claim.ClassProbabilities, claim.IgnoreIndex, claim.LabelSmoothing, claim.Rejections,
}

// tries is how often a call is drawn anew that the claim leaves out: what a word rules out is drawn otherwise in the first
// place, but not what several words joined do.
const (
	tries = 8
	// attempts is the number of calls that are drawn so often before a check counts as left out.
	attempts = 24
	anew     = 1 << 20 // is added to the number of a call, which is far smaller
)

// inside draws a call that the claim covers; outside says why there is none.
func (p plan) inside(s step) (call ports.Call, outside string) {
	for range tries {
		call = p.call(s)
		if outside = claim.OutsideCall(p.claim, call); outside == "" {
			return call, ""
		}
		s.number += anew
	}
	return call, outside
}

// plan returns what a claim lets a check ask, and of which dtypes; outside says why there is nothing.
func (k *Checker) plan(c *Check) (p plan, of []tensor.DType, outside string) {
	cl, ok := k.claims[c.Rule.Module]
	if !ok {
		return plan{}, nil, c.Rule.Module + " is not claimed"
	}
	p = plan{check: c, seed: k.options.Seed, few: k.options.FewShapes, budget: k.options.Effort.budget(), may: func(word string) bool { return !slices.Contains(cl.Without, word) }}
	for _, word := range c.subject.needs {
		if !p.may(word) {
			return plan{}, nil, "without " + word
		}
	}
	for _, reduction := range []string{none, mean, sum} {
		if p.may("reduction:" + reduction) {
			p.reductions = append(p.reductions, reduction)
		}
	}
	for _, output := range []string{ports.Loss, ports.GradInput} {
		if slices.Contains(cl.Outputs, output) {
			p.want = append(p.want, output)
		}
	}
	for _, dtype := range c.DTypes {
		if dtype == tensor.Float16 && !p.may(claim.Subnormals) { // its products are soon below 2^-14
			continue
		}
		if slices.Contains(cl.DTypes, dtype) && (len(k.options.DTypes) == 0 || slices.Contains(k.options.DTypes, dtype)) {
			of = append(of, dtype)
		}
	}
	p.claim = cl
	p.claim.Without = slices.DeleteFunc(slices.Clone(cl.Without), func(word string) bool { return slices.Contains(drawn, word) })
	switch {
	case len(p.reductions) == 0:
		outside = "no reduction is claimed"
	case len(p.want) == 0:
		outside = "neither loss nor grad_input is claimed"
	case len(of) == 0:
		outside = "no dtype of the check is claimed, or selected"
	}
	return p, of, outside
}

// Bounds of what is under way at once.
const (
	aheadCalls = 16
	aheadBytes = 4 << 20
)

// Begin returns what makes a check: end asks the port, and judges every answer up to the first that is
// wrong, of which it looks for a smaller call. It is worth nothing where ctx has ended. Where the claim
// leaves out what the check needs, outside says so, and end is nil.
func (k *Checker) Begin(ctx context.Context, c *Check) (end func() Result, outside string) {
	p, dtypes, outside := k.plan(c)
	if outside != "" {
		return nil, outside
	}
	steps := p.steps(dtypes)
	// The smallest calls tell for little whether anything is left.
	small := slices.Clone(steps)
	slices.SortStableFunc(small, func(a, b step) int { return cmp.Compare(a.size, b.size) })
	for _, s := range small[:min(len(small), attempts)] {
		if _, outside = p.inside(s); outside == "" {
			break
		}
	}
	if outside != "" {
		return nil, outside
	}
	return func() Result {
		result := Result{}
		type sent struct {
			call  ports.Call
			wait  func() (ports.Answer, error)
			bytes int
		}
		var under []sent
		bytes := 0
		deadline := time.Now().Add(p.budget.time)
		for len(steps) > 0 || len(under) > 0 {
			for len(steps) > 0 && len(under) < aheadCalls && (bytes < aheadBytes || len(under) == 0) {
				if time.Now().After(deadline) {
					result.Left, steps = len(steps), nil
					break
				}
				call, outside := p.inside(steps[0])
				if steps = steps[1:]; outside != "" {
					continue
				}
				under = append(under, sent{call, k.options.Ask(ctx, call), size(call)})
				bytes += size(call)
			}
			if len(under) == 0 {
				break
			}
			s := under[0]
			under, bytes = under[1:], bytes-s.bytes
			f := k.judge(c, s.call, s.wait)
			result.count(s.call, f)
			if f.broken() {
				again := k.judge(c, s.call, k.options.Ask(ctx, s.call))
				if depends := again.err == nil && !again.broken(); depends {
					result.Broken = k.describe(c, s.call, f) + "\n" + Depends
				} else {
					s.call, f = k.shrink(ctx, p, s.call, f)
					result.Broken = k.describe(c, s.call, f)
				}
				result.Counterexample = []ports.Exchange{{Call: s.call, Answer: f.answer}}
			}
			if result.Err = f.err; f.err != nil || result.Broken != "" || ctx.Err() != nil {
				for _, s := range under { // the port answers in the order in which it was asked
					_, _ = s.wait()
				}
				break
			}
		}
		return result
	}, ""
}

// count counts a call that was answered.
func (r *Result) count(call ports.Call, f finding) {
	shape := call.Inputs[ports.Input].Shape
	n := definition.Size(shape)
	r.Calls++
	r.Elements += n
	if r.Largest == nil || n > definition.Size(r.Largest) {
		r.Largest = shape
	}
	r.Headroom = max(r.Headroom, f.headroom)
}

// size is the number of bytes of a call.
func size(call ports.Call) int {
	n := 0
	for _, t := range call.Inputs {
		n += len(t.Data)
	}
	return n
}

// refusal says that a port does not answer a call; "" means that it does.
func refusal(a ports.Answer) string {
	switch {
	case a.Rejected != nil:
		return "the port refuses it: " + a.Rejected.Message
	case a.Unsupported != nil:
		return "answered unsupported inside the claim: " + a.Unsupported.Reason
	}
	return ""
}

// judge waits for the answer to a call, and judges it.
func (k *Checker) judge(c *Check, call ports.Call, wait func() (ports.Answer, error)) finding {
	a, err := wait()
	if err == nil && a.Failed != nil {
		err = fmt.Errorf("the port says that it failed: %s", a.Failed.Message)
	}
	if err != nil {
		return finding{err: fmt.Errorf("%w\nthe call: %s", err, describe(call))}
	}
	f := finding{answer: a, what: refusal(a)}
	if f.what != "" {
		return f
	}
	e, err := expect(call)
	if err != nil {
		return finding{err: fmt.Errorf("%w: the suite draws a call that is refused: %w", ports.ErrRequest, err)}
	}
	for _, name := range call.Want {
		t, ok := a.Outputs[name]
		if !ok {
			return finding{err: fmt.Errorf("%w: the answer lacks %s\nthe call: %s", ports.ErrMalformed, name, describe(call))}
		}
		if _, err := tensor.New(t.DType, t.Shape, t.Data); err != nil {
			return finding{err: fmt.Errorf("%w: %s: %w", ports.ErrMalformed, name, err)}
		}
		if k.compare(&f, c, e, name, t); f.what != "" {
			break
		}
	}
	return f
}
