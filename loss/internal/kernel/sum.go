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
