package loss_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"lossproof/loss"
	"lossproof/tensor"
)

// leads are how far the target is above the other logits: from ties to where all exp(x-m) are 0, in float64 too. PyTorch returns 0
// from about 17 on in float32, from about 37 on in float64.
var leads = []float64{0, 0.5, 2, 5, 9, 11, 13, 15, 16, 17, 18, 21, 30, 37, 45, 70, 87, 95, 104, 700, 735, 5000}

// dominatedRow returns logits, all exact in float32, of which one is above the others by lead and up to 1 more.
func dominatedRow(rng *rand.Rand, classes int, lead float64) (x []float64, top int) {
	x = make([]float64, classes)
	top = rng.IntN(classes)
	base := float64(rng.IntN(64)) / 8
	for c := range x {
		x[c] = base - lead - float64(rng.IntN(256))/256
	}
	x[top] = base
	return x, top
}

// dominated is what is expected of rows, each with the error of a single term.
func dominated(output string, input loss.Tensor[float64], targets []int64, dtype tensor.DType) []expected {
	c := entropyCall{reduction: loss.None, input: input, indices: targets, indexShape: []int{len(targets)}}
	want := c.evaluate(output, dtype)
	for i, e := range want {
		want[i].tolerance = 6 * dtype.Format().ULP(e.exact())
		if dtype == tensor.Float64 {
			// An exponential below 2⁻¹⁰²² is a multiple of 2⁻¹⁰⁷⁴: a sum of them is not more accurate than they are.
			want[i].tolerance += math.Ldexp(float64(input.Shape[1]), -1074)
		}
	}
	return want
}

// TestEntropyDominated compares rows in which one class leads with the oracle: most have that class as target, where the loss is log1p of the other
// classes alone. They are computed
// one at a time and, where a call has several, in groups.
func TestEntropyDominated(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	for _, classes := range []int{2, 8, 10, 33, 300, 2049, 50000} {
		leads := leads
		if classes > 2049 {
			if testing.Short() {
				continue
			}
			leads = []float64{2, 14, 17, 95}
		}
		t.Run(fmt.Sprintf("%d classes", classes), func(t *testing.T) {
			var logits []float64
			var targets []int64
			for k, lead := range leads {
				x, y := dominatedRow(rng, classes, lead)
				if k%7 == 6 {
					y = (y + 1) % classes
				}
				logits, targets = append(logits, x...), append(targets, int64(y))
			}
			checkRows(t, logits, targets)
		})
	}
}

// checkRows compares the loss and the gradient of every row with the oracle, all in one call and each in a call of its own.
func checkRows(t *testing.T, logits []float64, targets []int64) {
	t.Helper()
	classes := len(logits) / len(targets)
	all := loss.Tensor[float64]{Shape: []int{len(targets), classes}, Data: logits}
	value64, grad64 := dominated("loss", all, targets, tensor.Float64), dominated("grad_input", all, targets, tensor.Float64)
	value32, grad32 := dominated("loss", all, targets, tensor.Float32), dominated("grad_input", all, targets, tensor.Float32)
	check := func(lo, hi int) {
		t.Helper()
		input := loss.Tensor[float64]{Shape: []int{hi - lo, classes}, Data: logits[lo*classes : hi*classes]}
		got64, gotGrad64 := rowsOf[float64](t, input, targets[lo:hi])
		got32, gotGrad32 := rowsOf[float32](t, input, targets[lo:hi])
		name := fmt.Sprintf("rows %d to %d, ", lo, hi)
		checkOutput(t, name+"loss", got64, got32, value64[lo:hi], value32[lo:hi])
		checkOutput(t, name+"grad_input", gotGrad64, gotGrad32, grad64[lo*classes:hi*classes], grad32[lo*classes:hi*classes])
	}
	check(0, len(targets))
	for r := 0; r < len(targets) && !t.Failed(); r++ {
		check(r, r+1)
	}
}

// rowsOf returns the losses and the gradient of rows.
func rowsOf[T loss.Float](t *testing.T, input loss.Tensor[float64], targets []int64) (value, grad []T) {
	t.Helper()
	l := loss.CrossEntropyLoss[T]{Reduction: loss.None}
	v, g, err := l.ForwardGrad(convert[T](input), loss.ClassIndices[T](targets, len(targets)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return v.Data, g.Data
}
