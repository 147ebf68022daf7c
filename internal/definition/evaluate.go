package definition

import (
	"fmt"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// Evaluate answers a call, computed in float64. It does not change the call.
func (l *Loss) Evaluate(call ports.Call) ports.Answer {
	c, answer := begin[float](l, call)
	if c == nil {
		return answer
	}
	c.total = func(dtype tensor.DType, losses []float) float {
		values := make([]float64, len(losses))
		for i, v := range losses {
			values[i] = float64(v)
		}
		return float(l.Sum(dtype, values))
	}
	results, answer := c.outputs(call.Want)
	if results == nil {
		return answer
	}
	outputs := make(map[string]tensor.Tensor, len(results))
	for name, r := range results {
		o := &Operand{DType: r.dtype, Shape: slices.Clone(r.shape), Values: make([]float64, len(r.values))}
		for i, v := range r.values {
			o.Values[i] = float64(v)
		}
		l.Finish(c.Arguments, name, o)
		if Size(o.Shape) != len(o.Values) { // steps that others have changed
			return ports.Answer{Failed: &ports.Failed{Message: fmt.Sprintf("%s: %s: %d elements do not fit the shape %s",
				l.Module, name, len(o.Values), tensor.FormatShape(o.Shape))}}
		}
		outputs[name] = tensor.FromValues(o.DType, o.Values, o.Shape...)
	}
	return ports.Answer{Outputs: outputs}
}

// computation is one call, in one arithmetic.
type computation[B arithmetic[B]] struct {
	*Arguments
	loss *Loss
	// base has the numbers of whole tensors, tape those of the element or row at hand, u.
	base, tape Tape[B]
	u          Unit
	rows       bool
	// at are the indices of the elements of the grid in the operands.
	at map[*Operand][]int32
	// total adds losses.
	total func(dtype tensor.DType, losses []B) B

	plan        Plan
	group       []int32 // nil: each element is its own
	losses      []B
	scales      []B // of the gradients, one for each group
	fromDivisor sum[B]
	leaves      [4][]Number // of X, T, W and P of u
	// own is the memory of differentiateOwn.
	own struct {
		slope   []B
		reached []bool
		values  []float64
	}
}

// result is an output.
type result[B any] struct {
	dtype  tensor.DType
	shape  []int
	values []B
}

// begin takes the steps up to the elements. Without a computation, the answer is what became of the
// call.
func begin[B arithmetic[B]](l *Loss, call ports.Call) (*computation[B], ports.Answer) {
	c := &computation[B]{loss: l, rows: l.module.HasClasses()}
	a, err := parse(call, &c.base)
	if err != nil {
		return nil, ports.Answer{Failed: &ports.Failed{Message: err.Error()}}
	}
	c.Arguments, a.each, a.counts, a.copies = a, c.each, l.Counts, l.Copies
	if dtype := a.Input.DType; !dtype.IsFloat() && l.AnyInput {
		a.Input.DType = tensor.Float32
	} else if !dtype.IsFloat() {
		return nil, refused(ports.KindDType, "%s: input: got %s, want float32 or float64", a.Module, dtype)
	}
	var ok bool
	if a.Reduction, ok = l.Resolve(call.Options); !ok {
		return nil, refused(ports.KindOption, "%s: reduction: got %q, want none, mean or sum", a.Module, *call.Options.Reduction)
	}
	for _, name := range ports.InputNames() {
		if _, given := call.Inputs[name]; given && len(l.module.Inputs) > 0 && !l.module.Takes(name) {
			return nil, refused(ports.KindOption, "%s: %s: there is no such argument", a.Module, name)
		}
	}
	l.Admit(a)
	if rejected := l.Check(a); rejected != nil {
		return nil, ports.Answer{Rejected: rejected}
	}
	l.Prepare(a)
	if c.rows {
		a.Grid, _ = Without(a.Input.Shape, a.Axis)
	} else if !a.broadcastGrid() {
		return nil, refused(ports.KindShape, "%s: the shapes do not broadcast", a.Module)
	}
	if TooLarge(a.Grid) {
		return nil, ports.Answer{Failed: &ports.Failed{Message: fmt.Sprintf("%s: the result is too large: %s", a.Module, tensor.FormatShape(a.Grid))}}
	}
	c.tape.grow(32) // an element has less
	if c.rows && len(a.Input.Shape) > 0 {
		c.tape.grow(5 * a.Classes())
	}
	c.at = map[*Operand][]int32{}
	for _, o := range a.Operands() {
		if !c.rows {
			c.at[o] = indices(o.Shape, a.Grid)
		}
	}
	return c, ports.Answer{}
}

// element is the number of element i of an operand, in the computation of u.
func (c *computation[B]) element(o *Operand, i int) Number {
	if o.numbers != nil {
		return c.tape.leaf(c.base.nodes[o.numbers[i].at].value)
	}
	return c.tape.constant(o.Values[i])
}

// index is the element of an operand that belongs to element i of the grid.
func index(at []int32, i int) int {
	if at == nil {
		return i
	}
	return int(at[i])
}

// see starts with element or row i: it sets u, as View and Coefficients leave it.
func (c *computation[B]) see(i int) *Unit {
	c.tape.reset()
	u := &c.u
	*u = Unit{
		X: u.X[:0], T: u.T[:0], W: u.W[:0], A: u.A[:0], F: u.F[:0], terms: u.terms, Index: i,
		Smoothing: c.Smoothing, DType: c.Input.DType, tape: &c.tape,
	}
	if c.rows {
		c.seeRow(i)
	} else {
		c.seeElement(i)
	}
	for k, numbers := range [][]Number{u.X, u.T, u.W} {
		c.leaves[k] = append(c.leaves[k][:0], numbers...)
	}
	c.leaves[3] = c.leaves[3][:0]
	if u.P.Given() {
		c.leaves[3] = append(c.leaves[3], u.P)
	}
	c.loss.View(u)
	c.loss.Coefficients(u)
	return u
}

func (c *computation[B]) seeElement(i int) {
	u := &c.u
	u.X = append(u.X, c.element(c.Input, index(c.at[c.Input], i)))
	u.T = append(u.T, c.element(c.Target, index(c.at[c.Target], i)))
	if c.Weight != nil {
		u.W = append(u.W, c.element(c.Weight, index(c.at[c.Weight], i)))
	} else {
		u.W = append(u.W, u.Number(1))
	}
	if c.PosWeight != nil {
		u.P = c.element(c.PosWeight, index(c.at[c.PosWeight], i))
	}
}

func (c *computation[B]) seeRow(i int) {
	u := &c.u
	if c.copies != nil {
		u.Copies = c.copies[i*c.Classes() : (i+1)*c.Classes()]
	}
	for class := range c.Classes() {
		u.X = append(u.X, c.element(c.Input, c.At(i, class)))
		if c.Probabilities {
			u.T = append(u.T, c.element(c.Target, c.At(i, class)))
		}
		if c.Weight != nil {
			u.W = append(u.W, c.element(c.Weight, class))
		} else {
			u.W = append(u.W, u.Number(1))
		}
	}
	if c.Probabilities {
		return
	}
	if y := c.Target.Values[i]; c.Ignores(y) {
		u.Ignored = true
	} else {
		u.Class = int(y)
	}
}

func (c *computation[B]) each(f func(i int, u *Unit)) {
	for i := range Size(c.Grid) {
		f(i, c.see(i))
	}
}

// lossOf returns the loss of u.
func (c *computation[B]) lossOf(u *Unit) Number {
	c.loss.Functions(u)
	return c.loss.Combine(u)
}

// gradient is a gradient that is summed up.
type gradient[B arithmetic[B]] struct {
	name string
	of   *Operand
	// leaves is the index of the numbers of u that are its elements.
	leaves int
	sums   []sum[B]
	Gradient
}

// outputs returns the wanted outputs.
func (c *computation[B]) outputs(want []string) (map[string]result[B], ports.Answer) {
	c.plan = c.loss.Plan(c.Arguments)
	results := make(map[string]result[B], len(want))
	var gradients []*gradient[B]
	for _, name := range want {
		g := &gradient[B]{name: name, Gradient: c.loss.Gradients[name]}
		switch name {
		case ports.Loss:
			continue
		case ports.GradInput:
			g.of = c.Input
		case ports.GradTarget:
			if c.rows && !c.Probabilities {
				return nil, unsupported("class indices are not differentiable")
			}
			g.of, g.leaves = c.Target, 1
		case ports.GradWeight:
			switch {
			case c.rows && !c.Probabilities:
				return nil, unsupported("with class indices there is no grad_weight")
			case !slices.Contains(c.loss.module.Outputs, name):
				return nil, unsupported(c.Module + " is not differentiable in weight")
			case c.Weight == nil:
				return nil, refused(ports.KindOption, "%s: grad_weight: there is no weight", c.Module)
			}
			g.of, g.leaves = c.Weight, 2
		default:
			return nil, unsupported(fmt.Sprintf("there is no output %q", name))
		}
		gradients = append(gradients, g)
	}
	if len(gradients) > 0 && !c.setScales() {
		return nil, refused(ports.KindShape, "%s: grad_output %s is not of the shape of the loss",
			c.Module, tensor.FormatShape(c.Upstream.Shape))
	}
	// What is made of whole tensors is differentiated from these on, in pos_weight too.
	all := gradients
	for leaves, o := range []*Operand{c.Input, c.Target, c.Weight, c.PosWeight} {
		if o != nil && o.numbers != nil && len(gradients) > 0 {
			if !slices.ContainsFunc(gradients, func(g *gradient[B]) bool { return g.of == o }) {
				all = append(all, &gradient[B]{of: o, leaves: leaves})
			}
		}
	}
	for _, g := range all {
		g.sums = make([]sum[B], len(g.of.Values))
	}
	c.losses = make([]B, Size(c.Grid))
	for i := range c.losses {
		u := c.see(i)
		loss := c.lossOf(u)
		c.losses[i] = c.tape.nodes[loss.at].value
		if len(all) > 0 {
			c.differentiate(i, u, loss, all)
		}
	}
	for _, g := range gradients {
		results[g.name] = result[B]{g.of.DType, g.of.given, nil}
	}
	c.differentiateTensors(all, results)
	if slices.Contains(want, ports.Loss) {
		results[ports.Loss] = c.reduce()
	}
	return results, ports.Answer{}
}

// setScales sets what the derivatives of elements are multiplied by; false means that grad_output
// does not fit the loss.
func (c *computation[B]) setScales() bool {
	p := c.loss.GradPlan(c.Arguments, c.plan)
	group, shape := p.groups()
	upstream := []float64{1}
	if p.Reduction == "none" {
		upstream = slices.Repeat(upstream, Size(shape))
	}
	if c.Upstream != nil {
		if len(c.Upstream.Values) != len(upstream) {
			return false
		}
		upstream = slices.Clone(c.Upstream.Values)
	}
	c.loss.Upstream(upstream)
	divisor := c.number(p.Classes)
	if p.Reduction == "mean" {
		divisor = divisor.mul(c.number(p.Count))
	}
	c.scales = make([]B, len(upstream))
	for i, v := range upstream {
		c.scales[i] = divisor.of(v).div(divisor)
	}
	if c.group = group; p.Reduction != "none" {
		c.group = make([]int32, Size(c.Grid))
	}
	return true
}

// number is the value of a number of whole tensors.
func (c *computation[B]) number(n Number) B { return c.base.nodes[n.at].value }

// differentiate adds the derivatives of the loss of u to the gradients.
func (c *computation[B]) differentiate(i int, u *Unit, loss Number, gradients []*gradient[B]) {
	scale := c.scales[index(c.group, i)]
	c.fromDivisor.add(times(scale, c.tape.nodes[loss.at].value))
	own := false
	for _, g := range gradients {
		if g.Of != nil || g.Change != nil {
			c.differentiateOwn(i, u, loss, scale, g)
		} else {
			own = true
		}
	}
	if !own {
		return
	}
	c.derive(loss, func(in adjoints[B], factor B) {
		for _, g := range gradients {
			if g.Of != nil || g.Change != nil {
				continue
			}
			for k, leaf := range c.leaves[g.leaves] {
				v, ok := in.in(leaf)
				switch n := u.copies(k); {
				case !ok, n == 0:
					continue
				case n != 1:
					v = v.div(v.of(n))
				}
				g.add(c.place(g, i, k), scale, times(factor, v))
			}
		}
	})
}

// add adds to an element of a gradient. An infinite scale, as that of a mean over weights that add
// up to zero, makes a NaN of a derivative of zero.
func (g *gradient[B]) add(at int, scale, slope B) {
	if g.name == ports.GradInput {
		g.sums[at].add(scale.mul(slope))
	} else {
		g.sums[at].add(times(scale, slope))
	}
}

// derive hands over the derivatives of a number, and what they are still to be multiplied by. Where
// it is a product c·f, those of f are not yet multiplied by c: by an infinite c they would meet as
// infinities of both signs.
func (c *computation[B]) derive(of Number, add func(in adjoints[B], factor B)) {
	n := c.tape.nodes[of.at]
	unit := n.value.of(1)
	if n.row != product {
		add(c.tape.backward(seed[B]{of.at, unit}), unit)
		return
	}
	add(c.tape.backward(seed[B]{n.b, unit}), n.db)
	add(c.tape.backward(seed[B]{n.a, c.tape.nodes[n.b].value}), unit)
}

// differentiateOwn is differentiate for a gradient of its own.
func (c *computation[B]) differentiateOwn(i int, u *Unit, loss Number, scale B, g *gradient[B]) {
	if g.Of != nil {
		loss = g.Of(u)
	}
	leaves := c.leaves[g.leaves]
	own := &c.own
	slope := append(own.slope[:0], make([]B, len(leaves))...)
	reached := append(own.reached[:0], make([]bool, len(leaves))...)
	var zero B
	c.derive(loss, func(in adjoints[B], factor B) {
		for k, leaf := range leaves {
			if v, ok := in.in(leaf); ok {
				slope[k], reached[k] = slope[k].add(times(factor, v)), true
			}
		}
	})
	if g.Change != nil {
		own.values = own.values[:0]
		for _, v := range slope {
			own.values = append(own.values, v.float())
		}
		g.Change(u, own.values)
		for k, v := range own.values {
			slope[k], reached[k] = zero.of(v), reached[k] || v != 0
		}
	}
	for k, v := range slope {
		if reached[k] {
			g.add(c.place(g, i, k), scale, v)
		}
	}
	own.slope, own.reached = slope, reached
}

// place is where in an operand number k of element or row i stands.
func (c *computation[B]) place(g *gradient[B], i, k int) int {
	switch {
	case !c.rows:
		return index(c.at[g.of], i)
	case g.of == c.Weight:
		return k
	}
	return c.At(i, k)
}

// differentiateTensors sets the gradients: the sums of the elements, and where a step made
// something of whole tensors, what follows through that.
func (c *computation[B]) differentiateTensors(gradients []*gradient[B], results map[string]result[B]) {
	var seeds []seed[B]
	if c.plan.Reduction == "mean" && len(gradients) > 0 {
		count := c.number(c.plan.Count)
		seeds = append(seeds, seed[B]{c.plan.Count.at, c.fromDivisor.value().div(count).neg()})
	}
	for _, g := range gradients {
		for k, n := range g.of.numbers {
			seeds = append(seeds, seed[B]{n.at, g.sums[k].value()})
		}
	}
	var through adjoints[B]
	if slices.ContainsFunc(gradients, func(g *gradient[B]) bool { return g.of.numbers != nil }) {
		through = c.base.backward(seeds...)
	}
	for _, g := range gradients {
		r, wanted := results[g.name]
		if !wanted {
			continue
		}
		if g.of.numbers == nil {
			for k := range g.sums {
				r.values = append(r.values, g.sums[k].value())
			}
			if Size(r.shape) != len(r.values) {
				r.shape = g.of.Shape
			}
		}
		for _, leaf := range g.of.leaves {
			v, _ := through.in(leaf)
			r.values = append(r.values, v)
		}
		results[g.name] = r
	}
}

// reduce makes the loss of the losses of elements.
func (c *computation[B]) reduce() result[B] {
	dtype, losses := c.loss.dtype(c.Arguments), c.losses
	group, shape := c.plan.groups()
	if group != nil {
		terms, n := make([][]B, Size(shape)), c.plan.Grid[c.plan.Axis]
		all := make([]B, len(losses))
		for i := range terms {
			terms[i] = all[i*n : i*n : (i+1)*n]
		}
		for i, g := range group {
			v := losses[i]
			if c.copies != nil {
				v = v.mul(v.of(c.copies[i]))
			}
			terms[g] = append(terms[g], v)
		}
		losses = make([]B, len(terms))
		for i, t := range terms {
			losses[i] = c.quotient(dtype, t, c.number(c.plan.Classes))
		}
	}
	if c.counts != nil && c.plan.Reduction != "none" {
		for i, v := range losses {
			losses[i] = v.mul(v.of(c.counts[i]))
		}
	}
	switch c.plan.Reduction {
	case "mean":
		return result[B]{dtype, []int{}, []B{c.quotient(dtype, losses, c.number(c.plan.Count))}}
	case "sum":
		return result[B]{dtype, []int{}, []B{c.total(dtype, losses)}}
	}
	return result[B]{dtype, shape, losses}
}

// quotient is a sum divided by n, also where the sum alone overflows.
func (c *computation[B]) quotient(dtype tensor.DType, losses []B, n B) B {
	total := c.total(dtype, losses)
	if !notFinite(total.lead()) || slices.ContainsFunc(losses, func(v B) bool { return notFinite(v.lead()) }) {
		return total.div(n)
	}
	divided := make([]B, len(losses))
	for i, v := range losses {
		divided[i] = v.div(n)
	}
	return c.total(dtype, divided)
}

func unsupported(reason string) ports.Answer {
	return ports.Answer{Unsupported: &ports.Unsupported{Reason: reason}}
}

func refused(kind, format string, args ...any) ports.Answer {
	return ports.Answer{Rejected: Rejected(kind, format, args...)}
}
