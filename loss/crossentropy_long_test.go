package loss_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"lossproof/loss"
)

// TestEntropyInChunks has rows that are computed in several chunks, with the largest logit in each of them, or in two, and the textbook formulas in
// float64.
func TestEntropyInChunks(t *testing.T) {
	const classes = 2500
	rng := rand.New(rand.NewPCG(1, 2))
	for _, tops := range [][]int{{3}, {1500}, {2400}, {3, 2400}, {}} {
		x := make([]float32, classes)
		for c := range x {
			x[c] = float32(rng.NormFloat64()) - float32(c%3)
		}
		for _, top := range tops {
			x[top] = 12.5
		}
		m := float64(x[0])
		for _, v := range x {
			m = max(m, float64(v))
		}
		sum := 0.0
		for _, v := range x {
			sum += math.Exp(float64(v) - m)
		}
		for _, class := range []int{0, 3, 1500, 2400} {
			input := loss.Tensor[float32]{Shape: []int{1, classes}, Data: x}
			value, grad, err := loss.CrossEntropyLoss[float32]{}.ForwardGrad(input, loss.ClassIndices[float32]([]int64{int64(class)}, 1), nil)
			if err != nil {
				t.Fatal(err)
			}
			if want := m - float64(x[class]) + math.Log(sum); math.Abs(float64(value.Data[0])-want) > 1e-6*want {
				t.Errorf("largest at %v, class %d: got the loss %v, want %v", tops, class, value.Data[0], want)
			}
			for c, v := range x {
				want := math.Exp(float64(v)-m) / sum
				if c == class {
					want--
				}
				if math.Abs(float64(grad.Data[c])-want) > 1e-6*math.Abs(want) {
					t.Fatalf("largest at %v, class %d: got %v in the gradient at %d, want %v", tops, class, grad.Data[c], c, want)
				}
			}
		}
	}
}
