package definition

import (
	"math"
	"slices"
)

// arithmetic is what numbers are made of: [float] or [exact].
type arithmetic[B any] interface {
	comparable
	of(v float64) B
	// lead has the sign of the number, and is zero, infinite or NaN where the number is.
	lead() float64
	float() float64
	add(B) B
	// accumulate adds to a total; the compensation takes what that loses.
	accumulate(total, compensation B) (B, B)
	sub(B) B
	mul(B) B
	div(B) B
	neg() B
	exp() B
	log() B
	log1p() B
}

// operation is what makes a number of others.
type operation uint8

const (
	add operation = iota
	sub
	mul
	timesFunction
	div
	neg
	exp
	log
	log1p
	softplus
	sigmoid
	detach
)

// Tape records a computation, to be differentiated in reverse. It is used over and over:
// [Tape.reset] keeps its memory.
type Tape[B arithmetic[B]] struct {
	nodes      []node[B]
	rows, free []softmaxRow[B]
	// adjoints are those of the last backward, where reached; own and others are of a row.
	adjoints    []B
	reached     []bool
	own, others []B
	// tail is what the last softplus or sigmoid was made of: they come in pairs.
	tail tail[B]
}

// tail has log1p(y), y/(1+y) and 1/(1+y) of y = exp(-size).
type tail[B any] struct {
	size, log, low, high B
	known                bool
}

// node is a number: its value, the two numbers that it depends on, and the derivatives in them. The
// first node of a row of -log_softmax has the index of the row.
type node[B arithmetic[B]] struct {
	a, b   int32
	row    int32
	value  B
	da, db B
}

// softmaxRow is a row of logits x with its probabilities p and their complements q = 1-p.
type softmaxRow[B any] struct {
	first  int32
	x      []int32
	copies []float64
	p, q   []B
}

// What is no index of a node or row.
const (
	nothing = -1
	product = -2 // says what a node is, in place of a row
)

func (t *Tape[B]) reset() {
	t.nodes = t.nodes[:0]
	t.free = append(t.free, t.rows...)
	t.rows = t.rows[:0]
}

func (t *Tape[B]) push(value B, a int32, da B, b int32, db B) Number {
	t.nodes = append(t.nodes, node[B]{a, b, nothing, value, da, db})
	return Number{t, int32(len(t.nodes) - 1)}
}

// grow makes room for nodes.
func (t *Tape[B]) grow(n int) { t.nodes = slices.Grow(t.nodes, n) }

// leaf returns a number that depends on nothing.
func (t *Tape[B]) leaf(value B) Number {
	var zero B
	return t.push(value, nothing, zero, nothing, zero)
}

func (t *Tape[B]) constant(v float64) Number {
	var zero B
	return t.leaf(zero.of(v))
}

func (t *Tape[B]) value(a int32) float64 { return t.nodes[a].value.float() }

func (t *Tape[B]) unary(op operation, a int32) Number {
	var zero B
	v, unit := t.nodes[a].value, zero.of(1)
	switch op {
	case neg:
		return t.push(v.neg(), a, unit.neg(), nothing, zero)
	case exp:
		e := v.exp()
		return t.push(e, a, e, nothing, zero)
	case log:
		return t.push(v.log(), a, unit.div(v), nothing, zero)
	case log1p:
		return t.push(v.log1p(), a, unit.div(unit.add(v)), nothing, zero)
	case softplus:
		f, slope, _ := t.softplus(v)
		return t.push(f, a, slope, nothing, zero)
	case sigmoid:
		_, s, rest := t.softplus(v)
		return t.push(s, a, s.mul(rest), nothing, zero)
	}
	return t.leaf(v)
}

func (t *Tape[B]) binary(op operation, a, b int32) Number {
	v, w := t.nodes[a].value, t.nodes[b].value
	unit := v.of(1)
	switch op {
	case add:
		return t.push(v.add(w), a, unit, b, unit)
	case sub:
		return t.push(v.sub(w), a, unit, b, unit.neg())
	case div:
		q := v.div(w)
		return t.push(q, a, unit.div(w), b, q.neg().div(w))
	}
	p := v.mul(w)
	if op == timesFunction {
		p = times(v, w)
	}
	n := t.push(p, a, w, b, v)
	t.nodes[n.at].row = product
	return n
}

func (t *Tape[B]) along(a, x, slope int32) Number {
	v := t.nodes[a].value
	return t.push(v, a, v.of(1), x, t.nodes[slope].value)
}

func (t *Tape[B]) custom(a int32, value, slope float64) Number {
	var zero B
	return t.push(zero.of(value), a, zero.of(slope), nothing, zero)
}

// sum adds with a compensation.
func (t *Tape[B]) sum(numbers []Number) Number {
	var s sum[B]
	unit := t.nodes[numbers[0].at].value.of(1)
	result := Number{t, nothing}
	for _, n := range numbers {
		s.add(t.nodes[n.at].value)
		result = t.push(s.value(), result.at, unit, n.at, unit)
	}
	return result
}

// adopt returns a number of another tape as a constant.
func (t *Tape[B]) adopt(a Number) Number { return t.leaf(a.tape.(*Tape[B]).nodes[a.at].value) }

// times multiplies by a function: a coefficient of zero makes zero, beside an infinite one too.
func times[B arithmetic[B]](c, f B) B {
	if c.lead() == 0 && math.IsInf(f.lead(), 0) {
		var zero B
		return zero
	}
	return c.mul(f)
}

// softplus returns softplus(x), sigmoid(x) and sigmoid(-x). With y = exp(-|x|) nothing cancels in
//
//	softplus(x) = log1p(y) + max(x, 0)    sigmoid(x) = y/(1+y) for x < 0, 1 - y/(1+y) above
func (t *Tape[B]) softplus(x B) (f, s, rest B) {
	size := x
	if x.lead() < 0 {
		size = x.neg()
	}
	if !t.tail.known || t.tail.size != size {
		y, unit := size.neg().exp(), x.of(1)
		low := y.div(unit.add(y))
		t.tail = tail[B]{size, y.log1p(), low, unit.sub(low), true}
	}
	if x.lead() >= 0 {
		return t.tail.log.add(x), t.tail.high, t.tail.low
	}
	return t.tail.log, t.tail.low, t.tail.high
}

// softmax computes -log_softmax of a row, and what its derivatives are made of. With m = max x,
// d = m - x and R the sum of exp(-d) over the other classes than that of m, nothing cancels in
//
//	-log p = d + log1p(R)    p = exp(-d)/(1+R)    1-p = the sum of the other p, where p is above ½
//
// At one infinite logit they are the limits; where several are +inf, or all of several -inf, there
// are none. A class of n copies is n of them, each with the probability p; one of none does not count.
func (t *Tape[B]) softmax(x []Number, copies []float64, nll []Number) {
	var row softmaxRow[B]
	if n := len(t.free); n > 0 {
		row, t.free = t.free[n-1], t.free[:n-1]
	}
	row.x, row.copies, row.p, row.q = row.x[:0], copies, row.p[:0], row.q[:0]
	row.first = int32(len(t.nodes))
	var zero B
	top, infinite, undefined := 0, 0, false
	largest := math.Inf(-1)
	classes := 0.0
	for c, n := range x {
		row.x = append(row.x, n.at)
		v, of := n.Value(), row.times(c)
		if of == 0 {
			continue
		}
		classes += of
		if v > largest {
			top, largest = c, v
		}
		if math.IsInf(v, 1) {
			infinite += int(of)
		}
		undefined = undefined || math.IsNaN(v)
	}
	undefined = undefined || infinite > 1 || classes > 1 && math.IsInf(largest, -1)
	m := t.nodes[row.x[top]].value
	for c := range x {
		d := zero
		switch {
		case undefined:
			d = zero.of(math.NaN())
		case c != top:
			d = m.sub(t.nodes[row.x[c]].value)
		}
		nll[c] = t.leaf(d)
		row.p = append(row.p, d.neg().exp())
	}
	var rest sum[B]
	for c, p := range row.p {
		n := row.times(c)
		if c == top {
			n--
		}
		if n > 0 {
			rest.add(multiple(p, n))
		}
	}
	r := rest.value()
	log, all := r.log1p(), zero.of(1).add(r)
	for c := range x {
		n := &t.nodes[nll[c].at]
		n.value = n.value.add(log)
		row.p[c] = row.p[c].div(all)
	}
	row.q = sumsOfOthers(row.q, row.p, copies)
	for c, p := range row.p { // the last bits just below 1 decide the binade
		if unit := p.of(1); p.float() > 0.5 {
			row.p[c] = unit.sub(row.q[c])
		} else {
			row.q[c] = unit.sub(p)
		}
	}
	t.nodes[row.first].row = int32(len(t.rows))
	t.rows = append(t.rows, row)
}

// times is the number of copies of class c.
func (r *softmaxRow[B]) times(c int) float64 {
	if len(r.copies) == 0 {
		return 1
	}
	return r.copies[c]
}

// multiple returns n·v.
func multiple[B arithmetic[B]](v B, n float64) B {
	if n == 1 {
		return v
	}
	return v.mul(v.of(n))
}

// sumsOfOthers appends for each number the sum of the others, without subtracting. copies says how many
// each stands for; none means one.
func sumsOfOthers[B arithmetic[B]](sums, numbers []B, copies []float64) []B {
	n := len(sums)
	times := func(i int) float64 {
		if len(copies) == 0 {
			return 1
		}
		return copies[i]
	}
	var before, after sum[B]
	for i, v := range numbers {
		own := before
		if k := times(i); k > 0 {
			if k > 1 {
				own.add(multiple(v, k-1))
			}
			before.add(multiple(v, k))
		}
		sums = append(sums, own.value())
	}
	for i := len(numbers) - 1; i >= 0; i-- {
		sums[n+i] = sums[n+i].add(after.value())
		if k := times(i); k > 0 {
			after.add(multiple(numbers[i], k))
		}
	}
	return sums
}

// sum adds with a compensation, so that its error does not grow with the number of terms.
type sum[B arithmetic[B]] struct{ total, compensation B }

func (s *sum[B]) add(v B) { s.total, s.compensation = v.accumulate(s.total, s.compensation) }

func (s *sum[B]) value() B {
	if notFinite(s.compensation.lead()) { // the sum is not finite, or was not
		return s.total
	}
	return s.total.add(s.compensation)
}

// seed is a number that a result depends on, and the derivative of the result in it.
type seed[B any] struct {
	at    int32
	slope B
}

// backward returns the derivatives of a result in all numbers.
func (t *Tape[B]) backward(seeds ...seed[B]) adjoints[B] {
	last := int32(nothing)
	for _, s := range seeds {
		last = max(last, s.at)
	}
	t.adjoints = append(t.adjoints[:0], make([]B, last+1)...)
	t.reached = append(t.reached[:0], make([]bool, last+1)...)
	for _, s := range seeds {
		t.pass(s.at, s.slope)
	}
	for i := last; i >= 0; i-- {
		n := &t.nodes[i]
		if n.row >= 0 {
			t.throughSoftmax(&t.rows[n.row])
		}
		if !t.reached[i] {
			continue
		}
		if n.a >= 0 {
			t.pass(n.a, n.through(n.da, t.adjoints[i]))
		}
		if n.b >= 0 {
			t.pass(n.b, n.through(n.db, t.adjoints[i]))
		}
	}
	return adjoints[B]{t.adjoints, t.reached}
}

// through returns an adjoint times a derivative of n. Of a product it is the limit, where one of
// them is 0 and the other infinite.
func (n *node[B]) through(slope, adjoint B) B {
	switch {
	case n.row != product:
		return adjoint.mul(slope)
	case adjoint.lead() == 0:
		return times(adjoint, slope)
	}
	return times(slope, adjoint)
}

// adjoints are the derivatives of a number in others.
type adjoints[B any] struct {
	values  []B
	reached []bool
}

// in returns the derivative in a number; false means that nothing depends on it.
func (a adjoints[B]) in(n Number) (B, bool) {
	if int(n.at) >= len(a.values) || !a.reached[n.at] {
		var zero B
		return zero, false
	}
	return a.values[n.at], true
}

// pass adds to the adjoint of a number.
func (t *Tape[B]) pass(to int32, v B) {
	if t.reached[to] {
		v = t.adjoints[to].add(v)
	}
	t.adjoints[to], t.reached[to] = v, true
}

// throughSoftmax adds to the adjoints of the logits of a row. The derivative of -log p[k] in x[c]
// is p[c], but p[c]-1 for k = c. A class of n copies has the adjoint of all of them.
func (t *Tape[B]) throughSoftmax(row *softmaxRow[B]) {
	from, to := int(row.first), min(int(row.first)+len(row.x), len(t.adjoints))
	reached := false
	for _, r := range t.reached[from:to] {
		reached = reached || r
	}
	if !reached {
		return
	}
	own := append(t.own[:0], t.adjoints[from:to]...)
	own = append(own, make([]B, len(row.x)-len(own))...)
	for c, v := range own { // of one copy
		if n := row.times(c); n > 1 {
			own[c] = v.div(v.of(n))
		}
	}
	t.own, t.others = own, sumsOfOthers(t.others[:0], own, row.copies)
	for c, x := range row.x {
		t.pass(x, multiple(times(t.others[c], row.p[c]).sub(times(own[c], row.q[c])), row.times(c)))
	}
}
