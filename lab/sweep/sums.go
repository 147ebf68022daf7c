package sweep

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"

	"lossproof/loss"
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
	// divisor is what the sum of the losses of n elements is divided by.
	divisor func(n int) int
	forward func(dst []T, e elements[T]) error
	// fill sets distinct elements and returns the exact sum of their losses.
	fill func(e elements[T]) dd
}

// elements are those that a reduction adds up.
type elements[T loss.Float] struct {
	input, target []T
	indices       []int64 // of the rows of input
}

// sumCalls returns the calls of some of the modules. Those with the same elements are neighbours.
func sumCalls[T loss.Float](modules ...string) []sumCall[T] {
	one := func(int) int { return 1 }
	all := func(n int) int { return n }
	perClass := func(int) int { return classes }
	perRow := func(n int) int { return n / classes }
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
		{BCEWithLogitsLoss, "mean", all, pair(loss.BCEWithLogitsLoss[T]{}.Into), fillLogits[T]},
		{BCEWithLogitsLoss, "sum", one, pair(loss.BCEWithLogitsLoss[T]{Reduction: loss.Sum}.Into), fillLogits[T]},
		{multiLabelSoftMarginLoss, "mean", all, pair(loss.MultiLabelSoftMarginLoss[T]{}.Into), fillLogits[T]},
		{multiLabelSoftMarginLoss, "sum", perClass, pair(loss.MultiLabelSoftMarginLoss[T]{Reduction: loss.Sum}.Into), fillLogits[T]},
		{BCELoss, "mean", all, pair(loss.BCELoss[T]{}.Into), fillProbabilities[T]},
		{BCELoss, "sum", one, pair(loss.BCELoss[T]{Reduction: loss.Sum}.Into), fillProbabilities[T]},
		{CrossEntropyLoss, "mean", perRow, rows(loss.CrossEntropyLoss[T]{}.Into), fillRows[T]},
		{CrossEntropyLoss, "sum", one, rows(loss.CrossEntropyLoss[T]{Reduction: loss.Sum}.Into), fillRows[T]},
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
		total := c.fill(elements[T]{all.input[:distinct], all.target[:distinct], all.indices[:distinct/classes]})
		repeat(all.input, distinct)
		repeat(all.target, distinct)
		repeat(all.indices, distinct/classes)
		exact := total.mul(ddOf(float64(n / distinct))).div(ddOf(float64(c.divisor(n))))
		row := SumRow{Module: c.module, Reduction: c.reduction, DType: f.name, Elements: n, Distinct: distinct,
			Threads: sumThreads, Same: true, Exact: Number(exact.hi)}
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
		row.ULP = math.Abs(exact.sub(ddOf(float64(results[0]))).hi) / f.unit(exact.hi)
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
func fillLogits[T loss.Float](e elements[T]) dd {
	return fill(e, func(z float64) T { return T(z) }, func(x T) (zero, one dd) {
		v := precise(math.Abs(float64(x)))
		return v.of(Output{}, x < 0).value(), v.of(Output{One: true}, x < 0).value()
	})
}

// fillProbabilities draws the sigmoids of such logits.
func fillProbabilities[T loss.Float](e elements[T]) dd {
	return fill(e, func(z float64) T { return T(1 / (1 + math.Exp(-z))) }, func(x T) (zero, one dd) {
		v := preciseProbability(float64(x))
		return v.of(Output{}, false).value(), v.of(Output{One: true}, false).value()
	})
}

// fill draws inputs of a normal distribution, and targets. exact returns the losses of an input at the targets 0 and 1.
func fill[T loss.Float](e elements[T], input func(z float64) T, exact func(x T) (zero, one dd)) (total dd) {
	rng := rand.New(rand.NewPCG(11, 12))
	for i := range e.input {
		x, t := input(2*rng.NormFloat64()), T(rng.IntN(2))
		if rng.IntN(8) == 0 {
			t = T(rng.Float64())
		}
		e.input[i], e.target[i] = x, t
		zero, one := exact(x)
		total = total.add(ddOf(float64(t)).mul(one)).add(twoSum(1, -float64(t)).mul(zero))
	}
	return total
}

// fillRows draws logits of a normal distribution and class indices.
func fillRows[T loss.Float](e elements[T]) (total dd) {
	rng := rand.New(rand.NewPCG(13, 14))
	for i := range e.input {
		e.input[i] = T(2 * rng.NormFloat64())
	}
	row := make([]float64, classes)
	for r := range e.indices {
		for c := range row {
			row[c] = float64(e.input[r*classes+c])
		}
		y := rng.IntN(classes)
		e.indices[r] = int64(y)
		total = total.add(newRowOracle(row, formatOf[T]()).n[y])
	}
	return total
}
