package sweep

import "math"

// rowOracle has what the losses and gradients of a row of CrossEntropyLoss consist of, with the names of fixtures/README.md: for each class c
//
//	d[c] = max x - x[c]    n[c] = d[c] + log Σ exp(-d)    p[c] = exp(-d[c]) / Σ exp(-d)    q[c] = 1 - p[c]
//
// The relative error of each is below 2⁻⁸⁵, but for the p and q that lie below 2⁻⁹⁰⁰. With coefficients a ≥ 0 of the n
//
//	loss = Σ a[c]·n[c]    gradient in x[c] = p[c]·Σ a[k] - q[c]·a[c]    the sum over k ≠ c
type rowOracle struct {
	n, p, q []dd
	// conditionN, conditionP and conditionQ are what an error of one ULP in each d does to n, p and q; 0 in float32,
	// whose d are formed in float64.
	conditionN             float64
	conditionP, conditionQ []float64
}

func newRowOracle(x []float64, f format) *rowOracle {
	top := 0
	for c := range x {
		if x[c] > x[top] {
			top = c
		}
	}
	d, e := make([]dd, len(x)), make([]dd, len(x))
	for c := range x {
		d[c] = twoSum(x[top], -x[c])
		if d[c].hi <= 2000 {
			m, k := expMinus(d[c])
			e[c] = scaled{m, k}.value()
		}
	}
	others := sumsOfOthers(e) // where c is the largest, what is left of it: a difference would cancel
	sum := others[top].add(ddOf(1))
	logSum := logarithm(sum)
	if others[top].hi <= 1 {
		logSum = log1p(others[top])
	}
	o := &rowOracle{}
	ulps := make([]float64, len(x))
	for c := range x {
		o.n = append(o.n, d[c].add(logSum))
		o.p = append(o.p, e[c].div(sum))
		o.q = append(o.q, others[c].div(sum))
		if !f.single {
			ulps[c] = math.Ldexp(1, f.ulpExponent(d[c].hi, 0))
			o.conditionN += o.p[c].hi * ulps[c]
		}
	}
	var total []dd
	for c := range x {
		o.conditionP = append(o.conditionP, o.p[c].hi*(ulps[c]+o.conditionN))
		total = append(total, ddOf(o.conditionP[c]))
	}
	for _, v := range sumsOfOthers(total) {
		o.conditionQ = append(o.conditionQ, v.hi)
	}
	return o
}

// loss returns the loss with the coefficients a, and the unit of its error.
func (o *rowOracle) loss(a []dd, f format) (exact dd, unit float64) {
	factors := 0.0
	for c := range a {
		exact = exact.add(a[c].mul(o.n[c]))
		factors += a[c].hi
	}
	return exact, f.unit(exact.hi) + factors*o.conditionN
}

// grad returns the gradient in the logit of class c, which has the coefficient a, and all others together others, and the unit of its error.
func (o *rowOracle) grad(c int, a, others dd, f format) (exact dd, unit float64) {
	up, down := others.mul(o.p[c]), a.mul(o.q[c])
	return up.sub(down), f.unit(up.hi+down.hi) + others.hi*o.conditionP[c] + a.hi*o.conditionQ[c]
}

// unit returns the spacing of the dtype at v.
func (f format) unit(v float64) float64 { return math.Ldexp(1, f.ulpExponent(v, 0)) }

// sumsOfOthers returns for each number the sum of all others, which are not negative: so none of it is a difference.
func sumsOfOthers(values []dd) []dd {
	sums := make([]dd, len(values))
	var before, behind dd
	for i, v := range values {
		sums[i] = before
		before = before.add(v)
	}
	for i := len(values) - 1; i >= 0; i-- {
		sums[i] = sums[i].add(behind)
		behind = behind.add(values[i])
	}
	return sums
}
