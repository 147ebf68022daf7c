package loss

import (
	"runtime"

	"lossproof/loss/internal/kernel"
)

// probabilityJob is what is to be computed of a BCELoss.
type probabilityJob[T Float] struct {
	runs[T]
	// losses is nil or gets the loss of every element.
	losses []T
	// sum is whether the sum of all losses is wanted.
	sum bool
	// gradInput and gradTarget are nil or get a gradient.
	gradInput, gradTarget []T
	upstream              upstream[T]
	stream                bool
}

// refusal is the first element, if one was found, that does not lie in [0, 1].
type refusal struct {
	found    bool
	argument string
	index    int
	value    float64
}

// run computes all that is asked for, and returns the sum of the losses, if that is. What it has written is not defined
// if an element is refused.
func (j *probabilityJob[T]) run() (float64, refusal) {
	j.stream = len(j.input)*sizeOf[T]() >= streamBytes
	if workers := j.workers(); workers > 1 {
		return j.parallel(workers)
	}
	var scratch [kernel.ChunkLen]float64
	var total kernel.Accumulator
	for b := range j.blocks() {
		sum, refused := j.block(b, scratch[:])
		if refused.found {
			return 0, refused
		}
		total.Merge(sum)
	}
	return total.Value(), refusal{}
}

// parallel is run with goroutines. The refusal is that of the first block that has one.
func (j *probabilityJob[T]) parallel(workers int) (float64, refusal) {
	type result struct {
		sum     kernel.Accumulator
		refused refusal
	}
	shared := *j // so that j itself is not on the heap
	results := make([]result, j.blocks())
	inBlocks(len(results), workers, newChunk, func(b int, scratch []float64) {
		results[b].sum, results[b].refused = shared.block(b, scratch)
	})
	var total kernel.Accumulator
	for _, r := range results {
		if r.refused.found {
			return 0, r.refused
		}
		total.Merge(r.sum)
	}
	return total.Value(), refusal{}
}

func newChunk() []float64 { return make([]float64, kernel.ChunkLen) }

// workers returns the number of goroutines to use.
func (j *probabilityJob[T]) workers() int {
	if j.chunks < parallelChunks {
		return 1
	}
	return min(runtime.GOMAXPROCS(0), j.blocks())
}

func (j *probabilityJob[T]) blocks() int { return (j.chunks + blockChunks - 1) / blockChunks }

// block computes block b and returns its sum, if it is wanted. scratch is for a chunk.
func (j *probabilityJob[T]) block(b int, scratch []float64) (kernel.Accumulator, refusal) {
	var sums kernel.Sums
	for k := b * blockChunks; k < min((b+1)*blockChunks, j.chunks); k++ {
		lo, hi := j.chunk(k)
		if !j.compute(&sums, lo, hi, scratch[:hi-lo]) {
			return kernel.Accumulator{}, j.refuse(lo, hi)
		}
	}
	return sums.Total(), refusal{}
}

// refuse finds the element of a chunk that does not lie in [0, 1].
func (j *probabilityJob[T]) refuse(lo, hi int) refusal {
	for i := lo; i < hi; i++ {
		if x := j.input[i]; !kernel.InUnit(x) {
			return refusal{true, "input", i, float64(x)}
		}
		if t := j.target[i]; !kernel.InUnit(t) {
			return refusal{true, "target", i, float64(t)}
		}
	}
	return refusal{}
}

// compute writes what is wanted of a chunk, and adds its losses to sums. It returns false, and has written nothing, if an element does not lie in
// [0, 1]. Results may be the memory of the operands.
func (j *probabilityJob[T]) compute(sums *kernel.Sums, lo, hi int, scratch []float64) (ok bool) {
	if j.gradTarget != nil {
		return j.gradTargets(lo, hi)
	}
	if j.losses == nil && !j.sum {
		return j.gradInputs(lo, hi, scratch)
	}
	if !kernel.ProbabilityLosses(scratch, j.input[lo:hi], j.target[lo:hi]) {
		return false
	}
	if j.weight != nil {
		for at := lo; at < hi; {
			s := j.segment(at, hi)
			kernel.Scale(scratch[at-lo:s.hi-lo], s.Weight)
			at = s.hi
		}
	}
	if j.sum {
		sums.Add(scratch)
	}
	if j.losses == nil {
		return j.gradInput == nil || j.roundedGrads(lo, hi) || j.gradInputs(lo, hi, scratch)
	}
	if j.gradInput == nil {
		kernel.Round(j.losses[lo:hi], scratch, j.stream)
		return true
	}
	// Losses and gradients may be the memory of input and target: neither is written before both are computed.
	var grads [kernel.ChunkLen]float64
	j.computeGrads(grads[:hi-lo], lo, hi)
	kernel.Round(j.losses[lo:hi], scratch, j.stream)
	kernel.Round(j.gradInput[lo:hi], grads[:hi-lo], j.stream)
	return true
}

// gradInputs writes the gradient in the input of a chunk, unless an element does not lie in [0, 1].
func (j *probabilityJob[T]) gradInputs(lo, hi int, scratch []float64) (ok bool) {
	ok = j.computeGrads(scratch, lo, hi)
	if ok {
		kernel.Round(j.gradInput[lo:hi], scratch, j.stream)
	}
	return ok
}

// roundedGrads is gradInputs for a chunk that lies in [0, 1], in one pass, where there is one: else it returns false, and has written nothing.
func (j *probabilityJob[T]) roundedGrads(lo, hi int) (done bool) {
	s := j.segment(lo, hi)
	return s.hi == hi && kernel.ProbabilityGradsRound(j.gradInput[lo:hi], s.Input, s.Target, s.Weight, j.upstream.of(s), j.upstream.div, j.stream)
}

func (j *probabilityJob[T]) computeGrads(g []float64, lo, hi int) (ok bool) {
	ok = true
	for at := lo; at < hi; {
		s := j.segment(at, hi)
		fine := kernel.ProbabilityGrads(g[at-lo:s.hi-lo], s.Input, s.Target, s.Weight, j.upstream.of(s), j.upstream.div)
		ok = ok && fine
		at = s.hi
	}
	return ok
}

// gradTargets writes the gradient in the target of a chunk, unless an element does not lie in [0, 1].
func (j *probabilityJob[T]) gradTargets(lo, hi int) (ok bool) {
	if j.refuse(lo, hi).found {
		return false
	}
	for at := lo; at < hi; {
		s := j.segment(at, hi)
		kernel.ProbabilityGradTargets(j.gradTarget[s.lo:s.hi], s.Input, s.Weight, j.upstream.of(s), j.upstream.div)
		at = s.hi
	}
	return true
}
