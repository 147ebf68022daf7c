package laws

import (
	"math"

	"lossproof/judge/verdict"
	"lossproof/ports"
)

// softmaxRow is what the allowance of CrossEntropyLoss needs of a row: -log_softmax, softmax and 1-softmax,
// and what the rounding of the differences of logits, which everybody has to form, adds to an error of them.
type softmaxRow struct {
	nll, p, rest []float64
	ofNLL        float64
	ofP, ofRest  []float64
	a, share     []float64
	sum, largest float64
}

// ofRows is [allowance.of] for CrossEntropyLoss.
func (al allowance) ofRows(c call, output string) []float64 {
	classes := c.classes()
	rows := len(c.x.values) / max(classes, 1)
	n := count(c.shape(output))
	sums, m, amplified := make([]float64, n), make([]float64, n), make([]float64, n)
	added := classes
	switch {
	case output == ports.GradWeight || output == ports.Loss && c.reduction != none, c.reduction == mean && c.w != nil:
		added *= rows
	}
	k := al.k(added)
	weigh := func(i int) float64 { return math.Abs(c.classWeight(i % classes)) }
	place := c.place(output)
	for r := range rows {
		if c.ignored(r) { // not even the ulp of 0
			continue
		}
		row := c.softmaxRow(r)
		u := 1.0
		if c.u != nil {
			u = math.Abs(c.u.values[c.lossAt(r*classes)])
		}
		amplification := 0.0
		for i := range classes {
			a := max(1, weigh(r*classes+i)) * max(1, row.share[i])
			if output != ports.Loss {
				a *= max(1, u)
			}
			amplification += a
		}
		for i := range classes {
			at := r*classes + i
			j := place(at)
			w := weigh(at)
			allowed := func(coefficient, f, rounded float64) float64 {
				if coefficient == 0 {
					return 0
				}
				return coefficient * (k*verdict.ULP(c.dtype, f) + rounded)
			}
			own := max(1, w) * max(1, row.share[i])
			switch output {
			case ports.Loss:
				sums[j] += allowed(row.a[i], row.nll[i], row.ofNLL)
				m[j] += row.a[i] * (1 + row.largest)
				amplified[j] += own
			case ports.GradInput:
				sums[j] += allowed(u*(row.sum-row.a[i]), row.p[i], row.ofP[i]) + allowed(u*row.a[i], row.rest[i], row.ofRest[i])
				m[j] += u * row.sum
				amplified[j] += amplification
			default:
				coefficient := w
				if output == ports.GradWeight {
					coefficient = row.share[i]
				}
				sums[j] += allowed(u*coefficient, row.nll[i], row.ofNLL)
				m[j] += u * coefficient * (1 + row.largest)
				amplified[j] += own * max(1, u)
			}
		}
	}
	bound := al.bound(c, output)
	for j := range sums {
		sums[j] = bound(k, sums[j], m[j], amplified[j])
	}
	return sums
}

// softmaxRow computes a row.
func (c call) softmaxRow(r int) softmaxRow {
	classes := c.classes()
	x := c.x.values[r*classes : (r+1)*classes]
	row := softmaxRow{
		nll: make([]float64, classes), p: make([]float64, classes), rest: make([]float64, classes),
		ofP: make([]float64, classes), ofRest: make([]float64, classes), a: make([]float64, classes), share: make([]float64, classes),
	}
	top := 0
	for i := range x {
		row.largest = max(row.largest, math.Abs(x[i]))
		if x[i] > x[top] {
			top = i
		}
	}
	others := 0.0
	for i := range x {
		if row.p[i] = math.Exp(x[i] - x[top]); i != top {
			others += row.p[i]
		}
	}
	wrong := make([]float64, classes)
	for i := range x {
		row.nll[i] = x[top] - x[i] + math.Log1p(others)
		row.p[i] /= 1 + others
		if row.p[i] != 0 {
			wrong[i] = row.p[i] * verdict.ULP(c.dtype, x[top]-x[i])
		}
		row.ofNLL += wrong[i]
	}
	for i := range x {
		row.ofP[i] = wrong[i] + row.p[i]*row.ofNLL
	}
	for i := range x {
		for j := range x {
			if j != i {
				row.rest[i] += row.p[j]
				row.ofRest[i] += row.ofP[j]
			}
		}
		if row.p[i] <= 0.5 { // which binade it is in matters
			row.rest[i] = 1 - row.p[i]
		}
		t := 1.0
		if !c.indices {
			t = math.Abs(c.t.values[r*classes+i])
		}
		row.share[i] = (1-c.smoothing)*t + c.smoothing/float64(classes)
		row.a[i] = math.Abs(c.coefficient(r, i))
		row.sum += row.a[i]
	}
	return row
}

// classWeight is the weight of a class.
func (c call) classWeight(class int) float64 {
	if c.w == nil {
		return 1
	}
	return c.w.values[class]
}

// coefficient is what a class of a row counts.
func (c call) coefficient(r, class int) float64 {
	t := 0.0
	switch {
	case !c.indices:
		t = c.t.values[r*c.classes()+class]
	case int(c.t.values[r]) == class:
		t = 1
	}
	return c.classWeight(class) * ((1-c.smoothing)*t + c.smoothing/float64(c.classes()))
}
