package kernel

import "math"

// The passes of BCELoss, whose input x is a probability. With log' = max(log, -100) and target t,
//
//	loss = -(t·log'(x) + (1-t)·log'(1-x))
//	grad = (x-t)/max(x·(1-x), epsilon)

// epsilon is what the denominator of the gradient is at least: 1e-12 in float32, also for float64, as in PyTorch.
const epsilon = float64(float32(1e-12))

// minLog is what a logarithm is at least.
const minLog = -100

// ProbabilityLosses writes the losses of probabilities x and targets t to l. It reports whether
// all of both lie in [0, 1]. Else what it writes is not defined.
func ProbabilityLosses[T Float](l []float64, x, t []T) (ok bool) {
	l, t = l[:len(x)], t[:len(x)]
	switch {
	case useAVX2 && single[T]():
		return probabilityLosses32AVX2(l, as[float32](x), as[float32](t))
	case useAVX2:
		return probabilityLosses64AVX2(l, as[float64](x), as[float64](t))
	case single[T]():
		return probabilityLosses32Go(l, as[float32](x), as[float32](t))
	}
	return probabilityLosses64Go(l, as[float64](x), as[float64](t))
}

// ProbabilitySums adds the losses of probabilities x and targets t to sums. It does nothing and returns false where there is no kernel for it: for
// float64, targets other than 0 and 1, and what does not lie in [0, 1].
func ProbabilitySums[T Float](sums *Sums, x, t []T) (done bool) {
	return useAVX2 && single[T]() && probabilitySums32AVX2(&sums.twoSum, as[float32](x), as[float32](t[:len(x)]))
}

// ProbabilitySumsElements is what the number of elements for [ProbabilitySums] is a multiple of.
const ProbabilitySumsElements = 16

// ProbabilityGrads writes the derivatives of the losses in x, times weight w and upstream gradient u and divided by div, to g. Like
// a weight, u is nil, has one element, or is as long as x. It reports whether all of x and t lie in [0, 1].
// Else what it writes is not defined.
func ProbabilityGrads[T Float](g []float64, x, t, w, u []T, div float64) (ok bool) {
	g, t = g[:len(x)], t[:len(x)]
	w, u = operand(w, len(x)), operand(u, len(x))
	if len(w) > 1 || len(u) > 1 || w[0] != 1 {
		return weightedProbabilityGrads(g, x, t, w, u, div)
	}
	switch {
	case useAVX2 && single[T]():
		return probabilityGrads32AVX2(g, as[float32](x), as[float32](t), float64(u[0])/div)
	case useAVX2:
		return probabilityGrads64AVX2(g, as[float64](x), as[float64](t), float64(u[0]), div)
	case single[T]():
		return probabilityGradsGo(g, x, t, float64(u[0])/div, 1)
	}
	return probabilityGradsGo(g, x, t, float64(u[0]), div)
}

// ProbabilityGradsRound writes what [ProbabilityGrads] computes, rounded, to dst, for x and t that lie in [0, 1]; dst may be the memory of either.
// It does so in one pass, and reports whether it did: there is none
// for float64, for weights, and for an upstream gradient for each element.
func ProbabilityGradsRound[T Float](dst, x, t, w, u []T, div float64) (done bool) {
	if !single[T]() || len(w) > 0 || len(u) > 1 {
		return false
	}
	upstream := float64(operand(u, len(x))[0])
	dst, t = dst[:len(x)], t[:len(x)]
	if useAVX2 {
		probabilityGradsRound32AVX2(as[float32](dst), as[float32](x), as[float32](t), upstream/div)
	} else {
		probabilityGradsRoundGo(dst, x, t, upstream/div)
	}
	return true
}

// ProbabilityGradTargets writes the derivatives of the losses in t, times weight w and upstream gradient u and divided by div, to
// dst. w and u are as in [ProbabilityGrads], x in [0, 1].
func ProbabilityGradTargets[T Float](dst, x, w, u []T, div float64) {
	w, wStep := stepped(operand(w, len(x)))
	u, uStep := stepped(operand(u, len(x)))
	for i, x := range x {
		dst[i] = T(product(probabilitySlope(float64(x)), float64(w[i*wStep]), float64(u[i*uStep])) / div)
	}
}

// probabilitySlope returns log'(1-x) - log'(x).
func probabilitySlope(x float64) float64 {
	if x > 0.25 && x < 0.75 {
		return math.Log1p((1 - 2*x) / x) // 1-2x is exact, the logarithms would cancel
	}
	return max(math.Log1p(-x), minLog) - max(math.Log(x), minLog)
}

// Scale multiplies l by a weight that is nil, has one element, or is as long as l.
func Scale[T Float](l []float64, w []T) {
	switch len(w) {
	case 0:
	case 1:
		factor := float64(w[0])
		for i := range l {
			l[i] *= factor
		}
	default:
		w = w[:len(l)]
		for i := range l {
			l[i] *= float64(w[i])
		}
	}
}

// InUnit reports whether v is a number in [0, 1].
func InUnit[T Float](v T) bool { return v >= 0 && v <= 1 }

func weightedProbabilityGrads[T Float](g []float64, x, t, w, u []T, div float64) (ok bool) {
	ok = true
	w, wStep := stepped(w)
	u, uStep := stepped(u)
	for i := range x {
		ok = ok && InUnit(x[i]) && InUnit(t[i])
		g[i] = product(probabilityGrad(float64(x[i]), float64(t[i])), float64(w[i*wStep]), float64(u[i*uStep])) / div
	}
	return ok
}
