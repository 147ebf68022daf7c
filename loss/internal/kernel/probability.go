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
	switch x := any(x).(type) {
	case []float32:
		return probabilityLosses32(l, x, any(t).([]float32))
	case []float64:
		return probabilityLosses64(l, x, any(t).([]float64))
	}
	return false
}

// ProbabilityGrads writes the derivatives of the losses in x, times weight w and upstream gradient u and divided by div, to g. Like
// a weight, u is nil, has one element, or is as long as x. It reports whether all of x and t lie in [0, 1].
// Else what it writes is not defined.
func ProbabilityGrads[T Float](g []float64, x, t, w, u []T, div float64) (ok bool) {
	g, t = g[:len(x)], t[:len(x)]
	w, u = operand(w, len(x)), operand(u, len(x))
	if len(w) > 1 || len(u) > 1 || w[0] != 1 {
		return weightedProbabilityGrads(g, x, t, w, u, div)
	}
	switch x := any(x).(type) {
	case []float32:
		return probabilityGrads32(g, x, any(t).([]float32), float64(u[0]), div)
	case []float64:
		return probabilityGrads64(g, x, any(t).([]float64), float64(u[0]), div)
	}
	return false
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

// logOfSum32 returns log(u+c) for u in [0, 1] and a c that is what the rounding to u has left, with the precision that float32 needs. It returns
// less than -100 where u is 0 or subnormal.
//
// With u = 2ᵏ·m and f = m-1+c/2ᵏ it is k·ln2 + log1p(f), the latter as in log1p32Go. m is in [√½, √2].
func logOfSum32(u, c float64) float64 {
	p := &log32Poly
	k, f := split(u, c)
	s := f / (2 + f)
	v := s * s
	v2 := v * v
	r := (p[0] + p[1]*v) + v2*((p[2]+p[3]*v)+v2*(p[4]+p[5]*v))
	return k*ln2 + (f - s*(f-v*r))
}

// logOfSum64 is logOfSum32 with the precision of float64.
func logOfSum64(u, c float64) float64 {
	p := &log64Poly
	k, f := split(u, c)
	s := f / (2 + f)
	v := s * s
	v2 := v * v
	v4 := v2 * v2
	r := ((p[0] + p[1]*v) + v2*(p[2]+p[3]*v)) + v4*(((p[4]+p[5]*v)+v2*(p[6]+p[7]*v))+v4*(p[8]+p[9]*v))
	return k*ln2Hi + (f - (s*(f-v*r) - k*ln2Lo))
}

const (
	sqrtHalfBits = 0x3fe6a09e667f3bcd
	oneBits      = 0x3ff0000000000000
	mantissaMask = 1<<52 - 1
)

// split returns k and f of logOfSum32. c is 0 unless k is 0 or -1, and (m-1)+c/2ᵏ exact.
func split(u, c float64) (k, f float64) {
	bits := math.Float64bits(u) + (oneBits - sqrtHalfBits)
	exponent := int64(bits>>52) - 1023
	m := math.Float64frombits(bits&mantissaMask + sqrtHalfBits)
	scale := math.Float64frombits(uint64(1023-exponent) << 52)
	return float64(exponent), (m - 1) + c*scale
}

func probabilityLosses32Go(l []float64, x, t []float32) (ok bool) {
	ok = true
	l, t = l[:len(x)], t[:len(x)]
	for i := range x {
		ok = ok && InUnit(x[i]) && InUnit(t[i])
		x, t := math.Abs(float64(x[i])), float64(t[i]) // zero may be negative
		u := 1 - x
		a := -logOfSum32(x, 0)
		b := -logOfSum32(u, (1-u)-x)
		if a > -minLog {
			a = -minLog
		}
		if b > -minLog {
			b = -minLog
		}
		l[i] = t*a + (1-t)*b
	}
	return ok
}

func probabilityLosses64Go(l, x, t []float64) (ok bool) {
	ok = true
	l, t = l[:len(x)], t[:len(x)]
	for i := range x {
		ok = ok && InUnit(x[i]) && InUnit(t[i])
		x, t := math.Abs(x[i]), t[i]
		u := 1 - x
		a := -logOfSum64(x, 0)
		b := -logOfSum64(u, (1-u)-x)
		if a > -minLog {
			a = -minLog
		}
		if b > -minLog {
			b = -minLog
		}
		l[i] = t*a + (1-t)*b
	}
	return ok
}

// probabilityGradsGo divides twice: a product of an upstream gradient and something small might be subnormal.
func probabilityGradsGo[T Float](g []float64, x, t []T, u, div float64) (ok bool) {
	ok = true
	g, t = g[:len(x)], t[:len(x)]
	for i := range x {
		ok = ok && InUnit(x[i]) && InUnit(t[i])
		g[i] = probabilityGrad(float64(x[i]), float64(t[i])) * u / div
	}
	return ok
}

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

func probabilityGrad(x, t float64) float64 {
	q := x * (1 - x)
	if q < epsilon {
		q = epsilon
	}
	return (x - t) / q
}
