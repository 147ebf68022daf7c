package loss

import (
	"math"

	"lossproof/loss/internal/kernel"
)

// nearest computes single results of a job that was run, in pairs of numbers.
type nearest[T Float] struct {
	*job[T]
	// Of the row rowAt of classes, -1 for none yet: the largest logit, Σ exp(x-m) without one that is 1, 1 more, and the sum of the coefficients.
	rowAt       int
	m           float64
	rest, total kernel.Pair
	sum         kernel.Pair
}

// one returns the only element of an operand of one element, 1 where it is absent.
func one[T Float](operand []T) float64 {
	if len(operand) == 0 {
		return 1
	}
	return float64(operand[0])
}

// scaled returns v times the upstream gradient u, divided as the reduction says.
func (n *nearest[T]) scaled(v kernel.Pair, u float64) kernel.Pair {
	return v.Times(u).Over(kernel.Pair{High: n.div})
}

// loss returns element i of the losses that are not reduced.
func (n *nearest[T]) loss(i int) kernel.Pair {
	switch {
	case n.kind == ofClasses:
		return n.rowLoss(i)
	case !n.perRow:
		return n.scaled(n.elementLoss(i), 1)
	}
	var sum kernel.Pair
	for k := range n.length {
		sum = sum.Plus(n.elementLoss(i*n.length + k))
	}
	return n.scaled(sum, 1)
}

func (n *nearest[T]) elementLoss(i int) kernel.Pair {
	s := n.segment(i, i+1)
	if n.kind == ofProbabilities {
		return kernel.ProbabilityLoss(float64(s.Input[0]), float64(s.Target[0]), one(s.Weight))
	}
	return kernel.LogitLoss(float64(s.Input[0]), float64(s.Target[0]), one(s.Weight), one(s.PosWeight))
}

func (n *nearest[T]) gradInput(i int) kernel.Pair {
	if n.kind == ofClasses {
		return n.classGradInput(i)
	}
	s := n.segment(i, i+1)
	u := one(n.upstream.of(s))
	if n.kind == ofProbabilities {
		return n.scaled(kernel.ProbabilityGrad(float64(s.Input[0]), float64(s.Target[0]), one(s.Weight)), u)
	}
	return n.scaled(kernel.LogitGrad(float64(s.Input[0]), float64(s.Target[0]), one(s.Weight), one(s.PosWeight)), u)
}

func (n *nearest[T]) gradTarget(i int) kernel.Pair {
	if n.kind == ofClasses {
		row, class := n.classAt(i)
		n.seeRow(row)
		v := n.negativeLog(row, class).Times(n.weightOf(class)).TimesPair(kernel.OneMinus(n.smoothing))
		return n.scaled(v, n.upstream.number(row))
	}
	s := n.segment(i, i+1)
	u := one(n.upstream.of(s))
	if n.kind == ofProbabilities {
		return n.scaled(kernel.ProbabilityGradTarget(float64(s.Input[0]), one(s.Weight)), u)
	}
	return n.scaled(kernel.LogitGradTarget(float64(s.Input[0]), one(s.Weight), one(s.PosWeight)), u)
}

// classAt returns the row and the class of element i of the logits.
func (n *nearest[T]) classAt(i int) (row, class int) {
	return i/(n.classes*n.stride)*n.stride + i%n.stride, i / n.stride % n.classes
}

// logit returns the logit of a class of a row.
func (n *nearest[T]) logit(row, class int) float64 { return float64(n.input[n.element(row, class)]) }

// element returns where a class of a row is.
func (n *nearest[T]) element(row, class int) int {
	return (row/n.stride*n.classes+class)*n.stride + row%n.stride
}

// seeRow computes what all classes of a row need.
func (n *nearest[T]) seeRow(row int) {
	if n.rowAt == row {
		return
	}
	n.rowAt, n.m = row, math.Inf(-1)
	for c := range n.classes {
		n.m = max(n.m, n.logit(row, c))
	}
	n.rest, n.total = kernel.Pair{}, kernel.Pair{}
	ties, alone := -1, n.byIndex && n.smoothing == 0 // a class alone has a coefficient
	if alone && n.indices[row] != n.ignore {
		n.total = n.coefficient(row, int(n.indices[row]))
	}
	for c := range n.classes {
		if x := n.logit(row, c); x == n.m {
			ties++
		} else {
			n.rest = n.rest.Plus(kernel.Pair{High: kernel.ExpPair(n.m - x)})
		}
		if !alone {
			n.total = n.total.Plus(n.coefficient(row, c))
		}
	}
	n.rest = n.rest.Plus(kernel.Pair{High: float64(ties)})
	n.sum = n.rest.Plus(kernel.Pair{High: 1})
}

// coefficient returns what a class of a row counts.
func (n *nearest[T]) coefficient(row, class int) kernel.Pair {
	keep, even := kernel.OneMinus(n.smoothing), kernel.Pair{High: n.smoothing}.Over(kernel.Pair{High: float64(n.classes)})
	switch {
	case !n.byIndex:
		even = even.Plus(keep.Times(float64(n.target[n.element(row, class)])))
	case int(n.indices[row]) == class:
		even = even.Plus(keep)
	case n.smoothing == 0:
		return kernel.Pair{}
	}
	return even.Times(n.weightOf(class))
}

// negativeLog returns -log p of a class of a row.
func (n *nearest[T]) negativeLog(row, class int) kernel.Pair {
	return kernel.Pair{High: n.m}.Minus(kernel.Pair{High: n.logit(row, class)}).Plus(kernel.Pair{High: math.Log1p(n.rest.High + n.rest.Low)})
}

func (n *nearest[T]) rowLoss(row int) kernel.Pair {
	n.seeRow(row)
	var sum kernel.Pair
	for c := range n.classes {
		if a := n.coefficient(row, c); a.High != 0 {
			sum = sum.Plus(n.negativeLog(row, c).TimesPair(a))
		}
	}
	return sum
}

func (n *nearest[T]) classGradInput(i int) kernel.Pair {
	row, class := n.classAt(i)
	n.seeRow(row)
	a, e, rest := n.coefficient(row, class), 1.0, n.rest
	if x := n.logit(row, class); x != n.m {
		e = kernel.ExpPair(n.m - x)
		rest = rest.Plus(kernel.OneMinus(e))
	}
	v := n.total.Minus(a).Times(e).Minus(rest.TimesPair(a)).Over(n.sum)
	return n.scaled(v, n.upstream.number(row))
}
