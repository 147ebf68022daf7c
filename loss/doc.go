// Package loss has four of PyTorch's losses for classification, with their gradients, for float32,
// float64, float16 and bfloat16 and tensors of any rank: [BCEWithLogitsLoss] and [MultiLabelSoftMarginLoss], for several labels from logits, [BCELoss],
// from probabilities, and [CrossEntropyLoss], for one class of many.
//
// # Use
//
// A loss is a struct of options, whose zero value is PyTorch's default. Its methods take the
// input, which is logits, or, for BCELoss, probabilities, and the targets. All tensors of a call are of one dtype, the
// type parameter; class indices are int64.
//
//	criterion := loss.BCEWithLogitsLoss[float32]{Reduction: loss.Sum}
//	value, err := criterion.Forward(input, target)
//	grad, err := criterion.GradInput(input, target, nil)
//
// ForwardGrad computes both in one pass. Into writes any of them to slices of the caller, and allocates nothing (but for weights of a rank
// above eight that are broadcast along every other dimension).
//
// The elements of 16 bits are [Float16] and [BFloat16], which have the bits. Without a reduction
// the loss and its gradients in input and target are the numbers nearest to the exact ones. A call with hard targets and without weights is computed as
// float32 numbers, any other as float64 numbers, which takes several times as long; a result close to the middle of two numbers is computed once more, as a pair of numbers.
//
// The target of CrossEntropyLoss is made by [ClassIndices] or [ClassProbabilities].
//
// Errors are of type [*ShapeError], [*OptionError] or, from BCELoss and CrossEntropyLoss, [*ValueError]; a slice to write to that has another
// length than the result is a ShapeError. Arguments are never changed, unless
// they are also what a method is told to write to, and all methods may be called
// concurrently.
//
// # Formulas
//
// Those of BCELoss and CrossEntropyLoss stand with their types. For the other two, per element, with logit x, target t, weight w and pos_weight p (ones unless given):
//
//	softplus(x)   = log(1 + exp(x))
//	σ(x)          = 1/(1 + exp(-x))
//	loss          = w·(p·t·softplus(-x) + (1-t)·softplus(x))
//	gradInput     = u·s·w·((1-t)·σ(x) - p·t·σ(-x))
//	gradTarget    = u·s·w·(p·softplus(-x) - softplus(x)), which is -u·s·w·x where p = 1
//	gradWeight    = u·s·(t·softplus(-x) + (1-t)·softplus(x)), summed over the dimensions
//	                along which weight is broadcast
//
// where u is the upstream gradient (gradOutput, or 1) of the loss that the element
// enters, and s the scale of the reduction: 1, or 1 over the number of elements that are averaged.
//
// The code does not compute them in this form. With y = exp(-|x|) and L = log1p(y),
//
//	loss      = w·(((1-t) + p·t)·L + (x ≥ 0 ? 1-t : -p·t)·x)
//	gradInput = u·s·w·(x ≥ 0 ? (1-t) - p·t·y : (1-t)·y - p·t)/(1+y)
//
// nothing cancels for targets in [0, 1]; small losses and gradients of confident
// logits keep their relative accuracy where PyTorch returns 0 (its
// BCEWithLogitsLoss does for t = 0 and x below about -15 in float32). Arithmetic is done in float64, or
// in pairs of float32 numbers that lose as little; a sum of float32 losses is the logarithm of a product, ∏(1+y), where that is as
// accurate. Sums are added in a fixed order, and a float32 result is rounded once, at the
// end, which makes it the nearest number but for a few in a hundred thousand; [BCEWithLogitsLoss].Nearest computes those once more. On one processor a result depends on the arguments alone, to the last bit.
//
// # How the two modules of several labels differ
//
// For input of shape (N, C), which stands for (…, C):
//
//	                       BCEWithLogitsLoss      MultiLabelSoftMarginLoss
//	None                   (N, C), per element    (N,), the mean over classes per sample
//	Sum                    the sum of all         the sum of the means over classes: 1/C of it
//	Mean                   over N·C               over C, then over N: the same number
//	0-d input              accepted               refused: there are no classes
//	input (C,)             (C,) with None         always 0-d
//	pos_weight             yes                    no
//	gradient in weight     no                     yes
//	N = 0: Sum, Mean       0, NaN                 0, NaN
//	C = 0: Sum, Mean       0, NaN                 NaN, NaN (for N > 0: each mean is 0/0)
//	target of other shape  refused                refused here; PyTorch broadcasts silently
//	weight of higher rank  refused                refused here; PyTorch averages the wrong axis
//
// # CrossEntropyLoss where PyTorch returns something else
//
//	row of logits                     here                        PyTorch
//	the target leads by 17 (float32)  exp(-17), exact             0
//	one is +Inf                       the limit: 0, or +Inf       NaN
//	two are +Inf, all are -Inf        NaN                         NaN
//	-Inf where the coefficient is 0   the term is 0               NaN (0 times Inf)
//	ignored, with NaN in it           loss and gradient 0         loss 0, gradient NaN
//
// A label smoothing below 0, which PyTorch takes for 0 without a word, is refused, and so is a class index of shape (1,) for the logits (C,)
// of one row, whose gradient PyTorch cannot compute.
//
// # Values that are not finite
//
// BCELoss refuses an input and a target that are not numbers from 0 to 1. Else NaN in input, target or a weight makes NaN of the results that
// depend on it. At an infinite logit the loss is the limit in the logit, with everything else fixed. PyTorch
// returns NaN at some of them:
//
//	logit  target   loss    PyTorch's BCEWithLogitsLoss   PyTorch's MultiLabelSoftMarginLoss
//	+Inf   0        +Inf    +Inf                          +Inf
//	+Inf   (0, 1)   +Inf    +Inf                          +Inf
//	+Inf   1        0       NaN                           NaN
//	-Inf   0        0       NaN                           NaN
//	-Inf   (0, 1)   +Inf    NaN                           +Inf
//	-Inf   1        +Inf    NaN                           +Inf
//
// A term whose coefficient is exactly zero, be it the target's, a weight or pos_weight, is
// zero there too, and the sign of the infinity is that of the coefficient. The gradient at an
// infinite logit is finite, and PyTorch's. (CrossEntropyLoss at infinite logits: see above.) gradTarget and gradWeight follow the same rule:
// a factor of zero makes them zero.
//
// An infinite target, weight or pos_weight has no limit to return. The results are what
// IEEE 754 arithmetic makes of the formulas, except that an infinite pos_weight of
// BCEWithLogitsLoss and an infinite weight of MultiLabelSoftMarginLoss make the gradient in the
// input NaN, as in PyTorch.
//
// No float32 result overflows unless it is itself beyond the range. In float64 products of weight,
// pos_weight, target and logit, and sums before they are divided, may overflow early.
package loss
