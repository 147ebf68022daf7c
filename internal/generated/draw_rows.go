package generated

import (
	"math"
	"slices"

	"lossproof/internal/claim"
	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// row is a row of CrossEntropyLoss: logits, and the class index or the class probabilities.
type row struct {
	x, t []float64
	y    int
}

// fewClasses is the largest number of classes of rows that come again and again; rows of more are each
// drawn for themselves.
const fewClasses = 32

// drawRows draws a call of CrossEntropyLoss.
func (d *drawer) drawRows(c *ports.Call) {
	shape := d.rowShape()
	of := tensor.ClassesOf(shape)
	n := definition.Size(shape) / of.Count
	probable := d.probabilities || !d.may(claim.IntegerTargets) ||
		// so that the weights of all classes count
		d.weight && d.along == classes && d.may(claim.ClassProbabilities) && d.rng.IntN(2) == 0
	x, t := make([]float64, n*of.Count), make([]float64, 0, n)
	if probable {
		t = make([]float64, n*of.Count)
	}
	index, given := d.ignoreIndex(of.Count)
	put := d.rowsOf(n, of.Count, probable)
	ignored := d.ignoredRows(n)
	inner := definition.Size(shape[min(2, len(shape)):])
	for i := range n {
		r := put(i)
		for k, v := range r.x {
			at := (i/inner*of.Count+k)*inner + i%inner
			x[at] = v
			if probable {
				t[at] = r.t[k]
			}
		}
		switch {
		case probable:
		case ignored != nil && ignored[i]:
			t = append(t, float64(index))
		case d.ignored && r.y == int(index):
			t = append(t, float64((r.y+1)%of.Count))
		default:
			t = append(t, float64(r.y))
		}
	}
	d.set(c, ports.Input, x, shape...)
	if probable {
		d.set(c, ports.Target, t, shape...)
	} else {
		rest, _ := definition.Without(shape, min(1, len(shape)-1))
		c.Inputs[ports.Target] = tensor.FromValues(tensor.Int64, t, rest...)
	}
	if d.weight {
		d.set(c, ports.Weight, d.weights(of.Count), of.Count)
	}
	if given {
		c.Options.IgnoreIndex = &index
	}
	if d.smoothing {
		e := d.eighths(0.125, 0.875)
		c.Options.LabelSmoothing = &e
	}
}

func (d *drawer) rowShape() []int {
	switch n := d.size; d.along {
	case classes, vocabularies:
		return []int{d.small(n, 1, 3), n}
	case places:
		classes := d.small(2*n, 2, 5)
		if height := one(d.shapes, 2, 3, 7, 16); d.shapes.IntN(2) == 0 && n > 2*height {
			return []int{d.small(n*classes, 1, 3), classes, height, n / height}
		}
		return []int{d.small(n*classes, 1, 3), classes, n}
	default:
		return []int{n, d.small(n, 2, 9)}
	}
}

// ignoreIndex is the class index of ignored rows, and whether the option is given.
func (d *drawer) ignoreIndex(classes int) (index int64, given bool) {
	if !d.ignored {
		return ports.DefaultIgnoreIndex, false
	}
	switch d.rng.IntN(3) {
	case 0:
		return ports.DefaultIgnoreIndex, false
	case 1:
		return -1, true
	}
	return int64(d.rng.IntN(classes)), true
}

// ignoredRows says which rows are ignored: a few, most, or whole blocks, but not all.
func (d *drawer) ignoredRows(n int) []bool {
	if !d.ignored {
		return nil
	}
	ignored := make([]bool, n)
	switch share := one(d.rng, 0.1, 0.9, 0); share {
	case 0:
		block := 8 << d.rng.IntN(10)
		for i := range ignored {
			ignored[i] = i/block%2 == 1
		}
		if d.rng.IntN(2) == 0 {
			for i := range ignored {
				ignored[i] = !ignored[i]
			}
		}
	default:
		for i := range ignored {
			ignored[i] = d.rng.Float64() < share
		}
	}
	if !slices.Contains(ignored, false) {
		ignored[d.rng.IntN(n)] = false
	}
	return ignored
}

// rowsOf returns the rows of a call.
func (d *drawer) rowsOf(n, classes int, probable bool) func(i int) row {
	if classes > fewClasses {
		return func(int) row { return d.longRow(classes, probable) }
	}
	common, special := make([]row, commonKinds), map[int]row{}
	for i := range common {
		common[i] = d.shortRow(classes, probable)
	}
	for _, i := range d.spots(n, d.specialKinds(d.reduction != none)) {
		special[i] = d.specialRow(n, classes, probable)
	}
	return func(i int) row {
		if r, is := special[i]; is {
			return r
		}
		return common[d.rng.IntN(commonKinds)]
	}
}

// shortRow is a row of a few classes.
func (d *drawer) shortRow(classes int, probable bool) row {
	r := row{x: make([]float64, classes), y: d.rng.IntN(classes)}
	size := 1.0
	if d.reduction == none {
		size = one(d.rng, 1.0, 1, 3, 10)
	}
	for k := range r.x {
		r.x[k] = d.eighths(-2, 2) * size
		if d.zeros && d.rng.IntN(2) == 0 {
			r.x[k] = d.zero()
		}
	}
	return d.finished(r, probable)
}

// specialRow is a row of a few classes that shows: where n losses are added up, of a large one.
func (d *drawer) specialRow(n, classes int, probable bool) row {
	r := row{x: make([]float64, classes), y: d.rng.IntN(classes)}
	if d.tiny {
		return d.finished(d.tinyRow(r), probable)
	}
	size := 20 + 30*d.rng.Float64()
	if d.reduction != none {
		size = max(size, d.outstanding(n))
	}
	r.x[(r.y+1)%classes] = math.Round(size)
	return d.finished(r, probable)
}

// tinyRow makes the logits of a row subnormal, or the probabilities of all classes but one.
func (d *drawer) tinyRow(r row) row {
	top := d.rng.IntN(len(r.x))
	subnormal := d.rng.IntN(2) == 0
	for k := range r.x {
		switch {
		case subnormal:
			r.x[k] = d.subnormal() * one(d.rng, 1.0, -1)
		case k != top:
			r.x[k] = -d.gap()
		}
	}
	return r
}

// longRow is a row of many classes: small logits, and a few that outweigh them.
func (d *drawer) longRow(classes int, probable bool) row {
	r := row{x: make([]float64, classes), y: d.rng.IntN(classes)}
	for k := range r.x {
		r.x[k] = float64(d.rng.IntN(17)-8) / 8
	}
	spots := d.spots(classes, specials)
	top := math.Round(math.Log(float64(classes)))
	for _, k := range spots {
		r.x[k] = top + d.eighths(-1, 3)
	}
	if d.rng.IntN(2) == 0 && !(d.smoothing && d.dtype.IsHalf()) { // far apart
		for k := range r.x {
			r.x[k] *= 16
		}
		r.x[one(d.rng, spots...)] += 100
	}
	if d.rng.IntN(3) > 0 {
		r.y = one(d.rng, spots...)
	}
	return d.finished(r, probable)
}

// finished gives a row what its subject is about, and class probabilities.
func (d *drawer) finished(r row, probable bool) row {
	switch {
	case d.masked:
		d.mask(&r)
	case d.offset:
		d.shift(&r)
	case d.uneven:
		size, most := math.Pow(10, float64(d.rng.IntN(13)-6)), d.format.Largest()/4
		if d.reduction != none {
			most /= float64(d.size) // of float16, whose sums end at 65504
		}
		for k, v := range r.x {
			r.x[k] = d.format.Round(max(-most, min(v*size, most)))
		}
	}
	if probable {
		r.t = d.probabilitiesOf(r)
	}
	return r
}

// mask takes classes out: a few, whole tiles, or all but the target, which is left. Of lost rows it takes
// all, or the target.
func (d *drawer) mask(r *row) {
	classes := len(r.x)
	masked := func(int) bool { return d.rng.IntN(8) == 0 }
	switch tile := 1 << d.rng.IntN(13); d.rng.IntN(4) {
	case 0:
	case 1: // the first tiles
		end := min(classes-1, tile*(1+d.rng.IntN(3)))
		masked = func(k int) bool { return k < end }
	case 2: // every second tile
		first := d.rng.IntN(2)
		masked = func(k int) bool { return k/tile%2 == first }
	case 3:
		masked = func(k int) bool { return k != r.y }
	}
	lost := d.lost && d.rng.IntN(4) == 0
	if lost && d.rng.IntN(2) == 0 {
		masked = func(int) bool { return true }
	}
	var left []int
	for k := range r.x {
		if masked(k) {
			r.x[k] = math.Inf(-1)
		} else {
			left = append(left, k)
		}
	}
	switch {
	case lost:
		r.x[r.y] = math.Inf(-1)
	case len(left) == 0:
		r.x[r.y] = 0
	case !slices.Contains(left, r.y):
		r.y = one(d.rng, left...)
	}
}

// shift adds a large number to the logits of a row, in whose neighborhood they are made as far apart as
// the dtype can tell.
func (d *drawer) shift(r *row) {
	most := 8
	if d.dtype == tensor.Float16 {
		most = 4
	}
	by := one(d.rng, 1.0, -1) * math.Pow(10, float64(1+d.rng.IntN(most)))
	unit := max(1, 2*d.format.ULP(by))
	for k, v := range r.x {
		r.x[k] = d.format.Round(by + v*unit)
	}
}

// probabilitiesOf draws class probabilities that add to 1, exactly: a share for many classes, the rest
// for a few.
func (d *drawer) probabilitiesOf(r row) []float64 {
	classes := len(r.x)
	t := make([]float64, classes)
	if !d.may(claim.SoftTargets) {
		t[r.y] = 1
		return t
	}
	unit, left := 0x1p-20, 0x1p20
	if classes <= fewClasses {
		unit, left = 0x1p-7, 0x1p7
	}
	if d.rng.IntN(3) > 0 && !(d.dtype.IsHalf() && classes > fewClasses) { // which has no room for many
		for k := range t {
			share := float64(d.rng.IntN(3))
			t[k], left = share*unit, left-share
		}
	}
	spots := d.spots(classes, 4)
	for i, k := range spots {
		share := left
		if i < len(spots)-1 {
			share = math.Floor(left * float64(1+d.rng.IntN(3)) / 4)
		}
		t[k] += share * unit
		left -= share
	}
	return t
}
