package kernel

import "math"

// The passes of crossentropy.go in Go.

// maxGo keeps four maxima, of every fourth element: a comparison waits for the one before.
func maxGo[T Float](x []T) T {
	lowest := T(math.Inf(-1))
	a, b, c, d := lowest, lowest, lowest, lowest
	for ; len(x) >= 4; x = x[4:] {
		if x[0] > a {
			a = x[0]
		}
		if x[1] > b {
			b = x[1]
		}
		if x[2] > c {
			c = x[2]
		}
		if x[3] > d {
			d = x[3]
		}
	}
	for _, v := range x {
		if v > a {
			a = v
		}
	}
	if b > a {
		a = b
	}
	if d > c {
		c = d
	}
	if c > a {
		a = c
	}
	return a
}

// expSum32Go computes exp with the precision of exp32Go. Where m-x is beyond expMax the result, less than 1e-307, is that of
// expMax: it is zero in float32.
func expSum32Go(sums *[8]float64, y []float64, x []float32, m float64) (ties int) {
	c := &exp32Poly
	y = y[:len(x)]
	for i, x := range x {
		d := m - float64(x)
		if d > expMax {
			d = expMax
		}
		z := magic32 - d*log2E
		n := z - magic32
		r := -d - n*ln2
		r2 := r * r
		p := (c[0] + c[1]*r) + r2*((c[2]+c[3]*r)+r2*(c[4]+c[5]*r))
		scale := math.Float64frombits(math.Float64bits(z) << 52)
		y[i] = scale + scale*(r+r2*p)
	}
	return sumLess(sums, y, x, m)
}

// expSum64Go computes exp with the precision of exp64Go, of m-x with what that rounds away: else the relative error would grow with
// m-x. It reports whether every m-x is less than expMax. What it writes and adds for others is not defined.
func expSum64Go(sums *[8]float64, y, x []float64, m float64) (ties int, ordinary bool) {
	c := &exp64Poly
	ordinary = true
	y = y[:len(x)]
	for i, x := range x {
		d := m - x
		if !(d < expMax) {
			ordinary = false
		}
		b := d - m
		rounded := (m - (d - b)) - (x + b) // m - x = d + rounded (TwoSum)
		z := magic64 - d*log2E
		n := z - magic64
		r := ((-d - n*ln2Hi) - n*ln2Lo) - rounded
		r2 := r * r
		r4 := r2 * r2
		p := ((c[0] + c[1]*r) + r2*(c[2]+c[3]*r)) + r4*(((c[4]+c[5]*r)+r2*(c[6]+c[7]*r))+r4*(c[8]+c[9]*r))
		high := 1 + r
		low := r - (high - 1)
		y[i] = math.Float64frombits(math.Float64bits(high+(low+r2*p)) + math.Float64bits(z)<<52)
	}
	return sumLess(sums, y, x, m), ordinary
}

// sumLess adds the y of those x that are not equal to m, as sum does with zeros for the others, which it sets to 1 and counts.
func sumLess[T Float](sums *[8]float64, y []float64, x []T, m float64) (ties int) {
	for i, x := range x {
		if float64(x) == m {
			y[i] = 0
			ties++
		}
	}
	sum(sums, y)
	for i, x := range x {
		if float64(x) == m {
			y[i] = 1
		}
	}
	return ties
}

func scaleRoundGo[T Float](dst []T, y []float64, scale, offset float64) {
	dst = dst[:len(y)]
	for i, v := range y {
		dst[i] = T(scale*v + offset)
	}
}

func entropySums32Go(total *[8]float64, x, t, w []float32, m, keep, even float64) (sum float64) {
	t, tStep := stepped(t)
	w, wStep := stepped(w)
	for i, x := range x {
		a := (float64(t[i*tStep])*keep + even) * float64(w[i*wStep])
		sum += a * (m - float64(x))
		add(total, i%4, a)
	}
	return sum
}

func entropyGrads32Go(dst []float32, y []float64, t, w []float32, total, low, rest, keep, even, scale float64) {
	t, tStep := stepped(t)
	w, wStep := stepped(w)
	for i, y := range y {
		a := (float64(t[i*tStep])*keep + even) * float64(w[i*wStep])
		dst[i] = float32(((total-a+low)*y - a*(1-y+rest)) * scale)
	}
}
