package diagnosis

import (
	"fmt"
	"math"
	"slices"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// how says what wrong numbers are instead of the right ones, "" where nothing plain relates them.
func how(fail []row) string {
	fail = slices.DeleteFunc(slices.Clone(fail), func(r row) bool { return math.IsNaN(r.want) })
	if len(fail) == 0 {
		return ""
	}
	all := func(is func(r row) bool) bool { return !slices.ContainsFunc(fail, func(r row) bool { return !is(r) }) }
	first := fail[0].got
	switch {
	case all(func(r row) bool { return math.IsNaN(r.got) }):
		return "NaN"
	case all(func(r row) bool { return math.IsInf(r.got, 0) }):
		return "infinite"
	case all(func(r row) bool { return math.IsInf(r.got, 0) || math.IsNaN(r.got) }):
		return "infinite or NaN"
	case all(func(r row) bool { return r.got == 0 }):
		return "0"
	case len(fail) > 1 && all(func(r row) bool { return r.got == first }) && !all(func(r row) bool { return r.want == fail[0].want }):
		return "always " + number(first)
	}
	finite := slices.DeleteFunc(fail, func(r row) bool { return bad(r.got) || bad(r.want) })
	if len(finite) < 2 || 10*len(finite) < 9*len(fail) {
		return ""
	}
	fail = finite
	near := func(r row, v float64) bool {
		eps := r.place.expect(r.place.output).Reference.DType.Format().Eps()
		return math.Abs(r.got-v) <= 256*eps*max(math.Abs(v), math.Abs(r.want))+r.place.expect(r.place.output).Reference.DType.Format().SmallestNormal()
	}
	is := func(v func(r row) float64) bool { return all(func(r row) bool { return near(r, v(r)) }) }
	if is(func(r row) float64 { return -r.want }) {
		return "the right ones with the other sign"
	}
	for _, dtype := range []tensor.DType{tensor.Float32, tensor.BFloat16, tensor.Float16} {
		f := dtype.Format()
		if all(func(r row) bool {
			own := r.place.expect(r.place.output).Reference.DType
			return own != dtype && own.Size() >= dtype.Size() && r.got == f.Round(r.got) && math.Abs(r.got-r.want) <= 2*f.ULP(r.want)
		}) {
			return "the right ones, rounded to " + string(dtype)
		}
	}
	if text := factor(fail, is); text != "" {
		return text
	}
	d := median(fail, func(r row) float64 { return r.got - r.want })
	if all(func(r row) bool {
		return math.Abs(r.got-r.want-d) <= 1e-4*math.Abs(d)+1e-5*math.Abs(r.want)
	}) && d != 0 {
		return fmt.Sprintf("%s by %s than the right ones", map[bool]string{true: "larger", false: "smaller"}[d > 0], known(math.Abs(d)))
	}
	for _, other := range []struct {
		text string
		at   func(i, n int) int
	}{
		{"that of the next element", func(i, _ int) int { return i + 1 }}, {"that of the element before", func(i, _ int) int { return i - 1 }},
		{"that of the first element", func(int, int) int { return 0 }}, {"those in reverse order", func(i, n int) int { return n - 1 - i }},
	} {
		found := 0
		if all(func(r row) bool {
			want := r.place.expect(r.place.output).Reference
			n := want.Len()
			if n < 2 {
				return true
			}
			found++
			return near(r, want.Float64(((other.at(r.element, n)%n)+n)%n))
		}) && found > 2 {
			return other.text
		}
	}
	r := fail[0]
	share := math.Abs(r.got-r.want) / math.Abs(r.want)
	largest := 0.0
	for _, r := range fail {
		largest = max(largest, math.Abs(r.got-r.want)/math.Abs(r.want))
	}
	if largest < 0.01 && share > 0 {
		return fmt.Sprintf("less accurate: off by up to %.2g of the right one", largest)
	}
	return ""
}

func bad(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

func median(fail []row, of func(r row) float64) float64 {
	values := make([]float64, len(fail))
	for i, r := range fail {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// factor says by what the right numbers are multiplied.
func factor(fail []row, is func(func(r row) float64) bool) string {
	size := func(q quantity) func(r row) float64 { return func(r row) float64 { return r.values[q] } }
	for _, f := range []struct {
		text string
		of   func(r row) float64
	}{
		{"the number of elements", size(elements)}, {"the number of classes", size(classes)}, {"the number of rows", size(rows)},
		{"the weight", size(weightHigh)}, {"pos_weight", size(posWeightHigh)}, {"the upstream gradient", size(upstreamHigh)},
		{"the sum of the weights", func(r row) float64 {
			w, ok := r.place.call.Inputs[ports.Weight]
			if !ok {
				return math.NaN()
			}
			sum := 0.0
			for _, v := range w.Float64s() {
				sum += v
			}
			return sum
		}},
	} {
		values := map[float64]bool{}
		for _, r := range fail {
			values[f.of(r)] = true
		}
		if len(values) < 2 { // a constant says no more than a number
			continue
		}
		if is(func(r row) float64 { return r.want * f.of(r) }) {
			return "the right ones times " + f.text
		}
		if is(func(r row) float64 { return r.want / f.of(r) }) {
			return "the right ones divided by " + f.text
		}
	}
	k := median(fail, func(r row) float64 { return r.got / r.want })
	if k != 0 && k != 1 && !bad(k) && !slices.ContainsFunc(fail, func(r row) bool {
		eps := r.place.expect(r.place.output).Reference.DType.Format().Eps()
		return math.Abs(r.got/r.want-k) > max(1024*eps, 0.02*math.Abs(k-1))*math.Abs(k) && math.Abs(r.got-k*r.want) > 64*eps
	}) {
		return "the right ones times " + known(k)
	}
	return ""
}

// constants are numbers with a name.
var constants = []struct {
	value float64
	name  string
}{
	{math.Ln2, "log 2"}, {math.Log2E, "1/log 2"}, {math.Ln10, "log 10"}, {math.Log10E, "1/log 10"}, {math.Pi, "π"}, {math.E, "e"}, {math.Sqrt2, "√2"},
	{1.0 / 3, "1/3"}, {2.0 / 3, "2/3"}, {1.0 / 255, "1/255"},
}

// known writes a number, and its name where it has one.
func known(v float64) string {
	for _, c := range constants {
		if math.Abs(v-c.value) <= 1e-5*c.value {
			return c.name
		}
	}
	if whole := math.Round(v); whole != 0 && math.Abs(v-whole) <= 1e-5*math.Abs(whole) {
		return number(whole)
	}
	if inverse := math.Round(1 / v); math.Abs(inverse) > 1 && math.Abs(1/v-inverse) <= 1e-5*math.Abs(inverse) {
		return "1/" + number(inverse)
	}
	return number(v)
}

// formulaOf is the right formula of an output, that of the loss where there are several.
func formulaOf(module string, outputs []string) string {
	f := definition.Formulas(module)
	if len(outputs) == 1 && f[outputs[0]] != "" {
		return f[outputs[0]]
	}
	return f[ports.Loss]
}
