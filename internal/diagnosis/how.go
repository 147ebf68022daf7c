package diagnosis

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"lossproof/internal/claim"
	"lossproof/internal/definition"
	"lossproof/internal/divergence"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/tensor"
)

// relation is what wrong numbers are instead of the right ones, in words, and of which elements that is true.
type relation struct {
	text  string
	holds func(r row) bool
}

// how returns what relates all wrong numbers to the right ones; its text is "" where nothing plain does.
func how(fail []row) relation {
	of := func(text string, holds func(r row) bool) (relation, bool) {
		return relation{text, holds}, !slices.ContainsFunc(fail, func(r row) bool { return !holds(r) })
	}
	fail = slices.SortedStableFunc(slices.Values(fail), func(a, b row) int { return a.place.elements - b.place.elements }) // small calls tell soon
	first := fail[0].got
	for _, one := range []relation{
		{"NaN", func(r row) bool { return math.IsNaN(r.got) }},
		{"infinite", func(r row) bool { return math.IsInf(r.got, 0) }},
		{"infinite or NaN", func(r row) bool { return bad(r.got) }},
		{"0", func(r row) bool { return r.got == 0 }},
	} {
		if one, ok := of(one.text, one.holds); ok {
			return one
		}
	}
	if one, ok := of("always "+number(first), func(r row) bool { return r.got == first }); ok && len(fail) > 1 &&
		slices.ContainsFunc(fail, func(r row) bool { return r.want != fail[0].want }) {
		return one
	}
	if len(fail) < 2 {
		return relation{}
	}
	if one, ok := of("off by less than the smallest normal number", func(r row) bool {
		return math.Abs(r.got-r.want) <= r.format().SmallestNormal()
	}); ok {
		return one
	}
	// What is less accurate is near many numbers.
	if !slices.ContainsFunc(fail, func(r row) bool { return !r.near(r.want) }) {
		return lessAccurately(fail)
	}
	if one, ok := of("the right ones with the other sign", func(r row) bool { return r.near(-r.want) }); ok {
		return one
	}
	for _, dtype := range []tensor.DType{tensor.Float32, tensor.BFloat16, tensor.Float16} {
		f := dtype.Format()
		if one, ok := of("the right ones, rounded to "+string(dtype), func(r row) bool {
			own := r.place.expect(r.place.output).Reference.DType
			return own != dtype && own.Size() >= dtype.Size() && r.got == f.Round(r.got) &&
				(math.Abs(r.got-r.want) <= 2*f.ULP(r.want) || r.got == f.Round(r.want))
		}); ok {
			return one
		}
	}
	candidates := slices.Concat(anothers(), factors(fail))
	d := median(fail, func(r row) float64 { return r.got - r.want })
	if d != 0 && !bad(d) {
		candidates = append(candidates, relation{fmt.Sprintf("%s by %s than the right ones", map[bool]string{true: "larger", false: "smaller"}[d > 0], known(math.Abs(d))),
			func(r row) bool { return math.Abs(r.got-r.want-d) <= 1e-3*math.Abs(d)+4*r.format().ULP(r.want) }})
	}
	for _, one := range candidates {
		if one, ok := of(one.text, one.holds); ok {
			return one
		}
	}
	for _, other := range []struct {
		text string
		at   func(i, n int) int
	}{
		{"that of the next element", func(i, _ int) int { return i + 1 }}, {"that of the element before", func(i, _ int) int { return i - 1 }},
		{"that of the first element", func(int, int) int { return 0 }}, {"those in reverse order", func(i, n int) int { return n - 1 - i }},
	} {
		found := 0
		if one, ok := of(other.text, func(r row) bool {
			want := r.place.expect(r.place.output).Reference
			n := want.Len()
			if n < 2 {
				return true
			}
			found++
			return r.near(want.Float64(((other.at(r.element, n) % n) + n) % n))
		}); ok && found > 2 {
			return one
		}
	}
	return lessAccurately(fail)
}

// lessAccurately says by how much numbers are off that are nearly right.
func lessAccurately(fail []row) relation {
	largest := 0.0
	for _, r := range fail {
		largest = max(largest, r.share())
	}
	if !(largest > 0 && largest < 0.01) {
		return relation{}
	}
	return relation{fmt.Sprintf("less accurate: off by up to %.2g of the right one", largest), func(r row) bool { return r.share() <= largest }}
}

// format is that of the output of a row, share its relative error.
func (r row) format() tensor.Format { return r.place.expect(r.place.output).Reference.DType.Format() }
func (r row) share() float64        { return math.Abs(r.got-r.want) / math.Abs(r.want) }

// near reports whether the number of a row is v, as far as two ways of computing it are the same.
func (r row) near(v float64) bool {
	f := r.format()
	return math.Abs(r.got-v) <= min(256*f.Eps(), 0x1p-6)*max(math.Abs(v), math.Abs(r.want))+f.SmallestNormal() || r.got == f.Round(v)
}

// anothers are what other calls are to give: of another reduction, of the other targets, of another module.
func anothers() (all []relation) {
	with := func(change func(call *ports.Call) bool) func(call ports.Call) (ports.Call, bool) {
		return func(call ports.Call) (ports.Call, bool) {
			call.Inputs = maps.Clone(call.Inputs)
			return call, change(&call)
		}
	}
	reduced := func(reduction string) func(ports.Call) (ports.Call, bool) {
		return with(func(call *ports.Call) bool {
			other := claim.Reduction(call.Options) != reduction
			call.Options.Reduction, call.Options.SizeAverage, call.Options.Reduce = &reduction, nil, nil
			return other
		})
	}
	of := func(module string, takes func(call ports.Call) bool) func(ports.Call) (ports.Call, bool) {
		return with(func(call *ports.Call) bool {
			other := call.Module != module && takes(*call)
			call.Module = module
			return other
		})
	}
	without := func(name string) func(ports.Call) (ports.Call, bool) {
		return with(func(call *ports.Call) bool {
			_, given := call.Inputs[name]
			delete(call.Inputs, name)
			return given
		})
	}
	elementwise := func(call ports.Call) bool {
		return !ports.ModuleOf(call.Module).HasClasses() && tensor.SameShape(call.Inputs[ports.Input].Shape, call.Inputs[ports.Target].Shape)
	}
	for _, other := range []struct {
		text   string
		change func(call ports.Call) (ports.Call, bool)
	}{
		{"those of 'sum'", reduced("sum")}, {"those of 'mean'", reduced("mean")},
		{"those of the targets 1-t", with(func(call *ports.Call) bool {
			t := call.Inputs[ports.Target]
			values := t.Float64s()
			for i, v := range values {
				values[i] = 1 - v
			}
			call.Inputs[ports.Target] = tensor.FromValues(t.DType, values, t.Shape...)
			return t.DType.IsFloat()
		})},
		{"those without the upstream gradient", without(ports.GradOutput)}, {"those without the weight", without(ports.Weight)},
		{"those without pos_weight", without(ports.PosWeight)},
		{"those of BCEWithLogitsLoss", of(ports.BCEWithLogitsLoss, elementwise)}, {"those of MultiLabelSoftMarginLoss", of(ports.MultiLabelSoftMarginLoss, elementwise)},
		{"those of BCELoss", of(ports.BCELoss, elementwise)},
	} {
		outputs := map[*place]tensor.Tensor{}
		all = append(all, relation{other.text, func(r row) bool {
			out, ok := outputs[r.place]
			if !ok {
				if call, has := other.change(r.place.call); has {
					call.Want = []string{r.place.output}
					out = divergence.Right(call).Outputs[r.place.output]
				}
				outputs[r.place] = out
			}
			return out.DType != "" && out.Len() == r.place.expect(r.place.output).Reference.Len() && r.near(out.Float64(r.element))
		}})
	}
	return all
}

// differs says that a port gives other wrong numbers where it is asked again, as memory does that nobody wrote to.
func (m *examination) differs(ctx context.Context, fail []row) string {
	asked := map[*exhibit]ports.Answer{}
	for _, r := range fail {
		e := r.place.exhibit
		again, ok := asked[e]
		if !ok {
			if len(asked) == maxAgain || e.elements > maxElements {
				continue
			}
			call := e.call
			call.Want = e.want
			answer, err := judge.Ask(ctx, m.port, call)
			if err != nil {
				return ""
			}
			again, asked[e] = answer, answer
		}
		out := again.Outputs[r.place.output]
		if out.Len() != r.place.answer.Outputs[r.place.output].Len() || out.DType != r.place.expect(r.place.output).Reference.DType || r.element >= out.Len() {
			continue
		}
		if v := out.Float64(r.element); math.IsNaN(v) != math.IsNaN(r.got) || math.Abs(v-r.got) > r.allowed && v != r.got {
			return "others each time, as those of memory that is not initialised: asked again, the port gives " + number(v) + " in place of " + number(r.got)
		}
	}
	return ""
}

// maxAgain is the number of calls that are asked again.
const maxAgain = 3

func bad(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

func median(fail []row, of func(r row) float64) float64 {
	values := make([]float64, len(fail))
	for i, r := range fail {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// factors are what the right numbers may be multiplied by.
func factors(fail []row) (all []relation) {
	size := func(q quantity) func(r row) float64 { return func(r row) float64 { return r.values[q] } }
	type candidate struct {
		text string
		of   func(r row) float64
	}
	candidates := []candidate{
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
	}
	for k := 2.0; k <= 8192; k *= 2 {
		candidates = append(candidates, candidate{fmt.Sprintf("the number of chunks of %.0f elements", k), func(r row) float64 { return math.Ceil(r.values[elements] / k) }})
	}
	for _, f := range candidates {
		values := map[float64]bool{}
		for _, r := range fail {
			values[f.of(r)] = true
		}
		if len(values) < 2 { // a constant says no more than a number
			continue
		}
		all = append(all,
			relation{"the right ones times " + f.text, func(r row) bool { return r.near(r.want * f.of(r)) }},
			relation{"the right ones divided by " + f.text, func(r row) bool { return r.near(r.want / f.of(r)) }})
	}
	if k := median(fail, func(r row) float64 { return r.got / r.want }); k != 0 && number(k) != "1" && !bad(k) {
		all = append(all, relation{"the right ones times " + known(k), func(r row) bool {
			eps := r.format().Eps()
			return math.Abs(r.got/r.want-k) <= max(1024*eps, 0.02*math.Abs(k-1))*math.Abs(k) || math.Abs(r.got-k*r.want) <= 64*eps
		}})
	}
	return all
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
	if whole := math.Round(v); whole != 0 && math.Abs(v-whole) <= min(1e-5*math.Abs(whole), 1e-3) {
		return number(whole)
	}
	if inverse := math.Round(1 / v); math.Abs(inverse) > 1 && math.Abs(inverse) <= 1024 && math.Abs(1/v-inverse) <= 1e-5*math.Abs(inverse) {
		return "1/" + number(inverse)
	}
	return number(v)
}

// formulaOf is the right formula of an output, that of the loss where there are several.
func formulaOf(module string, outputs []string) string {
	f := definition.Formulas(module)
	if len(outputs) == 1 && outputs[0] != ports.Loss && f[outputs[0]] != "" {
		return outputs[0] + " = " + f[outputs[0]]
	}
	return "l = " + f[ports.Loss]
}
