package kernel

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Results of float32 that are the numbers nearest to the exact ones. The passes compute them in float64, and mark those of which their errors leave open to which of
// two float32 numbers the exact one is nearer: one in a few thousand. These are computed once more with all of float64, and, one in millions, in pairs of float64 numbers.

// undecided is more than the errors of the passes, of losses and of derivatives, in units of 2⁻⁵² of numbers in [1, 2): exp
// has a relative error of 4.6e-12, and log1p one of 1e-11 of its largest value, log 2. The generator of the assembly reads it.
var undecided = [2]uint32{0x1p17, 0x1p16}

// nearestOrder says for which of eight elements each bit of a mark stands.
var nearestOrder = [8]int{0, 1, 4, 5, 2, 3, 6, 7}

const (
	// smallNormal is what an |x| is less than whose exponential is a normal float32 number.
	smallNormal = 87
	// vanished is an |x| whose exponential is less than half of the smallest float32 number.
	vanished = 104
)

// Nearest computes the losses and derivatives of a chunk of float32 logits without weights; of float64 it computes nothing. For targets of 0 and 1 each result is the float32
// number nearest to the exact one.
type Nearest[T Float] struct {
	Input, Target []T
	// Losses is nil or gets the losses; Grads is nil or gets the derivatives, times U.
	Losses, Grads []T
	U             T
}

// Compute computes it. y and l are scratch for ChunkLen numbers; Losses and Grads may be the memory of Input and Target.
func (n *Nearest[T]) Compute(y, l []float64, scratch *LaneScratch) {
	if !single[T]() {
		return
	}
	c := nearest{as[float32](n.Input), as[float32](n.Target), as[float32](n.Losses), as[float32](n.Grads), float32(n.U)}
	losses, grads := c.losses, c.grads
	for k, dst := range []*[]float32{&c.losses, &c.grads} {
		if sameMemory(*dst, c.x) || sameMemory(*dst, c.t) {
			*dst = scratch[k][:len(c.x)]
		}
	}
	whole := len(c.x) &^ 7
	c.part(0, whole).eights(y, l)
	if whole < len(c.x) {
		c.rest(whole, y, l)
	}
	for _, apart := range [2][2][]float32{{losses, c.losses}, {grads, c.grads}} {
		if !sameMemory(apart[0], apart[1]) {
			copy(apart[0], apart[1])
		}
	}
}

// sameMemory reports whether a and b begin at one place.
func sameMemory(a, b []float32) bool { return len(a) > 0 && len(b) > 0 && &a[0] == &b[0] }

// nearest is what is to be computed, where no result is the memory of an operand.
type nearest struct {
	x, t, losses, grads []float32
	u                   float32
}

// rest computes the elements from lo on, less than eight.
func (n *nearest) rest(lo int, y, l []float64) {
	var eight [4][8]float32
	rest := n.part(lo, len(n.x))
	padded := nearest{x: eight[0][:], t: eight[1][:], u: n.u}
	copy(padded.x, rest.x)
	copy(padded.t, rest.t)
	if n.losses != nil {
		padded.losses = eight[2][:]
	}
	if n.grads != nil {
		padded.grads = eight[3][:]
	}
	padded.eights(y, l)
	copy(rest.losses, padded.losses)
	copy(rest.grads, padded.grads)
}

// part returns what is to be done of the elements from lo up to hi.
func (n *nearest) part(lo, hi int) *nearest {
	p := *n
	p.x, p.t = n.x[lo:hi], n.t[lo:hi]
	if n.losses != nil {
		p.losses = n.losses[lo:hi]
	}
	if n.grads != nil {
		p.grads = n.grads[lo:hi]
	}
	return &p
}

// eights computes a multiple of eight elements.
func (n *nearest) eights(y, l []float64) {
	y, l = y[:len(n.x)], l[:len(n.x)]
	var ordinary bool
	if useAVX2 {
		ordinary = expNearestAVX2(y, n.x)
	} else {
		ordinary = expNearestGo(y, n.x)
	}
	if !ordinary {
		patchExp(y, n.x)
	}
	var near [ChunkLen / 8]uint8
	marks := near[:len(n.x)/8]
	if n.losses != nil {
		if useAVX2 {
			nearestLosses32AVX2(n.losses, marks, y, n.x, n.t)
		} else {
			nearestLosses32Go(n.losses, marks, y, l, n.x, n.t)
		}
		n.correct(n.losses, &near, ordinary, nearestLoss)
	}
	if n.grads != nil {
		if useAVX2 {
			nearestGrads32AVX2(n.grads, marks, y, n.x, n.t, float64(n.u))
		} else {
			nearestGrads32Go(n.grads, marks, y, n.x, n.t, float64(n.u))
		}
		n.correct(n.grads, &near, ordinary, func(x, t float32) float32 { return nearestGrad(x, t, n.u) })
	}
}

// correct computes the results anew that are marked, and, unless ordinary is set, those whose exponentials are not normal float32 numbers.
func (n *nearest) correct(dst []float32, near *[ChunkLen / 8]uint8, ordinary bool, exactly func(x, t float32) float32) {
	for k := 0; k < len(near); k += 8 {
		for mask := binary.LittleEndian.Uint64(near[k:]); mask != 0; mask &= mask - 1 {
			bit := bits.TrailingZeros64(mask)
			i := 8*k + bit&^7 + nearestOrder[bit&7]
			dst[i] = exactly(n.x[i], n.t[i])
		}
	}
	if ordinary {
		return
	}
	for i, x := range n.x {
		if a := math.Abs(float64(x)); a >= smallNormal {
			dst[i] = exactly(x, n.t[i])
		}
	}
}

// nearestLoss returns the float32 number nearest to a loss.
func nearestLoss(x, t float32) float32 {
	x64, t64, a := float64(x), float64(t), math.Abs(float64(x))
	if math.IsInf(a, 0) {
		return float32(lossFrom(x64, t64, 1, 1, 0))
	}
	slope := Pair{High: max(x64, 0)}.Minus(Pair{High: t64}.Times(x64))
	if a >= vanished {
		return slope.single()
	}
	if loss, ok := decided(slope.High + math.Log1p(math.Exp(-a))); ok {
		return loss
	}
	return slope.Plus(log1pOf(expOf(a))).single()
}

// nearestGrad returns the float32 number nearest to a derivative, for a target of 0 or 1, times u.
func nearestGrad(x, t, u float32) float32 {
	x64, a, b := float64(x), OneMinus(float64(t)), Pair{High: float64(t)}
	y := math.Exp(-math.Abs(x64))
	if grad, ok := decided(gradNumeratorPair(y, x64, a, b).High * float64(u) / (1 + y)); ok {
		return grad
	}
	exact := expOf(math.Abs(x64))
	one, other := Pair{High: 1}, exact
	if x < 0 {
		one, other = exact, one
	}
	return a.TimesPair(one).Minus(b.TimesPair(other)).Times(float64(u)).Over(Pair{High: 1}.Plus(exact)).single()
}

// decided returns v as a float32 number, and whether that is the nearest to everything within a few roundings of v.
func decided(v float64) (nearest float32, ok bool) {
	const roundings = 0x1p-48
	less, more := float32(v*(1-roundings)), float32(v*(1+roundings))
	return less, less == more
}

// single returns the float32 number nearest to p.
func (p Pair) single() float32 { return float32(p.odd()) }

// expOf returns exp(-a), for a ≥ 0, with about twice the digits of float64; from 400 on a number that is as good as 0.
func expOf(a float64) Pair {
	a = min(a, 400)
	n := math.Round(a / ln2)
	r := Pair{ln2, 0x1.abc9e3b39803fp-56}.Times(n).Minus(Pair{High: a})
	sum, term := Pair{High: 1}, Pair{High: 1}
	for k := 1.0; k < 30; k++ { // |r| ≤ ln2/2
		term = term.TimesPair(r).Over(Pair{High: k})
		sum = sum.Plus(term)
	}
	scale := math.Ldexp(1, -int(n))
	return Pair{sum.High * scale, sum.Low * scale}
}

// log1pOf returns log1p(y) = 2·atanh(s), s = y/(2+y), for y in [0, 1], as precisely.
func log1pOf(y Pair) Pair {
	s := y.Over(y.Plus(Pair{High: 2}))
	square := s.TimesPair(s)
	sum := s
	for k := 3.0; k < 73; k += 2 { // s ≤ 1/3
		s = s.TimesPair(square)
		sum = sum.Plus(s.Over(Pair{High: k}))
	}
	return sum.Times(2)
}

// The passes in Go, of the kernels of the same name.

func expNearestGo(y []float64, x []float32) (ordinary bool) {
	c := &expNearestPoly
	ordinary = true
	y = y[:len(x)]
	for i, x := range x {
		a := math.Abs(float64(x))
		if !(a < smallNormal) {
			ordinary = false
		}
		z := magic32 - a*log2E
		n := z - magic32
		r := -a - n*ln2
		r2 := r * r
		p := (c[0] + c[1]*r) + r2*((c[2]+c[3]*r)+r2*((c[4]+c[5]*r)+r2*c[6]))
		scale := math.Float64frombits(math.Float64bits(z) << 52)
		y[i] = scale + scale*(r+r2*p)
	}
	return ordinary
}

func nearestLosses32Go(dst []float32, near []uint8, y, l []float64, x, t []float32) {
	log1p32Go(l, y)
	lossesGo(l, x, t)
	clear(near)
	for i, v := range l {
		dst[i] = roundMarked(v, undecided[0], near, i)
	}
}

func nearestGrads32Go(dst []float32, near []uint8, y []float64, x, t []float32, u float64) {
	clear(near)
	for i := range x {
		t, y := float64(t[i]), y[i]
		a, b := 1.0, y
		if x[i] < 0 {
			a, b = y, 1
		}
		dst[i] = roundMarked(((1-t)*a-t*b)*u/(1+y), undecided[1], near, i)
	}
}

// roundMarked rounds v, and marks it where it is closer than undecided to the middle of two numbers: the lowest 29 bits are what rounding takes away.
func roundMarked(v float64, undecided uint32, near []uint8, i int) float32 {
	if (uint32(math.Float64bits(v))+undecided-1<<28)&(1<<29-1) < 2*undecided {
		near[i/8] |= 1 << nearestOrder[i%8]
	}
	return float32(v)
}
