package loss_test

import (
	"fmt"
	"math"
	"testing"

	"lossproof/loss"
)

var (
	inf = math.Inf(1)
	nan = math.NaN()
)

// same reports whether two numbers are equal or both NaN.
func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// TestInfiniteLogits has the limits in the logit, with all else fixed.
func TestInfiniteLogits(t *testing.T) {
	tests := []struct{ x, t, w, p, loss, gradInput, gradTarget float64 }{
		{inf, 0, 1, 1, inf, 1, -inf},
		{inf, 0.25, 1, 1, inf, 0.75, -inf},
		{inf, 1, 1, 1, 0, 0, -inf},
		{inf, 2, 1, 1, -inf, -1, -inf},
		{inf, -1, 1, 1, inf, 2, -inf},
		{-inf, 0, 1, 1, 0, 0, inf},
		{-inf, 0.25, 1, 1, inf, -0.25, inf},
		{-inf, 1, 1, 1, inf, -1, inf},
		{-inf, -1, 1, 1, -inf, 1, inf},
		// weight: its sign and its zero
		{inf, 0, -2, 1, -inf, -2, inf},
		{inf, 0, 0, 1, 0, 0, 0},
		{-inf, 1, 0, 1, 0, 0, 0},
		{-inf, 1, -2, 1, -inf, 2, -inf},
		{inf, 1, -2, 1, 0, 0, inf},
		// pos_weight scales the positive term alone
		{-inf, 1, 1, 3, inf, -3, inf},
		{-inf, 1, 1, 0, 0, 0, 0},
		{-inf, 1, 1, -3, -inf, 3, -inf},
		{-inf, 0, 1, 3, 0, 0, inf},
		{inf, 0, 1, 0, inf, 1, -inf},
		{inf, 1, 1, 3, 0, 0, -inf},
		// products that underflow are no zeros
		{inf, 0, 0x1p-130, 0x1p-130, inf, 0x1p-130, -inf},
		{-inf, 0x1p-130, 0x1p-130, 0x1p-130, inf, -0x1p-390, inf},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%+v", test), func(t *testing.T) {
			checkInfinite[float64](t, test.x, test.t, test.w, test.p, test.loss, test.gradInput, test.gradTarget)
			checkInfinite[float32](t, test.x, test.t, test.w, test.p, test.loss, test.gradInput, test.gradTarget)
		})
	}
}

func checkInfinite[T loss.Float](t *testing.T, x, target, w, p, wantLoss, wantInput, wantTarget float64) {
	t.Helper()
	input, targets, weight, posWeight := loss.Vector(T(x)), loss.Vector(T(target)), loss.Vector(T(w)), loss.Vector(T(p))
	check := func(name string, got loss.Tensor[T], err error, want float64) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if !same(float64(got.Data[0]), float64(T(want))) {
			t.Errorf("%s %T: got %v, want %v", name, got.Data[0], got.Data[0], T(want))
		}
	}
	bce := loss.BCEWithLogitsLoss[T]{Weight: &weight, PosWeight: &posWeight}
	value, grad, err := bce.ForwardGrad(input, targets, nil)
	check("BCEWithLogitsLoss loss", value, err, wantLoss)
	check("BCEWithLogitsLoss grad_input", grad, err, wantInput)
	value, err = bce.Forward(input, targets)
	check("BCEWithLogitsLoss loss alone", value, err, wantLoss)
	grad, err = bce.GradInput(input, targets, nil)
	check("BCEWithLogitsLoss grad_input alone", grad, err, wantInput)
	grad, err = bce.GradTarget(input, targets, nil)
	check("BCEWithLogitsLoss grad_target", grad, err, wantTarget)
	if p != 1 {
		return
	}
	multi := loss.MultiLabelSoftMarginLoss[T]{Weight: &weight}
	value, grad, err = multi.ForwardGrad(input, targets, nil)
	check("MultiLabelSoftMarginLoss loss", value, err, wantLoss)
	check("MultiLabelSoftMarginLoss grad_input", grad, err, wantInput)
	grad, err = multi.GradTarget(input, targets, nil)
	check("MultiLabelSoftMarginLoss grad_target", grad, err, wantTarget)
	bce.PosWeight = nil
	grad, err = bce.GradTarget(input, targets, nil)
	check("BCEWithLogitsLoss grad_target without pos_weight", grad, err, wantTarget)
	zero := loss.Scalar(T(0))
	grad, err = bce.GradTarget(input, targets, &zero)
	check("grad_target with an upstream gradient of zero", grad, err, 0)
	grad, err = multi.GradWeight(input, targets, &zero)
	check("grad_weight with an upstream gradient of zero", grad, err, 0)
}

// TestInfinityTouchesItsOwn has one infinite logit among others.
func TestInfinityTouchesItsOwn(t *testing.T) {
	input, _ := loss.Matrix([]float64{1, inf, -1}, []float64{0.5, 2, -2})
	target, _ := loss.Matrix([]float64{0, 1, 1}, []float64{1, 0, 1})
	finite, _ := loss.Matrix([]float64{1, 1000, -1}, []float64{0.5, 2, -2})
	for _, reduction := range reductions { // the limit of t = 1 is 0, as is the loss at 1000
		for _, multiLabel := range []bool{false, true} {
			got, err := compute[float64](call{multiLabel: multiLabel, reduction: reduction, input: input, target: target}, "loss")
			if err != nil {
				t.Fatal(err)
			}
			want, err := compute[float64](call{multiLabel: multiLabel, reduction: reduction, input: finite, target: target}, "loss")
			if err != nil {
				t.Fatal(err)
			}
			for i := range want.Data {
				if got.Data[i] != want.Data[i] {
					t.Errorf("multiLabel=%t %s [%d]: got %v, want %v", multiLabel, reduction, i, got.Data[i], want.Data[i])
				}
			}
		}
	}
}

// TestNaN has a NaN in each argument; it makes NaN of its own element, and of sums over it.
func TestNaN(t *testing.T) {
	for _, argument := range []string{"input", "target", "weight", "pos_weight"} {
		for _, reduction := range reductions {
			for _, multiLabel := range []bool{false, true} {
				if multiLabel && argument == "pos_weight" {
					continue
				}
				input, target, weight, posWeight := loss.Vector(1.0, 800, -1), loss.Vector(0.0, 1, 1), loss.Vector(1.0, 2, 3), loss.Vector(1.0, 2, 3)
				c := call{multiLabel: multiLabel, reduction: reduction, input: input, target: target, weight: &weight}
				if !multiLabel {
					c.posWeight = &posWeight
				}
				map[string][]float64{"input": input.Data, "target": target.Data, "weight": weight.Data, "pos_weight": posWeight.Data}[argument][1] = nan
				for _, output := range []string{"loss", "grad_input"} {
					got, err := compute[float64](c, output)
					if err != nil {
						t.Fatal(err)
					}
					for i, v := range got.Data {
						if want := i == 1 || len(got.Data) == 1; math.IsNaN(v) != want {
							t.Errorf("NaN in %s, multiLabel=%t, %s: %s[%d] is %v", argument, multiLabel, reduction, output, i, v)
						}
					}
				}
			}
		}
	}
}

// TestInfiniteWeights has what PyTorch 2.15 returns for hard targets.
func TestInfiniteWeights(t *testing.T) {
	input, target := loss.Vector(2.0, 2, -2, -2, 0.5), loss.Vector(0.0, 1, 0, 1, 1)
	weight := loss.Vector(inf, -inf, inf, -inf, 2)
	bce := loss.BCEWithLogitsLoss[float64]{Weight: &weight, Reduction: loss.None}
	pos := loss.BCEWithLogitsLoss[float64]{PosWeight: &weight, Reduction: loss.None}
	multi := loss.MultiLabelSoftMarginLoss[float64]{Weight: &weight}
	bceLoss, bceGrad, err := bce.ForwardGrad(input, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	posLoss, posGrad, err := pos.ForwardGrad(input, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, multiGrad, err := multi.ForwardGrad(input, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	aloneGrad, err := pos.GradInput(input, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	multiAlone, err := multi.GradInput(input, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name      string
		got, want []float64
	}{
		{"weight, loss", bceLoss.Data[:4], []float64{inf, -inf, inf, -inf}},
		{"weight, grad_input", bceGrad.Data[:4], []float64{inf, inf, inf, inf}},
		{"pos_weight, loss", posLoss.Data[:4], []float64{nan, -inf, nan, -inf}},
		{"pos_weight, grad_input", posGrad.Data[:4], []float64{nan, nan, nan, nan}},
		{"pos_weight, grad_input alone", aloneGrad.Data[:4], []float64{nan, nan, nan, nan}},
		{"MultiLabelSoftMarginLoss weight, grad_input", multiGrad.Data[:4], []float64{nan, nan, nan, nan}},
		{"MultiLabelSoftMarginLoss weight, grad_input alone", multiAlone.Data[:4], []float64{nan, nan, nan, nan}},
	} {
		for i := range test.want {
			if !same(test.got[i], test.want[i]) {
				t.Errorf("%s[%d]: got %v, want %v", test.name, i, test.got[i], test.want[i])
			}
		}
	}
	for _, grad := range []loss.Tensor[float64]{bceGrad, posGrad, multiGrad} {
		if v := grad.Data[4]; math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("the element with a finite weight has the gradient %v", v)
		}
	}
}
