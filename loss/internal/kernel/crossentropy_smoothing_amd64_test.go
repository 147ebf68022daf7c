//go:build amd64 && !purego

package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestEntropyAgainstGo compares the assembly with its twins, for every length up to 70, with and without targets and weights.
func TestEntropyAgainstGo(t *testing.T) {
	if !useAVX2 {
		t.Skip("no AVX2")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	const guard = 12345
	for n := range 81 {
		for kind := range 4 {
			x, y := make([]float32, n), make([]float64, n)
			var targets, weights []float32
			if kind&1 != 0 {
				targets = make([]float32, n)
			}
			if kind&2 != 0 {
				weights = make([]float32, n)
			}
			m := float32(10)
			for i := range x {
				x[i] = m - float32(8*rng.Float64())
				y[i] = math.Exp(float64(x[i] - m))
				if targets != nil {
					targets[i] = float32(rng.Float64())
				}
				if weights != nil {
					weights[i] = float32(1 + rng.Float64())
				}
			}
			offset := rng.IntN(9)
			run := func() (sum float64, total Accumulator, grads []float32) {
				var sums Sums
				sum, ok := EntropySums(&sums, x, targets, weights, float64(m), 0.75, 0.125)
				if !ok {
					t.Fatal("there is no kernel for float32")
				}
				out := make([]float32, offset+n+1)
				out[offset+n] = guard
				EntropyGrads(out[offset:offset+n], y, targets, weights, Accumulator{5, 1e-20}, 0.5, 0.75, 0.125, 3)
				if out[offset+n] != guard {
					t.Errorf("n=%d: wrote beyond the slice", n)
				}
				return sum, sums.Total(), out[offset : offset+n]
			}
			sum, total, grads := run()
			useAVX2 = false
			wantSum, wantTotal, wantGrads := run()
			useAVX2 = true
			if math.Abs(sum-wantSum) > 1e-13*wantSum || math.Abs(total.Value()-wantTotal.Value()) > 1e-15*wantTotal.Value() {
				t.Errorf("n=%d: got %v and %v, want %v and %v", n, sum, total.Value(), wantSum, wantTotal.Value())
			}
			for i := range grads {
				if math.Abs(float64(grads[i]-wantGrads[i])) > 1e-6*math.Abs(float64(wantGrads[i])) {
					t.Errorf("n=%d, gradient %d: got %v, want %v", n, i, grads[i], wantGrads[i])
				}
			}
		}
	}
	if _, ok := EntropySums[float64](new(Sums), nil, nil, nil, 0, 1, 0); ok {
		t.Error("there is a kernel for float64")
	}
}
