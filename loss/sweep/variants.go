package sweep

import (
	"fmt"

	"lossproof/loss"
)

// Variant is one way to compute the losses of a vector of logits and their gradients.
type Variant struct {
	Name string
	// Evaluate writes the losses of BCEWithLogitsLoss 'none' and the gradients in the
	// input (the upstream gradient is ones). All slices have one length and do not overlap. It is
	// called by several goroutines at a time.
	Evaluate func(loss, grad, input, target []float32) error
}

// BuiltIn returns the ways in which package loss computes the losses: the methods for one
// output, the one that computes both in one pass, and MultiLabelSoftMarginLoss with one class. The
// first is the one to measure; the others must give the same bits.
func BuiltIn() []Variant {
	bce := loss.BCEWithLogitsLoss[float32]{Reduction: loss.None}
	multi := loss.MultiLabelSoftMarginLoss[float32]{Reduction: loss.None}
	return []Variant{
		{"BCEWithLogitsLoss, ForwardInto and GradInputInto", func(l, grad, input, target []float32) error {
			x, t := loss.Vector(input...), loss.Vector(target...)
			if err := bce.ForwardInto(l, x, t); err != nil {
				return err
			}
			return bce.GradInputInto(grad, x, t, nil)
		}},
		{"BCEWithLogitsLoss, ForwardGradInto", func(l, grad, input, target []float32) error {
			return bce.ForwardGradInto(l, grad, loss.Vector(input...), loss.Vector(target...), nil)
		}},
		{"MultiLabelSoftMarginLoss with one class, ForwardGradInto", func(l, grad, input, target []float32) error {
			shape := []int{len(input), 1}
			return multi.ForwardGradInto(l, grad, loss.Tensor[float32]{Shape: shape, Data: input}, loss.Tensor[float32]{Shape: shape, Data: target}, nil)
		}},
	}
}

// Difference says where a variant gave other bits than the first one. NaNs count as equal, zeros too.
type Difference struct {
	// Variant is the name of the variant.
	Variant string
	// Count is the number of results that differ.
	Count uint64
	// Output and Input say where the first one is, by the bits of the logit, Got and Want what it is and what
	// the first variant returned.
	Output    string
	Input     Bits32
	Got, Want Number
}

func (d Difference) String() string {
	return fmt.Sprintf("%s: %d results are not those of the first variant, first %s at %s: %v, not %v",
		d.Variant, d.Count, d.Output, d.Input, float64(d.Got), float64(d.Want))
}

// add adds the count of e, which is of the same variant and at other logits.
func (d *Difference) add(e Difference) {
	if d.Count == 0 || e.Count > 0 && e.Input < d.Input {
		count := d.Count
		*d = e
		d.Count = count
	}
	d.Count += e.Count
}
