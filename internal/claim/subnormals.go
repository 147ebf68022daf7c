package claim

import (
	"math"

	"lossproof/fixtures"
	"lossproof/ports"
	"lossproof/tensor"
)

// subnormalProducts reports whether an intermediate of the textbook formulas may be
// subnormal: whether, for an element, the product of those of its factors that are below
// one is below the smallest normal number. The factors are weight, pos_weight, target,
// 1 - target, upstream gradient, the scale of the mean, the share of label smoothing, and
// what the module makes of the input. A factor that is or rounds to zero does not count.
func subnormalProducts(c *fixtures.Case, inputs map[string]tensor.Tensor) bool {
	input := inputs[ports.Input]
	n := input.Len()
	if n == 0 || !input.DType.IsFloat() {
		return false
	}
	format := input.DType.Format()
	smallest, zero := format.SmallestNormal(), format.SmallestSubnormal()/2
	scale, factors := scaleOf(c, input), elementFactors(c.Module, inputs)
	if c.Module == ports.CrossEntropyLoss && len(input.Shape) > 0 {
		factors = rowFactors(c.Options, inputs)
	}
	for i := range n {
		product := scale
		for _, factor := range factors {
			if f := math.Abs(factor(i)); f > zero && f < 1 {
				product *= f
			}
		}
		if product < smallest {
			return true
		}
	}
	return false
}

// scaleOf returns what the reduction multiplies each element by.
func scaleOf(c *fixtures.Case, input tensor.Tensor) float64 {
	if Reduction(c.Options) == "mean" {
		return 1 / float64(input.Len())
	}
	if c.Module == ports.MultiLabelSoftMarginLoss && len(input.Shape) > 0 {
		return 1 / float64(input.Shape[len(input.Shape)-1])
	}
	return 1
}

// elementFactors returns the factors of an element of a module whose elements do not depend
// on each other. Of logits they have exp(-|x|), of probabilities x and 1-x.
func elementFactors(module string, inputs map[string]tensor.Tensor) []func(i int) float64 {
	input := inputs[ports.Input]
	n := input.Len()
	factors := []func(i int) float64{func(i int) float64 { return math.Exp(-math.Abs(input.Float64(i))) }}
	if module == ports.BCELoss {
		factors = []func(i int) float64{input.Float64, func(i int) float64 { return 1 - input.Float64(i) }}
	}
	for _, name := range []string{ports.Weight, ports.PosWeight, ports.Target} {
		if t, ok := inputs[name]; ok {
			if at, ok := tensor.Broadcast(t, input.Shape); ok {
				factors = append(factors, at)
				if name == ports.Target {
					factors = append(factors, func(i int) float64 { return 1 - at(i) })
				}
			}
		}
	}
	if u, ok := inputs[ports.GradOutput]; ok && u.Len() > 0 && n%u.Len() == 0 {
		// Its shape is that of the loss: input's, or its first dimensions, or none.
		run := n / u.Len()
		factors = append(factors, func(i int) float64 { return u.Float64(i / run) })
	}
	return factors
}

// rowFactors returns the factors of an element of CrossEntropyLoss. Of logits it has
// exp(x - max), the largest one of the row. The input is not empty.
func rowFactors(o fixtures.Options, inputs map[string]tensor.Tensor) []func(i int) float64 {
	input := inputs[ports.Input]
	classes := tensor.ClassesOf(input.Shape)
	largest := make([]float64, input.Len()/classes.Count)
	for row := range largest {
		largest[row] = math.Inf(-1)
	}
	for i := range input.Len() {
		row := classes.Row(i)
		largest[row] = math.Max(largest[row], input.Float64(i))
	}
	factors := []func(i int) float64{func(i int) float64 { return math.Exp(input.Float64(i) - largest[classes.Row(i)]) }}
	if weight, ok := inputs[ports.Weight]; ok && weight.Len() == classes.Count {
		factors = append(factors, func(i int) float64 { return weight.Float64(classes.Class(i)) })
	}
	if target := inputs[ports.Target]; target.DType.IsFloat() && tensor.SameShape(target.Shape, input.Shape) {
		factors = append(factors, target.Float64)
	}
	if e := o.LabelSmoothing; e != nil && *e > 0 && *e <= 1 {
		factors = append(factors, func(int) float64 { return *e / float64(classes.Count) })
	}
	if u, ok := inputs[ports.GradOutput]; ok {
		switch u.Len() {
		case 1:
			factors = append(factors, func(int) float64 { return u.Float64(0) })
		case len(largest):
			factors = append(factors, func(i int) float64 { return u.Float64(classes.Row(i)) })
		}
	}
	return factors
}
