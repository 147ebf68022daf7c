//go:build !amd64 || purego

package kernel

func probabilityLosses32(l []float64, x, t []float32) bool { return probabilityLosses32Go(l, x, t) }
func probabilityLosses64(l, x, t []float64) bool           { return probabilityLosses64Go(l, x, t) }

func probabilityGradsRound32(dst, x, t []float32, scale float64, _ bool) {
	probabilityGradsRound32Go(dst, x, t, scale)
}

// Those that call a generic function are not inlined: into a generic caller in another package
// they would take its arguments to the heap.

//go:noinline
func probabilityGrads32(g []float64, x, t []float32, scale float64) bool {
	return probabilityGradsGo(g, x, t, scale, 1)
}

//go:noinline
func probabilityGrads64(g, x, t []float64, u, div float64) bool {
	return probabilityGradsGo(g, x, t, u, div)
}
