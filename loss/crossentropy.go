package loss

import (
	"fmt"
	"math"
	"slices"

	"lossproof/loss/internal/kernel"
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
type CrossEntropyLoss[T Float] struct {
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
	loss, err := l.newLoss(input)
	if err != nil {
		return Tensor[T]{}, err
	}
	return loss.unless(l.ForwardInto(loss.Data, input, target))
}

// ForwardInto writes the loss to dst, which has one element, or with [None] one for each
// row. It allocates nothing. dst must not overlap input or target.
// The errors are those of [CrossEntropyLoss.Forward].
func (l CrossEntropyLoss[T]) ForwardInto(dst []T, input Tensor[T], target ClassTarget[T]) error {
	j, err := l.prepare(input, target)
	if err != nil {
		return err
	}
	if err := checkLen(crossEntropyName, "loss", dst, l.lossLen(input)); err != nil {
		return err
	}
	l.run(&j, dst)
	return nil
}

// GradInput returns the gradient of the loss in input, in its shape. gradOutput is the
// upstream gradient, in the shape of the loss; nil means ones. The errors are those of [CrossEntropyLoss.Forward].
func (l CrossEntropyLoss[T]) GradInput(input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	grad := like(input)
	return grad.unless(l.GradInputInto(grad.Data, input, target, gradOutput))
}

// GradInputInto writes the gradient of the loss in input to dst, which has as many
// elements as input, and allocates nothing. dst may be the memory of input or of class probabilities.
// The errors are those of [CrossEntropyLoss.GradInput].
func (l CrossEntropyLoss[T]) GradInputInto(dst []T, input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) error {
	j, err := l.prepareGrad("grad_input", dst, len(input.Data), input, target, gradOutput)
	if err != nil {
		return err
	}
	j.gradInput = dst
	l.run(&j, nil)
	return nil
}

// GradTarget returns the gradient of the loss in the class probabilities, in their shape:
// u·s·w[c]·(1-ε)·(-log p[c]). gradOutput is the upstream gradient, in the shape of the loss; nil means ones. The
// errors are those of [CrossEntropyLoss.Forward], and a [*ShapeError] for class indices: they have no
// gradient.
func (l CrossEntropyLoss[T]) GradTarget(input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	grad := like(input)
	return grad.unless(l.GradTargetInto(grad.Data, input, target, gradOutput))
}

// GradTargetInto writes the gradient of the loss in the class probabilities to dst, which has as many
// elements as they, and allocates nothing. dst may be the memory of input or of the probabilities.
// The errors are those of [CrossEntropyLoss.GradTarget].
func (l CrossEntropyLoss[T]) GradTargetInto(dst []T, input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) error {
	if err := differentiable(target); err != nil {
		return err
	}
	j, err := l.prepareGrad("grad_target", dst, len(input.Data), input, target, gradOutput)
	if err != nil {
		return err
	}
	j.gradTarget = dst
	l.run(&j, nil)
	return nil
}

// GradWeight returns the gradient of the loss in Weight, in its shape (C,), for class probabilities: the sum of u·s·((1-ε)·t[c] + ε/C)·(-log p[c])
// over the rows. As in PyTorch there is none for class indices. gradOutput is the upstream gradient, in the shape of the loss; nil means ones.
// The errors are those of [CrossEntropyLoss.Forward], a [*ShapeError] for class indices, and an [*OptionError] if
// the loss has no Weight.
func (l CrossEntropyLoss[T]) GradWeight(input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) (Tensor[T], error) {
	var grad Tensor[T]
	if l.Weight != nil {
		grad = like(*l.Weight)
	}
	return grad.unless(l.GradWeightInto(grad.Data, input, target, gradOutput))
}

// GradWeightInto writes the gradient of the loss in Weight to dst, which has C elements, and allocates
// nothing. dst may be the memory of Weight, but must not overlap input, target and gradOutput.
// The errors are those of [CrossEntropyLoss.GradWeight].
func (l CrossEntropyLoss[T]) GradWeightInto(dst []T, input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) error {
	if l.Weight == nil {
		return &OptionError{Module: crossEntropyName, Option: "weight", Reason: "got nil, want a tensor: there is no gradient without it"}
	}
	if err := differentiable(target); err != nil {
		return err
	}
	j, err := l.prepareGrad("grad_weight", dst, len(l.Weight.Data), input, target, gradOutput)
	if err != nil {
		return err
	}
	j.gradWeights(dst)
	return nil
}

// ForwardGrad returns the loss and its gradient in input, computed in one pass: faster
// than [CrossEntropyLoss.Forward] and [CrossEntropyLoss.GradInput], with the same results.
// gradOutput is the upstream gradient, in the shape of the loss; nil means ones: it enters the gradient alone. The errors are those of [CrossEntropyLoss.Forward].
func (l CrossEntropyLoss[T]) ForwardGrad(input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) (loss, gradInput Tensor[T], err error) {
	loss, err = l.newLoss(input)
	if err != nil {
		return Tensor[T]{}, Tensor[T]{}, err
	}
	gradInput = like(input)
	if err := l.ForwardGradInto(loss.Data, gradInput.Data, input, target, gradOutput); err != nil {
		return Tensor[T]{}, Tensor[T]{}, err
	}
	return loss, gradInput, nil
}

// ForwardGradInto writes the loss and its gradient in input, in one pass, and allocates
// nothing. The slices are those of [CrossEntropyLoss.ForwardInto] and [CrossEntropyLoss.GradInputInto] and must not overlap
// each other; loss must not overlap gradOutput either.
// The errors are those of [CrossEntropyLoss.ForwardGrad].
func (l CrossEntropyLoss[T]) ForwardGradInto(loss, gradInput []T, input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) error {
	j, err := l.prepareGrad("grad_input", gradInput, len(input.Data), input, target, gradOutput)
	if err != nil {
		return err
	}
	if err := checkLen(crossEntropyName, "loss", loss, l.lossLen(input)); err != nil {
		return err
	}
	j.gradInput = gradInput
	l.run(&j, loss)
	return nil
}

// run runs j and writes the loss to dst, unless that is nil.
func (l CrossEntropyLoss[T]) run(j *rowsJob[T], dst []T) {
	if l.Reduction == None {
		j.losses = dst
		j.run()
		return
	}
	j.sum = dst != nil
	sum := j.run()
	if j.sum {
		dst[0] = T(sum / j.div)
	}
}

// differentiable returns an error for a target without a gradient.
func differentiable[T Float](target ClassTarget[T]) error {
	if target.kind == byIndex {
		return shapeErrorf(crossEntropyName, "target", "got class indices, want class probabilities: there is no such gradient for indices")
	}
	return nil
}

// prepare checks the options and the inputs.
func (l CrossEntropyLoss[T]) prepare(input Tensor[T], target ClassTarget[T]) (rowsJob[T], error) {
	if err := l.checkOptions(target); err != nil {
		return rowsJob[T]{}, err
	}
	if len(input.Shape) == 0 {
		return rowsJob[T]{}, shapeErrorf(crossEntropyName, "input", "got shape (), want at least one dimension, that of the classes")
	}
	if err := check(crossEntropyName, "input", input); err != nil {
		return rowsJob[T]{}, err
	}
	if err := target.check(input.Shape); err != nil {
		return rowsJob[T]{}, err
	}
	classes := input.Shape[classAxis(input.Shape)]
	j := rowsJob[T]{
		input: input.Data, probabilities: target.probabilities, indices: target.indices, byIndex: target.kind == byIndex,
		classes: classes, stride: 1, rows: rowsOf(input.Shape), ignore: defaultIgnoreIndex, smoothing: l.LabelSmoothing,
	}
	for _, d := range input.Shape[classAxis(input.Shape)+1:] {
		j.stride *= d
	}
	if l.Weight != nil {
		if err := checkSame(crossEntropyName, "weight", *l.Weight, input.Shape[classAxis(input.Shape):][:1], "one for each class"); err != nil {
			return rowsJob[T]{}, err
		}
		j.weight = l.Weight.Data
	}
	if l.IgnoreIndex != nil {
		j.ignore = *l.IgnoreIndex
	}
	if err := checkIndices(target, j.ignore, classes); err != nil {
		return rowsJob[T]{}, err
	}
	j.div = l.div(&j)
	return j, nil
}

func (l CrossEntropyLoss[T]) checkOptions(target ClassTarget[T]) error {
	if err := l.Reduction.check(crossEntropyName); err != nil {
		return err
	}
	if !(l.LabelSmoothing >= 0 && l.LabelSmoothing <= 1) {
		return &OptionError{Module: crossEntropyName, Option: "label_smoothing", Reason: fmt.Sprintf("got %v, want a number from 0 to 1", l.LabelSmoothing)}
	}
	if target.kind == byProbability && l.IgnoreIndex != nil && *l.IgnoreIndex >= 0 {
		return &OptionError{Module: crossEntropyName, Option: "ignore_index",
			Reason: fmt.Sprintf("got %d, want none or a negative number: class probabilities have no index to ignore", *l.IgnoreIndex)}
	}
	return nil
}

// checkIndices returns an error unless all class indices are classes or ignored.
func checkIndices[T Float](target ClassTarget[T], ignore int64, classes int) error {
	for i, y := range target.indices {
		if (y < 0 || y >= int64(classes)) && y != ignore {
			return valueError(crossEntropyName, "target", target.shape, i, y, fmt.Sprintf("a class from 0 to %d, or %d to ignore it", classes-1, ignore))
		}
	}
	return nil
}

// prepareGrad is prepare for a gradient of n elements, which is to be written to dst.
func (l CrossEntropyLoss[T]) prepareGrad(name string, dst []T, n int, input Tensor[T], target ClassTarget[T], gradOutput *Tensor[T]) (rowsJob[T], error) {
	j, err := l.prepare(input, target)
	if err != nil {
		return rowsJob[T]{}, err
	}
	if err := checkLen(crossEntropyName, name, dst, n); err != nil {
		return rowsJob[T]{}, err
	}
	if gradOutput == nil {
		return j, nil
	}
	if err := check(crossEntropyName, "grad_output", *gradOutput); err != nil {
		return rowsJob[T]{}, err
	}
	if !l.isLossShape(gradOutput.Shape, input.Shape) {
		return rowsJob[T]{}, shapeErrorf(crossEntropyName, "grad_output", "got shape %s, want %s, the shape of the loss",
			formatShape(gradOutput.Shape), formatShape(l.lossShape(input.Shape)))
	}
	j.upstream = gradOutput.Data
	return j, nil
}

// newLoss returns a tensor for the loss of a valid input.
func (l CrossEntropyLoss[T]) newLoss(input Tensor[T]) (Tensor[T], error) {
	if err := check(crossEntropyName, "input", input); err != nil {
		return Tensor[T]{}, err
	}
	n := l.lossLen(input)
	if len(input.Data) == 0 && n > maxEmptySamples {
		return Tensor[T]{}, shapeErrorf(crossEntropyName, "input", "shape %s has %d rows without classes, want at most %d",
			formatShape(input.Shape), n, maxEmptySamples)
	}
	return Tensor[T]{Shape: l.lossShape(input.Shape), Data: make([]T, n)}, nil
}

// lossShape returns the shape of the loss, a new slice.
func (l CrossEntropyLoss[T]) lossShape(input []int) []int {
	if l.Reduction != None || len(input) < 2 {
		return nil
	}
	return slices.Delete(slices.Clone(input), 1, 2)
}

// isLossShape reports whether shape is the shape of the loss. It allocates nothing.
func (l CrossEntropyLoss[T]) isLossShape(shape, input []int) bool {
	if l.Reduction != None || len(input) < 2 {
		return len(shape) == 0
	}
	return len(shape) == len(input)-1 && shape[0] == input[0] && slices.Equal(shape[1:], input[2:])
}

// lossLen returns the number of elements of the loss.
func (l CrossEntropyLoss[T]) lossLen(input Tensor[T]) int {
	if l.Reduction == None {
		return rowsOf(input.Shape)
	}
	return 1
}

// rowsOf returns the number of rows of a valid shape, which may have no classes.
func rowsOf(input []int) int {
	n := 1
	for i, d := range input {
		if i != classAxis(input) {
			n *= d
		}
	}
	return n
}

// div returns what the sum of the losses is divided by.
func (l CrossEntropyLoss[T]) div(j *rowsJob[T]) float64 {
	switch {
	case l.Reduction != Mean:
		return 1
	case !j.byIndex && j.classes == 0:
		return math.NaN() // 0/0, as PyTorch finds the number of rows
	case !j.byIndex:
		return float64(j.rows)
	}
	if j.weight == nil {
		counted := len(j.indices)
		for _, y := range j.indices {
			if y == j.ignore {
				counted--
			}
		}
		return float64(counted)
	}
	var sum kernel.Accumulator
	for _, y := range j.indices {
		if y != j.ignore {
			sum.Add(j.weightOf(int(y)))
		}
	}
	return sum.Value()
}
