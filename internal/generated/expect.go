package generated

import (
	"encoding/binary"
	"maps"
	"math"

	"lossproof/internal/definition"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// expectation is what is expected of the answer to a call. Large calls consist of few elements or rows
// that come again and again: each of them is computed once.
type expectation struct {
	call ports.Call
	// small is the call of the elements or rows that differ, and unit the one of each element or row of
	// the call; nil where small is the call. classes says that rows stay as they are, and that unit is of
	// each of their classes.
	small   ports.Call
	unit    []int32
	classes bool
	loss    *definition.Loss
	exact   map[string]definition.Exact
	allowed map[string]*definition.Allowance
}

func expect(call ports.Call) (*expectation, error) {
	e := &expectation{call: call, small: call, loss: definition.Of(call.Module)}
	if longRows(call) {
		e.kinds()
	} else {
		e.compact()
	}
	var err error
	if e.exact, err = e.loss.Exact(e.small); err == nil {
		e.allowed, err = e.loss.Allowances(e.small, call.Want...)
	}
	return e, err
}

// longRows reports whether a call has rows (N, C) of many classes.
func longRows(call ports.Call) bool {
	shape, weight := call.Inputs[ports.Input].Shape, call.Inputs[ports.Weight].Shape
	return ports.ModuleOf(call.Module).LossOf != ports.OfElement && len(shape) == 2 && shape[1] > fewClasses && (len(weight) < 2 || tensor.SameShape(weight, shape))
}

// width is the number of elements of the input that a unit of a call has: an element, or a row of a few
// classes; 0 where each row is a unit of its own.
func width(call ports.Call) int {
	shape := call.Inputs[ports.Input].Shape
	n := 1
	switch ports.ModuleOf(call.Module).LossOf {
	case ports.OfLastDimension:
		n = shape[len(shape)-1]
		if w, ok := call.Inputs[ports.Weight]; ok && len(w.Shape) > 1 {
			return 0
		}
	case ports.OfClassDimension:
		n = tensor.ClassesOf(shape).Count
	}
	if n > fewClasses {
		return 0
	}
	return n
}

// compact sets the units of a call.
func (e *expectation) compact() {
	width := width(e.call)
	input := e.call.Inputs[ports.Input]
	n := input.Len()
	if width == 0 || n < 64 {
		return
	}
	read := e.readers(width)
	all := 0
	for _, r := range read {
		all += r.each
	}
	units, key := newTable(all), make([]uint64, all)
	unit := make([]int32, n/width)
	var counts []float64
	var first []int
	for i := range unit {
		to := key
		for j := range read {
			r := &read[j]
			at := r.first(i)
			for k := range r.each {
				to[k] = r.bits(at + k*r.stride)
			}
			to = to[r.each:]
		}
		u, isNew := units.number(key)
		if isNew {
			first, counts = append(first, i), append(counts, 0)
		}
		unit[i] = u
		counts[u]++
	}
	e.unit, e.loss.Counts = unit, counts
	e.small.Inputs = map[string]tensor.Tensor{}
	maps.Copy(e.small.Inputs, e.call.Inputs)
	for _, r := range read {
		data, size := make([]byte, 0, len(first)*r.each*r.DType.Size()), r.DType.Size()
		for _, i := range first {
			at := r.first(i)
			for k := range r.each {
				data = append(data, r.Data[(at+k*r.stride)*size:][:size]...)
			}
		}
		shape := []int{len(first)}
		if r.rows {
			shape = append(shape, r.each)
		}
		e.small.Inputs[r.name] = tensor.Tensor{DType: r.DType, Shape: shape, Data: data}
	}
}

// reader reads the elements of an input that a unit has.
type reader struct {
	name string
	tensor.Tensor
	// each is their number, rows says that they are a dimension.
	each int
	rows bool
	// first is the index of the first of them, and stride how far they are apart.
	first  func(unit int) int
	stride int
}

// bits are those of an element.
func (r *reader) bits(at int) uint64 {
	switch r.DType.Size() {
	case 8:
		return binary.LittleEndian.Uint64(r.Data[8*at:])
	case 4:
		return uint64(binary.LittleEndian.Uint32(r.Data[4*at:]))
	case 2:
		return uint64(r.Bits16(at))
	}
	return uint64(r.Data[at])
}

func (e *expectation) readers(width int) []reader {
	input := e.call.Inputs[ports.Input]
	rows := ports.ModuleOf(e.call.Module).LossOf != ports.OfElement
	inner := 1
	if e.call.Module == ports.CrossEntropyLoss {
		inner = definition.Size(input.Shape[2:])
	}
	var read []reader
	for _, name := range ports.InputNames() {
		t, given := e.call.Inputs[name]
		switch {
		case !given, rows && name == ports.Weight, name == ports.GradOutput && len(t.Shape) == 0:
		case tensor.SameShape(t.Shape, input.Shape):
			read = append(read, reader{name, t, width, rows, func(i int) int { return i/inner*width*inner + i%inner }, inner})
		case rows: // class indices, and the upstream gradient
			read = append(read, reader{name, t, 1, false, func(i int) int { return i }, 0})
		default:
			if at, ok := tensor.BroadcastIndex(t.Shape, input.Shape); ok {
				read = append(read, reader{name, t, 1, false, at, 0})
			}
		}
	}
	return read
}

// limit is what an element may be.
type limit struct {
	high, low, allowed float64
	// known says that there is an exact result, overflow that one that is not finite is accepted.
	known, overflow bool
}

// right reports whether an element is right, and returns its error as a share of what is allowed.
func (l *limit) right(got, largest float64) (share float64, right bool) {
	switch off := math.Abs((got - l.high) - l.low); {
	case !l.known, got == l.high:
		return 0, true
	case off <= l.allowed:
		return off / l.allowed, true
	default:
		return 0, verdict.Right(got, l.high, l.low, l.allowed, largest) || l.overflow && definition.NotFinite(got)
	}
}

// shape is that of an output.
func (e *expectation) shape(name string) []int {
	if name == ports.Loss {
		return lossShape(e.call)
	}
	return e.call.Inputs[ports.Input].Shape
}

// place returns the element of the small output that an element of an output is.
func (e *expectation) place(name string) func(i int) int {
	width := width(e.call)
	switch shape := e.call.Inputs[ports.Input].Shape; {
	case e.unit == nil || name == ports.Loss && *e.call.Options.Reduction != none:
		return func(i int) int { return i }
	case e.classes && name == ports.Loss:
		return func(i int) int { return i }
	case e.classes:
		return func(i int) int { return int(e.unit[i]) }
	case name == ports.Loss || width == 1:
		return func(i int) int { return int(e.unit[i]) }
	case e.call.Module == ports.CrossEntropyLoss:
		of := tensor.ClassesOf(shape)
		return func(i int) int { return int(e.unit[of.Row(i)])*width + of.Class(i) }
	}
	return func(i int) int { return int(e.unit[i/width])*width + i%width }
}
