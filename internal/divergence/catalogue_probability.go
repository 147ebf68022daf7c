package divergence

import (
	"math"

	"lossproof/judge/verdict"
	"lossproof/ports"
)

// probabilities are mistakes of BCELoss, whose input is a probability.
func probabilities() []*Divergence {
	const (
		right = "l = {loss}"
		slope = "grad = {grad}, times the scale of the reduction and grad_output"
	)
	// of takes the logarithms of an element from a function.
	of := func(log func(e element, x float64) float64, logNot func(e element, x float64) float64) func(*definition) {
		return all(
			losing(func(e element) float64 {
				return -e.w * (times(e.t, log(e, e.x)) + times(1-e.t, logNot(e, e.x)))
			}),
			targeting(func(e element) float64 { return e.w * (logNot(e, e.x) - log(e, e.x)) }),
		)
	}
	// uncheckedValues accepts any values of an operand.
	uncheckedValues := func(of func(a *arguments) *operand) func(*definition) {
		return func(d *definition) {
			d.check = func(a *arguments) *ports.Rejected {
				o := of(a)
				values := o.values
				o.values = make([]float64, len(values))
				r := checkProbability(a)
				o.values = values
				return r
			}
		}
	}
	clamped := func(_ element, x float64) float64 { return logOf(x) }
	clipped := func(e element) float64 { return min(max(e.x, 1e-7), round(e.dtype, 1-1e-7)) }
	return []*Divergence{
		{
			Name: "log-not-clamped", Modules: probability, rule: "CLAMP", Level: verdict.Parity,
			Title: "The logarithms are not clamped: at x = 0 and x = 1 the loss is infinite or NaN.",
			Why:   "The formula of the documentation is typed as it stands; the clamp is in a paragraph below it.",
			Right: right,
			Met:   []Link{{"BCE is NaN for probabilities of 0 and 1", "https://github.com/ml-explore/mlx/pull/1280"}},
			vary: all(
				losing(func(e element) float64 {
					return -e.w * (e.t*math.Log(e.x) + (1-e.t)*math.Log1p(-e.x))
				}),
				deriving(func(e element) float64 { return e.w * ((1-e.t)/(1-e.x) - e.t/e.x) }),
				targeting(func(e element) float64 { return e.w * (math.Log1p(-e.x) - math.Log(e.x)) }),
			),
		},
		{
			Name: "one-log-clamped", Modules: probability, rule: "CLAMP", Level: verdict.Parity,
			Title: "log(x) is clamped at -100, log(1-x) is not.",
			Why:   "A guard is added where a NaN was met, and that was at x = 0.",
			Right: right,
			Met:   []Link{{"A bound of 1-1e-10 is 1 in float32", "https://github.com/snipsco/ntm-lasagne/issues/20"}},
			vary:  of(clamped, func(_ element, x float64) float64 { return math.Log1p(-x) }),
		},
		{
			Name: "input-clipped", Modules: probability, rule: "TAIL-LOSS", Level: verdict.Parity,
			Title: "The probability is clipped to [1e-7, 1-1e-7], which bounds the loss by 16; the gradient is zero beyond.",
			Why:   "Keras does so.",
			Right: right,
			Met: []Link{
				{"The clipping of binary_crossentropy loses precision", "https://github.com/keras-team/keras/issues/9247"},
			},
			vary: seeing(func(e *element) {
				if x := clipped(*e); x != e.x {
					e.x, e.dx = x, 0
				}
			}),
		},
		{
			Name: "epsilon-1e-7-added", Modules: probability, rule: "TAIL-LOSS", Level: verdict.Parity,
			Title: "1e-7 is added inside the logarithms.",
			Why:   "It keeps log(0) away. TensorFlow.js's logLoss does so.",
			Right: right,
			Met:   []Link{{"An epsilon added since the logarithm of 0 made the loss NaN", "https://github.com/maxvfischer/keras-image-segmentation-loss-functions/pull/1"}},
			vary: all(
				of(func(e element, x float64) float64 { return e.log(e.add(x, 1e-7)) },
					func(e element, x float64) float64 { return e.log(e.add(1, -x) + 1e-7) }),
				deriving(func(e element) float64 {
					return e.w * ((1-e.t)/(1-e.x+1e-7) - e.t/(e.x+1e-7))
				}),
			),
		},
		{
			Name: "epsilon-1e-12-added", Modules: probability, rule: "CLAMP", Level: verdict.Parity,
			Title: "1e-12 is added inside the logarithms, which bounds the loss by 28.",
			Why:   "PyTorch's BCELoss did so until 1.2.",
			Right: right,
			Met: []Link{
				{"BCELoss adds an epsilon of 1e-12, and ends at 27.63", "https://github.com/pytorch/pytorch/issues/4867"},
				{"The epsilon makes BCELoss negative", "https://github.com/pytorch/pytorch/pull/8147"},
			},
			vary: all(
				of(func(e element, x float64) float64 { return e.log(e.add(x, 1e-12)) },
					func(e element, x float64) float64 { return e.log(e.add(1, -x) + 1e-12) }),
				deriving(func(e element) float64 {
					return e.w * ((1-e.t)/(1-e.x+1e-12) - e.t/(e.x+1e-12))
				}),
			),
		},
		{
			Name: "probability-taken-as-logit", Modules: probability, rule: "FORMULA", Level: verdict.Parity,
			Title: "A sigmoid is applied to the input, which is a probability already.",
			Why:   "The loss is BCEWithLogitsLoss under another name.",
			Right: right + ", x a probability",
			Met: []Link{
				{"BCEWithLogitsLoss on top of a sigmoid", "https://github.com/NVIDIA-Merlin/models/pull/1175"},
				{"A sigmoid in the model, and another in the loss", "https://github.com/GeoZcx/A-deeply-supervised-image-fusion-network-for-change-detection-in-remote-sensing-images/issues/1"},
			},
			vary: all(losing(lossOf), deriving(gradInputOf), targeting(gradTargetOf)),
		},
		{
			Name: "negative-term-left-out", Modules: probability, rule: "FORMULA", Level: verdict.Parity,
			Title: "The loss is -t*log(x) alone.",
			Why:   "That is the cross-entropy of classes, where only the true one counts.",
			Right: right,
			Met:   []Link{{"The loss goes to 0 for a constant 1: the extra term is needed", "https://github.com/FluxML/Flux.jl/pull/96"}},
			vary: all(
				losing(func(e element) float64 { return -e.w * e.t * logOf(e.x) }),
				deriving(func(e element) float64 { return -e.w * e.t / max(e.x, 1e-12) }),
				targeting(func(e element) float64 { return -e.w * logOf(e.x) }),
			),
		},
		{
			Name: "entropy-subtracted", Modules: probability, rule: "TARGET-EQUALS-INPUT", Level: verdict.Parity,
			Title: "The entropy of the target is subtracted, so that the loss is 0 where x = t.",
			Why:   "It is the Kullback-Leibler divergence; for targets 0 and 1 there is no difference.",
			Right: right + ", which for x = t is the entropy of t",
			vary: all(
				losing(func(e element) float64 {
					entropy := element{x: e.t, t: e.t, w: 1}
					return probabilityLossOf(e) - e.w*probabilityLossOf(entropy)
				}),
				targeting(func(e element) float64 {
					return probabilityGradTargetOf(e) + e.w*(logOf(e.t)-logNotOf(e.t))
				}),
			),
		},
		{
			Name: "log-of-one-minus", Modules: probability, rule: "TAIL-LOSS", Level: verdict.Exact,
			Title: "The negative term takes log(1-x), which is 0 for x below half an epsilon.",
			Why:   "log1p is forgotten. PyTorch 2.15.0 takes log1p.",
			Right: right + " with log(1-x) as log1p(-x)",
			Met:   []Link{{"log(1-x) instead of log1p(-x)", "https://github.com/jax-ml/jax/pull/1200"}},
			vary:  of(clamped, func(e element, x float64) float64 { return max(e.log(e.add(1, -x)), leastLog) }),
		},
		{
			Name: "base-10-logarithm", Modules: probability, rule: "FORMULA", Level: verdict.Parity,
			Title: "The logarithms are decimal.",
			Why:   "The function named log is the decimal one in some languages.",
			Right: right + ", log natural",
			Met: []Link{
				{"A binary cross entropy had log10", "https://github.com/SorawitChok/Neural-Network-from-scratch-in-Cpp/pull/6"},
				{"log10 in one loss, log in another", "https://github.com/huawei-noah/Efficient-Computing/issues/12"},
			},
			vary: all(
				of(func(_ element, x float64) float64 { return max(math.Log10(x), leastLog) },
					func(_ element, x float64) float64 { return max(math.Log1p(-x)/math.Ln10, leastLog) }),
				deriving(func(e element) float64 { return probabilityGradInputOf(e) / math.Ln10 }),
			),
		},
		{
			Name: "gradient-of-the-logit", Modules: probability, rule: "GRAD-INPUT", Level: verdict.Parity,
			Title: "The gradient is x-t, that in the logit.",
			Why:   "It is the gradient that everybody knows; the sigmoid belongs to it.",
			Right: slope,
			Met:   []Link{{"The gradient of a loss of probabilities was prediction less target", "https://github.com/tf-encrypted/tf-encrypted/pull/727"}},
			vary:  deriving(func(e element) float64 { return e.w * (e.x - e.t) }),
		},
		{
			Name: "gradient-with-epsilon-1e-7", Modules: probability, rule: "TAIL-GRAD", Level: verdict.Parity,
			Title: "The gradient divides by x*(1-x) + 1e-7.",
			Why:   "It keeps the division by zero away.",
			Right: slope + "; x*(1-x) is at least 1e-12 in PyTorch",
			vary:  deriving(func(e element) float64 { return e.w * (e.x - e.t) / (e.x*(1-e.x) + 1e-7) }),
		},
		{
			Name: "gradient-of-the-positive-term", Modules: probability, rule: "GRAD-INPUT", Level: verdict.Parity,
			Title: "The gradient is -t/x alone.",
			Why:   "The derivative of log(1-x) is forgotten, or taken for zero with hard targets.",
			Right: slope,
			Met:   []Link{{"The gradient is 0 wherever the label is 0", "https://github.com/deeplearning4j/nd4j/issues/1328"}},
			vary:  deriving(func(e element) float64 { return -e.w * e.t / max(e.x, 1e-12) }),
		},
		{
			Name: "input-range-accepted", Modules: probability, rule: "INPUT-RANGE", Level: verdict.Parity,
			Title: "Inputs outside [0, 1] are accepted.",
			Why:   "The logarithm of a negative number is NaN, which is thought to be enough.",
			Right: "an input with an element outside [0, 1], or NaN, is refused",
			Met:   []Link{{"BCELoss does not look for negative inputs", "https://github.com/pytorch/pytorch/issues/1241"}},
			vary:  uncheckedValues(func(a *arguments) *operand { return a.input }),
		},
		{
			Name: "input-range-clamped", Modules: probability, rule: "INPUT-RANGE", Level: verdict.Parity,
			Title: "Inputs outside [0, 1] are clamped to it.",
			Why:   "A rounding error of the sigmoid is to be forgiven, and with it everything else.",
			Right: "an input with an element outside [0, 1], or NaN, is refused",
			Met:   []Link{{"Clipping hides predictions that are negative", "https://github.com/keras-team/keras/issues/4744"}},
			vary: func(d *definition) {
				d.admit = func(a *arguments) {
					mapping(a.input, func(x float64) float64 { return min(max(x, 0), 1) })
				}
			},
		},
		{
			Name: "target-range-accepted", Modules: probability, rule: "TARGET-RANGE", Level: verdict.Parity,
			Title: "Targets outside [0, 1] are accepted.",
			Why:   "The formula works for them, and BCEWithLogitsLoss accepts them.",
			Right: "a target with an element outside [0, 1], or NaN, is refused",
			Met: []Link{
				{"The range of targets is documented, and not looked at", "https://github.com/pytorch/pytorch/issues/87373"},
				{"A target of 3 is accepted", "https://github.com/pytorch/pytorch/issues/15262"},
				{"Labels -2 and 2 are accepted", "https://github.com/keras-team/keras/issues/14046"},
			},
			vary: uncheckedValues(func(a *arguments) *operand { return a.target }),
		},
		{
			Name: "target-gradient-negated", Modules: probability, rule: "GRAD-TARGET", Level: verdict.Parity,
			Title: "The gradient of the target is log(x) - log(1-x): its sign is wrong.",
			Why:   "The derivative of the logit is known, and the loss has a minus.",
			Right: "grad_target = {grad_target}, times the scale of the reduction",
			vary: func(d *definition) {
				d.gradTarget = func(e element) float64 { return -probabilityGradTargetOf(e) }
			},
		},
	}
}
