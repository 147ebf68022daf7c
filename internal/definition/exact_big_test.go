package definition

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// bigBits is the precision of the numbers that exact ones are compared with. They share no code.
const bigBits = 400

func newBig() *big.Float                { return new(big.Float).SetPrec(bigBits) }
func bigOf(v float64) *big.Float        { return newBig().SetFloat64(v) }
func bigQuo(a, b *big.Float) *big.Float { return newBig().Quo(a, b) }

// bigExp returns exp(a), |a| <= 4000, from the power series.
func bigExp(a *big.Float) *big.Float {
	const halvings = 20
	r := newBig().SetMantExp(a, -halvings)
	y, term := bigOf(1), bigOf(1)
	for i := 1; i < 60; i++ {
		term = bigQuo(newBig().Mul(term, r), bigOf(float64(i)))
		y.Add(y, term)
	}
	for range halvings {
		y = newBig().Mul(y, y)
	}
	return y
}

// bigLog1p returns log(1+a) from the power series of atanh, for |a| <= 1.
func bigLog1p(a *big.Float) *big.Float {
	if a.Sign() == 0 {
		return a
	}
	s := bigQuo(a, newBig().Add(bigOf(2), a))
	square, power, sum := newBig().Mul(s, s), newBig().Set(s), newBig()
	for i := 1; i < 260; i += 2 {
		sum.Add(sum, bigQuo(power, bigOf(float64(i))))
		power = newBig().Mul(power, square)
	}
	return sum.Mul(sum, bigOf(2))
}

// bigLog returns log(a) for a > 0.
func bigLog(a *big.Float) *big.Float {
	mantissa := newBig()
	exponent := a.MantExp(mantissa) // in [½, 1)
	if mantissa.Cmp(bigOf(0.75)) < 0 {
		mantissa.Mul(mantissa, bigOf(2))
		exponent--
	}
	log := newBig().Mul(bigOf(float64(exponent)), bigLog1p(bigOf(1)))
	return log.Add(log, bigLog1p(newBig().Sub(mantissa, bigOf(1))))
}

func (a exact) big() *big.Float {
	v := newBig().Add(bigOf(a.hi), bigOf(a.lo))
	return v.SetMantExp(v, a.e)
}

// TestExactAgainstBig: an operation on numbers without an error is right to within its bound, and the
// bound is small. Those of numbers with an error contain what the operation makes of its ends.
func TestExactAgainstBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	draw := func(low, high float64) exact {
		v := math.Exp2(low + (high-low)*rng.Float64())
		if rng.IntN(8) == 0 { // powers of two, and their neighbours
			v = math.Exp2(math.Floor(math.Log2(v)))
			v = []float64{v, math.Nextafter(v, 0), math.Nextafter(v, 2*v)}[rng.IntN(3)]
		}
		h, l := quickTwoSum(v, v*0x1p-53*(rng.Float64()-0.5))
		return exact{hi: h, lo: l}
	}
	signed := func(a exact) exact {
		if rng.IntN(2) == 0 {
			return a.neg()
		}
		return a
	}
	type operation struct {
		name  string
		draw  func() exact
		exact func(a, b exact) exact
		big   func(a, b *big.Float) *big.Float
		slope func(a, b float64) float64 // in a
	}
	wide := func() exact { return signed(draw(-280, 280)) }
	logs := func() exact {
		a := signed(draw(-120, 0))
		if a.hi < -0.5 {
			return a.neg()
		}
		return a
	}
	for _, op := range []operation{
		{"add", wide, exact.add, func(a, b *big.Float) *big.Float { return newBig().Add(a, b) }, func(float64, float64) float64 { return 1 }},
		{"sub", wide, exact.sub, func(a, b *big.Float) *big.Float { return newBig().Sub(a, b) }, func(float64, float64) float64 { return 1 }},
		{"mul", wide, exact.mul, func(a, b *big.Float) *big.Float { return newBig().Mul(a, b) }, func(_, b float64) float64 { return b }},
		{"div", wide, exact.div, bigQuo, func(_, b float64) float64 { return 1 / b }},
		{"exp", func() exact { return signed(draw(-70, 11.9)) }, func(a, _ exact) exact { return a.exp() }, func(a, _ *big.Float) *big.Float { return bigExp(a) }, nil},
		{"exp near 0", func() exact { return signed(draw(-4, 4)) }, func(a, _ exact) exact { return a.exp() }, func(a, _ *big.Float) *big.Float { return bigExp(a) }, func(a, _ float64) float64 { return math.Exp(a) }},
		{"log", func() exact { return draw(-250, 250) }, func(a, _ exact) exact { return a.log() }, func(a, _ *big.Float) *big.Float { return bigLog(a) }, func(a, _ float64) float64 { return 1 / a }},
		{"log near 1", func() exact { return draw(-1, 1) }, func(a, _ exact) exact { return a.log() }, func(a, _ *big.Float) *big.Float { return bigLog(a) }, func(a, _ float64) float64 { return 1 / a }},
		{"log1p", logs, func(a, _ exact) exact { return a.log1p() }, func(a, _ *big.Float) *big.Float { return bigLog1p(a) }, func(a, _ float64) float64 { return 1 / (1 + a) }},
		{"log1p near the seam", func() exact { return signed(draw(-5, -1)) }, func(a, _ exact) exact { return a.log1p() }, func(a, _ *big.Float) *big.Float { return bigLog1p(a) }, func(a, _ float64) float64 { return 1 / (1 + a) }},
	} {
		for range 400 {
			a, b := op.draw(), op.draw()
			got, want := op.exact(a, b), op.big(a.big(), b.big())
			off, _ := newBig().SetMantExp(newBig().Sub(got.big(), want), -got.e).Float64()
			if !(math.Abs(off) <= got.err) {
				t.Fatalf("%s of %v and %v: got %v, want %.40g: off by %v, with a bound of %v", op.name, a, b, got, want, off, got.err)
			}
			if !(got.err <= math.Abs(got.hi)*0x1p-90) && !(op.name == "add" || op.name == "sub") {
				t.Fatalf("%s of %v and %v: got %v: its bound is large", op.name, a, b, got)
			}
			if op.slope == nil {
				continue
			}
			// An error of a becomes the bound of the result, and hardly more.
			a.err = math.Abs(a.hi) * 0x1p-60
			wide, least := op.exact(a, b), scaled(a.err, a.e-got.e)*math.Abs(op.slope(a.hi, b.hi))
			if !(wide.err >= least*(1-0x1p-40)) || !(wide.err <= 1.01*least+got.err) {
				t.Fatalf("%s of %v and %v: an error of %v becomes %v, want %v", op.name, a, b, a.err, wide.err, least)
			}
		}
	}
}
