package kernel

import "math"

// The passes in Go. Those that end in Go are what the assembly of the same name does, and what runs
// where there is none.

// Constants of exp. n = -a·log2(e), rounded by adding and subtracting a magic number, which also leaves n, or
// n + 1023, the exponent of 2ⁿ, in the lowest bits of the sum. n·ln2Hi is exact.
const (
	log2E   = 0x1.71547652b82fep0
	magic32 = 0x1.8p52 + 1023
	magic64 = 0x1.8p52
	ln2     = 0x1.62e42fefa39efp-1
	ln2Hi   = 0x1.62e42feep-1
	ln2Lo   = 0x1.a39ef35793c76p-33
)

func expGo[T Float](y []float64, x []T) (ordinary bool) {
	if single[T]() {
		return exp32Go(y, as[float32](x))
	}
	return exp64Go(y, as[float64](x))
}

func log1pGo[T Float](l, y []float64) {
	if single[T]() {
		log1p32Go(l, y)
	} else {
		log1p64Go(l, y)
	}
}

// exp32Go and exp64Go report whether every |x| is less than expMax. What they write for others is not defined.
func exp32Go(y []float64, x []float32) (ordinary bool) {
	c := &exp32Poly
	ordinary = true
	y = y[:len(x)]
	for i, x := range x {
		a := math.Abs(float64(x))
		if !(a < expMax) {
			ordinary = false
		}
		z := magic32 - a*log2E
		n := z - magic32
		r := -a - n*ln2
		r2 := r * r
		p := (c[0] + c[1]*r) + r2*((c[2]+c[3]*r)+r2*(c[4]+c[5]*r))
		scale := math.Float64frombits(math.Float64bits(z) << 52)
		y[i] = scale + scale*(r+r2*p)
	}
	return ordinary
}

func exp64Go(y, x []float64) (ordinary bool) {
	c := &exp64Poly
	ordinary = true
	y = y[:len(x)]
	for i, x := range x {
		a := math.Abs(x)
		if !(a < expMax) {
			ordinary = false
		}
		z := magic64 - a*log2E
		n := z - magic64
		r := (-a - n*ln2Hi) - n*ln2Lo
		r2 := r * r
		r4 := r2 * r2
		p := ((c[0] + c[1]*r) + r2*(c[2]+c[3]*r)) + r4*(((c[4]+c[5]*r)+r2*(c[6]+c[7]*r))+r4*(c[8]+c[9]*r))
		high := 1 + r
		low := r - (high - 1)
		y[i] = math.Float64frombits(math.Float64bits(high+(low+r2*p)) + math.Float64bits(z)<<52)
	}
	return ordinary
}

// log1p32Go and log1p64Go use log1p(y) = 2·atanh(s) with s = y/(2+y), in the form of
// FreeBSD's log1p, y - s·(y - R): the correction is at most half of y.
func log1p32Go(l, y []float64) {
	c := &log32Poly
	l = l[:len(y)]
	for i, y := range y {
		s := y / (2 + y)
		v := s * s
		v2 := v * v
		p := (c[0] + c[1]*v) + v2*((c[2]+c[3]*v)+v2*(c[4]+c[5]*v))
		l[i] = y - s*(y-v*p)
	}
}

func log1p64Go(l, y []float64) {
	l = l[:len(y)]
	for i, y := range y {
		s, rest := log1pParts(y)
		l[i] = math.FMA(-s, rest, y)
	}
}

// log1pPair returns log1p(y) with what the last rounding loses.
func log1pPair(y float64) Pair {
	s, rest := log1pParts(y)
	high := math.FMA(-s, rest, y)
	return Pair{high, math.FMA(-s, rest, y-high)}
}

// log1pParts returns s and y - R.
func log1pParts(y float64) (s, rest float64) {
	c := &log64Poly
	s = y / (2 + y)
	v := s * s
	v2 := v * v
	v4 := v2 * v2
	p := ((c[0] + c[1]*v) + v2*(c[2]+c[3]*v)) + v4*(((c[4]+c[5]*v)+v2*(c[6]+c[7]*v))+v4*(c[8]+c[9]*v))
	return s, y - v*p
}

func lossesGo[T Float](l []float64, x, t []T) {
	l, t = l[:len(x)], t[:len(x)]
	if !single[T]() {
		for i, x := range x {
			x := float64(x)
			l[i] += math.FMA(-float64(t[i]), x, max(x, 0))
		}
		return
	}
	for i := range x {
		x, t := float64(x[i]), float64(t[i])
		slope := 1 - t
		if x < 0 {
			slope = -t
		}
		l[i] += slope * x
	}
}

func weightedLossesGo[T Float](l, y []float64, x, t, w, p []T) {
	if single[T]() {
		log1p32Go(l, y)
		weightedLosses32Go(l, as[float32](x), as[float32](t), as[float32](w), as[float32](p))
	} else {
		weightedLosses64Go(l, y, as[float64](x), as[float64](t), as[float64](w), as[float64](p))
	}
}

func weightedLosses32Go(l []float64, x, t, w, p []float32) {
	w, wStep := stepped(w)
	p, pStep := stepped(p)
	l, t = l[:len(x)], t[:len(x)]
	for i := range x {
		x, t := float64(x[i]), float64(t[i])
		a, b := 1-t, float64(p[i*pStep])*t
		slope := a
		if x < 0 {
			slope = -b
		}
		l[i] = float64(w[i*wStep]) * ((a+b)*l[i] + slope*x)
	}
}

func weightedLosses64Go(l, y, x, t, w, p []float64) {
	w, wStep := stepped(w)
	p, pStep := stepped(p)
	l, y, t = l[:len(x)], y[:len(x)], t[:len(x)]
	for i, x := range x {
		logarithm := log1pPair(y[i])
		a, b := targetPair(t[i], p[i*pStep])
		slope := a
		if x < 0 {
			slope = b
		}
		sum := a.Plus(b)
		loss := sum.Times(logarithm.High)
		loss.Low += sum.High * logarithm.Low
		l[i] = loss.Plus(slope.Times(math.Abs(x))).Times(w[i*wStep]).Rounded()
	}
}

func gradsGo[T Float](dst []T, y []float64, x, t []T, u, div float64) {
	dst, y, t = dst[:len(x)], y[:len(x)], t[:len(x)]
	if !single[T]() {
		for i, x := range x {
			t := float64(t[i])
			dst[i] = T(dividePair(gradNumeratorPair(y[i], float64(x), OneMinus(t), Pair{High: t}).Times(u), y[i], div))
		}
		return
	}
	for i := range x {
		t, y := float64(t[i]), y[i]
		a, b := 1.0, y
		if x[i] < 0 {
			a, b = y, 1
		}
		dst[i] = T(((1-t)*a - t*b) * u / (div + y*div))
	}
}

// dividePair returns numerator / (div + y·div), for 0 ≤ y ≤ 1. The quotient is corrected by what was rounded away, but not
// where it is infinite.
func dividePair(numerator Pair, y, div float64) float64 {
	sum := 1 + y
	rest := y - (sum - 1)
	quotient := numerator.High / (sum * div)
	if corrected := quotient - (quotient*rest-numerator.Low/div)/sum; corrected == corrected {
		return corrected
	}
	return quotient
}

func weightedGradsGo[T Float](dst []T, y []float64, x, t, w, p, u []T, div float64) {
	w, wStep := stepped(w)
	p, pStep := stepped(p)
	u, uStep := stepped(u)
	dst, y, t = dst[:len(x)], y[:len(x)], t[:len(x)]
	if !single[T]() {
		for i := range x {
			a, b := targetPair(float64(t[i]), float64(p[i*pStep]))
			numerator := gradNumeratorPair(y[i], float64(x[i]), a, b)
			dst[i] = T(dividePair(numerator.Times(float64(w[i*wStep])).Times(float64(u[i*uStep])), y[i], div))
		}
		return
	}
	for i := range x {
		t, y := float64(t[i]), y[i]
		a, b := 1.0, y
		if x[i] < 0 {
			a, b = y, 1
		}
		numerator := (1-t)*a - float64(p[i*pStep])*t*b
		dst[i] = T(numerator * float64(w[i*wStep]) * float64(u[i*uStep]) / (div + y*div))
	}
}

// gradNumeratorPair returns a - b·y where x ≥ 0, else a·y - b, with what the roundings lose.
func gradNumeratorPair(y, x float64, a, b Pair) Pair {
	if x < 0 {
		return a.Times(y).Minus(b)
	}
	return a.Minus(b.Times(y))
}

func roundGo[T Float](dst []T, l []float64) {
	dst = dst[:len(l)]
	for i, v := range l {
		dst[i] = T(v)
	}
}

func sumGo(sums *[8]float64, l []float64) {
	for ; len(l) >= 8; l = l[8:] {
		for lane := range 4 {
			add(sums, lane, l[lane]+l[lane+4])
		}
	}
	if len(l) >= 4 {
		for lane := range 4 {
			add(sums, lane, l[lane])
		}
		l = l[4:]
	}
	for _, v := range l {
		add(sums, 0, v)
	}
}

// The twins of the kernels that do several passes in one.

func sumLossesGo[T Float](sums *Sums, y []float64, x, t []T) {
	log1pGo[T](y, y)
	lossesGo(y, x, t)
	sumGo(&sums.twoSum, y)
}

func sumLossesGradsGo[T Float](sums *Sums, grad []T, y, l []float64, x, t []T, u, div float64) {
	log1pGo[T](l, y)
	lossesGo(l, x, t)
	gradsGo(grad, y, x, t, u, div)
	sumGo(&sums.twoSum, l)
}

func roundLossesGo[T Float](dst []T, y []float64, x, t []T) {
	log1pGo[T](y, y)
	lossesGo(y, x, t)
	roundGo(dst, y)
}

func roundLossesGradsGo[T Float](dst, grad []T, y, l []float64, x, t []T, u, div float64) {
	log1pGo[T](l, y)
	lossesGo(l, x, t)
	gradsGo(grad, y, x, t, u, div)
	roundGo(dst, l)
}

// add adds v to a lane with compensation.
func add(sums *[8]float64, lane int, v float64) {
	a := Accumulator{sums[lane], sums[lane+4]}
	a.Add(v)
	sums[lane], sums[lane+4] = a.sum, a.errors
}
