//go:build amd64 && !purego

package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSoftmaxAgainstGo compares the assembly with its twin for rows of every length up to 70: ordinary ones, equal logits, a largest one that
// leaves little to the others, far ones, NaN.
func TestSoftmaxAgainstGo(t *testing.T) {
	if !useAVX2 {
		t.Skip("no AVX2")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	const rows, guard = 3, 12345
	for classes := range 71 {
		for _, kind := range []string{"ordinary", "ties", "dominated", "far", "NaN", "infinite"} {
			x := make([]float32, rows*classes)
			for i := range x {
				switch x[i] = float32(4 * rng.NormFloat64()); kind {
				case "ties":
					x[i] = float32(rng.IntN(3))
				case "dominated":
					x[i] = -float32(rng.IntN(100))
					if rng.IntN(classes) == 0 {
						x[i] = 20
					}
				case "far":
					x[i] *= 1e30
				case "NaN":
					if rng.IntN(classes) == 0 {
						x[i] = float32(math.NaN())
					}
				case "infinite":
					if rng.IntN(classes) == 0 {
						x[i] = float32(math.Inf(rng.IntN(3) - 1))
					}
				}
			}
			run := func() (maxima, rests, y []float64) {
				maxima, rests = make([]float64, rows), make([]float64, rows)
				y = slices.Repeat([]float64{guard}, len(x)+SoftmaxSlack+1) // what was there does not count
				Softmax(maxima, rests, y, x, classes)
				if y[len(y)-1] != guard {
					t.Errorf("%d classes: wrote behind the slack", classes)
				}
				return maxima, rests, y[:len(x)]
			}
			maxima, rests, y := run()
			useAVX2 = false
			wantMaxima, wantRests, wantY := run()
			useAVX2 = true
			near := func(name string, got, want []float64, tolerance float64) {
				t.Helper()
				for i := range want {
					if got[i] != want[i] && !(math.Abs(got[i]-want[i]) <= tolerance*math.Abs(want[i])+1e-300) && (got[i] == got[i] || want[i] == want[i]) {
						t.Errorf("%d classes, %s: %s [%d] is %v, want %v", classes, kind, name, i, got[i], want[i])
					}
				}
			}
			near("maximum", maxima, wantMaxima, 0)
			near("rest", rests, wantRests, 0x1p-30)
			near("exponential", y, wantY, 1e-12)
		}
	}
}

// TestSumDistances has rows of every length up to 70.
func TestSumDistances(t *testing.T) {
	for n := range 81 {
		x := make([]float32, n)
		want := 0.0
		for i := range x {
			x[i] = float32(i%7) - 3.25
			want += 4 - float64(x[i])
		}
		if got := SumDistances(x, 4); got != want {
			t.Errorf("%d logits: got %v, want %v", n, got, want)
		}
	}
}
