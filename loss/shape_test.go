package loss_test

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lossproof/loss"
	"lossproof/loss/internal/kernel"
)

// TestShapes compares every output with the oracle for shapes of every rank, and for
// weights of every shape that broadcasts to them.
func TestShapes(t *testing.T) {
	tests := []struct{ input, weight, posWeight []int }{
		{nil, nil, nil}, // 0-d
		{[]int{1}, []int{1}, nil},
		{[]int{5}, nil, []int{5}},
		{[]int{1, 1}, []int{1, 1}, []int{1}},
		{[]int{3, 1}, []int{3, 1}, []int{1}},
		{[]int{1, 5}, []int{5}, []int{1, 5}},
		{[]int{3, 5}, nil, []int{5}},
		{[]int{3, 5}, []int{1}, []int{1, 5}},
		{[]int{3, 5}, []int{5}, []int{3, 1}},
		{[]int{3, 5}, []int{1, 5}, []int{3, 5}},
		{[]int{3, 5}, []int{3, 1}, []int{1, 1}},
		{[]int{3, 5}, []int{3, 5}, []int{5}},
		{[]int{4, 4}, []int{4}, []int{4, 1}}, // N = C
		{[]int{2, 3, 4}, []int{4}, []int{3, 1}},
		{[]int{2, 3, 4}, []int{3, 1}, []int{2, 1, 1}},
		{[]int{2, 3, 4}, []int{2, 1, 4}, []int{3, 4}},
		{[]int{2, 3, 4}, []int{1, 3, 4}, []int{2, 3, 1}},
		{[]int{2, 1, 4}, []int{2, 1, 1}, []int{1, 4}},
		{[]int{2, 3, 2, 4}, []int{3, 1, 1}, []int{2, 1, 2, 1}},
		{[]int{2, 1, 3, 1, 4}, []int{3, 1, 1}, []int{2, 1, 3, 1, 4}},
		{[]int{2, 2, 2, 2, 2, 2, 2, 2, 2, 2}, []int{2, 1, 2, 1, 2, 1, 2, 1, 2, 1}, []int{1, 2, 1, 2, 1, 2, 1, 2}},
	}
	values := []float64{-2.5, -1, -0.125, 0.25, 0.75, 1.5, 2, 3.25, 0.375, -0.5, 1.125}
	next := 0
	draw := func() float64 {
		next++
		return values[next%len(values)]
	}
	for _, test := range tests {
		for _, multiLabel := range []bool{false, true} {
			if multiLabel && len(test.input) == 0 {
				continue
			}
			for _, reduction := range reductions {
				c := call{multiLabel: multiLabel, reduction: reduction, input: fill(test.input, draw), target: fill(test.input, draw)}
				weight, posWeight := fill(test.weight, draw), fill(test.posWeight, draw)
				c.weight = &weight // a 0-d weight where the table has none
				if !multiLabel {
					c.posWeight = &posWeight
				}
				upstream := fill(c.lossShape(), draw)
				c.gradOut = &upstream
				checkCall(t, c)
				if t.Failed() {
					t.Fatalf("input %v, weight %v, pos_weight %v, multiLabel %t, %s", test.input, test.weight, test.posWeight, multiLabel, reduction)
				}
			}
		}
	}
}

// TestLongRows has rows that are longer than a chunk.
func TestLongRows(t *testing.T) {
	shape := []int{2, 2*kernel.ChunkLen + 5}
	next := 0
	draw := func() float64 {
		next++
		return float64(next%23-11) / 4
	}
	c := call{input: fill(shape, draw), target: fill(shape, draw)}
	weightShapes := [][]int{shape[1:], {2, 1}, shape}
	for i, reduction := range reductions {
		for j, multiLabel := range []bool{false, true} {
			weight := fill(weightShapes[(i+j)%3], draw)
			c.multiLabel, c.reduction, c.weight = multiLabel, reduction, &weight
			upstream := fill(c.lossShape(), draw)
			c.gradOut = &upstream
			checkCall(t, c)
		}
	}
}

func TestEmpty(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		shape             []int
		multiLabel        bool
		none              []int
		noneValue         []float64
		mean, sum         float64
		weight, posWeight []int
	}{
		{shape: []int{0}, none: []int{0}, mean: nan, sum: 0},
		{shape: []int{0, 3}, none: []int{0, 3}, mean: nan, sum: 0, weight: []int{3}, posWeight: []int{1, 3}},
		{shape: []int{3, 0}, none: []int{3, 0}, mean: nan, sum: 0, weight: []int{0}, posWeight: []int{3, 1}},
		{shape: []int{2, 0, 4}, none: []int{2, 0, 4}, mean: nan, sum: 0, weight: []int{2, 1, 4}},
		{shape: []int{0}, multiLabel: true, none: nil, noneValue: []float64{nan}, mean: nan, sum: nan},
		{shape: []int{0, 3}, multiLabel: true, none: []int{0}, mean: nan, sum: 0, weight: []int{3}},
		{shape: []int{3, 0}, multiLabel: true, none: []int{3}, noneValue: []float64{nan, nan, nan}, mean: nan, sum: nan, weight: []int{3, 1}},
		{shape: []int{2, 0, 4}, multiLabel: true, none: []int{2, 0}, mean: nan, sum: 0, weight: []int{4}},
		{shape: []int{0, 0}, multiLabel: true, none: []int{0}, mean: nan, sum: 0},
	}
	for _, test := range tests {
		empty := loss.Tensor[float64]{Shape: test.shape}
		zero := func() float64 { return 0 }
		for _, reduction := range reductions {
			c := call{multiLabel: test.multiLabel, reduction: reduction, input: empty, target: empty}
			if test.weight != nil {
				weight := fill(test.weight, zero)
				c.weight = &weight
			}
			if test.posWeight != nil {
				posWeight := fill(test.posWeight, zero)
				c.posWeight = &posWeight
			}
			got, err := compute[float64](c, "loss")
			if err != nil {
				t.Fatal(err)
			}
			want := map[loss.Reduction]loss.Tensor[float64]{
				loss.Mean: loss.Scalar(test.mean),
				loss.Sum:  loss.Scalar(test.sum),
				loss.None: {Shape: test.none, Data: test.noneValue},
			}[reduction]
			if diff := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%v multiLabel=%t %s: loss differs (-want +got):\n%s", test.shape, test.multiLabel, reduction, diff)
			}
			for _, output := range c.outputs()[1:] {
				want := empty
				if output == "grad_weight" { // a sum over nothing
					want = fill(test.weight, zero)
				}
				got, err := compute[float64](c, output)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%v multiLabel=%t %s: %s differs (-want +got):\n%s", test.shape, test.multiLabel, reduction, output, diff)
				}
			}
		}
	}
}

// TestEmptyGradWeight writes a gradient without terms over what was there.
func TestEmptyGradWeight(t *testing.T) {
	weight := loss.Vector(1.0, 2, 3)
	empty := loss.Tensor[float64]{Shape: []int{0, 3}}
	dst := []float64{7, 8, 9}
	if err := (loss.MultiLabelSoftMarginLoss[float64]{Weight: &weight}).Into(loss.Results[float64]{GradWeight: dst}, empty, empty, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{0, 0, 0}, dst); diff != "" {
		t.Errorf("the gradient differs (-want +got):\n%s", diff)
	}
}

func TestShapeErrors(t *testing.T) {
	ones := func(shape ...int) *loss.Tensor[float64] {
		one := fill(shape, func() float64 { return 1 })
		return &one
	}
	raw := func(n int, shape ...int) *loss.Tensor[float64] {
		return &loss.Tensor[float64]{Shape: shape, Data: make([]float64, n)}
	}
	const both, bce, multi = "both", "bce", "multi"
	const huge = math.MaxInt / 2
	hugeText := strconv.Itoa(huge)
	tests := []struct {
		module                                    string
		input, target, weight, posWeight, gradOut *loss.Tensor[float64]
		reduction                                 loss.Reduction
		argument                                  string
		says                                      []string
		reason                                    string
	}{
		{both, ones(3, 5), ones(5), nil, nil, nil, loss.Mean, "target", []string{"(5,)", "(3, 5)"}, "PyTorch's MultiLabelSoftMarginLoss broadcasts it"},
		{both, ones(3, 5), ones(1, 3, 5), nil, nil, nil, loss.Mean, "target", []string{"(1, 3, 5)", "(3, 5)"}, ""},
		{both, ones(3, 1), ones(3), nil, nil, nil, loss.Mean, "target", []string{"(3,)", "(3, 1)"}, "as many elements"},
		{both, ones(1), ones(), nil, nil, nil, loss.Mean, "target", []string{"()", "(1,)"}, ""},
		{both, ones(0, 5), ones(1, 5), nil, nil, nil, loss.Mean, "target", []string{"(1, 5)", "(0, 5)"}, ""},
		{bce, ones(), ones(1), nil, nil, nil, loss.Mean, "target", []string{"(1,)", "()"}, ""},
		{multi, ones(), ones(), nil, nil, nil, loss.Mean, "input", []string{"()"}, "no classes"},
		{multi, ones(), ones(), nil, nil, nil, loss.None, "input", []string{"()"}, "no classes"},
		{both, ones(3, 5), ones(3, 5), ones(3), nil, nil, loss.Mean, "weight", []string{"(3,)", "(3, 5)"}, ""},
		{both, ones(3, 5), ones(3, 5), ones(4), nil, nil, loss.Mean, "weight", []string{"(4,)", "(3, 5)"}, ""},
		{both, ones(3, 5), ones(3, 5), raw(0, 0), nil, nil, loss.Mean, "weight", []string{"(0,)", "(3, 5)"}, ""},
		{both, ones(3, 5), ones(3, 5), ones(5, 1), nil, nil, loss.Mean, "weight", []string{"(5, 1)", "(3, 5)"}, ""},
		{both, ones(3, 5), ones(3, 5), ones(1, 3, 5), nil, nil, loss.Mean, "weight", []string{"(1, 3, 5)", "(3, 5)"}, "PyTorch's MultiLabelSoftMarginLoss averages the wrong axis"},
		{both, ones(3, 1), ones(3, 1), ones(5), nil, nil, loss.Mean, "weight", []string{"(5,)", "(3, 1)"}, "input is not broadcast"},
		{both, ones(1), ones(1), raw(0, 0), nil, nil, loss.Mean, "weight", []string{"(0,)", "(1,)"}, ""},
		{bce, ones(), ones(), ones(1), nil, nil, loss.Mean, "weight", []string{"(1,)", "()"}, ""},
		{bce, ones(3, 5), ones(3, 5), nil, ones(3), nil, loss.Mean, "pos_weight", []string{"(3,)", "(3, 5)"}, ""},
		{bce, ones(3, 5), ones(3, 5), nil, ones(3, 1, 1), nil, loss.Mean, "pos_weight", []string{"(3, 1, 1)", "(3, 5)"}, ""},
		{bce, ones(), ones(), nil, ones(1), nil, loss.Mean, "pos_weight", []string{"(1,)", "()"}, ""},
		{both, ones(3, 5), ones(3, 5), nil, nil, ones(1), loss.Mean, "grad_output", []string{"(1,)", "()"}, ""},
		{both, ones(3, 5), ones(3, 5), nil, nil, ones(5), loss.None, "grad_output", []string{"(5,)"}, ""},
		{bce, ones(3, 5), ones(3, 5), nil, nil, ones(3), loss.None, "grad_output", []string{"(3,)", "(3, 5)"}, ""},
		{multi, ones(3, 5), ones(3, 5), nil, nil, ones(3, 5), loss.None, "grad_output", []string{"(3, 5)", "(3,)"}, ""},
		{both, raw(14, 3, 5), ones(3, 5), nil, nil, nil, loss.None, "input", []string{"(3, 5)", "15", "14"}, "too few elements"},
		{both, ones(3, 5), raw(16, 3, 5), nil, nil, nil, loss.None, "target", []string{"(3, 5)", "15", "16"}, "too many elements"},
		{both, ones(5), ones(5), raw(4, 5), nil, nil, loss.None, "weight", []string{"(5,)", "4"}, ""},
		{both, raw(0, -1, 5), ones(5), nil, nil, nil, loss.None, "input", []string{"(-1, 5)"}, "a negative dimension"},
		{both, raw(0, huge, huge), ones(5), nil, nil, nil, loss.None, "input", []string{hugeText}, "more elements than an int counts"},
		{both, raw(0, 0, huge, huge), ones(5), nil, nil, nil, loss.None, "input", []string{hugeText}, "no elements, but a product that overflows"},
		{multi, raw(0, huge, 0), raw(0, huge, 0), nil, nil, nil, loss.None, "input", []string{"(" + hugeText + ", 0)"}, "a loss that does not fit into memory"},
		{both, &loss.Tensor[float64]{}, &loss.Tensor[float64]{}, nil, nil, nil, loss.Mean, "input", []string{"()"}, "the zero Tensor"},
	}
	for _, test := range tests {
		for _, multiLabel := range []bool{false, true} {
			if multiLabel && test.module == bce || !multiLabel && test.module == multi {
				continue
			}
			c := call{
				multiLabel: multiLabel, reduction: test.reduction, input: *test.input, target: *test.target,
				weight: test.weight, posWeight: test.posWeight, gradOut: test.gradOut,
			}
			for _, output := range c.outputs() {
				if test.argument == "grad_output" && output == "loss" {
					continue
				}
				if len(test.input.Data) == 0 && len(test.input.Shape) == 2 && test.input.Shape[1] == 0 && output != "loss" {
					continue // it is the loss alone that would be too large
				}
				_, err := compute[float64](c, output)
				var shapeError *loss.ShapeError
				if !errors.As(err, &shapeError) {
					t.Errorf("%+v %s: got error %v, want a *ShapeError", test, output, err)
					continue
				}
				if output == "loss" || output == "grad_input" {
					gradOut := c.gradOut
					if output == "loss" {
						gradOut = nil
					}
					var bothError *loss.ShapeError
					if both := c.bothNew(gradOut); !errors.As(both, &bothError) || bothError.Argument != test.argument {
						t.Errorf("one pass: got error %v, want %v", both, err)
					}
				}
				if shapeError.Argument != test.argument {
					t.Errorf("%s: got argument %s, want %s", err, shapeError.Argument, test.argument)
				}
				for _, part := range append(test.says, test.argument) {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("error %q does not say %q", err, part)
					}
				}
			}
		}
	}
}

func TestDestinationLength(t *testing.T) {
	input, target := loss.Vector(1.0, 2, 3), loss.Vector(1.0, 0, 1)
	weight := loss.Scalar(1.0)
	bce := loss.BCEWithLogitsLoss[float64]{}
	multi := loss.MultiLabelSoftMarginLoss[float64]{Weight: &weight}
	for name, err := range map[string]error{
		"bce loss":             bce.Into(loss.Results[float64]{Loss: make([]float64, 3)}, input, target, nil),
		"bce grad_input":       bce.Into(loss.Results[float64]{GradInput: make([]float64, 2)}, input, target, nil),
		"bce grad_target":      bce.Into(loss.Results[float64]{GradTarget: make([]float64, 0)}, input, target, nil),
		"bce both, loss":       bce.Into(loss.Results[float64]{Loss: make([]float64, 0), GradInput: make([]float64, 3)}, input, target, nil),
		"bce both, grad_input": bce.Into(loss.Results[float64]{Loss: make([]float64, 1), GradInput: make([]float64, 0)}, input, target, nil),
		"multi loss":           multi.Into(loss.Results[float64]{Loss: make([]float64, 0)}, input, target, nil),
		"multi grad_input":     multi.Into(loss.Results[float64]{GradInput: make([]float64, 4)}, input, target, nil),
		"multi grad_target":    multi.Into(loss.Results[float64]{GradTarget: make([]float64, 0)}, input, target, nil),
		"multi grad_weight":    multi.Into(loss.Results[float64]{GradWeight: make([]float64, 3)}, input, target, nil),
		"multi both, loss":     multi.Into(loss.Results[float64]{Loss: make([]float64, 0), GradInput: make([]float64, 3)}, input, target, nil),
		"multi both, gradient": multi.Into(loss.Results[float64]{Loss: make([]float64, 1), GradInput: make([]float64, 0)}, input, target, nil),
	} {
		var shapeError *loss.ShapeError
		if !errors.As(err, &shapeError) {
			t.Errorf("%s: got error %v, want a *ShapeError", name, err)
		}
	}
}

func TestConstructors(t *testing.T) {
	if _, err := loss.NewTensor([]float32{1, 2, 3}, 2, 2); err == nil || !strings.Contains(err.Error(), "(2, 2)") {
		t.Errorf("3 elements of shape (2, 2): got error %v", err)
	}
	if _, err := loss.NewTensor([]float32{}, -1); err == nil {
		t.Error("shape (-1,): got no error")
	}
	if _, err := loss.Matrix([]float32{1, 2}, []float32{3}); err == nil {
		t.Error("rows of two lengths: got no error")
	}
	got, err := loss.Matrix([]float32{1, 2}, []float32{3, 4})
	want := loss.Tensor[float32]{Shape: []int{2, 2}, Data: []float32{1, 2, 3, 4}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Matrix: error %v, differs (-want +got):\n%s", err, diff)
	}
	same, err := loss.NewTensor([]float32{1, 2, 3, 4}, 2, 2)
	if diff := cmp.Diff(want, same); err != nil || diff != "" {
		t.Errorf("NewTensor: error %v, differs (-want +got):\n%s", err, diff)
	}
	none, err := loss.Matrix[float32]()
	if diff := cmp.Diff(loss.Tensor[float32]{Shape: []int{0, 0}}, none); err != nil || diff != "" {
		t.Errorf("Matrix(): error %v, differs (-want +got):\n%s", err, diff)
	}
}
