package sweep

import "math"

// dd is the unevaluated sum hi + lo, |lo| ≤ ulp(hi)/2, a number of about 106 bits. The
// algorithms are Dekker's and Knuth's, as in Hida, Li and Bailey, "Library for
// Double-Double and Quad-Double Arithmetic", 2000.
type dd struct{ hi, lo float64 }

func ddOf(f float64) dd { return dd{hi: f} }

// twoSum returns a+b and its rounding error.
func twoSum(a, b float64) dd {
	s := a + b
	z := s - a
	return dd{s, (a - (s - z)) + (b - z)}
}

// quickTwoSum is twoSum for |a| ≥ |b|.
func quickTwoSum(a, b float64) dd {
	s := a + b
	return dd{s, b - (s - a)}
}

// twoProduct returns a·b and its rounding error.
func twoProduct(a, b float64) dd {
	p := a * b
	return dd{p, math.FMA(a, b, -p)}
}

func (a dd) add(b dd) dd {
	s, e := twoSum(a.hi, b.hi), twoSum(a.lo, b.lo)
	s = quickTwoSum(s.hi, s.lo+e.hi)
	return quickTwoSum(s.hi, s.lo+e.lo)
}

func (a dd) neg() dd { return dd{-a.hi, -a.lo} }

func (a dd) sub(b dd) dd { return a.add(b.neg()) }

func (a dd) mul(b dd) dd {
	p := twoProduct(a.hi, b.hi)
	return quickTwoSum(p.hi, p.lo+(a.hi*b.lo+a.lo*b.hi))
}

// scale returns a·f for a power of two f; nothing is rounded unless it goes subnormal.
func (a dd) scale(f float64) dd { return dd{a.hi * f, a.lo * f} }

func (a dd) div(b dd) dd {
	q1 := a.hi / b.hi
	r := a.sub(b.mul(ddOf(q1)))
	q2 := r.hi / b.hi
	r = r.sub(b.mul(ddOf(q2)))
	q := quickTwoSum(q1, q2)
	return q.add(ddOf(r.hi / b.hi))
}

func (a dd) abs() dd {
	if a.hi < 0 {
		return a.neg()
	}
	return a
}

// ln2 is log 2 to 107 bits.
var ln2 = dd{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56}

const (
	expTerms   = 14 // of the Taylor series at |r| ≤ log(2)/64: the next term is below 2⁻¹²⁰
	expHalving = 5
	logTerms   = 35 // of the series of atanh at s ≤ 1/3: the next term is below 2⁻¹¹⁰
)

// inverses are 1/n!, and odd are 1/(2n+1).
var inverses, odd = func() (inverses [expTerms + 1]dd, odd [logTerms]dd) {
	inverses[0] = ddOf(1)
	for n := 1; n < len(inverses); n++ {
		inverses[n] = inverses[n-1].div(ddOf(float64(n)))
	}
	for n := range odd {
		odd[n] = ddOf(1).div(ddOf(float64(2*n + 1)))
	}
	return inverses, odd
}()

// expMinus returns m and k with exp(-a) = m·2⁻ᵏ and m near 1, for 0 ≤ a ≤ 2000. Its relative
// error is below 2⁻⁹⁴.
func expMinus(a dd) (m dd, k int) {
	n := math.Round(a.hi / ln2.hi)
	r := ln2.mul(ddOf(n)).sub(a).scale(1.0 / (1 << expHalving))
	m = inverses[expTerms]
	for i := expTerms - 1; i >= 0; i-- {
		m = m.mul(r).add(inverses[i])
	}
	for range expHalving {
		m = m.mul(m)
	}
	return m, int(n)
}

// log1p returns log(1+y) = 2·atanh(y/(2+y)) for -1/2 ≤ y ≤ 1, with a relative error below 2⁻⁹⁸.
func log1p(y dd) dd {
	s := y.div(ddOf(2).add(y))
	square := s.mul(s)
	// The first n terms are enough: square ≤ 2^e, and 2^(e·n) is below 2⁻¹¹⁰.
	_, e := math.Frexp(square.hi)
	n := min(logTerms, 1+110/max(1, -e))
	sum := odd[n-1]
	for i := n - 2; i >= 0; i-- {
		sum = sum.mul(square).add(odd[i])
	}
	return s.mul(sum).scale(2)
}

// logarithm returns log(z) for z > 0: k·log(2) + log1p(m-1) with z = m·2ᵏ and m in [√½, √2], where the two do not cancel. Its
// relative error is below 2⁻⁹⁴.
func logarithm(z dd) dd {
	m, k := math.Frexp(z.hi) // m in [½, 1)
	if m < math.Sqrt2/2 {
		k--
	}
	y := dd{math.Ldexp(z.hi, -k), math.Ldexp(z.lo, -k)}.sub(ddOf(1))
	return ln2.mul(ddOf(float64(k))).add(log1p(y))
}
