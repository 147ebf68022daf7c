package loss

import "lossproof/loss/internal/kernel"

// checkBroadcast returns an error unless operand is absent or valid and broadcasts to
// shape, the shape of input: aligned at the last dimension, each of its dimensions is 1 or that of
// input, and there are no more of them.
func checkBroadcast[T Float](module, argument string, operand *Tensor[T], shape []int) error {
	if operand == nil {
		return nil
	}
	if err := check(module, argument, *operand); err != nil {
		return err
	}
	lead := len(shape) - len(operand.Shape)
	ok := lead >= 0
	for i, d := range operand.Shape {
		ok = ok && (d == 1 || d == shape[lead+i])
	}
	if !ok {
		return shapeErrorf(module, argument, "shape %s does not broadcast to %s, the shape of input",
			formatShape(operand.Shape), formatShape(shape))
	}
	return nil
}

// axis is one or several merged dimensions of input.
type axis struct {
	size int
	// weight and posWeight are the strides of the operands along the axis, 0 where they are
	// broadcast.
	weight, posWeight int
}

// maxAxes is the number of axes that fit without an allocation. More of them remain only
// when weights are broadcast along every other dimension of a tensor of high rank.
const maxAxes = 8

// collapse appends the axes of shape to axes, the last first. Dimensions of size 1 are
// dropped and neighbours merged, where all operands allow it; so the first axis, if any, has strides of
// 0 or 1. With keepLast the last dimension of shape stays an axis by itself.
func collapse(axes []axis, shape, weight, posWeight []int, keepLast bool) []axis {
	weightStride, posWeightStride := 1, 1
	for k := range shape {
		a := axis{size: fromEnd(shape, k)}
		if d := fromEnd(weight, k); d != 1 {
			a.weight = weightStride
			weightStride *= d
		}
		if d := fromEnd(posWeight, k); d != 1 {
			a.posWeight = posWeightStride
			posWeightStride *= d
		}
		last := keepLast && k == 0
		if a.size == 1 && !last {
			continue
		}
		if m := len(axes); m > 1 || m == 1 && !keepLast {
			inner := &axes[m-1]
			if a.weight == inner.weight*inner.size && a.posWeight == inner.posWeight*inner.size {
				inner.size *= a.size
				continue
			}
		}
		axes = append(axes, a)
	}
	return axes
}

// fromEnd returns dimension k of shape, counted from the last, and 1 beyond the first.
func fromEnd(shape []int, k int) int {
	if k >= len(shape) {
		return 1
	}
	return shape[len(shape)-1-k]
}

// runs is a tensor cut into runs, along each of which weight and pos_weight are constant or
// advance with the elements. Runs that are too long for a kernel are cut into pieces.
type runs[T Float] struct {
	input, target, weight, posWeight []T
	// count is the number of runs, length that of the elements in each, pieces that of
	// the pieces in each.
	count, length, pieces int
	// inner is the axis along the run, outer are the others, the last first.
	inner axis
	outer []axis
}

// piece is at most kernel.MaxRun elements of one run.
type piece[T Float] struct {
	kernel.Run[T]
	// run is the index of the run, lo and hi bound the elements within the tensor.
	run, lo, hi int
}

// newRuns cuts valid tensors into runs; weight and posWeight may be nil. With keepLast a
// run is exactly one row along the last dimension. buf is space for the axes.
func newRuns[T Float](buf []axis, input, target Tensor[T], weight, posWeight *Tensor[T], keepLast bool) runs[T] {
	r := runs[T]{input: input.Data, target: target.Data, inner: axis{size: 1}}
	var weightShape, posWeightShape []int
	if weight != nil {
		r.weight, weightShape = weight.Data, weight.Shape
	}
	if posWeight != nil {
		r.posWeight, posWeightShape = posWeight.Data, posWeight.Shape
	}
	if axes := collapse(buf, input.Shape, weightShape, posWeightShape, keepLast); len(axes) > 0 {
		r.inner, r.outer = axes[0], axes[1:]
	}
	r.count, r.length = 1, r.inner.size
	for _, a := range r.outer {
		r.count *= a.size
	}
	r.pieces = (r.length + kernel.MaxRun - 1) / kernel.MaxRun
	return r
}

// piece returns piece k of the r.count × r.pieces pieces.
func (r *runs[T]) piece(k int) piece[T] {
	i, lo := k, 0
	if r.pieces > 1 {
		i, lo = k/r.pieces, k%r.pieces*kernel.MaxRun
	}
	hi := min(lo+kernel.MaxRun, r.length)
	weight, posWeight, rest := 0, 0, i
	for _, a := range r.outer {
		weight += rest % a.size * a.weight
		posWeight += rest % a.size * a.posWeight
		rest /= a.size
	}
	p := piece[T]{run: i, lo: i*r.length + lo, hi: i*r.length + hi}
	p.Input, p.Target = r.input[p.lo:p.hi], r.target[p.lo:p.hi]
	p.Weight = operandOf(r.weight, weight, lo, hi, r.inner.weight)
	p.PosWeight = operandOf(r.posWeight, posWeight, lo, hi, r.inner.posWeight)
	return p
}

// operandOf returns the elements lo to hi of an operand's run that starts at offset: nil if
// the operand is absent, one element if it is constant along the run.
func operandOf[T Float](operand []T, offset, lo, hi, stride int) []T {
	switch {
	case operand == nil:
		return nil
	case stride == 0:
		return operand[offset : offset+1]
	}
	return operand[offset+lo : offset+hi]
}
