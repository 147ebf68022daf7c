package sweep

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"

	"lossproof/loss"
)

// RandomRow is the accuracy of an output in a dtype and a setting, at random points.
//
// The unit of its errors is the spacing of the dtype at Σ|terms|, the sum of the magnitudes of
// the two terms that the exact result consists of (w·p·t·softplus(-x) and w·(1-t)·softplus(x), or
// those of the gradient): an ULP of the result where they have one sign, or where one of them is zero.
type RandomRow struct {
	DType, Setting, Output string
	Points                 uint64
	// Correct is the number of results within half a unit, WrongClass that of results that are
	// not finite; all exact ones are.
	Correct, WrongClass uint64
	// Max is the largest error, Limit what is allowed, and At the point of the former.
	Max, Limit float64
	At         string
}

// CorrectShare returns the share of the results within half a unit.
func (r RandomRow) CorrectShare() float64 { return float64(r.Correct) / float64(r.Points) }

// A setting says what besides logits is drawn.
type setting struct {
	name                    string
	soft, weight, posWeight bool
	// extreme logits go where exp(-|x|) is subnormal; with weights the roundings of the subnormal
	// numbers, scaled up, would be all that is measured.
	extreme bool
}

var settings = []setting{
	{name: "hard targets", extreme: true},
	{name: "soft targets", soft: true},
	{name: "hard targets, weight", weight: true},
	{name: "hard targets, pos_weight", posWeight: true},
	{name: "soft targets, weight, pos_weight", soft: true, weight: true, posWeight: true},
}

// RandomText says what [Random] draws.
const RandomText = `logits: a fifth each normal with standard deviation 2, uniform in [-40, 40], uniform up to the edge of the
normal numbers exp(-|x|) (in float64 up to 600, so that its products are normal too), logarithmically uniform below 1 and above 10⁴
(with hard targets and no weights, also uniform around the subnormal numbers exp(-|x|));
soft targets: half uniform in [0, 1], half 2⁻ᵏ or 1-2⁻ᵏ; weight and pos_weight: logarithmically uniform in [10⁻⁶, 10⁶]`

// Random measures both dtypes in all settings, each at the given number of random points.
// The points are the same in every call. progress, if not nil, is called with the points done and those of all.
func Random(ctx context.Context, points int, progress func(done, total int64)) ([]RandomRow, error) {
	if points < 1 {
		return nil, fmt.Errorf("%d random points: want at least 1", points)
	}
	p := newProgress(progress, 0, int64(2*len(settings)*points))
	rows, err := random[float32](ctx, points, p, evaluateBuiltIn[float32])
	if err != nil {
		return nil, err
	}
	rows64, err := random[float64](ctx, points, p, evaluateBuiltIn[float64])
	return append(rows, rows64...), err
}

// batch is a vector of points, with their results.
type batch[T loss.Float] struct {
	input, target, weight, posWeight []T // weight and posWeight are nil if the setting has none
	loss, grad                       []T
}

// evaluateBuiltIn computes a batch with package loss.
func evaluateBuiltIn[T loss.Float](b *batch[T]) error {
	l := loss.BCEWithLogitsLoss[T]{Reduction: loss.None}
	if b.weight != nil {
		w := loss.Vector(b.weight...)
		l.Weight = &w
	}
	if b.posWeight != nil {
		p := loss.Vector(b.posWeight...)
		l.PosWeight = &p
	}
	x, t := loss.Vector(b.input...), loss.Vector(b.target...)
	if err := l.ForwardInto(b.loss, x, t); err != nil {
		return err
	}
	return l.GradInputInto(b.grad, x, t, nil)
}

const batchSize = 1 << 10

// random measures one dtype with losses that evaluate computes.
func random[T loss.Float](ctx context.Context, points int, p *progress, evaluate func(*batch[T]) error) ([]RandomRow, error) {
	var rows []RandomRow
	batches := (points + batchSize - 1) / batchSize
	for k, s := range settings {
		l, g := s.rows(formatOf[T]())
		var mu sync.Mutex
		err := parallel(ctx, Options{}.workers(), batches, func(context.Context) func(i int) error {
			return func(i int) error {
				n := min(batchSize, points-i*batchSize)
				b := draw[T](s, rand.New(rand.NewPCG(uint64(k), uint64(i))), n)
				if err := evaluate(b); err != nil {
					return err
				}
				partLoss, partGrad := s.rows(formatOf[T]())
				for j := range n {
					b.measure(j, &partLoss, &partGrad)
				}
				p.add(int64(n))
				mu.Lock()
				defer mu.Unlock()
				l.add(partLoss)
				g.add(partGrad)
				return nil
			}
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
	limit := f.limit
	if f.single && !s.soft && !s.weight && !s.posWeight {
		limit = MaxULP32
	}
	row := RandomRow{DType: f.name, Setting: s.name, Limit: limit}
	loss, grad = row, row
	loss.Output, grad.Output = "loss", "gradient"
	return loss, grad
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
	sign := func(v float64) float64 { return math.Copysign(v, rng.Float64()-0.5) }
	power := func(lo, hi float64) T { return T(math.Pow(10, lo+(hi-lo)*rng.Float64())) }
	for i := range n {
		kind := rng.IntN(5)
		if s.extreme {
			kind = rng.IntN(6)
		}
		switch kind {
		case 0:
			b.input[i] = T(2 * rng.NormFloat64())
		case 1:
			b.input[i] = T(sign(40 * rng.Float64()))
		case 2:
			b.input[i] = T(sign(f.normalExp * rng.Float64()))
		case 3:
			b.input[i] = T(sign(math.Pow(10, f.minPower*rng.Float64())))
		case 4:
			b.input[i] = T(sign(math.Pow(10, 4+(f.maxPower-4)*rng.Float64())))
		case 5:
			b.input[i] = T(sign(f.subnormalExp + 50*(rng.Float64()-0.1)))
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

// measure compares the results of point i with the oracle.
func (b *batch[T]) measure(i int, l, g *RandomRow) {
	f := formatOf[T]()
	x, t, w, p := float64(b.input[i]), float64(b.target[i]), 1.0, 1.0
	if b.weight != nil {
		w = float64(b.weight[i])
	}
	if b.posWeight != nil {
		p = float64(b.posWeight[i])
	}
	values := precise(math.Abs(x))
	one := ddOf(w).mul(ddOf(p)).mul(ddOf(t))
	zero := ddOf(w).mul(twoSum(1, -t))
	if l.measure(f, float64(b.loss[i]), zero, one, values.of(Output{One: false}, x < 0), values.of(Output{One: true}, x < 0)) {
		l.At = b.describe(i)
	}
	if g.measure(f, float64(b.grad[i]), zero, one.neg(),
		values.of(Output{Gradient: true}, x < 0), values.of(Output{Gradient: true, One: true}, x < 0)) {
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

// measure compares a result with zero·f0 + one·f1 and reports whether its error is the
// largest so far.
func (r *RandomRow) measure(f format, got float64, zero, one dd, f0, f1 scaled) bool {
	r.Points++
	if math.IsNaN(got) || math.IsInf(got, 0) {
		r.WrongClass++
		return false
	}
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
	d := math.Abs(exact.m.sub(ddOf(math.Ldexp(got, exact.k))).hi) / math.Ldexp(1, f.ulpExponent(magnitude, exact.k))
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
	limit          float64
	digits, minExp int // of the significand; the exponent of the smallest subnormal number
	// exp(-normalExp), and its products with weights, are normal numbers; exp(-subnormalExp) is
	// about the largest subnormal one.
	normalExp, subnormalExp float64
	minPower, maxPower      float64 // of ten: the range of logits
}

func formatOf[T loss.Float]() format {
	if _, single := any(T(0)).(float32); single {
		return format{name: "float32", single: true, limit: MaxULPWeighted32, digits: 24, minExp: -149, normalExp: 87, subnormalExp: 87.3, minPower: -44, maxPower: 25}
	}
	return format{name: "float64", limit: MaxULP64, digits: 53, minExp: -1074, normalExp: 600, subnormalExp: 708.4, minPower: -300, maxPower: 290}
}

// ulpExponent returns e such that the spacing of the dtype at v·2⁻ᵏ is 2^(e-k).
func (f format) ulpExponent(v float64, k int) int {
	_, exponent := math.Frexp(v) // v = m·2^exponent, m in [1/2, 1)
	if v == 0 {
		return f.minExp + k
	}
	return max(exponent-f.digits, f.minExp+k)
}
