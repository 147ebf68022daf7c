package loss

import (
	"slices"

	"lossproof/loss/internal/kernel"
)

// checkBroadcast returns an error unless operand is absent or valid and broadcasts to
// shape, the shape of input: aligned at the last dimension, each of its dimensions is 1 or that of
// input, and there are no more of them.
func checkBroadcast[T Element](module, argument string, operand *Tensor[T], shape []int) error {
	if operand == nil {
		return nil
	}
	if err := check(module, argument, operand.Shape, len(operand.Data)); err != nil {
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

// maxAxes is the number of axes, beside the last, that fit without an allocation. More of them remain only
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

// runs is a tensor cut in two ways: into runs, along each of which weight and pos_weight are
// constant or advance with the elements; and into chunks, which the kernels work on. Where chunks
// begin depends on the shapes alone.
type runs[T Float] struct {
	input, target, weight, posWeight []T
	// count is the number of runs, length that of the elements in each.
	count, length int
	// inner is the axis along the run. The others, the last first, are the first outers of outer, or
	// more, if they do not fit: an array keeps them off the heap.
	inner  axis
	outer  [maxAxes]axis
	outers int
	more   []axis
	// A span of elements is cut into perSpan chunks of chunkLen, the last one shorter. There are as many chunks as
	// chunks says.
	span, perSpan, chunkLen, chunks int
}

// cut cuts valid tensors; weight and posWeight may be nil. With keepLast a run is exactly one
// row along the last dimension, and a chunk is a whole number of rows, or a part of one.
func (r *runs[T]) cut(input *Tensor[T], target []T, weight, posWeight *Tensor[T], keepLast bool) {
	r.input, r.target, r.inner = input.Data, target, axis{size: 1}
	var weightShape, posWeightShape []int
	if weight != nil {
		r.weight, weightShape = weight.Data, weight.Shape
	}
	if posWeight != nil {
		r.posWeight, posWeightShape = posWeight.Data, posWeight.Shape
	}
	var buf [1 + maxAxes]axis
	if axes := collapse(buf[:0], input.Shape, weightShape, posWeightShape, keepLast); len(axes) > 0 {
		r.inner, r.outers = axes[0], len(axes)-1
		if copy(r.outer[:], axes[1:]) < r.outers {
			r.more = slices.Clone(axes[1:])
		}
	}
	r.count, r.length = 1, r.inner.size
	for _, a := range r.outerAxes() {
		r.count *= a.size
	}
	r.span, r.chunkLen = len(r.input), kernel.ChunkLen
	switch {
	case len(r.input) == 0:
		return
	case keepLast && r.length > kernel.ChunkLen:
		r.span = r.length
	case keepLast:
		r.chunkLen -= kernel.ChunkLen % r.length
	}
	r.perSpan = (r.span-1)/r.chunkLen + 1
	r.chunks = len(r.input) / r.span * r.perSpan
}

func (r *runs[T]) outerAxes() []axis {
	if r.more != nil {
		return r.more
	}
	return r.outer[:r.outers]
}

// chunk returns the bounds of chunk k.
func (r *runs[T]) chunk(k int) (lo, hi int) {
	start := 0
	if r.chunks > r.perSpan {
		start, k = k/r.perSpan*r.span, k%r.perSpan
	}
	lo = k * r.chunkLen
	return start + lo, start + min(lo+r.chunkLen, r.span)
}

// segment is the part of a run that lies in a chunk.
type segment[T Float] struct {
	kernel.Run[T]
	// run is the index of the run, lo and hi bound the elements within the tensor.
	run, lo, hi int
}

// segment returns the segment that begins at element lo and ends before hi, or with its run.
func (r *runs[T]) segment(lo, hi int) segment[T] {
	run, start := 0, 0
	if r.count > 1 {
		run = lo / r.length
		start = run * r.length
		hi = min(hi, start+r.length)
	}
	weight, posWeight, rest := 0, 0, run
	outer := r.outerAxes()
	for i, a := range outer {
		at := rest
		if i < len(outer)-1 {
			at, rest = rest%a.size, rest/a.size
		}
		weight += at * a.weight
		posWeight += at * a.posWeight
	}
	s := segment[T]{run: run, lo: lo, hi: hi}
	s.Input, s.Target = r.input[lo:hi], r.target[lo:hi]
	s.Weight = operandOf(r.weight, weight, lo-start, hi-start, r.inner.weight)
	s.PosWeight = operandOf(r.posWeight, posWeight, lo-start, hi-start, r.inner.posWeight)
	return s
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
