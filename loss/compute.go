package loss

import (
	"math"

	"lossproof/loss/internal/kernel"
)

// compute computes what r has a slice for, of a checked call. What it has computed with stands in j then, which is empty before.
func compute[T Float](c *criterion[T], j *job[T], r *Results[T], input *Tensor[T], target *ClassTarget[T], gradOutput *Tensor[T]) error {
	j.kind, j.div = c.kind, div(c, input.Shape, target)
	j.nearest = c.nearest && c.reduction == None && sizeOf[T]() == 4
	if gradOutput != nil {
		j.upstream = upstream[T]{values: gradOutput.Data}
	}
	cut(c, j, input, target)
	if r.Loss != nil || r.GradInput != nil {
		j.gradInput = r.GradInput
		if err := pass(c, j, r.Loss, input.Shape); err != nil {
			return err
		}
	}
	if r.GradTarget != nil {
		j.losses, j.sum, j.gradInput, j.gradTarget = nil, false, nil, r.GradTarget
		if err := pass(c, j, nil, input.Shape); err != nil {
			return err
		}
	}
	switch {
	case r.GradWeight == nil:
	case c.kind == ofClasses:
		j.gradClassWeights(r.GradWeight)
	default:
		j.gradWeights(r.GradWeight, c.weight.Shape, input.Shape)
	}
	return nil
}

// pass runs j and writes the loss to loss, unless that is nil.
func pass[T Float](c *criterion[T], j *job[T], loss []T, shape []int) error {
	j.sum = loss != nil && c.reduction != None
	if !j.sum {
		j.losses = loss
	}
	if len(j.input) == 0 && c.lossLen(shape) != 0 {
		empty(c, j, loss, shape)
		return nil
	}
	sum, refused := j.run()
	if refused != nil {
		return valueError(c.module, refused.argument, shape, refused.index, refused.value, "a number from 0 to 1")
	}
	if j.sum {
		loss[0] = T(sum / j.div)
	}
	return nil
}

// empty writes the losses of an input without elements: sums of nothing.
func empty[T Float](c *criterion[T], j *job[T], loss []T, shape []int) {
	none := T(0 / j.div)
	if c.kind == ofClasses && c.reduction == None || c.kind == ofLabels && c.reduction == Sum && c.rows(shape) == 0 {
		none = 0 // PyTorch takes a sum over no samples, even where each would be 0/0
	}
	for i := range loss {
		loss[i] = none
	}
}

// cut sets what j computes on, in units and blocks.
func cut[T Float](c *criterion[T], j *job[T], input *Tensor[T], target *ClassTarget[T]) {
	if c.kind == ofClasses {
		j.runs = runs[T]{input: input.Data, target: target.probabilities}
		if c.weight != nil {
			j.weight = c.weight.Data
		}
		j.rows = rows{classes: input.Shape[c.classAxis(input.Shape)], stride: 1, indices: target.indices, byIndex: target.kind == byIndex, ignore: c.ignore, ignored: c.ignored, smoothing: c.smoothing}
		for _, d := range input.Shape[c.classAxis(input.Shape)+1:] {
			j.stride *= d
		}
		j.units, j.perBlock = c.rows(input.Shape), (blockElements-1)/max(1, j.classes)+1
		return
	}
	j.perRow = c.kind == ofLabels && c.reduction == None && fromEnd(input.Shape, 0) != 1 // else the loss of a row is that of its element
	j.upstream.perRow = j.perRow
	j.runs.cut(input, target.probabilities, c.weight, c.posWeight, j.perRow)
	j.units, j.perBlock = j.chunks, blockChunks
	if j.perRow && j.length > kernel.ChunkLen { // the chunks of one row are in one block
		j.perBlock = (blockChunks-1)/j.perSpan*j.perSpan + j.perSpan
	}
}

// div returns what the sum of the losses is divided by.
func div[T Float](c *criterion[T], shape []int, target *ClassTarget[T]) float64 {
	n := 1.0
	switch {
	case c.reduction == Mean && c.kind == ofClasses:
		return weights(c, shape, target)
	case c.reduction == Mean:
		size, _ := count(shape)
		n = float64(size)
	case c.kind == ofLabels:
		n = float64(fromEnd(shape, 0))
	}
	return n
}

// weights returns what the mean of CrossEntropyLoss divides by: the sum of the weights of the classes that are not ignored, or the
// number of rows of class probabilities.
func weights[T Float](c *criterion[T], shape []int, target *ClassTarget[T]) float64 {
	switch {
	case target.kind == byProbability && shape[classAxis(shape)] == 0:
		return math.NaN() // 0/0, as PyTorch finds the number of rows
	case target.kind == byProbability:
		return float64(c.rows(shape))
	case c.weight == nil:
		return float64(len(target.indices) - c.ignored)
	}
	var sum kernel.Accumulator
	for _, y := range target.indices {
		if y != c.ignore {
			sum.Add(float64(c.weight.Data[y]))
		}
	}
	return sum.Value()
}
