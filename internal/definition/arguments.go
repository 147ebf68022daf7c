package definition

import (
	"fmt"
	"math"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// Operand is a tensor of a call.
type Operand struct {
	DType tensor.DType
	Shape []int
	// Values are the elements. What changes them is differentiated as the identity; a change that
	// is to be differentiated is one of [Operand.Numbers].
	Values []float64

	// given is the shape in the call, and so that of the gradient.
	given []int
	tape  tape
	// leaves are the elements of the call as numbers, and numbers what became of them.
	leaves, numbers []Number
}

// Numbers returns the elements as numbers, of which others may be made: see [Operand.Set].
func (o *Operand) Numbers() []Number {
	if o.numbers == nil {
		o.tape.grow(4 * len(o.Values)) // for what is made of them, too
		o.leaves = make([]Number, len(o.Values))
		for i, v := range o.Values {
			o.leaves[i] = o.tape.constant(v)
		}
		o.numbers = slices.Clone(o.leaves)
	}
	return o.numbers
}

// Set replaces shape and elements.
func (o *Operand) Set(shape []int, numbers []Number) {
	o.Shape, o.numbers = slices.Clone(shape), numbers
	o.Values = make([]float64, len(numbers))
	for i, n := range numbers {
		o.Values[i] = n.Value()
	}
}

// Map changes each value of an operand, which may be nil.
func (o *Operand) Map(f func(float64) float64) {
	if o == nil {
		return
	}
	for i, v := range o.Values {
		o.Values[i] = f(v)
	}
}

// Change is Map for a change that is differentiated.
func (o *Operand) Change(f func(Number) Number) {
	if o == nil {
		return
	}
	numbers := o.Numbers()
	for i, n := range numbers {
		numbers[i] = f(n)
	}
	o.Set(o.Shape, numbers)
}

// BroadcastsTo reports whether o broadcasts to shape without enlarging it.
func (o *Operand) BroadcastsTo(shape []int) bool {
	to, ok := joint(o.Shape, shape)
	return ok && tensor.SameShape(to, shape)
}

// Arguments are what a loss computes with. A nil operand was not given.
type Arguments struct {
	Module  string
	Options ports.Options
	// Reduction is none, mean or sum.
	Reduction                                  string
	Input, Target, Weight, PosWeight, Upstream *Operand
	// Grid is the shape to which input, target and weights broadcast; of CrossEntropyLoss, that of
	// the rows.
	Grid []int

	// Of CrossEntropyLoss: the dimension of the classes, whether the target has class
	// probabilities, and the options.
	Axis          int
	Probabilities bool
	IgnoreIndex   int64
	Smoothing     float64

	// counts are [Loss.Counts], copies [Loss.Copies].
	counts, copies []float64

	tape tape
	each func(func(i int, u *Unit))
}

// times is the number of elements or rows that i stands for.
func (a *Arguments) times(i int) float64 {
	if a.counts == nil {
		return 1
	}
	return a.counts[i]
}

// total adds whole numbers.
func total(counts []float64) float64 {
	n := 0.0
	for _, c := range counts {
		n += c
	}
	return n
}

// count is the number of elements or rows that n of them stand for.
func (a *Arguments) count(n int) float64 {
	if a.counts == nil {
		return float64(n)
	}
	return total(a.counts[:n])
}

// Number returns a constant.
func (a *Arguments) Number(v float64) Number { return a.tape.constant(v) }

// Keep returns a number of an element or row as a constant that stays.
func (a *Arguments) Keep(n Number) Number { return a.tape.adopt(n) }

// Each goes through the elements or rows, as [Loss.View] and [Loss.Coefficients] leave them. Their
// numbers are good until the next one comes.
func (a *Arguments) Each(f func(i int, u *Unit)) { a.each(f) }

// parse decodes the tensors of a call.
func parse(call ports.Call, t tape) (*Arguments, error) {
	a := &Arguments{Module: call.Module, Options: call.Options, IgnoreIndex: -100, tape: t}
	if i := call.Options.IgnoreIndex; i != nil {
		a.IgnoreIndex = *i
	}
	if e := call.Options.LabelSmoothing; e != nil && *e > 0 { // neither a negative one nor NaN has an effect
		a.Smoothing = *e
	}
	for name, to := range map[string]**Operand{
		ports.Input: &a.Input, ports.Target: &a.Target, ports.Weight: &a.Weight,
		ports.PosWeight: &a.PosWeight, ports.GradOutput: &a.Upstream,
	} {
		v, ok := call.Inputs[name]
		if !ok {
			continue
		}
		if _, err := tensor.New(v.DType, v.Shape, v.Data); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", call.Module, name, err)
		}
		if TooLarge(v.Shape) {
			return nil, fmt.Errorf("%s: %s: shape %s is too large", call.Module, name, tensor.FormatShape(v.Shape))
		}
		*to = &Operand{DType: v.DType, Shape: slices.Clone(v.Shape), Values: v.Float64s(), given: v.Shape, tape: t}
	}
	if a.Input == nil || a.Target == nil {
		return nil, fmt.Errorf("%s: a call needs input and target", call.Module)
	}
	a.Axis = max(0, min(1, len(a.Input.Shape)-1))
	return a, nil
}

// TooLarge reports whether there is a shape of more than 16 Mi elements among the shape and those
// without some of its dimensions: a shape (n, 0) has no elements, and n losses.
func TooLarge(shape []int) bool {
	n := 1
	for _, d := range shape {
		if n *= max(d, 1); n > 1<<24 || d > 1<<24 {
			return true
		}
	}
	return false
}

// Operands are those that are broadcast to the grid.
func (a *Arguments) Operands() []*Operand {
	return slices.DeleteFunc([]*Operand{a.Input, a.Target, a.Weight, a.PosWeight}, func(o *Operand) bool { return o == nil })
}

// broadcastGrid sets the grid, and reports whether there is one.
func (a *Arguments) broadcastGrid() bool {
	a.Grid = nil
	for _, o := range a.Operands() {
		grid, ok := joint(a.Grid, o.Shape)
		if !ok {
			return false
		}
		a.Grid = grid
	}
	return true
}

// joint returns the shape that two shapes broadcast to.
func joint(a, b []int) ([]int, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	shape, offset := slices.Clone(a), len(a)-len(b)
	for i, d := range b {
		switch have := shape[offset+i]; {
		case have == d || d == 1:
		case have == 1:
			shape[offset+i] = d
		default:
			return nil, false
		}
	}
	return shape, true
}

// Size is the number of elements of a shape of a call.
func Size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Without returns a shape without an axis, and the number of elements behind that axis.
func Without(shape []int, axis int) (rest []int, inner int) {
	return slices.Delete(slices.Clone(shape), axis, axis+1), Size(shape[axis+1:])
}

// indices returns, for every element of grid, the index of the element of an array of that shape
// which belongs to it; nil where that is its own.
func indices(shape, grid []int) []int32 {
	if tensor.SameShape(shape, grid) {
		return nil
	}
	strides := make([]int, len(grid))
	offset, stride := len(grid)-len(shape), 1
	for axis := len(shape) - 1; axis >= 0; axis-- {
		if shape[axis] != 1 {
			strides[offset+axis] = stride
		}
		stride *= shape[axis]
	}
	at := make([]int32, Size(grid))
	place, index := make([]int, len(grid)), 0
	for i := range at {
		at[i] = int32(index)
		for axis := len(grid) - 1; axis >= 0; axis-- {
			place[axis]++
			index += strides[axis]
			if place[axis] < grid[axis] {
				break
			}
			index -= place[axis] * strides[axis]
			place[axis] = 0
		}
	}
	return at
}

// Spread returns the values of o on the grid; ones for what was not given.
func (a *Arguments) Spread(o *Operand) []float64 {
	values := make([]float64, Size(a.Grid))
	if o == nil {
		for i := range values {
			values[i] = 1
		}
		return values
	}
	at := indices(o.Shape, a.Grid)
	if at == nil {
		copy(values, o.Values)
	}
	for i, index := range at {
		values[i] = o.Values[index]
	}
	return values
}

// SpreadNumbers returns the elements of o on the grid.
func (a *Arguments) SpreadNumbers(o *Operand) []Number {
	numbers := o.Numbers()
	spread := make([]Number, Size(a.Grid))
	at := indices(o.Shape, a.Grid)
	for i := range spread {
		spread[i] = numbers[index(at, i)]
	}
	return spread
}

// SumOf adds with a compensation.
func SumOf(values []float64) float64 {
	var s sum[float]
	for _, v := range values {
		s.add(float(v))
	}
	return float64(s.value())
}

// Ignores says whether a class index is ignore_index. Both are float64, which has the largest int64
// as 2⁶³.
func (a *Arguments) Ignores(y float64) bool { return y == float64(a.IgnoreIndex) }

// Classes is the number of classes of CrossEntropyLoss.
func (a *Arguments) Classes() int { return a.Input.Shape[a.Axis] }

// At is the position of class c of row i of CrossEntropyLoss, in arrays of the shape of the input.
func (a *Arguments) At(i, c int) int {
	inner := Size(a.Input.Shape[a.Axis+1:])
	return (i/inner*a.Classes()+c)*inner + i%inner
}

// The dtypes of losses are PyTorch's: that of the target for BCEWithLogitsLoss and BCELoss.
func ofTarget(a *Arguments) tensor.DType { return a.Target.DType }

// rowDType is that of CrossEntropyLoss: that of the input, promoted for class probabilities.
func rowDType(a *Arguments) tensor.DType {
	dtype := a.Input.DType
	for _, o := range []*Operand{a.Target, a.Weight} {
		if o != nil && a.Probabilities {
			dtype = promoted(dtype, o.DType)
		}
	}
	return dtype
}

// promotedDType is that of MultiLabelSoftMarginLoss, to which 0-d tensors do not count.
func promotedDType(a *Arguments) tensor.DType {
	dtype := a.Input.DType
	for _, o := range []*Operand{a.Target, a.Weight} {
		if o != nil && (len(o.Shape) > 0 || len(a.Input.Shape) == 0) {
			dtype = promoted(dtype, o.DType)
		}
	}
	return dtype
}

// promoted is the dtype that a floating-point one and another promote to.
func promoted(a, b tensor.DType) tensor.DType {
	switch {
	case !b.IsFloat() || a == b:
		return a
	case a.Size() == b.Size(): // float16 and bfloat16
		return tensor.Float32
	case a.Size() > b.Size():
		return a
	}
	return b
}

// NotFinite reports whether v is infinite or NaN.
func NotFinite(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }
