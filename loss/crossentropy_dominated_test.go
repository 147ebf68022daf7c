package loss_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"lossproof/loss"
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

// dominatedOracle has what is expected of a row whose target is class y: its loss and its gradient. It takes equal logits together: there are at most
// 257 different ones in a row.
func dominatedOracle(x []float64, y int, d format) (value expected, grad []expected) {
	counts, m := map[float64]int{}, slices.Max(x)
	for _, v := range x {
		counts[v]++
	}
	counts[m]-- // one of the largest is not among the others
	e, others := map[float64]*big.Float{}, bigOf(0)
	for v, n := range counts {
		e[v] = exp(bigOf(m - v))
		others = add(others, mul(bigOf(float64(n)), e[v]))
	}
	sum, rest := add(bigOf(1), others), others
	if x[y] != m {
		rest = sub(sum, e[x[y]])
	}
	expect := func(coefficient float64, v *big.Float) expected {
		var s sumOracle
		s.add(d, bigOf(coefficient), v)
		result := s.expected(d, bigOf(1))
		if d == formats[false] {
			// An exponential below 2⁻¹⁰²² is a multiple of 2⁻¹⁰⁷⁴: a sum of them is not more accurate than they are.
			result.tolerance += math.Ldexp(float64(len(x)), -1074)
		}
		return result
	}
	of := map[float64]expected{}
	for v := range counts {
		of[v] = expect(1, quo(e[v], sum))
	}
	for _, v := range x {
		grad = append(grad, of[v])
	}
	grad[y] = expect(-1, quo(rest, sum))
	return expect(1, add(bigOf(m-x[y]), logOfSum(others))), grad
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
	var value64, value32, grad64, grad32 []expected
	for r, y := range targets {
		x := logits[r*classes:][:classes]
		value, grad := dominatedOracle(x, int(y), formats[false])
		value64, grad64 = append(value64, value), append(grad64, grad...)
		value, grad = dominatedOracle(x, int(y), formats[true])
		value32, grad32 = append(value32, value), append(grad32, grad...)
	}
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
