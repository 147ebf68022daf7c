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

// output is an output with what is expected of it.
type output struct {
	name      string
	got       tensor.Tensor
	exact     definition.Exact
	allowance *definition.Allowance
}

// maxWrong is the number of wrong elements that are described.
const maxWrong = 3

// compare judges each element of an output.
func (k *Checker) compare(f *finding, c *Check, call ports.Call, o output) {
	switch got := o.got; {
	case got.DType != o.exact.DType:
		f.what = fmt.Sprintf("%s is %.20s, want %s", o.name, got.DType, o.exact.DType)
		return
	case !tensor.SameShape(got.Shape, o.exact.Shape):
		f.what = fmt.Sprintf("the shape of %s is %.200s, want %s", o.name, tensor.FormatShape(got.Shape), tensor.FormatShape(o.exact.Shape))
		return
	}
	largest := o.exact.DType.Format().Largest()
	slack := slack{}
	if !c.subject.strict {
		slack = newSlack(call, o)
	}
	wrong, text := 0, ""
	last := 0
	for i := range o.exact.Len() {
		if !o.allowance.Known(i) {
			continue
		}
		high, low := o.exact.Pair(i)
		allowed := o.allowance.Tolerance(i, high)
		if k.options.Level != verdict.Exact && !definition.NotFinite(o.allowance.Cap(i)) {
			allowed = max(allowed, o.allowance.Cap(i))
		}
		allowed += slack.of(o, i)
		got := o.got.Float64(i)
		if verdict.Right(got, high, low, allowed, largest) || o.allowance.MayOverflow(i) && definition.NotFinite(got) {
			if share := math.Abs((got-high)-low) / allowed; share > f.headroom && !math.IsInf(share, 0) {
				f.headroom = share
			}
			continue
		}
		if wrong++; wrong <= maxWrong {
			text += fmt.Sprintf("\n  %s%s: got %s, exact %s, off by %.3g, allowed %.3g", o.name, at(o.exact.Shape, i),
				tensor.FormatNumber(got, o.exact.DType), tensor.FormatNumber(high, o.exact.DType), math.Abs((got-high)-low), allowed)
		}
		last = i
	}
	if wrong == 0 {
		return
	}
	f.what = fmt.Sprintf("%d of %d elements of %s are wrong", wrong, o.exact.Len(), o.name) + text
	if wrong > maxWrong {
		f.what += fmt.Sprintf("\n  and %d more, the last at %s", wrong-maxWrong, verdict.FormatIndex(o.exact.Shape, last))
	}
}

// at is the place of an element, of an output that has several.
func at(shape []int, i int) string {
	if len(shape) == 0 {
		return ""
	}
	return " at " + verdict.FormatIndex(shape, i)
}

// slack is what a sum may lose that is accumulated one term after the other: the relative error of a
// sum of n terms is n·eps/2 of the sum of their sizes.
type slack struct {
	// sum is that of the sum of losses, softmax that of the sum of exponentials of a row.
	sum, softmax float64
	// targets are the class indices of rows, whose gradients are differences.
	targets map[int]bool
}

func newSlack(call ports.Call, o output) slack {
	half := o.exact.DType.Format().Eps() / 2
	shape := call.Inputs[ports.Input].Shape
	n := float64(definition.Size(shape))
	s := slack{}
	switch {
	case call.Module == ports.CrossEntropyLoss:
		of := tensor.ClassesOf(shape)
		s.softmax = half * float64(of.Count)
		if *call.Options.Reduction != none {
			s.sum = half * n / float64(of.Count)
		}
		s.targets = targetsOf(call, of)
	case *call.Options.Reduction != none:
		s.sum = half * n
	case ports.ModuleOf(call.Module).LossOf == ports.OfLastDimension:
		s.sum = half * float64(shape[len(shape)-1])
	}
	return s
}

// targetsOf returns the elements of the input that are the targets of rows.
func targetsOf(call ports.Call, of tensor.Classes) map[int]bool {
	target := call.Inputs[ports.Target]
	if target.DType.IsFloat() {
		return nil
	}
	targets := make(map[int]bool, target.Len())
	inner := definition.Size(call.Inputs[ports.Input].Shape[2:])
	for i := range target.Len() {
		targets[(i/inner*of.Count+int(target.Int64(i)))*inner+i%inner] = true
	}
	return targets
}

// of returns what element i of an output may be off.
func (s slack) of(o output, i int) float64 {
	if o.name == ports.Loss {
		v := s.sum * o.allowance.Size(i)
		if s.softmax > 0 {
			v += s.softmax * o.allowance.Coefficients(i)
		}
		return v
	}
	if s.softmax == 0 {
		return 0
	}
	size := o.allowance.Size(i)
	if s.targets[i] {
		size = o.allowance.Magnitude(i)
	}
	return s.softmax * size
}
