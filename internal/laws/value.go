package laws

import (
	"math"

	"lossproof/internal/definition"
)

// value is an array of numbers that are each known within a radius: an answer with what is
// allowed of it, or what was computed from answers.
type value struct {
	array
	radius []float64
	// unasked says that it is of an output that the port does not claim: no equation is about it.
	unasked bool
}

// unit is the largest relative error of an operation of float64, in which all is computed here.
const unit = 0x1p-53

// exactly returns numbers that are known but for the rounding of float64.
func exactly(a array) value {
	v := value{array: a, radius: make([]float64, len(a.values))}
	for i, x := range a.values {
		v.radius[i] = unit * math.Abs(x)
	}
	return v
}

// each computes every element; f returns it and its radius, to which its rounding is added.
func (v value) each(f func(i int) (x, radius float64)) value {
	w := v.blank(v.shape)
	for i := range w.values {
		x, radius := f(i)
		w.values[i], w.radius[i] = x, radius+unit*math.Abs(x)
	}
	return w
}

// blank returns zeros of another shape.
func (v value) blank(shape []int) value {
	return value{array{shape, make([]float64, definition.Size(shape))}, make([]float64, definition.Size(shape)), v.unasked}
}

func (v value) plus(w value) value {
	v.unasked = v.unasked || w.unasked
	return v.each(func(i int) (x, radius float64) { return v.values[i] + w.values[i], v.radius[i] + w.radius[i] })
}

func (v value) minus(w value) value { return v.plus(w.times(-1)) }

func (v value) times(c float64) value {
	return v.by(func(int) float64 { return c })
}

// by multiplies every element by a number that is exact.
func (v value) by(c func(i int) float64) value {
	return v.each(func(i int) (x, radius float64) { return c(i) * v.values[i], math.Abs(c(i)) * v.radius[i] })
}

// expMinus returns exp(-v): between exp(-v)·exp(-r) and exp(-v)·exp(r), whose distances are
// at most exp(-v)·expm1(r).
func (v value) expMinus() value {
	return v.each(func(i int) (x, radius float64) {
		e := math.Exp(-v.values[i])
		return e, e * (math.Expm1(v.radius[i]) + 4*unit)
	})
}

// taken is that of an array.
func (v value) taken(last bool, entries []int) value {
	return value{v.array.taken(last, v.shape, entries), array{v.shape, v.radius}.taken(last, v.shape, entries).values, v.unasked}
}

// reshaped is that of an array.
func (v value) reshaped(shape ...int) value {
	return value{v.array.reshaped(shape...), v.radius, v.unasked}
}

// at returns one element.
func (v value) at(i int) value {
	return value{array{[]int{}, v.values[i : i+1]}, v.radius[i : i+1], v.unasked}
}

// reduced adds the elements into the places of an array of that shape.
func (v value) reduced(shape []int, place func(i int) int) value {
	w := v.blank(shape)
	for i, x := range v.values {
		j := place(i)
		w.values[j] += x
		w.radius[j] += v.radius[i] + unit*math.Abs(w.values[j])
	}
	return w
}

// equation is what a law demands of one element.
type equation struct {
	// what names the output, shape and index its element.
	what  string
	shape []int
	index int
	// got and want may be allowed apart.
	got, want, allowed float64
}

// holds reports whether the two sides are near enough. Laws are about finite numbers: what is
// infinite, or may be infinitely far away, breaks them.
func (e equation) holds() bool {
	for _, v := range []float64{e.got, e.want, e.allowed} {
		if v-v != 0 {
			return false
		}
	}
	return math.Abs(e.got-e.want) <= e.allowed
}

// equal demands that two values, of the same shape, are equal, where both were asked for.
func equal(what string, got, want value) []equation {
	if got.unasked || want.unasked {
		return nil
	}
	equations := make([]equation, len(got.values))
	for i := range equations {
		equations[i] = equation{what, got.shape, i, got.values[i], want.values[i], got.radius[i] + want.radius[i]}
	}
	return equations
}

// placed names an element in the equations of single numbers.
func placed(equations []equation, shape []int, index int) []equation {
	for i := range equations {
		equations[i].shape, equations[i].index = shape, index
	}
	return equations
}
