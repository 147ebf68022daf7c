//go:build amd64 && !purego

package kernel

func softmaxRows32(maxima, rests, y []float64, x []float32, classes int) {
	if useAVX2 {
		softmaxRows32AVX2(maxima, rests, y, x, classes)
		return
	}
	softmaxRows32Go(maxima, rests, y, x, classes)
}

func log1pRests32(dst, rests []float64) (ok bool) { return useAVX2 && log1pRests32AVX2(dst, rests) }

func max32(x []float32) float32 {
	if useAVX2 {
		return max32AVX2(x)
	}
	return maxGo(x)
}

func max64(x []float64) float64 {
	if useAVX2 {
		return max64AVX2(x)
	}
	return maxGo(x)
}

func expSum32(sums *[8]float64, y []float64, x []float32, m float64) (ties int) {
	if useAVX2 {
		return expSum32AVX2(sums, y, x, m)
	}
	return expSum32Go(sums, y, x, m)
}

func expSum64(sums *[8]float64, y, x []float64, m float64) (ties int, ordinary bool) {
	if useAVX2 {
		return expSum64AVX2(sums, y, x, m)
	}
	return expSum64Go(sums, y, x, m)
}

func scaleRound32(dst []float32, y []float64, scale float64, stream bool) {
	if useAVX2 {
		scaleRound32AVX2(dst, y, scale, stream)
		return
	}
	scaleRoundGo(dst, y, scale)
}

func scaleRound64(dst, y []float64, scale float64, stream bool) {
	if useAVX2 {
		scaleRound64AVX2(dst, y, scale, stream)
		return
	}
	scaleRoundGo(dst, y, scale)
}

func probabilityLosses32(l []float64, x, t []float32) (ok bool) {
	if useAVX2 {
		return probabilityLosses32AVX2(l, x, t)
	}
	return probabilityLosses32Go(l, x, t)
}

func probabilityLosses64(l, x, t []float64) (ok bool) {
	if useAVX2 {
		return probabilityLosses64AVX2(l, x, t)
	}
	return probabilityLosses64Go(l, x, t)
}

func probabilityGrads32(g []float64, x, t []float32, scale float64) (ok bool) {
	if useAVX2 {
		return probabilityGrads32AVX2(g, x, t, scale)
	}
	return probabilityGradsGo(g, x, t, scale, 1)
}

func probabilityGrads64(g, x, t []float64, u, div float64) (ok bool) {
	if useAVX2 {
		return probabilityGrads64AVX2(g, x, t, u, div)
	}
	return probabilityGradsGo(g, x, t, u, div)
}

func probabilityGradsRound32(dst, x, t []float32, scale float64, stream bool) {
	if useAVX2 {
		probabilityGradsRound32AVX2(dst, x, t, scale, stream)
		return
	}
	probabilityGradsRound32Go(dst, x, t, scale)
}

func entropySums32(total *[8]float64, x, t, w []float32, m, keep, even float64) (sum float64) {
	if useAVX2 {
		return entropySums32AVX2(total, x, t, w, m, keep, even)
	}
	return entropySums32Go(total, x, t, w, m, keep, even)
}

func entropyGrads32(dst []float32, y []float64, t, w []float32, total, low, rest, keep, even, scale float64, stream bool) {
	if useAVX2 {
		entropyGrads32AVX2(dst, y, t, w, total, low, rest, keep, even, scale, stream)
		return
	}
	entropyGrads32Go(dst, y, t, w, total, low, rest, keep, even, scale)
}
