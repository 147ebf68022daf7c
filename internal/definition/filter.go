package definition

import (
	"math"

	"lossproof/ports"
)

// Filter is in float64 what the losses of an element of a module with two targets consist of: those at the
// targets 1 and 0, and their slopes in the logit or probability. It answers at once what the definition
// decides in double-double: a result is right, or the nearest number of 32 bits or less, where that is
// clear within [FilterError], and for the definition to say elsewhere. Tests hold the two together.
type Filter struct{ One, Zero, SlopeOne, SlopeZero float64 }

// FilterError bounds the relative error of each number of a [Filter], but for what is below 2^-184: the
// errors of the functions of package math and of three further operations are a hundredth of it.
const FilterError = 0x1p-43

// FilterOf returns the filter of the functions of a module: of the logit, or of the probability.
func FilterOf(module string) func(x float64) Filter {
	if module == ports.BCELoss {
		return filterProbability
	}
	return filterLogit
}

// Beyond these magnitudes the functions are simple: exp(-a) vanishes beside the smallest float32, or the
// series end after the term in a.
const (
	largeMagnitude = 128
	smallMagnitude = 0x1p-30
)

// filterLogit has four functions of the magnitude a = |x|, up to the sign. With y = exp(-a):
//
//	softplus(-a) = log1p(y)    softplus(a) = a + log1p(y)
//	σ(-a)        = y/(1+y)     σ(a)        = 1/(1+y)
func filterLogit(x float64) Filter {
	a := math.Abs(x)
	var f Filter // at a
	switch {
	case a >= largeMagnitude:
		f = Filter{0, a, 0, 1} // exp(-128) < 2^-184
	case a < smallMagnitude:
		f = Filter{math.Ln2 - a/2, math.Ln2 + a/2, a/4 - 0.5, 0.5 + a/4}
	default:
		y := math.Exp(-a)
		l, sigma := math.Log1p(y), 1/(1+y)
		f = Filter{l, a + l, -y * sigma, sigma}
	}
	if x < 0 {
		return Filter{f.Zero, f.One, -f.SlopeZero, -f.SlopeOne}
	}
	return f
}

// filterProbability is that of BCELoss, with the bound of the divisor of its gradient.
func filterProbability(x float64) Filter {
	f := Filter{min(-math.Log(x), 100), min(-math.Log1p(-x), 100), -1 / x, 1 / (1 - x)}
	if x*(1-x) < probabilityBound {
		f.SlopeOne, f.SlopeZero = -(1-x)/probabilityBound, x/probabilityBound
	}
	return f
}
