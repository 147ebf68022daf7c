package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// BenchmarkPaths times the sum of the losses of a chunk without weights: by a loop over math.Exp and math.Log1p, by the kernels
// in Go, and by those that the processor runs, which are the same with the tag purego.
func BenchmarkPaths(b *testing.B) {
	b.Run("dtype=float32", func(b *testing.B) { benchmarkPaths[float32](b) })
	b.Run("dtype=float64", func(b *testing.B) { benchmarkPaths[float64](b) })
}

func benchmarkPaths[T Float](b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	x, t, y := make([]T, ChunkLen), make([]T, ChunkLen), make([]float64, ChunkLen)
	for i := range x {
		x[i], t[i] = T(3*rng.NormFloat64()), T(rng.IntN(2))
	}
	var sums Sums
	run := func(name string, f func()) {
		b.Run("path="+name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(b.N)*ChunkLen/b.Elapsed().Seconds()/1e6, "Melements/s")
		})
	}
	run("math", func() {
		total := 0.0
		for i := range x {
			x := float64(x[i])
			total += max(x, 0) - float64(t[i])*x + math.Log1p(math.Exp(-math.Abs(x)))
		}
		sums.twoSum[0] += total
	})
	run("go", func() {
		expGo(y, x)
		sumLossesGo(&sums, y, x, t)
	})
	run("dispatched", func() {
		Exp(y, x)
		SumLosses(&sums, y, Run[T]{Input: x, Target: t})
	})
	if math.IsNaN(sums.twoSum[0]) {
		b.Error("the sum is NaN")
	}
}
