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
			checkColumns(t, l, logits, indices, &upstream, all, allGrad)
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

// checkColumns wants the same bits where the classes of a row are not beside each other in memory, in two samples.
func checkColumns[T loss.Float](t *testing.T, l loss.CrossEntropyLoss[T], rows loss.Tensor[T], indices []int64, upstream *loss.Tensor[T], all, allGrad []T) {
	t.Helper()
	classes, half := rows.Shape[1], rows.Shape[0]/2
	at := func(r, c int) int { return (r/half*classes+c)*half + r%half }
	x := loss.Tensor[T]{Shape: []int{2, classes, half}, Data: make([]T, len(rows.Data))}
	for i, v := range rows.Data {
		x.Data[at(i/classes, i%classes)] = v
	}
	got, grad, err := l.ForwardGrad(x, loss.ClassIndices[T](indices, 2, half), &loss.Tensor[T]{Shape: []int{2, half}, Data: upstream.Data})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range allGrad {
		if g := grad.Data[at(i/classes, i%classes)]; !same(float64(g), float64(want)) {
			t.Errorf("%d classes, row %d: gradient [%d] %v in a column, %v in a row", classes, i/classes, i%classes, g, want)
		}
	}
	for r, want := range all {
		if !same(float64(got.Data[r]), float64(want)) {
			t.Errorf("%d classes, row %d: loss %v in a column, %v in a row", classes, r, got.Data[r], want)
		}
	}
}
