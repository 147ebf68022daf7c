package divergence

import (
	"math"

	"lossproof/internal/definition"
	"lossproof/judge/verdict"
	"lossproof/ports"
)

// probabilities are mistakes of BCELoss, whose input is a probability.
func probabilities() []*Divergence {
	const (
		right = "l = {loss}"
		slope = "grad = {grad}, times the scale of the reduction and grad_output"
	)
	return []*Divergence{
		{Name: "log-not-clamped", Modules: probability, rule: "CLAMP",
			Title: "The logarithms are not clamped: at x = 0 and x = 1 the loss is infinite or NaN.",
			Why:   "The formula of the documentation is typed as it stands; the clamp is in a paragraph below it.",
			Right: right,
			Met:   links("ml-explore/mlx/pull/1280: BCE is NaN for probabilities of 0 and 1"),
			vary: all(combining(typed), computing(func(u *unit) {
				u.F = append(u.F, u.X[0].Log().Neg(), u.X[0].Neg().Log1p().Neg())
			}))},
		{Name: "one-log-clamped", Modules: probability, rule: "CLAMP",
			Title: "log(x) is clamped at -100, log(1-x) is not.",
			Why:   "A guard is added where a NaN was met, and that was at x = 0.",
			Right: right,
			Met:   links("snipsco/ntm-lasagne/issues/20: A bound of 1-1e-10 is 1 in float32"),
			vary:  ofLogs(func(e element) (one, zero float64) { return logOf(e.x), math.Log1p(-e.x) })},
		{Name: "input-clipped", Modules: probability, rule: "TAIL-LOSS",
			Title: "The probability is clipped to [1e-7, 1-1e-7], which bounds the loss by 16; the gradient is zero beyond.",
			Why:   "Keras does so.",
			Right: right,
			Met:   links("keras-team/keras/issues/9247: The clipping of binary_crossentropy loses precision"),
			vary:  viewing(func(u *unit) { u.X[0] = u.X[0].Clamp(1e-7, u.DType.Format().Round(1-1e-7)) })},
		{Name: "epsilon-1e-7-added", Modules: probability, rule: "TAIL-LOSS",
			Title: "1e-7 is added inside the logarithms.",
			Why:   "It keeps log(0) away. TensorFlow.js's logLoss does so.",
			Right: right,
			Met:   links("maxvfischer/keras-image-segmentation-loss-functions/pull/1: An epsilon added since the logarithm of 0 made the loss NaN"),
			vary:  epsilonInLogs(1e-7)},
		{Name: "epsilon-1e-12-added", Modules: probability, rule: "CLAMP",
			Title: "1e-12 is added inside the logarithms, which bounds the loss by 28.",
			Why:   "PyTorch's BCELoss did so until 1.2.",
			Right: right,
			Met:   links("pytorch/pytorch/issues/4867: BCELoss adds an epsilon of 1e-12, and ends at 27.63", "pytorch/pytorch/pull/8147: The epsilon makes BCELoss negative"),
			vary:  epsilonInLogs(1e-12)},
		{Name: "probability-taken-as-logit", Modules: probability, rule: "FORMULA",
			Title: "A sigmoid is applied to the input, which is a probability already.",
			Why:   "The loss is BCEWithLogitsLoss under another name.",
			Right: right + ", x a probability",
			Met:   links("NVIDIA-Merlin/models/pull/1175: BCEWithLogitsLoss on top of a sigmoid", "GeoZcx/A-deeply-supervised-image-fusion-network-for-change-detection-in-remote-sensing-images/issues/1: A sigmoid in the model, and another in the loss"),
			vary:  computing(definition.LogitFunctions)},
		{Name: "negative-term-left-out", Modules: probability, rule: "FORMULA",
			Title: "The loss is -t*log(x) alone.",
			Why:   "That is the cross-entropy of classes, where only the true one counts.",
			Right: right,
			Met:   links("FluxML/Flux.jl/pull/96: The loss goes to 0 for a constant 1: the extra term is needed"),
			vary:  computing(func(u *unit) { u.F = append(u.F, u.X[0].Log().Neg().Clamp(0, 100), u.Number(0)) })},
		{Name: "entropy-subtracted", Modules: probability, rule: "TARGET-EQUALS-INPUT",
			Title: "The entropy of the target is subtracted, so that the loss is 0 where x = t.",
			Why:   "It is the Kullback-Leibler divergence; for targets 0 and 1 there is no difference.",
			Right: right + ", which for x = t is the entropy of t",
			vary: combining(func(u *unit) number {
				t, rest := u.T[0], u.T[0].Rest()
				// Their own derivatives cancel.
				one, zero := t.Of(-logOf(t.Value())), t.Of(-math.Max(math.Log1p(-t.Value()), leastLog))
				entropy := t.Times(one).Add(rest.Times(zero))
				return definition.CombineTargets(u).Sub(u.W[0].Mul(entropy))
			})},
		{Name: "log-of-one-minus", Modules: probability, rule: "TAIL-LOSS", Level: verdict.Exact,
			Title: "The negative term takes log(1-x), which is 0 for x below half an epsilon.",
			Why:   "log1p is forgotten. PyTorch 2.15.0 takes log1p.",
			Right: right + " with log(1-x) as log1p(-x)",
			Met:   links("jax-ml/jax/pull/1200: log(1-x) instead of log1p(-x)"),
			vary:  ofLogs(func(e element) (one, zero float64) { return logOf(e.x), max(e.log(e.add(1, -e.x)), leastLog) })},
		{Name: "base-10-logarithm", Modules: probability, rule: "FORMULA",
			Title: "The logarithms are decimal.",
			Why:   "The function named log is the decimal one in some languages.",
			Right: right + ", log natural",
			Met:   links("SorawitChok/Neural-Network-from-scratch-in-Cpp/pull/6: A binary cross entropy had log10", "huawei-noah/Efficient-Computing/issues/12: log10 in one loss, log in another"),
			vary: computing(func(u *unit) {
				definition.ProbabilityFunctions(u)
				e := elementOf(u)
				for k, log := range []float64{math.Log(e.x), math.Log1p(-e.x)} {
					u.F[k] = u.F[k].Custom(min(-log/math.Ln10, 100), 1/math.Ln10)
				}
			})},
		{Name: "gradient-of-the-logit", Modules: probability, rule: "GRAD-INPUT",
			Title: "The gradient is x-t, that in the logit.",
			Why:   "It is the gradient that everybody knows; the sigmoid belongs to it.",
			Right: slope,
			Met:   links("tf-encrypted/tf-encrypted/pull/727: The gradient of a loss of probabilities was prediction less target"),
			vary:  slopeOf(func(e element) float64 { return e.w * (e.x - e.t) })},
		{Name: "gradient-with-epsilon-1e-7", Modules: probability, rule: "TAIL-GRAD",
			Title: "The gradient divides by x*(1-x) + 1e-7.",
			Why:   "It keeps the division by zero away.",
			Right: slope + "; x*(1-x) is at least 1e-12 in PyTorch",
			vary:  slopeOf(func(e element) float64 { return e.w * (e.x - e.t) / (e.x*(1-e.x) + 1e-7) })},
		{Name: "gradient-of-the-positive-term", Modules: probability, rule: "GRAD-INPUT",
			Title: "The gradient is -t/x alone.",
			Why:   "The derivative of log(1-x) is forgotten, or taken for zero with hard targets.",
			Right: slope,
			Met:   links("deeplearning4j/nd4j/issues/1328: The gradient is 0 wherever the label is 0"),
			vary:  slopeOf(func(e element) float64 { return -e.w * e.t / max(e.x, 1e-12) })},
		{Name: "input-range-accepted", Modules: probability, rule: "INPUT-RANGE",
			Title: "Inputs outside [0, 1] are accepted.",
			Why:   "The logarithm of a negative number is NaN, which is thought to be enough.",
			Right: "an input with an element outside [0, 1], or NaN, is refused",
			Met:   links("pytorch/pytorch/issues/1241: BCELoss does not look for negative inputs"),
			vary:  unchecked(func(a *arguments) *operand { return a.Input })},
		{Name: "input-range-clamped", Modules: probability, rule: "INPUT-RANGE",
			Title: "Inputs outside [0, 1] are clamped to it.",
			Why:   "A rounding error of the sigmoid is to be forgiven, and with it everything else.",
			Right: "an input with an element outside [0, 1], or NaN, is refused",
			Met:   links("keras-team/keras/issues/4744: Clipping hides predictions that are negative"),
			vary: admitting(func(a *arguments) {
				a.Input.Map(func(x float64) float64 { return min(max(x, 0), 1) })
			})},
		{Name: "target-range-accepted", Modules: probability, rule: "TARGET-RANGE",
			Title: "Targets outside [0, 1] are accepted.",
			Why:   "The formula works for them, and BCEWithLogitsLoss accepts them.",
			Right: "a target with an element outside [0, 1], or NaN, is refused",
			Met:   links("pytorch/pytorch/issues/87373: The range of targets is documented, and not looked at", "pytorch/pytorch/issues/15262: A target of 3 is accepted", "keras-team/keras/issues/14046: Labels -2 and 2 are accepted"),
			vary:  unchecked(func(a *arguments) *operand { return a.Target })},
		{Name: "target-gradient-negated", Modules: probability, rule: "GRAD-TARGET",
			Title: "The gradient of the target is log(x) - log(1-x): its sign is wrong.",
			Why:   "The derivative of the logit is known, and the loss has a minus.",
			Right: "grad_target = {grad_target}, times the scale of the reduction",
			vary:  sloping(ports.GradTarget, negate)},
	}
}
