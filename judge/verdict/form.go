package verdict

import (
	"math"

	"lossproof/tensor"
)

// form describes a binary floating-point format of IEEE 754, or bfloat16.
type form struct {
	// precision is the number of significant bits, the leading one included.
	precision int
	// Normal numbers are 1.f·2^k with minExponent <= k <= maxExponent.
	minExponent, maxExponent int
	// max is the largest finite number.
	max float64
}

var forms = map[tensor.DType]form{
	tensor.Float16:  {11, -14, 15, 65504},
	tensor.BFloat16: {8, -126, 127, 0xffp120},
	tensor.Float32:  {24, -126, 127, math.MaxFloat32},
	tensor.Float64:  {53, -1022, 1023, math.MaxFloat64},
}

// ulp returns the spacing of the format at e + low, which is finite and whose low part is
// small against e: 2^(k-precision+1) in the binade [2^k, 2^(k+1)). It is never below the
// smallest subnormal number and never above the spacing at the largest finite one.
func (f form) ulp(e, low float64) float64 {
	if e == 0 {
		return math.Ldexp(1, f.minExponent-f.precision+1)
	}
	fraction, exponent := math.Frexp(e) // |fraction| in [½, 1)
	k := exponent - 1
	if math.Abs(fraction) == 0.5 && low != 0 && math.Signbit(low) != math.Signbit(e) {
		k-- // just below a power of two
	}
	k = min(max(k, f.minExponent), f.maxExponent)
	return math.Ldexp(1, k-f.precision+1)
}
