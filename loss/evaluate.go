package loss

import (
	"math"

	"lossproof/loss/internal/kernel"
)

// The loops of this file hand a tensor to the kernels piece by piece, always in the same
// order: the grouping of a sum, and so its last bit, depends on the shapes alone.

// sumAll returns the sum of all losses.
func sumAll[T Float](r *runs[T]) float64 {
	return sumPieces(r, 0, r.count*r.pieces)
}

// sumRun returns the sum of the losses of run i.
func sumRun[T Float](r *runs[T], i int) float64 {
	return sumPieces(r, i*r.pieces, (i+1)*r.pieces)
}

func sumPieces[T Float](r *runs[T], from, to int) float64 {
	var sum kernel.Accumulator
	for k := from; k < to; k++ {
		sum.Add(kernel.Sum(r.piece(k).Run))
	}
	return sum.Value()
}

// each writes the loss of every element to dst.
func each[T Float](dst []T, r *runs[T]) {
	for k := range r.count * r.pieces {
		p := r.piece(k)
		kernel.None(dst[p.lo:p.hi], p.Run)
	}
}

// upstream is what a gradient is multiplied by: the upstream gradient, divided by what
// the reduction divides by.
type upstream[T Float] struct {
	// values are nil (ones), one number, or, with perRun, one for each run, else one for
	// each element.
	values []T
	perRun bool
	div    float64
}

// of returns the upstream gradient of a piece, as the kernels take it.
func (u upstream[T]) of(p piece[T]) []T {
	switch {
	case len(u.values) <= 1:
		return u.values
	case u.perRun:
		return u.values[p.run : p.run+1]
	}
	return u.values[p.lo:p.hi]
}

// gradAll writes the gradient in the input to dst.
func gradAll[T Float](dst []T, r *runs[T], u upstream[T]) {
	for k := range r.count * r.pieces {
		p := r.piece(k)
		kernel.Grad(dst[p.lo:p.hi], p.Run, u.of(p), u.div)
	}
}

// gradTargetAll writes the gradient in the target to dst.
func gradTargetAll[T Float](dst []T, r *runs[T], u upstream[T]) {
	for k := range r.count * r.pieces {
		p := r.piece(k)
		kernel.GradTarget(dst[p.lo:p.hi], p.Run, u.of(p), u.div)
	}
}

// sumGradAll is sumAll and gradAll in one pass.
func sumGradAll[T Float](grad []T, r *runs[T], u upstream[T]) float64 {
	return sumGradPieces(grad, r, u, 0, r.count*r.pieces)
}

// sumGradRun is sumRun and, for the elements of run i, gradAll in one pass.
func sumGradRun[T Float](grad []T, r *runs[T], u upstream[T], i int) float64 {
	return sumGradPieces(grad, r, u, i*r.pieces, (i+1)*r.pieces)
}

func sumGradPieces[T Float](grad []T, r *runs[T], u upstream[T], from, to int) float64 {
	var sum kernel.Accumulator
	for k := from; k < to; k++ {
		p := r.piece(k)
		sum.Add(kernel.SumGrad(grad[p.lo:p.hi], p.Run, u.of(p), u.div))
	}
	return sum.Value()
}

// eachGrad is each and gradAll in one pass.
func eachGrad[T Float](loss, grad []T, r *runs[T], u upstream[T]) {
	for k := range r.count * r.pieces {
		p := r.piece(k)
		kernel.NoneGrad(loss[p.lo:p.hi], grad[p.lo:p.hi], p.Run, u.of(p), u.div)
	}
}

// There is no right gradient in the input at an infinite weight or pos_weight. PyTorch
// returns NaN at an infinite pos_weight of BCEWithLogitsLoss and at an infinite weight of
// MultiLabelSoftMarginLoss: it multiplies the two terms of the derivative by the infinity
// before it subtracts them. So do the losses here, by a second pass over the gradient.

// nanAtInf sets the elements of dst to NaN that belong to an infinite element of operand,
// which is constant or as long as dst.
func nanAtInf[T Float](dst, operand []T) {
	for i := range dst {
		if math.IsInf(float64(operand[i%len(operand)]), 0) {
			dst[i] = T(math.NaN())
		}
	}
}

func hasInf[T Float](values []T) bool {
	for _, v := range values {
		if math.IsInf(float64(v), 0) {
			return true
		}
	}
	return false
}
