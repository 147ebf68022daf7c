package kernel

import (
	"math"
	"unsafe"
)

// The kernels in float32 lanes: of float32 logits without weights, several times faster than those in float64 lanes, and nearly as
// accurate: what a float32 number cannot hold is kept in a second one.

// LaneElements is what the number of elements that the lanes compute is a multiple of.
const LaneElements = 32

// LaneScratch is what they need besides. Its rows are apart by other than a power of two, which a cache would map to the same place.
type LaneScratch [5][ChunkLen + 16]float32

// farthest is the largest |x| that the lanes compute. The exponentials of others are so small that their errors would be
// subnormal, which costs a processor much.
const farthest = 43

// Lanes says what of a chunk is computed in float32 lanes.
type Lanes[T Float] struct {
	Input, Target []T
	// Sums is nil or gets the losses; Losses is nil or gets each of them; Grads is nil or gets the derivatives, times U and divided by Div.
	Sums          *Sums
	Losses, Grads []T
	U, Div        float64
}

// Compute computes what it can: nothing unless T is float32, the processor has what it needs, there is a multiple of LaneElements, and all logits are ordinary; losses
// and gradients of hard targets alone. What it has computed it sets to nil.
func (l *Lanes[T]) Compute(scratch *LaneScratch) {
	if !useAVX2 || !single[T]() || len(l.Input)%LaneElements != 0 {
		return
	}
	x, target := as[float32](l.Input), as[float32](l.Target)
	n := len(x)
	power, q, linear, high, low := scratch[0][:n], scratch[1][:n], scratch[2][:n], scratch[3][:n], scratch[4][:n]
	var delta float32
	grads := l.Grads != nil
	if grads {
		delta, grads = l.delta()
	}
	losses := l.Losses != nil && (useAVX512 || l.Grads != nil) && grads == (l.Grads != nil)
	grads = grads && losses == (l.Losses != nil)
	var largest uint32
	var soft bool
	switch pairs := losses || grads; {
	case l.Sums != nil && pairs && useAVX512:
		largest, soft = expProductsPairsAVX512(power, q, linear, high, low, x, target)
	case l.Sums != nil && pairs:
		largest, soft = expProductsPairsAVX2(power, q, linear, high, low, x, target)
	case l.Sums != nil && useAVX512:
		largest, soft = expProductsAVX512(power, q, linear, x, target)
	case l.Sums != nil:
		largest, soft = expProductsAVX2(power, q, linear, x, target)
	case pairs && useAVX512:
		largest, soft = expPairsAVX512(high, low, x, target)
	case pairs:
		largest, soft = expPairsAVX2(high, low, x, target)
	default:
		return
	}
	if largest > math.Float32bits(farthest) {
		return
	}
	if l.Sums != nil {
		s := l.Sums
		s.makeRoom(n)
		switch {
		case soft && useAVX512:
			softProductsAVX512(&s.lanes, power, q, x, target)
		case soft:
			softProductsAVX2(&s.lanes, power, q, x, target)
		case useAVX512:
			hardProductsAVX512(&s.lanes, power, q, linear)
		default:
			hardProductsAVX2(&s.lanes, power, q, linear)
		}
		l.Sums = nil
	}
	if soft {
		return
	}
	// Losses and gradients may be the memory of x and target: with gradients the losses wait until those have been read.
	dst := as[float32](l.Losses)
	if losses && grads {
		dst = power
	}
	switch {
	case losses && useAVX512:
		lossPairsAVX512(dst, high, low, x, target)
	case losses: // in float64 lanes, which takes no longer than in pairs
		y := unsafe.Slice((*float64)(unsafe.Pointer(&scratch[1])), n)
		exp32AVX2(y, x)
		roundLosses32AVX2(dst, y, x, target)
	}
	switch {
	case grads && useAVX512:
		gradPairsAVX512(as[float32](l.Grads), high, low, x, target, delta)
	case grads:
		gradPairsAVX2(as[float32](l.Grads), high, low, x, target, delta)
	}
	if losses && grads {
		copy(as[float32](l.Losses), dst)
	}
	if losses {
		l.Losses = nil
	}
	if grads {
		l.Grads = nil
	}
}

// delta returns Div/U, and whether it is a float32 number in the middle of the range.
func (l *Lanes[T]) delta() (delta float32, ok bool) {
	delta = float32(l.Div / l.U)
	exponent := math.Abs(float64(delta))
	return delta, float64(delta)*l.U == l.Div && exponent > 0x1p-60 && exponent < 0x1p60
}

// products are products of 1+y, less 1, each of at most 128 factors, and sums of what is added to their logarithms: max(x, 0) - t·x. Their lanes
// are those of the kernels of the same name.
type products struct {
	lanes   [48]float64
	factors int
}

// factorsMax is the number of factors from which on the logarithm is taken: no product of four lanes is infinite.
const factorsMax = 2048

// makeRoom makes room for n factors more.
func (s *Sums) makeRoom(n int) {
	if s.factors+n > factorsMax {
		s.takeLogarithm()
	}
	s.factors += n
}

// takeLogarithm adds the logarithms of the products to the sums.
func (s *Sums) takeLogarithm() {
	if s.factors == 0 {
		return
	}
	p, linear := s.lanes[:32], s.lanes[32:]
	product, logarithm, sum := 0.0, 0.0, 0.0
	for i := range 8 {
		a, b := times(p[i], p[i+8]), times(p[i+16], p[i+24])
		ab := times(a, b)
		next := times(product, ab)
		if next > 0x1p1000 {
			logarithm += math.Log1p(product)
			next = ab
		}
		product = next
		sum += linear[i] + linear[i+8]
	}
	add(&s.twoSum, 0, logarithm+math.Log1p(product))
	add(&s.twoSum, 1, sum)
	s.products = products{}
}

// times returns (1+p)·(1+q) - 1.
func times(p, q float64) float64 { return p + (p*q + q) }
