package loss

import (
	"fmt"
)

// CrossEntropyLoss is the cross-entropy of the softmax of logits, PyTorch's module of that name. With
//
//	-log p[c] = log Σ exp(x) - x[c]    over the classes of a row x
//
// class weights w, label smoothing ε and C classes, the loss of a row is
//
//	(1-ε)·w[y]·(-log p[y]) + ε/C·Σ w[c]·(-log p[c])    for the class index y
//	Σ w[c]·((1-ε)·t[c] + ε/C)·(-log p[c])              for the class probabilities t
//
// and its gradient in the input
//
//	u·s·(A·p[c] - a[c])    with A = Σ a[c]
//
// where a[c] is the coefficient of -log p[c] in the loss, u the upstream gradient and s the scale of the reduction.
//
// The zero value is ready to use: no weights, no smoothing, and the mean over all rows.
//
// Input has the shape (C,), (N, C), or (N, C, d1, …): the classes are its second dimension, or the only one. A row are the logits along
// it. Class indices have the shape of input without that dimension, class probabilities that of input. The loss has the
// shape that class indices have with [None], else it is 0-d.
//
// [Mean] divides the sum of the losses by the sum of w[y] over the rows that are not ignored, for class indices; for class
// probabilities it divides by the number of rows, whatever the weights. So one-hot probabilities
// have another weighted mean than the indices they stand for, as in PyTorch.
//
// The formula of the loss is that of https://docs.pytorch.org/docs/2.15/generated/torch.nn.CrossEntropyLoss.html.
//
// Methods do not change the loss, nor what it points to, and may be called concurrently.
type CrossEntropyLoss[T Element] struct {
	// Weight multiplies the terms of each class; nil means ones. Its shape is (C,).
	Weight *Tensor[T]
	// IgnoreIndex is a class index, not necessarily a class, that takes its row out: the loss is
	// 0, the gradient too, and the mean does not count it. nil means -100. With class probabilities it has no effect, and
	// one that is not negative is refused, by an [*OptionError].
	IgnoreIndex *int64
	// LabelSmoothing is ε, from 0 to 1; any other number is refused, by an [*OptionError].
	LabelSmoothing float64
	Reduction      Reduction
}

const (
	crossEntropyName   = "CrossEntropyLoss"
	defaultIgnoreIndex = -100
)

// Forward returns the loss. The error is a [*ShapeError], an [*OptionError] or, for a class index out of
// range, a [*ValueError].
func (l CrossEntropyLoss[T]) Forward(input Tensor[T], target ClassTarget[T]) (Tensor[T], error) {
	return l.criterion().forward(input, target)
}

// GradInput returns the gradient of the loss in input, in its shape. gradOutput is the
// upstream gradient, in the shape of the loss; nil means ones. The errors are those of [CrossEntropyLoss.Forward].
func (l CrossEntropyLoss[T]) GradInput(input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	return l.criterion().gradInput(input, target, gradOutput)
}

// GradTarget returns the gradient of the loss in the class probabilities, in their shape:
// u·s·w[c]·(1-ε)·(-log p[c]). The errors are those of [CrossEntropyLoss.Forward], and a [*ShapeError] for class indices: they have no
// gradient.
func (l CrossEntropyLoss[T]) GradTarget(input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	return l.criterion().gradTarget(input, target, gradOutput)
}

// GradWeight returns the gradient of the loss in Weight, in its shape (C,), for class probabilities: the sum of u·s·((1-ε)·t[c] + ε/C)·(-log p[c])
// over the rows. As in PyTorch there is none for class indices. The errors are those of [CrossEntropyLoss.Forward], a [*ShapeError] for class indices,
// and an [*OptionError] if the loss has no Weight.
func (l CrossEntropyLoss[T]) GradWeight(input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	return l.criterion().gradWeight(input, target, gradOutput)
}

// ForwardGrad returns the loss and its gradient in input, computed in one pass: faster
// than [CrossEntropyLoss.Forward] and [CrossEntropyLoss.GradInput], with the same results. gradOutput enters the gradient alone.
func (l CrossEntropyLoss[T]) ForwardGrad(input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) (loss, gradInput Tensor[T], err error) {
	return l.criterion().forwardGrad(input, target, gradOutput)
}

// Into writes what results has slices for, and allocates nothing.
func (l CrossEntropyLoss[T]) Into(results Results[T], input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) error {
	return l.criterion().into(&results, &input, target, gradOutput)
}

func (l CrossEntropyLoss[T]) criterion() *criterion[T] {
	ignore := int64(defaultIgnoreIndex)
	if l.IgnoreIndex != nil {
		ignore = *l.IgnoreIndex
	}
	return &criterion[T]{module: crossEntropyName, kind: ofClasses, reduction: l.Reduction, weight: l.Weight, ignore: ignore, smoothing: l.LabelSmoothing}
}

// checkIndices returns how many class indices are ignored, and an error unless all others are classes.
func checkIndices[T Element](target *ClassTarget[T], ignore int64, classes int) (ignored int, err error) {
	for i, y := range target.indices {
		if y == ignore {
			ignored++
		} else if uint64(y) >= uint64(classes) { // or negative
			return 0, valueError(crossEntropyName, "target", target.shape, i, y, fmt.Sprintf("a class from 0 to %d, or %d to ignore it", classes-1, ignore))
		}
	}
	return ignored, nil
}
