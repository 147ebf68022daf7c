package wire

import (
	"fmt"
	"math"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// freeBytes is what each output of any answer may have; more needs a call that is as large.
const freeBytes = 4 << 10

// Fit returns what is kept of an answer: the outputs that the call wants. It returns an error for
// outputs that are larger than any loss or gradient of the call can be: they are not worth the
// memory until they are judged.
func Fit(call ports.Call, answer ports.Answer) (ports.Answer, error) {
	limit := freeBytes + 8*elements(call.Inputs)
	for name, t := range answer.Outputs {
		if len(t.Data) > limit {
			return ports.Answer{}, fmt.Errorf("outputs.%s: got %s of shape %s, which is more than all inputs broadcast together have", name, t.DType, tensor.FormatShape(t.Shape))
		}
		if !slices.Contains(call.Want, name) {
			delete(answer.Outputs, name)
		}
	}
	return answer, nil
}

// elements is at least the number of elements of the inputs, broadcast together: each dimension,
// counted from the last, is the largest.
func elements(inputs map[string]tensor.Tensor) int {
	var shape []int
	for _, t := range inputs {
		for len(shape) < len(t.Shape) {
			shape = append([]int{1}, shape...)
		}
		for i, d := range t.Shape {
			j := len(shape) - len(t.Shape) + i
			shape[j] = max(shape[j], d)
		}
	}
	n, err := tensor.Count(shape)
	if err != nil {
		return math.MaxInt / 16
	}
	return n
}
