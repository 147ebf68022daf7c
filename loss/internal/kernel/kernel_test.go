package kernel

import (
	"fmt"
	"math"
	"testing"
)

// fromFormula evaluates an element in the textbook form, which is accurate enough for ordinary values.
func fromFormula(x, t, w, p, u, div float64) (loss, grad, gradTarget float64) {
	up, down, sigma := math.Log(1+math.Exp(x)), math.Log(1+math.Exp(-x)), 1/(1+math.Exp(-x))
	return w * (p*t*down + (1-t)*up), u * w * ((1-t)*sigma - p*t*(1-sigma)) / div, u * w * (p*down - up) / div
}

// operands returns an operand of every form that Run has, and its value at element i.
func operands(n int, scale float64) map[string][]float64 {
	full := make([]float64, n)
	for i := range full {
		full[i] = scale * float64(i%5+1)
	}
	return map[string][]float64{"nil": nil, "one": {scale}, "full": full}
}

func value(operand []float64, i int) float64 {
	switch len(operand) {
	case 0:
		return 1
	case 1:
		return operand[0]
	}
	return operand[i]
}

// TestKernels checks every pass with every form of the operands, and that nothing is
// written beyond the run.
func TestKernels(t *testing.T) {
	t.Run("float32", testKernels[float32])
	t.Run("float64", testKernels[float64])
}

func testKernels[T Float](t *testing.T) {
	const guard = 12345
	tolerance := 1e-14
	if _, ok := any(T(0)).(float32); ok {
		tolerance = 1e-6
	}
	for n := range 20 {
		x, targets := make([]float64, n), make([]float64, n)
		for i := range x {
			x[i], targets[i] = float64(i%7)-3.25, float64(i%5)/4
		}
		for wName, w := range operands(n, 0.5) {
			for pName, p := range operands(n, 0.75) {
				for uName, u := range operands(n, 2) {
					name := fmt.Sprintf("n=%d weight=%s pos_weight=%s u=%s", n, wName, pName, uName)
					run := Run[T]{Input: convert[T](x), Target: convert[T](targets), Weight: convert[T](w), PosWeight: convert[T](p)}
					const div = 3
					wantSum := 0.0
					want := make([][3]float64, n)
					for i := range x {
						loss, grad, gradTarget := fromFormula(x[i], targets[i], value(w, i), value(p, i), value(u, i), div)
						want[i] = [3]float64{loss, grad, gradTarget}
						wantSum += loss
					}
					guarded := func() []T { return append(make([]T, n), guard) }
					y, l := append(make([]float64, n), guard), append(make([]float64, n), guard)
					loss, grad, gradTarget := guarded(), guarded(), guarded()
					if !Exp(y, run.Input) {
						t.Errorf("%s: Exp says that a logit is infinite", name)
					}
					Log1p[T](l, y[:n])
					GradTarget(gradTarget, l, run, convert[T](u), div)
					Losses(l, y, run, true)
					var sums Sums
					sums.Add(l[:n])
					Round(loss, l[:n])
					Grads(grad, y, run, convert[T](u), div)
					total := sums.Total()
					if sum := total.Value(); math.Abs(sum-wantSum) > 10*tolerance {
						t.Errorf("%s: sum %v, want %v", name, sum, wantSum)
					}
					for i := range x {
						for k, got := range []T{loss[i], grad[i], gradTarget[i]} {
							if math.Abs(float64(got)-want[i][k]) > tolerance*(1+math.Abs(want[i][k])) {
								t.Errorf("%s: [%d]: loss, gradient, gradient in target: number %d is %v, want %v", name, i, k, got, want[i][k])
							}
						}
					}
					if loss[n] != guard || grad[n] != guard || gradTarget[n] != guard || y[n] != guard || l[n] != guard {
						t.Errorf("%s: written beyond the run", name)
					}
				}
			}
		}
	}
}

func convert[T Float](v []float64) []T {
	if v == nil {
		return nil
	}
	converted := make([]T, len(v))
	for i, f := range v {
		converted[i] = T(f)
	}
	return converted
}

// TestInfiniteLogitTinyFactors has coefficients whose product underflows to zero: the limit is
// infinite all the same.
func TestInfiniteLogitTinyFactors(t *testing.T) {
	const tiny = 0x1p-600
	inf := math.Inf(1)
	if got := lossFrom(-inf, tiny, 1, tiny, 0); got != inf {
		t.Errorf("tiny target and pos_weight: got %v, want +Inf", got)
	}
	if got := lossFrom(-inf, tiny, -tiny, 1, 0); got != -inf {
		t.Errorf("tiny target and negative weight: got %v, want -Inf", got)
	}
	if got := gradTargetElement(inf, tiny, tiny, 1); got != -inf {
		t.Errorf("tiny weight and upstream gradient: got %v, want -Inf", got)
	}
	if got := gradTargetPosElement(-inf, tiny, tiny, tiny, 1, 0); got != inf {
		t.Errorf("tiny weight, pos_weight and upstream gradient: got %v, want +Inf", got)
	}
}

func TestAccumulator(t *testing.T) {
	inf := math.Inf(1)
	tests := []struct {
		terms  []float64
		want   float64
		reason string
	}{
		{nil, 0, "the empty sum"},
		{[]float64{1, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17}, 1.0000000000000002, "each term is lost beside 1"},
		{[]float64{1e100, 1, -1e100}, 1, "1 is lost until 1e100 is taken away"},
		{[]float64{1, 1e100, -1e100}, 1, "the larger comes second"},
		{[]float64{inf, 1}, inf, "infinity minus infinity is in the errors alone"},
		{[]float64{1, -inf, 5}, -inf, ""},
		{[]float64{inf, -inf}, math.NaN(), ""},
		{[]float64{1, math.NaN()}, math.NaN(), ""},
	}
	for _, test := range tests {
		var sum Accumulator
		for _, v := range test.terms {
			sum.Add(v)
		}
		if got := sum.Value(); got != test.want && !(math.IsNaN(got) && math.IsNaN(test.want)) {
			t.Errorf("%v: got %v, want %v (%s)", test.terms, got, test.want, test.reason)
		}
	}
}

// TestProduct has factors whose product is in range and whose partial products need not be.
func TestProduct(t *testing.T) {
	tests := []struct{ a, b, c, want float64 }{
		{1e300, 1e100, 1e-200, 1e200},
		{1e-300, 1e-100, 1e300, 1e-100},
		{-2, 3, 5, -30},
		{0, 1e300, 1e300, 0},
	}
	for _, v := range tests {
		for _, order := range [][3]float64{{v.a, v.b, v.c}, {v.a, v.c, v.b}, {v.b, v.a, v.c}, {v.b, v.c, v.a}, {v.c, v.a, v.b}, {v.c, v.b, v.a}} {
			got := product(order[0], order[1], order[2])
			if math.Abs(got-v.want) > 1e-15*math.Abs(v.want) {
				t.Errorf("product%v = %v, want %v", order, got, v.want)
			}
		}
	}
	if !math.IsNaN(product(1, math.NaN(), 0)) {
		t.Error("NaN is lost")
	}
}
