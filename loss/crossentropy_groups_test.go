package loss_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"lossproof/loss"
)

// TestEntropyGroups checks that rows that are computed together, ordinary and infinite ones, ones with NaN and ignored ones, have the bits of rows
// alone.
func TestEntropyGroups(t *testing.T) {
	checkGroups[float32](t)
	checkGroups[float64](t)
}

func checkGroups[T loss.Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	const rows = 60
	for _, classes := range []int{1, 2, 3, 7, 8, 10, 12, 13, 20, 33} {
		ordinary := func() float64 { return 4 * rng.NormFloat64() }
		input := fill([]int{rows, classes}, ordinary)
		for r := range rows {
			for _, odd := range [][]float64{nil, {inf}, {-inf}, {nan}, {inf, inf}, {inf, nan}}[r%6] {
				input.Data[r*classes+rng.IntN(classes)] = odd
			}
			if r%11 == 10 { // all are the largest
				copy(input.Data[r*classes:], slices.Repeat([]float64{-inf}, classes))
			}
		}
		indices := make([]int64, rows)
		for i := range indices {
			if indices[i] = rng.Int64N(int64(classes)); i%13 == 12 {
				indices[i] = -100
			}
		}
		weight := convert[T](fill([]int{classes}, rng.Float64))
		weight.Data[0] = 0
		upstream := convert[T](fill([]int{rows}, rng.NormFloat64))
		logits := convert[T](input)
		for _, l := range []loss.CrossEntropyLoss[T]{{}, {Weight: &weight}, {Weight: &weight, LabelSmoothing: 0.1}} {
			l.Reduction = loss.None
			all, allGrad := make([]T, rows), slices.Repeat([]T{7}, rows*classes) // what was there does not stay
			if err := l.Into(loss.Results[T]{Loss: all, GradInput: allGrad}, logits, loss.ClassIndices[T](indices, rows), &upstream); err != nil {
				t.Fatal(err)
			}
			for r := range rows {
				x := loss.Tensor[T]{Shape: []int{1, classes}, Data: logits.Data[r*classes:][:classes]}
				u := loss.Tensor[T]{Shape: []int{1}, Data: upstream.Data[r:][:1]}
				one, grad, err := l.ForwardGrad(x, loss.ClassIndices[T](indices[r:][:1], 1), &u)
				if err != nil {
					t.Fatal(err)
				}
				name := fmt.Sprintf("%d classes, weighted %t, smoothing %v, row %d %v", classes, l.Weight != nil, l.LabelSmoothing, r, x.Data)
				if !same(float64(all[r]), float64(one.Data[0])) {
					t.Errorf("%s: got loss %v, alone %v", name, all[r], one.Data[0])
				}
				for c, g := range grad.Data {
					if !same(float64(allGrad[r*classes+c]), float64(g)) {
						t.Errorf("%s: got gradient [%d] %v, alone %v", name, c, allGrad[r*classes+c], g)
					}
				}
			}
		}
	}
}
