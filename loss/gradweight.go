package loss

import "lossproof/loss/internal/kernel"

// gradWeight writes the gradient of MultiLabelSoftMarginLoss in its weight to dst: for each
// element of weight the sum of u·l/div over the elements of input that it multiplies,
// where l is the loss without weight. The arguments are valid, weightShape broadcasts to that of input.
func gradWeight[T Float](dst []T, weightShape []int, input, target Tensor[T], u upstream[T]) {
	if len(input.Data) == 0 {
		clear(dst)
		return
	}
	var buf [maxAxes]axis
	axes := collapse(buf[:0], input.Shape, weightShape, nil, false)
	classes := fromEnd(input.Shape, 0)
	terms := len(input.Data) / len(dst)
	for i := range dst {
		start := offsetAlong(axes, i, true)
		var sum kernel.Accumulator
		for k := range terms {
			at := start + offsetAlong(axes, k, false)
			sum.Add(kernel.Loss(float64(input.Data[at]), float64(target.Data[at]), u.number(at/classes)))
		}
		dst[i] = T(sum.Value() / u.div)
	}
}

// number returns the upstream gradient of a run, or the one of all.
func (u upstream[T]) number(run int) float64 {
	switch {
	case len(u.values) == 0:
		return 1
	case len(u.values) == 1:
		return float64(u.values[0])
	}
	return float64(u.values[run])
}

// offsetAlong returns the offset in input of element i, in row-major order, of the axes along
// which weight varies, or of those along which it is broadcast.
func offsetAlong(axes []axis, i int, varies bool) int {
	offset, stride := 0, 1
	for _, a := range axes {
		if (a.weight != 0) == varies {
			offset += i % a.size * stride
			i /= a.size
		}
		stride *= a.size
	}
	return offset
}
