package kernel

// The passes of CrossEntropyLoss for any targets. With target t, weight w, label smoothing ε and C classes the coefficient of -log p is
//
//	a = (t·keep + even)·w    with keep = 1-ε and even = ε/C

var zero32 = []float32{0}

// EntropySums adds a to total and returns Σ a·(m-x), for logits x and m, the largest of their row. t is nil (zeros) or as long as x, w nil (ones) or
// as long. It does nothing and returns false if T is not float32: float64 needs more than that precision.
func EntropySums[T Float](total *Sums, x, t, w []T, m, keep, even float64) (sum float64, ok bool) {
	logits, ok := any(x).([]float32)
	if !ok {
		return 0, false
	}
	return entropySums32((*[8]float64)(total), logits, targetOperand(any(t).([]float32), len(x)), any(operand(w, len(x))).([]float32), m, keep, even), true
}

// EntropyGrads writes the derivatives in the logits of a row, times scale, given y = exp(x-m), the sum of all a of the row and the rest that [Softmax] gives:
//
//	((total-a)·y - a·(1-y+rest))·scale
//
// t and w are as in [EntropySums]. dst may be the memory of t.
func EntropyGrads(dst []float32, y []float64, t, w []float32, total Accumulator, rest, keep, even, scale float64, stream bool) {
	n := len(y)
	entropyGrads32(dst[:n], y, targetOperand(t, n), operand(w, n), total.sum, total.errors, rest, keep, even, scale, stream)
}

func targetOperand(t []float32, n int) []float32 {
	if t == nil {
		return zero32
	}
	return t[:n]
}

func entropySums32Go(total *[8]float64, x, t, w []float32, m, keep, even float64) (sum float64) {
	t, tStep := stepped(t)
	w, wStep := stepped(w)
	for i, x := range x {
		a := (float64(t[i*tStep])*keep + even) * float64(w[i*wStep])
		sum += a * (m - float64(x))
		add(total, i%4, a)
	}
	return sum
}

func entropyGrads32Go(dst []float32, y []float64, t, w []float32, total, low, rest, keep, even, scale float64) {
	t, tStep := stepped(t)
	w, wStep := stepped(w)
	for i, y := range y {
		a := (float64(t[i*tStep])*keep + even) * float64(w[i*wStep])
		dst[i] = float32(((total-a+low)*y - a*(1-y+rest)) * scale)
	}
}
