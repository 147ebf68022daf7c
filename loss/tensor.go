package loss

import (
	"math"
	"slices"
)

// Element is the constraint of the element types: PyTorch's float32, float64, float16 and bfloat16.
type Element interface{ Float | Float16 | BFloat16 }

// Float is the constraint of the element types that Go computes with: float32 and float64.
type Float interface{ float32 | float64 }

// Tensor is a dense, contiguous, row-major array. An empty Shape is a 0-d tensor,
// which has one element. The zero Tensor has no element and is not valid.
//
// A Tensor is a view: copying it does not copy Data.
type Tensor[T Element] struct {
	Shape []int
	// Data has as many elements as Shape says.
	Data []T
}

// NewTensor returns a tensor over data, which is not copied. Without a shape it is a
// 0-d one. The error, a [*ShapeError], says that a dimension is negative or that data does not
// have the number of elements of the shape.
func NewTensor[T Element](data []T, shape ...int) (Tensor[T], error) {
	t := Tensor[T]{Shape: shape, Data: data}
	if err := check("", "tensor", shape, len(data)); err != nil {
		return Tensor[T]{}, err
	}
	return t, nil
}

// Scalar returns a 0-d tensor.
func Scalar[T Element](v T) Tensor[T] {
	return Tensor[T]{Data: []T{v}}
}

// Vector returns a 1-d tensor over values, which are not copied.
func Vector[T Element](values ...T) Tensor[T] {
	return Tensor[T]{Shape: []int{len(values)}, Data: values}
}

// Matrix returns a 2-d tensor with a copy of rows. The error, a [*ShapeError], says
// that the rows are not of one length. No rows give the shape (0, 0).
func Matrix[T Element](rows ...[]T) (Tensor[T], error) {
	if len(rows) == 0 {
		return Tensor[T]{Shape: []int{0, 0}}, nil
	}
	columns := len(rows[0])
	data := make([]T, 0, len(rows)*columns)
	for i, row := range rows {
		if len(row) != columns {
			return Tensor[T]{}, shapeErrorf("", "rows", "row %d has %d elements, row 0 has %d", i, len(row), columns)
		}
		data = append(data, row...)
	}
	return Tensor[T]{Shape: []int{len(rows), columns}, Data: data}, nil
}

// count returns the number of elements of a shape; ok is false if a dimension is
// negative or the product of the non-zero dimensions overflows.
func count(shape []int) (n int, ok bool) {
	n = 1
	empty := false
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, false
		case d == 0:
			empty = true
		case n > math.MaxInt/d:
			return 0, false
		default:
			n *= d
		}
	}
	if empty {
		n = 0
	}
	return n, true
}

// check returns an error unless a tensor of this shape has so many elements.
func check(module, argument string, shape []int, elements int) error {
	n, ok := count(shape)
	if !ok {
		return shapeErrorf(module, argument, "shape %s has a negative dimension or too many elements", formatShape(shape))
	}
	if n != elements {
		return shapeErrorf(module, argument, "shape %s needs %d elements, Data has %d", formatShape(shape), n, elements)
	}
	return nil
}

// checkSame returns an error unless a tensor is valid and has the wanted shape.
func checkSame(module, argument string, shape []int, elements int, want []int, reason string) error {
	if err := check(module, argument, shape, elements); err != nil {
		return err
	}
	if !slices.Equal(shape, want) {
		return shapeErrorf(module, argument, "got shape %s, want %s, %s", formatShape(shape), formatShape(want), reason)
	}
	return nil
}

// like returns a tensor of zeros with the shape of t.
func like[T Element](t Tensor[T]) Tensor[T] {
	return Tensor[T]{Shape: slices.Clone(t.Shape), Data: make([]T, len(t.Data))}
}

// unless returns t, or no tensor if there is an error.
func (t Tensor[T]) unless(err error) (Tensor[T], error) {
	if err != nil {
		return Tensor[T]{}, err
	}
	return t, nil
}
