package sweep

import "math"

// Output is an output of a module 'none' at a hard target: the loss or the
// gradient in the input, at the target 0 or 1.
type Output struct{ Gradient, One bool }

// outputs are all of them, in the order of the tallies.
var outputs = [4]Output{{}, {One: true}, {Gradient: true}, {Gradient: true, One: true}}

// String returns a name such as "loss, target 0".
func (o Output) String() string {
	name, target := "loss", "0"
	if o.Gradient {
		name = "gradient"
	}
	if o.One {
		target = "1"
	}
	return name + ", target " + target
}

// index returns the place of o in outputs, where mirrored is set that of the output at the other target.
func (o Output) index(mirrored bool) int {
	i := 0
	if o.Gradient {
		i = 2
	}
	if o.One != mirrored {
		i++
	}
	return i
}

// values are |result| of the outputs at an input, in the order of outputs: the gradient at target 1 is
// negative, all others are not.
type values[F any] [len(outputs)]F

// of returns the value of an output, or where mirrored is set of that at the other target.
func (v *values[F]) of(o Output, mirrored bool) F { return v[o.index(mirrored)] }

// The losses of BCEWithLogitsLoss with hard targets and their derivatives are, up to the sign, four
// functions of the magnitude a = |x| of the logit. With y = exp(-a):
//
//	softplus(-a) = log1p(y)    softplus(a) = a + log1p(y)
//	σ(-a)        = y/(1+y)     σ(a)        = 1/(1+y)
//
//	           loss t=0      loss t=1      gradient t=0  gradient t=1
//	x = a      softplus(a)   softplus(-a)  σ(a)          -σ(-a)
//	x = -a     softplus(-a)  softplus(a)   σ(-a)         -σ(a)

// oracleError bounds the error of oracle32, in ULPs of float32 (so it is at most 2⁻⁴³ of the
// result): those of math.Exp, math.Log1p and three further operations in float64 add up to a hundredth of it.
const oracleError = 1e-6

// Beyond these magnitudes the functions are simple: exp(-a) vanishes beside the smallest
// float32, or the series end after the term in a.
const (
	largeMagnitude = 128
	smallMagnitude = 0x1p-30
)

// oracle32 returns the values at a finite magnitude a ≥ 0 for comparison with float32.
func oracle32(a float64) values[float64] {
	switch {
	case a >= largeMagnitude:
		return values[float64]{a, 0, 1, 0} // exp(-128) < 2⁻¹⁸⁴
	case a < smallMagnitude:
		return values[float64]{math.Ln2 + a/2, math.Ln2 - a/2, 0.5 + a/4, 0.5 - a/4}
	}
	y := math.Exp(-a)
	l := math.Log1p(y)
	sigma := 1 / (1 + y)
	return values[float64]{a + l, l, sigma, y * sigma}
}

// scaled is the number m·2⁻ᵏ, which may lie below the smallest float64. It keeps all its digits there.
type scaled struct {
	m dd
	k int
}

// value returns the number as a dd. Below 2⁻⁹⁰⁰ it loses digits.
func (s scaled) value() dd {
	if s.k == 0 {
		return s.m
	}
	return dd{math.Ldexp(s.m.hi, -s.k), math.Ldexp(s.m.lo, -s.k)}
}

// precise returns the values at a finite magnitude a ≥ 0 with a relative error below 2⁻⁹⁰.
// Where exp(-a) is below 2⁻²⁸⁸⁰, beyond 2000, softplus(-a) and σ(-a) are 0.
func precise(a float64) values[scaled] {
	one := ddOf(1)
	if a > 2000 {
		return values[scaled]{{m: ddOf(a)}, {}, {m: one}, {}}
	}
	m, k := expMinus(ddOf(a))
	if k > 500 { // the rest of the series is below 2⁻⁵⁰⁰
		y := scaled{m, k}
		return values[scaled]{{m: ddOf(a)}, y, {m: one}, y}
	}
	y := scaled{m, k}.value()
	l := log1p(y)
	denominator := one.add(y)
	return values[scaled]{{m: l.add(ddOf(a))}, {m: l}, {m: one.div(denominator)}, {m: y.div(denominator)}}
}

// oracle32At returns the values at the magnitude with the given bits, and the magnitude; at infinity they
// are the limits, and NaN at a NaN.
func oracle32At(magnitude uint32) (exact values[float64], a float64) {
	a = float64(math.Float32frombits(magnitude))
	switch {
	case magnitude > infinity32:
		return values[float64]{a, a, a, a}, a
	case magnitude == infinity32:
		return values[float64]{a, 0, 1, 0}, a
	}
	return oracle32(a), a
}
