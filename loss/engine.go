package loss

import (
	"runtime"
	"sync"
	"sync/atomic"

	"lossproof/loss/internal/kernel"
)

// job is what is to be computed of a call, in one pass over its elements.
type job[T Float] struct {
	kind kind
	runs[T]
	rows
	// losses is nil or gets the loss of every element, or of every row along the last dimension if perRow is set.
	losses []T
	perRow bool
	// sum is whether the sum of all losses is wanted.
	sum bool
	// nearest is whether losses and gradients in the input are to be the nearest float32 numbers.
	nearest bool
	// gradInput and gradTarget are nil or get a gradient.
	gradInput, gradTarget []T
	upstream              upstream[T]
	// div is what sums of losses and gradients are divided by.
	div float64
	// Results are computed in blocks of so many units, which are chunks or rows. The sums of the blocks are added in their
	// order: the grouping of a sum, and so its last bit, depends on the shapes alone, not on the number of goroutines.
	units, perBlock int
}

const (
	// blockChunks is the least number of chunks in a block but the last: 16 Ki elements, some 20 µs.
	blockChunks   = 32
	blockElements = blockChunks * kernel.ChunkLen
	// parallelElements is the number of elements from which on goroutines pay.
	parallelElements = 4 * blockElements
)

// upstream is the gradient that the gradients are multiplied by.
type upstream[T Float] struct {
	// values are nil (ones), one number, or, with perRow, one for each row, else one for
	// each element.
	values []T
	perRow bool
}

// of returns the upstream gradient of a segment, as the kernels take it.
func (u upstream[T]) of(s segment[T]) []T {
	switch {
	case len(u.values) <= 1:
		return u.values
	case u.perRow:
		return u.values[s.run : s.run+1]
	}
	return u.values[s.lo:s.hi]
}

// number returns the upstream gradient of a row, or the one of all.
func (u upstream[T]) number(row int) float64 {
	switch len(u.values) {
	case 0:
		return 1
	case 1:
		return float64(u.values[0])
	}
	return float64(u.values[row])
}

// scratch is the memory that a goroutine computes with. Its pool spares a call what it costs to clear it.
type scratch[T Float] struct {
	// y and l are float64 numbers of a chunk of elements, or of classes.
	y     [rowChunk + kernel.SoftmaxSlack]float64
	l     [rowChunk]float64
	lanes kernel.LaneScratch
	sums  kernel.Sums
	rows  kernel.Rows
	// m, rest and logSum are those of a group of rows, or of a chunk; values are the losses of a group.
	m, rest, logSum, values [groupRows]float64
	// input and target hold a chunk whose classes are not neighbours in memory, out a result of it.
	input, target, out [rowChunk]T
}

var scratches [2]sync.Pool

func scratchPool[T Float]() *sync.Pool { return &scratches[sizeOf[T]()/8] }

func newScratch[T Float]() *scratch[T] {
	if s, ok := scratchPool[T]().Get().(*scratch[T]); ok {
		return s
	}
	return new(scratch[T])
}

func (s *scratch[T]) release() { scratchPool[T]().Put(s) }

// sizeOf returns the size of an element in bytes.
func sizeOf[T Float]() int {
	if T(1)+T(0x1p-40) == 1 {
		return 4
	}
	return 8
}

// refusal is the first element that does not lie in [0, 1].
type refusal struct {
	argument string
	index    int
	value    float64
}

func (j *job[T]) blocks() int { return (j.units + j.perBlock - 1) / j.perBlock }

// workers returns the number of goroutines to use.
func (j *job[T]) workers() int {
	if len(j.input) < parallelElements || j.overwritesUnread() {
		return 1
	}
	return min(runtime.GOMAXPROCS(0), j.blocks())
}

// overwritesUnread reports whether results of one block overwrite what another one reads: those
// of rows, over the memory of input or target.
func (j *job[T]) overwritesUnread() bool {
	return j.perRow && len(j.losses) > 0 && (&j.losses[0] == &j.input[0] || &j.losses[0] == &j.target[0])
}

// run computes all that is asked for, and returns the sum of the losses, if that is. What it has written is not defined
// if an element is refused.
func (j *job[T]) run() (float64, *refusal) {
	if workers := j.workers(); workers > 1 {
		return j.parallel(workers)
	}
	s := newScratch[T]()
	defer s.release()
	var total kernel.Accumulator
	for b := range j.blocks() {
		sum, refused := j.block(b, s)
		if refused != nil {
			return 0, refused
		}
		total.Merge(sum)
	}
	return total.Value(), nil
}

// parallel is run with goroutines.
func (j *job[T]) parallel(workers int) (float64, *refusal) {
	shared := new(job[T]) // a copy, so that j itself is not on the heap
	*shared = *j
	return parallel(workers, j.blocks(), func() (func(b int) (kernel.Accumulator, *refusal), func()) {
		s := newScratch[T]()
		return func(b int) (kernel.Accumulator, *refusal) { return shared.block(b, s) }, s.release
	})
}

// parallel computes blocks, and returns their sum: each goroutine takes the next block until there is none. It computes them by what begin returns, and
// ends with the other function. The refusal is that of the first block that has one.
func parallel(workers, blocks int, begin func() (block func(b int) (kernel.Accumulator, *refusal), end func())) (float64, *refusal) {
	type result struct {
		sum     kernel.Accumulator
		refused *refusal
	}
	results := make([]result, blocks)
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			block, end := begin()
			defer end()
			for b := int(next.Add(1)) - 1; b < len(results); b = int(next.Add(1)) - 1 {
				results[b].sum, results[b].refused = block(b)
			}
		})
	}
	group.Wait()
	var total kernel.Accumulator
	for _, r := range results {
		if r.refused != nil {
			return 0, r.refused
		}
		total.Merge(r.sum)
	}
	return total.Value(), nil
}

// block computes block b and returns its sum, if it is wanted.
func (j *job[T]) block(b int, s *scratch[T]) (kernel.Accumulator, *refusal) {
	first, end := b*j.perBlock, min((b+1)*j.perBlock, j.units)
	if j.kind == ofClasses {
		return j.blockOfRows(first, end, s), nil
	}
	s.sums.Clear()
	for k := first; k < end; k++ {
		lo, hi := j.chunk(k)
		if j.kind != ofProbabilities {
			j.logits(&s.sums, lo, hi, s)
		} else if !j.probabilities(&s.sums, lo, hi, s) {
			return kernel.Accumulator{}, j.refuse(lo, hi)
		}
	}
	return s.sums.Total(), nil
}
