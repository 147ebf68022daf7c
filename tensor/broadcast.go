package tensor

// Broadcast returns a function that gives the element of t that belongs to element i, in
// row-major order, of shape, by the rules of NumPy: dimensions are compared from the last
// on, and one of size 1 is repeated. ok is false where t does not broadcast to shape.
func Broadcast(t Tensor, shape []int) (at func(i int) float64, ok bool) {
	offset := len(shape) - len(t.Shape)
	if offset < 0 {
		return nil, false
	}
	strides := make([]int, len(shape)) // of t along shape, 0 where it is repeated
	stride := 1
	for axis := len(t.Shape) - 1; axis >= 0; axis-- {
		switch t.Shape[axis] {
		case shape[offset+axis]:
			strides[offset+axis] = stride
		case 1:
		default:
			return nil, false
		}
		stride *= t.Shape[axis]
	}
	return func(i int) float64 {
		at := 0
		for axis := len(shape) - 1; axis >= 0; axis-- {
			at += i % shape[axis] * strides[axis]
			i /= shape[axis]
		}
		return t.Float64(at)
	}, true
}
