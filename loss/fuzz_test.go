package loss_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"lossproof/loss"
)

// FuzzCall builds calls from bytes, valid and not: no combination of shapes, options and
// values may panic, and an answer has the promised shape.
func FuzzCall(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 2, 3, 5, 2, 3, 5, 0, 0, 0, 1, 2, 3})
	f.Add([]byte{1, 2, 2, 3, 5, 2, 3, 5, 1, 1, 5, 0, 1, 1, 3, 9, 9})
	f.Add([]byte{1, 1, 1, 0, 1, 0, 1, 0, 1, 0, 7, 7})
	f.Add([]byte{0, 2, 3, 2, 0, 4, 3, 2, 0, 4, 1, 2, 1, 4, 1, 1, 4})
	f.Add([]byte{0, 3, 1, 255, 1, 255, 0, 0, 0})
	f.Add([]byte{1, 2, 2, 254, 0, 2, 254, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		next := func() byte {
			if len(data) == 0 {
				return 0
			}
			b := data[0]
			data = data[1:]
			return b
		}
		values := []float64{0, 1, -1, 0.3, 20, -20, -800, 800, 1e300, -1e300, 5e-324, inf, -inf, nan, math.Copysign(0, -1), 1e-300}
		// tensor has rank 0 to 5 and, mostly, small dimensions; sometimes data that do not fit.
		tensor := func() loss.Tensor[float64] {
			shape := make([]int, next()%6)
			n, fits := 1, true
			for i := range shape {
				switch d := int(next()); d {
				case 255:
					shape[i], fits = -1, false
				case 254:
					shape[i], fits = math.MaxInt/2, false
				default:
					shape[i] = d % 7
				}
				if fits {
					n *= shape[i]
				}
				fits = fits && n <= 1<<16
			}
			if !fits {
				n = int(next()) % 8
			}
			tensor := loss.Tensor[float64]{Shape: shape, Data: make([]float64, n)}
			for i := range tensor.Data {
				tensor.Data[i] = values[(int(next())+i)%len(values)]
			}
			return tensor
		}
		optional := func() *loss.Tensor[float64] {
			if next()%2 == 0 {
				return nil
			}
			t := tensor()
			return &t
		}
		c := call{multiLabel: next()%2 == 1, reduction: loss.Reduction(next()%5) - 1, input: tensor()}
		c.target = c.input
		if next()%4 == 0 {
			c.target = tensor()
		}
		c.weight, c.posWeight, c.gradOut = optional(), optional(), optional()
		for _, output := range c.outputs() {
			fuzzOutput[float64](t, c, output)
			fuzzOutput[float32](t, c, output)
		}
	})
}

func fuzzOutput[T loss.Float](t *testing.T, c call, output string) {
	got, err := compute[T](c, output)
	if err != nil {
		var shapeError *loss.ShapeError
		var optionError *loss.OptionError
		if !errors.As(err, &shapeError) && !errors.As(err, &optionError) {
			t.Errorf("%s: error of type %T: %v", output, err, err)
		}
		return
	}
	want := c.input.Shape
	switch output {
	case "loss":
		want = c.lossShape()
	case "grad_weight":
		want = c.weight.Shape
	}
	n := 1
	for _, d := range want {
		n *= d
	}
	if !slices.Equal(got.Shape, want) || len(got.Data) != n {
		t.Errorf("%s: got shape %v with %d elements, want %v", output, got.Shape, len(got.Data), want)
	}
}
