package sweep

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"lossproof/internal/definition"
	"lossproof/loss"
	"lossproof/ports"
	"lossproof/tensor"
)

// RandomRow is the accuracy of an output in a dtype and a setting, at random points.
//
// The unit of its errors is the spacing of the dtype at Σ|terms|, the sum of the magnitudes of
// the terms that the exact result consists of: an ULP of the result where they have one sign, or where all but one are zero. For
// BCEWithLogitsLoss the terms are w·p·t·softplus(-x) and w·(1-t)·softplus(x), or
// those of the gradient, for BCELoss w·t·(-log x) and w·(1-t)·(-log(1-x)), or w·t/x and w·(1-t)/(1-x). For those of CrossEntropyLoss see fixtures/README.md;
// in float64 D, what the rounding of the differences of logits does, is added to the unit.
type RandomRow struct {
	Module, DType, Setting, Output string
	Points                         uint64
	// Correct is the number of results within half a unit, WrongClass that of results that are
	// not finite; all exact ones are.
	Correct, WrongClass uint64
	// Max is the largest error, Limit what is allowed, and At the point of the former.
	Max, Limit float64
	At         string
}

// CorrectShare returns the share of the results within half a unit.
func (r RandomRow) CorrectShare() float64 { return float64(r.Correct) / float64(r.Points) }

// A setting says what besides inputs is drawn.
type setting struct {
	module, name            string
	soft, weight, posWeight bool
	// extreme logits go where exp(-|x|) is subnormal; with weights the roundings of the subnormal
	// numbers, scaled up, would be all that is measured.
	extreme bool
	// smoothing is whether label_smoothing is drawn, for CrossEntropyLoss, whose soft targets are class probabilities.
	smoothing bool
}

var settings = []setting{
	{module: BCEWithLogitsLoss, name: "hard targets", extreme: true},
	{module: BCEWithLogitsLoss, name: "soft targets", soft: true},
	{module: BCEWithLogitsLoss, name: "hard targets, weight", weight: true},
	{module: BCEWithLogitsLoss, name: "hard targets, pos_weight", posWeight: true},
	{module: BCEWithLogitsLoss, name: "soft targets, weight, pos_weight", soft: true, weight: true, posWeight: true},
	{module: BCELoss, name: "hard targets"},
	{module: BCELoss, name: "soft targets", soft: true},
	{module: BCELoss, name: "hard targets, weight", weight: true},
	{module: BCELoss, name: "soft targets, weight", soft: true, weight: true},
	{module: CrossEntropyLoss, name: "class indices"},
	{module: CrossEntropyLoss, name: "class indices, weight", weight: true},
	{module: CrossEntropyLoss, name: "class indices, label_smoothing", smoothing: true},
	{module: CrossEntropyLoss, name: "class indices, weight, label_smoothing", weight: true, smoothing: true},
	{module: CrossEntropyLoss, name: "class probabilities", soft: true},
	{module: CrossEntropyLoss, name: "class probabilities, weight, label_smoothing", soft: true, weight: true, smoothing: true},
}

// randomTexts say what the unit of the errors of a module is, and what [Random] draws.
var randomTexts = map[string][]string{
	BCEWithLogitsLoss: {
		"The unit is an ULP of the sum of the magnitudes of the two terms of the result; for hard targets that is an ULP of the result.",
		`Drawn were logits: a fifth each normal with standard deviation 2, uniform in [-40, 40], uniform up to the edge of the
normal numbers exp(-|x|) (in float64 up to 600, so that its products are normal too), logarithmically uniform below 1 and above 10⁴
(with hard targets and no weights, also uniform around the subnormal numbers exp(-|x|));
soft targets: half uniform in [0, 1], half 2⁻ᵏ or 1-2⁻ᵏ; weight and pos_weight: logarithmically uniform in [10⁻⁶, 10⁶].`,
	},
	BCELoss: {
		"The unit is an ULP of the sum of the magnitudes of the two terms of the result, w·t·f(x) and w·(1-t)·f(1-x) with f(x) = -log(x), at most 100, or 1/x; for hard targets that is an ULP of the result.",
		`Drawn were probabilities: a quarter each uniform in [0, 1], sigmoids of a normal distribution with standard deviation 4, logarithmically uniform (x from the
smallest float32 number or, in float64, 10⁻²⁹⁰ on), and logarithmically uniform 1-x; one in fifty is 0, -0 or 1; targets and weight as for BCEWithLogitsLoss. Where x·(1-x) < 1e-12 the
gradient is compared with PyTorch's formula, and the unit is that of its terms.`,
	},
	CrossEntropyLoss: {
		`With d the distance of a logit from the largest of its row, n = d + log Σ exp(-d), p = exp(-d)/Σ exp(-d) and a the coefficients of the n, the terms of a loss are a·n, and those
of the gradient at a class p·a for the other classes and -(1-p)·a for itself. The unit is an ULP of the sum of their magnitudes; for float32 that is an ULP of a row's loss. In float64 what an error
of an ULP in each d does is added to the unit, as in the tolerances of the fixtures (fixtures/README.md, D): everybody has to round d. In float32 nothing is added: d is
formed in float64.`,
		`Drawn were rows of 2 to 1000 classes, their number logarithmically uniform, with a loss for each row and a gradient for each logit: a sixth of the rows each normal with standard
deviation 2, uniform in [-40, 40], uniform within 10⁻⁶ of their largest logit with exact ties, with the class of the target up to 110 above the rest (in float64 600), and normal with 10³ or 10⁴
added or subtracted, and uniform over a range of 110 (in float64 600); class probabilities: half normalised at random, half one-hot but for one part in
2ᵏ; weight: logarithmically uniform in [10⁻⁶, 10⁶], for each class; label_smoothing: half uniform in [0, 1], half 0.1.`,
	},
}

// Random measures both dtypes in all settings of the modules, of all modules if none is named, each at the given number of random points. For
// CrossEntropyLoss there is a row for each 16 points, with a gradient for each of its logits.
// The points are the same in every call. progress, if not nil, is called with the points done and those of all.
func Random(ctx context.Context, points int, progress func(done, total int64), modules ...string) ([]RandomRow, error) {
	if points < 1 {
		return nil, fmt.Errorf("%d random points: want at least 1", points)
	}
	modules, err := known(modules)
	if err != nil {
		return nil, err
	}
	wanted := slices.DeleteFunc(slices.Clone(settings), func(s setting) bool { return !slices.Contains(modules, s.module) })
	total := int64(0)
	for _, s := range wanted {
		total += 2 * int64(s.count(points))
	}
	p := newProgress(progress, 0, total)
	rows, err := random[float32](ctx, wanted, points, p, batch.evaluate)
	if err != nil {
		return nil, err
	}
	rows64, err := random[float64](ctx, wanted, points, p, batch.evaluate)
	return append(rows, rows64...), err
}

// perRow is how many points there are for each row of CrossEntropyLoss.
const perRow = 16

// count returns how many points, or rows, of a setting are measured.
func (s setting) count(points int) int {
	if s.module == CrossEntropyLoss {
		return (points + perRow - 1) / perRow
	}
	return points
}

// batch are points with their results.
type batch interface {
	// evaluate computes the results with package loss.
	evaluate() error
	// measure compares them with the oracle.
	measure(loss, grad *RandomRow) error
}

// The number of points in a batch, and that of rows, which have one number of classes.
const (
	batchSize    = 1 << 10
	rowBatchSize = 16
)

// random measures one dtype in the settings, with losses that evaluate computes.
func random[T loss.Float](ctx context.Context, wanted []setting, points int, p *progress, evaluate func(batch) error) ([]RandomRow, error) {
	f := formatOf[T]()
	var rows []RandomRow
	for _, s := range wanted {
		l, g := s.rows(f)
		count, size := s.count(points), batchSize
		if s.module == CrossEntropyLoss {
			size = rowBatchSize
		}
		seed := uint64(slices.Index(settings, s))
		var mu sync.Mutex
		err := parallel(ctx, 0, (count+size-1)/size, func(_ context.Context, i int) error {
			n := min(size, count-i*size)
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			var b batch
			if s.module == CrossEntropyLoss {
				b = drawRows[T](s, rng, n)
			} else {
				b = drawPoints[T](s, rng, n)
			}
			if err := evaluate(b); err != nil {
				return err
			}
			partLoss, partGrad := s.rows(f)
			if err := b.measure(&partLoss, &partGrad); err != nil {
				return err
			}
			p.add(int64(n))
			mu.Lock()
			defer mu.Unlock()
			l.add(partLoss)
			g.add(partGrad)
			return nil
		})
		if err != nil {
			return nil, err
		}
		rows = append(rows, l, g)
	}
	return rows, nil
}

// rows returns the empty rows of a setting.
func (s setting) rows(f format) (loss, grad RandomRow) {
	row := RandomRow{Module: s.module, DType: f.name, Setting: s.name, Limit: s.limit(f)}
	loss, grad = row, row
	loss.Output, grad.Output = "loss", "gradient"
	return loss, grad
}

// limit returns what an error may be.
func (s setting) limit(f format) float64 {
	switch {
	case f.single && s.module != CrossEntropyLoss && !s.soft && !s.weight && !s.posWeight:
		return MaxULP32
	case f.single:
		return MaxULPWeighted32
	case s.module == BCELoss:
		return MaxULPProbability64
	case s.module == CrossEntropyLoss && s.soft && !s.smoothing:
		return MaxULPProbabilities64
	case s.module == CrossEntropyLoss:
		return MaxULPRow64
	}
	return MaxULP64
}

// add adds the counts of other points. The order does not matter.
func (r *RandomRow) add(o RandomRow) {
	r.Points += o.Points
	r.Correct += o.Correct
	r.WrongClass += o.WrongClass
	if o.Max > r.Max || o.Max == r.Max && (r.At == "" || o.At != "" && o.At < r.At) {
		r.Max, r.At = o.Max, o.At
	}
}

// points are elements of BCEWithLogitsLoss or BCELoss.
type points[T loss.Float] struct {
	setting
	input, target, weights, posWeights []T // weights and posWeights are nil if the setting has none
	loss, grad                         []T
}

// optional returns a vector, nil for one that is not given.
func optional[T loss.Float](values []T) *loss.Tensor[T] {
	if values == nil {
		return nil
	}
	v := loss.Vector(values...)
	return &v
}

func (b *points[T]) evaluate() error {
	x, t := loss.Vector(b.input...), loss.Vector(b.target...)
	var l interface {
		Into(results loss.Results[T], input, target loss.Tensor[T], gradOutput *loss.Tensor[T]) error
	} = loss.BCEWithLogitsLoss[T]{Reduction: loss.None, Weight: optional(b.weights), PosWeight: optional(b.posWeights)}
	if b.module == BCELoss {
		l = loss.BCELoss[T]{Reduction: loss.None, Weight: optional(b.weights)}
	}
	if err := l.Into(loss.Results[T]{Loss: b.loss}, x, t, nil); err != nil {
		return err
	}
	return l.Into(loss.Results[T]{GradInput: b.grad}, x, t, nil)
}

// drawPoints returns n points.
func drawPoints[T loss.Float](s setting, rng *rand.Rand, n int) *points[T] {
	f := formatOf[T]()
	b := &points[T]{setting: s, input: make([]T, n), target: make([]T, n), loss: make([]T, n), grad: make([]T, n)}
	weight := func() T { return T(math.Pow(10, -6+12*rng.Float64())) }
	for i := range n {
		if s.module == BCELoss {
			b.input[i] = drawProbability[T](rng, f)
		} else {
			b.input[i] = drawLogit[T](s, rng, f)
		}
		b.target[i] = T(rng.IntN(2))
		if s.soft {
			b.target[i] = T(rng.Float64())
			if rng.IntN(2) == 0 {
				b.target[i] = T(math.Abs(float64(rng.IntN(2)) - math.Ldexp(1, -1-rng.IntN(60))))
			}
		}
		if s.weight {
			b.weights = append(b.weights, weight())
		}
		if s.posWeight {
			b.posWeights = append(b.posWeights, weight())
		}
	}
	return b
}

func drawLogit[T loss.Float](s setting, rng *rand.Rand, f format) T {
	sign := func(v float64) float64 { return math.Copysign(v, rng.Float64()-0.5) }
	kind := rng.IntN(5)
	if s.extreme {
		kind = rng.IntN(6)
	}
	switch kind {
	case 0:
		return T(2 * rng.NormFloat64())
	case 1:
		return T(sign(40 * rng.Float64()))
	case 2:
		return T(sign(f.normalExp * rng.Float64()))
	case 3:
		return T(sign(math.Pow(10, f.minPower*rng.Float64())))
	case 4:
		return T(sign(math.Pow(10, 4+(f.maxPower-4)*rng.Float64())))
	default:
		return T(sign(f.subnormalExp + 50*(rng.Float64()-0.1)))
	}
}

func drawProbability[T loss.Float](rng *rand.Rand, f format) T {
	if rng.IntN(50) == 0 {
		return T([]float64{0, math.Copysign(0, -1), 1}[rng.IntN(3)])
	}
	switch rng.IntN(4) {
	case 0:
		return T(rng.Float64())
	case 1:
		return T(1 / (1 + math.Exp(4*rng.NormFloat64())))
	case 2:
		return T(math.Pow(10, f.minProbability*rng.Float64()))
	default:
		return 1 - T(math.Pow(2, -float64(f.Precision)*rng.Float64()))
	}
}

func (b *points[T]) call() ports.Call {
	inputs := map[string]tensor.Tensor{ports.Input: tensorOf(b.input, len(b.input)), ports.Target: tensorOf(b.target, len(b.target))}
	for name, values := range map[string][]T{ports.Weight: b.weights, ports.PosWeight: b.posWeights} {
		if values != nil {
			inputs[name] = tensorOf(values, len(values))
		}
	}
	return callOf(b.module, "none", inputs)
}

func (b *points[T]) measure(l, g *RandomRow) error {
	return measureBatch(b.call(), []result[T]{{l, ports.Loss, b.loss, b.describe}, {g, ports.GradInput, b.grad, b.describe}})
}

// describe returns point i as text.
func (b *points[T]) describe(i int) string {
	at := fmt.Sprintf("x=%v t=%v", b.input[i], b.target[i])
	if b.weights != nil {
		at += fmt.Sprintf(" w=%v", b.weights[i])
	}
	if b.posWeights != nil {
		at += fmt.Sprintf(" p=%v", b.posWeights[i])
	}
	return at
}

// result is what a batch returned for an output.
type result[T loss.Float] struct {
	row    *RandomRow
	output string
	got    []T
	at     func(i int) string
}

// measureBatch compares the results of a call with the exact ones.
func measureBatch[T loss.Float](call ports.Call, results []result[T]) error {
	exact, err := definition.Of(call.Module).Exact(call)
	if err != nil {
		return err
	}
	for _, r := range results {
		e, err := outputOf(call, exact, r.output, formatOf[T]())
		if err != nil {
			return err
		}
		for i, got := range r.got {
			if r.row.measure(float64(got), e, i) {
				r.row.At = r.at(i)
			}
		}
	}
	return nil
}

// measure compares a result with the exact element i, and reports whether its error is the largest so far.
func (r *RandomRow) measure(got float64, e exactly, i int) bool {
	r.Points++
	if math.IsNaN(got) || math.IsInf(got, 0) {
		r.WrongClass++
		return false
	}
	d := math.Abs(e.Error(i, got, e.unit(i)))
	if d <= 0.5 {
		r.Correct++
	}
	if d <= r.Max {
		return false
	}
	r.Max = d
	return true
}
