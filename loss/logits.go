package loss

import (
	"math"

	"lossproof/loss/internal/kernel"
)

// logits writes what is wanted of a chunk, and adds its losses to sums. All is read before anything of the same index
// is written: results may be the memory of the operands.
func (j *job[T]) logits(sums *kernel.Sums, lo, hi int, s *scratch[T]) {
	losses, grads := j.sum || j.losses != nil, j.gradInput != nil
	switch plain := j.weight == nil && j.posWeight == nil; {
	case j.gradTarget != nil:
		j.gradTargets(lo, hi, s.y[:hi-lo])
		return
	case plain && j.nearest && len(j.upstream.values) <= 1:
		j.nearestResults(lo, hi, s)
		return
	case plain && losses && j.perRow && j.length >= leastInLanes:
		j.addRows(sums, lo, hi, func(from, to int) { j.addLosses(sums, from, to, s) })
		losses = false
	case plain && !j.perRow && (!grads || len(j.upstream.values) <= 1):
		middle := lo + (hi-lo)/kernel.LaneElements*kernel.LaneElements
		var left kernel.Lanes[T]
		j.inLanes(&left, sums, lo, middle, s)
		j.passes(sums, lo, middle, losses && (left.Sums != nil || left.Losses != nil), left.Grads != nil, s)
		lo = middle
	}
	j.passes(sums, lo, hi, losses, grads, s)
}

// nearestResults computes losses and gradients of a chunk that are the nearest float32 numbers.
func (j *job[T]) nearestResults(lo, hi int, s *scratch[T]) {
	n := kernel.Nearest[T]{Input: j.input[lo:hi], Target: j.target[lo:hi], U: T(j.upstream.number(0))}
	if j.losses != nil {
		n.Losses = j.losses[lo:hi]
	}
	if j.gradInput != nil {
		n.Grads = j.gradInput[lo:hi]
	}
	n.Compute(s.y[:], s.l[:], &s.lanes)
}

// leastInLanes is the least number of losses of a row whose sum is computed in float32 lanes.
const leastInLanes = 2 * kernel.LaneElements

// inLanes computes a part of a chunk without weights in float32 lanes. It sets l, which is empty, to what it has not computed.
func (j *job[T]) inLanes(l *kernel.Lanes[T], sums *kernel.Sums, lo, hi int, s *scratch[T]) {
	l.Input, l.Target = j.input[lo:hi], j.target[lo:hi]
	l.U, l.Div = j.upstream.number(0), j.div
	if j.sum || j.perRow {
		l.Sums = sums
	}
	if j.losses != nil && !j.perRow {
		l.Losses = j.losses[lo:hi]
	}
	if j.gradInput != nil && !j.perRow {
		l.Grads = j.gradInput[lo:hi]
	}
	if lo < hi {
		l.Compute(&s.lanes)
	}
}

// addLosses adds the losses of a part of a row, without weights, to sums.
func (j *job[T]) addLosses(sums *kernel.Sums, lo, hi int, s *scratch[T]) {
	middle := lo + (hi-lo)/kernel.LaneElements*kernel.LaneElements
	var left kernel.Lanes[T]
	if j.inLanes(&left, sums, lo, middle, s); left.Sums == nil {
		lo = middle
	}
	if lo == hi {
		return
	}
	y, r := s.y[:hi-lo], kernel.Run[T]{Input: j.input[lo:hi], Target: j.target[lo:hi]}
	if kernel.Exp(y, r.Input) {
		kernel.SumLosses(sums, y, r)
		return
	}
	kernel.Losses(y, y, r, false)
	sums.Add(y)
}

// passes computes a part of a chunk in passes of float64 numbers: losses, gradients, or both.
func (j *job[T]) passes(sums *kernel.Sums, lo, hi int, losses, grads bool, s *scratch[T]) {
	if lo == hi || !losses && !grads {
		return
	}
	y, l := s.y[:hi-lo], s.l[:hi-lo]
	finite := kernel.Exp(y, j.input[lo:hi])
	if finite && losses && !j.perRow && j.weight == nil && j.posWeight == nil && j.fused(sums, lo, hi, grads, y, l) {
		return
	}
	if losses {
		j.segments(lo, hi, func(s segment[T]) { kernel.Losses(l[s.lo-lo:s.hi-lo], y[s.lo-lo:s.hi-lo], s.Run, finite) })
	}
	switch {
	case losses && j.perRow && j.length <= fewInRow:
		j.addShortRows(lo, hi, l)
	case losses && j.perRow:
		j.addRows(sums, lo, hi, func(from, to int) { sums.Add(l[from-lo : to-lo]) })
	case losses && j.sum:
		sums.Add(l)
	}
	if grads {
		j.gradInputs(lo, hi, y)
	}
	if losses && !j.perRow && j.losses != nil {
		kernel.Round(j.losses[lo:hi], l)
	}
}

// fused is passes without weights, by kernels that do several passes in one, given y = exp(-|x|) of finite
// logits. It does nothing and returns false if there is no such kernel.
func (j *job[T]) fused(sums *kernel.Sums, lo, hi int, grads bool, y, l []float64) bool {
	r := kernel.Run[T]{Input: j.input[lo:hi], Target: j.target[lo:hi]}
	u, one := T(j.upstream.number(0)), len(j.upstream.values) <= 1
	switch {
	case j.sum && !grads:
		kernel.SumLosses(sums, y, r)
	case !grads:
		kernel.RoundLosses(j.losses[lo:hi], y, r)
	case j.sum && one:
		kernel.SumLossesGrads(sums, j.gradInput[lo:hi], y, l, r, u, j.div)
	case one:
		kernel.RoundLossesGrads(j.losses[lo:hi], j.gradInput[lo:hi], y, l, r, u, j.div)
	default:
		return false
	}
	return true
}

// segments calls f for each segment of a chunk, for all of it if there are no weights.
func (j *job[T]) segments(lo, hi int, f func(s segment[T])) {
	for at := lo; at < hi; {
		s := segment[T]{Run: kernel.Run[T]{Input: j.input[lo:hi], Target: j.target[lo:hi]}, lo: lo, hi: hi}
		if j.weight != nil || j.posWeight != nil {
			s = j.segment(at, hi)
		}
		f(s)
		at = s.hi
	}
}

// fewInRow is the number of losses of a row up to which a call of a kernel takes longer than to add them.
const fewInRow = 32

// addShortRows writes the sums of the rows of a chunk, of which l has the losses.
func (j *job[T]) addShortRows(lo, hi int, l []float64) {
	dst := j.losses[lo/j.length : hi/j.length]
	row := func(k int) []float64 { return l[min(k, len(dst)-1)*j.length:][:j.length] }
	if sizeOf[T]() == 8 {
		for k := range dst {
			var sum kernel.Accumulator
			for _, v := range row(k) {
				sum.Add(v)
			}
			dst[k] = T(sum.Value() / j.div)
		}
		return
	}
	// So few float64 roundings are nothing. Additions of one row wait for each other, those of four rows do not.
	for k := 0; k < len(dst); k += 4 {
		l0, l1, l2, l3 := row(k), row(k+1), row(k+2), row(k+3)
		var s0, s1, s2, s3 float64
		for i, v := range l0 {
			s0, s1, s2, s3 = s0+v, s1+l1[i], s2+l2[i], s3+l3[i]
		}
		sums := [4]float64{s0, s1, s2, s3}
		for i := range dst[k:min(k+4, len(dst))] {
			dst[k+i] = T(sums[i] / j.div)
		}
	}
}

// addRows adds the losses of a chunk to the sum of their row, by add, and writes those of the rows that end in
// the chunk.
func (j *job[T]) addRows(sums *kernel.Sums, lo, hi int, add func(from, to int)) {
	for at := lo; at < hi; {
		row := at / j.length
		end := min(hi, (row+1)*j.length)
		add(at, end)
		if end == (row+1)*j.length {
			total := sums.Total()
			j.losses[row] = T(total.Value() / j.div)
			sums.Clear()
		}
		at = end
	}
}

// gradInputs writes the gradient in the input, given y = exp(-|x|). It is NaN at an infinite pos_weight of BCEWithLogitsLoss and at an
// infinite weight of MultiLabelSoftMarginLoss: there is no right gradient then, and PyTorch multiplies the two terms of the derivative by the
// infinity before it subtracts them.
func (j *job[T]) gradInputs(lo, hi int, y []float64) {
	for at := lo; at < hi; {
		s := j.segment(at, hi)
		infinite := s.PosWeight
		if j.kind == ofLabels {
			infinite = s.Weight
		}
		patch := hasInf(infinite)
		dst := j.gradInput[s.lo:s.hi]
		kernel.Grads(dst, y[at-lo:s.hi-lo], s.Run, j.upstream.of(s), j.div)
		if patch {
			nanAtInf(dst, infinite)
		}
		at = s.hi
	}
}

// gradTargets writes the gradient in the target. l is scratch.
func (j *job[T]) gradTargets(lo, hi int, l []float64) {
	if j.posWeight != nil {
		kernel.Exp(l, j.input[lo:hi])
		kernel.Log1p[T](l, l)
	}
	for at := lo; at < hi; {
		s := j.segment(at, hi)
		kernel.GradTarget(j.gradTarget[s.lo:s.hi], l[at-lo:s.hi-lo], s.Run, j.upstream.of(s), j.div)
		at = s.hi
	}
}

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

// gradWeights writes the gradient of MultiLabelSoftMarginLoss in its weight to dst: for each
// element of weight the sum of u·l/div over the elements of input that it multiplies,
// where l is the loss without weight.
func (j *job[T]) gradWeights(dst []T, weightShape, shape []int) {
	if len(j.input) == 0 {
		clear(dst)
		return
	}
	var buf [maxAxes]axis
	axes := collapse(buf[:0], shape, weightShape, nil, false)
	classes := fromEnd(shape, 0)
	terms := len(j.input) / len(dst)
	for i := range dst {
		start := offsetAlong(axes, i, true)
		var sum kernel.Accumulator
		for k := range terms {
			at := start + offsetAlong(axes, k, false)
			sum.Add(kernel.Loss(float64(j.input[at]), float64(j.target[at]), j.upstream.number(at/classes)))
		}
		dst[i] = T(sum.Value() / j.div)
	}
}

// offsetAlong returns the offset in input of element i, in row-major order, of the axes along
// which weight varies, or of those along which it is broadcast.
func offsetAlong(axes []axis, i int, varies bool) int {
	offset, stride := 0, 1
	for _, a := range axes {
		if (a.weight != 0) == varies {
			offset += i % a.size * stride
			i /= a.size
		}
		stride *= a.size
	}
	return offset
}
