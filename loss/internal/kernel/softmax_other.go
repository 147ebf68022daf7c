//go:build !amd64 || purego

package kernel

func log1pRests32(_, _ []float64) (ok bool) { return false }

// Those that call a generic function are not inlined: into a generic caller in another package
// they would take its arguments to the heap.

//go:noinline
func softmaxRows32(maxima, rests, y []float64, x []float32, classes int) {
	softmaxRows32Go(maxima, rests, y, x, classes)
}

//go:noinline
func max32(x []float32) float32 { return maxGo(x) }

//go:noinline
func max64(x []float64) float64 { return maxGo(x) }

//go:noinline
func expSum32(sums *[8]float64, y []float64, x []float32, m float64) (ties int) {
	return expSum32Go(sums, y, x, m)
}

//go:noinline
func expSum64(sums *[8]float64, y, x []float64, m float64) (ties int, ordinary bool) {
	return expSum64Go(sums, y, x, m)
}

//go:noinline
func scaleRound32(dst []float32, y []float64, scale float64, _ bool) { scaleRoundGo(dst, y, scale) }

//go:noinline
func scaleRound64(dst, y []float64, scale float64, _ bool) { scaleRoundGo(dst, y, scale) }

func entropySums32(total *[8]float64, x, t, w []float32, m, keep, even float64) (sum float64) {
	return entropySums32Go(total, x, t, w, m, keep, even)
}

func entropyGrads32(dst []float32, y []float64, t, w []float32, total, low, rest, keep, even, scale float64, _ bool) {
	entropyGrads32Go(dst, y, t, w, total, low, rest, keep, even, scale)
}
