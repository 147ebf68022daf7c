package loss_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"lossproof/loss"
)

// TestEntropyPyTorch has rows whose losses and gradients are known, as they are in PyTorch unless a comment says so.
func TestEntropyPyTorch(t *testing.T) {
	const large = math.MaxFloat32
	tests := []struct {
		name      string
		row       []float64
		smoothing float64
		losses    []float64   // for each class as target
		grads     [][]float64 // nil: not looked at
	}{
		{"large", []float64{1e4, -1e4, 0}, 0, []float64{0, 20000, 10000}, [][]float64{{0, 0, 0}, {1, -1, 0}, {1, 0, -1}}},
		{"large, smoothed", []float64{1e4, -1e4, 0}, 0.1, []float64{1000, 19000, 10000}, nil},
		{"ties", []float64{1e4, 1e4, 1e4}, 0, []float64{math.Log(3), math.Log(3), math.Log(3)}, [][]float64{{-2. / 3, 1. / 3, 1. / 3}}},
		{"negative ties", []float64{-1e4, -1e4, -1e4}, 0, []float64{math.Log(3), math.Log(3), math.Log(3)}, [][]float64{{-2. / 3, 1. / 3, 1. / 3}}},
		{"exp underflows", []float64{0, -89, -104}, 0, []float64{math.Exp(-89) + math.Exp(-104), 89, 104}, nil}, // PyTorch: -0 for the first
		{"-Inf", []float64{-inf, 0, 1}, 0, []float64{inf, math.Log1p(math.E), math.Log1p(1 / math.E)}, [][]float64{
			{-1, 1 / (1 + math.E), 1 / (1 + 1/math.E)}, {0, -1 / (1 + 1/math.E), 1 / (1 + 1/math.E)}, {0, 1 / (1 + math.E), -1 / (1 + math.E)},
		}},
		{"-Inf, smoothed", []float64{-inf, 0, 1}, 0.1, []float64{inf, inf, inf}, nil},
		{"one class", []float64{7}, 0, []float64{0}, [][]float64{{0}}},
		{"one class, smoothed", []float64{-1e30}, 0.3, []float64{0}, [][]float64{{0}}},
		{"all -Inf", []float64{-inf, -inf, -inf}, 0, []float64{nan, nan, nan}, [][]float64{{nan, nan, nan}}},
		{"NaN", []float64{1, nan, 2}, 0, []float64{nan, nan, nan}, [][]float64{{nan, nan, nan}}},
		{"NaN and Inf", []float64{inf, nan, 2}, 0, []float64{nan, nan, nan}, [][]float64{{nan, nan, nan}}},
		{"all NaN", []float64{nan, nan}, 0.1, []float64{nan, nan}, [][]float64{{nan, nan}}},
		{"two Inf", []float64{inf, 0, inf}, 0, []float64{nan, nan, nan}, [][]float64{{nan, nan, nan}}},
		// The limit; PyTorch returns NaN.
		{"one Inf", []float64{inf, 0, 1}, 0, []float64{0, inf, inf}, [][]float64{{0, 0, 0}, {1, -1, 0}, {1, 0, -1}}},
		{"one class, Inf", []float64{inf}, 0, []float64{0}, [][]float64{{0}}},
		{"one class, -Inf", []float64{-inf}, 0, []float64{0}, [][]float64{{0}}},
		// In float32 the difference of the logits overflows; the loss does so only where it is itself beyond the range.
		{"differences overflow", []float64{large, -large, 0}, 0, []float64{0, 2 * large, large}, [][]float64{{0, 0, 0}, {1, -1, 0}, {1, 0, -1}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checkRow[float32](t, test.row, test.smoothing, test.losses, test.grads, 6e-8)
			checkRow[float64](t, test.row, test.smoothing, test.losses, test.grads, 4e-16)
		})
	}
}

func checkRow[T loss.Float](t *testing.T, row []float64, smoothing float64, losses []float64, grads [][]float64, tolerance float64) {
	t.Helper()
	near := func(got T, want float64) bool {
		return same(float64(got), float64(T(want))) || math.Abs(float64(got)-want) <= tolerance*math.Abs(want)
	}
	l := loss.CrossEntropyLoss[T]{LabelSmoothing: smoothing}
	input := convert[T](loss.Vector(row...))
	for class, want := range losses {
		hot := make([]float64, len(row))
		hot[class] = 1
		for name, target := range map[string]loss.ClassTarget[T]{
			"index":         loss.ClassIndices[T]([]int64{int64(class)}),
			"probabilities": loss.ClassProbabilities(convert[T](loss.Vector(hot...))),
		} {
			value, grad, err := l.ForwardGrad(input, target, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !near(value.Data[0], want) {
				t.Errorf("%T, target %d by %s: got loss %v, want %v", tolerance, class, name, value.Data[0], want)
			}
			if class >= len(grads) {
				continue
			}
			for c, want := range grads[class] {
				if !near(grad.Data[c], want) {
					t.Errorf("%T, target %d by %s: got gradient %v, want %v", T(0), class, name, grad.Data, grads[class])
					break
				}
			}
		}
	}
}

// TestEntropyMean has the two means of weighted losses, of which PyTorch users are surprised.
func TestEntropyMean(t *testing.T) {
	weight := loss.Vector(1.0, 2, 5)
	input, err := loss.Matrix([]float64{1, 2, 3}, []float64{0, 1, 0}, []float64{3, 1, 2})
	if err != nil {
		t.Fatal(err)
	}
	hot, err := loss.Matrix([]float64{0, 0, 1}, []float64{0, 1, 0}, []float64{1, 0, 0})
	if err != nil {
		t.Fatal(err)
	}
	indices := loss.ClassIndices[float64]([]int64{2, 1, 0}, 3)
	compute := func(l loss.CrossEntropyLoss[float64], target loss.ClassTarget[float64]) float64 {
		value, err := l.Forward(input, target)
		if err != nil {
			t.Fatal(err)
		}
		return value.Data[0]
	}
	sum := compute(loss.CrossEntropyLoss[float64]{Weight: &weight, Reduction: loss.Sum}, indices)
	if got := compute(loss.CrossEntropyLoss[float64]{Weight: &weight, Reduction: loss.Sum}, loss.ClassProbabilities(hot)); math.Abs(got-sum) > 1e-15 {
		t.Errorf("sums: got %v for probabilities, %v for indices", got, sum)
	}
	if got := compute(loss.CrossEntropyLoss[float64]{Weight: &weight}, indices); math.Abs(got-sum/8) > 1e-15 {
		t.Errorf("mean for indices: got %v, want %v, the sum over the weights of the targets", got, sum/8)
	}
	if got := compute(loss.CrossEntropyLoss[float64]{Weight: &weight}, loss.ClassProbabilities(hot)); math.Abs(got-sum/3) > 1e-15 {
		t.Errorf("mean for probabilities: got %v, want %v, the sum over the number of rows", got, sum/3)
	}
}

// TestEntropyIgnored checks what is left of rows that are ignored: nothing, even if their logits are NaN.
func TestEntropyIgnored(t *testing.T) {
	input := loss.Tensor[float64]{Shape: []int{3, 2}, Data: []float64{1, 2, nan, inf, 2, 0}}
	weight := loss.Vector(3.0, 4)
	for _, ignore := range []int64{-100, 1, 7, -1, math.MinInt64, math.MaxInt64} {
		for _, smoothing := range []float64{0, 0.2} {
			l := loss.CrossEntropyLoss[float64]{IgnoreIndex: &ignore, LabelSmoothing: smoothing, Weight: &weight}
			if ignore == -100 {
				l.IgnoreIndex = nil
			}
			value, grad, err := l.ForwardGrad(input, loss.ClassIndices[float64]([]int64{0, ignore, 0}, 3), nil)
			if err != nil {
				t.Fatal(err)
			}
			kept := loss.Tensor[float64]{Shape: []int{2, 2}, Data: []float64{1, 2, 2, 0}}
			want, wantGrad, err := loss.CrossEntropyLoss[float64]{LabelSmoothing: smoothing, Weight: &weight}.ForwardGrad(kept, loss.ClassIndices[float64]([]int64{0, 0}, 2), nil)
			if err != nil {
				t.Fatal(err)
			}
			wantAll := []float64{wantGrad.Data[0], wantGrad.Data[1], 0, 0, wantGrad.Data[2], wantGrad.Data[3]}
			if value.Data[0] != want.Data[0] || !slices.Equal(grad.Data, wantAll) {
				t.Errorf("ignore_index %d, smoothing %v: got %v and %v, without the row %v and %v", ignore, smoothing, value.Data, grad.Data, want.Data, wantAll)
			}
			for _, l.Reduction = range reductions {
				value, grad, err := l.ForwardGrad(input, loss.ClassIndices[float64]([]int64{ignore, ignore, ignore}, 3), nil)
				want := map[loss.Reduction][]float64{loss.Mean: {nan}, loss.Sum: {0}, loss.None: {0, 0, 0}}[l.Reduction]
				if err != nil || !slices.EqualFunc(value.Data, want, same) || !slices.Equal(grad.Data, make([]float64, 6)) {
					t.Errorf("all ignored, %s: got %v and %v, error %v, want %v and zeros", l.Reduction, value.Data, grad.Data, err, want)
				}
			}
		}
	}
}

// TestEntropyZeroWeights has the weights of all targets add up to 0.
func TestEntropyZeroWeights(t *testing.T) {
	weight := loss.Vector(0.0, 3)
	l := loss.CrossEntropyLoss[float64]{Weight: &weight}
	value, grad, err := l.ForwardGrad(loss.Tensor[float64]{Shape: []int{1, 2}, Data: []float64{1, 2}}, loss.ClassIndices[float64]([]int64{0}, 1), nil)
	if err != nil || !math.IsNaN(value.Data[0]) || !math.IsNaN(grad.Data[0]) || !math.IsNaN(grad.Data[1]) {
		t.Errorf("got %v and %v, error %v, want NaN", value.Data, grad.Data, err)
	}
}

func TestEntropyEmpty(t *testing.T) {
	tests := []struct {
		shape, lossShape []int
		probabilities    bool
		mean             float64
	}{
		{shape: []int{0, 3}, lossShape: []int{0}, mean: nan},
		{shape: []int{2, 3, 0}, lossShape: []int{2, 0}, mean: nan},
		{shape: []int{2, 3, 0, 5}, lossShape: []int{2, 0, 5}, mean: nan},
		{shape: []int{0, 0}, lossShape: []int{0}, mean: nan},
		{shape: []int{0, 3}, lossShape: []int{0}, probabilities: true, mean: nan},
		{shape: []int{2, 3, 0}, lossShape: []int{2, 0}, probabilities: true, mean: nan},
		{shape: []int{2, 0}, lossShape: []int{2}, probabilities: true, mean: nan}, // rows without classes
		{shape: []int{2, 0, 3}, lossShape: []int{2, 3}, probabilities: true, mean: nan},
		{shape: []int{0}, probabilities: true, mean: nan},
	}
	for _, test := range tests {
		input := loss.Tensor[float64]{Shape: test.shape}
		target := loss.ClassIndices[float64](nil, test.lossShape...)
		if test.probabilities {
			target = loss.ClassProbabilities(input)
		}
		weight := loss.Tensor[float64]{Shape: []int{test.shape[min(1, len(test.shape)-1)]}}
		weight.Data = make([]float64, weight.Shape[0])
		for _, l := range []loss.CrossEntropyLoss[float64]{{}, {Weight: &weight, LabelSmoothing: 0.1}} {
			for _, l.Reduction = range reductions {
				value, grad, err := l.ForwardGrad(input, target, nil)
				if err != nil {
					t.Fatalf("%v: %v", test.shape, err)
				}
				wantShape, want := []int(nil), 0.0
				if l.Reduction == loss.None {
					wantShape = test.lossShape
				}
				if l.Reduction == loss.Mean {
					want = test.mean
				}
				for _, v := range value.Data {
					if !same(v, want) {
						t.Errorf("%v %s: got %v, want %v", test.shape, l.Reduction, value.Data, want)
					}
				}
				if !slices.Equal(value.Shape, wantShape) || !slices.Equal(grad.Shape, test.shape) || len(grad.Data) != 0 {
					t.Errorf("%v %s: got shapes %v and %v, want %v and that of input", test.shape, l.Reduction, value.Shape, grad.Shape, wantShape)
				}
				if !test.probabilities {
					continue
				}
				if grad, err := l.GradTarget(input, target, nil); err != nil || len(grad.Data) != 0 {
					t.Errorf("%v %s: got grad_target %v, error %v", test.shape, l.Reduction, grad, err)
				}
				if l.Weight != nil {
					if grad, err := l.GradWeight(input, target, nil); err != nil || len(grad.Data) != weight.Shape[0] {
						t.Errorf("%v %s: got grad_weight %v, error %v", test.shape, l.Reduction, grad, err)
					}
				}
			}
		}
	}
}

// TestEntropyRowsBeyondMemory: rows without classes need no data, and their number costs no time.
func TestEntropyRowsBeyondMemory(t *testing.T) {
	input := loss.Tensor[float64]{Shape: []int{math.MaxInt / 2, 0}}
	for reduction, want := range map[loss.Reduction]float64{loss.Mean: nan, loss.Sum: 0} {
		l := loss.CrossEntropyLoss[float64]{Reduction: reduction}
		value, grad, err := l.ForwardGrad(input, loss.ClassProbabilities(input), nil)
		if err != nil || !same(value.Data[0], want) || len(grad.Data) != 0 {
			t.Errorf("%s: got %v, %v, error %v, want %v", reduction, value.Data, grad.Data, err, want)
		}
		if _, err := l.GradTarget(input, loss.ClassProbabilities(input), nil); err != nil {
			t.Errorf("%s: grad_target: %v", reduction, err)
		}
	}
	l := loss.CrossEntropyLoss[float64]{Reduction: loss.None}
	var shapeError *loss.ShapeError
	if _, err := l.Forward(input, loss.ClassProbabilities(input)); !errors.As(err, &shapeError) {
		t.Errorf("none: got error %v, want a ShapeError", err)
	}
}

// TestEntropyErrors has calls that are refused, by every method, with what the error says.
func TestEntropyErrors(t *testing.T) {
	type tensor = loss.Tensor[float64]
	zeros := func(shape ...int) tensor { return fill(shape, func() float64 { return 0 }) }
	indices := func(shape ...int) loss.ClassTarget[float64] {
		return loss.ClassIndices[float64](make([]int64, len(zeros(shape...).Data)), shape...)
	}
	probabilities := func(shape ...int) loss.ClassTarget[float64] { return loss.ClassProbabilities(zeros(shape...)) }
	of := func(values ...int64) loss.ClassTarget[float64] {
		return loss.ClassIndices[float64](values, len(values))
	}
	weight := func(shape ...int) loss.CrossEntropyLoss[float64] {
		w := zeros(shape...)
		return loss.CrossEntropyLoss[float64]{Weight: &w}
	}
	one, million := int64(1), int64(1000000)
	type criterion = loss.CrossEntropyLoss[float64]
	tests := []struct {
		name   string
		loss   criterion
		input  tensor
		target loss.ClassTarget[float64]
		want   string
	}{
		{"0-d input", criterion{}, zeros(), indices(), "input: got shape (), want at least one dimension"},
		{"bad input", criterion{}, tensor{Shape: []int{2, 3}}, indices(2), "input: shape (2, 3) needs 6 elements, Data has 0"},
		{"negative dimension", criterion{}, tensor{Shape: []int{2, -3}}, indices(2), "input: shape (2, -3) has a negative dimension"},
		{"negative batch", criterion{}, tensor{Shape: []int{-2, 3}}, indices(2), "input: shape (-2, 3) has a negative dimension"},
		{"rows beyond an int", criterion{}, tensor{Shape: []int{math.MaxInt / 2, 3, 5}}, indices(2), "input: shape (4611686018427387903, 3, 5) has a negative dimension or too many elements"},
		{"batch", criterion{}, zeros(4, 3), indices(3), "target: got class indices of shape (3,), want (4,)"},
		{"0-d indices", criterion{}, zeros(4, 3), indices(), "target: got class indices of shape (), want (4,)"},
		{"one for all", criterion{}, zeros(4, 3), indices(1), "target: got class indices of shape (1,), want (4,)"},
		{"indices of input's shape", criterion{}, zeros(4, 3), indices(4, 3), "target: got class indices of shape (4, 3), want (4,)"},
		{"a column", criterion{}, zeros(4, 3), indices(4, 1), "target: got class indices of shape (4, 1), want (4,)"},
		{"no positions", criterion{}, zeros(4, 3, 2), indices(4), "target: got class indices of shape (4,), want (4, 2)"},
		{"classes last", criterion{}, zeros(4, 3, 2), indices(4, 3), "target: got class indices of shape (4, 3), want (4, 2)"},
		{"one row", criterion{}, zeros(3), indices(1), "target: got class indices of shape (1,), want ()"},
		{"probabilities of a row", criterion{}, zeros(4, 3), probabilities(3), "target: got shape (3,), want (4, 3), the shape of input"},
		{"probabilities as indices", criterion{}, zeros(4, 3), probabilities(4), "target: got shape (4,), want (4, 3), the shape of input"},
		{"bad indices", criterion{}, zeros(4, 3), loss.ClassIndices[float64]([]int64{0}, 4), "target: shape (4,) needs 4 indices, got 1"},
		{"negative index dimension", criterion{}, zeros(4, 3), loss.ClassIndices[float64](nil, -4), "target: shape (-4,) has a negative dimension"},
		{"bad probabilities", criterion{}, zeros(1, 2), loss.ClassProbabilities(tensor{Shape: []int{1, 2}}), "target: shape (1, 2) needs 2 elements"},
		{"no target", criterion{}, zeros(4, 3), loss.ClassTarget[float64]{}, "target: got a zero ClassTarget"},
		{"class too large", criterion{}, zeros(3, 3), of(0, 2, 3), "target: element [2] is 3, want a class from 0 to 2, or -100 to ignore it"},
		{"class too small", criterion{}, zeros(2, 3), of(0, -1), "target: element [1] is -1, want a class from 0 to 2"},
		{"-100 is not the ignored one", criterion{IgnoreIndex: &one}, zeros(2, 3), of(0, -100), "target: element [1] is -100, want a class from 0 to 2, or 1 to"},
		{"class beyond 32 bits", criterion{}, zeros(1, 3), of(1 << 32), "target: element [0] is 4294967296"},
		{"class of a position", criterion{}, zeros(1, 2, 3), loss.ClassIndices[float64]([]int64{0, 1, 2}, 1, 3), "target: element [0, 2] is 2"},
		{"class without classes", criterion{}, zeros(1, 0), of(0), "target: element [0] is 0, want a class from 0 to -1"},
		{"reduction", criterion{Reduction: 9}, zeros(1, 3), of(0), "reduction: got 9"},
		{"smoothing above 1", criterion{LabelSmoothing: 1.5}, zeros(1, 3), of(0), "label_smoothing: got 1.5, want a number from 0 to 1"},
		{"infinite smoothing", criterion{LabelSmoothing: inf}, zeros(1, 3), of(0), "label_smoothing: got +Inf"},
		{"negative smoothing", criterion{LabelSmoothing: -0.1}, zeros(1, 3), of(0), "label_smoothing: got -0.1"},
		{"smoothing NaN", criterion{LabelSmoothing: nan}, zeros(1, 3), of(0), "label_smoothing: got NaN"},
		{"ignored probabilities", criterion{IgnoreIndex: &million}, zeros(1, 3), probabilities(1, 3), "ignore_index: got 1000000, want none or a negative number"},
		{"weight of 2", weight(2), zeros(1, 3), of(0), "weight: got shape (2,), want (3,), one for each class"},
		{"weight of a row", weight(1, 3), zeros(1, 3), of(0), "weight: got shape (1, 3), want (3,)"},
		{"0-d weight", weight(), zeros(1, 3), of(0), "weight: got shape (), want (3,)"},
		{"weight of positions", weight(2), zeros(1, 3, 2), indices(1, 2), "weight: got shape (2,), want (3,)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, test.loss.Reduction = range []loss.Reduction{test.loss.Reduction, max(test.loss.Reduction, loss.None)} {
				want := "CrossEntropyLoss: " + test.want
				_, err := test.loss.Forward(test.input, test.target)
				checkError(t, "Forward", err, want)
				_, err = test.loss.GradInput(test.input, test.target, nil)
				checkError(t, "GradInput", err, want)
				_, _, err = test.loss.ForwardGrad(test.input, test.target, nil)
				checkError(t, "ForwardGrad", err, want)
			}
		})
	}
	input := zeros(2, 3)
	for want, err := range map[string]error{
		"target: got class indices, want class probabilities": second(criterion{}.GradTarget(input, indices(2), nil)),
		"target: got class indices":                           second(weight(3).GradWeight(input, indices(2), nil)),
		"weight: got nil, want a tensor":                      second(criterion{}.GradWeight(input, probabilities(2, 3), nil)),
		"loss: got a slice of 2 elements":                     criterion{}.Into(loss.Results[float64]{Loss: make([]float64, 2)}, input, indices(2), nil),
		"loss: got a slice of 1 elements":                     criterion{Reduction: loss.None}.Into(loss.Results[float64]{Loss: make([]float64, 1), GradInput: make([]float64, 6)}, input, indices(2), nil),
		"grad_input: got a slice of 5":                        criterion{}.Into(loss.Results[float64]{GradInput: make([]float64, 5)}, input, indices(2), nil),
		"grad_target: got a slice of 5":                       criterion{}.Into(loss.Results[float64]{GradTarget: make([]float64, 5)}, input, probabilities(2, 3), nil),
		"grad_weight: got a slice of 5":                       weight(3).Into(loss.Results[float64]{GradWeight: make([]float64, 5)}, input, probabilities(2, 3), nil),
		"grad_output: got shape (3,), want (2,)":              criterion{Reduction: loss.None}.Into(loss.Results[float64]{GradInput: make([]float64, 6)}, input, indices(2), pointer(zeros(3))),
		"grad_output: got shape (1,), want ()":                criterion{}.Into(loss.Results[float64]{GradInput: make([]float64, 6)}, input, indices(2), pointer(zeros(1))),
		"grad_output: shape (2,) needs 2 elements":            criterion{Reduction: loss.None}.Into(loss.Results[float64]{GradInput: make([]float64, 6)}, input, indices(2), &tensor{Shape: []int{2}}),
	} {
		checkError(t, "a call", err, "CrossEntropyLoss: "+want)
	}
	// A loss of 2³⁰ elements for an input of none is not allocated.
	input = tensor{Shape: []int{1 << 30, 0}}
	none := criterion{Reduction: loss.None}
	_, _, both := none.ForwardGrad(input, loss.ClassProbabilities(input), nil)
	for method, err := range map[string]error{"Forward": second(none.Forward(input, loss.ClassProbabilities(input))), "ForwardGrad": both} {
		checkError(t, method, err, "CrossEntropyLoss: input: shape (1073741824, 0) has 1073741824 rows without classes")
	}
}

func second[A, B any](_ A, b B) B { return b }

func pointer[A any](a A) *A { return &a }

// isLossError reports whether err is of one of the types that the documentation names.
func isLossError(err error) bool {
	var shape *loss.ShapeError
	var option *loss.OptionError
	var value *loss.ValueError
	return errors.As(err, &shape) || errors.As(err, &option) || errors.As(err, &value)
}
