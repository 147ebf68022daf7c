package kernel

import "math"

// The passes of BCEWithLogitsLoss and MultiLabelSoftMarginLoss.

// expMax is what an |x| must be less than for the kernels to compute its exponential themselves:
// exp(-708.4) is subnormal.
const expMax = 708

// Exp writes exp(-|x|) to y, with the precision that T needs. It reports whether
// no x is infinite.
func Exp[T Float](y []float64, x []T) (finite bool) {
	y = y[:len(x)]
	var ordinary bool
	switch {
	case !useAVX2:
		ordinary = expGo(y, x)
	case single[T]():
		ordinary = exp32AVX2(y, as[float32](x))
	default:
		ordinary = exp64AVX2(y, as[float64](x))
	}
	return ordinary || patchExp(y, x)
}

// patchExp corrects y where |x| is not less than expMax.
func patchExp[T Float](y []float64, x []T) (finite bool) {
	finite = true
	for i, x := range x {
		if a := math.Abs(float64(x)); !(a < expMax) {
			y[i] = math.Exp(-a)
			finite = finite && !math.IsInf(a, 0)
		}
	}
	return finite
}

// Log1p writes log1p(y) to l, for y in [0, 1], with the precision that T needs. l may be y.
func Log1p[T Float](l, y []float64) {
	l = l[:len(y)]
	switch {
	case !useAVX2:
		log1pGo[T](l, y)
	case single[T]():
		log1p32AVX2(l, y)
	default:
		log1p64AVX2(l, y)
	}
}

// Losses writes the losses of a run to l, given y = exp(-|x|). Unless finite is set, logits may be infinite. l may be y.
func Losses[T Float](l, y []float64, r Run[T], finite bool) {
	n := len(r.Input)
	l, y, target := l[:n], y[:n], r.Target[:n]
	w, p := operand(r.Weight, n), operand(r.PosWeight, n)
	weighted := len(r.Weight) != 0 || len(r.PosWeight) != 0
	switch {
	case !useAVX2 && weighted:
		weightedLossesGo(l, y, r.Input, target, w, p)
	case !useAVX2:
		log1pGo[T](l, y)
		lossesGo(l, r.Input, target)
	case single[T]() && weighted:
		log1p32AVX2(l, y)
		weightedLosses32AVX2(l, as[float32](r.Input), as[float32](target), as[float32](w), as[float32](p))
	case single[T]():
		losses32AVX2(l, y, as[float32](r.Input), as[float32](target))
	case weighted:
		weightedLosses64AVX2(l, y, as[float64](r.Input), as[float64](target), as[float64](w), as[float64](p))
	default:
		roundLosses64AVX2(l, y, as[float64](r.Input), as[float64](target))
	}
	if !finite {
		patchLosses(l, r)
	}
}

// patchLosses corrects the losses of infinite logits.
func patchLosses[T Float](l []float64, r Run[T]) {
	w, wStep := stepped(operand(r.Weight, len(r.Input)))
	p, pStep := stepped(operand(r.PosWeight, len(r.Input)))
	for i, x := range r.Input {
		if x := float64(x); math.IsInf(x, 0) {
			t, w, p := float64(r.Target[i]), float64(w[i*wStep]), float64(p[i*pStep])
			l[i] = lossFrom(x, t, w, p, 0)
		}
	}
}

// SumLosses adds the losses of a run without weights to sums, given y = exp(-|x|) of finite logits. It may change y.
func SumLosses[T Float](sums *Sums, y []float64, r Run[T]) {
	n := len(r.Input)
	y, target := y[:n], r.Target[:n]
	switch {
	case !useAVX2:
		sumLossesGo(sums, y, r.Input, target)
	case single[T]():
		sumLosses32AVX2(&sums.twoSum, y, as[float32](r.Input), as[float32](target))
	default:
		sumLosses64AVX2(&sums.twoSum, y, as[float64](r.Input), as[float64](target))
	}
}

// SumLossesGrads is [SumLosses] and [Grads] in one pass, for one upstream gradient u. l is scratch as long as y.
func SumLossesGrads[T Float](sums *Sums, grad []T, y, l []float64, r Run[T], u T, div float64) {
	n := len(r.Input)
	grad, y, l, target := grad[:n], y[:n], l[:n], r.Target[:n]
	switch {
	case !useAVX2:
		sumLossesGradsGo(sums, grad, y, l, r.Input, target, float64(u), div)
	case single[T]():
		sumLossesGrads32AVX2(&sums.twoSum, as[float32](grad), y, as[float32](r.Input), as[float32](target), float64(u), div)
	default:
		sumLossesGrads64AVX2(&sums.twoSum, as[float64](grad), y, as[float64](r.Input), as[float64](target), float64(u), div)
	}
}

// RoundLosses writes the losses of a run without weights to dst, given y = exp(-|x|) of finite logits. It may change y.
func RoundLosses[T Float](dst []T, y []float64, r Run[T]) {
	n := len(r.Input)
	dst, y, target := dst[:n], y[:n], r.Target[:n]
	switch {
	case !useAVX2:
		roundLossesGo(dst, y, r.Input, target)
	case single[T]():
		roundLosses32AVX2(as[float32](dst), y, as[float32](r.Input), as[float32](target))
	default:
		roundLosses64AVX2(as[float64](dst), y, as[float64](r.Input), as[float64](target))
	}
}

// RoundLossesGrads is [RoundLosses] and [Grads] in one pass, for one upstream gradient u. l is scratch as long as y. dst and
// grad may be the memory of operands, but not the same.
func RoundLossesGrads[T Float](dst, grad []T, y, l []float64, r Run[T], u T, div float64) {
	n := len(r.Input)
	dst, grad, y, l, target := dst[:n], grad[:n], y[:n], l[:n], r.Target[:n]
	switch {
	case !useAVX2:
		roundLossesGradsGo(dst, grad, y, l, r.Input, target, float64(u), div)
	case single[T]():
		roundLossesGrads32AVX2(as[float32](dst), as[float32](grad), y, as[float32](r.Input), as[float32](target), float64(u), div)
	default:
		roundLossesGrads64AVX2(as[float64](dst), as[float64](grad), y, as[float64](r.Input), as[float64](target), float64(u), div)
	}
}

// Grads writes the derivatives of the losses in the input, times the upstream gradient
// u and divided by div, to dst, given y = exp(-|x|). Like a weight, u is nil, has one element, or is as long as
// the run. dst may be the memory of any operand of the length of the run.
func Grads[T Float](dst []T, y []float64, r Run[T], u []T, div float64) {
	n := len(r.Input)
	dst, y, target := dst[:n], y[:n], r.Target[:n]
	w, p, u := operand(r.Weight, n), operand(r.PosWeight, n), operand(u, n)
	plain := len(r.Weight) == 0 && len(r.PosWeight) == 0 && len(u) == 1
	switch {
	case !useAVX2 && plain:
		gradsGo(dst, y, r.Input, target, float64(u[0]), div)
	case !useAVX2:
		weightedGradsGo(dst, y, r.Input, target, w, p, u, div)
	case single[T]() && plain:
		grads32AVX2(as[float32](dst), y, as[float32](r.Input), as[float32](target), float64(u[0]), div)
	case single[T]():
		weightedGrads32AVX2(as[float32](dst), y, as[float32](r.Input), as[float32](target), as[float32](w), as[float32](p), as[float32](u), div)
	case plain:
		grads64AVX2(as[float64](dst), y, as[float64](r.Input), as[float64](target), float64(u[0]), div)
	default:
		weightedGrads64AVX2(as[float64](dst), y, as[float64](r.Input), as[float64](target), as[float64](w), as[float64](p), as[float64](u), div)
	}
}

// Round writes l to dst.
func Round[T Float](dst []T, l []float64) {
	dst = dst[:len(l)]
	switch {
	case !useAVX2:
		roundGo(dst, l)
	case single[T]():
		round32AVX2(as[float32](dst), l)
	default:
		round64AVX2(as[float64](dst), l)
	}
}

// lossFrom returns the loss of one element, given l = log1p(exp(-|x|)).
func lossFrom(x, t, w, p, l float64) float64 {
	if math.IsInf(x, 0) && isFinite(t) && isFinite(w) && isFinite(p) {
		return lossLimit(x, t, w, p)
	}
	slope := 1 - t
	if x < 0 {
		slope = -p * t
	}
	return w * (((1-t)+p*t)*l + slope*x)
}

// lossLimit returns the limit of the loss as the logit goes to x = ±Inf, for finite
// t, w and p. A factor that is exactly zero makes it zero, where the formula would give Inf·0.
func lossLimit(x, t, w, p float64) float64 {
	if x > 0 {
		return scaleInf(x, 1-t, w)
	}
	return -scaleInf(x, p, t, w)
}

// scaleInf returns the infinity x times the factors, and 0 if one of them is 0. Their product is
// not formed, it might underflow.
func scaleInf(x float64, factors ...float64) float64 {
	for _, f := range factors {
		switch {
		case f == 0:
			return 0
		case f < 0:
			x = -x
		}
	}
	return x
}

// GradTarget writes the derivatives of the losses in the target, times the upstream
// gradient u and divided by div, to dst. Like a weight, u is nil, has one element, or is as long as the run.
// Where the run has a PosWeight, l is log1p(exp(-|x|)), else it is not used.
func GradTarget[T Float](dst []T, l []float64, r Run[T], u []T, div float64) {
	n := len(r.Input)
	w, wStep := stepped(operand(r.Weight, n))
	u, uStep := stepped(operand(u, n))
	dst = dst[:n]
	if len(r.PosWeight) == 0 {
		for i, x := range r.Input {
			dst[i] = T(gradTargetElement(float64(x), float64(w[i*wStep]), float64(u[i*uStep]), div))
		}
		return
	}
	p, pStep := stepped(operand(r.PosWeight, n))
	for i, x := range r.Input {
		dst[i] = T(gradTargetPosElement(float64(x), float64(w[i*wStep]), float64(p[i*pStep]), float64(u[i*uStep]), div, l[i]))
	}
}

// gradTargetElement returns the derivative in t of one element without pos_weight,
// -x·w, times u and divided by div.
func gradTargetElement(x, w, u, div float64) float64 {
	if math.IsInf(x, 0) && isFinite(w) && isFinite(u) {
		return -scaleInf(x, w, u)
	}
	return -product(x, w, u) / div
}

// gradTargetPosElement returns the derivative in t of one element with pos_weight,
// w·(p·softplus(-x) - softplus(x)), times u and divided by div, given l = log1p(exp(-|x|)). The two logarithms are one:
//
//	p·softplus(-x) - softplus(x) = (p-1)·L - (x ≥ 0 ? x : p·x)
func gradTargetPosElement(x, w, p, u, div, l float64) float64 {
	if math.IsInf(x, 0) && isFinite(w) && isFinite(p) && isFinite(u) {
		if x > 0 {
			return -scaleInf(x, w, u)
		}
		return -scaleInf(x, p, w, u)
	}
	slope := 1.0
	if x < 0 {
		slope = p
	}
	return product((p-1)*l-slope*x, w, u) / div
}

// Loss returns the loss of one element without pos_weight.
func Loss(x, t, w float64) float64 {
	return lossFrom(x, t, w, 1, math.Log1p(math.Exp(-math.Abs(x))))
}

// product returns a·b·c. It multiplies the smallest by the largest first, so that no
// intermediate overflows or underflows unless the result does.
func product(a, b, c float64) float64 {
	if math.Abs(a) > math.Abs(b) {
		a, b = b, a
	}
	if math.Abs(b) > math.Abs(c) {
		b, c = c, b
	}
	if math.Abs(a) > math.Abs(b) {
		a, b = b, a
	}
	return a * c * b
}

func isFinite(f float64) bool {
	return !math.IsInf(f, 0) && !math.IsNaN(f)
}
