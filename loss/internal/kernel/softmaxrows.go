package kernel

import (
	"math"
	"unsafe"
)

// SoftmaxSlack is the number of elements that the y of [Softmax] must have beyond those of x.
const SoftmaxSlack = 8

// Softmax computes rows of x, each of so many classes and one after the other. For every row it writes the largest element m to maxima (-Inf
// if all are NaN), e = exp(x-m) to y, with the precision that T needs, and the sum of all e but one that is 1 to rests: that sum keeps its relative accuracy, however
// small it is. At an infinite m, e is 1 where x is m and else 0. NaN in x makes NaN of its e and of the sum.
//
// y has [SoftmaxSlack] elements more than x, which may be written to.
func Softmax[T Float](maxima, rests, y []float64, x []T, classes int) {
	rests, y = rests[:len(maxima)], y[:len(x)+SoftmaxSlack]
	switch x := any(x[:len(maxima)*classes]).(type) {
	case []float32:
		softmaxRows32(maxima, rests, y, x, classes)
	case []float64:
		softmaxRows64(maxima, rests, y, x, classes)
	}
	for r, m := range maxima {
		if !math.IsInf(m, 0) {
			continue
		}
		var sums Sums
		lo := r * classes
		ties := expSumInf(&sums, y[lo:lo+classes], x[lo:lo+classes], m)
		rests[r] = restOf(&sums, ties)
	}
}

// softmaxRows64 is softmaxRows32Go for float64. It takes the same way wherever it runs.
func softmaxRows64(maxima, rests, y, x []float64, classes int) {
	for r := range maxima {
		row, e := x[r*classes:][:classes], y[r*classes:][:classes]
		m := max64(row)
		maxima[r] = m
		if math.IsInf(m, 0) {
			continue
		}
		var sums Sums
		ties := ExpSum(&sums, e, row, m)
		rests[r] = restOf(&sums, ties)
	}
}

// softmaxRows32Go does nothing but write the maximum where it is infinite.
func softmaxRows32Go(maxima, rests, y []float64, x []float32, classes int) {
	for r := range maxima {
		row, e := x[r*classes:][:classes], y[r*classes:][:classes]
		m := float64(maxGo(row))
		maxima[r] = m
		if math.IsInf(m, 0) {
			continue
		}
		var sums Sums
		ties := expSum32Go((*[8]float64)(&sums), e, row, m)
		rests[r] = restOf(&sums, ties)
	}
}

// restOf returns the sum of a row but for one element that is 1.
func restOf(sums *Sums, ties int) float64 {
	total := sums.Total()
	return float64(ties-1) + total.Value()
}

// Log1pRests writes log1p(rest) to dst for rests that are not negative, with the precision that T needs.
func Log1pRests[T Float](dst, rests []float64) {
	dst = dst[:len(rests)]
	if unsafe.Sizeof(T(0)) == 4 && log1pRests32(dst, rests) {
		return
	}
	for i, rest := range rests {
		dst[i] = log1pRest[T](rest)
	}
}

func log1pRest[T Float](rest float64) float64 {
	if unsafe.Sizeof(T(0)) == 8 || !(rest < maxRest) {
		return math.Log1p(rest)
	}
	u := 1 + rest
	return logOfSum32(u, rest-(u-1))
}

// maxRest is more than any rest of a row that fits into memory: what the rounding of 1+rest leaves is small beside the logarithm.
const maxRest = 1 << 40
