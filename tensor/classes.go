package tensor

// Classes says where the elements of a tensor of logits of CrossEntropyLoss stand: along its
// second dimension, or its only one, are the classes; the other dimensions number the rows.
type Classes struct {
	// Count is the number of classes.
	Count int
	// stride is the distance of one class from the next.
	stride int
}

// ClassesOf returns the classes of a shape of at least one dimension.
func ClassesOf(shape []int) Classes {
	axis := min(1, len(shape)-1)
	c := Classes{Count: shape[axis], stride: 1}
	for _, d := range shape[axis+1:] {
		c.stride *= d
	}
	return c
}

// Class returns the class of element i, in row-major order.
func (c Classes) Class(i int) int { return i / c.stride % c.Count }

// Row returns the row of element i: its place in a tensor that lacks the classes.
func (c Classes) Row(i int) int { return i/(c.stride*c.Count)*c.stride + i%c.stride }
