package sweep

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"

	"lossproof/internal/definition"
	"lossproof/loss"
	"lossproof/ports"
	"lossproof/tensor"
)

// SumRow is the accuracy of a reduction over many elements.
type SumRow struct {
	Module, Reduction, DType string
	// Elements is the number of elements, tiled from Distinct different ones.
	Elements, Distinct int
	// ULP is the error in ULPs of the dtype at the exact result.
	ULP float64
	// Threads are the values of GOMAXPROCS, and Same says that the results had the same bits with all of them.
	Threads []int
	Same    bool
	// Got is the result, Exact the exact one rounded to float64.
	Got, Exact Number
}

const multiLabelSoftMarginLoss = "MultiLabelSoftMarginLoss"

// classes is the number of classes of the elements, samples the rest.
const classes = 1000

// Sums measures means and sums of the modules, of all if none is named, in both dtypes over the given number of
// elements, a multiple of distinct, which is one of 1000; MultiLabelSoftMarginLoss goes with BCEWithLogitsLoss. It needs the memory of two arrays of
// float64 with so many elements, and sets GOMAXPROCS while it runs.
func Sums(ctx context.Context, elements, distinct int, progress func(done, total int64), modules ...string) ([]SumRow, error) {
	if distinct < classes || distinct%classes != 0 || elements < distinct || elements%distinct != 0 {
		return nil, fmt.Errorf("sums of %d elements, %d distinct ones: want a multiple of the distinct ones, and them a multiple of %d", elements, distinct, classes)
	}
	modules, err := known(modules)
	if err != nil {
		return nil, err
	}
	calls := sumCalls[float32](modules...)
	p := newProgress(progress, 0, 2*int64(len(calls))*int64(len(sumThreads)))
	rows, err := sums(ctx, elements, distinct, p, calls)
	if err != nil {
		return nil, err
	}
	rows64, err := sums(ctx, elements, distinct, p, sumCalls[float64](modules...))
	return append(rows, rows64...), err
}

// sumThreads are the values of GOMAXPROCS, which do not divide the work evenly.
var sumThreads = []int{1, 2, 3, 5, 8}

// sumCall is one reduction of a module.
type sumCall[T loss.Float] struct {
	module, reduction string
	forward           func(dst []T, e elements[T]) error
	// fill sets distinct elements.
	fill func(e elements[T])
}

// exact returns the exact result for elements that are there several times, as the sum of two numbers.
func (c sumCall[T]) exact(e elements[T], times int) (high, low float64, err error) {
	shape := []int{len(e.input) / classes, classes}
	target := tensorOf(e.target, shape...)
	if c.module == CrossEntropyLoss {
		target = tensor.FromInt64(e.indices, len(e.indices))
	}
	call := callOf(c.module, c.reduction, map[string]tensor.Tensor{ports.Input: tensorOf(e.input, shape...), ports.Target: target})
	exact, err := definition.Of(c.module).Exact(call)
	if err != nil {
		return 0, 0, err
	}
	high, low = exact[ports.Loss].Pair(0)
	if c.reduction == "mean" {
		return high, low, nil
	}
	total := high * float64(times)
	return total, math.FMA(high, float64(times), -total) + low*float64(times), nil
}

// elements are those that a reduction adds up.
type elements[T loss.Float] struct {
	input, target []T
	indices       []int64 // of the rows of input
}

// sumCalls returns the calls of some of the modules. Those with the same elements are neighbours.
func sumCalls[T loss.Float](modules ...string) []sumCall[T] {
	pair := func(into func(loss.Results[T], loss.Tensor[T], loss.Tensor[T], *loss.Tensor[T]) error) func([]T, elements[T]) error {
		return func(dst []T, e elements[T]) error {
			return into(loss.Results[T]{Loss: dst}, matrix(e.input), matrix(e.target), nil)
		}
	}
	rows := func(into func(loss.Results[T], loss.Tensor[T], loss.ClassTarget[T], *loss.Tensor[T]) error) func([]T, elements[T]) error {
		return func(dst []T, e elements[T]) error {
			return into(loss.Results[T]{Loss: dst}, matrix(e.input), loss.ClassIndices[T](e.indices, len(e.indices)), nil)
		}
	}
	calls := []sumCall[T]{
		{BCEWithLogitsLoss, "mean", pair(loss.BCEWithLogitsLoss[T]{}.Into), fillLogits[T]},
		{BCEWithLogitsLoss, "sum", pair(loss.BCEWithLogitsLoss[T]{Reduction: loss.Sum}.Into), fillLogits[T]},
		{multiLabelSoftMarginLoss, "mean", pair(loss.MultiLabelSoftMarginLoss[T]{}.Into), fillLogits[T]},
		{multiLabelSoftMarginLoss, "sum", pair(loss.MultiLabelSoftMarginLoss[T]{Reduction: loss.Sum}.Into), fillLogits[T]},
		{BCELoss, "mean", pair(loss.BCELoss[T]{}.Into), fillProbabilities[T]},
		{BCELoss, "sum", pair(loss.BCELoss[T]{Reduction: loss.Sum}.Into), fillProbabilities[T]},
		{CrossEntropyLoss, "mean", rows(loss.CrossEntropyLoss[T]{}.Into), fillRows[T]},
		{CrossEntropyLoss, "sum", rows(loss.CrossEntropyLoss[T]{Reduction: loss.Sum}.Into), fillRows[T]},
	}
	return slices.DeleteFunc(calls, func(c sumCall[T]) bool {
		if c.module == multiLabelSoftMarginLoss { // goes with BCEWithLogitsLoss
			return !slices.Contains(modules, BCEWithLogitsLoss)
		}
		return !slices.Contains(modules, c.module)
	})
}

// matrix returns elements of the shape (elements/classes, classes).
func matrix[T loss.Float](values []T) loss.Tensor[T] {
	return loss.Tensor[T]{Shape: []int{len(values) / classes, classes}, Data: values}
}

// sums measures one dtype.
func sums[T loss.Float](ctx context.Context, n, distinct int, p *progress, calls []sumCall[T]) ([]SumRow, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	all := elements[T]{make([]T, n), make([]T, n), make([]int64, n/classes)}
	f := formatOf[T]()
	var rows []SumRow
	for _, c := range calls {
		part := elements[T]{all.input[:distinct], all.target[:distinct], all.indices[:distinct/classes]}
		c.fill(part)
		high, low, err := c.exact(part, n/distinct)
		if err != nil {
			return nil, err
		}
		repeat(all.input, distinct)
		repeat(all.target, distinct)
		repeat(all.indices, distinct/classes)
		row := SumRow{Module: c.module, Reduction: c.reduction, DType: f.name, Elements: n, Distinct: distinct,
			Threads: sumThreads, Same: true, Exact: Number(high)}
		var results []T
		for _, threads := range sumThreads {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			runtime.GOMAXPROCS(threads)
			dst := make([]T, 1)
			if err := c.forward(dst, all); err != nil {
				return nil, fmt.Errorf("%s %s of %d elements: %w", c.module, c.reduction, n, err)
			}
			results = append(results, dst[0])
			p.add(1)
		}
		row.Same = !slices.ContainsFunc(results, func(v T) bool { return v != results[0] })
		row.Got = Number(results[0])
		row.ULP = math.Abs((float64(results[0])-high)-low) / f.ULP(high)
		if math.IsNaN(row.ULP) {
			row.ULP = math.MaxFloat64 // JSON has no NaN
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// repeat fills values with the first n of them.
func repeat[E any](values []E, n int) {
	for done := n; done < len(values); {
		done += copy(values[done:], values[:done])
	}
}

// fillLogits draws logits of a normal distribution, hard targets and one in eight soft.
func fillLogits[T loss.Float](e elements[T]) {
	fill(e, func(z float64) T { return T(z) })
}

// fillProbabilities draws the sigmoids of such logits.
func fillProbabilities[T loss.Float](e elements[T]) {
	fill(e, func(z float64) T { return T(1 / (1 + math.Exp(-z))) })
}

// fill draws inputs of a normal distribution, and targets.
func fill[T loss.Float](e elements[T], input func(z float64) T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for i := range e.input {
		x, t := input(2*rng.NormFloat64()), T(rng.IntN(2))
		if rng.IntN(8) == 0 {
			t = T(rng.Float64())
		}
		e.input[i], e.target[i] = x, t
	}
}

// fillRows draws logits of a normal distribution and class indices.
func fillRows[T loss.Float](e elements[T]) {
	rng := rand.New(rand.NewPCG(13, 14))
	for i := range e.input {
		e.input[i] = T(2 * rng.NormFloat64())
	}
	for r := range e.indices {
		e.indices[r] = int64(rng.IntN(classes))
	}
}
