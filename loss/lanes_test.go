package loss_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"lossproof/loss"
)

// module is what the losses with targets for every element have in common.
type module[T loss.Float] interface {
	Into(results loss.Results[T], input, target loss.Tensor[T], gradOutput *loss.Tensor[T]) error
	Forward(input, target loss.Tensor[T]) (loss.Tensor[T], error)
}

// TestFloat32 computes float32 losses as the kernels cut them: in rows shorter and longer than their vectors, with hard and soft targets, and with logits that they leave
// to others. Loss and gradient in one pass have the bits of two passes, with any number of goroutines, and a reduced loss is the float32 number nearest to the exact one, or nearly.
func TestFloat32(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	rng := rand.New(rand.NewPCG(21, 22))
	for _, shape := range [][]int{{1, 1}, {5, 7}, {31, 1}, {64, 10}, {7, 100}, {3, 1000}, {2, 513}, {200, 511}, {70, 1024}} {
		n := shape[0] * shape[1]
		for _, kind := range []string{"hard", "soft", "far", "probabilities", "soft probabilities"} {
			x, target := loss.Tensor[float32]{Shape: shape, Data: make([]float32, n)}, loss.Tensor[float32]{Shape: shape, Data: make([]float32, n)}
			x64, target64 := loss.Tensor[float64]{Shape: shape, Data: make([]float64, n)}, loss.Tensor[float64]{Shape: shape, Data: make([]float64, n)}
			for i := range x.Data {
				x.Data[i], target.Data[i] = float32(3*rng.NormFloat64()), float32(rng.IntN(2))
				switch {
				case kind == "far" && rng.IntN(600) == 0:
					x.Data[i] *= 100
				case kind == "probabilities" || kind == "soft probabilities":
					x.Data[i] = rng.Float32()
				}
				if kind == "soft" || kind == "soft probabilities" {
					target.Data[i] = rng.Float32()
				}
				x64.Data[i], target64.Data[i] = float64(x.Data[i]), float64(target.Data[i])
			}
			for _, reduction := range reductions {
				modules := map[string]module[float32]{"BCEWithLogitsLoss": loss.BCEWithLogitsLoss[float32]{Reduction: reduction}, "MultiLabelSoftMarginLoss": loss.MultiLabelSoftMarginLoss[float32]{Reduction: reduction}}
				exact := map[string]module[float64]{"BCEWithLogitsLoss": loss.BCEWithLogitsLoss[float64]{Reduction: reduction}, "MultiLabelSoftMarginLoss": loss.MultiLabelSoftMarginLoss[float64]{Reduction: reduction}}
				if kind == "probabilities" || kind == "soft probabilities" {
					modules = map[string]module[float32]{"BCELoss": loss.BCELoss[float32]{Reduction: reduction}}
					exact = map[string]module[float64]{"BCELoss": loss.BCELoss[float64]{Reduction: reduction}}
				}
				for name, m := range modules {
					t.Run(fmt.Sprintf("%s/%s/%s/%dx%d", name, kind, reduction, shape[0], shape[1]), func(t *testing.T) {
						runtime.GOMAXPROCS(1)
						value, err := m.Forward(x, target)
						if err != nil {
							t.Fatal(err)
						}
						grad := make([]float32, n)
						if err := m.Into(loss.Results[float32]{GradInput: grad}, x, target, nil); err != nil {
							t.Fatal(err)
						}
						for _, threads := range []int{1, 4} {
							runtime.GOMAXPROCS(threads)
							both, bothGrad := make([]float32, len(value.Data)), make([]float32, n)
							if err := m.Into(loss.Results[float32]{Loss: both, GradInput: bothGrad}, x, target, nil); err != nil {
								t.Fatal(err)
							}
							if !slices.Equal(both, value.Data) || !slices.Equal(bothGrad, grad) {
								t.Errorf("with %d threads, one pass differs from two with one", threads)
							}
						}
						want, err := exact[name].Forward(x64, target64)
						if err != nil {
							t.Fatal(err)
						}
						for i, v := range value.Data {
							w := want.Data[i]
							spacing := float64(math.Nextafter32(float32(w), math.MaxFloat32) - float32(w))
							if d := math.Abs(float64(v) - w); !(d <= 0.53*spacing) {
								t.Errorf("[%d]: got %v, want %v: %.3f ULP", i, v, w, d/spacing)
							}
						}
					})
				}
			}
		}
	}
}
