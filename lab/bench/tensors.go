package bench

import (
	"math"

	"lossproof/loss"
)

// The tensors are the same in every language: all arithmetic is in integers of 64 bits until the last division, which is exact. So they are in every
// dtype, but that those of 16 bits are rounded.
//
//	mix(n)    = SplitMix64's n-th output for the seed 0, n from 1 (below)
//	logit i   = (the sum of the four 16-bit parts of mix(2i+1), less 131070) / 2¹⁴
//	target i  = the highest bit of mix(2i+2)
//	probability i = (2·(the highest 23 bits of mix(2i+1)) + 1) / 2²⁴
//	share i   = (2·(the highest 23 bits of mix(2i+2)) + 1) / 2²⁴
//	class r   = (the high 32 bits of mix(2r+2))·classes / 2³², rounded down
//
// The logits have about a normal distribution with the standard deviation 2.3, in [-8, 8]; the probabilities, the input of
// BCELoss, an even one in (0, 1). The shares are class probabilities; they do not add up to 1, which neither
// implementation asks for.

// mix returns the n-th output of SplitMix64 (Steele, Lea and Flood, "Fast Splittable
// Pseudorandom Number Generators", OOPSLA 2014) for the seed 0.
func mix(n uint64) uint64 {
	z := n * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// logit returns logit i.
func logit(i int) float64 {
	h := mix(2*uint64(i) + 1)
	sum := int64(h&0xffff + h>>16&0xffff + h>>32&0xffff + h>>48)
	return float64(sum-131070) / (1 << 14)
}

// target returns target i.
func target(i int) float64 { return float64(mix(2*uint64(i)+2) >> 63) }

// probability returns probability i.
func probability(i int) float64 { return unit(mix(2*uint64(i) + 1)) }

// share returns share i.
func share(i int) float64 { return unit(mix(2*uint64(i) + 2)) }

func unit(h uint64) float64 { return float64(2*(h>>41)+1) / (1 << 24) }

// class returns the class index of row r.
func class(r, classes int) int64 { return int64((mix(2*uint64(r)+2) >> 32) * uint64(classes) >> 32) }

// numbers returns the first n numbers.
func numbers[T loss.Element](n int, number func(i int) float64) []T {
	values := make([]T, n)
	for i := range values {
		v := number(i)
		switch to := any(&values[i]).(type) {
		case *float32:
			*to = float32(v)
		case *float64:
			*to = v
		case *loss.Float16:
			*to = loss.ToFloat16(v)
		case *loss.BFloat16:
			*to = loss.ToBFloat16(v)
		}
	}
	return values
}

// valueOf returns an element as a float64 number.
func valueOf[T loss.Element](v T) float64 {
	switch v := any(v).(type) {
	case loss.Float16:
		return v.Float64()
	case loss.BFloat16:
		return v.Float64()
	case float32:
		return float64(v)
	case float64:
		return v
	}
	return math.NaN()
}
