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

// Sums is a sum, in parts that the kernels add to. The zero value is an empty sum.
type Sums struct {
	// twoSum are four sums, each with the rounding errors that belong to it, as an [Accumulator] has them.
	twoSum [8]float64
	products
}

// Add adds the numbers of l. The grouping depends on the length of l alone.
func (s *Sums) Add(l []float64) { sum(&s.twoSum, l) }

func sum(sums *[8]float64, l []float64) {
	if useAVX2 {
		sumAVX2(sums, l)
	} else {
		sumGo(sums, l)
	}
}

// Clear makes s an empty sum.
func (s *Sums) Clear() {
	s.twoSum = [8]float64{}
	if s.factors > 0 {
		s.products = products{}
	}
}

// Total returns all parts as one sum.
func (s *Sums) Total() Accumulator {
	s.takeLogarithm()
	var a Accumulator
	for lane := range 4 {
		a.Merge(Accumulator{s.twoSum[lane], s.twoSum[lane+4]})
	}
	return a
}
