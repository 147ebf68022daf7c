package sweep

import "math"

// The losses with hard targets and their derivatives in the logit are, up to the sign, four
// functions of the magnitude a = |x| of the logit. With y = exp(-a):
//
//	low   = softplus(-a) = log1p(y)
//	high  = softplus(a)  = a + log1p(y)
//	rest  = σ(-a)        = y/(1+y)
//	sigma = σ(a)         = 1/(1+y)
//
//	           loss t=0  loss t=1  gradient t=0  gradient t=1
//	x = a      high      low       sigma         -rest
//	x = -a     low       high      rest          -sigma
type functions[F any] struct{ low, high, rest, sigma F }

// Output is an output of BCEWithLogitsLoss 'none' at a hard target: the loss or the
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

// of returns |value| of an output at a logit with this magnitude, which is negative or not.
func (f *functions[F]) of(o Output, negative bool) F {
	switch agrees := o.One != negative; { // the logit with the target
	case o.Gradient && agrees:
		return f.rest
	case o.Gradient:
		return f.sigma
	case agrees:
		return f.low
	}
	return f.high
}

// oracleError bounds the error of oracle32, in ULPs of float32 (so it is at most 2⁻⁴³ of the
// result): those of math.Exp, math.Log1p and three further operations in float64 add up to a hundredth of it.
const oracleError = 1e-6

// Beyond these magnitudes the functions are simple: exp(-a) vanishes beside the smallest
// float32, or the series end after the term in a.
const (
	largeMagnitude = 128
	smallMagnitude = 0x1p-30
)

// oracle32 returns the functions at a finite magnitude a ≥ 0 for comparison with float32.
func oracle32(a float64) functions[float64] {
	switch {
	case a >= largeMagnitude:
		return functions[float64]{low: 0, high: a, rest: 0, sigma: 1} // exp(-128) < 2⁻¹⁸⁴
	case a < smallMagnitude:
		return functions[float64]{low: math.Ln2 - a/2, high: math.Ln2 + a/2, rest: 0.5 - a/4, sigma: 0.5 + a/4}
	}
	y := math.Exp(-a)
	l := math.Log1p(y)
	sigma := 1 / (1 + y)
	return functions[float64]{low: l, high: a + l, rest: y * sigma, sigma: sigma}
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

// precise returns the functions at a finite magnitude a ≥ 0 with a relative error below 2⁻⁹⁰.
// Where exp(-a) is below 2⁻²⁸⁸⁰, beyond 2000, low and rest are 0.
func precise(a float64) functions[scaled] {
	one := ddOf(1)
	if a > 2000 {
		return functions[scaled]{high: scaled{m: ddOf(a)}, sigma: scaled{m: one}}
	}
	m, k := expMinus(a)
	if k > 500 { // the rest of the series is below 2⁻⁵⁰⁰
		y := scaled{m, k}
		return functions[scaled]{low: y, high: scaled{m: ddOf(a)}, rest: y, sigma: scaled{m: one}}
	}
	y := scaled{m, k}.value()
	l := log1p(y)
	denominator := one.add(y)
	return functions[scaled]{
		low:   scaled{m: l},
		high:  scaled{m: l.add(ddOf(a))},
		rest:  scaled{m: y.div(denominator)},
		sigma: scaled{m: one.div(denominator)},
	}
}
