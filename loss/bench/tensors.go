package bench

import "lossproof/loss"

// The tensors are the same in every dtype and every language: all arithmetic is in integers
// of 64 bits until the last division, which is exact.
//
//	mix(n)    = SplitMix64's n-th output for the seed 0, n from 1 (below)
//	logit i   = (the sum of the four 16-bit parts of mix(2i+1), less 131070) / 2¹⁴
//	target i  = the highest bit of mix(2i+2)
//
// The logits have about a normal distribution with the standard deviation 2.3, in [-8, 8].

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

// tensors returns the logits and the targets of a shape.
func tensors[T loss.Float](shape []int, n int) (input, targets loss.Tensor[T]) {
	x, t := make([]T, n), make([]T, n)
	for i := range x {
		x[i], t[i] = T(logit(i)), T(target(i))
	}
	return loss.Tensor[T]{Shape: shape, Data: x}, loss.Tensor[T]{Shape: shape, Data: t}
}
