package generated

import (
	"fmt"
	"math"

	"lossproof/internal/definition"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// finding is what came of one call.
type finding struct {
	// err says that an answer did not come.
	err    error
	answer ports.Answer
	// what says what is wrong; "" means that the answer is right.
	what string
	// headroom is the largest error as a share of what is allowed.
	headroom float64
}

func (f finding) broken() bool { return f.what != "" }

// maxWrong is the number of wrong elements that are described.
const maxWrong = 3

// compare judges each element of an output.
func (k *Checker) compare(f *finding, c *Check, e *expectation, name string, got tensor.Tensor) {
	dtype, shape := e.exact[name].DType, e.shape(name)
	switch {
	case got.DType != dtype:
		f.what = fmt.Sprintf("%s is %.20s, want %s", name, got.DType, dtype)
		return
	case !tensor.SameShape(got.Shape, shape):
		f.what = fmt.Sprintf("the shape of %s is %.200s, want %s", name, tensor.FormatShape(got.Shape), tensor.FormatShape(shape))
		return
	}
	limits := k.limits(c, e, name)
	largest, place := dtype.Format().Largest(), e.place(name)
	wrong, last, text := 0, 0, ""
	n := got.Len()
	for i, g := range got.Float64s() {
		l := &limits[place(i)]
		share, right := l.right(g, largest)
		f.headroom = max(f.headroom, share)
		if right {
			continue
		}
		if wrong++; wrong <= maxWrong {
			text += fmt.Sprintf("\n  %s%s: got %s, exact %s, off by %.3g, allowed %.3g", name, at(shape, i),
				tensor.FormatNumber(g, dtype), tensor.FormatNumber(l.high, dtype), math.Abs((g-l.high)-l.low), l.allowed)
		}
		last = i
	}
	if wrong == 0 {
		return
	}
	f.what = fmt.Sprintf("%d of %d elements of %s are wrong", wrong, n, name) + text
	if wrong > maxWrong {
		f.what += fmt.Sprintf("\n  and %d more, the last at %s", wrong-maxWrong, verdict.FormatIndex(shape, last))
	}
}

// limits returns what the elements of an output of the small call may be.
func (k *Checker) limits(c *Check, e *expectation, name string) []limit {
	allowance := e.allowed[name]
	more := newSlack(e, name, func(n float64) float64 { return n / 2 })
	switch {
	case c.subject.strict && k.options.Level == verdict.Exact:
		more = slack{}
	case c.subject.strict:
		more = newSlack(e, name, math.Log2)
	}
	limits := make([]limit, allowance.Len())
	for i := range limits {
		l := &limits[i]
		if l.known = allowance.Known(i); !l.known {
			continue
		}
		l.high, l.low = e.exact[name].Pair(i)
		l.allowed = allowance.Tolerance(i, l.high)
		if larger := allowance.Cap(i); k.options.Level != verdict.Exact && !definition.NotFinite(larger) {
			l.allowed = max(l.allowed, larger)
		}
		l.allowed += more.of(allowance, i)
		l.overflow = allowance.MayOverflow(i)
	}
	return limits
}

// at is the place of an element, of an output that has several.
func at(shape []int, i int) string {
	if len(shape) == 0 {
		return ""
	}
	return " at " + verdict.FormatIndex(shape, i)
}

// slack is what a sum may lose. If it is accumulated one term after the other, that is n·eps/2 of the
// sum of the sizes of its n terms.
type slack struct {
	// sum is that of a sum of losses, softmax that of the sum of exponentials of a row.
	sum, softmax float64
	loss         bool
	// isTarget reports whether an element of the gradient is that of the target of a row, which is a
	// difference.
	isTarget func(i int) bool
}

// newSlack returns what sums of n terms may lose, loses(n)·eps.
func newSlack(e *expectation, name string, loses func(n float64) float64) slack {
	eps := definition.Working(e.exact[name].DType).Format().Eps()
	shape := e.call.Inputs[ports.Input].Shape
	n := float64(definition.Size(shape))
	s := slack{loss: name == ports.Loss, isTarget: func(int) bool { return false }}
	reduced := *e.call.Options.Reduction != none
	switch {
	case e.call.Module == ports.CrossEntropyLoss:
		classes := float64(tensor.ClassesOf(shape).Count)
		s.softmax = eps * loses(classes)
		if reduced {
			s.sum = eps * loses(n/classes)
		}
		if target := e.small.Inputs[ports.Target]; !target.DType.IsFloat() {
			of := tensor.ClassesOf(e.small.Inputs[ports.Input].Shape)
			s.isTarget = func(i int) bool { return target.Int64(of.Row(i)) == int64(of.Class(i)) }
		}
	case reduced:
		s.sum = eps * loses(n)
	case ports.ModuleOf(e.call.Module).LossOf == ports.OfLastDimension:
		s.sum = eps * loses(float64(shape[len(shape)-1]))
	}
	return s
}

// of returns what element i of an output may be off.
func (s slack) of(a *definition.Allowance, i int) float64 {
	switch {
	case s.loss && s.softmax > 0:
		return s.sum*a.Size(i) + s.softmax*a.Coefficients(i)
	case s.loss:
		return s.sum * a.Size(i)
	case s.softmax == 0:
		return 0
	case s.isTarget(i):
		return s.softmax * a.Magnitude(i)
	}
	return s.softmax * a.Size(i)
}
