package verdict

import (
	"math"

	"lossproof/tensor"
)

func noErrors() Errors {
	none := Largest{Index: -1}
	return Errors{Absolute: none, Relative: none, ULP: none, Headroom: none, Class: -1}
}

// add takes element i into account: got where e + low was wanted, with allowed as the
// largest right error. right is the verdict on it.
func (x *Errors) add(i int, got, e, low, allowed float64, right bool, f tensor.Format) {
	if !isFinite(got) || !isFinite(e) {
		if !right {
			if x.Class < 0 {
				x.Class = i
			}
			inf := math.Inf(1)
			x.Absolute.add(i, inf)
			x.Relative.add(i, inf)
			x.ULP.add(i, inf)
			x.Headroom.add(i, inf)
		}
		return
	}
	d := math.Abs((got - e) - low)
	if d == 0 {
		x.zero(i, e)
		return
	}
	x.Absolute.add(i, d)
	if e != 0 {
		x.Relative.add(i, d/math.Abs(e))
	}
	x.ULP.add(i, d/ulp(f, e, low))
	x.Headroom.add(i, d/allowed)
}

// zero is add for an element without error, which most are.
func (x *Errors) zero(i int, e float64) {
	x.Absolute.add(i, 0)
	if e != 0 {
		x.Relative.add(i, 0)
	}
	x.ULP.add(i, 0)
	x.Headroom.add(i, 0)
}

func (l *Largest) add(i int, value float64) {
	if l.Index < 0 || value > l.Value {
		l.Value, l.Index = value, i
	}
}
