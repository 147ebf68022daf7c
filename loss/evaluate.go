package loss

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"lossproof/loss/internal/kernel"
)

// upstream is what a gradient is multiplied by: the upstream gradient, divided by what
// the reduction divides by.
type upstream[T Float] struct {
	// values are nil (ones), one number, or, with perRun, one for each run, else one for
	// each element.
	values []T
	perRun bool
	div    float64
}

// newUpstream checks the upstream gradient of a loss of a shape; nil means ones.
func newUpstream[T Float](module string, gradOutput *Tensor[T], lossShape []int, div float64) (upstream[T], error) {
	u := upstream[T]{div: div}
	if gradOutput == nil {
		return u, nil
	}
	u.values = gradOutput.Data
	return u, checkSame(module, "grad_output", *gradOutput, lossShape, "the shape of the loss")
}

// of returns the upstream gradient of a segment, as the kernels take it.
func (u upstream[T]) of(s segment[T]) []T {
	switch {
	case len(u.values) <= 1:
		return u.values
	case u.perRun:
		return u.values[s.run : s.run+1]
	}
	return u.values[s.lo:s.hi]
}

// infWeight says where the gradient in the input is NaN because a weight is infinite. There is no
// right gradient then. PyTorch returns NaN at an infinite pos_weight of BCEWithLogitsLoss and at an
// infinite weight of MultiLabelSoftMarginLoss: it multiplies the two terms of the derivative by the infinity
// before it subtracts them.
type infWeight int

const (
	never infWeight = iota
	atWeight
	atPosWeight
)

// job is what is to be computed of a tensor.
type job[T Float] struct {
	runs[T]
	// losses is nil or gets the loss of every element.
	losses []T
	// rows is nil or gets the sum of the losses of each run, divided by div.
	rows []T
	div  float64
	// sum is whether the sum of all losses is wanted.
	sum bool
	// gradInput and gradTarget are nil or get a gradient.
	gradInput, gradTarget []T
	upstream              upstream[T]
	nan                   infWeight
	stream                bool
}

// Results are computed in blocks of chunks, whose sums are added in their order: the grouping of a
// sum, and so its last bit, depends on the shapes alone, not on the number of goroutines.
const (
	// blockChunks is the least number of chunks in a block but the last: 16 Ki elements, some 20 µs.
	blockChunks = 32
	// parallelChunks is the number of chunks from which on goroutines pay: 64 Ki elements.
	parallelChunks = 128
	// streamBytes is the size from which on results are written past the caches, which they would
	// not fit into.
	streamBytes = 8 << 20
)

// run computes all that is asked for, and returns the sum of the losses, if that is.
func (j *job[T]) run() float64 {
	j.stream = len(j.input)*sizeOf[T]() >= streamBytes
	if len(j.input) == 0 {
		for i := range j.rows { // sums of nothing, as there are no classes
			j.rows[i] = T(0 / j.div)
		}
		return 0
	}
	if n := j.workers(); n > 1 {
		return j.parallel(n)
	}
	return j.sequential()
}

// workers returns the number of goroutines to use.
func (j *job[T]) workers() int {
	if j.chunks < parallelChunks || j.overwritesUnread() {
		return 1
	}
	return min(runtime.GOMAXPROCS(0), j.blocks())
}

// sizeOf returns the size of an element in bytes.
func sizeOf[T Float]() int {
	if T(1)+T(0x1p-40) == 1 {
		return 4
	}
	return 8
}

// perBlock returns the number of chunks in a block. The chunks of one row are in one block.
func (j *job[T]) perBlock() int {
	if j.rows == nil || j.length <= kernel.ChunkLen {
		return blockChunks
	}
	return (blockChunks-1)/j.perSpan*j.perSpan + j.perSpan
}

func (j *job[T]) blocks() int { return (j.chunks-1)/j.perBlock() + 1 }

// overwritesUnread reports whether results of one block overwrite what another one reads: those
// of rows, over the memory of input or target.
func (j *job[T]) overwritesUnread() bool {
	return len(j.rows) > 0 && (&j.rows[0] == &j.input[0] || &j.rows[0] == &j.target[0])
}

// The scratch of a job is of one array, if the exponentials are not needed once there are logarithms.

func (j *job[T]) sequential() float64 {
	if j.gradInput == nil {
		var y [kernel.ChunkLen]float64
		return j.all(y[:], y[:])
	}
	return j.sequentialGrad()
}

func (j *job[T]) sequentialGrad() float64 {
	var y, l [kernel.ChunkLen]float64
	return j.all(y[:], l[:])
}

func (j *job[T]) all(y, l []float64) float64 {
	var total kernel.Accumulator
	for b := range j.blocks() {
		total.Merge(j.block(b, y, l))
	}
	return total.Value()
}

// parallel is sequential with goroutines. Each takes the next block until there is none.
func (j *job[T]) parallel(workers int) float64 {
	shared := new(job[T]) // a copy, so that j itself is not on the heap
	*shared = *j
	sums := make([]kernel.Accumulator, j.blocks())
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			var y, l [kernel.ChunkLen]float64
			for b := int(next.Add(1)) - 1; b < len(sums); b = int(next.Add(1)) - 1 {
				sums[b] = shared.block(b, y[:], l[:])
			}
		})
	}
	group.Wait()
	var total kernel.Accumulator
	for _, s := range sums {
		total.Merge(s)
	}
	return total.Value()
}

// block computes block b and returns its sum, if it is wanted. y and l are scratch for a chunk.
func (j *job[T]) block(b int, y, l []float64) kernel.Accumulator {
	perBlock := j.perBlock()
	var sums kernel.Sums
	for k := b * perBlock; k < min((b+1)*perBlock, j.chunks); k++ {
		lo, hi := j.chunk(k)
		n := hi - lo
		j.compute(&sums, lo, hi, y[:n], l[:n])
	}
	if !j.sum {
		return kernel.Accumulator{}
	}
	return sums.Total()
}

// compute writes what is wanted of a chunk, and adds its losses to sums. All is read before anything of the same index
// is written: results may be the memory of the operands. y and l are scratch, and the same unless there is a
// gradient in the input.
func (j *job[T]) compute(sums *kernel.Sums, lo, hi int, y, l []float64) {
	if j.gradTarget != nil {
		j.gradTargets(lo, hi, y)
		return
	}
	finite := kernel.Exp(y, j.input[lo:hi])
	if finite && j.weight == nil && j.posWeight == nil && j.computePlain(sums, lo, hi, y, l) {
		return
	}
	if j.sum || j.losses != nil || j.rows != nil {
		for at := lo; at < hi; {
			s := j.segment(at, hi)
			kernel.Losses(l[at-lo:s.hi-lo], y[at-lo:s.hi-lo], s.Run, finite)
			at = s.hi
		}
	}
	switch {
	case j.rows != nil:
		j.addRows(sums, lo, hi, func(from, to int) { sums.Add(l[from-lo : to-lo]) })
	case j.sum:
		sums.Add(l)
	}
	if j.gradInput != nil {
		j.gradInputs(lo, hi, y)
	}
	if j.losses != nil {
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
	case j.gradInput == nil && j.rows != nil:
		j.addRows(sums, lo, hi, func(from, to int) {
			row := kernel.Run[T]{Input: j.input[from:to], Target: j.target[from:to]}
			kernel.SumLosses(sums, y[from-lo:to-lo], row)
		})
	case j.gradInput == nil && j.sum:
		kernel.SumLosses(sums, y, r)
	case j.gradInput == nil:
		kernel.RoundLosses(j.losses[lo:hi], y, r, j.stream)
	case j.sum && one:
		kernel.SumLossesGrads(sums, j.gradInput[lo:hi], y, l, r, u, j.upstream.div, j.stream)
	case j.losses != nil && one:
		kernel.RoundLossesGrads(j.losses[lo:hi], j.gradInput[lo:hi], y, l, r, u, j.upstream.div, j.stream)
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
			j.rows[row] = T(total.Value() / j.div)
			*sums = kernel.Sums{}
		}
		at = end
	}
}

// gradInputs writes the gradient in the input, given y = exp(-|x|).
func (j *job[T]) gradInputs(lo, hi int, y []float64) {
	for at := lo; at < hi; {
		s := j.segment(at, hi)
		infinite := s.Weight
		if j.nan == atPosWeight {
			infinite = s.PosWeight
		}
		patch := j.nan != never && hasInf(infinite)
		dst := j.gradInput[s.lo:s.hi]
		kernel.Grads(dst, y[at-lo:s.hi-lo], s.Run, j.upstream.of(s), j.upstream.div, j.stream)
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
		kernel.GradTarget(j.gradTarget[s.lo:s.hi], l[at-lo:s.hi-lo], s.Run, j.upstream.of(s), j.upstream.div)
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
