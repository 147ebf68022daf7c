package kernel

import "math"

// The losses and derivatives of one element, so exact that a float16 or bfloat16 number is rounded from them as from the exact result. A float64 number is not enough
// for that where the result is half-way between two of those numbers but for a term that float64 cannot hold beside it: 0.3·x + exp(-x) at x = 100.
// In a [Pair] such a term remains, in Low, and where float64 has no room for it, another as small takes its place: its sign is all that counts.

// vanishing stands for a positive number that is smaller.
const vanishing = 0x1p-600

// ExpPair returns exp(-d), for d ≥ 0.
func ExpPair(d float64) float64 {
	y := math.Exp(-d)
	if y < vanishing && !math.IsInf(d, 1) {
		return vanishing
	}
	return y
}

// LogitLoss returns the loss of a logit x with target t, weight w and pos_weight p.
func LogitLoss(x, t, w, p float64) Pair {
	a, b := targetPair(t, p)
	slope := a
	if x < 0 {
		slope = b
	}
	return a.Plus(b).Times(math.Log1p(ExpPair(math.Abs(x)))).Plus(slope.Times(math.Abs(x))).Times(w)
}

// LogitGrad returns its derivative in x.
func LogitGrad(x, t, w, p float64) Pair {
	a, b := targetPair(t, p)
	y := ExpPair(math.Abs(x))
	return gradNumeratorPair(y, x, a, b).Times(w).Over(Pair{High: 1}.Plus(Pair{High: y}))
}

// LogitGradTarget returns its derivative in t.
func LogitGradTarget(x, w, p float64) Pair {
	slope := Pair{High: -x}
	if x < 0 {
		slope = slope.Times(p)
	}
	return slope.Plus(Pair{High: p}.Minus(Pair{High: 1}).Times(math.Log1p(ExpPair(math.Abs(x))))).Times(w)
}

// logs returns log x and log(1-x), each at least -100.
func logs(x float64) (one, zero float64) {
	return max(math.Log(x), minLog), max(math.Log1p(-x), minLog)
}

// ProbabilityLoss returns the loss of a probability x with target t and weight w.
func ProbabilityLoss(x, t, w float64) Pair {
	one, zero := logs(x)
	return Pair{High: one}.Times(t).Plus(OneMinus(t).Times(zero)).Times(-w)
}

// ProbabilityGrad returns its derivative in x.
func ProbabilityGrad(x, t, w float64) Pair {
	divisor := OneMinus(x).Times(x)
	if divisor.High < epsilon {
		divisor = Pair{High: epsilon}
	}
	return Pair{High: x}.Minus(Pair{High: t}).Times(w).Over(divisor)
}

// ProbabilityGradTarget returns its derivative in t.
func ProbabilityGradTarget(x, w float64) Pair {
	one, zero := logs(x)
	return Pair{High: zero}.Minus(Pair{High: one}).Times(w)
}
