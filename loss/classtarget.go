package loss

import "slices"

// ClassTarget is the target of a [CrossEntropyLoss]: class indices or class probabilities, as [ClassIndices] or
// [ClassProbabilities] made it. It is a view of the slices that it was made of. The zero ClassTarget is not valid.
type ClassTarget[T Element] struct {
	kind          targetKind
	shape         []int
	indices       []int64
	probabilities []T
}

type targetKind int

const (
	noTarget targetKind = iota
	byIndex
	byProbability
)

// ClassIndices returns the target that names one class for each row of logits: a number from 0 to C-1, or the
// loss's IgnoreIndex. Its shape is that of input without the dimension of the classes: without a shape it is a 0-d one,
// for the logits (C,) of one row.
func ClassIndices[T Element](indices []int64, shape ...int) ClassTarget[T] {
	return ClassTarget[T]{kind: byIndex, shape: shape, indices: indices}
}

// ClassProbabilities returns the target that gives each class of each row a probability. Its shape is that of input. The probabilities
// are not checked: a row of them need not add up to 1, nor lie in [0, 1].
func ClassProbabilities[T Element](probabilities Tensor[T]) ClassTarget[T] {
	return ClassTarget[T]{kind: byProbability, shape: probabilities.Shape, probabilities: probabilities.Data}
}

// check returns an error unless t is valid and fits a valid input of at least one dimension.
func (t *ClassTarget[T]) check(input []int) error {
	switch t.kind {
	case byProbability:
		return checkSame(crossEntropyName, "target", t.shape, len(t.probabilities), input, "the shape of input, for class probabilities")
	case byIndex:
		n, ok := count(t.shape)
		switch {
		case !ok:
			return shapeErrorf(crossEntropyName, "target", "shape %s has a negative dimension or too many elements", formatShape(t.shape))
		case n != len(t.indices):
			return shapeErrorf(crossEntropyName, "target", "shape %s needs %d indices, got %d", formatShape(t.shape), n, len(t.indices))
		}
		axis := classAxis(input)
		if len(t.shape) == len(input)-1 && slices.Equal(t.shape[:axis], input[:axis]) && slices.Equal(t.shape[axis:], input[axis+1:]) {
			return nil
		}
		return shapeErrorf(crossEntropyName, "target", "got class indices of shape %s, want %s, the shape of input without its classes",
			formatShape(t.shape), formatShape(slices.Delete(slices.Clone(input), axis, axis+1)))
	}
	return shapeErrorf(crossEntropyName, "target", "got a zero ClassTarget, want one made by ClassIndices or ClassProbabilities")
}

// classAxis returns the dimension of the classes in input: the second, or the only one.
func classAxis(input []int) int { return min(1, len(input)-1) }
