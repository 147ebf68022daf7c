package tensor

// Broadcast returns a function that gives the element of t that belongs to element i, in
// row-major order, of shape, by the rules of NumPy: dimensions are compared from the last
// on, and one of size 1 is repeated. ok is false where t does not broadcast to shape.
func Broadcast(t Tensor, shape []int) (at func(i int) float64, ok bool) {
	index, ok := BroadcastIndex(t.Shape, shape)
	return func(i int) float64 { return t.Float64(index(i)) }, ok
}

// BroadcastIndex returns a function that gives the index of the element of a tensor of the shape from that belongs to
// element i of shape, as Broadcast does.
func BroadcastIndex(from, shape []int) (at func(i int) int, ok bool) {
	offset := len(shape) - len(from)
	if offset < 0 {
		return nil, false
	}
	strides := make([]int, len(shape)) // of t along shape, 0 where it is repeated
	stride := 1
	for axis := len(from) - 1; axis >= 0; axis-- {
		switch from[axis] {
		case shape[offset+axis]:
			strides[offset+axis] = stride
		case 1:
		default:
			return nil, false
		}
		stride *= from[axis]
	}
	return func(i int) int {
		at := 0
		for axis := len(shape) - 1; axis >= 0; axis-- {
			at += i % shape[axis] * strides[axis]
			i /= shape[axis]
		}
		return at
	}, true
}
