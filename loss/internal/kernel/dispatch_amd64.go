//go:build amd64 && !purego

package kernel

import "golang.org/x/sys/cpu"

// useAVX2 is whether the processor runs the assembly.
var useAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

func exp32(y []float64, x []float32) bool {
	if useAVX2 {
		return exp32AVX2(y, x)
	}
	return exp32Go(y, x)
}

func exp64(y, x []float64) bool {
	if useAVX2 {
		return exp64AVX2(y, x)
	}
	return exp64Go(y, x)
}

func log1p32(l, y []float64) {
	if useAVX2 {
		log1p32AVX2(l, y)
		return
	}
	log1p32Go(l, y)
}

func log1p64(l, y []float64) {
	if useAVX2 {
		log1p64AVX2(l, y)
		return
	}
	log1p64Go(l, y)
}

func losses32(l []float64, x, t []float32) {
	if useAVX2 {
		losses32AVX2(l, x, t)
		return
	}
	lossesGo(l, x, t)
}

func losses64(l, x, t []float64) {
	if useAVX2 {
		losses64AVX2(l, x, t)
		return
	}
	lossesGo(l, x, t)
}

func weightedLosses32(l []float64, x, t, w, p []float32) {
	if useAVX2 {
		weightedLosses32AVX2(l, x, t, w, p)
		return
	}
	weightedLosses32Go(l, x, t, w, p)
}

func weightedLosses64(l, y, x, t, w, p []float64) {
	if useAVX2 {
		weightedLosses64AVX2(l, y, x, t, w, p)
		return
	}
	weightedLosses64Go(l, y, x, t, w, p)
}

func grads32(dst []float32, y []float64, x, t []float32, u, div float64, stream bool) {
	if useAVX2 {
		grads32AVX2(dst, y, x, t, u, div, stream)
		return
	}
	gradsGo(dst, y, x, t, u, div)
}

func grads64(dst, y, x, t []float64, u, div float64, stream bool) {
	if useAVX2 {
		grads64AVX2(dst, y, x, t, u, div, stream)
		return
	}
	gradsGo(dst, y, x, t, u, div)
}

func weightedGrads32(dst []float32, y []float64, x, t, w, p, u []float32, div float64, stream bool) {
	if useAVX2 {
		weightedGrads32AVX2(dst, y, x, t, w, p, u, div, stream)
		return
	}
	weightedGradsGo(dst, y, x, t, w, p, u, div)
}

func weightedGrads64(dst, y, x, t, w, p, u []float64, div float64, stream bool) {
	if useAVX2 {
		weightedGrads64AVX2(dst, y, x, t, w, p, u, div, stream)
		return
	}
	weightedGradsGo(dst, y, x, t, w, p, u, div)
}

func round32(dst []float32, l []float64, stream bool) {
	if useAVX2 {
		round32AVX2(dst, l, stream)
		return
	}
	roundGo(dst, l)
}

func round64(dst, l []float64, stream bool) {
	if useAVX2 {
		round64AVX2(dst, l, stream)
		return
	}
	roundGo(dst, l)
}

func sum(sums *[8]float64, l []float64) {
	if useAVX2 {
		sumAVX2(sums, l)
		return
	}
	sumGo(sums, l)
}

func sumLosses32(sums *[8]float64, y []float64, x, t []float32) {
	if useAVX2 {
		sumLosses32AVX2(sums, y, x, t)
		return
	}
	sumLosses32Go(sums, y, x, t)
}

func sumLossesGrads32(sums *[8]float64, grad []float32, y, l []float64, x, t []float32, u, div float64, stream bool) {
	if useAVX2 {
		sumLossesGrads32AVX2(sums, grad, y, x, t, u, div, stream)
		return
	}
	sumLossesGrads32Go(sums, grad, y, l, x, t, u, div)
}

func roundLosses32(dst []float32, y []float64, x, t []float32, stream bool) {
	if useAVX2 {
		roundLosses32AVX2(dst, y, x, t, stream)
		return
	}
	roundLosses32Go(dst, y, x, t)
}

func roundLossesGrads32(dst, grad []float32, y, l []float64, x, t []float32, u, div float64, stream bool) {
	if useAVX2 {
		roundLossesGrads32AVX2(dst, grad, y, x, t, u, div, stream)
		return
	}
	roundLossesGrads32Go(dst, grad, y, l, x, t, u, div)
}

func sumLosses64(sums *[8]float64, y, x, t []float64) {
	if useAVX2 {
		sumLosses64AVX2(sums, y, x, t)
		return
	}
	sumLosses64Go(sums, y, x, t)
}

func sumLossesGrads64(sums *[8]float64, grad, y, l, x, t []float64, u, div float64, stream bool) {
	if useAVX2 {
		sumLossesGrads64AVX2(sums, grad, y, x, t, u, div, stream)
		return
	}
	sumLossesGrads64Go(sums, grad, y, l, x, t, u, div)
}

func roundLosses64(dst, y, x, t []float64, stream bool) {
	if useAVX2 {
		roundLosses64AVX2(dst, y, x, t, stream)
		return
	}
	roundLosses64Go(dst, y, x, t)
}

func roundLossesGrads64(dst, grad, y, l, x, t []float64, u, div float64, stream bool) {
	if useAVX2 {
		roundLossesGrads64AVX2(dst, grad, y, x, t, u, div, stream)
		return
	}
	roundLossesGrads64Go(dst, grad, y, l, x, t, u, div)
}
