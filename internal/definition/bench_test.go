package definition_test

import (
	"math/rand/v2"
	"testing"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// BenchmarkElements has the cost of an element of a large call, loss and gradient, in each of the
// arithmetics.
func BenchmarkElements(b *testing.B) {
	const rows, classes = 100, 1000
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(f func() float64, shape ...int) tensor.Tensor {
		values := make([]float64, rows*classes)
		for i := range values {
			values[i] = f()
		}
		return tensor.FromFloat64(values, shape...)
	}
	for _, module := range []string{ports.BCEWithLogitsLoss, ports.BCELoss, ports.CrossEntropyLoss} {
		call := ports.Call{Module: module, Want: []string{ports.Loss, ports.GradInput}, Inputs: map[string]tensor.Tensor{
			ports.Input: draw(rng.NormFloat64, rows, classes), ports.Target: draw(rng.Float64, rows, classes),
		}}
		if module == ports.BCELoss {
			call.Inputs[ports.Input] = draw(rng.Float64, rows, classes)
		}
		l := definition.Of(module)
		for _, way := range []struct {
			name string
			do   func() error
		}{
			{"float64", func() error { l.Evaluate(call); return nil }},
			{"exact", func() error { _, err := l.Exact(call); return err }},
			{"allow", func() error { _, err := l.Allow(call, ports.GradInput); return err }},
		} {
			b.Run(module+"/"+way.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := way.do(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows/classes, "ns/element")
			})
		}
	}
}
