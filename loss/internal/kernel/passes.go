package kernel

import (
	"math"
	"unsafe"
)

// expMax is what an |x| must be less than for the kernels to compute its exponential themselves:
// exp(-708.4) is subnormal.
const expMax = 708

// Exp writes exp(-|x|) to y, with the precision that T needs. It reports whether
// no x is infinite.
func Exp[T Float](y []float64, x []T) (finite bool) {
	y = y[:len(x)]
	ordinary := true
	switch x := any(x).(type) {
	case []float32:
		ordinary = exp32(y, x)
	case []float64:
		ordinary = exp64(y, x)
	}
	return ordinary || patchExp(y, x)
}

// patchExp corrects y where |x| is not less than expMax.
func patchExp[T Float](y []float64, x []T) (finite bool) {
	finite = true
	for i, x := range x {
		if a := math.Abs(float64(x)); !(a < expMax) {
			y[i] = math.Exp(-a)
			finite = finite && !math.IsInf(a, 0)
		}
	}
	return finite
}

// Log1p writes log1p(y) to l, for y in [0, 1], with the precision that T needs. l may be y.
func Log1p[T Float](l, y []float64) {
	if unsafe.Sizeof(T(0)) == 4 {
		log1p32(l[:len(y)], y)
	} else {
		log1p64(l[:len(y)], y)
	}
}

// Losses writes the losses of a run to l, given y = exp(-|x|). Unless finite is set, logits may be infinite. l may be y.
func Losses[T Float](l, y []float64, r Run[T], finite bool) {
	n := len(r.Input)
	l, y, target := l[:n], y[:n], r.Target[:n]
	w, p := operand(r.Weight, n), operand(r.PosWeight, n)
	weighted := len(r.Weight) != 0 || len(r.PosWeight) != 0
	switch x := any(r.Input).(type) {
	case []float32:
		log1p32(l, y)
		if weighted {
			weightedLosses32(l, x, any(target).([]float32), any(w).([]float32), any(p).([]float32))
		} else {
			losses32(l, x, any(target).([]float32))
		}
	case []float64:
		if weighted {
			weightedLosses64(l, y, x, any(target).([]float64), any(w).([]float64), any(p).([]float64))
		} else {
			log1p64(l, y)
			losses64(l, x, any(target).([]float64))
		}
	}
	if !finite {
		patchLosses(l, r)
	}
}

// patchLosses corrects the losses of infinite logits.
func patchLosses[T Float](l []float64, r Run[T]) {
	w, wStep := stepped(operand(r.Weight, len(r.Input)))
	p, pStep := stepped(operand(r.PosWeight, len(r.Input)))
	for i, x := range r.Input {
		if x := float64(x); math.IsInf(x, 0) {
			t, w, p := float64(r.Target[i]), float64(w[i*wStep]), float64(p[i*pStep])
			l[i] = lossFrom(x, t, w, p, 0)
		}
	}
}

// SumLosses adds the losses of a run without weights to sums, given y = exp(-|x|) of finite logits. It may change y.
func SumLosses[T Float](sums *Sums, y []float64, r Run[T]) {
	n := len(r.Input)
	y, target := y[:n], r.Target[:n]
	switch x := any(r.Input).(type) {
	case []float32:
		sumLosses32((*[8]float64)(sums), y, x, any(target).([]float32))
	case []float64:
		sumLosses64((*[8]float64)(sums), y, x, any(target).([]float64))
	}
}

// SumLossesGrads is [SumLosses] and [Grads] in one pass, for one upstream gradient u. l is scratch as long as y.
func SumLossesGrads[T Float](sums *Sums, grad []T, y, l []float64, r Run[T], u T, div float64, stream bool) {
	n := len(r.Input)
	y, l, target := y[:n], l[:n], r.Target[:n]
	switch grad := any(grad[:n]).(type) {
	case []float32:
		sumLossesGrads32((*[8]float64)(sums), grad, y, l, any(r.Input).([]float32), any(target).([]float32), float64(u), div, stream)
	case []float64:
		sumLossesGrads64((*[8]float64)(sums), grad, y, l, any(r.Input).([]float64), any(target).([]float64), float64(u), div, stream)
	}
}

// RoundLosses writes the losses of a run without weights to dst, given y = exp(-|x|) of finite logits. It may change y.
func RoundLosses[T Float](dst []T, y []float64, r Run[T], stream bool) {
	n := len(r.Input)
	y, target := y[:n], r.Target[:n]
	switch dst := any(dst[:n]).(type) {
	case []float32:
		roundLosses32(dst, y, any(r.Input).([]float32), any(target).([]float32), stream)
	case []float64:
		roundLosses64(dst, y, any(r.Input).([]float64), any(target).([]float64), stream)
	}
}

// RoundLossesGrads is [RoundLosses] and [Grads] in one pass, for one upstream gradient u. l is scratch as long as y. dst and
// grad may be the memory of operands, but not the same.
func RoundLossesGrads[T Float](dst, grad []T, y, l []float64, r Run[T], u T, div float64, stream bool) {
	n := len(r.Input)
	y, l, target := y[:n], l[:n], r.Target[:n]
	switch dst := any(dst[:n]).(type) {
	case []float32:
		roundLossesGrads32(dst, any(grad).([]float32)[:n], y, l, any(r.Input).([]float32), any(target).([]float32), float64(u), div, stream)
	case []float64:
		roundLossesGrads64(dst, any(grad).([]float64)[:n], y, l, any(r.Input).([]float64), any(target).([]float64), float64(u), div, stream)
	}
}

// Grads writes the derivatives of the losses in the input, times the upstream gradient
// u and divided by div, to dst, given y = exp(-|x|). Like a weight, u is nil, has one element, or is as long as
// the run. dst may be the memory of any operand of the length of the run. With stream the results
// may be written past the caches.
func Grads[T Float](dst []T, y []float64, r Run[T], u []T, div float64, stream bool) {
	n := len(r.Input)
	dst, y, target := dst[:n], y[:n], r.Target[:n]
	u = operand(u, n)
	if len(r.Weight) == 0 && len(r.PosWeight) == 0 && len(u) == 1 {
		switch dst := any(dst).(type) {
		case []float32:
			grads32(dst, y, any(r.Input).([]float32), any(target).([]float32), float64(u[0]), div, stream)
		case []float64:
			grads64(dst, y, any(r.Input).([]float64), any(target).([]float64), float64(u[0]), div, stream)
		}
		return
	}
	w, p := operand(r.Weight, n), operand(r.PosWeight, n)
	switch dst := any(dst).(type) {
	case []float32:
		weightedGrads32(dst, y, any(r.Input).([]float32), any(target).([]float32),
			any(w).([]float32), any(p).([]float32), any(u).([]float32), div, stream)
	case []float64:
		weightedGrads64(dst, y, any(r.Input).([]float64), any(target).([]float64),
			any(w).([]float64), any(p).([]float64), any(u).([]float64), div, stream)
	}
}

// Round writes l to dst. With stream the results may be written past the caches.
func Round[T Float](dst []T, l []float64, stream bool) {
	switch dst := any(dst[:len(l)]).(type) {
	case []float32:
		round32(dst, l, stream)
	case []float64:
		round64(dst, l, stream)
	}
}

// operand returns an operand of a run of n elements as the kernels take it: with one element or n. An absent
// operand is that of a one.
func operand[T Float](v []T, n int) []T {
	switch len(v) {
	case 0:
		return one[T]()
	case 1:
		return v
	}
	return v[:n]
}

var (
	one32 = []float32{1}
	one64 = []float64{1}
)

func one[T Float]() []T {
	var ones []T
	switch ones := any(&ones).(type) {
	case *[]float32:
		*ones = one32
	case *[]float64:
		*ones = one64
	}
	return ones
}

// stepped returns a slice to index with i·step.
func stepped[T Float](v []T) (values []T, step int) {
	if len(v) == 1 {
		return v, 0
	}
	return v, 1
}
