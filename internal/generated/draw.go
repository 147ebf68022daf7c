package generated

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"lossproof/internal/claim"
	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// The reductions.
const (
	none = "none"
	mean = "mean"
	sum  = "sum"
)

// drawer draws a call.
type drawer struct {
	*subject
	rng *rand.Rand
	// shapes is what shapes are drawn from: rng, where they need not be few.
	shapes    *rand.Rand
	module    string
	dtype     tensor.DType
	format    tensor.Format
	reduction string
	// size is what the subject counts, limit bounds the elements of the input.
	size, limit int
	// may reports whether a claim lets a call have what a word names.
	may func(word string) bool
}

// newRand returns what a check draws from; number is that of a call.
func newRand(seed uint32, id string, dtype tensor.DType, number int) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(id + " " + string(dtype) + " " + strconv.Itoa(number)))
	return rand.New(rand.NewPCG(uint64(seed), h.Sum64()))
}

// one returns one of several.
func one[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// eighths returns a multiple of 1/8 from low to high.
func (d *drawer) eighths(low, high float64) float64 {
	return low + float64(d.rng.IntN(int((high-low)*8)+1))/8
}

// call draws the call, with the outputs that it may ask for.
func (d *drawer) call(want []string) ports.Call {
	c := ports.Call{
		Module: d.module, Want: want, Inputs: map[string]tensor.Tensor{},
		Options: ports.Options{Reduction: &d.reduction},
	}
	if d.module == ports.CrossEntropyLoss {
		d.drawRows(&c)
	} else {
		d.drawElements(&c)
	}
	if d.upstream || d.reduction == none && d.may(claim.GradOutput) && d.rng.IntN(3) == 0 {
		d.drawUpstream(&c)
	}
	return c
}

func (d *drawer) set(c *ports.Call, name string, values []float64, shape ...int) {
	c.Inputs[name] = tensor.FromValues(d.dtype, values, shape...)
}

// drawUpstream sets an upstream gradient, which has the shape of the loss.
func (d *drawer) drawUpstream(c *ports.Call) {
	shape := lossShape(*c)
	values := make([]float64, definition.Size(shape))
	for i := range values {
		values[i] = one(d.rng, 0.125, 0.5, 0.75, 1, 1.5, 2.5, 4, 8)
		if d.rng.IntN(2) == 0 {
			values[i] = -values[i]
		}
	}
	d.set(c, ports.GradOutput, values, shape...)
}

// lossShape is the shape of the loss of a call.
func lossShape(c ports.Call) []int {
	shape := c.Inputs[ports.Input].Shape
	switch of := ports.ModuleOf(c.Module).LossOf; {
	case *c.Options.Reduction != none:
		return []int{}
	case of == ports.OfElement:
		return shape
	case of == ports.OfLastDimension:
		return shape[:len(shape)-1]
	}
	rest, _ := definition.Without(shape, min(1, len(shape)-1))
	return rest
}

// spots returns places for what is special among n, the last one and the first one before others: what
// begins or ends a block, powers of two and beside them, the middle, and any.
func (d *drawer) spots(n, count int) []int {
	count = min(count, max(1, n/2))
	block := 8 << d.rng.IntN(10)
	power := 1 << d.rng.IntN(max(1, math.Ilogb(float64(n))+1))
	at := []int{n - 1, 0, n / block * block, n/block*block - 1, power, power - 1, n / 2, n/2 - 1}
	for range 2 * count {
		at = append(at, d.rng.IntN(n), 1<<d.rng.IntN(18)+d.rng.IntN(3)-1)
	}
	var spots []int
	for _, i := range at {
		if i >= 0 && i < n && !slices.Contains(spots, i) && len(spots) < count {
			spots = append(spots, i)
		}
	}
	return spots
}

// small returns a size for another dimension, so that with n it stays within the limit.
func (d *drawer) small(n, least, most int) int {
	most = max(least, min(most, d.limit/max(1, n)))
	return least + d.shapes.IntN(most-least+1)
}

// Numbers of elements or rows that a call consists of: what most of it is, and what is special.
const (
	commonKinds = 32
	specials    = 12
	// specialHalves is the number of those that have a share of a sum of 16 bits that shows.
	specialHalves = 2
)

// specialKinds is the number of special elements or rows; added says that their losses are added up.
func (d *drawer) specialKinds(added bool) int {
	if d.dtype.IsHalf() && added {
		return specialHalves
	}
	return specials
}

// outstanding is a number that is large beside n numbers of about 1. With a weight of 4, two of 16 bits and
// their sum are below 65504, where float16 ends and PyTorch's sums with it.
func (d *drawer) outstanding(n int) float64 {
	if d.dtype.IsHalf() {
		return float64(n) * (1 + d.rng.Float64()/2)
	}
	return float64(n) / 8 * (1 + 3*d.rng.Float64())
}

// zero is a zero of either sign.
func (d *drawer) zero() float64 { return math.Copysign(0, one(d.rng, 1.0, -1)) }

// subnormal is a subnormal number.
func (d *drawer) subnormal() float64 {
	return float64(1+d.rng.IntN(1<<(d.format.Precision-1)-1)) * d.format.SmallestSubnormal()
}

// gap is how far logits are apart whose probability is subnormal.
func (d *drawer) gap() float64 {
	return math.Round(-math.Log(d.format.SmallestNormal())+1) + d.eighths(0, 3)
}

// drawElements draws a call of another module than CrossEntropyLoss.
func (d *drawer) drawElements(c *ports.Call) {
	shape := d.elementShape()
	n := definition.Size(shape)
	x, t := make([]float64, n), make([]float64, n)
	added := d.reduction != none || d.module == ports.MultiLabelSoftMarginLoss
	width := 1 // of what comes again: elements, or rows
	if d.along == rows {
		width = shape[1]
	}
	common := make([][2]float64, commonKinds*width)
	for i := range common {
		common[i] = d.element(added)
	}
	for i := 0; i < n; i += width {
		for k, e := range common[d.rng.IntN(commonKinds)*width:][:width] {
			x[i+k], t[i+k] = e[0], e[1]
		}
	}
	terms := n
	if d.reduction == none {
		terms = shape[len(shape)-1]
	}
	for _, i := range d.spots(n, d.specialKinds(added)) {
		x[i], t[i] = d.specialElement(added, terms)
	}
	d.set(c, ports.Input, x, shape...)
	d.set(c, ports.Target, t, shape...)
	if d.weight {
		d.drawWeight(c, ports.Weight, shape)
	}
	if d.posWeight {
		d.drawWeight(c, ports.PosWeight, shape)
	}
}

func (d *drawer) elementShape() []int {
	switch n := d.size; {
	case d.along == rows:
		return []int{n, d.small(n, 2, 5)}
	case d.along == classes:
		return []int{d.small(n, 1, 3), n}
	default:
		a, b := d.small(n, 1, 5), d.small(n, 2, 5)
		var shapes [][]int
		if d.may(claim.Rank1) {
			shapes = append(shapes, []int{n})
		}
		if n*b <= d.limit || len(shapes) == 0 {
			shapes = append(shapes, []int{n, b}, []int{b, n})
		}
		if n*a*2 <= d.limit && d.may(claim.Rank3) {
			shapes = append(shapes, []int{2, n, a}, []int{a, 2, n})
		}
		return one(d.shapes, shapes...)
	}
}

// target is the target of an element: hard, or a multiple of 1/1024.
func (d *drawer) target() float64 {
	if d.may(claim.SoftTargets) && d.rng.IntN(2) == 0 {
		return float64(d.rng.IntN(1025)) / 1024
	}
	return float64(d.rng.IntN(2))
}

// element is one of those that are common; where losses are added up, of a loss of about 1.
func (d *drawer) element(added bool) (e [2]float64) {
	t := d.target()
	if d.module == ports.BCELoss {
		unit := max(0x1p-11, d.format.Eps()/2) // so that 1-unit is a number of the dtype
		if added {                             // of a small loss, as none is above 100
			t = float64(d.rng.IntN(2))
			x := float64(1+d.rng.IntN(4)) * unit
			return [2]float64{t + (1-2*t)*x, t}
		}
		return [2]float64{float64(1+d.rng.IntN(int(1/unit)-1)) * unit, t}
	}
	if d.zeros && d.rng.IntN(2) == 0 {
		if t == 0 {
			t = d.zero()
		}
		return [2]float64{d.zero(), t}
	}
	if added {
		return [2]float64{d.eighths(-2, 2), t}
	}
	return [2]float64{d.eighths(-2, 2) * one(d.rng, 0.0, 1, 1, 2, 6, 20), t}
}

// specialElement is one that shows: where n losses are added up, one of a large loss.
func (d *drawer) specialElement(added bool, n int) (x, t float64) {
	t = float64(d.rng.IntN(2))
	if d.tiny {
		return d.tinyElement(t)
	}
	if d.module == ports.BCELoss {
		least, span := -4, 20
		switch half := d.dtype == tensor.Float16; {
		case added && half:
			least, span = -10, 4
		case added:
			least, span = -24, 14
		case half:
			span = 10
		}
		if added {
			t = 1
		}
		return d.format.Round(math.Ldexp(1+float64(d.rng.IntN(8))/8, least-d.rng.IntN(span))), t
	}
	size := 20 + 30*d.rng.Float64()
	if added {
		size = max(size, d.outstanding(n))
	}
	return math.Round(size) * (1 - 2*t), t
}

// tinyElement is one of a subnormal logit or probability. A subnormal sigmoid is none that the textbook
// formula has: 1 + exp(-x) overflows.
func (d *drawer) tinyElement(target float64) (x, t float64) {
	x = d.subnormal()
	switch {
	case d.module != ports.BCELoss:
		x *= one(d.rng, 1.0, -1)
	case math.Log(x) < -99 || 1/x > d.format.Largest()/4: // logarithms are clamped, the gradient overflows
		target = 0
	}
	return x, target
}

// weights are the weights that a call has: multiples of 1/8, so that sums of them are exact.
func (d *drawer) weights(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = one(d.rng, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4)
	}
	return values
}

// drawWeight sets weight or pos_weight, of one of the shapes that the claim has.
func (d *drawer) drawWeight(c *ports.Call, name string, shape []int) {
	last := shape[len(shape)-1]
	var shapes [][]int
	add := func(shape []int) {
		if definition.Size(shape) > 1 {
			shapes = append(shapes, shape)
		}
	}
	if name == ports.PosWeight || d.may(claim.WeightClass) {
		add([]int{last})
	}
	if (name == ports.PosWeight || d.may(claim.WeightElement)) && len(shape) > 1 && d.along == elements {
		add(shape)
		sample := slices.Repeat([]int{1}, len(shape))
		sample[len(shape)-2] = shape[len(shape)-2]
		add(sample)
	}
	if len(shapes) > 0 {
		shape = one(d.shapes, shapes...)
	}
	d.set(c, name, d.weights(definition.Size(shape)), shape...)
}
