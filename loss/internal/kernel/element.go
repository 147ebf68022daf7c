package kernel

import "math"

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
