package divergence

import (
	"fmt"
	"math"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// operand is a tensor of a call, as float64.
type operand struct {
	dtype  tensor.DType
	shape  []int
	values []float64
}

// arguments are what a definition computes with. A nil operand was not given.
type arguments struct {
	module    string
	options   ports.Options
	reduction string // none, mean or sum
	input     *operand
	target    *operand
	weight    *operand
	posWeight *operand
	// upstream is grad_output.
	upstream *operand
	// grid is the shape to which input, target and weights broadcast.
	grid []int

	// Of CrossEntropyLoss: the dimension of the classes, whether the target has class probabilities, and
	// the options.
	axis          int
	probabilities bool
	ignoreIndex   int64
	smoothing     float64
	// rows are those of the call, in the order of the grid.
	rows []*row
}

// parse decodes the tensors of a call.
func parse(call ports.Call) (*arguments, error) {
	a := &arguments{module: call.Module, options: call.Options, ignoreIndex: -100}
	if i := call.Options.IgnoreIndex; i != nil {
		a.ignoreIndex = *i
	}
	if e := call.Options.LabelSmoothing; e != nil {
		a.smoothing = max(0, *e)
	}
	for name, to := range map[string]**operand{
		ports.Input: &a.input, ports.Target: &a.target, ports.Weight: &a.weight,
		ports.PosWeight: &a.posWeight, ports.GradOutput: &a.upstream,
	} {
		t, ok := call.Inputs[name]
		if !ok {
			continue
		}
		if _, err := tensor.New(t.DType, t.Shape, t.Data); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", call.Module, name, err)
		}
		if tooLarge(t.Shape) {
			return nil, fmt.Errorf("%s: %s: shape %s is too large", call.Module, name, tensor.FormatShape(t.Shape))
		}
		*to = &operand{t.DType, slices.Clone(t.Shape), t.Float64s()}
	}
	if a.input == nil || a.target == nil {
		return nil, fmt.Errorf("%s: a call needs input and target", call.Module)
	}
	a.axis = max(0, min(1, len(a.input.shape)-1))
	return a, nil
}

// tooLarge reports whether there is a shape of more than 16 Mi elements among the shape and those without some of
// its dimensions: a shape (n, 0) has no elements, and n losses.
func tooLarge(shape []int) bool {
	n := 1
	for _, d := range shape {
		if n *= max(d, 1); n > 1<<24 || d > 1<<24 {
			return true
		}
	}
	return false
}

// operands are those that are broadcast to the grid.
func (a *arguments) operands() []*operand {
	return slices.DeleteFunc([]*operand{a.input, a.target, a.weight, a.posWeight}, func(o *operand) bool { return o == nil })
}

// broadcastGrid sets the grid, and reports whether there is one.
func (a *arguments) broadcastGrid() bool {
	a.grid = nil
	for _, o := range a.operands() {
		grid, ok := joint(a.grid, o.shape)
		if !ok {
			return false
		}
		a.grid = grid
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

// broadcasts reports whether o broadcasts to shape without enlarging it.
func (o *operand) broadcasts(shape []int) bool {
	to, ok := joint(o.shape, shape)
	return ok && tensor.SameShape(to, shape)
}

// size is the number of elements of a shape of this call.
func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// at returns, for every element of grid, the index of the element of an array of that shape
// which belongs to it.
func at(shape, grid []int) []int {
	strides := make([]int, len(grid))
	offset, stride := len(grid)-len(shape), 1
	for axis := len(shape) - 1; axis >= 0; axis-- {
		if shape[axis] != 1 {
			strides[offset+axis] = stride
		}
		stride *= shape[axis]
	}
	indices := make([]int, size(grid))
	for i := range indices {
		rest, index := i, 0
		for axis := len(grid) - 1; axis >= 0; axis-- {
			index += rest % grid[axis] * strides[axis]
			rest /= grid[axis]
		}
		indices[i] = index
	}
	return indices
}

// spread returns the elements of o on the grid; ones for what was not given.
func (a *arguments) spread(o *operand) []float64 {
	values := make([]float64, size(a.grid))
	if o == nil {
		for i := range values {
			values[i] = 1
		}
		return values
	}
	if tensor.SameShape(o.shape, a.grid) {
		copy(values, o.values)
		return values
	}
	for i, index := range at(o.shape, a.grid) {
		values[i] = o.values[index]
	}
	return values
}

// scalar is grad_output for a loss that is one number.
func (a *arguments) scalar() float64 {
	if a.upstream == nil {
		return 1
	}
	return a.upstream.values[0]
}

// round rounds to a dtype of results.
func round(dtype tensor.DType, v float64) float64 {
	if dtype == tensor.Float32 {
		return float64(float32(v))
	}
	return v
}

// encode makes a tensor of values.
func encode(dtype tensor.DType, shape []int, values []float64) tensor.Tensor {
	if dtype == tensor.Float32 {
		narrow := make([]float32, len(values))
		for i, v := range values {
			narrow[i] = float32(v)
		}
		return tensor.FromFloat32(narrow, shape...)
	}
	return tensor.FromFloat64(values, shape...)
}

// runningSum adds with a compensation, so that its error does not grow with the number of terms.
type runningSum struct{ sum, compensation float64 }

func (s *runningSum) add(v float64) {
	next := s.sum + v
	if math.Abs(s.sum) >= math.Abs(v) {
		s.compensation += (s.sum - next) + v
	} else {
		s.compensation += (v - next) + s.sum
	}
	s.sum = next
}

func (s *runningSum) value() float64 {
	if math.IsNaN(s.compensation) || math.IsInf(s.compensation, 0) { // the sum is not finite, or was not
		return s.sum
	}
	return s.sum + s.compensation
}

// sumOf adds with a compensation.
func sumOf(values []float64) float64 {
	var s runningSum
	for _, v := range values {
		s.add(v)
	}
	return s.value()
}
