package definition

import (
	"math"

	"lossproof/tensor"
)

// exact is (hi + lo)·2^e, |lo| <= ulp(hi)/2: a number of about 106 bits that neither overflows nor
// underflows, with a bound err·2^e on the distance from what it stands for. The algorithms are
// Dekker's and Knuth's, as in Hida, Li and Bailey, "Library for Double-Double and Quad-Double
// Arithmetic", 2000; the bounds are a few times theirs.
type exact struct {
	hi, lo, err float64
	e           int
}

// The relative errors of one operation.
const (
	addError = 0x1p-103
	mulError = 0x1p-101
	divError = 0x1p-99
	expError = 0x1p-94
	logError = 0x1p-94
)

func (exact) of(v float64) exact { return exact{hi: v}.normal() }

// lead has the sign of the number and is zero, infinite or NaN where the number is.
func (a exact) lead() float64 { return a.hi }

// float returns the nearest float64.
func (a exact) float() float64 {
	high, _ := a.pair()
	return high
}

// bound returns how far the number may be from what it stands for. Its own rounding errors are
// below a thousandth of it.
func (a exact) bound() float64 { return scaled(a.err*1.001, a.e) }

// nearest returns the number of a format that is nearest to a, ties to even.
func (a exact) nearest(f tensor.Format) float64 {
	high, low := a.pair()
	if f.Precision == 53 || low == 0 || high == 0 || notFinite(high) {
		return f.Round(high)
	}
	// Rounding to odd: what ends in a one is not in the middle of two numbers of fewer bits.
	bits := math.Float64bits(high)
	switch {
	case bits&1 != 0:
	case (low > 0) == (high > 0):
		bits++
	default:
		bits--
	}
	return f.Round(math.Float64frombits(bits))
}

// pair returns the nearest float64, and the rest. Beyond the largest finite number, by a factor of
// 2 at most, high is that number.
func (a exact) pair() (high, low float64) {
	if a.e == 0 || a.hi == 0 || notFinite(a.hi) {
		return a.hi, a.lo
	}
	high = scaled(a.hi, a.e)
	if math.IsInf(high, 0) {
		if a.e+exponent(a.hi) > 1024 {
			return high, 0
		}
		half := scaled(a.hi, a.e-1) - math.Copysign(math.MaxFloat64/2, a.hi)
		return math.Copysign(math.MaxFloat64, a.hi), 2*half + scaled(a.lo, a.e)
	}
	// A subnormal high has fewer digits than hi.
	return high, scaled((a.hi-scaled(high, -a.e))+a.lo, a.e)
}

// exponent returns k of the binade [2^k, 2^(k+1)) of a finite number that is not zero.
func exponent(v float64) int {
	_, k := math.Frexp(v)
	return k - 1
}

func notFinite(v float64) bool { return v-v != 0 }

// normal keeps hi where products of two numbers are neither too large nor too small.
func (a exact) normal() exact {
	switch size := math.Abs(a.hi); {
	case size >= 0x1p-300 && size <= 0x1p300, size == 0:
		return a
	case notFinite(size):
		return exact{hi: a.hi}
	}
	return a.shifted(exponent(a.hi))
}

// scaled returns v·2^k.
func scaled(v float64, k int) float64 {
	if k == 0 {
		return v
	}
	return math.Ldexp(v, k)
}

// shifted is the same number with e larger by k.
func (a exact) shifted(k int) exact {
	if k == 0 {
		return a
	}
	return exact{scaled(a.hi, -k), scaled(a.lo, -k), scaled(a.err, -k), a.e + k}
}

// aligned returns a and b with the e of the larger one. What that loses of the smaller one is less
// than the error that an operation adds.
func aligned(a, b exact) (exact, exact) {
	if a.e == b.e {
		return a, b
	}
	if a.hi != 0 && b.hi != 0 && a.e+exponent(a.hi) < b.e+exponent(b.hi) || a.hi == 0 && b.hi != 0 && (a.err == 0 || a.e < b.e) {
		return a.shifted(b.e - a.e), b
	}
	return a, b.shifted(a.e - b.e)
}

// twoSum returns a+b and its rounding error, quickTwoSum does for |a| >= |b|.
func twoSum(a, b float64) (s, e float64) {
	s = a + b
	z := s - a
	return s, (a - (s - z)) + (b - z)
}

func quickTwoSum(a, b float64) (s, e float64) {
	s = a + b
	return s, b - (s - a)
}

func (a exact) add(b exact) exact {
	if a.e != b.e {
		a, b = aligned(a, b)
	}
	s, e := twoSum(a.hi, b.hi)
	if notFinite(s) {
		return exact{hi: s}
	}
	t, f := twoSum(a.lo, b.lo)
	s, e = quickTwoSum(s, e+t)
	s, e = quickTwoSum(s, e+f)
	return exact{s, e, a.err + b.err + math.Abs(s)*addError, a.e}.normal()
}

// accumulate needs no compensation: the bound counts what is lost.
func (a exact) accumulate(total, _ exact) (exact, exact) { return total.add(a), exact{} }

func (a exact) neg() exact { return exact{-a.hi, -a.lo, a.err, a.e} }

func (a exact) sub(b exact) exact { return a.add(b.neg()) }

func (a exact) mul(b exact) exact {
	p := a.hi * b.hi
	if notFinite(p) {
		return exact{hi: p}
	}
	e := math.FMA(a.hi, b.hi, -p)
	h, l := quickTwoSum(p, e+(a.hi*b.lo+a.lo*b.hi))
	err := math.Abs(a.hi)*b.err + math.Abs(b.hi)*a.err + a.err*b.err + math.Abs(h)*mulError
	return exact{h, l, err, a.e + b.e}.normal()
}

func (a exact) div(b exact) exact {
	q := a.hi / b.hi
	if notFinite(q) || math.IsInf(b.hi, 0) {
		return exact{hi: q}
	}
	r := exact{hi: a.hi, lo: a.lo}.sub(exact{hi: b.hi, lo: b.lo}.mul(exact{hi: q}))
	q2 := scaled(r.hi, r.e) / b.hi
	h, l := quickTwoSum(q, q2)
	err := (a.err+math.Abs(q)*b.err)/(math.Abs(b.hi)-b.err) + math.Abs(h)*divError
	if !(b.err < math.Abs(b.hi)) {
		err = math.Inf(1)
	}
	return exact{h, l, err, a.e - b.e}.normal()
}

// far is where exp(-far) vanishes beside every number that there is.
const far = 1e5

var (
	// ln2 is log 2 to 107 bits.
	ln2 = exact{hi: 0x1.62e42fefa39efp-1, lo: 0x1.abc9e3b39803fp-56}
	one = exact{hi: 1}
)

const (
	// Of the Taylor series at |r| <= log(2)/64 the terms after expTerms are below 2^-120, those after
	// expPairs below 2^-57: these need no low part.
	expTerms, expPairs = 14, 6
	expHalving         = 5
	// Of the series of atanh at |s| <= 1/30 the terms after logTerms are below 2^-116.
	logTerms = 11
	// smallLog is where log1p is a series.
	smallLog = 0x1p-4
)

// inverses are 1/n!, and odd are 1/(2n+1).
var inverses, odd = func() (inverses [expTerms + 1]exact, odd [logTerms + 1]exact) {
	inverses[0] = one
	for n := 1; n < len(inverses); n++ {
		inverses[n] = inverses[n-1].div(exact{hi: float64(n)})
	}
	for n := range odd {
		odd[n] = one.div(exact{hi: float64(2*n + 1)})
	}
	return inverses, odd
}()

func (a exact) exp() exact {
	v := scaled(a.hi, a.e)
	switch {
	case math.IsNaN(v):
		return exact{hi: v}
	case v > far:
		return exact{hi: math.Inf(1)}
	case math.IsInf(v, -1):
		return exact{}
	case v < -far:
		return exact{err: 1, e: int(-far)}
	}
	n := math.Round(v / ln2.hi)
	r := a.sub(ln2.mul(exact{hi: n}))
	relative := scaled(a.err, a.e) + expError + math.Abs(n)*0x1p-105
	h, l := expOf(scaled(r.hi, r.e), scaled(r.lo, r.e))
	return exact{h, l, h * growth(relative), 0}.times2(int(n))
}

// growth bounds exp(r)-1.
func growth(r float64) float64 {
	if r < 0x1p-12 {
		return r * (1 + 0x1p-11)
	}
	return math.Expm1(r) * (1 + 0x1p-50)
}

// times2 returns a·2^n, of an a near 1.
func (a exact) times2(n int) exact {
	if n < -250 || n > 250 {
		a.e = n
		return a.normal()
	}
	f := math.Float64frombits(uint64(1023+n) << 52)
	return exact{a.hi * f, a.lo * f, a.err * f, 0}
}

// expOf returns exp(h+l), |h| <= log(2)/2.
func expOf(h, l float64) (eh, el float64) {
	const f = 1.0 / (1 << expHalving)
	h, l = h*f, l*f
	eh, el = series(inverses[:], expPairs, h, l)
	for range expHalving {
		eh, el = timesPair(eh, el, eh, el)
	}
	return eh, el
}

// timesPair and plusPair are mul and add without a bound, and with e = 0.
func timesPair(ah, al, bh, bl float64) (h, l float64) {
	p := ah * bh
	return quickTwoSum(p, math.FMA(ah, bh, -p)+(ah*bl+al*bh))
}

func plusPair(ah, al, bh, bl float64) (h, l float64) {
	s, e := twoSum(ah, bh)
	t, f := twoSum(al, bl)
	s, e = quickTwoSum(s, e+t)
	return quickTwoSum(s, e+f)
}

// series returns Σ c[i]·x^i. The terms after c[pairs] are too small for their low parts to matter.
func series(c []exact, pairs int, xh, xl float64) (h, l float64) {
	n := len(c) - 1
	for ; n > pairs; n-- {
		h = h*xh + c[n].hi
	}
	h *= xh
	for i := n; ; i-- {
		h, l = plusPair(h, l, c[i].hi, c[i].lo)
		if i == 0 {
			return h, l
		}
		h, l = timesPair(h, l, xh, xl)
	}
}

// log1p returns log(1+a): a series where it is small. Elsewhere a step of Newton's method makes the
// logarithm of float64, v, exact: where z² is too small to matter,
//
//	log(1+a) = v + log(1+z) = v + z    with z = (1+a)·exp(-v) - 1
func (a exact) log1p() exact {
	v := scaled(a.hi, a.e)
	switch {
	case !(v >= -0.5 && v <= 1):
		return one.add(a).log()
	case math.Abs(v) < smallLog:
		return a.smallLog1p(v)
	}
	a = a.shifted(-a.e)
	l := math.Log1p(v)
	n := math.Round(l / ln2.hi)
	r := ln2.mul(exact{hi: n}).sub(exact{hi: l})
	eh, el := expOf(r.hi, r.lo)
	sum := one.add(exact{hi: a.hi, lo: a.lo})
	zh, zl := timesPair(sum.hi, sum.lo, eh, el)
	z := exact{hi: zh, lo: zl}.times2(int(-n)).sub(one)
	high, low := twoSum(l, z.hi)
	high, low = quickTwoSum(high, low+z.lo)
	err := a.err / (1 + v)
	if !(err < 0x1p-12) {
		err = math.Inf(1)
	}
	return exact{high, low, math.Abs(high)*logError + err*(1+0x1p-11), 0}
}

// smallLog1p returns 2·atanh(s) with s = a/(2+a).
func (a exact) smallLog1p(v float64) exact {
	s := a.div(exact{hi: 2}.add(a))
	if s.hi == 0 {
		return a
	}
	square := s.mul(s)
	terms, pairs := 0, 0
	if k := -(square.e + exponent(square.hi)); k <= 120 { // the term in square^n is below 2^-n(k-1)
		terms, pairs = min(logTerms, 1+116/(k-1)), 1+56/(k-1)
	}
	h, l := series(odd[:terms+1], min(pairs, terms), scaled(square.hi, square.e), scaled(square.lo, square.e))
	r := s.mul(exact{hi: 2 * h, lo: 2 * l})
	r.err = math.Abs(r.hi)*logError + scaled(a.err, a.e-r.e)/(1+v)
	return r
}

// log returns k·log 2 + log(m) with a = m·2^k and m in [√½, √2], where the two do not cancel.
func (a exact) log() exact {
	switch {
	case a.hi == 0:
		return exact{hi: math.Inf(-1)}
	case a.hi < 0 || math.IsNaN(a.hi):
		return exact{hi: math.NaN()}
	case math.IsInf(a.hi, 1):
		return a
	}
	m, k := math.Frexp(a.hi)
	if m < math.Sqrt2/2 {
		k--
	}
	a = a.shifted(k)
	return ln2.mul(exact{hi: float64(a.e)}).add(exact{a.hi, a.lo, a.err, 0}.sub(one).log1p())
}
