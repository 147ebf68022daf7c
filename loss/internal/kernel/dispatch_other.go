//go:build !amd64 || purego

package kernel

// Those that call a generic function are not inlined: into a generic caller in another package
// they would take its arguments to the heap.

func exp32(y []float64, x []float32) bool { return exp32Go(y, x) }
func exp64(y, x []float64) bool           { return exp64Go(y, x) }

func log1p32(l, y []float64) { log1p32Go(l, y) }
func log1p64(l, y []float64) { log1p64Go(l, y) }

//go:noinline
func losses32(l []float64, x, t []float32) { lossesGo(l, x, t) }

//go:noinline
func losses64(l, x, t []float64) { lossesGo(l, x, t) }

func weightedLosses32(l []float64, x, t, w, p []float32) { weightedLosses32Go(l, x, t, w, p) }
func weightedLosses64(l, y, x, t, w, p []float64)        { weightedLosses64Go(l, y, x, t, w, p) }

//go:noinline
func grads32(dst []float32, y []float64, x, t []float32, u, div float64, _ bool) {
	gradsGo(dst, y, x, t, u, div)
}

//go:noinline
func grads64(dst, y, x, t []float64, u, div float64, _ bool) {
	gradsGo(dst, y, x, t, u, div)
}

//go:noinline
func weightedGrads32(dst []float32, y []float64, x, t, w, p, u []float32, div float64, _ bool) {
	weightedGradsGo(dst, y, x, t, w, p, u, div)
}

//go:noinline
func weightedGrads64(dst, y, x, t, w, p, u []float64, div float64, _ bool) {
	weightedGradsGo(dst, y, x, t, w, p, u, div)
}

//go:noinline
func round32(dst []float32, l []float64, _ bool) { roundGo(dst, l) }

//go:noinline
func round64(dst, l []float64, _ bool) { roundGo(dst, l) }

func sum(sums *[8]float64, l []float64) { sumGo(sums, l) }

func sumLosses32(sums *[8]float64, y []float64, x, t []float32) {
	sumLosses32Go(sums, y, x, t)
}

func sumLossesGrads32(sums *[8]float64, grad []float32, y, l []float64, x, t []float32, u, div float64, _ bool) {
	sumLossesGrads32Go(sums, grad, y, l, x, t, u, div)
}

func roundLosses32(dst []float32, y []float64, x, t []float32, _ bool) {
	roundLosses32Go(dst, y, x, t)
}

func roundLossesGrads32(dst, grad []float32, y, l []float64, x, t []float32, u, div float64, _ bool) {
	roundLossesGrads32Go(dst, grad, y, l, x, t, u, div)
}

func sumLosses64(sums *[8]float64, y, x, t []float64) {
	sumLosses64Go(sums, y, x, t)
}

func sumLossesGrads64(sums *[8]float64, grad, y, l, x, t []float64, u, div float64, _ bool) {
	sumLossesGrads64Go(sums, grad, y, l, x, t, u, div)
}

func roundLosses64(dst, y, x, t []float64, _ bool) {
	roundLosses64Go(dst, y, x, t)
}

func roundLossesGrads64(dst, grad, y, l, x, t []float64, u, div float64, _ bool) {
	roundLossesGrads64Go(dst, grad, y, l, x, t, u, div)
}
