package laws

import (
	"math"
	"math/rand/v2"
	"slices"

	"pgregory.net/rapid"

	"lossproof/internal/claim"
	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// array is a tensor before it has a dtype. Its values are representable in that of the sample.
type array struct {
	shape  []int
	values []float64
}

// sample is what the calls of a law are made of. Every law takes from it what it needs.
type sample struct {
	dtype tensor.DType
	// x are the logits, t the targets, all of one shape; the last dimension are the classes.
	x, t array
	// w and p are weight and pos_weight, of a shape that broadcasts to that of x; weighted
	// and posWeighted say whether the laws that do not need them have them.
	w, p                  array
	weighted, posWeighted bool
	// u has upstream gradients for as many elements as x has.
	u []float64
	// reduction is that of the laws that hold for all.
	reduction string
	// probable says that CrossEntropyLoss has the targets as class probabilities, not class indices; smoothing
	// is its label_smoothing, a multiple of 1/8, or 0.
	probable  bool
	smoothing float64
	// pick is an element of x, other a logit to put there.
	pick  int
	other float64
	// few says that other samples have the same shape, and that calls of a part of the rows are to have one shape.
	few bool
}

// form is the shape of a sample, and the ways in which its weights are smaller.
type form struct {
	shape             []int
	weight, posWeight broadcast
}

// formsOfFew is the number of forms of samples for a port that compiles for each shape.
const formsOfFew = 5

// fewForms returns the forms that a seed leads to: different shapes, and each way of a weight as often as another. Of rows
// of classes some are twice as many as others, in either dimension: laws halve rows and double classes. One is wider than a
// vector, and the first has so few classes that what is wrong with more of them is wrong with twice as many alone.
// Where the claim, without what without says, has some of the ranks alone, all forms are of those.
func fewForms(module string, seed uint32, without []string) []form {
	asked := func(f form) bool { return true }
	ranks := []string{claim.Rank1, claim.Rank2, claim.Rank3}
	left := slices.DeleteFunc(slices.Clone(ranks), func(word string) bool { return slices.Contains(without, word) })
	some := elementwise(module) && len(left) > 0 && len(left) < len(ranks)
	if some {
		asked = func(f form) bool { return slices.Contains(left, ranks[min(len(f.shape), len(ranks))-1]) }
	}
	var forms []form
	add := func(f form) {
		if slices.ContainsFunc(forms, func(other form) bool { return slices.Equal(other.shape, f.shape) }) {
			return
		}
		if i := len(forms); elementwise(module) {
			f.weight, f.posWeight = broadcast(i%4), broadcast((i+i/4+1)%4)
			if n := f.shape[0]; !(some && len(f.shape) == 1) && (f.weight == rows || f.posWeight == rows) && (n == 1 || n == definition.Size(f.shape)) {
				return // a weight for each row would be one, or one for each element
			}
		}
		forms = append(forms, f)
	}
	for number := uint32(0); len(forms) < formsOfFew; number++ {
		f := rapid.Custom(func(t *rapid.T) form { return drawForm(t, module) }).Example(int((seed ^ number*0x9e3779b9) & math.MaxInt32))
		n, c := f.shape[0], f.shape[len(f.shape)-1]
		if !asked(f) || len(forms) == 0 && c != 2 && c != 3 {
			continue
		}
		add(f)
		if len(forms) == 1 && !elementwise(module) {
			add(form{[]int{2 * n, c}, classes, classes})
			add(form{[]int{n, 2 * c}, classes, classes})
			add(form{[]int{2 * n, 2 * c}, classes, classes})
		}
	}
	forms = forms[:formsOfFew]
	wide := func(f form) bool { return f.shape[len(f.shape)-1] > 16 }
	if last := &forms[formsOfFew-1]; !slices.ContainsFunc(forms, wide) {
		last.shape = append(slices.Clone(last.shape[:len(last.shape)-1]), 17)
	}
	return forms
}

func elementwise(module string) bool {
	return ports.ModuleOf(module).LossOf == ports.OfElement
}

// The bounds of what is drawn. With them no product of an element's factors is subnormal,
// which a port may flush to zero.
const (
	maxLogit = 60
	// quantum is what targets, weights and upstream gradients are multiples of: sums and
	// differences of a few of them are exact in every dtype.
	quantum     = 1.0 / 1024
	maxWeight   = 16
	maxUpstream = 8
)

var (
	drawDType     = rapid.SampledFrom([]tensor.DType{tensor.Float32, tensor.Float64})
	drawReduction = rapid.SampledFrom([]string{"none", "mean", "sum"})
	drawBool      = rapid.SampledFrom([]bool{false, true})
	// Around the widths of vector registers, and where one class, or one sample, is a
	// case of its own.
	drawRows    = rapid.SampledFrom([]int{1, 2, 3, 4, 5, 7, 8, 9})
	drawClasses = rapid.SampledFrom([]int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33})
	drawRank    = rapid.SampledFrom([]int{1, 2, 2, 2, 3, 4})
	drawAxis    = rapid.SampledFrom([]int{1, 2, 3})
	// The whole part of a logit: most are where the loss bends.
	drawWhole    = rapid.SampledFrom(append(wholes(-8, 8), append(wholes(-4, 4), wholes(-maxLogit, maxLogit-1)...)...))
	drawFraction = rapid.Float64Range(0, 1)
	drawSoft     = rapid.SampledFrom(wholes(0, 1/quantum))
	drawHard     = rapid.SampledFrom([]float64{0, 1})
	drawWeight   = rapid.SampledFrom(wholes(16, maxWeight/quantum))
	drawUpstream = rapid.SampledFrom(wholes(16, maxUpstream/quantum))
	drawShape    = rapid.SampledFrom([]broadcast{full, classes, rows, one})
	drawPick     = rapid.IntRange(0, math.MaxInt32)
	// Half of the samples are not smoothed.
	drawSmoothing = rapid.SampledFrom(append(make([]float64, 7), wholes(1, 7)...))
)

// wholes returns the whole numbers from first to last.
func wholes(first, last float64) []float64 {
	var numbers []float64
	for v := first; v <= last; v++ {
		numbers = append(numbers, v)
	}
	return numbers
}

// broadcast is a way in which a weight is smaller than the input.
type broadcast int

const (
	full    broadcast = iota
	classes           // (C,)
	rows              // (N, 1, ...)
	one               // (1,)
)

func (b broadcast) of(shape []int) []int {
	switch {
	case b == classes:
		return shape[len(shape)-1:]
	case b == one:
		return []int{1}
	case b == rows && len(shape) > 1:
		small := slices.Repeat([]int{1}, len(shape))
		small[0] = shape[0]
		return small
	}
	return shape
}

// drawn returns the sample of a number, for a module: MultiLabelSoftMarginLoss documents
// inputs (N, C) and weights (C,), and its samples have these alone; so have those of CrossEntropyLoss. The form
// is drawn, too, where none is given.
func drawn(module string, number int, in *form) sample {
	return rapid.Custom(func(t *rapid.T) sample { return draw(t, module, in) }).Example(number)
}

func drawForm(t *rapid.T, module string) form {
	shape := []int{drawRows.Draw(t, "rows"), drawClasses.Draw(t, "classes")}
	if !elementwise(module) {
		return form{shape, classes, classes}
	}
	switch rank := drawRank.Draw(t, "rank"); rank {
	case 1:
		shape = shape[1:]
	case 3, 4:
		shape = []int{drawAxis.Draw(t, "axis"), drawAxis.Draw(t, "axis"), drawRows.Draw(t, "axis")}
		if rank == 4 {
			shape = append(shape, drawAxis.Draw(t, "axis"))
		}
	}
	return form{shape, drawShape.Draw(t, "weight"), drawShape.Draw(t, "pos_weight")}
}

func draw(t *rapid.T, module string, in *form) sample {
	s := sample{
		few:         in != nil,
		dtype:       drawDType.Draw(t, "dtype"),
		weighted:    drawBool.Draw(t, "weighted"),
		posWeighted: ports.ModuleOf(module).Takes(ports.PosWeight) && drawBool.Draw(t, "posWeighted"),
		reduction:   drawReduction.Draw(t, "reduction"),
	}
	if in == nil {
		of := drawForm(t, module)
		in = &of
	}
	logit := func() float64 {
		x := drawWhole.Draw(t, "whole") + drawFraction.Draw(t, "fraction")
		if s.dtype == tensor.Float32 {
			x = float64(float32(x))
		}
		if math.Abs(x) < quantum { // tiny logits may be subnormal
			x = 0
		}
		return x
	}
	target := func() float64 { return drawHard.Draw(t, "target") }
	if drawBool.Draw(t, "soft") {
		target = func() float64 { return drawSoft.Draw(t, "target") * quantum }
	}
	s.x = fill(in.shape, logit)
	s.t = fill(in.shape, target)
	weight := func() float64 { return drawWeight.Draw(t, "weight") * quantum }
	s.w = fill(in.weight.of(in.shape), weight)
	s.p = fill(in.posWeight.of(in.shape), weight)
	s.u = fill([]int{len(s.x.values)}, func() float64 {
		u := drawUpstream.Draw(t, "upstream") * quantum
		if drawBool.Draw(t, "negative") {
			u = -u
		}
		return u
	}).values
	s.pick = drawPick.Draw(t, "pick") % len(s.x.values)
	s.other = logit()
	if module == ports.CrossEntropyLoss {
		s.probable = drawBool.Draw(t, "probable")
		s.smoothing = drawSmoothing.Draw(t, "smoothing") / 8
	}
	return s
}

// fill returns an array of numbers that are drawn one by one.
func fill(shape []int, next func() float64) array {
	a := array{shape: shape, values: make([]float64, definition.Size(shape))}
	for i := range a.values {
		a.values[i] = next()
	}
	return a
}

// classes returns the number of classes.
func (s *sample) classes() int { return s.x.shape[len(s.x.shape)-1] }

// cut returns how many rows, of two or more, are the first part.
func (s *sample) cut() int {
	rows := s.x.shape[0]
	if s.few {
		return (rows + 1) / 2
	}
	return 1 + s.pick%(rows-1)
}

// permutation returns one of n places, which is a matter of pick alone.
func (s *sample) permutation(n int) []int {
	return rand.New(rand.NewPCG(uint64(s.pick), uint64(n))).Perm(n)
}

// The operations below return new arrays; none changes its own.

func (a array) with(values func(i int) float64) array {
	b := array{shape: a.shape, values: make([]float64, len(a.values))}
	for i := range b.values {
		b.values[i] = values(i)
	}
	return b
}

func (a array) all(v float64) array { return a.with(func(int) float64 { return v }) }

func (a array) negated() array { return a.with(func(i int) float64 { return -a.values[i] }) }

// replaced has another value at one place.
func (a array) replaced(i int, v float64) array {
	b := a.with(func(i int) float64 { return a.values[i] })
	b.values[i] = v
	return b
}

// reshaped has the same values in another shape.
func (a array) reshaped(shape ...int) array { return array{shape, a.values} }

// expanded repeats a along the dimensions in which it is smaller than shape.
func (a array) expanded(shape []int) array {
	b := array{shape: shape, values: make([]float64, definition.Size(shape))}
	at := a.along(shape)
	for i := range b.values {
		b.values[i] = at(i)
	}
	return b
}

// along returns the element that belongs to element i of shape, to which a broadcasts.
func (a array) along(shape []int) func(i int) float64 {
	if slices.Equal(a.shape, shape) {
		return func(i int) float64 { return a.values[i] }
	}
	index := a.indexAlong(shape)
	return func(i int) float64 { return a.values[index[i]] }
}

// indexAlong returns the place in a that belongs to each element of shape.
func (a array) indexAlong(shape []int) []int {
	index := make([]int, definition.Size(shape))
	offset := len(shape) - len(a.shape)
	for i := range index {
		rest, at, stride := i, 0, 1
		for axis := len(shape) - 1; axis >= offset; axis-- {
			if d := a.shape[axis-offset]; d != 1 {
				at += rest % shape[axis] * stride
				stride *= d
			}
			rest /= shape[axis]
		}
		index[i] = at
	}
	return index
}

// taken has the given entries along the first or the last dimension of the input, in their
// order; an array that is broadcast along it stays as it is.
func (a array) taken(last bool, input []int, entries []int) array {
	if !last && len(a.shape) < len(input) {
		return a
	}
	axis, inputAxis := 0, 0
	if last {
		axis, inputAxis = len(a.shape)-1, len(input)-1
	}
	old := a.shape[axis]
	if old != input[inputAxis] {
		return a
	}
	shape := slices.Clone(a.shape)
	shape[axis] = len(entries)
	inner := definition.Size(shape[axis+1:])
	b := array{shape: shape, values: make([]float64, 0, definition.Size(shape))}
	for outer := range definition.Size(shape[:axis]) {
		for _, entry := range entries {
			first := (outer*old + entry) * inner
			b.values = append(b.values, a.values[first:first+inner]...)
		}
	}
	return b
}

// classIndices gives an array of whole numbers the dtype of class indices.
func (a array) classIndices() tensor.Tensor {
	return tensor.FromValues(tensor.Int64, a.values, a.shape...)
}

// tensor gives an array its dtype.
func (a array) tensor(dtype tensor.DType) tensor.Tensor {
	if dtype == tensor.Float64 {
		return tensor.FromFloat64(a.values, a.shape...)
	}
	values := make([]float32, len(a.values))
	for i, v := range a.values {
		values[i] = float32(v)
	}
	return tensor.FromFloat32(values, a.shape...)
}
