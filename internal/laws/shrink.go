package laws

import (
	"context"
	"math"
	"slices"
)

// maxShrinks bounds how often a port is asked about a smaller sample.
const maxShrinks = 400

// shrink looks for a smaller sample that breaks a law too, by the answers of the same module: fewer samples and
// classes, fewer inputs, rounder numbers. What the claim leaves out is not tried.
func (k *Checker) shrink(ctx context.Context, r *Relation, q *trial, f finding) (*trial, finding) {
	left := maxShrinks
	for smaller := true; smaller; {
		smaller = false
		for _, s := range q.s.smaller() {
			calls, outside := k.claimed(r, &s)
			if len(calls) == 0 || outside != "" {
				continue
			}
			if left--; left < 0 || ctx.Err() != nil {
				return q, f
			}
			candidate := k.send(ctx, trial{s: s, calls: calls})
			g := k.judge(r, &candidate)
			if g.err == nil && g.broken() && g.blames == f.blames && g.declined == f.declined && !(g.declined && candidate.mayBeRefused()) {
				q, f, smaller = &candidate, g, true
				break
			}
		}
	}
	return q, f
}

// smaller returns samples that are a step smaller, the smallest first.
func (s *sample) smaller() []sample {
	var all []sample
	add := func(change func(c *sample)) {
		c := *s
		change(&c)
		c.pick %= len(c.x.values)
		all = append(all, c)
	}
	for _, last := range []bool{false, true} {
		axis := 0
		if last {
			axis = len(s.x.shape) - 1
		}
		n := s.x.shape[axis]
		for _, kept := range parts(n) {
			add(func(c *sample) { c.take(last, kept) })
			add(func(c *sample) { c.take(last, kept); c.pick++ }) // which may have been left out, or permute nothing
		}
		if n == 1 && len(s.x.shape) > 2 {
			add(func(c *sample) { c.drop(axis) })
		}
	}
	if s.weighted {
		add(func(c *sample) { c.weighted = false })
	}
	if s.posWeighted {
		add(func(c *sample) { c.posWeighted = false })
	}
	if s.smoothing != 0 {
		add(func(c *sample) { c.smoothing = 0 })
	}
	if s.probable {
		add(func(c *sample) { c.probable = false })
	}
	if s.reduction != none {
		add(func(c *sample) { c.reduction = none })
	}
	for _, of := range []func(c *sample) *array{
		func(c *sample) *array { return &c.x },
		func(c *sample) *array { return &c.t },
		func(c *sample) *array { return &c.w },
		func(c *sample) *array { return &c.p },
	} {
		simpler, least := []func(v float64) float64{func(float64) float64 { return 0 }, func(float64) float64 { return 1 }, math.Trunc, halves}, math.Inf(-1)
		if a := of(s); a == &s.w || a == &s.p {
			simpler, least = simpler[1:], 0.5 // a weight of 0 is not in the domain
		}
		values := of(s).values
		for _, f := range simpler {
			if all := of(s).with(func(i int) float64 { return simplest(max(f(values[i]), least), values[i]) }); !slices.Equal(all.values, values) {
				add(func(c *sample) { *of(c) = all })
			}
			if len(values) > maxShown {
				continue // first fewer of them
			}
			for i, v := range values {
				if one := simplest(max(f(v), least), v); one != v {
					add(func(c *sample) { *of(c) = of(c).replaced(i, one) })
				}
			}
		}
	}
	for _, other := range []float64{0, 1, math.Trunc(s.other)} {
		if rank(other) < rank(s.other) {
			add(func(c *sample) { c.other = other })
		}
	}
	return all
}

// halves rounds to a multiple of a half.
func halves(v float64) float64 { return math.Trunc(2*v) / 2 }

// rank orders numbers by how simple they are: 0, 1, small whole numbers, halves, others.
func rank(v float64) float64 {
	switch {
	case v == 0:
		return 0
	case v == 1:
		return 1
	case v == math.Trunc(v):
		return 2 + math.Abs(v)/1000
	case 2*v == math.Trunc(2*v):
		return 3 + math.Abs(v)/1000
	}
	return 4
}

// simplest returns the simpler of two numbers.
func simplest(a, b float64) float64 {
	if rank(a) < rank(b) {
		return a
	}
	return b
}

// parts returns the entries to keep of n: halves first, then all but one.
func parts(n int) [][]int {
	if n == 1 {
		return nil
	}
	kept := [][]int{wholeNumbers(0, (n+1)/2), wholeNumbers(n/2, n)}
	if n <= 3 {
		return kept
	}
	for i := range n {
		kept = append(kept, append(wholeNumbers(0, i), wholeNumbers(i+1, n)...))
	}
	return kept
}

// take keeps some entries along the first or the last dimension, of all arrays.
func (s *sample) take(last bool, entries []int) {
	input := s.x.shape
	u := array{input, s.u}.taken(last, input, entries)
	s.w, s.p = s.w.taken(last, input, entries), s.p.taken(last, input, entries)
	s.t = s.t.taken(last, input, entries)
	s.x = s.x.taken(last, input, entries)
	s.u = u.values
}

// drop leaves out a dimension of length 1, of more than two.
func (s *sample) drop(axis int) {
	rank := len(s.x.shape)
	for _, a := range []*array{&s.x, &s.t, &s.w, &s.p} {
		if len(a.shape) == rank {
			*a = a.reshaped(slices.Delete(slices.Clone(a.shape), axis, axis+1)...)
		}
	}
}
