package divergence

import (
	"math"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// BCELoss has the steps of the modules of logits, and these formulas. x is a probability.

// leastLog is where BCELoss clamps its logarithms.
const leastLog = -100

func logOf(x float64) float64    { return max(math.Log(x), leastLog) }
func logNotOf(x float64) float64 { return max(math.Log1p(-x), leastLog) }

func probabilityLossOf(e element) float64 {
	return e.w * -(e.t*logOf(e.x) + (1-e.t)*logNotOf(e.x))
}

// probabilityGradInputOf divides by PyTorch's 1e-12 where x*(1-x) is less.
func probabilityGradInputOf(e element) float64 {
	return inner(e.dx, e.w*((e.x-e.t)/max(e.x*(1-e.x), 1e-12)))
}

func probabilityGradTargetOf(e element) float64 {
	return inner(e.dt, e.w*(logNotOf(e.x)-logOf(e.x)))
}

// checkProbability refuses what torch.nn.BCELoss refuses.
func checkProbability(a *arguments) *ports.Rejected {
	if a.posWeight != nil {
		return rejected(ports.KindOption, "%s: pos_weight: there is no such argument", a.module)
	}
	for _, check := range []func(*arguments) *ports.Rejected{checkTargetShape, checkTargetSame, checkWeights, checkInputRange, checkTargetRange} {
		if r := check(a); r != nil {
			return r
		}
	}
	return nil
}

// checkTargetSame wants a target of the dtype of the input.
func checkTargetSame(a *arguments) *ports.Rejected {
	if a.target.dtype != a.input.dtype {
		return rejected(ports.KindDType, "%s: target: got %s, want that of the input, %s", a.module, a.target.dtype, a.input.dtype)
	}
	return nil
}

func checkInputRange(a *arguments) *ports.Rejected  { return checkRange(a, ports.Input, a.input) }
func checkTargetRange(a *arguments) *ports.Rejected { return checkRange(a, ports.Target, a.target) }

// checkRange wants elements in [0, 1].
func checkRange(a *arguments, name string, o *operand) *ports.Rejected {
	if slices.ContainsFunc(o.values, func(v float64) bool { return !(v >= 0 && v <= 1) }) {
		return rejected(ports.KindValue, "%s: %s: all elements should be between 0 and 1", a.module, name)
	}
	return nil
}

// probabilityMagnitude are the magnitudes of an element: see "Tolerances" in fixtures/README.md.
func probabilityMagnitude(e element) (loss, gradInput float64) {
	w := math.Abs(e.w)
	loss = w * (1 - min(logOf(e.x), logNotOf(e.x)))
	return loss, w * (e.t*(1-e.x) + (1-e.t)*e.x) / max(e.x*(1-e.x), 1e-12)
}

// logitMagnitude are those of an element of the modules of logits.
func logitMagnitude(e element) (loss, gradInput float64) {
	gradInput = math.Abs(e.w) * max(1, math.Abs(e.p)) * max(1, math.Abs(e.t), math.Abs(1-e.t))
	return gradInput * (1 + math.Abs(e.x)), gradInput
}

// promoted is the dtype that operands promote to.
func promoted(operands ...*operand) tensor.DType {
	dtype := tensor.Float32
	for _, o := range operands {
		if o != nil && o.dtype == tensor.Float64 {
			dtype = tensor.Float64
		}
	}
	return dtype
}
