package loss_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"lossproof/loss"
)

// BenchmarkBCELoss times hard targets. The bytes are those of input, target and the gradient.
func BenchmarkBCELoss(b *testing.B) {
	benchmarkBCELoss[float32](b, "float32", 4)
	benchmarkBCELoss[float64](b, "float64", 8)
}

func benchmarkBCELoss[T loss.Float](b *testing.B, dtype string, size int) {
	for _, shape := range [][]int{{64, 10}, {4096, 1024}} {
		n := shape[0] * shape[1]
		rng := rand.New(rand.NewPCG(1, 2))
		input := loss.Tensor[T]{Shape: shape, Data: make([]T, n)}
		target := loss.Tensor[T]{Shape: shape, Data: make([]T, n)}
		for i := range n {
			input.Data[i], target.Data[i] = T(rng.Float64()), T(rng.IntN(2))
		}
		value, grad := make([]T, 1), make([]T, n)
		run := func(name string, arrays int, f func() error) {
			runBenchmark(b, fmt.Sprintf("dtype=%s/shape=%v/%s", dtype, shape, name), arrays*size*n, f)
		}
		mean := loss.BCELoss[T]{}
		run("mean", 2, func() error { return mean.Into(loss.Results[T]{Loss: value}, input, target, nil) })
		run("grad", 3, func() error { return mean.Into(loss.Results[T]{GradInput: grad}, input, target, nil) })
		run("mean+grad", 3, func() error { return mean.Into(loss.Results[T]{Loss: value, GradInput: grad}, input, target, nil) })
	}
}
