package kernel

import "math"

// Accumulator adds float64 numbers and keeps the rounding errors in a second number,
// so that the error of a sum does not grow with its length. The zero value is an empty
// sum.
//
// The algorithm is cascaded TwoSum: Ogita, Rump and Oishi, "Accurate Sum and Dot
// Product", SIAM J. Sci. Comput. 26(6), 2005, algorithm 4.4 (Sum2).
type Accumulator struct {
	sum, errors float64
}

// Add adds v.
func (a *Accumulator) Add(v float64) {
	s := a.sum + v
	z := s - a.sum
	a.errors += (a.sum - (s - z)) + (v - z)
	a.sum = s
}

// Value returns the sum. Once it is infinite or NaN the errors mean nothing.
func (a *Accumulator) Value() float64 {
	if math.IsInf(a.sum, 0) || math.IsNaN(a.sum) {
		return a.sum
	}
	return a.sum + a.errors
}

// Merge adds the sum of another accumulator, with its errors.
func (a *Accumulator) Merge(b Accumulator) {
	a.Add(b.sum)
	a.errors += b.errors
}

// Sums are four sums, each with the rounding errors that belong to it, as an [Accumulator] has them. The
// zero value is an empty sum.
type Sums [8]float64

// Add adds the numbers of l. The grouping depends on the length of l alone.
func (s *Sums) Add(l []float64) {
	if useAVX2 {
		sumAVX2((*[8]float64)(s), l)
	} else {
		sumGo((*[8]float64)(s), l)
	}
}

// Total returns the four sums as one.
func (s *Sums) Total() Accumulator {
	var a Accumulator
	for lane := range 4 {
		a.Merge(Accumulator{s[lane], s[lane+4]})
	}
	return a
}
