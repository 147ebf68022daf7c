package sweep

import (
	"fmt"
	"slices"

	"lossproof/loss"
)

// Variant is one way to compute the losses of a vector of inputs and their gradients.
type Variant struct {
	Module, Name string
	// Evaluate writes the losses of the module 'none' and the gradients in the
	// input (the upstream gradient is ones). All slices have one length and do not overlap. It is
	// called by several goroutines at a time.
	Evaluate func(loss, grad, input, target []float32) error
}

// BuiltIn returns the ways in which package loss computes the losses of the modules, of all that [Exhaustive] returns if
// none is named: the methods for one output, the one that computes both in one pass, and MultiLabelSoftMarginLoss with one class for BCEWithLogitsLoss. The
// first of a module is the one to measure; the others must give the same bits.
func BuiltIn(modules ...string) []Variant {
	all := append(builtInLogits(), builtInProbabilities()...)
	if len(modules) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(v Variant) bool { return !slices.Contains(modules, v.Module) })
}

func builtInLogits() []Variant {
	bce := loss.BCEWithLogitsLoss[float32]{Reduction: loss.None}
	multi := loss.MultiLabelSoftMarginLoss[float32]{Reduction: loss.None}
	return []Variant{
		{BCEWithLogitsLoss, "BCEWithLogitsLoss, ForwardInto and GradInputInto", func(l, grad, input, target []float32) error {
			x, t := loss.Vector(input...), loss.Vector(target...)
			if err := bce.ForwardInto(l, x, t); err != nil {
				return err
			}
			return bce.GradInputInto(grad, x, t, nil)
		}},
		{BCEWithLogitsLoss, "BCEWithLogitsLoss, ForwardGradInto", func(l, grad, input, target []float32) error {
			return bce.ForwardGradInto(l, grad, loss.Vector(input...), loss.Vector(target...), nil)
		}},
		{BCEWithLogitsLoss, "MultiLabelSoftMarginLoss with one class, ForwardGradInto", func(l, grad, input, target []float32) error {
			shape := []int{len(input), 1}
			return multi.ForwardGradInto(l, grad, loss.Tensor[float32]{Shape: shape, Data: input}, loss.Tensor[float32]{Shape: shape, Data: target}, nil)
		}},
	}
}

func builtInProbabilities() []Variant {
	bce := loss.BCELoss[float32]{Reduction: loss.None}
	return []Variant{
		{BCELoss, "BCELoss, ForwardInto and GradInputInto", func(l, grad, input, target []float32) error {
			x, t := loss.Vector(input...), loss.Vector(target...)
			if err := bce.ForwardInto(l, x, t); err != nil {
				return err
			}
			return bce.GradInputInto(grad, x, t, nil)
		}},
		{BCELoss, "BCELoss, ForwardGradInto", func(l, grad, input, target []float32) error {
			return bce.ForwardGradInto(l, grad, loss.Vector(input...), loss.Vector(target...), nil)
		}},
	}
}

// Difference says where a variant gave other bits than the first one. NaNs count as equal, zeros too.
type Difference struct {
	// Variant is the name of the variant.
	Variant string
	// Count is the number of results that differ.
	Count uint64
	// Output and Input say where the first one is, by the bits of the input, Got and Want what it is and what
	// the first variant returned.
	Output    string
	Input     Bits32
	Got, Want Number
}

func (d Difference) String() string {
	return fmt.Sprintf("%s: %d results are not those of the first variant, first %s at %s: %v, not %v",
		d.Variant, d.Count, d.Output, d.Input, float64(d.Got), float64(d.Want))
}

// add adds the count of e, which is of the same variant and at other inputs.
func (d *Difference) add(e Difference) {
	if d.Count == 0 || e.Count > 0 && e.Input < d.Input {
		count := d.Count
		*d = e
		d.Count = count
	}
	d.Count += e.Count
}
