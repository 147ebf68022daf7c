// Package kernel computes the losses and gradients of one contiguous run of elements.
//
// It is the seam between package loss, which knows shapes, broadcasting and
// reductions, and the arithmetic. Slices go in, slices come out; nothing is allocated
// and nothing is kept. Callers cut longer runs into pieces of at most [MaxRun]
// elements, so that one call stays short and the grouping of a sum is fixed.
//
// All arithmetic is in float64; a float32 result is rounded once, when it is stored.
//
// # Formulas
//
// With logit x, target t, weight w, pos_weight p, and
//
//	y = exp(-|x|)      in [0, 1]
//	L = log1p(y)       so that softplus(x) = L + max(x, 0) and softplus(-x) = L + max(-x, 0)
//
// the loss and its derivative in x are
//
//	loss = w·(((1-t) + p·t)·L + (x ≥ 0 ? 1-t : -p·t)·x)
//	grad = w·(x ≥ 0 ? (1-t) - p·t·y : (1-t)·y - p·t)/(1+y)
//
// For t and p in the usual range all terms of a branch of loss have one sign, so nothing
// cancels. The factor (1-t) + p·t is never written 1 + (p-1)·t: that loses p where t = 1 and p is
// small. At x = ±Inf the limit in x is returned, with w, p and t fixed.
package kernel

// Float is the constraint of the element types.
type Float interface{ float32 | float64 }

// MaxRun is the largest number of elements that callers hand to one call.
const MaxRun = 4096

// Run is a run of consecutive elements.
type Run[T Float] struct {
	// Input (the logits) and Target have one length, the length of the run.
	Input, Target []T
	// Weight and PosWeight are nil (absent: ones), have one element (constant over
	// the run), or are as long as the run.
	Weight, PosWeight []T
}
