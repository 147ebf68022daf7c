package loss

import (
	"math"
	"runtime"
	"slices"
	"testing"
)

// TestWorkers pins when goroutines are used.
func TestWorkers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	input := func(shape ...int) Tensor[float32] {
		n, _ := count(shape)
		return Tensor[float32]{Shape: shape, Data: make([]float32, n)}
	}
	job := func(input Tensor[float32], rows []float32) int {
		c := MultiLabelSoftMarginLoss[float32]{}.criterion()
		if rows != nil {
			c.reduction = None
		}
		j := job[float32]{losses: rows}
		target := ClassProbabilities(input)
		cut(c, &j, &input, &target)
		return j.workers()
	}
	small, large, wide := input(64, 10), input(1000, 100), input(2, 65536)
	for _, test := range []struct {
		name string
		got  int
		want int
	}{
		{"a small tensor", job(small, nil), 1},
		{"a large one", job(large, nil), 4},
		{"the losses of samples", job(large, make([]float32, 1000)), 4},
		{"the losses of samples over the input", job(large, large.Data[:1000]), 1},
		{"one block for each of two rows", job(wide, make([]float32, 2)), 2},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %d goroutines, want %d", test.name, test.got, test.want)
		}
	}
}

// TestChunks checks that chunks and blocks cover a tensor once, in order, and that no row of
// which the sum is wanted is in two blocks.
func TestChunks(t *testing.T) {
	for _, shape := range [][]int{{1}, {511}, {513}, {16384}, {16385}, {7, 3}, {1000, 100}, {300, 512}, {300, 513}, {50, 1111}, {3, 20000}, {40000, 1}} {
		for _, keepLast := range []bool{false, true} {
			n, _ := count(shape)
			input := Tensor[float64]{Shape: shape, Data: make([]float64, n)}
			c := MultiLabelSoftMarginLoss[float64]{}.criterion()
			if keepLast {
				c.reduction = None
			}
			var j job[float64]
			target := ClassProbabilities(input)
			cut(c, &j, &input, &target)
			classes := shape[len(shape)-1]
			next, blockOfRow := 0, map[int]int{}
			for k := range j.chunks {
				lo, hi := j.chunk(k)
				if lo != next || hi <= lo {
					t.Fatalf("%v keepLast=%t: chunk %d is [%d, %d), want it to start at %d", shape, keepLast, k, lo, hi, next)
				}
				next = hi
				for row := lo / classes; keepLast && row <= (hi-1)/classes; row++ {
					block := k / j.perBlock
					if b, ok := blockOfRow[row]; ok && b != block {
						t.Errorf("%v: row %d is in blocks %d and %d", shape, row, b, block)
					}
					blockOfRow[row] = block
				}
			}
			if next != n || j.blocks() != (j.chunks+j.perBlock-1)/j.perBlock {
				t.Errorf("%v keepLast=%t: chunks end at %d of %d; %d blocks", shape, keepLast, next, n, j.blocks())
			}
		}
	}
}

// TestPosition checks that the loss of a sample has the same bits wherever it stands in a batch.
func TestPosition(t *testing.T) {
	for _, classes := range []int{1, 3, 10, 100, 511, 512, 513, 1500} {
		const rows = 40
		input := Tensor[float64]{Shape: []int{rows, classes}, Data: make([]float64, rows*classes)}
		target := like(input)
		for i := range input.Data {
			input.Data[i] = float64(i%classes%37)/7 - 2.3
			target.Data[i] = float64(i % classes % 3 % 2)
		}
		for _, weight := range []*Tensor[float64]{nil, {Shape: []int{1}, Data: []float64{0.7}}} {
			got, err := MultiLabelSoftMarginLoss[float64]{Weight: weight, Reduction: None}.Forward(input, target)
			if err != nil {
				t.Fatal(err)
			}
			if want := slices.Repeat(got.Data[:1], rows); !slices.Equal(got.Data, want) {
				t.Errorf("%d classes, weighted %t: equal samples have the losses %v", classes, weight != nil, got.Data)
			}
		}
	}
}

// TestNeighbours checks that a logit for which a pass is patched changes nothing but what depends on it.
func TestNeighbours(t *testing.T) {
	const rows, classes = 8, 10
	target := Tensor[float64]{Shape: []int{rows, classes}, Data: make([]float64, rows*classes)}
	input := like(target)
	for i := range input.Data {
		input.Data[i] = float64(i%23)/3 - 4
	}
	bce := BCEWithLogitsLoss[float64]{Reduction: None}
	multi := MultiLabelSoftMarginLoss[float64]{Reduction: None}
	compute := func(input Tensor[float64]) (results [4][]float64) {
		for i, f := range []func(input, target Tensor[float64], gradOutput *Tensor[float64]) (loss, grad Tensor[float64], err error){bce.ForwardGrad, multi.ForwardGrad} {
			loss, grad, err := f(input, target, nil)
			if err != nil {
				t.Fatal(err)
			}
			results[2*i], results[2*i+1] = loss.Data, grad.Data
		}
		return results
	}
	want := compute(input)
	for _, odd := range []float64{720, -1000, math.Inf(1), math.Inf(-1), math.NaN()} {
		changed := Tensor[float64]{Shape: input.Shape, Data: slices.Clone(input.Data)}
		const at = 3*classes + 4
		changed.Data[at] = odd
		for i, got := range compute(changed) {
			own := at * len(got) / len(input.Data)
			for k := range got {
				if k != own && got[k] != want[i][k] {
					t.Errorf("logit %v: result %d [%d] is %v, was %v", odd, i, k, got[k], want[i][k])
				}
			}
		}
	}
}
