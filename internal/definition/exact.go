package definition

import "math"

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
func (a exact) bound() float64 { return math.Ldexp(a.err*1.001, a.e) }

// pair returns the nearest float64, and the rest. Beyond the largest finite number, by a factor of
// 2 at most, high is that number.
func (a exact) pair() (high, low float64) {
	if a.e == 0 || a.hi == 0 || notFinite(a.hi) {
		return a.hi, a.lo
	}
	high = math.Ldexp(a.hi, a.e)
	if math.IsInf(high, 0) {
		if a.e+exponent(a.hi) > 1024 {
			return high, 0
		}
		half := math.Ldexp(a.hi, a.e-1) - math.Copysign(math.MaxFloat64/2, a.hi)
		return math.Copysign(math.MaxFloat64, a.hi), 2*half + math.Ldexp(a.lo, a.e)
	}
	// A subnormal high has fewer digits than hi.
	return high, math.Ldexp((a.hi-math.Ldexp(high, -a.e))+a.lo, a.e)
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

// shifted is the same number with e larger by k.
func (a exact) shifted(k int) exact {
	return exact{math.Ldexp(a.hi, -k), math.Ldexp(a.lo, -k), math.Ldexp(a.err, -k), a.e + k}
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

// lost is what a bound counts already.
func (exact) lost(exact, exact) exact { return exact{} }

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
	q2 := math.Ldexp(r.hi, r.e) / b.hi
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
	expTerms   = 14 // of the Taylor series at |r| <= log(2)/64: the next term is below 2^-120
	expHalving = 5
	logTerms   = 35 // of the series of atanh at s <= 1/3: the next term is below 2^-110
)

// inverses are 1/n!, and odd are 1/(2n+1).
var inverses, odd = func() (inverses [expTerms + 1]exact, odd [logTerms]exact) {
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
	v := math.Ldexp(a.hi, a.e)
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
	relative := math.Ldexp(a.err, a.e) + expError + math.Abs(n)*0x1p-105
	r = r.shifted(-r.e) // small, but no error of it matters
	r.hi, r.lo = r.hi/(1<<expHalving), r.lo/(1<<expHalving)
	h, l := series(inverses[:], r.hi, r.lo)
	for range expHalving {
		h, l = timesPair(h, l, h, l)
	}
	return exact{h, l, h * math.Expm1(relative), int(n)}.normal()
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

// series returns Σ c[i]·x^i.
func series(c []exact, xh, xl float64) (h, l float64) {
	h, l = c[len(c)-1].hi, c[len(c)-1].lo
	for i := len(c) - 2; i >= 0; i-- {
		h, l = timesPair(h, l, xh, xl)
		h, l = plusPair(h, l, c[i].hi, c[i].lo)
	}
	return h, l
}

// log1p returns log(1+a).
func (a exact) log1p() exact {
	v := math.Ldexp(a.hi, a.e)
	if !(v >= -0.5 && v <= 1) {
		return one.add(a).log()
	}
	// 2·atanh(s) of s = a/(2+a): the first n terms are enough, square^n is below 2^-110.
	s := a.div(exact{hi: 2}.add(a))
	if s.hi == 0 {
		return a
	}
	square := s.mul(s)
	n := logTerms
	if k := square.e + exponent(square.hi); k < -3 {
		n = min(logTerms, 1+110/(-k))
	}
	square = square.shifted(-square.e)
	h, l := series(odd[:n], square.hi, square.lo)
	r := s.mul(exact{hi: 2 * h, lo: 2 * l})
	r.err = math.Abs(r.hi)*logError + math.Ldexp(a.err, a.e-r.e)/(1+v)
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
