package definition

import (
	"fmt"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// Rejected returns a refusal.
func Rejected(kind, format string, args ...any) *ports.Rejected {
	return &ports.Rejected{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// checks are one check after the other.
func checks(all ...func(*Arguments) *ports.Rejected) func(*Arguments) *ports.Rejected {
	return func(a *Arguments) *ports.Rejected {
		for _, check := range all {
			if r := check(a); r != nil {
				return r
			}
		}
		return nil
	}
}

// The checks refuse what the modules of torch.nn refuse.
var (
	CheckBCEWithLogits = checks(CheckTargetShape, CheckTargetFloat, CheckWeights)
	CheckBCE           = checks(CheckTargetShape, checkTargetSame, CheckWeights, checkRange(ports.Input), checkRange(ports.Target))
	CheckMultiLabel    = checkMultiLabel
	CheckCrossEntropy  = checks(checkClasses, checkClassTarget)
)

// CheckTargetShape wants a target of the shape of the input.
func CheckTargetShape(a *Arguments) *ports.Rejected {
	if !tensor.SameShape(a.Target.Shape, a.Input.Shape) {
		return Rejected(ports.KindShape, "%s: target: got shape %s, want that of the input, %s",
			a.Module, tensor.FormatShape(a.Target.Shape), tensor.FormatShape(a.Input.Shape))
	}
	return nil
}

// CheckTargetFloat wants a floating-point target.
func CheckTargetFloat(a *Arguments) *ports.Rejected {
	if !a.Target.DType.IsFloat() {
		return Rejected(ports.KindDType, "%s: target: got %s, want a floating-point dtype", a.Module, a.Target.DType)
	}
	return nil
}

// checkTargetSame wants a target of the dtype of the input.
func checkTargetSame(a *Arguments) *ports.Rejected {
	if a.Target.DType != a.Input.DType {
		return Rejected(ports.KindDType, "%s: target: got %s, want that of the input, %s", a.Module, a.Target.DType, a.Input.DType)
	}
	return nil
}

// CheckWeights wants weight and pos_weight to broadcast to the input, and a pos_weight that is
// not bool.
func CheckWeights(a *Arguments) *ports.Rejected {
	for _, o := range []struct {
		name string
		*Operand
	}{{ports.Weight, a.Weight}, {ports.PosWeight, a.PosWeight}} {
		if o.Operand != nil && !o.BroadcastsTo(a.Input.Shape) {
			return Rejected(ports.KindShape, "%s: %s: got shape %s, want one that broadcasts to %s",
				a.Module, o.name, tensor.FormatShape(o.Shape), tensor.FormatShape(a.Input.Shape))
		}
	}
	if a.PosWeight != nil && a.PosWeight.DType == tensor.Bool {
		return Rejected(ports.KindDType, "%s: pos_weight: got bool, want a number", a.Module)
	}
	return nil
}

// checkRange wants elements in [0, 1].
func checkRange(name string) func(*Arguments) *ports.Rejected {
	return func(a *Arguments) *ports.Rejected {
		o := map[string]*Operand{ports.Input: a.Input, ports.Target: a.Target}[name]
		if slices.ContainsFunc(o.Values, func(v float64) bool { return !(v >= 0 && v <= 1) }) {
			return Rejected(ports.KindValue, "%s: %s: all elements should be between 0 and 1", a.Module, name)
		}
		return nil
	}
}

func checkMultiLabel(a *Arguments) *ports.Rejected {
	switch {
	case len(a.Input.Shape) == 0:
		return Rejected(ports.KindShape, "%s: input: got a 0-d tensor, want classes along the last dimension", a.Module)
	case a.Target.DType == tensor.Bool:
		return Rejected(ports.KindDType, "%s: target: got bool, want a number", a.Module)
	case !a.broadcastGrid():
		return Rejected(ports.KindShape, "%s: input, target and weight do not broadcast with each other", a.Module)
	}
	return nil
}

func checkClasses(a *Arguments) *ports.Rejected {
	switch {
	case len(a.Input.Shape) == 0:
		return Rejected(ports.KindShape, "%s: input: got a 0-d tensor, want classes", a.Module)
	case a.Smoothing > 1:
		return Rejected(ports.KindOption, "%s: label_smoothing: got %g, want at most 1", a.Module, a.Smoothing)
	case a.Weight != nil && !tensor.SameShape(a.Weight.Shape, []int{a.Classes()}) && !a.countedWeight():
		return Rejected(ports.KindShape, "%s: weight: got shape %s, want one number for each of %d classes",
			a.Module, tensor.FormatShape(a.Weight.Shape), a.Classes())
	}
	return nil
}

// countedWeight reports whether only the number of weights is looked at: so it is with class
// indices for an input of three dimensions or more, but for the smoothing part of a sum.
func (a *Arguments) countedWeight() bool {
	indices := !tensor.SameShape(a.Target.Shape, a.Input.Shape)
	return indices && len(a.Input.Shape) > 2 && len(a.Weight.Values) == a.Classes() && (a.Smoothing == 0 || a.Reduction == "none")
}

// checkClassTarget wants class probabilities or class indices, and sets which of them the target
// has.
func checkClassTarget(a *Arguments) *ports.Rejected {
	if a.Probabilities = tensor.SameShape(a.Target.Shape, a.Input.Shape); a.Probabilities {
		switch {
		case !a.Target.DType.IsFloat():
			return Rejected(ports.KindDType, "%s: target: got %s for class probabilities, want a floating-point dtype", a.Module, a.Target.DType)
		case a.IgnoreIndex >= 0:
			return Rejected(ports.KindOption, "%s: ignore_index: got %d, which is not for class probabilities", a.Module, a.IgnoreIndex)
		}
		return nil
	}
	oneIndex := len(a.Input.Shape) == 1 && a.Smoothing == 0 && tensor.SameShape(a.Target.Shape, []int{1})
	if want, _ := Without(a.Input.Shape, a.Axis); !oneIndex && !tensor.SameShape(a.Target.Shape, want) {
		return Rejected(ports.KindShape, "%s: target: got shape %s, want %s or that of the input",
			a.Module, tensor.FormatShape(a.Target.Shape), tensor.FormatShape(want))
	}
	switch {
	case a.Target.DType != tensor.Int64 && !(a.Target.DType == tensor.UInt8 && len(a.Input.Shape) <= 2):
		return Rejected(ports.KindDType, "%s: target: got %s for class indices, want int64", a.Module, a.Target.DType)
	case a.Weight != nil && a.Weight.DType != a.Input.DType:
		return Rejected(ports.KindDType, "%s: weight: got %s, want that of the input, %s", a.Module, a.Weight.DType, a.Input.DType)
	}
	for _, y := range a.Target.Values {
		if classes := a.Classes(); !a.Ignores(y) && (y < 0 || y >= float64(classes)) {
			return Rejected(ports.KindValue, "%s: target: got class index %g, want one in [0, %d)", a.Module, y, classes)
		}
	}
	return nil
}
