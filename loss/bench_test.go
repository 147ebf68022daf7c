package loss_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"lossproof/loss"
)

// BenchmarkLosses times both modules for each dtype, shape and form. The bytes are those of the arrays
// that are read and written once.
func BenchmarkLosses(b *testing.B) {
	benchmarkDtype[float32](b, "float32", 4)
	benchmarkDtype[float64](b, "float64", 8)
}

// runBenchmark times f, which reads and writes so many bytes.
func runBenchmark(b *testing.B, name string, bytes int, f func() error) {
	b.Run(name, func(b *testing.B) {
		b.SetBytes(int64(bytes))
		b.ReportAllocs()
		for b.Loop() {
			if err := f(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchmarkDtype[T loss.Float](b *testing.B, dtype string, size int) {
	for _, shape := range [][]int{{64, 10}, {4096, 1024}, {65536, 1024}} {
		n := shape[0] * shape[1]
		name := fmt.Sprintf("dtype=%s/shape=%dx%d", dtype, shape[0], shape[1])
		b.Run(name, func(b *testing.B) {
			if testing.Short() && n > 1<<20 {
				b.Skip("large")
			}
			rng := rand.New(rand.NewPCG(1, 2))
			input := loss.Tensor[T]{Shape: shape, Data: make([]T, n)}
			target := loss.Tensor[T]{Shape: shape, Data: make([]T, n)}
			for i := range n {
				input.Data[i], target.Data[i] = T(3*rng.NormFloat64()), T(rng.IntN(2))
			}
			grad, out := make([]T, n), make([]T, n)
			run := func(name string, arrays int, f func() error) { runBenchmark(b, name, arrays*size*n, f) }
			classes := loss.Tensor[T]{Shape: shape[1:], Data: make([]T, shape[1])}
			for i := range classes.Data {
				classes.Data[i] = T(1 + i%3)
			}
			mean, none := loss.BCEWithLogitsLoss[T]{}, loss.BCEWithLogitsLoss[T]{Reduction: loss.None}
			multi, multiNone := loss.MultiLabelSoftMarginLoss[T]{}, loss.MultiLabelSoftMarginLoss[T]{Reduction: loss.None}
			weighted := loss.BCEWithLogitsLoss[T]{PosWeight: &classes}
			run("module=bce/mean", 2, func() error { return mean.Into(loss.Results[T]{Loss: out[:1]}, input, target, nil) })
			run("module=bce/none", 3, func() error { return none.Into(loss.Results[T]{Loss: out}, input, target, nil) })
			run("module=bce/grad", 3, func() error { return mean.Into(loss.Results[T]{GradInput: grad}, input, target, nil) })
			run("module=bce/mean+grad", 3, func() error { return mean.Into(loss.Results[T]{Loss: out[:1], GradInput: grad}, input, target, nil) })
			run("module=bce/none+grad", 4, func() error { return none.Into(loss.Results[T]{Loss: out, GradInput: grad}, input, target, nil) })
			run("module=bce/pos_weight/mean", 2, func() error { return weighted.Into(loss.Results[T]{Loss: out[:1]}, input, target, nil) })
			run("module=bce/pos_weight/mean+grad", 3, func() error {
				return weighted.Into(loss.Results[T]{Loss: out[:1], GradInput: grad}, input, target, nil)
			})
			run("module=mlsm/mean", 2, func() error { return multi.Into(loss.Results[T]{Loss: out[:1]}, input, target, nil) })
			run("module=mlsm/none", 2, func() error { return multiNone.Into(loss.Results[T]{Loss: out[:shape[0]]}, input, target, nil) })
			run("module=mlsm/mean+grad", 3, func() error { return multi.Into(loss.Results[T]{Loss: out[:1], GradInput: grad}, input, target, nil) })
		})
	}
}

// BenchmarkNearest says what Nearest costs: calls with it and without take turns, and the fastest of each count.
func BenchmarkNearest(b *testing.B) {
	const n = 1 << 16
	rng := rand.New(rand.NewPCG(1, 2))
	x, target, value, grad := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range x {
		x[i], target[i] = float32(2.3*rng.NormFloat64()), float32(rng.IntN(2))
	}
	for name, results := range map[string]loss.Results[float32]{"loss": {Loss: value}, "gradient": {GradInput: grad}, "both": {Loss: value, GradInput: grad}} {
		b.Run(name, func(b *testing.B) {
			fastest := [2]time.Duration{time.Hour, time.Hour}
			for b.Loop() {
				for k := range fastest {
					start := time.Now()
					l := loss.BCEWithLogitsLoss[float32]{Reduction: loss.None, Nearest: k == 1}
					if err := l.Into(results, loss.Vector(x...), loss.Vector(target...), nil); err != nil {
						b.Fatal(err)
					}
					fastest[k] = min(fastest[k], time.Since(start))
				}
			}
			b.ReportMetric(100*(float64(fastest[1])/float64(fastest[0])-1), "%more")
			b.ReportMetric(float64(fastest[0])/n, "ns/element")
		})
	}
}
