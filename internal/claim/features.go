package claim

import (
	"maps"
	"math"
	"slices"

	"lossproof/fixtures"
	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// Features returns the words of [Words] that describe a case, in their order. inputs are
// its input tensors, expected its outputs, empty for a rejection.
func Features(c *fixtures.Case, inputs map[string]tensor.Tensor, expected map[string]fixtures.Expected) []string {
	has := map[string]bool{}
	options(has, c.Options)
	if ports.ModuleOf(c.Module).HasClasses() {
		classes(has, inputs[ports.Target])
	}
	has[IgnoreIndexNegative] = has[IgnoreIndex] && (c.Options.IgnoreIndex == nil || *c.Options.IgnoreIndex < 0)
	shapes(has, c.Module, inputs)
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

// FeaturesOf returns the features of a call of which no results are known.
func FeaturesOf(call ports.Call) []string {
	return Features(&fixtures.Case{Module: call.Module, Options: call.Options}, call.Inputs, nil)
}

// Reduction returns none, mean or sum, as PyTorch resolves the options: a legacy argument
// overrides the reduction. It returns "" for an invalid reduction.
func Reduction(o fixtures.Options) string {
	reduction, _ := definition.Resolve(o, "none", "mean", "sum", "elementwise_mean")
	return reduction
}

func options(has map[string]bool, o fixtures.Options) {
	if reduction := Reduction(o); reduction != "" {
		has["reduction:"+reduction] = true
	}
	has[IgnoreIndex] = o.IgnoreIndex != nil
	has[LabelSmoothing] = o.LabelSmoothing != nil
	has[LegacyReduction] = o.SizeAverage != nil || o.Reduce != nil || o.Reduction != nil && *o.Reduction == "elementwise_mean"
}

// classes looks at the target of CrossEntropyLoss.
func classes(has map[string]bool, target tensor.Tensor) {
	has[ClassProbabilities] = target.DType.IsFloat()
	has[IgnoreIndex] = has[IgnoreIndex] || !has[ClassProbabilities] && slices.Contains(target.Float64s(), ports.DefaultIgnoreIndex)
}

func shapes(has map[string]bool, module string, inputs map[string]tensor.Tensor) {
	input := inputs[ports.Input]
	has[[]string{Rank0, Rank1, Rank2, Rank3}[min(len(input.Shape), 3)]] = true
	switch of := ports.ModuleOf(module).LossOf; {
	case of == ports.OfLastDimension && len(input.Shape) > 0:
		has[OneClass] = input.Shape[len(input.Shape)-1] == 1
	case of == ports.OfClassDimension && len(input.Shape) > 0:
		has[OneClass] = input.Shape[min(1, len(input.Shape)-1)] == 1
	}
	for name, word := range map[string]string{ports.Weight: WeightBroadcast, ports.PosWeight: PosWeightBroadcast} {
		w, ok := inputs[name]
		has[word] = ok && ports.ModuleOf(module).Input(name).Shape == ports.Broadcast && !tensor.SameShape(w.Shape, input.Shape)
	}
	has[Empty] = input.Len() == 0
	if weight, ok := inputs[ports.Weight]; ok {
		has[Weight] = true
		for i, d := range weight.Shape {
			switch {
			case d == 1:
			case ports.ModuleOf(module).Input(ports.Weight).Shape == ports.PerClass: // in whatever shape
				has[WeightClass] = true
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

// DTypesOf returns the dtypes that a port has to have for inputs: that of input, and the other
// floating-point ones.
func DTypesOf(inputs map[string]tensor.Tensor) []tensor.DType {
	dtypes := []tensor.DType{inputs[ports.Input].DType}
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		if dtype := inputs[name].DType; dtype.IsFloat() && !slices.Contains(dtypes, dtype) {
			dtypes = append(dtypes, dtype)
		}
	}
	return dtypes
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
	indices := ports.ModuleOf(c.Module).HasClasses() && !has[ClassProbabilities]
	has[SoftTargets] = !indices && slices.ContainsFunc(target.Float64s(), func(t float64) bool { return t != 0 && t != 1 })
	for _, name := range []string{ports.Weight, ports.PosWeight} {
		if w, ok := inputs[name]; ok {
			has[WeightNonPositive] = has[WeightNonPositive] || slices.ContainsFunc(w.Float64s(), func(v float64) bool { return v <= 0 })
		}
	}
	if c.Module == ports.BCELoss {
		clamped := func(p float64) bool { return math.Log(p) < -100 || math.Log1p(-p) < -100 }
		has[Clamp] = slices.ContainsFunc(inputs[ports.Input].Float64s(), clamped)
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
		smallest := t.DType.Format().SmallestNormal()
		for _, v := range t.Float64s() {
			look(v, smallest)
		}
	}
	for _, e := range expected {
		format := e.Reference.DType.Format()
		smallest, zero := format.SmallestNormal(), format.SmallestSubnormal()/2
		for i := range e.Reference.Len() {
			look(e.Reference.Float64(i), smallest)
			// What rounds to zero is no subnormal.
			if i < len(e.Exact) && i < len(e.Tolerance) && !math.IsNaN(e.Tolerance[i]) && math.Abs(e.Exact[i]) > zero {
				look(e.Exact[i], smallest)
			}
		}
	}
	if !has[Subnormals] {
		has[Subnormals] = smallProduct(c, inputs)
	}
}

// smallProduct reports whether an intermediate of the textbook formulas may be subnormal.
func smallProduct(c *fixtures.Case, inputs map[string]tensor.Tensor) bool {
	call := ports.Call{Module: c.Module, Options: c.Options, Inputs: inputs}
	return definition.Of(c.Module).Below(call, definition.Working(inputs[ports.Input].DType).Format().SmallestNormal())
}
