package sweep

import (
	"fmt"
	"math"
	"math/rand/v2"

	"lossproof/loss"
)

// rowTexts are those of CrossEntropyLoss in randomTexts.
var rowTexts = []string{
	`With d the distance of a logit from the largest of its row, n = d + log Σ exp(-d), p = exp(-d)/Σ exp(-d) and a the coefficients of the n, the terms of a loss are a·n, and those
of the gradient at a class p·a for the other classes and -(1-p)·a for itself. The unit is an ULP of the sum of their magnitudes; for float32 that is an ULP of a row's loss. In float64 what an error
of an ULP in each d does is added to the unit, as in the tolerances of the fixtures (fixtures/README.md, D): everybody has to round d. In float32 nothing is added: d is
formed in float64.`,
	`Drawn were rows of 2 to 1000 classes, their number logarithmically uniform, with a loss for each row and a gradient for each logit: a sixth of the rows each normal with standard
deviation 2, uniform in [-40, 40], uniform within 10⁻⁶ of their largest logit with exact ties, with the class of the target up to 110 above the rest (in float64 600), and normal with 10³ or 10⁴
added or subtracted, and uniform over a range of 110 (in float64 600); class probabilities: half normalised at random, half one-hot but for one part in
2ᵏ; weight: logarithmically uniform in [10⁻⁶, 10⁶], for each class; label_smoothing: half uniform in [0, 1], half 0.1.`,
}

// rowBatchSize is the number of rows in a batch, which have one number of classes.
const rowBatchSize = 16

// rowBatch are rows of logits, with their results.
type rowBatch[T loss.Float] struct {
	classes       int
	input         []T
	indices       []int64 // nil if the targets are probabilities
	probabilities []T
	weight        []T // nil if the setting has none
	smoothing     float64
	loss, grad    []T
}

// evaluateRows computes a batch with package loss.
func evaluateRows[T loss.Float](b *rowBatch[T]) error {
	l := loss.CrossEntropyLoss[T]{Reduction: loss.None, LabelSmoothing: b.smoothing}
	if b.weight != nil {
		w := loss.Vector(b.weight...)
		l.Weight = &w
	}
	shape := []int{len(b.loss), b.classes}
	x, target := loss.Tensor[T]{Shape: shape, Data: b.input}, loss.ClassIndices[T](b.indices, len(b.loss))
	if b.indices == nil {
		target = loss.ClassProbabilities(loss.Tensor[T]{Shape: shape, Data: b.probabilities})
	}
	if err := l.ForwardInto(b.loss, x, target); err != nil {
		return err
	}
	return l.GradInputInto(b.grad, x, target, nil)
}

// drawRows returns n rows.
func drawRows[T loss.Float](s setting, rng *rand.Rand, n int) *rowBatch[T] {
	f := formatOf[T]()
	classes := int(math.Round(2 * math.Pow(500, rng.Float64())))
	b := &rowBatch[T]{classes: classes, input: make([]T, n*classes), loss: make([]T, n), grad: make([]T, n*classes)}
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

// measure compares the results of row r with the oracle.
func (b *rowBatch[T]) measure(r int, l, g *RandomRow) {
	f := formatOf[T]()
	x := make([]float64, b.classes)
	for c := range x {
		x[c] = float64(b.input[r*b.classes+c])
	}
	a := b.coefficients(r)
	oracle := newRowOracle(x, f)
	exact, unit := oracle.loss(a, f)
	if l.measure(float64(b.loss[r]), exact, unit) {
		l.At = b.describe(r, -1)
	}
	others := sumsOfOthers(a)
	for c := range x {
		exact, unit := oracle.grad(c, a[c], others[c], f)
		if g.measure(float64(b.grad[r*b.classes+c]), exact, unit) {
			g.At = b.describe(r, c)
		}
	}
}

// coefficients returns those of the -log p of row r.
func (b *rowBatch[T]) coefficients(r int) []dd {
	keep, even := twoSum(1, -b.smoothing), ddOf(b.smoothing).div(ddOf(float64(b.classes)))
	a := make([]dd, b.classes)
	for c := range a {
		t := 0.0
		switch {
		case b.indices == nil:
			t = float64(b.probabilities[r*b.classes+c])
		case int64(c) == b.indices[r]:
			t = 1
		}
		a[c] = keep.mul(ddOf(t)).add(even)
		if b.weight != nil {
			a[c] = a[c].mul(ddOf(float64(b.weight[c])))
		}
	}
	return a
}

// describe says where row r is found, and class c of it unless that is negative.
func (b *rowBatch[T]) describe(r, c int) string {
	x := b.input[r*b.classes:][:b.classes]
	m := x[0]
	for _, v := range x {
		m = max(m, v)
	}
	at := fmt.Sprintf("%d classes, largest logit %v", b.classes, m)
	if b.indices != nil {
		y := b.indices[r]
		at += fmt.Sprintf(", class %d at %v", y, x[y])
	}
	if b.smoothing != 0 {
		at += fmt.Sprintf(", label_smoothing %v", b.smoothing)
	}
	if c >= 0 {
		at += fmt.Sprintf("; gradient of class %d at %v", c, x[c])
	}
	return at
}
