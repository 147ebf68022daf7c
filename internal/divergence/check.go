package divergence

import (
	"lossproof/ports"
	"lossproof/tensor"
)

// checkBCE refuses what torch.nn.BCEWithLogitsLoss refuses.
func checkBCE(a *arguments) *ports.Rejected {
	if r := checkTargetShape(a); r != nil {
		return r
	}
	if r := checkTargetFloat(a); r != nil {
		return r
	}
	return checkWeights(a)
}

// checkTargetShape wants a target of the shape of the input.
func checkTargetShape(a *arguments) *ports.Rejected {
	if !tensor.SameShape(a.target.shape, a.input.shape) {
		return rejected(ports.KindShape, "%s: target: got shape %s, want that of the input, %s",
			a.module, tensor.FormatShape(a.target.shape), tensor.FormatShape(a.input.shape))
	}
	return nil
}

// checkTargetFloat wants a floating-point target.
func checkTargetFloat(a *arguments) *ports.Rejected {
	if !a.target.dtype.IsFloat() {
		return rejected(ports.KindDType, "%s: target: got %s, want a floating-point dtype", a.module, a.target.dtype)
	}
	return nil
}

// checkWeights wants weight and pos_weight to broadcast to the input, and a pos_weight that is
// not bool.
func checkWeights(a *arguments) *ports.Rejected {
	for _, o := range []struct {
		name string
		*operand
	}{{ports.Weight, a.weight}, {ports.PosWeight, a.posWeight}} {
		if o.operand != nil && !o.broadcasts(a.input.shape) {
			return rejected(ports.KindShape, "%s: %s: got shape %s, want one that broadcasts to %s",
				a.module, o.name, tensor.FormatShape(o.shape), tensor.FormatShape(a.input.shape))
		}
	}
	if a.posWeight != nil && a.posWeight.dtype == tensor.Bool {
		return rejected(ports.KindDType, "%s: pos_weight: got bool, want a number", a.module)
	}
	return nil
}

// checkMLSM refuses what torch.nn.MultiLabelSoftMarginLoss refuses.
func checkMLSM(a *arguments) *ports.Rejected {
	switch {
	case a.posWeight != nil:
		return rejected(ports.KindOption, "%s: pos_weight: there is no such argument", a.module)
	case len(a.input.shape) == 0:
		return rejected(ports.KindShape, "%s: input: got a 0-d tensor, want classes along the last dimension", a.module)
	case a.target.dtype == tensor.Bool:
		return rejected(ports.KindDType, "%s: target: got bool, want a number", a.module)
	case !a.broadcastGrid():
		return rejected(ports.KindShape, "%s: input, target and weight do not broadcast with each other", a.module)
	}
	return nil
}
