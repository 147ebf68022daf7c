package definition

import (
	"math"
	"math/bits"

	"lossproof/ports"
	"lossproof/tensor"
)

// The constants of the tolerances. fixtures/README.md has the formulas, and data/tolerances.json
// the constants.
const (
	baseK       = 6
	parityEta   = 4
	parityFloor = 4
	lossCap     = 16
	gradientCap = 32
	vanished    = 40
)

// closeness has the defaults of torch.testing.assert_close.
var closeness = map[tensor.DType]struct{ atol, rtol float64 }{
	tensor.Float16: {1e-5, 1e-3}, tensor.BFloat16: {1e-5, 1.6e-2}, tensor.Float32: {1e-5, 1.3e-6}, tensor.Float64: {1e-7, 1e-7},
}

// Allowance says how far from the oracle, and from the reference, the elements of an output may be,
// by the formulas of fixtures/README.md under "Tolerances".
type Allowance struct {
	DType tensor.DType
	Shape []int

	places []place
	// divisor divides the sums, condition is what opposite signs in it add to its relative error.
	divisor, condition float64
	cap                float64
	// working is the format of the intermediates.
	working tensor.Format
	// known is false where no element has an oracle: for a mean over nothing.
	known bool
}

// place is what is added up for one element of an output.
type place struct {
	n int
	// coefficients is Σ|c|, terms Σ|c|·ulp(f), rounding Σ|c|·D(f), size Σ|c·f|, and m and a are ΣM and ΣA.
	coefficients, terms, rounding, size, m, a, over float64
	// unknown says that there is no oracle, classOnly that only the class of a result counts, and
	// unmarked that an intermediate is infinite in any case.
	unknown, classOnly, unmarked bool
}

// add adds a term of the dtype, of which D is rounding.
func (s *place) add(f tensor.Format, coefficient, v, rounding float64) {
	s.coefficients += coefficient
	s.terms += term(coefficient, f.ULP(v))
	s.rounding += term(coefficient, rounding)
	s.size += term(coefficient, math.Abs(v))
}

// factors are those of an element in float64: logit or probability, target, weight, pos_weight,
// upstream gradient, 1 for a loss, and the functions for the targets 1 and 0.
type factors struct{ x, t, w, p, u, one, zero float64 }

// rest is 1-t.
func (e factors) rest() float64 { return 1 - e.t }

// magnitudes are M of an element in the loss and in the gradients, without the upstream gradient.
type magnitudes struct{ loss, gradInput, gradTarget float64 }

// logitMagnitudes are those of the modules of logits. The terms of the textbook formula are of the
// size of x, and cancel: with a target of 0 or 1 exactly where exp(-|x|) vanishes beside x.
func logitMagnitudes(e factors) magnitudes {
	w, p := math.Abs(e.w), max(1, math.Abs(e.p))
	positive, rest := p*math.Abs(e.t), math.Abs(e.rest())
	one, zero := math.Abs(e.x), math.Abs(e.x)
	if e.t == 0 || e.t == 1 {
		one, zero = min(one, vanished+e.one), min(zero, vanished+e.zero)
	}
	share := term(math.Exp(-e.one), 1+e.one) // of sigmoid(x), whose exponent has a relative error, too
	return magnitudes{
		loss:       w * (term(positive, 1+one) + term(rest, 1+zero)),
		gradInput:  w * (term(positive, 1+share) + term(rest, share)),
		gradTarget: w * p * (1 + math.Abs(e.x)),
	}
}

// probabilityMagnitudes are those of BCELoss.
func probabilityMagnitudes(e factors) magnitudes {
	w := math.Abs(e.w)
	return magnitudes{
		loss:       w * (e.t*(1+e.one) + e.rest()*(1+e.zero)),
		gradInput:  w * (e.t*(1-e.x) + e.rest()*e.x) * steepness(e.x),
		gradTarget: w * (1 + max(e.one, e.zero)),
	}
}

// smallestSlope is the least x*(1-x) for which the gradient of BCELoss has an oracle.
const smallestSlope = 1e-12

// steepness is 1/(x*(1-x)), by which errors of x-t are enlarged in the gradient of BCELoss, at most
// 1e12.
func steepness(x float64) float64 { return 1 / max(x*(1-x), smallestSlope) }

// Working returns the dtype that an implementation computes outputs of a dtype in: float32 for those of
// 16 bits, which it rounds once, at the end.
func Working(dtype tensor.DType) tensor.DType {
	if dtype.IsHalf() {
		return tensor.Float32
	}
	return dtype
}

// Allow returns the allowance of an output of a call, which has to be accepted and to have the
// output.
func (l *Loss) Allow(call ports.Call, output string) (*Allowance, error) {
	all, err := l.Allowances(call, output)
	if err != nil {
		return nil, err
	}
	return all[output], nil
}

// wanted is an output whose allowance is computed; of is the gradient that it is, nil for the loss.
type wanted struct {
	*Allowance
	output string
	of     *gradient[float]
}

// Allowances is Allow for several outputs at once.
func (l *Loss) Allowances(call ports.Call, outputs ...string) (map[string]*Allowance, error) {
	c, answer := begin[float](l, call)
	if c == nil {
		return nil, notComputed(answer)
	}
	c.plan = l.Plan(c.Arguments)
	if !c.setScales() {
		return nil, notComputed(refused(ports.KindShape, "%s: grad_output is not of the shape of the loss", c.Module))
	}
	all, byName := make([]wanted, len(outputs)), make(map[string]*Allowance, len(outputs))
	for i, output := range outputs {
		all[i] = wants(c, output)
		byName[output] = all[i].Allowance
	}
	if c.rows {
		allowRows(c, all)
	} else {
		allowElements(c, all)
	}
	return byName, nil
}

// wants returns an output of which nothing is added up yet.
func wants(c *computation[float], output string) wanted {
	al, plan := &Allowance{known: true, cap: gradientCap, DType: c.loss.dtype(c.Arguments)}, c.plan
	var of *gradient[float]
	switch output {
	case ports.Loss:
		al.cap = lossCap
		if plan.Reduction == "none" {
			_, al.Shape = plan.groups()
		}
	case ports.GradInput:
		of = &gradient[float]{of: c.Input}
	case ports.GradTarget:
		of = &gradient[float]{of: c.Target}
	case ports.GradWeight:
		of = &gradient[float]{of: c.Weight}
	}
	if of != nil {
		al.DType, al.Shape = of.of.DType, of.of.Shape
		plan = c.loss.GradPlan(c.Arguments, plan)
	}
	al.working = Working(al.DType).Format()
	al.places = make([]place, Size(al.Shape))
	al.divisor = plan.Classes.Value()
	if plan.Reduction == "mean" {
		al.divisor *= plan.Count.Value()
	}
	if al.divisor == 0 || notFinite(al.divisor) {
		al.known = false
	}
	return wanted{al, output, of}
}

// allowElements adds up the elements.
func allowElements(c *computation[float], all []wanted) {
	for i := range Size(c.Grid) {
		u := c.see(i)
		c.loss.Functions(u)
		for _, to := range all {
			allowElement(c, i, u, to)
		}
	}
}

// allowElement adds an element to an output.
func allowElement(c *computation[float], i int, u *Unit, to wanted) {
	f, output := to.working, to.output
	one, zero := u.F[0].Value(), u.F[1].Value()
	e := factors{u.X[0].Value(), u.T[0].Value(), u.W[0].Value(), 1, 1, one, zero}
	if u.P.Given() {
		e.p = u.P.Value()
	}
	at := index(c.group, i)
	upstream := 1.0
	if c.Upstream != nil {
		upstream = c.Upstream.Values[at]
	}
	if to.of != nil {
		e.u, at = upstream, c.place(to.of, i, 0)
	}
	times := 1.0
	if output == ports.Loss && c.copies != nil {
		times = c.copies[i]
	}
	if output == ports.Loss && c.plan.Reduction != "none" {
		row := i
		if c.plan.Axis != NoAxis {
			row /= c.plan.Grid[c.plan.Axis]
		}
		times *= c.times(row)
	}
	w, p, t, rest := times*math.Abs(e.w*e.u), math.Abs(e.p), math.Abs(e.t), math.Abs(e.rest())
	m := c.loss.magnitudes(e)
	a := max(1, math.Abs(e.w)) * max(1, p) * max(1, t, rest) * max(1, math.Abs(e.u))
	m.loss, a = times*m.loss, times*a
	s := &to.places[at]
	s.n += int(times)
	s.unknown = s.unknown || notFinite(e.t) || notFinite(e.w) || notFinite(e.p) || notFinite(upstream)
	switch output {
	case ports.Loss:
		s.add(f, w*p*t, one, 0)
		s.add(f, w*rest, zero, 0)
		s.m += m.loss
	case ports.GradInput:
		s.add(f, w*p*t, slope(c, u.F[0], u.X[0]), 0)
		s.add(f, w*rest, slope(c, u.F[1], u.X[0]), 0)
		s.m += math.Abs(e.u) * m.gradInput
		if steepness := c.loss.steepness; steepness != nil {
			a *= steepness(e.x)
			s.unknown = s.unknown || !(e.x*(1-e.x) >= smallestSlope)
		}
	case ports.GradTarget:
		if u.Difference.Given() && !u.P.Given() {
			s.add(f, w, u.Difference.Value(), 0)
		} else {
			s.add(f, w*p, one, 0)
			s.add(f, w, zero, 0)
		}
		s.m += math.Abs(e.u) * m.gradTarget
	case ports.GradWeight:
		e.w = 1
		w := math.Abs(e.u)
		s.add(f, w*p*t, one, 0)
		s.add(f, w*rest, zero, 0)
		s.m += w * c.loss.magnitudes(e).loss
	}
	s.a += a
	switch {
	case notFinite(e.x) || notFinite(a):
		s.unmarked = true
	case output == ports.GradInput:
		s.over = max(s.over, a)
	default:
		s.over += a * max(1, one, zero)
	}
}

// term is a coefficient times an error; one of 0 contributes nothing, whatever the other is.
func term(c, v float64) float64 {
	if c == 0 || v == 0 {
		return 0
	}
	return c * v
}

// slope is the derivative of a function of u in a number.
func slope(c *computation[float], f, x Number) float64 {
	v, _ := c.tape.backward(seed[float]{f.at, 1}).in(x)
	return float64(v)
}

// k is that of a sum of n elements: 6 + ⌈log2 n⌉.
func k(n int) float64 { return baseK + float64(bits.Len(uint(max(n, 1)-1))) }

// scaled is s·v.
func (al *Allowance) scaled(v float64) float64 {
	if al.divisor == 0 {
		return v
	}
	return v / al.divisor
}

// smallest is factor·η·max(1, s·ΣA). η comes last: a product with it is rounded to its multiples.
func (al *Allowance) smallest(f tensor.Format, factor float64, s place) float64 {
	return factor * max(1, al.scaled(s.a)) * f.SmallestSubnormal()
}

// Len is the number of elements of the output.
func (al *Allowance) Len() int { return len(al.places) }

// Known reports whether element i has an oracle.
func (al *Allowance) Known(i int) bool { return al.known && !al.places[i].unknown }

// Tolerance returns how far from the oracle element i, whose exact value is e, may be; NaN where
// there is no oracle.
func (al *Allowance) Tolerance(i int, e float64) float64 {
	if !al.Known(i) {
		return math.NaN()
	}
	v := al.tolerance(al.places[i])
	if f := al.DType.Format(); f != al.working && !notFinite(e) {
		v += f.ULP(math.Abs(e)+v) / 2
	}
	return v
}

func (al *Allowance) tolerance(s place) float64 {
	k := k(s.n)
	v := k*al.scaled(s.terms) + al.scaled(s.rounding) + al.smallest(al.working, k, s)
	v += al.scaled(term(k*al.working.Eps()*al.condition, s.size))
	if s.classOnly || math.IsNaN(v) { // NaN: of a NaN logit
		return 0
	}
	return v
}

// Size returns the sum of the magnitudes of the terms that element i consists of, Σ|c·f|.
func (al *Allowance) Size(i int) float64 { return al.scaled(al.places[i].size) }

// Coefficients returns the sum of the magnitudes of the coefficients of element i, Σ|c|.
func (al *Allowance) Coefficients(i int) float64 { return al.scaled(al.places[i].coefficients) }

// Rounding returns what the rounding of the differences of logits does to element i, Σ|c|·D(f).
func (al *Allowance) Rounding(i int) float64 { return al.scaled(al.places[i].rounding) }

// Magnitude returns M of element i.
func (al *Allowance) Magnitude(i int) float64 { return al.scaled(al.places[i].m) }

// Parity returns how far from the reference r of element i a result may be.
func (al *Allowance) Parity(i int, r float64) float64 {
	if notFinite(r) {
		return 0
	}
	m, eps := al.Magnitude(i), al.DType.Format().Eps()
	near := closeness[al.DType]
	v := near.atol + near.rtol*math.Abs(r)
	if !notFinite(m) {
		v = min(max(v, parityFloor*eps*m), al.cap*eps*m)
	}
	return v + al.smallest(al.DType.Format(), parityEta, al.places[i])
}

// Cap returns the largest parity of element i, B·eps·M + 4·η·max(1, s·ΣA).
func (al *Allowance) Cap(i int) float64 {
	return al.cap*al.DType.Format().Eps()*al.Magnitude(i) + al.smallest(al.DType.Format(), parityEta, al.places[i])
}

// MayOverflow reports whether an intermediate of element i may exceed the largest finite number
// although the result does not.
func (al *Allowance) MayOverflow(i int) bool {
	s := al.places[i]
	return !s.unmarked && !(s.over <= al.working.Largest())
}

// notComputed is the error for a call that has no outputs.
func notComputed(a ports.Answer) error {
	switch {
	case a.Rejected != nil:
		return &refusal{a.Rejected.Message}
	case a.Unsupported != nil:
		return &refusal{a.Unsupported.Reason}
	}
	return &refusal{a.Failed.Message}
}

type refusal struct{ message string }

func (r *refusal) Error() string { return r.message }
