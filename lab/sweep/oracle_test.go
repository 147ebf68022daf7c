package sweep

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

const bits = 320

func bigOf(f float64) *big.Float { return new(big.Float).SetPrec(bits).SetFloat64(f) }
func newBig() *big.Float         { return new(big.Float).SetPrec(bits) }

// bigExpMinus returns exp(-a) for 0 ≤ a ≤ 2000 from the power series.
func bigExpMinus(a *big.Float) *big.Float {
	const halvings = 20
	r := newBig().SetMantExp(newBig().Neg(a), -halvings)
	y, term := bigOf(1), bigOf(1)
	for i := 1; i < 45; i++ {
		term = newBig().Quo(newBig().Mul(term, r), bigOf(float64(i)))
		y.Add(y, term)
	}
	for range halvings {
		y = newBig().Mul(y, y)
	}
	return y
}

// bigLog1p returns log(1+y) from the power series of atanh, with 320 bits. It shares no code with the oracles.
func bigLog1p(y *big.Float) *big.Float {
	s := newBig().Quo(y, newBig().Add(bigOf(2), y))
	square, power, sum := newBig().Mul(s, s), newBig().Set(s), bigOf(0)
	for i := 1; i < 210; i += 2 {
		sum.Add(sum, newBig().Quo(power, bigOf(float64(i))))
		power = newBig().Mul(power, square)
	}
	return sum.Mul(sum, bigOf(2))
}

// bigLog returns log(z) for z > 0.
func bigLog(z *big.Float) *big.Float {
	mantissa := newBig()
	exponent := z.MantExp(mantissa) // in [½, 1)
	if mantissa.Cmp(bigOf(0.75)) < 0 {
		mantissa.Mul(mantissa, bigOf(2))
		exponent--
	}
	log := newBig().Mul(bigOf(float64(exponent)), bigLog1p(bigOf(1)))
	return log.Add(log, bigLog1p(newBig().Sub(mantissa, bigOf(1))))
}

// bigFunctions returns low, high, rest and sigma from the power series of exp and atanh with
// 320 bits. It shares no code with the oracles.
func bigFunctions(a float64) (low, high, rest, sigma *big.Float) {
	y := bigExpMinus(bigOf(a))
	low = bigLog1p(y)
	denominator := newBig().Add(bigOf(1), y)
	return low, newBig().Add(low, bigOf(a)), newBig().Quo(y, denominator), newBig().Quo(bigOf(1), denominator)
}

// magnitudes are those at which the oracles are compared: powers of two, the seams of the
// oracle and their neighbours, the edge of the range of float32 results, and random ones.
func magnitudes(n int) []float64 {
	as := []float64{0, math.SmallestNonzeroFloat32, 88, 103.97, 104, 0x1p-24, 3 * 0x1p-24}
	for e := -40; e <= 10; e++ {
		as = append(as, math.Ldexp(1, e), math.Nextafter(math.Ldexp(1, e), 0), math.Ldexp(1.5, e))
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for range n {
		as = append(as, float64(float32(20*rng.Float64())), float64(float32(130*rng.Float64())),
			float64(float32(math.Pow(2, 44*rng.Float64()-36))))
	}
	return as
}

// TestOracle32 proves oracleError on a sample: the claim itself, and that it is not a close call.
func TestOracle32(t *testing.T) {
	worst := 0.0
	for _, a := range magnitudes(fewer(700)) {
		if a > 2000 {
			continue
		}
		got := oracle32(a)
		low, high, rest, sigma := bigFunctions(a)
		for _, f := range []struct {
			name  string
			got   float64
			exact *big.Float
		}{{"softplus(-a)", got[1], low}, {"softplus(a)", got[0], high}, {"σ(-a)", got[3], rest}, {"σ(a)", got[2], sigma}} {
			exact, _ := f.exact.Float64()
			difference, _ := newBig().Sub(bigOf(f.got), f.exact).Float64()
			e := math.Abs(difference) * inverseULP32(exact)
			worst = max(worst, e)
			if e > oracleError/10 {
				t.Errorf("%s at a=%v: got %v, exact %.20g: %.3g ULP of float32", f.name, a, f.got, f.exact, e)
			}
		}
	}
	t.Logf("largest error: %.3g ULP of float32", worst)
	if worst == 0 {
		t.Error("the oracle is never wrong: is it compared with itself?")
	}
}

// TestPrecise proves the relative error of precise.
func TestPrecise(t *testing.T) {
	as := magnitudes(100)
	as = append(as, 300, 345, 348, 400, 700, 708.5, 744.4, 745.2, 1000, 1999.5, 1e-300, 5e-324)
	rng := rand.New(rand.NewPCG(7, 8))
	for range 100 {
		as = append(as, 40*rng.Float64(), 760*rng.Float64(), math.Pow(10, -20*rng.Float64()))
	}
	limit := bigOf(0x1p-90)
	for _, a := range as {
		if a > 2000 {
			continue
		}
		got := precise(a)
		low, high, rest, sigma := bigFunctions(a)
		for _, f := range []struct {
			name  string
			got   scaled
			exact *big.Float
		}{{"softplus(-a)", got[1], low}, {"softplus(a)", got[0], high}, {"σ(-a)", got[3], rest}, {"σ(a)", got[2], sigma}} {
			value := newBig().Add(bigOf(f.got.m.hi), bigOf(f.got.m.lo))
			value.SetMantExp(value, -f.got.k)
			relative := newBig().Quo(newBig().Sub(value, f.exact), f.exact)
			if relative.Abs(relative).Cmp(limit) > 0 {
				t.Errorf("%s at a=%v: got %.40g, exact %.40g: relative error %.3g", f.name, a, value, f.exact, relative)
			}
		}
	}
}

func TestPreciseBeyondExp(t *testing.T) {
	got := precise(1e300)
	if want := (values[scaled]{{m: ddOf(1e300)}, {}, {m: ddOf(1)}, {}}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
