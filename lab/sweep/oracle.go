package sweep

import (
	"math"

	"lossproof/loss"
)

// The oracles: what the results of a sweep are compared with.

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

// The losses of BCEWithLogitsLoss with hard targets and their derivatives are, up to the sign, four
// functions of the magnitude a = |x| of the logit. With y = exp(-a):
//
//	softplus(-a) = log1p(y)    softplus(a) = a + log1p(y)
//	σ(-a)        = y/(1+y)     σ(a)        = 1/(1+y)
//
//	           loss t=0      loss t=1      gradient t=0  gradient t=1
//	x = a      softplus(a)   softplus(-a)  σ(a)          -σ(-a)
//	x = -a     softplus(-a)  softplus(a)   σ(-a)         -σ(a)

// oracleError bounds the error of oracle32, in ULPs of float32 (so it is at most 2⁻⁴³ of the
// result): those of math.Exp, math.Log1p and three further operations in float64 add up to a hundredth of it.
const oracleError = 1e-6

// Beyond these magnitudes the functions are simple: exp(-a) vanishes beside the smallest
// float32, or the series end after the term in a.
const (
	largeMagnitude = 128
	smallMagnitude = 0x1p-30
)

// oracle32 returns the values at a finite magnitude a ≥ 0 for comparison with float32.
func oracle32(a float64) values[float64] {
	switch {
	case a >= largeMagnitude:
		return values[float64]{a, 0, 1, 0} // exp(-128) < 2⁻¹⁸⁴
	case a < smallMagnitude:
		return values[float64]{math.Ln2 + a/2, math.Ln2 - a/2, 0.5 + a/4, 0.5 - a/4}
	}
	y := math.Exp(-a)
	l := math.Log1p(y)
	sigma := 1 / (1 + y)
	return values[float64]{a + l, l, sigma, y * sigma}
}

// scaled is the number m·2⁻ᵏ, which may lie below the smallest float64. It keeps all its digits there.
type scaled struct {
	m dd
	k int
}

// value returns the number as a dd. Below 2⁻⁹⁰⁰ it loses digits.
func (s scaled) value() dd {
	if s.k == 0 {
		return s.m
	}
	return dd{math.Ldexp(s.m.hi, -s.k), math.Ldexp(s.m.lo, -s.k)}
}

// precise returns the values at a finite magnitude a ≥ 0 with a relative error below 2⁻⁹⁰.
// Where exp(-a) is below 2⁻²⁸⁸⁰, beyond 2000, softplus(-a) and σ(-a) are 0.
func precise(a float64) values[scaled] {
	one := ddOf(1)
	if a > 2000 {
		return values[scaled]{{m: ddOf(a)}, {}, {m: one}, {}}
	}
	m, k := expMinus(ddOf(a))
	if k > 500 { // the rest of the series is below 2⁻⁵⁰⁰
		y := scaled{m, k}
		return values[scaled]{{m: ddOf(a)}, y, {m: one}, y}
	}
	y := scaled{m, k}.value()
	l := log1p(y)
	denominator := one.add(y)
	return values[scaled]{{m: l.add(ddOf(a))}, {m: l}, {m: one.div(denominator)}, {m: y.div(denominator)}}
}

// oracle32At returns the values at the magnitude with the given bits, and the magnitude; at infinity they
// are the limits, and NaN at a NaN.
func oracle32At(magnitude uint32) (exact values[float64], a float64) {
	a = float64(math.Float32frombits(magnitude))
	switch {
	case magnitude > infinity32:
		return values[float64]{a, a, a, a}, a
	case magnitude == infinity32:
		return values[float64]{a, 0, 1, 0}, a
	}
	return oracle32(a), a
}

// BCELoss with hard targets, of a probability x, is with log' = max(log, -100)
//
//	loss t=0     loss t=1    gradient t=0  gradient t=1
//	-log'(1-x)   -log'(x)    1/(1-x)       -1/x
//
// PyTorch computes the gradient as (x-t)/max(x·(1-x), ε). Where the bound holds it is no derivative, and this is what it is compared with:
//
//	x/ε for t=0, -(1-x)/ε for t=1
const (
	// minLog is what a logarithm is at least.
	minLog = -100
	// epsilon is PyTorch's bound, the float32 nearest to 1e-12, also for float64.
	epsilon = float64(float32(1e-12))
)

// boundedText says where and with what the gradient is compared.
const boundedText = "The logarithms are at least -100, by the definition of the module. Where x·(1-x) < 1e-12 the gradient is compared with PyTorch's formula, " +
	"(x-t) over the float32 nearest to 1e-12, which is no derivative there."

// probability32 returns the results at a probability by its bits, for comparison with float32. As in oracle32
// the errors, here of math.Log, math.Log1p and two further operations, are a hundredth of oracleError.
func probability32(magnitude uint32) (exact values[float64], place float64) {
	x := float64(math.Float32frombits(magnitude))
	of, ofRest := math.Log(x), math.Log1p(-x)
	exact = values[float64]{min(-ofRest, -minLog), min(-of, -minLog), 1 / (1 - x), 1 / x}
	if x*(1-x) < epsilon {
		exact[2], exact[3] = x/epsilon, (1-x)/epsilon
	}
	return exact, of - ofRest
}

// preciseProbability returns the results at a probability with a relative error below 2⁻⁹⁰.
func preciseProbability(x float64) values[scaled] {
	rest := twoSum(1, -x)
	exact := values[scaled]{{m: bounded(x == 1, minusLogRest, x)}, {m: bounded(x == 0, minusLog, x)}}
	if ddOf(x).mul(rest).hi < epsilon {
		exact[2].m, exact[3].m = ddOf(x).div(ddOf(epsilon)), rest.div(ddOf(epsilon))
	} else {
		exact[2].m, exact[3].m = ddOf(1).div(rest), ddOf(1).div(ddOf(x))
	}
	return exact
}

// bounded returns f(x), at most 100; infinite says that it is, and not to be asked.
func bounded(infinite bool, f func(float64) dd, x float64) dd {
	if !infinite {
		if l := f(x); l.hi < -minLog {
			return l
		}
	}
	return ddOf(-minLog)
}

// minusLog returns -log(x) for 0 < x ≤ 1.
func minusLog(x float64) dd { return logarithm(ddOf(x)).neg() }

// minusLogRest returns -log(1-x) for 0 ≤ x < 1.
func minusLogRest(x float64) dd {
	switch {
	case x > 0.5:
		return minusLog(1 - x) // 1-x is exact
	case x < 0x1p-60:
		return dd{x, x * x / 2} // the next term of the series is below 2⁻¹²⁰ of it
	}
	return log1p(ddOf(-x)).neg()
}

// rowOracle has what the losses and gradients of a row of CrossEntropyLoss consist of, with the names of fixtures/README.md: for each class c
//
//	d[c] = max x - x[c]    n[c] = d[c] + log Σ exp(-d)    p[c] = exp(-d[c]) / Σ exp(-d)    q[c] = 1 - p[c]
//
// The relative error of each is below 2⁻⁸⁵, but for the p and q that lie below 2⁻⁹⁰⁰. With coefficients a ≥ 0 of the n
//
//	loss = Σ a[c]·n[c]    gradient in x[c] = p[c]·Σ a[k] - q[c]·a[c]    the sum over k ≠ c
type rowOracle struct {
	n, p, q []dd
	// conditionN, conditionP and conditionQ are what an error of one ULP in each d does to n, p and q; 0 in float32,
	// whose d are formed in float64.
	conditionN             float64
	conditionP, conditionQ []float64
}

func newRowOracle(x []float64, f format) *rowOracle {
	top := 0
	for c := range x {
		if x[c] > x[top] {
			top = c
		}
	}
	d, e := make([]dd, len(x)), make([]dd, len(x))
	for c := range x {
		d[c] = twoSum(x[top], -x[c])
		if d[c].hi <= 2000 {
			m, k := expMinus(d[c])
			e[c] = scaled{m, k}.value()
		}
	}
	others := sumsOfOthers(e) // where c is the largest, what is left of it: a difference would cancel
	sum := others[top].add(ddOf(1))
	logSum := logarithm(sum)
	if others[top].hi <= 1 {
		logSum = log1p(others[top])
	}
	o := &rowOracle{}
	ulps := make([]float64, len(x))
	for c := range x {
		o.n = append(o.n, d[c].add(logSum))
		o.p = append(o.p, e[c].div(sum))
		o.q = append(o.q, others[c].div(sum))
		if !f.single {
			ulps[c] = math.Ldexp(1, f.ulpExponent(d[c].hi, 0))
			o.conditionN += o.p[c].hi * ulps[c]
		}
	}
	var total []dd
	for c := range x {
		o.conditionP = append(o.conditionP, o.p[c].hi*(ulps[c]+o.conditionN))
		total = append(total, ddOf(o.conditionP[c]))
	}
	for _, v := range sumsOfOthers(total) {
		o.conditionQ = append(o.conditionQ, v.hi)
	}
	return o
}

// loss returns the loss with the coefficients a, and the unit of its error.
func (o *rowOracle) loss(a []dd, f format) (exact dd, unit float64) {
	factors := 0.0
	for c := range a {
		exact = exact.add(a[c].mul(o.n[c]))
		factors += a[c].hi
	}
	return exact, f.unit(exact.hi) + factors*o.conditionN
}

// grad returns the gradient in the logit of class c, which has the coefficient a, and all others together others, and the unit of its error.
func (o *rowOracle) grad(c int, a, others dd, f format) (exact dd, unit float64) {
	up, down := others.mul(o.p[c]), a.mul(o.q[c])
	return up.sub(down), f.unit(up.hi+down.hi) + others.hi*o.conditionP[c] + a.hi*o.conditionQ[c]
}

// unit returns the spacing of the dtype at v.
func (f format) unit(v float64) float64 { return math.Ldexp(1, f.ulpExponent(v, 0)) }

// sumsOfOthers returns for each number the sum of all others, which are not negative: so none of it is a difference.
func sumsOfOthers(values []dd) []dd {
	sums := make([]dd, len(values))
	var before, behind dd
	for i, v := range values {
		sums[i] = before
		before = before.add(v)
	}
	for i := len(values) - 1; i >= 0; i-- {
		sums[i] = sums[i].add(behind)
		behind = behind.add(values[i])
	}
	return sums
}

// format describes a dtype.
type format struct {
	name           string
	single         bool
	digits, minExp int // of the significand; the exponent of the smallest subnormal number
	// exp(-normalExp), and its products with weights, are normal numbers; exp(-subnormalExp) is
	// about the largest subnormal one.
	normalExp, subnormalExp float64
	minPower, maxPower      float64 // of ten: the range of logits
	minProbability          float64 // of ten
	// rowEdge is how far the logits of a row are apart at most, but for those that are drawn in another way.
	rowEdge float64
}

func formatOf[T loss.Float]() format {
	if _, single := any(T(0)).(float32); single {
		return format{name: "float32", single: true, digits: 24, minExp: -149, normalExp: 87, subnormalExp: 87.3, minPower: -44, maxPower: 25, minProbability: -45, rowEdge: 110}
	}
	return format{name: "float64", digits: 53, minExp: -1074, normalExp: 600, subnormalExp: 708.4, minPower: -300, maxPower: 290, minProbability: -290, rowEdge: 600}
}

// ulpExponent returns e such that the spacing of the dtype at v·2⁻ᵏ is 2^(e-k).
func (f format) ulpExponent(v float64, k int) int {
	_, exponent := math.Frexp(v) // v = m·2^exponent, m in [1/2, 1)
	if v == 0 {
		return f.minExp + k
	}
	return max(exponent-f.digits, f.minExp+k)
}
