package kernel

import "math"

// The passes of CrossEntropyLoss: of a softmax over a row of logits x, of which m is the largest: e = exp(x-m) is at most 1, so nothing
// overflows, and x-m has the accuracy that the output needs.

// Max returns the largest element of x, and -Inf if there is none. NaN counts as less than any number: [ExpSum] makes it visible.
func Max[T Float](x []T) T {
	switch {
	case !useAVX2:
		return maxGo(x)
	case single[T]():
		return T(max32AVX2(as[float32](x)))
	}
	return T(max64AVX2(as[float64](x)))
}

// ExpSum writes e = exp(x-m) to y, with the precision that T needs, for an m not less than any x. It adds to sums the e of those x that are less than m, and
// returns how many are equal to m: the latter are exactly 1, and next to them small ones would lose their digits. NaN
// in x makes NaN of its element and of the sum.
func ExpSum[T Float](sums *Sums, y []float64, x []T, m T) (ties int) {
	y = y[:len(x)]
	if math.IsInf(float64(m), 0) {
		return expSumInf(sums, y, x, float64(m))
	}
	totals := &sums.twoSum
	if single[T]() {
		if useAVX2 {
			return expSum32AVX2(totals, y, as[float32](x), float64(m))
		}
		return expSum32Go(totals, y, as[float32](x), float64(m))
	}
	before := *sums
	var ordinary bool
	if useAVX2 {
		ties, ordinary = expSum64AVX2(totals, y, as[float64](x), float64(m))
	} else {
		ties, ordinary = expSum64Go(totals, y, as[float64](x), float64(m))
	}
	if !ordinary {
		*sums = before
		ties = patchExpSum(sums, y, as[float64](x), float64(m))
	}
	return ties
}

// patchExpSum corrects the exponentials where m-x is not less than expMax, and sums them.
func patchExpSum(sums *Sums, y, x []float64, m float64) (ties int) {
	for i, x := range x {
		if d := m - x; !(d < expMax) {
			y[i] = math.Exp(-d)
		}
	}
	return sumLess(&sums.twoSum, y, x, m)
}

// expSumInf is ExpSum for an infinite m: what is less has the limit 0.
func expSumInf[T Float](sums *Sums, y []float64, x []T, m float64) (ties int) {
	for i, x := range x {
		if y[i] = 0; x != x {
			y[i] = math.NaN()
		}
	}
	return sumLess(&sums.twoSum, y, x, m)
}

// ScaleRound writes scale·y + offset to dst.
func ScaleRound[T Float](dst []T, y []float64, scale, offset float64) {
	dst = dst[:len(y)]
	switch {
	case !useAVX2:
		scaleRoundGo(dst, y, scale, offset)
	case single[T]():
		scaleRound32AVX2(as[float32](dst), y, scale, offset)
	default:
		scaleRound64AVX2(as[float64](dst), y, scale, offset)
	}
}

// NoOffset is what adds nothing, not even to -0.
var NoOffset = math.Copysign(0, -1)

// SumDistances returns Σ (m-x), for a row of float32 logits or a part of it.
func SumDistances(x []float32, m float64) (sum float64) {
	if useAVX2 {
		return sumDistances32AVX2(x, m)
	}
	for _, x := range x {
		sum += m - float64(x)
	}
	return sum
}

// Product returns a·b·c. No intermediate overflows or underflows unless the result does.
func Product(a, b, c float64) float64 { return product(a, b, c) }

// SoftmaxSlack is the number of elements that the y of [Softmax] must have beyond those of x.
const SoftmaxSlack = 8

// Softmax computes rows of x, each of so many classes and one after the other. For every row it writes the largest element m to maxima (-Inf
// if all are NaN), e = exp(x-m) to y, with the precision that T needs, and the sum of all e but one that is 1 to rests: that sum keeps its relative accuracy, however
// small it is. At an infinite m, e is 1 where x is m and else 0. NaN in x makes NaN of its e and of the sum.
//
// y has [SoftmaxSlack] elements more than x, which may be written to.
func Softmax[T Float](maxima, rests, y []float64, x []T, classes int) {
	rests, y = rests[:len(maxima)], y[:len(x)+SoftmaxSlack]
	x = x[:len(maxima)*classes]
	switch {
	case !single[T]():
		softmaxRows64(maxima, rests, y, as[float64](x), classes)
	case useAVX2:
		softmaxRows32AVX2(maxima, rests, y, as[float32](x), classes)
	default:
		softmaxRows32Go(maxima, rests, y, as[float32](x), classes)
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
		m := Max(row)
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
		ties := expSum32Go(&sums.twoSum, e, row, m)
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
	if single[T]() && useAVX2 && log1pRests32AVX2(dst, rests) {
		return
	}
	for i, rest := range rests {
		dst[i] = log1pRest[T](rest)
	}
}

func log1pRest[T Float](rest float64) float64 {
	if !single[T]() || !(rest < maxRest) {
		return math.Log1p(rest)
	}
	u := 1 + rest
	return logOfSum32(u, rest-(u-1))
}

// maxRest is more than any rest of a row that fits into memory: what the rounding of 1+rest leaves is small beside the logarithm.
const maxRest = 1 << 40

// The passes for any targets. With target t, weight w, label smoothing ε and C classes the coefficient of -log p is
//
//	a = (t·keep + even)·w    with keep = 1-ε and even = ε/C

var zero32 = []float32{0}

// EntropySums adds a to total and returns Σ a·(m-x), for logits x and m, the largest of their row. t is nil (zeros) or as long as x, w nil (ones) or
// as long. It does nothing and returns false if T is not float32: float64 needs more than that precision.
func EntropySums[T Float](total *Sums, x, t, w []T, m, keep, even float64) (sum float64, ok bool) {
	if !single[T]() {
		return 0, false
	}
	logits, targets, weights := as[float32](x), targetOperand(as[float32](t), len(x)), as[float32](operand(w, len(x)))
	if useAVX2 {
		return entropySums32AVX2(&total.twoSum, logits, targets, weights, m, keep, even), true
	}
	return entropySums32Go(&total.twoSum, logits, targets, weights, m, keep, even), true
}

// PlainEntropy returns Σ t·(m-x) and Σ t, for a loss without smoothing, weights and gradient. It returns false if T is not float32, or there is no assembly.
func PlainEntropy[T Float](x, t []T, m float64) (sum, total float64, ok bool) {
	if !single[T]() || !useAVX2 {
		return 0, 0, false
	}
	sum, total = plainEntropy32AVX2(as[float32](x), as[float32](t[:len(x)]), m)
	return sum, total, true
}

// EntropyGrads writes the derivatives in the logits of a row, times scale, given y = exp(x-m), the sum of all a of the row and the rest that [Softmax] gives:
//
//	((total-a)·y - a·(1-y+rest))·scale
//
// t and w are as in [EntropySums]. dst may be the memory of t.
func EntropyGrads(dst []float32, y []float64, t, w []float32, total Accumulator, rest, keep, even, scale float64) {
	n := len(y)
	dst, t, w = dst[:n], targetOperand(t, n), operand(w, n)
	if useAVX2 {
		entropyGrads32AVX2(dst, y, t, w, total.sum, total.errors, rest, keep, even, scale)
	} else {
		entropyGrads32Go(dst, y, t, w, total.sum, total.errors, rest, keep, even, scale)
	}
}

func targetOperand(t []float32, n int) []float32 {
	if t == nil {
		return zero32
	}
	return t[:n]
}
