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
	// known is false where no element has an oracle: for a mean over nothing.
	known bool
}

// place is what is added up for one element of an output.
type place struct {
	n                                     int
	errors, terms, conditions, m, a, over float64
	unknown, unmarked                     bool
}

// factors are the factors of an element in float64: logit or probability, target, weight,
// pos_weight, and upstream gradient, 1 for a loss.
type factors struct{ x, t, w, p, u float64 }

// rest is 1-t.
func (e factors) rest() float64 { return 1 - e.t }

// logitMagnitude is that of the modules of logits.
func logitMagnitude(e factors) (loss, gradInput float64) {
	gradInput = math.Abs(e.w) * max(1, math.Abs(e.p))
	return gradInput * (1 + math.Abs(e.x)), gradInput
}

// probabilityMagnitude is that of BCELoss.
func probabilityMagnitude(e factors) (loss, gradInput float64) {
	w := math.Abs(e.w)
	loss = w * (1 + max(min(-math.Log(e.x), 100), min(-math.Log1p(-e.x), 100)))
	return loss, w * (e.t*(1-e.x) + e.rest()*e.x) * steepness(e.x)
}

// steepness is 1/(x*(1-x)), by which errors of x-t are enlarged in the gradient of BCELoss, at most
// 1e12.
func steepness(x float64) float64 { return 1 / max(x*(1-x), 1e-12) }

// Allow returns the allowance of an output of a call, which has to be accepted and to have the
// output.
func (l *Loss) Allow(call ports.Call, output string) (*Allowance, error) {
	c, answer := begin[float](l, call)
	if c == nil {
		return nil, notComputed(answer)
	}
	al := &Allowance{known: true, cap: gradientCap, DType: c.LossDType()}
	c.plan = l.Plan(c.Arguments)
	if !c.setScales() {
		return nil, notComputed(refused(ports.KindShape, "%s: grad_output is not of the shape of the loss", c.Module))
	}
	var of *gradient[float]
	switch output {
	case ports.Loss:
		al.cap = lossCap
		if c.plan.Reduction == "none" {
			_, al.Shape = c.plan.groups()
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
	}
	al.places = make([]place, Size(al.Shape))
	plan := c.plan
	if of != nil {
		plan = l.GradPlan(c.Arguments, plan)
	}
	al.divisor = plan.Classes.Value()
	if plan.Reduction == "mean" {
		al.divisor *= plan.Count.Value()
	}
	if al.divisor == 0 || notFinite(al.divisor) {
		al.known = false
	}
	if c.rows {
		c.allowRows(al, output, of)
	} else {
		c.allowElements(al, output, of)
	}
	return al, nil
}

// allowElements adds up the elements.
func (c *computation[B]) allowElements(al *Allowance, output string, of *gradient[B]) {
	f := al.DType.Format()
	for i := range Size(c.Grid) {
		u := c.see(i)
		c.loss.Functions(u)
		e := factors{u.X[0].Value(), u.T[0].Value(), u.W[0].Value(), 1, 1}
		if u.P.Given() {
			e.p = u.P.Value()
		}
		at := index(c.group, i)
		upstream := 1.0
		if c.Upstream != nil {
			upstream = c.Upstream.Values[at]
		}
		if of != nil {
			e.u, at = upstream, c.place(of, i, 0)
		}
		one, zero := u.F[0].Value(), u.F[1].Value()
		w, p, t, rest := math.Abs(e.w*e.u), math.Abs(e.p), math.Abs(e.t), math.Abs(e.rest())
		loss, gradInput := c.loss.magnitude(e)
		a := max(1, math.Abs(e.w)) * max(1, p) * max(1, t, rest) * max(1, math.Abs(e.u))
		s := &al.places[at]
		s.n++
		s.unknown = s.unknown || notFinite(e.t) || notFinite(e.w) || notFinite(e.p) || notFinite(upstream)
		switch output {
		case ports.Loss:
			s.terms += term(w*p*t, f.ULP(one)) + term(w*rest, f.ULP(zero))
			s.m += loss
		case ports.GradInput:
			s.terms += term(w*p*t, f.ULP(c.slope(u.F[0], u.X[0]))) + term(w*rest, f.ULP(c.slope(u.F[1], u.X[0])))
			s.m += math.Abs(e.u) * gradInput
			if c.Module == ports.BCELoss {
				a *= steepness(e.x)
				s.unknown = s.unknown || !(e.x*(1-e.x) >= 1e-12)
			}
		case ports.GradTarget:
			if u.Difference.Given() && !u.P.Given() {
				s.terms += term(w, f.ULP(u.Difference.Value()))
			} else {
				s.terms += term(w*p, f.ULP(one)) + term(w, f.ULP(zero))
			}
			s.m += math.Abs(e.u) * loss
		case ports.GradWeight:
			e.w = 1
			w := math.Abs(e.u)
			s.terms += term(w*p*t, f.ULP(one)) + term(w*rest, f.ULP(zero))
			loss, _ := c.loss.magnitude(e)
			s.m += w * loss
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
}

// term is a coefficient times an error; one of 0 contributes nothing, whatever the other is.
func term(c, v float64) float64 {
	if c == 0 || v == 0 {
		return 0
	}
	return c * v
}

// slope is the derivative of a function of u in a number.
func (c *computation[B]) slope(f, x Number) float64 {
	v, _ := c.tape.backward(seed[B]{f.at, c.tape.nodes[f.at].value.of(1)}).in(x)
	return v.float()
}

// allowRows adds up the rows.
func (c *computation[B]) allowRows(al *Allowance, output string, of *gradient[B]) {
	f := al.DType.Format()
	n := c.Classes()
	if output == ports.GradWeight || output == ports.Loss && c.plan.Reduction != "none" || c.plan.Reduction == "mean" && c.Weight != nil {
		n *= Size(c.Grid)
	}
	for j := range al.places {
		al.places[j].n = n
	}
	var weights, sizes []float64
	every := true
	if c.Weight != nil {
		for _, w := range c.Weight.Values {
			every = every && !notFinite(w)
		}
	}
	for i := range Size(c.Grid) {
		u := c.see(i)
		c.loss.Functions(u)
		upstream := 1.0
		if c.Upstream != nil {
			upstream = c.Upstream.Values[index(c.group, i)]
		}
		known := !notFinite(upstream) && hasLimit(u.X)
		switch {
		case u.Ignored:
			known = true
		case c.Probabilities:
			for _, t := range u.T {
				known = known && !notFinite(t.Value())
			}
			known = known && every
		case u.Smoothing > 0:
			known = known && every
		default:
			known = known && !notFinite(u.W[u.Class].Value())
		}
		if !u.Ignored && !c.Probabilities && len(u.W) > 0 {
			weights = append(weights, u.W[u.Class].Value())
			sizes = append(sizes, math.Abs(u.W[u.Class].Value()))
		}
		scale := math.Abs(upstream)
		if of == nil {
			scale = 1
		}
		c.allowRow(al, output, of, i, u, scale, f, known)
	}
	if c.plan.Reduction == "mean" && !c.Probabilities {
		if total := math.Abs(SumOf(weights)); total != 0 && !notFinite(total) {
			al.condition = max(0, SumOf(sizes)/total-1)
		}
	}
	al.divisor = math.Abs(al.divisor)
}

// hasLimit reports whether a softmax is defined at infinite logits.
func hasLimit(x []Number) bool {
	above, below := 0, 0
	for _, n := range x {
		switch v := n.Value(); {
		case math.IsInf(v, 1):
			above++
		case math.IsInf(v, -1):
			below++
		}
	}
	return above <= 1 && (below < len(x) || len(x) <= 1)
}

// allowRow adds up the classes of a row.
func (c *computation[B]) allowRow(al *Allowance, output string, of *gradient[B], i int, u *Unit, upstream float64, f tensor.Format, known bool) {
	n := len(u.X)
	at := func(k int) *place {
		if of == nil {
			return &al.places[index(c.group, i)]
		}
		return &al.places[c.place(of, i, k)]
	}
	if u.Ignored || n == 0 { // contributes nothing, not even the ulp of 0
		return
	}
	if len(c.tape.rows) == 0 { // other functions than that of a softmax
		LogSoftmax(nil, u.X)
	}
	row, factor := &c.tape.rows[len(c.tape.rows)-1], k(al.places[0].n)
	top, size, finite := math.Inf(-1), 0.0, true
	for _, x := range u.X {
		if v := x.Value(); !notFinite(v) {
			top, size = max(top, v), max(size, math.Abs(v))
		} else {
			finite = false
		}
	}
	// wrong is the error of p by that of its own d, ofNLL by those of all.
	p, q, d, wrong, a, share := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	ofNLL, amplified, total := 0.0, 0.0, 0.0
	kept, uniform := math.Abs(1-u.Smoothing), u.Smoothing/float64(n)
	for k, x := range u.X {
		p[k], q[k] = row.p[k].float(), row.q[k].float()
		if v := x.Value(); !notFinite(v) {
			d[k] = top - v
		}
		wrong[k] = term(p[k], f.ULP(d[k]))
		ofNLL += wrong[k]
		a[k] = math.Abs(u.A[k].Value())
		share[k] = kept + uniform
		if c.Probabilities {
			share[k] = kept*math.Abs(u.T[k].Value()) + uniform
		}
		amplified += c.amplification(u, k, share[k], upstream)
		total += a[k]
	}
	ofP := make([]float64, n)
	for k := range ofP {
		ofP[k] = wrong[k] + p[k]*ofNLL
	}
	others, ofQ := sumsOf(a), sumsOf(ofP)
	rowOver := 0.0
	for k := range a {
		own := c.amplification(u, k, share[k], upstream)
		nll := u.F[k].Value()
		s := at(k)
		s.unknown = s.unknown || !known
		add := func(coefficient, v, rounded float64) {
			s.errors += term(coefficient, factor*f.ULP(v)+rounded)
			s.conditions += term(coefficient, v)
		}
		over := own
		if output != ports.GradInput {
			over *= max(1, nll)
		}
		switch output {
		case ports.Loss:
			add(a[k], nll, ofNLL)
			s.m += a[k] * (1 + size)
			s.a += own
		case ports.GradInput:
			add(upstream*others[k], p[k], ofP[k])
			add(upstream*a[k], q[k], ofQ[k])
			s.m += upstream * total
			s.a += amplified
		default:
			coefficient := share[k]
			if output == ports.GradTarget {
				coefficient = math.Abs(u.W[k].Value())
			}
			add(upstream*coefficient, nll, ofNLL)
			s.m += upstream * coefficient * (1 + size)
			s.a += own
		}
		if !finite || notFinite(over) {
			s.unmarked = true
			continue
		}
		if d[k] > f.Largest() {
			over = math.Inf(1)
		}
		rowOver += over
		s.over += over
	}
	if output == ports.GradInput {
		for k := range a {
			at(k).over = rowOver
		}
	}
}

// amplification is A of a class; what is not finite either has no oracle or does not enter.
func (c *computation[B]) amplification(u *Unit, k int, share, upstream float64) float64 {
	w := math.Abs(u.W[k].Value())
	if notFinite(w) {
		w = 1
	}
	if notFinite(share) {
		share = 1
	}
	return max(1, w) * max(1, share) * max(1, upstream)
}

// sumsOf are the sums of the others.
func sumsOf(values []float64) []float64 {
	numbers := make([]float, len(values))
	for i, v := range values {
		numbers[i] = float(v)
	}
	sums := make([]float64, len(values))
	for i, v := range sumsOfOthers(nil, numbers) {
		sums[i] = float64(v)
	}
	return sums
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
func (al *Allowance) smallest(factor float64, s place) float64 {
	return factor * max(1, al.scaled(s.a)) * al.DType.Format().SmallestSubnormal()
}

// Len is the number of elements of the output.
func (al *Allowance) Len() int { return len(al.places) }

// Known reports whether element i has an oracle.
func (al *Allowance) Known(i int) bool { return al.known && !al.places[i].unknown }

// Tolerance returns how far from the oracle element i may be; NaN where there is no oracle.
func (al *Allowance) Tolerance(i int) float64 {
	if !al.Known(i) {
		return math.NaN()
	}
	return al.tolerance(al.places[i])
}

func (al *Allowance) tolerance(s place) float64 {
	k := k(s.n)
	v := k*al.scaled(s.terms) + al.scaled(s.errors) + al.smallest(k, s)
	v += al.scaled(k * al.DType.Format().Eps() * al.condition * s.conditions)
	if math.IsNaN(v) { // of a NaN logit, or of an infinite loss: there the class counts alone
		return 0
	}
	return v
}

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
	return v + al.smallest(parityEta, al.places[i])
}

// Cap returns the largest parity of element i, B·eps·M + 4·η·max(1, s·ΣA).
func (al *Allowance) Cap(i int) float64 {
	return al.cap*al.DType.Format().Eps()*al.Magnitude(i) + al.smallest(parityEta, al.places[i])
}

// MayOverflow reports whether an intermediate of element i may exceed the largest finite number
// although the result does not.
func (al *Allowance) MayOverflow(i int) bool {
	s := al.places[i]
	return !s.unmarked && !(s.over <= al.DType.Format().Largest())
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
