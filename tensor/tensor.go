// Package tensor holds the arrays that go in and out of a loss: a dtype, a shape
// and the little-endian, row-major bytes that also travel on the wire.
package tensor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// DType names an element type by PyTorch's name for it.
type DType string

// The dtypes of wire protocol 1.
const (
	Float16  DType = "float16"
	BFloat16 DType = "bfloat16"
	Float32  DType = "float32"
	Float64  DType = "float64"
	Int64    DType = "int64"
	Int32    DType = "int32"
	UInt8    DType = "uint8"
	Bool     DType = "bool"
)

// Size returns the number of bytes of one element, or 0 for an unknown dtype.
func (d DType) Size() int {
	switch d {
	case Float64, Int64:
		return 8
	case Float32, Int32:
		return 4
	case Float16, BFloat16:
		return 2
	case UInt8, Bool:
		return 1
	}
	return 0
}

// IsFloat reports whether d is a floating-point dtype.
func (d DType) IsFloat() bool {
	switch d {
	case Float16, BFloat16, Float32, Float64:
		return true
	}
	return false
}

// IsHalf reports whether d is a floating-point dtype of 16 bits.
func (d DType) IsHalf() bool { return d == Float16 || d == BFloat16 }

// Tensor is a dense array. The zero value is no tensor; an empty Shape is a 0-d one.
type Tensor struct {
	DType DType
	Shape []int
	// Data has Len() elements of DType.Size() bytes each, little-endian, row-major.
	Data []byte
}

// ErrOverflow says that a shape has more elements than an int can count.
var ErrOverflow = errors.New("the number of elements overflows")

// Count returns the product of the shape, 1 for a 0-d one. It returns an error for a
// negative dimension and for a product, before or after a zero, that overflows an int.
func Count(shape []int) (int, error) {
	n, empty := 1, false
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, fmt.Errorf("shape %s: negative dimension %d", FormatShape(shape), d)
		case d == 0:
			empty = true
		case n > math.MaxInt/d:
			return 0, fmt.Errorf("shape %s: %w", FormatShape(shape), ErrOverflow)
		default:
			n *= d
		}
	}
	if empty {
		return 0, nil
	}
	return n, nil
}

// New returns a tensor over data after checking that its length fits dtype and shape.
func New(dtype DType, shape []int, data []byte) (Tensor, error) {
	size := dtype.Size()
	if size == 0 {
		return Tensor{}, fmt.Errorf("unknown dtype %q", dtype)
	}
	n, err := Count(shape)
	if err != nil {
		return Tensor{}, err
	}
	if n > math.MaxInt/size || n*size != len(data) {
		return Tensor{}, fmt.Errorf("%s tensor of shape %s: got %d bytes, want %d elements of %d bytes",
			dtype, FormatShape(shape), len(data), n, size)
	}
	return Tensor{DType: dtype, Shape: shape, Data: data}, nil
}

// FromFloat32 returns a float32 tensor with a copy of values. It panics if their
// number does not fit the shape.
func FromFloat32(values []float32, shape ...int) Tensor {
	return from(Float32, values, shape)
}

// FromFloat64 returns a float64 tensor with a copy of values. It panics if their
// number does not fit the shape.
func FromFloat64(values []float64, shape ...int) Tensor {
	return from(Float64, values, shape)
}

// FromInt64 returns an int64 tensor with a copy of values. It panics if their number does not fit
// the shape.
func FromInt64(values []int64, shape ...int) Tensor { return from(Int64, values, shape) }

func from(dtype DType, values any, shape []int) Tensor {
	data, _ := binary.Append(nil, binary.LittleEndian, values) // fails only for what is no slice of numbers
	return must(New(dtype, shape, data))
}

// FromBits16 returns a tensor of float16 or bfloat16 with the numbers that have these bits. It panics
// if their number does not fit the shape.
func FromBits16[T ~uint16](dtype DType, bits []T, shape ...int) Tensor {
	data := make([]byte, 0, 2*len(bits))
	for _, v := range bits {
		data = binary.LittleEndian.AppendUint16(data, uint16(v))
	}
	return must(New(dtype, shape, data))
}

func must(t Tensor, err error) Tensor {
	if err != nil {
		panic("tensor: " + err.Error())
	}
	return t
}

// Len returns the number of elements.
func (t Tensor) Len() int {
	n, err := Count(t.Shape)
	if err != nil {
		return 0
	}
	return n
}

// Float64 returns element i, converted exactly. Integers and bools are converted too
// (an int64 beyond 2⁵³ is rounded).
func (t Tensor) Float64(i int) float64 {
	size := t.DType.Size()
	b := t.Data[i*size : (i+1)*size]
	switch t.DType {
	case Float64:
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	case Float32:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case BFloat16:
		return bfloat16(binary.LittleEndian.Uint16(b))
	case Float16:
		return float16(binary.LittleEndian.Uint16(b))
	case Int64:
		return float64(t.Int64(i))
	case Int32:
		return float64(int32(binary.LittleEndian.Uint32(b)))
	}
	return float64(b[0]) // uint8 and bool
}

// Bits16 returns the bits of element i of a tensor of float16 or bfloat16.
func (t Tensor) Bits16(i int) uint16 { return binary.LittleEndian.Uint16(t.Data[2*i:]) }

// Float64s returns all elements as by Float64.
func (t Tensor) Float64s() []float64 {
	values := make([]float64, t.Len())
	switch t.DType {
	case Float32:
		for i := range values {
			values[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:])))
		}
	case Float64:
		for i := range values {
			values[i] = math.Float64frombits(binary.LittleEndian.Uint64(t.Data[8*i:]))
		}
	case BFloat16:
		for i := range values {
			values[i] = bfloat16(t.Bits16(i))
		}
	case Float16:
		for i := range values {
			values[i] = float16(t.Bits16(i))
		}
	default:
		for i := range values {
			values[i] = t.Float64(i)
		}
	}
	return values
}

// Float32s returns the elements of a float32 tensor.
func (t Tensor) Float32s() []float32 {
	values := make([]float32, t.Len())
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
	}
	return values
}

// Int64 returns element i of an int64 tensor, which Float64 rounds beyond 2⁵³.
func (t Tensor) Int64(i int) int64 { return int64(binary.LittleEndian.Uint64(t.Data[8*i:])) }

// Int64s returns all elements of an int64 tensor.
func (t Tensor) Int64s() []int64 {
	values := make([]int64, t.Len())
	for i := range values {
		values[i] = t.Int64(i)
	}
	return values
}

// bfloat16 widens a bfloat16 number, which is the upper half of a float32 number.
func bfloat16(h uint16) float64 { return float64(math.Float32frombits(uint32(h) << 16)) }

// float16 widens an IEEE 754 binary16 number: its exponent is 112 less than the one that float32 has in its place.
func float16(h uint16) float64 {
	v := float64(math.Float32frombits(uint32(h)&0x7fff<<13)) * 0x1p112
	switch {
	case h&0x7fff > 0x7c00:
		return math.NaN()
	case h&0x7fff == 0x7c00:
		v = math.Inf(1)
	}
	return math.Copysign(v, 1-float64(h>>15)*2)
}

// SameShape reports whether two shapes are equal.
func SameShape(a, b []int) bool { return slices.Equal(a, b) }

// Index returns the place along each axis of element i, in row-major order, of a shape.
func Index(shape []int, i int) []int {
	index := make([]int, len(shape))
	for axis, d := range slices.Backward(shape) {
		d = max(d, 1) // nothing has a place in an empty shape
		index[axis] = i % d
		i /= d
	}
	return index
}

// FormatShape writes a shape as PyTorch and NumPy users know it: (), (5,), (3, 5).
func FormatShape(shape []int) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = strconv.Itoa(d)
	}
	if len(parts) == 1 {
		return "(" + parts[0] + ",)"
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
