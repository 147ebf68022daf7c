package kernel

import "math"

// Sum returns the sum of the losses of a run. The terms are added in order, with
// compensation: the result is the exact sum of the rounded terms, rounded once more.
func Sum[T Float](r Run[T]) float64 {
	w, wStep := operand(r.Weight)
	p, pStep := operand(r.PosWeight)
	target := r.Target[:len(r.Input)]
	var sum Accumulator
	for i, x := range r.Input {
		sum.Add(lossElement(float64(x), float64(target[i]), float64(w[i*wStep]), float64(p[i*pStep])))
	}
	return sum.Value()
}

// None writes the losses of a run to dst.
func None[T Float](dst []T, r Run[T]) {
	w, wStep := operand(r.Weight)
	p, pStep := operand(r.PosWeight)
	dst, target := dst[:len(r.Input)], r.Target[:len(r.Input)]
	for i, x := range r.Input {
		dst[i] = T(lossElement(float64(x), float64(target[i]), float64(w[i*wStep]), float64(p[i*pStep])))
	}
}

// Grad writes the derivatives of the losses in the input, times the upstream gradient
// u and divided by div, to dst. Like a weight, u is nil, has one element, or is as long as the run.
func Grad[T Float](dst []T, r Run[T], u []T, div float64) {
	w, wStep := operand(r.Weight)
	p, pStep := operand(r.PosWeight)
	u, uStep := operand(u)
	dst, target := dst[:len(r.Input)], r.Target[:len(r.Input)]
	for i, x := range r.Input {
		dst[i] = T(gradElement(float64(x), float64(target[i]), float64(w[i*wStep]), float64(p[i*pStep]),
			float64(u[i*uStep]), div))
	}
}

// SumGrad is [Sum] and [Grad] in one pass.
func SumGrad[T Float](grad []T, r Run[T], u []T, div float64) float64 {
	w, wStep := operand(r.Weight)
	p, pStep := operand(r.PosWeight)
	u, uStep := operand(u)
	grad, target := grad[:len(r.Input)], r.Target[:len(r.Input)]
	var sum Accumulator
	for i := range r.Input {
		x, t, w, p := float64(r.Input[i]), float64(target[i]), float64(w[i*wStep]), float64(p[i*pStep])
		y := math.Exp(-math.Abs(x))
		sum.Add(lossFrom(x, t, w, p, math.Log1p(y)))
		grad[i] = T(gradFrom(x, t, w, p, float64(u[i*uStep]), div, y))
	}
	return sum.Value()
}

// NoneGrad is [None] and [Grad] in one pass.
func NoneGrad[T Float](loss, grad []T, r Run[T], u []T, div float64) {
	w, wStep := operand(r.Weight)
	p, pStep := operand(r.PosWeight)
	u, uStep := operand(u)
	n := len(r.Input)
	loss, grad, target := loss[:n], grad[:n], r.Target[:n]
	for i := range r.Input {
		// All is read before anything is written: loss and grad may be the memory of
		// the operands.
		x, t, w, p, u := float64(r.Input[i]), float64(target[i]), float64(w[i*wStep]), float64(p[i*pStep]), float64(u[i*uStep])
		y := math.Exp(-math.Abs(x))
		loss[i] = T(lossFrom(x, t, w, p, math.Log1p(y)))
		grad[i] = T(gradFrom(x, t, w, p, u, div, y))
	}
}

// GradTarget writes the derivatives of the losses in the target, times the upstream
// gradient u and divided by div, to dst.
func GradTarget[T Float](dst []T, r Run[T], u []T, div float64) {
	w, wStep := operand(r.Weight)
	u, uStep := operand(u)
	dst = dst[:len(r.Input)]
	if r.PosWeight == nil {
		for i, x := range r.Input {
			dst[i] = T(gradTargetElement(float64(x), float64(w[i*wStep]), float64(u[i*uStep]), div))
		}
		return
	}
	p, pStep := operand(r.PosWeight)
	for i, x := range r.Input {
		dst[i] = T(gradTargetPosElement(float64(x), float64(w[i*wStep]), float64(p[i*pStep]), float64(u[i*uStep]), div))
	}
}

// Loss returns the loss of one element without pos_weight.
func Loss(x, t, w float64) float64 {
	return lossElement(x, t, w, 1)
}

// operand returns a slice to index with i·step, for element i of a run; an absent
// operand is that of ones.
func operand[T Float](v []T) (values []T, step int) {
	switch len(v) {
	case 0:
		return []T{1}, 0
	case 1:
		return v, 0
	}
	return v, 1
}
