package sweep

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"lossproof/loss"
)

// RandomRow is the accuracy of an output in a dtype and a setting, at random points.
//
// The unit of its errors is the spacing of the dtype at Σ|terms|, the sum of the magnitudes of
// the terms that the exact result consists of: an ULP of the result where they have one sign, or where all but one are zero. For
// BCEWithLogitsLoss the terms are w·p·t·softplus(-x) and w·(1-t)·softplus(x), or
// those of the gradient, for BCELoss w·t·(-log x) and w·(1-t)·(-log(1-x)), or w·t/x and w·(1-t)/(1-x). For those of CrossEntropyLoss see rowOracle.
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
	CrossEntropyLoss: rowTexts,
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
	rows, err := random(ctx, wanted, points, p, evaluateBuiltIn[float32], evaluateRows[float32])
	if err != nil {
		return nil, err
	}
	rows64, err := random(ctx, wanted, points, p, evaluateBuiltIn[float64], evaluateRows[float64])
	return append(rows, rows64...), err
}

// perRow is how many points there are for each row.
const perRow = 16

// count returns how many points, or rows, of a setting are measured.
func (s setting) count(points int) int {
	if s.module == CrossEntropyLoss {
		return (points + perRow - 1) / perRow
	}
	return points
}

// batch is a vector of points, with their results.
type batch[T loss.Float] struct {
	input, target, weight, posWeight []T // weight and posWeight are nil if the setting has none
	loss, grad                       []T
}

// evaluateBuiltIn computes a batch with package loss.
func evaluateBuiltIn[T loss.Float](s setting, b *batch[T]) error {
	x, t := loss.Vector(b.input...), loss.Vector(b.target...)
	var w, p *loss.Tensor[T]
	if b.weight != nil {
		v := loss.Vector(b.weight...)
		w = &v
	}
	if b.posWeight != nil {
		v := loss.Vector(b.posWeight...)
		p = &v
	}
	if s.module == BCELoss {
		l := loss.BCELoss[T]{Reduction: loss.None, Weight: w}
		if err := l.ForwardInto(b.loss, x, t); err != nil {
			return err
		}
		return l.GradInputInto(b.grad, x, t, nil)
	}
	l := loss.BCEWithLogitsLoss[T]{Reduction: loss.None, Weight: w, PosWeight: p}
	if err := l.ForwardInto(b.loss, x, t); err != nil {
		return err
	}
	return l.GradInputInto(b.grad, x, t, nil)
}

const batchSize = 1 << 10

// random measures one dtype in the settings, with losses that the functions compute.
func random[T loss.Float](ctx context.Context, settings []setting, points int, p *progress,
	evaluate func(setting, *batch[T]) error, evaluateRows func(*rowBatch[T]) error) ([]RandomRow, error) {
	var rows []RandomRow
	for _, s := range settings {
		size, measure := batchSize, func(rng *rand.Rand, n int, l, g *RandomRow) error {
			b := draw[T](s, rng, n)
			if err := evaluate(s, b); err != nil {
				return err
			}
			for j := range n {
				b.measure(s, j, l, g)
			}
			return nil
		}
		if s.module == CrossEntropyLoss {
			size, measure = rowBatchSize, func(rng *rand.Rand, n int, l, g *RandomRow) error {
				b := drawRows[T](s, rng, n)
				if err := evaluateRows(b); err != nil {
					return err
				}
				for j := range n {
					b.measure(j, l, g)
				}
				return nil
			}
		}
		l, g, err := s.measure(ctx, formatOf[T](), points, size, p, measure)
		if err != nil {
			return nil, err
		}
		rows = append(rows, l, g)
	}
	return rows, nil
}

// measure measures a setting in batches: of draws and measures n points.
func (s setting) measure(ctx context.Context, f format, points, size int, p *progress, of func(rng *rand.Rand, n int, l, g *RandomRow) error) (l, g RandomRow, err error) {
	l, g = s.rows(f)
	count := s.count(points)
	seed := uint64(slices.IndexFunc(settings, func(o setting) bool { return o == s }))
	var mu sync.Mutex
	err = parallel(ctx, Options{}.workers(), (count+size-1)/size, func(context.Context) func(i int) error {
		return func(i int) error {
			n := min(size, count-i*size)
			partLoss, partGrad := s.rows(f)
			if err := of(rand.New(rand.NewPCG(seed, uint64(i))), n, &partLoss, &partGrad); err != nil {
				return err
			}
			p.add(int64(n))
			mu.Lock()
			defer mu.Unlock()
			l.add(partLoss)
			g.add(partGrad)
			return nil
		}
	})
	return l, g, err
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

// draw returns n points.
func draw[T loss.Float](s setting, rng *rand.Rand, n int) *batch[T] {
	f := formatOf[T]()
	b := &batch[T]{input: make([]T, n), target: make([]T, n), loss: make([]T, n), grad: make([]T, n)}
	power := func(lo, hi float64) T { return T(math.Pow(10, lo+(hi-lo)*rng.Float64())) }
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
			b.weight = append(b.weight, power(-6, 6))
		}
		if s.posWeight {
			b.posWeight = append(b.posWeight, power(-6, 6))
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
		return 1 - T(math.Pow(2, -float64(f.digits)*rng.Float64()))
	}
}

// measure compares the results of point i with the oracle.
func (b *batch[T]) measure(s setting, i int, l, g *RandomRow) {
	f := formatOf[T]()
	x, t, w, p := float64(b.input[i]), float64(b.target[i]), 1.0, 1.0
	if b.weight != nil {
		w = float64(b.weight[i])
	}
	if b.posWeight != nil {
		p = float64(b.posWeight[i])
	}
	m, _ := moduleOf(s.module)
	values, mirrored := m.precise(math.Abs(x)), m.mirrored && x < 0
	one := ddOf(w).mul(ddOf(p)).mul(ddOf(t))
	zero := ddOf(w).mul(twoSum(1, -t))
	if l.measureTerms(f, float64(b.loss[i]), zero, one, values.of(Output{}, mirrored), values.of(Output{One: true}, mirrored)) {
		l.At = b.describe(i)
	}
	if g.measureTerms(f, float64(b.grad[i]), zero, one.neg(),
		values.of(Output{Gradient: true}, mirrored), values.of(Output{Gradient: true, One: true}, mirrored)) {
		g.At = b.describe(i)
	}
}

// describe returns point i as text.
func (b *batch[T]) describe(i int) string {
	at := fmt.Sprintf("x=%v t=%v", b.input[i], b.target[i])
	if b.weight != nil {
		at += fmt.Sprintf(" w=%v", b.weight[i])
	}
	if b.posWeight != nil {
		at += fmt.Sprintf(" p=%v", b.posWeight[i])
	}
	return at
}

// measureTerms compares a result with zero·f0 + one·f1 and reports whether its error is the
// largest so far.
func (r *RandomRow) measureTerms(f format, got float64, zero, one dd, f0, f1 scaled) bool {
	// Where one term is zero the result may lie below the smallest float64 and keeps its exponent.
	var exact scaled
	switch {
	case one.hi == 0:
		exact = scaled{zero.mul(f0.m), f0.k}
	case zero.hi == 0:
		exact = scaled{one.mul(f1.m), f1.k}
	default:
		exact = scaled{m: zero.mul(f0.value()).add(one.mul(f1.value()))}
	}
	magnitude := math.Abs(exact.m.hi)
	if exact.k == 0 {
		magnitude = zero.mul(f0.value()).abs().add(one.mul(f1.value()).abs()).hi
	}
	return r.measure(math.Ldexp(got, exact.k), exact.m, math.Ldexp(1, f.ulpExponent(magnitude, exact.k)))
}

// measure compares a result with the exact one, the error in the given units, and reports whether its error is the
// largest so far.
func (r *RandomRow) measure(got float64, exact dd, unit float64) bool {
	r.Points++
	if math.IsNaN(got) || math.IsInf(got, 0) {
		r.WrongClass++
		return false
	}
	d := math.Abs(exact.sub(ddOf(got)).hi) / unit
	if d <= 0.5 {
		r.Correct++
	}
	if d <= r.Max {
		return false
	}
	r.Max = d
	return true
}

// format describes a dtype.
type format struct {
	name           string
	single         bool
	digits, minExp int // of the significand; the exponent of the smallest subnormal number
	// exp(-normalExp), and its products with weights, are normal numbers; exp(-subnormalExp) is
	// about the largest subnormal one.
	normalExp, subnormalExp float64
	minPower, maxPower      float64 // of ten: the range of logits
	minProbability          float64 // of ten
	// rowEdge is how far the logits of a row are apart at most, but for those that are drawn in another way.
	rowEdge float64
}

func formatOf[T loss.Float]() format {
	if _, single := any(T(0)).(float32); single {
		return format{name: "float32", single: true, digits: 24, minExp: -149, normalExp: 87, subnormalExp: 87.3, minPower: -44, maxPower: 25, minProbability: -45, rowEdge: 110}
	}
	return format{name: "float64", digits: 53, minExp: -1074, normalExp: 600, subnormalExp: 708.4, minPower: -300, maxPower: 290, minProbability: -290, rowEdge: 600}
}

// ulpExponent returns e such that the spacing of the dtype at v·2⁻ᵏ is 2^(e-k).
func (f format) ulpExponent(v float64, k int) int {
	_, exponent := math.Frexp(v) // v = m·2^exponent, m in [1/2, 1)
	if v == 0 {
		return f.minExp + k
	}
	return max(exponent-f.digits, f.minExp+k)
}
