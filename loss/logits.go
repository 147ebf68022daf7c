package loss

import (
	"math"

	"lossproof/loss/internal/kernel"
)

// logits writes what is wanted of a chunk, and adds its losses to sums. All is read before anything of the same index
// is written: results may be the memory of the operands.
func (j *job[T]) logits(sums *kernel.Sums, lo, hi int, s *scratch[T]) {
	y, l := s.y[:hi-lo], s.l[:hi-lo]
	if j.gradTarget != nil {
		j.gradTargets(lo, hi, y)
		return
	}
	finite := kernel.Exp(y, j.input[lo:hi])
	if finite && j.weight == nil && j.posWeight == nil && j.computePlain(sums, lo, hi, y, l) {
		return
	}
	if j.sum || j.losses != nil {
		for at := lo; at < hi; {
			s := j.segment(at, hi)
			kernel.Losses(l[at-lo:s.hi-lo], y[at-lo:s.hi-lo], s.Run, finite)
			at = s.hi
		}
	}
	switch {
	case j.perRow && j.losses != nil:
		j.addRows(sums, lo, hi, func(from, to int) { sums.Add(l[from-lo : to-lo]) })
	case j.sum:
		sums.Add(l)
	}
	if j.gradInput != nil {
		j.gradInputs(lo, hi, y)
	}
	if j.losses != nil && !j.perRow {
		kernel.Round(j.losses[lo:hi], l, j.stream)
	}
}

// computePlain computes a chunk without weights by kernels that do several passes in one, given y = exp(-|x|) of finite
// logits. It does nothing and returns false if there is no such kernel.
func (j *job[T]) computePlain(sums *kernel.Sums, lo, hi int, y, l []float64) bool {
	r := kernel.Run[T]{Input: j.input[lo:hi], Target: j.target[lo:hi]}
	u, one := T(1), len(j.upstream.values) <= 1
	if len(j.upstream.values) == 1 {
		u = j.upstream.values[0]
	}
	switch {
	case j.gradInput == nil && j.perRow:
		j.addRows(sums, lo, hi, func(from, to int) {
			row := kernel.Run[T]{Input: j.input[from:to], Target: j.target[from:to]}
			kernel.SumLosses(sums, y[from-lo:to-lo], row)
		})
	case j.gradInput == nil && j.sum:
		kernel.SumLosses(sums, y, r)
	case j.gradInput == nil:
		kernel.RoundLosses(j.losses[lo:hi], y, r, j.stream)
	case j.sum && one:
		kernel.SumLossesGrads(sums, j.gradInput[lo:hi], y, l, r, u, j.div, j.stream)
	case j.losses != nil && !j.perRow && one:
		kernel.RoundLossesGrads(j.losses[lo:hi], j.gradInput[lo:hi], y, l, r, u, j.div, j.stream)
	default:
		return false
	}
	return true
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
			*sums = kernel.Sums{}
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
		kernel.Grads(dst, y[at-lo:s.hi-lo], s.Run, j.upstream.of(s), j.div, j.stream)
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
