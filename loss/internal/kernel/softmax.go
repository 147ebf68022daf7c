package kernel

import "math"

// The passes of a softmax over a row of logits x, of which m is the largest: e = exp(x-m) is at most 1, so nothing
// overflows, and x-m has the accuracy that the output needs.

// Max returns the largest element of x, and -Inf if there is none. NaN counts as less than any number: [ExpSum] makes it visible.
func Max[T Float](x []T) T {
	var largest T
	switch largest := any(&largest).(type) {
	case *float32:
		*largest = max32(any(x).([]float32))
	case *float64:
		*largest = max64(any(x).([]float64))
	}
	return largest
}

// ExpSum writes e = exp(x-m) to y, with the precision that T needs, for an m not less than any x. It adds to sums the e of those x that are less than m, and
// returns how many are equal to m: the latter are exactly 1, and next to them small ones would lose their digits. NaN
// in x makes NaN of its element and of the sum.
func ExpSum[T Float](sums *Sums, y []float64, x []T, m T) (ties int) {
	y = y[:len(x)]
	if math.IsInf(float64(m), 0) {
		return expSumInf(sums, y, x, float64(m))
	}
	switch x := any(x).(type) {
	case []float32:
		return expSum32((*[8]float64)(sums), y, x, float64(m))
	case []float64:
		before := *sums
		ties, ordinary := expSum64((*[8]float64)(sums), y, x, float64(m))
		if !ordinary {
			*sums = before
			ties = patchExpSum(sums, y, x, float64(m))
		}
		return ties
	}
	return 0
}

// patchExpSum corrects the exponentials where m-x is not less than expMax, and sums them.
func patchExpSum(sums *Sums, y, x []float64, m float64) (ties int) {
	for i, x := range x {
		if d := m - x; !(d < expMax) {
			y[i] = math.Exp(-d)
		}
	}
	return sumLess((*[8]float64)(sums), y, x, m)
}

// expSumInf is ExpSum for an infinite m: what is less has the limit 0.
func expSumInf[T Float](sums *Sums, y []float64, x []T, m float64) (ties int) {
	for i, x := range x {
		if y[i] = 0; x != x {
			y[i] = math.NaN()
		}
	}
	return sumLess((*[8]float64)(sums), y, x, m)
}

// ScaleRound writes scale·y to dst. With stream the results may be written past the caches.
func ScaleRound[T Float](dst []T, y []float64, scale float64, stream bool) {
	switch dst := any(dst[:len(y)]).(type) {
	case []float32:
		scaleRound32(dst, y, scale, stream)
	case []float64:
		scaleRound64(dst, y, scale, stream)
	}
}

// Product returns a·b·c. No intermediate overflows or underflows unless the result does.
func Product(a, b, c float64) float64 { return product(a, b, c) }
