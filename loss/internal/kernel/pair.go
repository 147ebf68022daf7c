package kernel

import "math"

// Pair is a number and, much smaller, what its rounding lost. Where the number is infinite or NaN, Low may be NaN. Assignments
// round, so that no compiler fuses a multiplication and an addition.
type Pair struct{ High, Low float64 }

// OneMinus returns 1-t, for |t| ≤ 1 without an error.
func OneMinus(t float64) Pair {
	high := 1 - t
	return Pair{high, (1 - high) - t}
}

// targetPair returns 1-t and p·t.
func targetPair(t, p float64) (a, b Pair) {
	return OneMinus(t), Pair{High: p}.Times(t)
}

// Times returns p·f.
func (p Pair) Times(f float64) Pair {
	high := p.High * f
	return Pair{high, math.FMA(p.High, f, -high) + p.Low*f}
}

// Plus returns p+q: Knuth's TwoSum of the numbers.
func (p Pair) Plus(q Pair) Pair {
	high := p.High + q.High
	z := high - p.High
	return Pair{high, (p.High - (high - z)) + (q.High - z) + p.Low + q.Low}
}

// Minus returns p-q.
func (p Pair) Minus(q Pair) Pair { return p.Plus(Pair{-q.High, -q.Low}) }

// TimesPair returns p·q.
func (p Pair) TimesPair(q Pair) Pair {
	product := p.Times(q.High)
	product.Low += p.High * q.Low
	return product
}

// Over returns p/q.
func (p Pair) Over(q Pair) Pair {
	high := p.High / q.High
	rest := p.Minus(q.Times(high))
	return Pair{high, (rest.High + rest.Low) / q.High}
}

// Rounded returns the number, corrected unless it is infinite.
func (p Pair) Rounded() float64 {
	if sum := p.High + p.Low; sum == sum {
		return sum
	}
	return p.High
}

// odd returns p rounded to odd: a number that ends in a one is not the middle of two numbers of fewer digits, and so rounds as p does.
func (p Pair) odd() float64 {
	high := p.High + p.Low
	low := (p.High - high) + p.Low
	b := math.Float64bits(high)
	if low == 0 || high == 0 || b&1 == 1 {
		return high
	}
	if (low > 0) == (high > 0) {
		return math.Float64frombits(b + 1)
	}
	return math.Float64frombits(b - 1)
}
