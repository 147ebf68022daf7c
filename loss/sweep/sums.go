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

// classes is the number of classes of the elements, samples the rest.
const classes = 1000

// Sums measures means and sums of both modules and both dtypes over the given number of
// elements, a multiple of distinct, which is one of 1000. It needs the memory of two arrays of
// float64 with so many elements, and sets GOMAXPROCS while it runs.
func Sums(ctx context.Context, elements, distinct int, progress func(done, total int64)) ([]SumRow, error) {
	if distinct < classes || distinct%classes != 0 || elements < distinct || elements%distinct != 0 {
		return nil, fmt.Errorf("sums of %d elements, %d distinct ones: want a multiple of the distinct ones, and them a multiple of %d", elements, distinct, classes)
	}
	p := newProgress(progress, 0, 2*int64(len(sumCalls[float32]()))*int64(len(sumThreads)))
	rows, err := sums[float32](ctx, elements, distinct, p, sumCalls[float32]())
	if err != nil {
		return nil, err
	}
	rows64, err := sums[float64](ctx, elements, distinct, p, sumCalls[float64]())
	return append(rows, rows64...), err
}

// sumThreads are the values of GOMAXPROCS, which do not divide the work evenly.
var sumThreads = []int{1, 2, 3, 5, 8}

// sumCall is one reduction of a module.
type sumCall[T loss.Float] struct {
	module, reduction string
	// divisor is what the sum of the losses of n elements is divided by.
	divisor func(n int) int
	forward func(dst []T, input, target loss.Tensor[T]) error
}

func sumCalls[T loss.Float]() []sumCall[T] {
	one := func(int) int { return 1 }
	all := func(n int) int { return n }
	perClass := func(int) int { return classes }
	return []sumCall[T]{
		{"BCEWithLogitsLoss", "mean", all, loss.BCEWithLogitsLoss[T]{}.ForwardInto},
		{"BCEWithLogitsLoss", "sum", one, loss.BCEWithLogitsLoss[T]{Reduction: loss.Sum}.ForwardInto},
		{"MultiLabelSoftMarginLoss", "mean", all, loss.MultiLabelSoftMarginLoss[T]{}.ForwardInto},
		{"MultiLabelSoftMarginLoss", "sum", perClass, loss.MultiLabelSoftMarginLoss[T]{Reduction: loss.Sum}.ForwardInto},
	}
}

// sums measures one dtype.
func sums[T loss.Float](ctx context.Context, elements, distinct int, p *progress, calls []sumCall[T]) ([]SumRow, error) {
	input, target, total := tile[T](elements, distinct)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	f := formatOf[T]()
	var rows []SumRow
	for _, c := range calls {
		exact := total.div(ddOf(float64(c.divisor(elements))))
		row := SumRow{Module: c.module, Reduction: c.reduction, DType: f.name, Elements: elements, Distinct: distinct,
			Threads: sumThreads, Same: true, Exact: Number(exact.hi)}
		var results []T
		for _, threads := range sumThreads {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			runtime.GOMAXPROCS(threads)
			dst := make([]T, 1)
			if err := c.forward(dst, input, target); err != nil {
				return nil, fmt.Errorf("%s %s of %d elements: %w", c.module, c.reduction, elements, err)
			}
			results = append(results, dst[0])
			p.add(1)
		}
		row.Same = !slices.ContainsFunc(results, func(v T) bool { return v != results[0] })
		row.Got = Number(results[0])
		row.ULP = math.Abs(exact.sub(ddOf(float64(results[0]))).hi) / math.Ldexp(1, f.ulpExponent(exact.hi, 0))
		if math.IsNaN(row.ULP) {
			row.ULP = math.MaxFloat64 // JSON has no NaN
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// tile returns the elements, of shape (elements/classes, classes), and the exact sum of
// their losses: logits of a normal distribution, hard targets and one in eight soft.
func tile[T loss.Float](elements, distinct int) (input, target loss.Tensor[T], total dd) {
	rng := rand.New(rand.NewPCG(11, 12))
	x, t := make([]T, distinct), make([]T, distinct)
	for i := range x {
		x[i], t[i] = T(2*rng.NormFloat64()), T(rng.IntN(2))
		if rng.IntN(8) == 0 {
			t[i] = T(rng.Float64())
		}
		f := precise(math.Abs(float64(x[i])))
		t := ddOf(float64(t[i]))
		negative := x[i] < 0
		total = total.add(t.mul(f.of(Output{One: true}, negative).value()))
		total = total.add(ddOf(1).sub(t).mul(f.of(Output{}, negative).value()))
	}
	total = total.mul(ddOf(float64(elements / distinct)))
	shape := []int{elements / classes, classes}
	input = loss.Tensor[T]{Shape: shape, Data: slices.Repeat(x, elements/distinct)}
	target = loss.Tensor[T]{Shape: shape, Data: slices.Repeat(t, elements/distinct)}
	return input, target, total
}
