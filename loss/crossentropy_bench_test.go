package loss_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"lossproof/loss"
)

// BenchmarkCrossEntropyLoss times rows of few, many and very many classes. The bytes are those of the logits and
// of the gradient.
func BenchmarkCrossEntropyLoss(b *testing.B) {
	benchmarkEntropy[float32](b, "float32", 4)
	benchmarkEntropy[float64](b, "float64", 8)
}

func benchmarkEntropy[T loss.Float](b *testing.B, dtype string, size int) {
	for _, shape := range [][]int{{64, 10}, {4096, 10}, {65536, 10}, {4096, 1000}, {64, 50000}, {16, 21, 64, 64}} {
		n, rows := 1, shape[0]
		for i, d := range shape {
			n *= d
			if i > 1 {
				rows *= d
			}
		}
		rng := rand.New(rand.NewPCG(1, 2))
		input := loss.Tensor[T]{Shape: shape, Data: make([]T, n)}
		probabilities := loss.Tensor[T]{Shape: shape, Data: make([]T, n)}
		for i := range n {
			input.Data[i], probabilities.Data[i] = T(3*rng.NormFloat64()), T(rng.Float64())
		}
		indices := make([]int64, rows)
		for i := range indices {
			indices[i] = rng.Int64N(int64(shape[1]))
		}
		target := loss.ClassIndices[T](indices, append([]int{shape[0]}, shape[2:]...)...)
		soft := loss.ClassProbabilities(probabilities)
		value, grad := make([]T, 1), make([]T, n)
		run := func(name string, arrays int, f func() error) {
			runBenchmark(b, fmt.Sprintf("dtype=%s/shape=%v/%s", dtype, shape, name), arrays*size*n, f)
		}
		mean, smooth := loss.CrossEntropyLoss[T]{}, loss.CrossEntropyLoss[T]{LabelSmoothing: 0.1}
		run("mean", 1, func() error { return mean.Into(loss.Results[T]{Loss: value}, input, target, nil) })
		run("mean+grad", 2, func() error { return mean.Into(loss.Results[T]{Loss: value, GradInput: grad}, input, target, nil) })
		run("smoothing/mean+grad", 2, func() error { return smooth.Into(loss.Results[T]{Loss: value, GradInput: grad}, input, target, nil) })
		run("probabilities/mean", 2, func() error { return mean.Into(loss.Results[T]{Loss: value}, input, soft, nil) })
		run("probabilities/mean+grad", 3, func() error { return mean.Into(loss.Results[T]{Loss: value, GradInput: grad}, input, soft, nil) })
	}
}
