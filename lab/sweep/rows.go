package sweep

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"lossproof/loss"
	"lossproof/ports"
	"lossproof/tensor"
)

// rows are rows of CrossEntropyLoss, which have one number of classes.
type rows[T loss.Float] struct {
	classes       int
	input         []T
	indices       []int64 // nil if the targets are probabilities
	probabilities []T
	weight        []T // nil if the setting has none
	smoothing     float64
	loss, grad    []T
}

func (b *rows[T]) evaluate() error {
	l := loss.CrossEntropyLoss[T]{Reduction: loss.None, LabelSmoothing: b.smoothing, Weight: optional(b.weight)}
	shape := []int{len(b.loss), b.classes}
	x, target := loss.Tensor[T]{Shape: shape, Data: b.input}, loss.ClassIndices[T](b.indices, len(b.loss))
	if b.indices == nil {
		target = loss.ClassProbabilities(loss.Tensor[T]{Shape: shape, Data: b.probabilities})
	}
	if err := l.Into(loss.Results[T]{Loss: b.loss}, x, target, nil); err != nil {
		return err
	}
	return l.Into(loss.Results[T]{GradInput: b.grad}, x, target, nil)
}

// drawRows returns n rows.
func drawRows[T loss.Float](s setting, rng *rand.Rand, n int) *rows[T] {
	f := formatOf[T]()
	classes := int(math.Round(2 * math.Pow(500, rng.Float64())))
	b := &rows[T]{classes: classes, input: make([]T, n*classes), loss: make([]T, n), grad: make([]T, n*classes)}
	for r := range n {
		y := rng.IntN(classes)
		drawRow(b.input[r*classes:][:classes], y, rng, f)
		if s.soft {
			b.probabilities = append(b.probabilities, drawDistribution[T](classes, y, rng)...)
			continue
		}
		if rng.IntN(2) == 0 {
			y = rng.IntN(classes) // also where it is not the largest
		}
		b.indices = append(b.indices, int64(y))
	}
	for c := 0; s.weight && c < classes; c++ {
		b.weight = append(b.weight, T(math.Pow(10, 12*rng.Float64()-6)))
	}
	if s.smoothing {
		b.smoothing = 0.1
		if rng.IntN(2) == 0 {
			b.smoothing = rng.Float64()
		}
	}
	return b
}

// drawRow draws the logits of a row, whose largest one may be y.
func drawRow[T loss.Float](x []T, y int, rng *rand.Rand, f format) {
	kind, offset := rng.IntN(6), 0.0
	if kind == 4 {
		offset = math.Copysign([]float64{1e3, 1e4}[rng.IntN(2)], rng.Float64()-0.5)
	}
	top := 20 * rng.NormFloat64()
	above := f.rowEdge * rng.Float64()
	for c := range x {
		switch kind {
		case 1:
			x[c] = T(80*rng.Float64() - 40)
		case 2:
			x[c] = T(top)
			if rng.IntN(4) > 0 {
				x[c] = T(top - 1e-6*rng.Float64())
			}
		case 3:
			x[c] = T(rng.NormFloat64())
			if c == y {
				x[c] = T(above)
			}
		case 5:
			x[c] = T(f.rowEdge * rng.Float64())
		default:
			x[c] = T(offset + 2*rng.NormFloat64())
		}
	}
}

// drawDistribution draws the probabilities of classes, that of y the largest in half of them.
func drawDistribution[T loss.Float](classes, y int, rng *rand.Rand) []T {
	p := make([]float64, classes)
	sum := 0.0
	for c := range p {
		p[c] = rng.Float64()
		sum += p[c]
	}
	rest := 1.0
	if rng.IntN(2) == 0 {
		rest = math.Ldexp(1, -rng.IntN(60))
	}
	t := make([]T, classes)
	for c := range p {
		t[c] = T(p[c] / sum * rest)
	}
	if rest < 1 {
		t[y] = T(1 - rest)
	}
	return t
}

func (b *rows[T]) call() ports.Call {
	n := len(b.loss)
	inputs := map[string]tensor.Tensor{ports.Input: tensorOf(b.input, n, b.classes)}
	if b.indices != nil {
		inputs[ports.Target] = tensor.FromInt64(b.indices, len(b.indices))
	} else {
		inputs[ports.Target] = tensorOf(b.probabilities, n, b.classes)
	}
	if b.weight != nil {
		inputs[ports.Weight] = tensorOf(b.weight, b.classes)
	}
	c := callOf(CrossEntropyLoss, "none", inputs)
	c.Options.LabelSmoothing = &b.smoothing
	return c
}

func (b *rows[T]) measure(l, g *RandomRow) error {
	return measureBatch(b.call(), []result[T]{{l, ports.Loss, b.loss, b.describe}, {g, ports.GradInput, b.grad, func(i int) string {
		return fmt.Sprintf("%s; gradient of class %d at %v", b.describe(i/b.classes), i%b.classes, b.input[i])
	}}})
}

// describe says where row r is found.
func (b *rows[T]) describe(r int) string {
	x := b.input[r*b.classes:][:b.classes]
	at := fmt.Sprintf("%d classes, largest logit %v", b.classes, slices.Max(x))
	if b.indices != nil {
		at += fmt.Sprintf(", class %d at %v", b.indices[r], x[b.indices[r]])
	}
	if b.smoothing != 0 {
		at += fmt.Sprintf(", label_smoothing %v", b.smoothing)
	}
	return at
}
