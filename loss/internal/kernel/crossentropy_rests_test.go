package kernel

import (
	"math"
	"testing"
)

// TestLog1pRests compares with math.Log1p, for every length and with what the kernel does not compute at every place.
func TestLog1pRests(t *testing.T) {
	ordinary := []float64{0, 0x1p-1074, 1e-300, 1e-12, 0.3, 0.5, 1, 2, 9, 999, 49999, 1 << 30}
	for n := range 24 {
		for _, odd := range []float64{0, math.NaN(), math.Inf(1), 1 << 41, 1e300} {
			for at := range max(1, n) {
				rests := make([]float64, n)
				for i := range rests {
					if rests[i] = ordinary[(i+n)%len(ordinary)]; i == at && odd != 0 {
						rests[i] = odd
					}
				}
				testLog1pRests[float32](t, rests, 1e-12)
				testLog1pRests[float64](t, rests, 0)
			}
		}
	}
}

func testLog1pRests[T Float](t *testing.T, rests []float64, tolerance float64) {
	t.Helper()
	dst := make([]float64, len(rests))
	Log1pRests[T](dst, rests)
	for i, rest := range rests {
		want := math.Log1p(rest)
		if !(math.Abs(dst[i]-want) <= tolerance*want) && dst[i] != want && (want == want || dst[i] == dst[i]) {
			t.Errorf("%T: log1p(%v), number %d of %d: got %v, want %v", T(0), rest, i, len(rests), dst[i], want)
		}
	}
}
