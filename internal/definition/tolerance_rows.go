package definition

import (
	"math"

	"lossproof/ports"
)

// rows adds up the rows of CrossEntropyLoss.
type rows struct {
	*computation[float]

	// Of the classes of a row: their coefficients and the sums of the others, the factors of their
	// weights in those, the distances d from the largest logit, and D of p and q = 1-p. own is the part
	// of D(p) that the class's own d has.
	a, others, ofP, ofQ []float
	share, d, own       []float64
}

func allowRows(c *computation[float], all []wanted) {
	r := &rows{computation: c}
	for _, to := range all {
		n := c.Classes()
		if c.copies != nil {
			n = int(total(c.copies[:n]))
		}
		if to.output == ports.GradWeight || to.output == ports.Loss && c.plan.Reduction != "none" || c.plan.Reduction == "mean" && c.Weight != nil {
			n *= int(c.count(Size(c.Grid)))
		}
		for j := range to.places {
			to.places[j].n = n
		}
	}
	var weights, sizes sum[float]
	for i := range Size(c.Grid) {
		u := c.see(i)
		if u.Ignored { // contributes nothing, not even the ulp of 0
			continue
		}
		if !c.Probabilities && len(u.W) > 0 {
			w := c.times(i) * u.W[u.Class].Value()
			weights.add(float(w))
			sizes.add(float(math.Abs(w)))
		}
		if len(u.X) == 0 {
			continue
		}
		r.loss.Functions(u)
		if len(r.tape.rows) == 0 { // other functions than those of a softmax
			LogSoftmax(nil, u.X, u.Copies...)
		}
		for _, to := range all {
			r.add(to, i, u, &r.tape.rows[len(r.tape.rows)-1])
		}
	}
	condition := 0.0
	if c.plan.Reduction == "mean" && !c.Probabilities {
		if total := math.Abs(float64(weights.value())); total != 0 && !notFinite(total) {
			condition = max(0, float64(sizes.value())/total-1)
		}
	}
	for _, to := range all {
		to.condition, to.divisor = condition, math.Abs(to.divisor)
	}
}

// add adds the classes of a row to an output.
func (r *rows) add(to wanted, i int, u *Unit, row *softmaxRow[float]) {
	n, format, largest := len(u.X), to.working, to.working.Largest()
	upstream := 1.0
	if r.Upstream != nil {
		upstream = r.Upstream.Values[index(r.group, i)]
	}
	known := r.known(u, upstream)
	if upstream = math.Abs(upstream); to.of == nil {
		upstream = 1
	}
	finite := r.distances(u)
	ofNLL, amplified, total := 0.0, 0.0, 0.0
	kept, uniform := math.Abs(1-u.Smoothing), u.Smoothing/u.Classes()
	r.a, r.own, r.share, r.ofP = r.a[:0], r.own[:0], r.share[:0], r.ofP[:0]
	for k := range n {
		own := term(float64(row.p[k]), format.ULP(r.d[k]))
		share := kept + uniform
		if r.Probabilities {
			share = kept*math.Abs(u.T[k].Value()) + uniform
		}
		a := math.Abs(u.A[k].Value())
		r.own, r.share, r.a = append(r.own, own), append(r.share, share), append(r.a, float(a))
		copies := u.copies(k)
		ofNLL += copies * own
		total += copies * a
		amplified += copies * amplification(u, k, share, upstream)
	}
	for k, own := range r.own {
		r.ofP = append(r.ofP, float(own+float64(row.p[k])*ofNLL))
	}
	r.others, r.ofQ = sumsOfOthers(r.others[:0], r.a, u.Copies), sumsOfOthers(r.ofQ[:0], r.ofP, u.Copies)
	rowOver := 0.0
	for k := range n {
		s, copies := r.place(to, i, k), u.copies(k)
		if copies == 0 {
			continue
		}
		nll, over := u.F[k].Value(), amplification(u, k, r.share[k], upstream)
		s.unknown = s.unknown || !known
		if to.output == ports.GradInput {
			s.add(format, upstream*float64(r.others[k]), float64(row.p[k]), float64(r.ofP[k]))
			s.add(format, upstream*float64(r.a[k]), float64(row.q[k]), float64(r.ofQ[k]))
			s.m += upstream * (term(total, term(float64(row.p[k]), 1+nll)) + float64(r.a[k]))
			s.a += amplified
		} else {
			coefficient := float64(r.a[k])
			switch to.output {
			case ports.GradTarget:
				coefficient = upstream * math.Abs(u.W[k].Value())
			case ports.GradWeight:
				coefficient = upstream * r.share[k]
			case ports.Loss:
				if r.plan.Reduction != "none" {
					times := r.times(i)
					coefficient, over = times*coefficient, times*over
				}
				coefficient, over = copies*coefficient, copies*over
			}
			s.add(format, coefficient, nll, ofNLL)
			s.m += term(coefficient, 1+nll)
			s.a += over
			over *= max(1, nll)
		}
		s.classOnly = s.classOnly || notFinite(s.size)
		if !finite || notFinite(over) {
			s.unmarked = true
			continue
		}
		if r.d[k] > largest {
			over = math.Inf(1)
		}
		s.over += over
		if to.output == ports.GradInput {
			over *= copies
		}
		rowOver += over
	}
	if to.output == ports.GradInput {
		for k := range n {
			r.place(to, i, k).over = rowOver
		}
	}
}

// place is where class k of row i goes.
func (r *rows) place(to wanted, i, k int) *place {
	if to.of == nil {
		return &to.places[index(r.group, i)]
	}
	return &to.places[r.computation.place(to.of, i, k)]
}

// distances sets d, and returns whether all logits are finite.
func (r *rows) distances(u *Unit) bool {
	top := math.Inf(-1)
	finite := true
	for _, x := range u.X {
		if v := x.Value(); notFinite(v) {
			finite = false
		} else {
			top = max(top, v)
		}
	}
	r.d = r.d[:0]
	for _, x := range u.X {
		d := 0.0
		if v := x.Value(); !notFinite(v) {
			d = top - v
		}
		r.d = append(r.d, d)
	}
	return finite
}

// known reports whether the results of a row have an oracle: what a class counts is finite, and the
// logits have a limit.
func (r *rows) known(u *Unit, upstream float64) bool {
	if notFinite(upstream) || !hasLimit(u.X) {
		return false
	}
	if !r.Probabilities && u.Smoothing == 0 {
		return !notFinite(u.W[u.Class].Value())
	}
	for k := range u.W {
		if notFinite(u.W[k].Value()) || r.Probabilities && notFinite(u.T[k].Value()) {
			return false
		}
	}
	return true
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

// amplification is A of a class; what is not finite either has no oracle or does not enter.
func amplification(u *Unit, k int, share, upstream float64) float64 {
	w := math.Abs(u.W[k].Value())
	if notFinite(w) {
		w = 1
	}
	if notFinite(share) {
		share = 1
	}
	return max(1, w) * max(1, share) * max(1, upstream)
}
