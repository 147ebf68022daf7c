package loss_test

import (
	"math"
	"testing"

	"lossproof/loss"
)

// FuzzRows builds calls of BCELoss and CrossEntropyLoss from bytes, valid and not: none may panic, and an error is one of those that
// the documentation names.
func FuzzRows(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{2, 2, 3, 0, 1, 2, 3, 4, 5, 0, 1, 1, 2, 0, 1})
	f.Add([]byte{3, 2, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 1, 0, 3, 2, 1})
	f.Add([]byte{2, 2, 0, 1, 2, 3, 1, 2, 2, 0})
	f.Add([]byte{2, 255, 3, 1, 254, 4, 4, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		next := func() byte {
			if len(data) == 0 {
				return 0
			}
			b := data[0]
			data = data[1:]
			return b
		}
		values := []float64{0, 1, 0.5, 0.3, -1, 20, -800, 1e300, -1e300, 5e-324, inf, -inf, nan, math.Copysign(0, -1), 1e-300, 1 - 0x1p-53}
		shape := func() []int {
			s := make([]int, next()%5)
			for i := range s {
				switch d := int(next()); d {
				case 255:
					s[i] = -1
				case 254:
					s[i] = math.MaxInt / 2
				default:
					s[i] = d % 6
				}
			}
			return s
		}
		elements := func(s []int) int {
			n := 1
			for _, d := range s {
				if d < 0 || d > 6 {
					return int(next()) % 8
				}
				n *= d
			}
			return n
		}
		tensorOf := func(s []int) loss.Tensor[float64] {
			v := loss.Tensor[float64]{Shape: s, Data: make([]float64, elements(s))}
			for i := range v.Data {
				v.Data[i] = values[(int(next())+i)%len(values)]
			}
			return v
		}
		optional := func() *loss.Tensor[float64] {
			if next()%2 == 0 {
				return nil
			}
			v := tensorOf(shape())
			return &v
		}
		reduction := loss.Reduction(next()%5) - 1
		input := tensorOf(shape())
		other := tensorOf(input.Shape)
		indexShape := shape()
		if len(input.Shape) > 0 && next()%4 > 0 {
			indexShape = append(append([]int{}, input.Shape[:min(1, len(input.Shape)-1)]...), input.Shape[min(2, len(input.Shape)):]...)
		}
		indices := make([]int64, elements(indexShape))
		for i := range indices {
			indices[i] = int64(next()%8) - 1
		}
		ignore := int64(next()) - 3
		entropy := loss.CrossEntropyLoss[float64]{Reduction: reduction, IgnoreIndex: &ignore, LabelSmoothing: values[next()%4], Weight: optional()}
		if next()%2 == 0 {
			entropy.IgnoreIndex = nil
		}
		bce := loss.BCELoss[float64]{Reduction: reduction, Weight: optional()}
		gradOut := optional()
		check := func(err error) {
			t.Helper()
			if err != nil && !isLossError(err) {
				t.Errorf("error of type %T: %v", err, err)
			}
		}
		_, _, err := bce.ForwardGrad(input, other, gradOut)
		check(err)
		check(second(bce.GradTarget(input, other, gradOut)))
		for _, target := range []loss.ClassTarget[float64]{{}, loss.ClassIndices[float64](indices, indexShape...), loss.ClassProbabilities(other)} {
			_, _, err := entropy.ForwardGrad(input, target, gradOut)
			check(err)
			check(second(entropy.Forward(input, target)))
			check(second(entropy.GradTarget(input, target, gradOut)))
			check(second(entropy.GradWeight(input, target, gradOut)))
		}
	})
}
