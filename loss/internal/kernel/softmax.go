package kernel

import "math"

// The passes of a softmax over a row of logits x, of which m is the largest: y = exp(x-m) is at most 1, so nothing
// overflows, and x-m has the accuracy that the output needs.

// Max returns the index of the first largest element of x, which is not empty, and the element. NaN counts as less than any number:
// [ExpShifted] finds it.
func Max[T Float](x []T) (index int, largest T) {
	switch x := any(x).(type) {
	case []float32:
		index, m := max32(x)
		return index, T(m)
	case []float64:
		index, m := max64(x)
		return index, T(m)
	}
	return 0, 0
}

// ExpShifted writes exp(x-m) to y, with the precision that T needs, for m not less than any x. NaN in x makes NaN of the element; so does an infinite x
// that is equal to m.
func ExpShifted[T Float](y []float64, x []T, m T) {
	y = y[:len(x)]
	switch x := any(x).(type) {
	case []float32:
		expShifted32(y, x, float64(m))
	case []float64:
		if !expShifted64(y, x, float64(m)) {
			patchExpShifted(y, x, float64(m))
		}
	}
}

// patchExpShifted corrects y where m-x is not less than expMax.
func patchExpShifted(y, x []float64, m float64) {
	for i, x := range x {
		if d := m - x; !(d < expMax) {
			y[i] = math.Exp(-d)
		}
	}
}

// maxGo keeps four maxima, of every fourth element: a comparison waits for the one before.
func maxGo[T Float](x []T) (index int, largest T) {
	lowest := T(math.Inf(-1))
	a, b, c, d := lowest, lowest, lowest, lowest
	rest := x
	for ; len(rest) >= 4; rest = rest[4:] {
		if rest[0] > a {
			a = rest[0]
		}
		if rest[1] > b {
			b = rest[1]
		}
		if rest[2] > c {
			c = rest[2]
		}
		if rest[3] > d {
			d = rest[3]
		}
	}
	for _, v := range rest {
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
	return indexOf(x, a), a
}

// indexOf returns the index of the first element that is equal to v, and 0 if there is none.
func indexOf[T Float](x []T, v T) int {
	for i, e := range x {
		if e == v {
			return i
		}
	}
	return 0
}

// expShifted32Go computes exp with the precision of exp32Go. Where m-x is beyond expMax the result, less than 1e-307, is that of
// expMax: it is zero in float32.
func expShifted32Go(y []float64, x []float32, m float64) {
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
}

// expShifted64Go computes exp with the precision of exp64Go, of m-x with what that rounds away: else the relative error would grow with
// m-x. It reports whether every m-x is less than expMax. What it writes for others is not defined.
func expShifted64Go(y, x []float64, m float64) (ordinary bool) {
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
	return ordinary
}

// Product returns a·b·c. No intermediate overflows or underflows unless the result does.
func Product(a, b, c float64) float64 { return product(a, b, c) }
