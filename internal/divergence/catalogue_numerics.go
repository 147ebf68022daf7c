package divergence

import (
	"math"
	"slices"

	"lossproof/internal/definition"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// tails are formulas that fail for large logits.
func tails() []*Divergence {
	const (
		right = "softplus(x) = max(x, 0) + log1p(exp(-|x|)), and l = w*(p*t*softplus(-x) + (1-t)*softplus(x))"
		slope = "sigmoid(x) = 1/(1+e) for x >= 0 and e/(1+e) below, e = exp(-|x|)"
	)
	return []*Divergence{
		{Name: "log-of-sigmoid", Modules: both, rule: "TAIL-LOSS",
			Title: "The loss is -(t*log(s) + (1-t)*log(1-s)) with s = sigmoid(x), which is 0 or 1 in the tails.",
			Why:   "It is the formula of the documentation, typed as it stands.",
			Right: right,
			Met:   links("huggingface/candle/issues/2561: binary_cross_entropy_with_logit is NaN for high logits", "keras-team/keras-core/issues/196: The sigmoid is taken before the logarithm in the JAX and torch backends", "pytorch/pytorch/issues/1516: MultiLabelSoftMarginLoss is numerically unstable"),
			vary:  ofProbability(0, 0)},
		{Name: "exp-overflows", Modules: both, rule: "TAIL-LOSS",
			Title: "softplus(x) is log1p(exp(x)), which overflows.",
			Why:   "It is the definition, and log1p makes it look stable.",
			Right: right,
			Met:   links("borgwang/tinynn/pull/7: np.log(1 + np.exp(logits)) may overflow"),
			vary: splitting(
				func(e element, x float64) float64 { return e.round(math.Log1p(e.exp(x))) },
				func(e element, x float64) float64 { return e.exp(x) * (1 / e.add(1, e.exp(x))) },
			)},
		{Name: "exp-overflows-in-both-terms", Modules: both, rule: "TAIL-LOSS",
			Title: "softplus(x) is log(1+exp(x)), which overflows, and the term that does not count is 0 times infinity, which is NaN.",
			Why:   "It is the definition, and both terms are computed whatever the target is.",
			Right: right,
			vary: all(combining(typed), computing(func(u *unit) {
				for _, x := range []number{u.X[0].Neg(), u.X[0]} {
					u.F = append(u.F, minusLog(u, expOf(u, x).Plus(1), 0).Neg())
				}
			}))},
		{Name: "stabiliser-of-wrong-sign", Modules: both, rule: "LOGIT-HUGE",
			Title: "The loss is stabilised by max(x, 0) where max(-x, 0) is needed, and is infinite for large negative logits.",
			Why:   "A minus sign is lost; up to |x| = 88 in float32 nothing shows.",
			Right: right,
			Met:   links("pytorch/pytorch/pull/2221: A minus sign missing in the clamp of bce_with_logits"),
			vary: combining(func(u *unit) number {
				t, x, factor := u.T[0], u.X[0], u.Number(1)
				if u.P.Given() {
					factor = u.P.Minus(1).Mul(t).Plus(1)
				}
				m := x.Max(0).Detach() // it has no derivative on paper
				sum := expOf(u, m.Neg()).Add(expOf(u, x.Neg().Sub(m))).Round(u.DType)
				logs := m.Sub(minusLog(u, sum, 0))
				return u.W[0].Mul(t.Rest().Mul(x).Add(factor.Mul(logs)))
			})},
		{Name: "epsilon-1e-7-in-log", Modules: both, rule: "TAIL-LOSS",
			Title: "1e-7 is added inside the logarithms.",
			Why:   "It keeps log(0) away, and bounds the loss by 16.",
			Right: right,
			Met:   links("tensorflow/tensorflow/pull/41595: Binary cross entropy clips by an epsilon and adds it again", "maxvfischer/keras-image-segmentation-loss-functions/pull/1: An epsilon added since the logarithm of 0 made the loss NaN"),
			vary:  ofProbability(0, 1e-7)},
		{Name: "epsilon-1e-12-in-log", Modules: both, rule: "TAIL-LOSS",
			Title: "1e-12 is added inside the logarithms.",
			Why:   "It keeps log(0) away, and bounds the loss by 28.",
			Right: right,
			Met:   links("pytorch/pytorch/issues/4867: BCELoss adds an epsilon of 1e-12, and ends at 27.63"),
			vary:  ofProbability(0, 1e-12)},
		{Name: "probability-clipped", Modules: both, rule: "TAIL-LOSS",
			Title: "The probability is clipped to [1e-7, 1-1e-7], and the gradient is zero beyond.",
			Why:   "Keras does so where it is given probabilities.",
			Right: right,
			Met:   links("keras-team/keras/issues/9247: The clipping of binary_crossentropy loses precision", "keras-team/keras/issues/9664: binary_crossentropy has gradient 0 for large logits"),
			vary:  ofProbability(1e-7, 0)},
		{Name: "log-clamped-at-100", Modules: both, rule: "LOGIT-HUGE",
			Title: "The logarithms are clamped at -100.",
			Why:   "BCELoss does so, and the loss is composed of a sigmoid and BCELoss.",
			Right: right,
			Met:   links("ml-explore/mlx/pull/1280: BCE clips its logarithms at -100, after PyTorch's BCELoss"),
			vary:  clampedLogs(100)},
		{Name: "logits-clamped", Modules: withLogits, rule: "LOGIT-HUGE",
			Title: "Logits are clamped to [-50, 50], and the gradient is zero beyond, as that of a clamp is.",
			Why:   "It keeps exp from overflowing.",
			Right: right,
			Met:   links("pytorch/pytorch/pull/163975: Logits clamped to [-100, 100] in the loss alone, its gradient left as it was: proposed for binary_cross_entropy_with_logits"),
			vary:  clampedLogits(50)},
		{Name: "softplus-linear-above-20", Modules: both, rule: "TAIL-LOSS",
			Title: "softplus(x) is x above 20: in float64, nine digits of the tail are lost.",
			Why:   "torch.nn.Softplus has this threshold.",
			Right: right,
			Met:   links("apache/tvm/issues/20184: A threshold of 20 in softplus loses accuracy in float64", "mlpack/mlpack/pull/2371: Softplus with PyTorch's threshold of 20"),
			vary: computing(func(u *unit) {
				for _, x := range []number{u.X[0].Neg(), u.X[0]} {
					f := x
					if !(x.Value() > 20) {
						f = x.Softplus()
					}
					u.F = append(u.F, f)
				}
			})},
		{Name: "softplus-zero-below-20", Modules: both, rule: "TAIL-LOSS",
			Title: "softplus(x) is 0 below -20: in float64, the tail is lost.",
			Why:   "The threshold of a softplus that is used on both sides.",
			Right: right,
			vary: computing(func(u *unit) {
				for _, x := range []number{u.X[0].Neg(), u.X[0]} {
					f := u.Number(0)
					if !(x.Value() < -20) {
						f = x.Softplus()
					}
					u.F = append(u.F, f)
				}
			})},
		{Name: "sigmoid-overflows", Modules: both, rule: "LOGIT-HUGE",
			Title: "The gradient takes the sigmoid as exp(x)/(1+exp(x)), which is NaN for large logits.",
			Why:   "It is a form of the sigmoid that is right on paper.",
			Right: slope,
			Met:   links("NervanaSystems/ngraph/pull/3118: A sigmoid of exp(x)/(exp(x)+1) overflows", "clab/dynet/issues/1525: sigmoid is NaN for large inputs"),
			vary: slopeOf(func(e element) float64 {
				s := func(x float64) float64 { return e.exp(x) / e.add(1, e.exp(x)) }
				return e.w * ((1-e.t)*s(e.x) - e.p*e.t*s(-e.x))
			})},
	}
}

// precision are mistakes of rounding.
func precision() []*Divergence {
	const right = "softplus(x) = max(x, 0) + log1p(exp(-|x|)) in the dtype of the input"
	return []*Divergence{
		{Name: "log-of-one-plus", Modules: both, rule: "TAIL-LOSS", Level: verdict.Exact,
			Title: "softplus takes log(1+e), which is 0 for e below half an epsilon.",
			Why:   "log1p is forgotten, or the language lacks it.",
			Right: right,
			Met:   links("pytorch/pytorch/pull/66441: log_sigmoid: log1p for precision", "pytorch/pytorch/pull/92145: log(1+x) replaced by log1p(x) in soft_margin_loss"),
			vary: rounding(func(e element, x, _ float64) float64 {
				return e.add(max(x, 0), e.log(e.add(1, e.exp(-math.Abs(x)))))
			})},
		{Name: "max-value-formula", Modules: both, rule: "TAIL-LOSS", Level: verdict.Exact,
			Title: "The loss is (1-t)*x + m + log(exp(-m)+exp(-x-m)), m = max(-x, 0), whose terms cancel.",
			Why:   "It was PyTorch's formula for years, and is copied from there.",
			Right: right,
			Met:   links("apache/mxnet/pull/9404: The formula with max_val is 0 for logits of 20 and more; that with log1p is not", "Oneflow-Inc/oneflow/pull/4024: The formula with max_val, ported from PyTorch", "pytorch/pytorch/issues/5660: The formula with max_val, as it was proposed"),
			vary: losing(func(e element, right float64) float64 {
				if math.IsInf(e.x, 0) { // not what this is about
					return right
				}
				m := max(-e.x, 0)
				logs := e.add(m, e.log(e.add(e.exp(-m), e.exp(-e.x-m))))
				return e.add(times(1-e.t, e.x), e.round((1+(e.p-1)*e.t)*logs))
			})},
		{Name: "loss-flushed-below-1e-7", Modules: both, rule: "TAIL-LOSS", Level: verdict.Exact,
			Title: "In float32, softplus below 1e-7 is 0.",
			Why:   "A threshold is to save time, or to guard a logarithm.",
			Right: right,
			vary: rounding(func(e element, _, right float64) float64 {
				if e.dtype == tensor.Float32 && right < 1e-7 {
					return 0
				}
				return right
			})},
		{Name: "subnormals-flushed", Modules: slices.Concat(both, crossEntropy), rule: "SUBNORMAL",
			Title: "Losses and gradients below the smallest normal number are 0.",
			Why:   "The processor flushes subnormal numbers, or -ffast-math lets it.",
			Right: "results are rounded to the nearest number, subnormal or not; a port may claim to be without subnormals",
			Met:   links("Qiskit/qiskit-aer/pull/1469: -ffast-math flushes subnormal numbers for the whole process"),
			vary:  flushing},
		{Name: "subnormal-losses-flushed", Modules: probability, rule: "SUBNORMAL", Level: verdict.Exact,
			Title: "Losses below the smallest normal number are 0.",
			Why:   "The processor flushes subnormal numbers, or -ffast-math lets it.",
			Right: "results are rounded to the nearest number, subnormal or not; a port may claim to be without subnormals",
			vary:  flushing},
		{Name: "float64-in-float32", Modules: every, rule: "FORMULA",
			Title: "float64 calls are computed in float32.",
			Why:   "The library's tensors are float32, and the adapter converts.",
			Right: "a float64 result has the precision of float64",
			Met:   links("keras-team/keras-core/issues/922: Losses are cast to floatx, whatever the dtype", "tensorflow/tensorflow/issues/48129: A loss loses precision in a conversion to float32"),
			vary: all(preparing(func(a *arguments) {
				for _, o := range a.Operands() {
					o.Map(tensor.Float32.Format().Round)
				}
			}), finishingAll(func(_ *arguments, _ string, o *operand) { o.Map(tensor.Float32.Format().Round) }))},
		{Name: "logits-in-bfloat16", Modules: both, rule: "FORMULA",
			Title: "Logits are rounded to bfloat16.",
			Why:   "Mixed precision is on, and the loss is not excepted.",
			Right: right,
			Met:   links("google-deepmind/optax/issues/1020: The loss of bfloat16 logits is quantised", "Modalities/modalities/pull/464: The loss is handed logits in bfloat16"),
			vary:  preparing(func(a *arguments) { a.Input.Map(tensor.BFloat16.Format().Round) })},
		{Name: "approximate-exp", Modules: both, rule: "FORMULA",
			Title: "exp(x) is (1+x/4096)^4096.",
			Why:   "It is faster than exp, and close to it where x is small.",
			Right: right + ", exp to within a few units of the last place",
			Met:   links("The-OpenROAD-Project/RePlAce/issues/32: exp is (1+x/1024)^1024", "torch/torch7/pull/1027: A fast sigmoid with an error of 0.2%"),
			vary: splitting(
				func(_ element, x float64) float64 {
					return max(x, 0) + math.Log1p(math.Pow(max(0, 1-math.Abs(x)/4096), 4096))
				},
				func(_ element, x float64) float64 {
					base := max(0, 1-math.Abs(x)/4096)
					slope := math.Pow(base, 4095) / (1 + math.Pow(base, 4096))
					if x > 0 {
						return 1 - slope
					}
					return slope
				},
			)},
		{Name: "naive-sum", Modules: every, rule: "ACCUMULATION", Sums: true,
			Title: "Losses are added one after the other, in the dtype of the result.",
			Why:   "It is the loop that everybody writes. The error grows with the number of elements.",
			Right: "sum in blocks, pairwise, compensated or in a wider dtype",
			Met:   links("numba/numba/issues/2855: float32 sums have low accuracy", "numpy/numpy/issues/22956: A mean over float32 stops at 2^24"),
			vary:  func(l *loss) { l.Sum = oneAfterTheOther }},
	}
}

// gradients are mistakes in the gradient of the input.
func gradients() []*Divergence {
	const right = "grad = {grad}, times the scale of the reduction and grad_output"
	return []*Divergence{
		{Name: "gradient-zero", Modules: every, rule: "GRAD-INPUT", Sums: true,
			Title: "The gradient of the input is zero.",
			Why:   "The loss is detached, or the backward is missing.",
			Right: right,
			Met:   links("SKaiNET-developers/SKaiNET/issues/862: The loss is cut off from the tape"),
			vary:  sloping(ports.GradInput, zero)},
		{Name: "gradient-negated", Modules: every, rule: "GRAD-INPUT", Sums: true,
			Title: "The gradient of the input has the opposite sign.",
			Why:   "It is target less prediction, the direction of the step.",
			Right: right,
			Met:   links("dennybritz/nn-from-scratch/issues/11: The expression for the gradient is target less output", "deeplearning4j/deeplearning4j/issues/349: The gradient should be output less labels"),
			vary:  sloping(ports.GradInput, negate)},
		{Name: "gradient-of-the-sum", Modules: every, rule: "GRAD-INPUT", Sums: true,
			Title: "The gradient of 'mean' is that of 'sum'.",
			Why:   "The handwritten backward forgets the division.",
			Right: right + "; that of 'mean' is 1/N",
			Met:   links("jxgu1016/MNIST_center_loss_pytorch/issues/9: The gradient needs to be divided by the batch size"),
			vary:  scaling(func(a *arguments, p *plan) { p.Count = a.Number(1) })},
		{Name: "gradient-always-averaged", Modules: every, rule: "GRAD-INPUT",
			Title: "The gradients of 'none' and 'sum' are divided by the number of elements, too.",
			Why:   "The handwritten backward knows 'mean' alone.",
			Right: right + "; that of 'sum' is 1",
			Met:   links("paiml/aprender/pull/2182: The backward pass divides by the batch for 'sum' and 'none', too"),
			vary: scaling(func(_ *arguments, p *plan) {
				if p.Reduction != "mean" {
					p.Classes = p.Classes.Mul(p.Count)
				}
			})},
		{Name: "gradient-of-the-probability", Modules: both, rule: "GRAD-INPUT",
			Title: "The gradient is that in the probability: the derivative of the sigmoid is missing.",
			Why:   "The chain rule stops at BCELoss.",
			Right: right,
			Met:   links("jiexunsee/Neural-Network-with-Python/issues/1: The error was not multiplied by the derivative of the sigmoid"),
			vary: slopeOf(func(e element) float64 {
				return e.w * ((1-e.t)/sigmoid(-e.x) - e.p*e.t/sigmoid(e.x))
			})},
		{Name: "gradient-in-float16", Modules: every, rule: "GRAD-INPUT", Sums: true,
			Title: "The gradient is rounded to float16, and is zero where it is small.",
			Why:   "Mixed precision without a scaling of the loss.",
			Right: right,
			Met:   links("engichang1467/Open-Rig3R/issues/35: float16 under autocast without a scaler"),
			vary:  finishing(ports.GradInput, func(_ *arguments, o *operand) { o.Map(tensor.Float16.Format().Round) })},
		{Name: "gradient-clipped", Modules: withLogits, rule: "WEIGHT-EXTREME",
			Title: "The gradient is clipped to [-1, 1].",
			Why:   "Without weights it never leaves this range.",
			Right: right,
			vary:  clippedGradient(1)},
		{Name: "gradient-of-abs-at-zero", Modules: both, rule: "LOGIT-ZERO",
			Title: "At logit 0 the gradient has the derivatives of max(x, 0) and |x|, which are taken for 0.",
			Why:   "max(x, 0) - x*t + log1p(exp(-|x|)) is differentiated automatically, term by term.",
			Right: "at x = 0 the gradient is w*((1-t)/2 - p*t/2), times the scale of the reduction",
			Met:   links("pytorch/pytorch/pull/2195: bce_with_logits without abs, whose gradient at 0 is 0", "pytorch/pytorch/issues/2298: BCEWithLogitsLoss computes a wrong gradient at 0"),
			vary:  slopeAtZero(0, 0)},
		{Name: "sigmoid-minus-target", Modules: both, rule: "TAIL-GRAD", Level: verdict.Exact,
			Title: "The gradient is sigmoid(x)-t, which is 0 for t = 1 beyond x = 17 in float32.",
			Why:   "It is the formula that everybody knows, PyTorch's BCEWithLogitsLoss included.",
			Right: right,
			Met:   links("pytorch/pytorch/issues/195677: binary_cross_entropy_with_logits loses a float64 gradient in the tail", "pytorch/pytorch/issues/195529: The tail and its gradient are lost on one of two symmetric branches"),
			vary: slopeOf(func(e element) float64 {
				s := e.round(sigmoid(e.x))
				return e.w * e.add(e.round((1-e.t+e.p*e.t)*s), -e.p*e.t)
			})},
		{Name: "one-minus-sigmoid", Modules: bce, rule: "TAIL-GRAD", Level: verdict.Exact,
			Title: "The gradient takes 1-sigmoid(x) for sigmoid(-x), which is 0 beyond x = 17 in float32.",
			Why:   "The sigmoid is at hand, and the two are equal on paper.",
			Right: right,
			Met:   links("jax-ml/jax/pull/40825: The gradient of the logistic function is s*(1-s), which cancels", "tensorflow/tensorflow/issues/126060: SigmoidGrad is y*(1-y), and 0 where y rounds to 1", "tenstorrent/tt-metal/pull/55727: The backward pass of a sigmoid is s*(1-s), and 0 above 16.75"),
			vary: slopeOf(func(e element) float64 {
				s := e.round(sigmoid(e.x))
				return e.w * ((1-e.t)*s - e.p*e.t*e.add(1, -s))
			})},
		{Name: "sigmoid-from-its-complement", Modules: both, rule: "TAIL-GRAD",
			Title: "The gradient takes 1-sigmoid(-x) for sigmoid(x), which is 0 below x = -17 in float32.",
			Why:   "It is the derivative of logaddexp(0, x) in its second argument, as 1 less that in the first.",
			Right: right,
			vary: slopeOf(func(e element) float64 {
				s := e.add(1, -e.round(sigmoid(-e.x)))
				return e.w * e.add(e.round((1-e.t+e.p*e.t)*s), -e.p*e.t)
			})},
		{Name: "upstream-ignored", Modules: every, rule: "GRAD-OUTPUT",
			Title: "grad_output has no effect.",
			Why:   "The backward assumes that the loss is the last step.",
			Right: right,
			Met:   links("dmlc/gluon-cv/issues/1668: What comes after SoftmaxOutput has no influence on the gradients", "apache/mxnet/issues/3247: The gradients of the outputs do not matter"),
			vary:  upstream(func([]float64) float64 { return 1 })},
		{Name: "upstream-averaged", Modules: every, rule: "GRAD-OUTPUT",
			Title: "'none' multiplies every gradient by the mean of grad_output.",
			Why:   "grad_output is expected to be a scalar, and is reduced to one.",
			Right: right + ", element by element",
			vary:  upstream(func(values []float64) float64 { return definition.SumOf(values) / float64(len(values)) })},
		{Name: "upstream-first-element", Modules: every, rule: "GRAD-OUTPUT",
			Title: "'none' multiplies every gradient by the first element of grad_output.",
			Why:   "A kernel reads grad_output as a scalar.",
			Right: right + ", element by element",
			Met:   links("linkedin/Liger-Kernel/pull/1298: Every gradient is multiplied by the first grad_output", "paiml/aprender/pull/2182: The backward pass reads grad_output[0]"),
			vary:  upstream(func(values []float64) float64 { return values[0] })},
	}
}

// nonfinite are mistakes with NaN and infinity.
func nonfinite() []*Divergence {
	return []*Divergence{
		{Name: "nan-logit-zeroed", Modules: withLogits, rule: "NAN-LOGIT",
			Title: "NaN logits are taken for 0.",
			Why:   "nan_to_num was added to get a training run through.",
			Right: "a NaN logit makes its element, or the row of CrossEntropyLoss, NaN, and with it the mean and the sum",
			vary: viewing(func(u *unit) {
				for c, x := range u.X {
					if math.IsNaN(x.Value()) {
						u.X[c] = u.Number(0)
					}
				}
			})},
		{Name: "nan-swallowed", Modules: both, rule: "NAN-LOGIT",
			Title: "NaN losses and gradients of elements are taken for 0.",
			Why:   "nansum and nanmean, or a comparison that is false for NaN.",
			Right: "a NaN logit makes its element NaN, and with it the mean and the sum",
			Met:   links("facebookresearch/fairchem/pull/441: NaNs in the loss are set to zero"),
			vary: func(l *loss) {
				l.Combine = func(u *unit) number {
					loss := definition.CombineTargets(u)
					if math.IsNaN(loss.Value()) {
						return loss.Custom(0, 1)
					}
					return loss
				}
				for _, name := range []string{ports.GradInput, ports.GradTarget, ports.GradWeight} {
					sloping(name, func(_ *unit, slope []float64) {
						if math.IsNaN(slope[0]) {
							slope[0] = 0
						}
					})(l)
				}
			}},
		{Name: "infinity-minus-infinity", Modules: both, rule: "INF-LIMIT",
			Title: "At an infinite logit the loss is NaN, also where the limit is infinite.",
			Why:   "max(x, 0) - x*t takes infinity times 0, or infinity from infinity.",
			Right: "the loss is the limit: t = 0 at x = -inf gives 0, at x = inf gives inf",
			Met:   links("pytorch/pytorch/issues/102894: BCEWithLogitsLoss is NaN at an infinite logit, BCELoss is not", "pytorch/pytorch/issues/135359: binary_cross_entropy_with_logits is NaN at -inf", "google-deepmind/optax/pull/431: sigmoid_binary_cross_entropy for infinite logits"),
			vary: losing(func(e element, right float64) float64 {
				if math.IsInf(e.x, 0) {
					return math.NaN()
				}
				return right
			})},
		{Name: "infinity-made-finite", Modules: both, rule: "INF-LIMIT",
			Title: "Infinite logits are taken for the largest finite number.",
			Why:   "nan_to_num does so.",
			Right: "the loss is the limit: infinite on the wrong side",
			vary: viewing(func(u *unit) {
				if x := u.X[0].Value(); math.IsInf(x, 0) {
					u.X[0] = u.Number(math.Copysign(u.DType.Format().Largest(), x))
				}
			})},
		{Name: "maximum-by-halves", Modules: both, rule: "LOGIT-MAX",
			Title: "max(x, 0) is (x+|x|)/2, which overflows above half of the largest number.",
			Why:   "It has no branch.",
			Right: "softplus(x) = max(x, 0) + log1p(exp(-|x|)), which is finite wherever x is",
			vary: rounding(func(e element, x, _ float64) float64 {
				return e.add(e.add(x, math.Abs(x))/2, math.Log1p(math.Exp(-math.Abs(x))))
			})},
	}
}

// flushing makes 0 of every result below the smallest normal number.
var flushing = finishingAll(func(_ *arguments, _ string, o *operand) {
	smallest := o.DType.Format().SmallestNormal()
	o.Map(func(v float64) float64 {
		if math.Abs(v) < smallest {
			return 0
		}
		return v
	})
})
