package kernel

import "math"

// pair is a number and, much smaller, what its rounding lost. Where the number is infinite or NaN, low may be NaN. Assignments
// round, so that no compiler fuses a multiplication and an addition.
type pair struct{ high, low float64 }

func oneMinus(t float64) pair {
	high := 1 - t
	return pair{high, (1 - high) - t}
}

// targetPair returns 1-t and p·t.
func targetPair(t, p float64) (a, b pair) {
	return oneMinus(t), pair{high: p}.times(t)
}

func (p pair) times(f float64) pair {
	high := p.high * f
	return pair{high, math.FMA(p.high, f, -high) + p.low*f}
}

// plus is Knuth's TwoSum of the numbers.
func (p pair) plus(q pair) pair {
	high := p.high + q.high
	z := high - p.high
	return pair{high, (p.high - (high - z)) + (q.high - z) + p.low + q.low}
}

func (p pair) minus(q pair) pair { return p.plus(pair{-q.high, -q.low}) }

// rounded returns the number, corrected unless it is infinite.
func (p pair) rounded() float64 {
	if sum := p.high + p.low; sum == sum {
		return sum
	}
	return p.high
}
