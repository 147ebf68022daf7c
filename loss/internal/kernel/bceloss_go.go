package kernel

import "math"

// The passes of bceloss.go in Go.

// logOfSum32 returns log(u+c), with the precision that float32 needs, for u in [0, 1] and a c that is what the rounding to u has left. It returns
// less than -100 where u is 0 or subnormal.
//
// With u = 2ᵏ·m and f = m-1+c/2ᵏ it is k·ln2 + log1p(f), the latter as in log1p32Go. m is in [√½, √2]. In float32 c is 0 unless k is.
func logOfSum32(u, c float64) float64 {
	p := &log32Poly
	k, f, _ := split(u)
	f += c
	s := f / (2 + f)
	v := s * s
	v2 := v * v
	r := (p[0] + p[1]*v) + v2*((p[2]+p[3]*v)+v2*(p[4]+p[5]*v))
	return k*ln2 + (f - s*(f-v*r))
}

// logOfSum64 is logOfSum32 with the precision of float64. c is 0 unless k is 0 or -1; then f is exact.
func logOfSum64(u, c float64) float64 {
	p := &log64Poly
	k, f, scale := split(u)
	f += c * scale
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

// split returns k, m-1 and 2⁻ᵏ for u = 2ᵏ·m.
func split(u float64) (k, f, scale float64) {
	bits := math.Float64bits(u) + (oneBits - sqrtHalfBits)
	exponent := int64(bits>>52) - 1023
	m := math.Float64frombits(bits&mantissaMask + sqrtHalfBits)
	return float64(exponent), m - 1, math.Float64frombits(uint64(1023-exponent) << 52)
}

func probabilityLosses32Go(l []float64, x, t []float32) (ok bool) {
	ok = true
	l, t = l[:len(x)], t[:len(x)]
	for i := range x {
		ok = ok && InUnit(x[i]) && InUnit(t[i])
		x, t := math.Abs(float64(x[i])), float64(t[i]) // zero may be negative
		var a, b float64
		if t != 0 {
			a = min(-logOfSum32(x, 0), -minLog)
		}
		if t != 1 {
			u := 1 - x
			b = min(-logOfSum32(u, (1-u)-x), -minLog)
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
		var a, b float64
		if t != 0 {
			a = min(-logOfSum64(x, 0), -minLog)
		}
		if t != 1 {
			u := 1 - x
			b = min(-logOfSum64(u, (1-u)-x), -minLog)
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

func probabilityGradsRoundGo[T Float](dst, x, t []T, scale float64) {
	dst, t = dst[:len(x)], t[:len(x)]
	for i := range x {
		dst[i] = T(probabilityGrad(float64(x[i]), float64(t[i])) * scale)
	}
}

func probabilityGrad(x, t float64) float64 {
	q := x * (1 - x)
	if q < epsilon {
		q = epsilon
	}
	return (x - t) / q
}
