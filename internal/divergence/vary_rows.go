package divergence

import (
	"math"
	"slices"

	"lossproof/internal/definition"
	"lossproof/ports"
)

// The functions here make variations of CrossEntropyLoss, and of what goes across classes.

// targetWeights are the weights of the class indices that are not ignored.
func targetWeights(a *arguments) []float64 {
	var weights []float64
	a.Each(func(i int, u *unit) {
		if !a.Probabilities && !a.Ignores(a.Target.Values[i]) && len(u.W) > 0 {
			weights = append(weights, u.W[u.Class].Value())
		}
	})
	return weights
}

// ignoring makes ignored rows of some class indices.
func ignoring(a *arguments, is func(y float64) bool) {
	a.Target.Map(func(y float64) float64 {
		if is(y) {
			return float64(a.IgnoreIndex)
		}
		return y
	})
}

// asClassZero takes an ignored row for one of class 0.
func asClassZero(u *unit) {
	if len(u.X) > 0 && u.Ignored {
		u.Ignored, u.Class = false, 0
	}
}

// uncheckedIndices is the check without the range of class indices.
func uncheckedIndices(a *arguments) *ports.Rejected {
	if a.Target.DType.IsFloat() || definition.Size(a.Input.Shape) == 0 {
		return definition.CheckCrossEntropy(a)
	}
	return withoutValues(a.Target, func() *ports.Rejected { return definition.CheckCrossEntropy(a) })
}

// withoutValues checks with zeros for the values of an operand.
func withoutValues(o *operand, check func() *ports.Rejected) *ports.Rejected {
	values := o.Values
	defer func() { o.Values = values }()
	o.Values = make([]float64, len(values))
	return check()
}

// indexing maps class indices that are out of range and not ignored, and refuses none.
func indexing(to func(y, classes int) int) variation {
	return all(checking(uncheckedIndices), preparing(func(a *arguments) {
		classes := a.Classes()
		if a.Probabilities || classes == 0 {
			return
		}
		a.Target.Map(func(y float64) float64 {
			if a.Ignores(y) || y >= 0 && y < float64(classes) {
				return y
			}
			return float64(to(int(y), classes))
		})
	}))
}

// smoothed are coefficients with a uniform part of one's own.
func smoothed(uniform func(u *unit, c int) number) variation {
	return func(l *loss) {
		l.Coefficients = func(u *unit) {
			e := u.Smoothing
			if u.Ignored || e == 0 {
				definition.ClassCoefficients(u)
				return
			}
			u.Smoothing = 0
			definition.ClassCoefficients(u)
			u.Smoothing = e
			for c, a := range u.A {
				u.A[c] = a.Scale(1 - e).Add(uniform(u, c))
			}
		}
	}
}

// mostProbable is the class with the largest class probability.
func mostProbable(u *unit) int {
	top := 0
	for c, t := range u.T {
		if t.Value() > u.T[top].Value() {
			top = c
		}
	}
	return top
}

// sigmoids are -log(sigmoid(x)) of each class.
func sigmoids(u *unit) {
	for _, x := range u.X {
		u.F = append(u.F, x.Neg().Softplus())
	}
}

// ofExps takes -log p as log(sum exp(x-shift)) - (x-shift), in the dtype of the input. No shift has
// a derivative on paper.
func ofExps(shift func(u *unit) number) variation {
	return computing(func(u *unit) {
		s, sum := shift(u), u.Number(0)
		for _, x := range u.X {
			shifted := x.Sub(s).Round(u.DType)
			u.F = append(u.F, shifted)
			sum = sum.Add(expOf(u, shifted)).Round(u.DType)
		}
		for c, shifted := range u.F {
			u.F[c] = minusLog(u, sum, 0).Add(shifted).Round(u.DType).Neg()
		}
	})
}

// ofSoftmax takes -log(p+ε) in the dtype of the input, of the softmax p in [low, 1-low].
func ofSoftmax(low, epsilon amount) variation {
	return computing(func(u *unit) {
		low := low.of(u.DType)
		definition.ClassFunctions(u)
		for c, nll := range u.F {
			p := nll.Neg().Exp().Round(u.DType).Clamp(low, u.DType.Format().Round(1-low))
			u.F[c] = minusLog(u, p, epsilon)
		}
		apart(u, u.A...)
	})
}

// rowSlope is a gradient in a logit made of the softmax p, the coefficient a of the class and the
// sum of those of the row.
func rowSlope(slopeOf func(e element, p, a, sum float64) float64) variation {
	return sloping(ports.GradInput, func(u *unit, slope []float64) {
		e, sum := element{dtype: u.DType}, definition.Sum(u.Number(0), u.A...).Value()
		for c := range slope {
			if !u.Ignored {
				slope[c] = slopeOf(e, math.Exp(-u.F[c].Value()), u.A[c].Value(), sum)
			}
		}
	})
}

// acrossClasses changes the rows of the input's last dimension.
func acrossClasses(change func(row []number)) variation {
	return preparing(func(a *arguments) {
		n := 1
		if rank := len(a.Input.Shape); rank > 0 {
			n = a.Input.Shape[rank-1]
		}
		x := a.Input.Numbers()
		for row := range slices.Chunk(x, max(n, 1)) {
			change(row)
		}
		a.Input.Set(a.Input.Shape, x)
	})
}

// logitsOfSoftmax replaces a row by the logits of its softmax: x - log(sum of the others' exp).
func logitsOfSoftmax(row []number) {
	n := len(row)
	others := make([]number, n) // what comes before, then what comes after, too
	var before, after number
	for i, x := range row {
		others[i] = before
		before = logAddExp(before, x)
	}
	for i := n - 1; i >= 0; i-- {
		x := row[i]
		if all := logAddExp(others[i], after); all.Given() {
			row[i] = x.Sub(all)
		} else {
			row[i] = x.Sub(x.Of(math.Inf(-1))).Detach() // the softmax of one class is 1
		}
		after = logAddExp(after, x)
	}
}

// logAddExp is log(exp(a) + exp(b)); one of them need not be given.
func logAddExp(a, b number) number {
	switch {
	case !a.Given() || !b.Given():
		return a.Or(b)
	case a.Value() < b.Value():
		a, b = b, a
	}
	if math.IsInf(b.Value(), -1) {
		return a
	}
	return a.Add(b.Sub(a).Softplus())
}

// shiftToZero subtracts the largest of a row from all of it.
func shiftToZero(row []number) {
	largest := slices.MaxFunc(row, func(a, b number) int {
		if a.Value() > b.Value() || math.IsNaN(a.Value()) {
			return 1
		}
		return -1
	})
	for i := range row {
		row[i] = row[i].Sub(largest)
	}
}
