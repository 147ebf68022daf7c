package loss_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"lossproof/loss"
	"lossproof/ports"
	"lossproof/tensor"
)

// probabilityCall is a call of BCELoss in float64, whatever its dtype.
type probabilityCall struct {
	reduction       loss.Reduction
	input, target   loss.Tensor[float64]
	weight, gradOut *loss.Tensor[float64]
}

var probabilityOutputs = []string{"loss", "grad_input", "grad_target"}

func (c probabilityCall) lossShape() []int {
	if c.reduction == loss.None {
		return c.input.Shape
	}
	return nil
}

// evaluate returns what is expected of an output. The gradients, which are quotients and differences of what is exact, have the
// tolerance of a single term.
func (c probabilityCall) evaluate(output string, dtype tensor.DType) []expected {
	want := expect(callOf(ports.BCELoss, c.reduction, dtype, map[string]*loss.Tensor[float64]{
		ports.Input: &c.input, ports.Target: &c.target, ports.Weight: c.weight, ports.GradOutput: c.gradOut,
	}), output)
	for i, e := range want {
		if output != ports.Loss {
			want[i].tolerance = 6 * (dtype.Format().ULP(e.exact()) + dtype.Format().SmallestSubnormal())
		}
	}
	return want
}

func computeProbability[T loss.Float](c probabilityCall, output string) (loss.Tensor[T], error) {
	l := loss.BCELoss[T]{Weight: convertOptional[T](c.weight), Reduction: c.reduction}
	input, target, gradOut := convert[T](c.input), convert[T](c.target), convertOptional[T](c.gradOut)
	switch output {
	case "grad_input":
		return l.GradInput(input, target, gradOut)
	case "grad_target":
		return l.GradTarget(input, target, gradOut)
	}
	return l.Forward(input, target)
}

// checkProbability compares all outputs of a call with the oracle, as checkCall does.
func checkProbability(t *testing.T, c probabilityCall) (worst float64) {
	t.Helper()
	for _, output := range probabilityOutputs {
		got64, err := computeProbability[float64](c, output)
		if err != nil {
			t.Fatalf("%s float64: %v", output, err)
		}
		got32, err := computeProbability[float32](c, output)
		if err != nil {
			t.Fatalf("%s float32: %v", output, err)
		}
		want := c.input.Shape
		if output == "loss" {
			want = c.lossShape()
		}
		if !slices.Equal(got64.Shape, want) || !slices.Equal(got32.Shape, want) {
			t.Fatalf("%s: got shapes %v and %v, want %v", output, got64.Shape, got32.Shape, want)
		}
		worst = max(worst, checkOutput(t, output, got64.Data, got32.Data, c.evaluate(output, tensor.Float64), c.evaluate(output, tensor.Float32)))
	}
	return worst
}

// TestBCELossOracle compares all outputs with the oracle for probabilities of every size, targets and options.
func TestBCELossOracle(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	uniform := func(lo, hi float64) func() float64 { return func() float64 { return lo + (hi-lo)*rng.Float64() } }
	hard := func() float64 { return float64(rng.IntN(2)) }
	pick := func(values ...float64) func() float64 {
		return func() float64 { return values[rng.IntN(len(values))] }
	}
	// All are exact in float32.
	special := pick(0, math.Copysign(0, -1), 0x1p-149, 0x1p-140, 0x1p-126, 0x1p-60, 0x1p-40, 0x1p-39, 1e-12, 0x1p-25, 0x1p-24, 0x1p-23,
		0.25, 0.5-0x1p-25, 0.5, 0.5+0x1p-24, 0.75, 1-0x1p-10, 1-0x1p-24, 1)
	kinds := []struct {
		name                            string
		input, target, weight, upstream func() float64
	}{
		{"ordinary, hard targets", uniform(0, 1), hard, uniform(0.25, 4), uniform(-2, 2)},
		{"ordinary, soft targets", uniform(0, 1), uniform(0, 1), uniform(0.25, 4), uniform(-2, 2)},
		{"small", func() float64 { return math.Pow(10, -44*rng.Float64()) }, pick(0, 0.3, 1), uniform(-4, 4), uniform(-2, 2)},
		{"near one", func() float64 { return 1 - math.Pow(2, -24*rng.Float64()) }, pick(0, 0.3, 1), uniform(-4, 4), uniform(-2, 2)},
		{"near one half", func() float64 { return 0.5 + 0.3*math.Pow(2, -24*rng.Float64())*float64(1-2*rng.IntN(2)) }, hard, uniform(-4, 4), uniform(-2, 2)},
		{"special", special, pick(0, 0.3, 0.5, 1), uniform(-4, 4), uniform(-2, 2)},
		{"tiny weights", uniform(0, 1), hard, pick(1e-30, 1e-38), pick(1e-3, 1e20)},
		{"huge weights", uniform(0, 1), hard, pick(1e30, 1e36), pick(1e-30, 1)},
	}
	shapes := []struct{ input, weight []int }{{nil, nil}, {[]int{7}, []int{1}}, {[]int{4, 5}, []int{5}}, {[]int{4, 5}, []int{4, 1}}, {[]int{2, 3, 4}, []int{2, 1, 4}}}
	worst := 0.0
	for _, kind := range kinds {
		for _, shape := range shapes {
			for _, reduction := range reductions {
				for _, weighted := range []bool{false, true} {
					c := probabilityCall{reduction: reduction, input: fill(shape.input, kind.input), target: fill(shape.input, kind.target)}
					if weighted {
						weight := fill(shape.weight, kind.weight)
						c.weight = &weight
					}
					upstream := fill(c.lossShape(), kind.upstream)
					c.gradOut = &upstream
					t.Run(fmt.Sprintf("%s/%v/%s/weighted=%t", kind.name, shape.input, reduction, weighted), func(t *testing.T) {
						worst = max(worst, checkProbability(t, c))
					})
				}
			}
		}
	}
	t.Logf("largest error over tolerance in float64: %.3f", worst)
}

// TestBCELossPyTorch has the float32 values that PyTorch 2.15 returned, with AVX2, to the last bit: we may
// be 2 ULP off, as each of the two may be one off the exact result.
func TestBCELossPyTorch(t *testing.T) {
	tests := []struct{ x, t, loss, grad float32 }{
		{0, 0, 0, 0}, {0, 0.3, 30.000002, -3.0000002e11}, {0, 1, 100, -1e12},
		{float32(math.Copysign(0, -1)), 0, 0, 0}, {float32(math.Copysign(0, -1)), 1, 100, -1e12},
		{1e-45, 0, 1e-45, 1.4012985e-33}, {1e-45, 0.3, 30.000002, -3.0000002e11}, {1e-45, 1, 100, -1e12},
		{1e-38, 0, 1e-38, 9.999999e-27}, {1e-38, 0.3, 26.24947, -3.0000002e11}, {1e-38, 1, 87.49823, -1e12},
		{5e-13, 0, 5e-13, 0.5}, {5e-13, 0.3, 8.4972515, -3.0000002e11}, {5e-13, 1, 28.32417, -1e12},
		{1e-12, 0, 1e-12, 1}, {1e-12, 0.3, 8.289307, -3.0000002e11}, {1e-12, 1, 27.631021, -1e12},
		{0.5, 0, 0.6931472, 2}, {0.5, 0.3, 0.6931472, 0.79999995}, {0.5, 1, 0.6931472, -2},
		{1 - 0x1p-23, 0, 15.942385, 8388608}, {1 - 0x1p-23, 0.3, 11.159669, 5872025}, {1 - 0x1p-23, 1, 1.1920929e-07, -1.0000001},
		{1, 0, 100, 1e12}, {1, 0.3, 70, 7e11}, {1, 1, 0, 0},
	}
	for _, test := range tests {
		value, grad, err := loss.BCELoss[float32]{}.ForwardGrad(loss.Scalar(test.x), loss.Scalar(test.t), nil)
		if err != nil {
			t.Fatal(err)
		}
		near := func(got, want float32) bool {
			return math.Abs(float64(got)-float64(want)) <= 2*tensor.Float32.Format().ULP(float64(want))
		}
		if !near(value.Data[0], test.loss) || !near(grad.Data[0], test.grad) {
			t.Errorf("x=%v t=%v: got loss %v and gradient %v, PyTorch %v and %v", test.x, test.t, value.Data[0], grad.Data[0], test.loss, test.grad)
		}
	}
	// ε is a number of float32 in float64 too.
	grad, err := loss.BCELoss[float64]{}.GradInput(loss.Scalar(0.0), loss.Scalar(1.0), nil)
	if err != nil || math.Abs(grad.Data[0] - -1000000003995.8029) > 0x1p-12 {
		t.Errorf("float64, x=0 t=1: got gradient %v, %v, PyTorch -1000000003995.8029", grad.Data, err)
	}
}

// TestBCELossValues checks that the first element outside of [0, 1] is named, wherever it is, by every method.
func TestBCELossValues(t *testing.T) {
	const rows, columns = 700, 300 // several blocks
	n := rows * columns
	for _, test := range []struct {
		argument string
		index    int
		value    float64
		want     string
	}{
		{"input", 0, -0x1p-149, "element [0, 0] is "},
		{"input", 301, 1 + 0x1p-23, "element [1, 1] is 1.0000001192092896, want a number from 0 to 1"},
		{"input", n - 1, nan, "element [699, 299] is NaN"},
		{"input", 100000, inf, "element [333, 100] is +Inf"},
		{"target", 100001, -inf, "element [333, 101] is -Inf"},
		{"target", 5, 2, "element [0, 5] is 2"},
	} {
		t.Run(fmt.Sprintf("%s[%d]=%v", test.argument, test.index, test.value), func(t *testing.T) {
			half := func() float64 { return 0.5 }
			c := probabilityCall{input: fill([]int{rows, columns}, half), target: fill([]int{rows, columns}, half)}
			tensor := c.input
			if test.argument == "target" {
				tensor = c.target
			}
			tensor.Data[test.index], tensor.Data[n-1] = test.value, nan
			check := func(err error) {
				t.Helper()
				var value *loss.ValueError
				if !errors.As(err, &value) || value.Argument != test.argument || !strings.HasPrefix(value.Reason, test.want) {
					t.Errorf("got error %v, want a *ValueError of %s: %s", err, test.argument, test.want)
				}
			}
			for _, c.reduction = range reductions {
				for _, output := range probabilityOutputs {
					_, err := computeProbability[float64](c, output)
					check(err)
				}
			}
			_, _, err := loss.BCELoss[float32]{}.ForwardGrad(convert[float32](c.input), convert[float32](c.target), nil)
			check(err)
		})
	}
}
