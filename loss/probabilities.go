package loss

import "lossproof/loss/internal/kernel"

// refuse finds the element of a chunk that does not lie in [0, 1].
func (j *job[T]) refuse(lo, hi int) *refusal {
	for i := lo; i < hi; i++ {
		if x := j.input[i]; !kernel.InUnit(x) {
			return &refusal{"input", i, float64(x)}
		}
		if t := j.target[i]; !kernel.InUnit(t) {
			return &refusal{"target", i, float64(t)}
		}
	}
	return nil
}

// probabilities writes what is wanted of a chunk, and adds its losses to sums. It returns false, and has written nothing, if an element does not lie in
// [0, 1]. Results may be the memory of the operands.
func (j *job[T]) probabilities(sums *kernel.Sums, lo, hi int, s *scratch[T]) (ok bool) {
	scratch := s.y[:hi-lo]
	if j.gradTarget != nil {
		return j.probabilityGradTargets(lo, hi)
	}
	if j.losses == nil && !j.sum {
		return j.probabilityGradInputs(lo, hi, scratch)
	}
	left := lo // from where on there are losses to compute
	if middle := lo + (hi-lo)/kernel.ProbabilitySumsElements*kernel.ProbabilitySumsElements; j.sum && j.weight == nil && lo < middle {
		if kernel.ProbabilitySums(sums, j.input[lo:middle], j.target[lo:middle]) {
			left = middle
		}
	}
	losses := scratch[:hi-left]
	if !kernel.ProbabilityLosses(losses, j.input[left:hi], j.target[left:hi]) {
		return false
	}
	if j.weight != nil {
		j.segments(lo, hi, func(s segment[T]) { kernel.Scale(losses[s.lo-lo:s.hi-lo], s.Weight) })
	}
	if j.sum {
		sums.Add(losses)
	}
	if j.losses == nil {
		return j.gradInput == nil || j.roundedGrads(lo, hi) || j.probabilityGradInputs(lo, hi, scratch)
	}
	if j.gradInput == nil {
		kernel.Round(j.losses[lo:hi], scratch)
		return true
	}
	// Losses and gradients may be the memory of input and target: neither is written before both are computed.
	grads := s.l[:hi-lo]
	j.probabilityGrads(grads, lo, hi)
	kernel.Round(j.losses[lo:hi], scratch)
	kernel.Round(j.gradInput[lo:hi], grads)
	return true
}

// probabilityGradInputs writes the gradient in the input of a chunk, unless an element does not lie in [0, 1].
func (j *job[T]) probabilityGradInputs(lo, hi int, scratch []float64) (ok bool) {
	ok = j.probabilityGrads(scratch, lo, hi)
	if ok {
		kernel.Round(j.gradInput[lo:hi], scratch)
	}
	return ok
}

// roundedGrads is probabilityGradInputs for a chunk that lies in [0, 1], in one pass, where there is one: else it returns false, and has written nothing.
func (j *job[T]) roundedGrads(lo, hi int) (done bool) {
	s := j.segment(lo, hi)
	return s.hi == hi && kernel.ProbabilityGradsRound(j.gradInput[lo:hi], s.Input, s.Target, s.Weight, j.upstream.of(s), j.div)
}

func (j *job[T]) probabilityGrads(g []float64, lo, hi int) (ok bool) {
	ok = true
	for at := lo; at < hi; {
		s := j.segment(at, hi)
		fine := kernel.ProbabilityGrads(g[at-lo:s.hi-lo], s.Input, s.Target, s.Weight, j.upstream.of(s), j.div)
		ok = ok && fine
		at = s.hi
	}
	return ok
}

// probabilityGradTargets writes the gradient in the target of a chunk, unless an element does not lie in [0, 1].
func (j *job[T]) probabilityGradTargets(lo, hi int) (ok bool) {
	if j.refuse(lo, hi) != nil {
		return false
	}
	for at := lo; at < hi; {
		s := j.segment(at, hi)
		kernel.ProbabilityGradTargets(j.gradTarget[s.lo:s.hi], s.Input, s.Weight, j.upstream.of(s), j.div)
		at = s.hi
	}
	return true
}
