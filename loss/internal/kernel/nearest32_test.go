package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestPairsOfTheSecondStep holds exp and log1p of pairs to exp(-a)·exp(-b) = exp(-a-b), and to exp(log1p(y)) = 1+y, far beyond float64.
func TestPairsOfTheSecondStep(t *testing.T) {
	const allowed = 0x1p-90
	rng := rand.New(rand.NewPCG(61, 62))
	small := func(what string, x float64, p Pair) {
		t.Helper()
		if e := p.High + p.Low; !(math.Abs(e) <= allowed) {
			t.Errorf("%s at %v: a relative error of %.3g, want at most %.3g", what, x, e, allowed)
		}
	}
	one := Pair{High: 1}
	for range 2000 {
		a, b := math.Ldexp(math.Floor(52*0x1p20*rng.Float64()), -20), math.Ldexp(math.Floor(52*0x1p20*rng.Float64()), -20)
		small("exp", a+b, expOf(a).TimesPair(expOf(b)).Over(expOf(a+b)).Minus(one))
		y := expOf(a)
		logarithm := log1pOf(y)
		// exp(-High)·(1+y) is exp(Low), and that 1 + Low; where y is small, log1p(y) = y - y²/2 + y³/3.
		if y.High > 0x1p-10 {
			small("log1p", a, expOf(logarithm.High).TimesPair(one.Plus(y)).Minus(one).Minus(Pair{High: logarithm.Low}))
		} else if y.High < 0x1p-26 {
			square := y.TimesPair(y)
			series := y.Minus(square.Times(0.5)).Plus(square.TimesPair(y).Over(Pair{High: 3})).Minus(square.TimesPair(square).Times(0.25))
			small("log1p", a, logarithm.Over(series).Minus(one))
		}
	}
}
