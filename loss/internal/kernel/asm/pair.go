package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pair is a number and, much smaller, what its rounding lost, nil for nothing. Where the number is infinite or NaN, low may be NaN.
type pair struct{ high, low reg.VecVirtual }

// oneMinus returns 1-t.
func oneMinus(v lanes, t reg.VecVirtual) pair {
	one := v.constant(1)
	difference := pair{v.reg(), v.reg()}
	v.sub(t, one, difference.high)
	v.sub(difference.high, one, difference.low)
	v.sub(t, difference.low, difference.low)
	return difference
}

// targetPair returns 1-t and p·t.
func targetPair(v lanes, t, p operand.Mem) (a, b pair) {
	target := v.load(t)
	return oneMinus(v, target), pair{high: v.load(p)}.times(v, target)
}

// times returns p·f.
func (p pair) times(v lanes, f operand.Op) pair {
	if m, ok := f.(operand.Mem); ok {
		f = v.load(m)
	}
	product := pair{v.reg(), v.copy(p.high)}
	v.mul(f, p.high, product.high)
	v.timesMinus(product.high, f, product.low)
	if p.low != nil {
		v.plusTimes(f, p.low, product.low)
	}
	return product
}

// plus returns p + q.
func (p pair) plus(v lanes, q pair) pair {
	// TwoSum: low = (p - (high - z)) + (q - z) with z = high - p.
	high, low, z := v.reg(), v.reg(), v.reg()
	v.add(q.high, p.high, high)
	v.sub(p.high, high, z)
	v.sub(z, high, low)
	v.sub(low, p.high, low)
	v.sub(z, q.high, z)
	v.add(z, low, low)
	for _, lost := range []reg.VecVirtual{p.low, q.low} {
		if lost != nil {
			v.add(lost, low, low)
		}
	}
	return pair{high, low}
}

// rounded returns the number, corrected unless it is infinite.
func (p pair) rounded(v lanes) reg.VecVirtual {
	sum := v.reg()
	v.add(p.low, p.high, sum)
	unordered := v.reg()
	v.isNaN(sum, unordered)
	v.pick(unordered, p.high, sum, sum)
	return sum
}
