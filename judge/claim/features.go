package claim

import (
	"math"

	"lossproof/fixtures"
	"lossproof/ports"
	"lossproof/tensor"
)

// Features returns the words of [Words] that describe a case, in their order. inputs are
// its input tensors, expected its outputs, empty for a rejection.
func Features(c *fixtures.Case, inputs map[string]tensor.Tensor, expected map[string]fixtures.Expected) []string {
	has := map[string]bool{}
	options(has, c.Options)
	shapes(has, inputs)
	dtypes(has, inputs)
	values(has, c, inputs, expected)
	has[Rejections] = c.Rejection != nil

	var features []string
	for _, word := range Words {
		if has[word] {
			features = append(features, word)
		}
	}
	return features
}

// Reduction returns none, mean or sum, as PyTorch resolves the options: a legacy argument
// overrides the reduction. It returns "" for an invalid reduction.
func Reduction(o fixtures.Options) string {
	switch {
	case o.Reduce != nil && !*o.Reduce:
		return "none"
	case o.SizeAverage != nil && !*o.SizeAverage:
		return "sum"
	case o.Reduce != nil || o.SizeAverage != nil || o.Reduction == nil:
		return "mean"
	}
	switch *o.Reduction {
	case "none", "mean", "sum":
		return *o.Reduction
	case "elementwise_mean":
		return "mean"
	}
	return ""
}

func options(has map[string]bool, o fixtures.Options) {
	if reduction := Reduction(o); reduction != "" {
		has["reduction:"+reduction] = true
	}
	has[LegacyReduction] = o.SizeAverage != nil || o.Reduce != nil || o.Reduction != nil && *o.Reduction == "elementwise_mean"
}

func shapes(has map[string]bool, inputs map[string]tensor.Tensor) {
	input := inputs[ports.Input]
	switch rank := len(input.Shape); {
	case rank == 0:
		has[Rank0] = true
	case rank == 1:
		has[Rank1] = true
	case rank >= 3:
		has[Rank3] = true
	}
	has[Empty] = input.Len() == 0
	if weight, ok := inputs[ports.Weight]; ok {
		has[Weight] = true
		for i, d := range weight.Shape {
			switch {
			case d == 1:
			case i == len(weight.Shape)-1:
				has[WeightClass] = !has[WeightElement]
			default:
				has[WeightElement] = true
			}
		}
	}
	_, has[PosWeight] = inputs[ports.PosWeight]
	_, has[GradOutput] = inputs[ports.GradOutput]
}

func dtypes(has map[string]bool, inputs map[string]tensor.Tensor) {
	dtype := inputs[ports.Input].DType
	for name, t := range inputs {
		switch {
		case name == ports.Target && !t.DType.IsFloat():
			has[IntegerTargets] = true
		case t.DType != dtype:
			has[MixedDType] = true
		}
	}
}

func values(has map[string]bool, c *fixtures.Case, inputs map[string]tensor.Tensor, expected map[string]fixtures.Expected) {
	target := inputs[ports.Target]
	for i := range target.Len() {
		if t := target.Float64(i); t != 0 && t != 1 {
			has[SoftTargets] = true
			break
		}
	}
	look := func(v, smallestNormal float64) {
		switch {
		case math.IsInf(v, 0) || math.IsNaN(v):
			has[NonFinite] = true
		case v != 0 && math.Abs(v) < smallestNormal:
			has[Subnormals] = true
		}
	}
	for _, t := range inputs {
		for i := range t.Len() {
			look(t.Float64(i), smallestNormal(t.DType))
		}
	}
	for _, e := range expected {
		smallest := smallestNormal(e.Reference.DType)
		for i := range e.Reference.Len() {
			look(e.Reference.Float64(i), smallest)
			// What rounds to zero is no subnormal.
			if i < len(e.Exact) && i < len(e.Tolerance) && !math.IsNaN(e.Tolerance[i]) && math.Abs(e.Exact[i]) > smallestSubnormal(e.Reference.DType)/2 {
				look(e.Exact[i], smallest)
			}
		}
	}
	if !has[Subnormals] {
		has[Subnormals] = subnormalProducts(c, inputs)
	}
}

// subnormalProducts reports whether an intermediate of the textbook formulas may be
// subnormal: whether, for an element, the product of those of its factors that are below
// one is below the smallest normal number. The factors are weight, pos_weight, target,
// 1 - target, upstream gradient, the scale of the mean, and exp(-|x|). A factor that is
// or rounds to zero does not count.
func subnormalProducts(c *fixtures.Case, inputs map[string]tensor.Tensor) bool {
	input := inputs[ports.Input]
	n := input.Len()
	if n == 0 || !input.DType.IsFloat() {
		return false
	}
	smallest, zero := smallestNormal(input.DType), smallestSubnormal(input.DType)/2
	scale := 1.0
	if Reduction(c.Options) == "mean" {
		scale = 1 / float64(n)
	} else if c.Module == ports.MultiLabelSoftMarginLoss && len(input.Shape) > 0 {
		scale = 1 / float64(input.Shape[len(input.Shape)-1])
	}
	var factors []func(i int) float64
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
	for i := range n {
		product := scale
		if y := math.Exp(-math.Abs(input.Float64(i))); y > zero {
			product *= y
		}
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

// smallestNormal returns the smallest normal number of a floating-point dtype, 0 of others.
func smallestNormal(dtype tensor.DType) float64 {
	switch dtype {
	case tensor.Float64:
		return 0x1p-1022
	case tensor.Float32, tensor.BFloat16:
		return 0x1p-126
	case tensor.Float16:
		return 0x1p-14
	}
	return 0
}

// smallestSubnormal returns the smallest positive number of a floating-point dtype.
func smallestSubnormal(dtype tensor.DType) float64 {
	switch dtype {
	case tensor.Float64:
		return 0x1p-1074
	case tensor.Float32:
		return 0x1p-149
	case tensor.BFloat16:
		return 0x1p-133
	case tensor.Float16:
		return 0x1p-24
	}
	return 0
}
