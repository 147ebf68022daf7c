package divergence

import (
	"math"
	"slices"

	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// The formulas here work in the dtype of the input, as an implementation would: every
// step is rounded.

// exp is exp(x), rounded.
func (e element) exp(x float64) float64 { return round(e.dtype, math.Exp(x)) }

// log is log(x), rounded.
func (e element) log(x float64) float64 { return round(e.dtype, math.Log(x)) }

// add is a+b, rounded.
func (e element) add(a, b float64) float64 { return round(e.dtype, a+b) }

// probability is 1/(1+exp(-x)), rounded.
func (e element) probability() float64 { return round(e.dtype, 1/e.add(1, e.exp(-e.x))) }

// ofProbability takes -(p*t*log(s) + (1-t)*log(1-s)) of s = sigmoid(x), with a logarithm of its own, and differentiates
// it by the chain rule, first in s, then in x. slope is the derivative of the logarithm.
func ofProbability(log, slope func(e element, s float64) float64) func(*definition) {
	return all(
		losing(func(e element) float64 {
			s := e.probability()
			return -e.w * (e.p*e.t*log(e, s) + (1-e.t)*log(e, e.add(1, -s)))
		}),
		deriving(func(e element) float64 {
			s := e.probability()
			return e.w * ((1-e.t)*slope(e, e.add(1, -s)) - e.p*e.t*slope(e, s)) * s * e.add(1, -s)
		}),
		targeting(func(e element) float64 {
			s := e.probability()
			return e.w * (log(e, e.add(1, -s)) - e.p*log(e, s))
		}),
	)
}

// split takes p*t*f(-x) + (1-t)*f(x), weighted, for another f than softplus. slope is its derivative.
func split(f, slope func(e element, x float64) float64) func(*definition) {
	return all(
		losing(func(e element) float64 {
			return times(e.w, times(e.p*e.t, f(e, -e.x))+times(1-e.t, f(e, e.x)))
		}),
		deriving(func(e element) float64 {
			return e.w * (inner(1-e.t, slope(e, e.x)) - inner(e.p*e.t, slope(e, -e.x)))
		}),
		targeting(func(e element) float64 { return e.w * (e.p*f(e, -e.x) - f(e, e.x)) }),
	)
}

// splitLoss is split for an f that is softplus but for rounding: the derivatives are right.
func splitLoss(f func(e element, x float64) float64) func(*definition) {
	return func(d *definition) {
		before := *d
		split(f, f)(d)
		d.gradInput, d.gradTarget = before.gradInput, before.gradTarget
	}
}

// tails are formulas that fail for large logits.
func tails() []*Divergence {
	const (
		right = "softplus(x) = max(x, 0) + log1p(exp(-|x|)), and l = w*(p*t*softplus(-x) + (1-t)*softplus(x))"
		slope = "sigmoid(x) = 1/(1+e) for x >= 0 and e/(1+e) below, e = exp(-|x|)"
	)
	return []*Divergence{
		{
			Name: "log-of-sigmoid", Modules: both, rule: "TAIL-LOSS", Level: verdict.Parity,
			Title: "The loss is -(t*log(s) + (1-t)*log(1-s)) with s = sigmoid(x), which is 0 or 1 in the tails.",
			Why:   "It is the formula of the documentation, typed as it stands.",
			Right: right,
			Met: []Link{
				{"binary_cross_entropy_with_logit is NaN for high logits", "https://github.com/huggingface/candle/issues/2561"},
				{"The sigmoid is taken before the logarithm in the JAX and torch backends", "https://github.com/keras-team/keras-core/issues/196"},
				{"MultiLabelSoftMarginLoss is numerically unstable", "https://github.com/pytorch/pytorch/issues/1516"},
			},
			vary: ofProbability(element.log, func(_ element, s float64) float64 { return 1 / s }),
		},
		{
			Name: "exp-overflows", Modules: both, rule: "TAIL-LOSS", Level: verdict.Parity,
			Title: "softplus(x) is log1p(exp(x)), which overflows.",
			Why:   "It is the definition, and log1p makes it look stable.",
			Right: right,
			Met: []Link{
				{"np.log(1 + np.exp(logits)) may overflow", "https://github.com/borgwang/tinynn/pull/7"},
			},
			vary: split(
				func(e element, x float64) float64 { return round(e.dtype, math.Log1p(e.exp(x))) },
				func(e element, x float64) float64 { return e.exp(x) * (1 / e.add(1, e.exp(x))) },
			),
		},
		{
			Name: "stabiliser-of-wrong-sign", Modules: both, rule: "LOGIT-HUGE", Level: verdict.Parity,
			Title: "The loss is stabilised by max(x, 0) where max(-x, 0) is needed, and is infinite for large negative logits.",
			Why:   "A minus sign is lost; up to |x| = 88 in float32 nothing shows.",
			Right: right,
			Met:   []Link{{"A minus sign missing in the clamp of bce_with_logits", "https://github.com/pytorch/pytorch/pull/2221"}},
			vary: func(d *definition) {
				logs := func(e element) float64 {
					m := max(e.x, 0)
					return m + e.log(e.add(e.exp(-m), e.exp(-e.x-m)))
				}
				losing(func(e element) float64 { return e.w * ((1-e.t)*e.x + (1+(e.p-1)*e.t)*logs(e)) })(d)
				d.gradInput = func(e element) float64 {
					m := max(e.x, 0)
					e1, e2 := e.exp(-m), e.exp(-e.x-m)
					return e.w * (1 - e.t - (1+(e.p-1)*e.t)*(e2/e.add(e1, e2)))
				}
				d.gradTarget = func(e element) float64 { return e.w * (times(e.p-1, logs(e)) - e.x) }
			},
		},
		{
			Name: "epsilon-1e-7-in-log", Modules: both, rule: "TAIL-LOSS", Level: verdict.Parity,
			Title: "1e-7 is added inside the logarithms.",
			Why:   "It keeps log(0) away, and bounds the loss by 16.",
			Right: right,
			Met: []Link{
				{"Binary cross entropy clips by an epsilon and adds it again", "https://github.com/tensorflow/tensorflow/pull/41595"},
				{"An epsilon added since the logarithm of 0 made the loss NaN", "https://github.com/maxvfischer/keras-image-segmentation-loss-functions/pull/1"},
			},
			vary: ofProbability(
				func(e element, s float64) float64 { return e.log(e.add(s, 1e-7)) },
				func(e element, s float64) float64 { return 1 / e.add(s, 1e-7) },
			),
		},
		{
			Name: "epsilon-1e-12-in-log", Modules: both, rule: "TAIL-LOSS", Level: verdict.Parity,
			Title: "1e-12 is added inside the logarithms.",
			Why:   "It keeps log(0) away, and bounds the loss by 28.",
			Right: right,
			Met:   []Link{{"BCELoss adds an epsilon of 1e-12, and ends at 27.63", "https://github.com/pytorch/pytorch/issues/4867"}},
			vary: ofProbability(
				func(e element, s float64) float64 { return e.log(e.add(s, 1e-12)) },
				func(e element, s float64) float64 { return 1 / e.add(s, 1e-12) },
			),
		},
		{
			Name: "probability-clipped", Modules: both, rule: "TAIL-LOSS", Level: verdict.Parity,
			Title: "The probability is clipped to [1e-7, 1-1e-7], and the gradient is zero beyond.",
			Why:   "Keras does so where it is given probabilities.",
			Right: right,
			Met: []Link{
				{"The clipping of binary_crossentropy loses precision", "https://github.com/keras-team/keras/issues/9247"},
				{"binary_crossentropy has gradient 0 for large logits", "https://github.com/keras-team/keras/issues/9664"},
			},
			vary: func(d *definition) {
				clipped := func(e element) float64 { return min(max(e.probability(), 1e-7), round(e.dtype, 1-1e-7)) }
				losing(func(e element) float64 {
					s := clipped(e)
					return -e.w * (e.p*e.t*e.log(s) + (1-e.t)*e.log(e.add(1, -s)))
				})(d)
				d.gradInput = func(e element) float64 {
					if s := e.probability(); s < 1e-7 || s > round(e.dtype, 1-1e-7) {
						return 0
					}
					return gradInputOf(e)
				}
				d.gradTarget = func(e element) float64 {
					s := clipped(e)
					return e.w * (e.log(e.add(1, -s)) - e.p*e.log(s))
				}
			},
		},
		{
			Name: "log-clamped-at-100", Modules: both, rule: "LOGIT-HUGE", Level: verdict.Parity,
			Title: "The logarithms are clamped at -100.",
			Why:   "BCELoss does so, and the loss is composed of a sigmoid and BCELoss.",
			Right: right,
			Met:   []Link{{"BCE clips its logarithms at -100, after PyTorch's BCELoss", "https://github.com/ml-explore/mlx/pull/1280"}},
			vary: split(
				func(_ element, x float64) float64 { return min(softplus(x), 100) },
				func(_ element, x float64) float64 {
					if softplus(x) > 100 {
						return 0
					}
					return sigmoid(x)
				},
			),
		},
		{
			Name: "logits-clamped", Modules: withLogits, rule: "LOGIT-HUGE", Level: verdict.Parity,
			Title: "Logits are clamped to [-50, 50], and the gradient is zero beyond, as that of a clamp is.",
			Why:   "It keeps exp from overflowing.",
			Right: right,
			Met:   []Link{{"Logits clamped to [-100, 100] in the loss alone, its gradient left as it was: proposed for binary_cross_entropy_with_logits", "https://github.com/pytorch/pytorch/pull/163975"}},
			vary: func(d *definition) {
				seeing(func(e *element) {
					if math.Abs(e.x) > 50 {
						e.x, e.dx = math.Copysign(50, e.x), 0
					}
				})(d)
				d.view = func(r *row) {
					r.given = slices.Clone(r.x)
					for c, x := range r.x {
						if math.Abs(x) > 50 {
							r.x[c] = math.Copysign(50, x)
						}
					}
				}
				d.slope = changed(d.slope, func(r *row, slope []float64) {
					for c, x := range r.given {
						if math.Abs(x) > 50 {
							slope[c] = 0
						}
					}
				})
			},
		},
		{
			Name: "softplus-linear-above-20", Modules: both, rule: "TAIL-LOSS", Level: verdict.Parity,
			Title: "softplus(x) is x above 20: in float64, nine digits of the tail are lost.",
			Why:   "torch.nn.Softplus has this threshold.",
			Right: right,
			Met:   []Link{{"A threshold of 20 in softplus loses accuracy in float64", "https://github.com/apache/tvm/issues/20184"}, {"Softplus with PyTorch's threshold of 20", "https://github.com/mlpack/mlpack/pull/2371"}},
			vary: split(
				func(_ element, x float64) float64 {
					if x > 20 {
						return x
					}
					return softplus(x)
				},
				func(_ element, x float64) float64 {
					if x > 20 {
						return 1
					}
					return sigmoid(x)
				},
			),
		},
		{
			Name: "softplus-zero-below-20", Modules: both, rule: "TAIL-LOSS", Level: verdict.Parity,
			Title: "softplus(x) is 0 below -20: in float64, the tail is lost.",
			Why:   "The threshold of a softplus that is used on both sides.",
			Right: right,
			vary: split(
				func(_ element, x float64) float64 {
					if x < -20 {
						return 0
					}
					return softplus(x)
				},
				func(_ element, x float64) float64 {
					if x < -20 {
						return 0
					}
					return sigmoid(x)
				},
			),
		},
		{
			Name: "sigmoid-overflows", Modules: both, rule: "LOGIT-HUGE", Level: verdict.Parity,
			Title: "The gradient takes the sigmoid as exp(x)/(1+exp(x)), which is NaN for large logits.",
			Why:   "It is a form of the sigmoid that is right on paper.",
			Right: slope,
			Met:   []Link{{"A sigmoid of exp(x)/(exp(x)+1) overflows", "https://github.com/NervanaSystems/ngraph/pull/3118"}, {"sigmoid is NaN for large inputs", "https://github.com/clab/dynet/issues/1525"}},
			vary: deriving(func(e element) float64 {
				s := func(x float64) float64 { return e.exp(x) / e.add(1, e.exp(x)) }
				return e.w * ((1-e.t)*s(e.x) - e.p*e.t*s(-e.x))
			}),
		},
	}
}

// precision are mistakes of rounding.
func precision() []*Divergence {
	const right = "softplus(x) = max(x, 0) + log1p(exp(-|x|)) in the dtype of the input"
	return []*Divergence{
		{
			Name: "log-of-one-plus", Modules: both, rule: "TAIL-LOSS", Level: verdict.Exact,
			Title: "softplus takes log(1+e), which is 0 for e below half an epsilon.",
			Why:   "log1p is forgotten, or the language lacks it.",
			Right: right,
			Met: []Link{
				{"log_sigmoid: log1p for precision", "https://github.com/pytorch/pytorch/pull/66441"},
				{"log(1+x) replaced by log1p(x) in soft_margin_loss", "https://github.com/pytorch/pytorch/pull/92145"},
			},
			vary: splitLoss(func(e element, x float64) float64 {
				return e.add(max(x, 0), e.log(e.add(1, e.exp(-math.Abs(x)))))
			}),
		},
		{
			Name: "max-value-formula", Modules: both, rule: "TAIL-LOSS", Level: verdict.Exact,
			Title: "The loss is (1-t)*x + m + log(exp(-m)+exp(-x-m)), m = max(-x, 0), whose terms cancel.",
			Why:   "It was PyTorch's formula for years, and is copied from there.",
			Right: right,
			Met:   []Link{{"The formula with max_val is 0 for logits of 20 and more; that with log1p is not", "https://github.com/apache/mxnet/pull/9404"}, {"The formula with max_val, ported from PyTorch", "https://github.com/Oneflow-Inc/oneflow/pull/4024"}, {"The formula with max_val, as it was proposed", "https://github.com/pytorch/pytorch/issues/5660"}},
			vary: losing(func(e element) float64 {
				if math.IsInf(e.x, 0) { // not what this is about
					return lossOf(e)
				}
				m := max(-e.x, 0)
				logs := e.add(m, e.log(e.add(e.exp(-m), e.exp(-e.x-m))))
				return e.w * e.add(times(1-e.t, e.x), round(e.dtype, (1+(e.p-1)*e.t)*logs))
			}),
		},
		{
			Name: "loss-flushed-below-1e-7", Modules: both, rule: "TAIL-LOSS", Level: verdict.Exact,
			Title: "In float32, softplus below 1e-7 is 0.",
			Why:   "A threshold is to save time, or to guard a logarithm.",
			Right: right,
			vary: splitLoss(func(e element, x float64) float64 {
				if f := softplus(x); e.dtype != tensor.Float32 || f >= 1e-7 || math.IsNaN(f) {
					return f
				}
				return 0
			}),
		},
		{
			Name: "subnormals-flushed", Modules: every, rule: "SUBNORMAL", Level: verdict.Exact,
			Title: "Losses and gradients below the smallest normal number are 0.",
			Why:   "The processor flushes subnormal numbers, or -ffast-math lets it.",
			Right: "results are rounded to the nearest number, subnormal or not; a port may claim to be without subnormals",
			Met:   []Link{{"-ffast-math flushes subnormal numbers for the whole process", "https://github.com/Qiskit/qiskit-aer/pull/1469"}},
			vary: func(d *definition) {
				d.finish = func(_ *arguments, _ string, o *operand) {
					smallest := 0x1p-1022
					if o.dtype == tensor.Float32 {
						smallest = 0x1p-126
					}
					mapping(o, func(v float64) float64 {
						if math.Abs(v) < smallest {
							return 0
						}
						return v
					})
				}
			},
		},
		{
			Name: "float64-in-float32", Modules: every, rule: "FORMULA", Level: verdict.Parity,
			Title: "float64 calls are computed in float32.",
			Why:   "The library's tensors are float32, and the adapter converts.",
			Right: "a float64 result has the precision of float64",
			Met: []Link{
				{"Losses are cast to floatx, whatever the dtype", "https://github.com/keras-team/keras-core/issues/922"},
				{"A loss loses precision in a conversion to float32", "https://github.com/tensorflow/tensorflow/issues/48129"},
			},
			vary: func(d *definition) {
				narrow := func(v float64) float64 { return float64(float32(v)) }
				d.prepare = func(a *arguments) {
					for _, o := range a.operands() {
						mapping(o, narrow)
					}
				}
				d.finish = func(_ *arguments, _ string, o *operand) { mapping(o, narrow) }
			},
		},
		{
			Name: "logits-in-bfloat16", Modules: both, rule: "FORMULA", Level: verdict.Parity,
			Title: "Logits are rounded to bfloat16.",
			Why:   "Mixed precision is on, and the loss is not excepted.",
			Right: right,
			Met: []Link{
				{"The loss of bfloat16 logits is quantised", "https://github.com/google-deepmind/optax/issues/1020"},
				{"The loss is handed logits in bfloat16", "https://github.com/Modalities/modalities/pull/464"},
			},
			vary: preparing(func(a *arguments) {
				mapping(a.input, func(x float64) float64 {
					if notFinite(x) || math.Abs(x) > math.MaxFloat32 {
						return x
					}
					bits := math.Float32bits(float32(x))
					return float64(math.Float32frombits((bits + 0x7fff + bits>>16&1) &^ 0xffff))
				})
			}),
		},
		{
			Name: "approximate-exp", Modules: both, rule: "FORMULA", Level: verdict.Parity,
			Title: "exp(x) is (1+x/4096)^4096.",
			Why:   "It is faster than exp, and close to it where x is small.",
			Right: right + ", exp to within a few units of the last place",
			Met: []Link{
				{"exp is (1+x/1024)^1024", "https://github.com/The-OpenROAD-Project/RePlAce/issues/32"},
				{"A fast sigmoid with an error of 0.2%", "https://github.com/torch/torch7/pull/1027"},
			},
			vary: split(
				func(_ element, x float64) float64 {
					return max(x, 0) + math.Log1p(math.Pow(max(0, 1-math.Abs(x)/4096), 4096))
				},
				func(_ element, x float64) float64 {
					base := max(0, 1-math.Abs(x)/4096)
					power := math.Pow(base, 4096)
					slope := times(power, 1/base) / (1 + power)
					if x > 0 {
						return 1 - slope
					}
					return slope
				},
			),
		},
		{
			Name: "naive-sum", Modules: every, rule: "ACCUMULATION", Level: verdict.Parity, Sums: true,
			Title: "Losses are added one after the other, in the dtype of the result.",
			Why:   "It is the loop that everybody writes. The error grows with the number of elements.",
			Right: "sum in blocks, pairwise, compensated or in a wider dtype",
			Met:   []Link{{"float32 sums have low accuracy", "https://github.com/numba/numba/issues/2855"}, {"A mean over float32 stops at 2^24", "https://github.com/numpy/numpy/issues/22956"}},
			vary: func(d *definition) {
				d.sum = func(dtype tensor.DType, values []float64) float64 {
					sum := 0.0
					for _, v := range values {
						sum = round(dtype, sum+round(dtype, v))
					}
					return sum
				}
			},
		},
	}
}

// gradients are mistakes in the gradient of the input.
func gradients() []*Divergence {
	const right = "grad = {grad}, times the scale of the reduction and grad_output"
	scaled := func(change func(a *arguments, p *plan)) func(*definition) {
		return func(d *definition) {
			d.gradPlan = func(a *arguments, p plan) plan { change(a, &p); return p }
		}
	}
	return []*Divergence{
		{
			Name: "gradient-zero", Modules: every, rule: "GRAD-INPUT", Level: verdict.Parity, Sums: true,
			Title: "The gradient of the input is zero.",
			Why:   "The loss is detached, or the backward is missing.",
			Right: right,
			Met: []Link{
				{"The loss is cut off from the tape", "https://github.com/SKaiNET-developers/SKaiNET/issues/862"},
				{"The gradient of 'none' is zero on a device", "https://github.com/microsoft/DirectML/issues/739"},
			},
			vary: sloping(func(float64) float64 { return 0 }),
		},
		{
			Name: "gradient-negated", Modules: every, rule: "GRAD-INPUT", Level: verdict.Parity, Sums: true,
			Title: "The gradient of the input has the opposite sign.",
			Why:   "It is target less prediction, the direction of the step.",
			Right: right,
			Met: []Link{
				{"The expression for the gradient is target less output", "https://github.com/dennybritz/nn-from-scratch/issues/11"},
				{"The gradient should be output less labels", "https://github.com/deeplearning4j/deeplearning4j/issues/349"},
			},
			vary: sloping(func(v float64) float64 { return -v }),
		},
		{
			Name: "gradient-of-the-sum", Modules: every, rule: "GRAD-INPUT", Level: verdict.Parity, Sums: true,
			Title: "The gradient of 'mean' is that of 'sum'.",
			Why:   "The handwritten backward forgets the division.",
			Right: right + "; that of 'mean' is 1/N",
			Met:   []Link{{"The gradient needs to be divided by the batch size", "https://github.com/jxgu1016/MNIST_center_loss_pytorch/issues/9"}},
			vary:  scaled(func(_ *arguments, p *plan) { p.count = 1 }),
		},
		{
			Name: "gradient-always-averaged", Modules: every, rule: "GRAD-INPUT", Level: verdict.Parity,
			Title: "The gradients of 'none' and 'sum' are divided by the number of elements, too.",
			Why:   "The handwritten backward knows 'mean' alone.",
			Right: right + "; that of 'sum' is 1",
			Met:   []Link{{"The backward pass divides by the batch for 'sum' and 'none', too", "https://github.com/paiml/aprender/pull/2182"}},
			vary: scaled(func(_ *arguments, p *plan) {
				if p.reduction != "mean" {
					p.classes *= p.count
				}
			}),
		},
		{
			Name: "gradient-of-the-probability", Modules: both, rule: "GRAD-INPUT", Level: verdict.Parity,
			Title: "The gradient is that in the probability: the derivative of the sigmoid is missing.",
			Why:   "The chain rule stops at BCELoss.",
			Right: right,
			Met:   []Link{{"The error was not multiplied by the derivative of the sigmoid", "https://github.com/jiexunsee/Neural-Network-with-Python/issues/1"}},
			vary: deriving(func(e element) float64 {
				return e.w * ((1-e.t)/sigmoid(-e.x) - e.p*e.t/sigmoid(e.x))
			}),
		},
		{
			Name: "gradient-in-float16", Modules: every, rule: "GRAD-INPUT", Level: verdict.Parity, Sums: true,
			Title: "The gradient is rounded to float16, and is zero where it is small.",
			Why:   "Mixed precision without a scaling of the loss.",
			Right: right,
			Met:   []Link{{"float16 under autocast without a scaler", "https://github.com/engichang1467/Open-Rig3R/issues/35"}},
			vary: finishing(ports.GradInput, func(_ *arguments, o *operand) {
				mapping(o, toFloat16)
			}),
		},
		{
			Name: "gradient-clipped", Modules: withLogits, rule: "WEIGHT-EXTREME", Level: verdict.Parity,
			Title: "The gradient is clipped to [-1, 1].",
			Why:   "Without weights it never leaves this range.",
			Right: right,
			vary: finishing(ports.GradInput, func(_ *arguments, o *operand) {
				mapping(o, func(v float64) float64 {
					if math.IsNaN(v) {
						return v
					}
					return min(max(v, -1), 1)
				})
			}),
		},
		{
			Name: "gradient-of-abs-at-zero", Modules: both, rule: "LOGIT-ZERO", Level: verdict.Parity,
			Title: "At logit 0 the gradient has the derivatives of max(x, 0) and |x|, which are taken for 0.",
			Why:   "max(x, 0) - x*t + log1p(exp(-|x|)) is differentiated automatically, term by term.",
			Right: "at x = 0 the gradient is w*((1-t)/2 - p*t/2), times the scale of the reduction",
			Met: []Link{
				{"bce_with_logits without abs, whose gradient at 0 is 0", "https://github.com/pytorch/pytorch/pull/2195"},
				{"BCEWithLogitsLoss computes a wrong gradient at 0", "https://github.com/pytorch/pytorch/issues/2298"},
			},
			vary: deriving(func(e element) float64 {
				switch {
				case e.x != 0:
					return gradInputOf(e)
				case e.positive: // (1-t)*x + (1+(p-1)*t)*(log1p(exp(-|x|)) + max(-x, 0))
					return e.w * (1 - e.t)
				}
				return -e.w * e.t
			}),
		},
		{
			Name: "sigmoid-minus-target", Modules: both, rule: "TAIL-GRAD", Level: verdict.Exact,
			Title: "The gradient is sigmoid(x)-t, which is 0 for t = 1 beyond x = 17 in float32.",
			Why:   "It is the formula that everybody knows, PyTorch's BCEWithLogitsLoss included.",
			Right: right,
			Met:   []Link{{"binary_cross_entropy_with_logits loses a float64 gradient in the tail", "https://github.com/pytorch/pytorch/issues/195677"}, {"The tail and its gradient are lost on one of two symmetric branches", "https://github.com/pytorch/pytorch/issues/195529"}},
			vary: deriving(func(e element) float64 {
				return e.w * e.add(round(e.dtype, (1-e.t+e.p*e.t)*round(e.dtype, sigmoid(e.x))), -e.p*e.t)
			}),
		},
		{
			Name: "one-minus-sigmoid", Modules: bce, rule: "TAIL-GRAD", Level: verdict.Exact,
			Title: "The gradient takes 1-sigmoid(x) for sigmoid(-x), which is 0 beyond x = 17 in float32.",
			Why:   "The sigmoid is at hand, and the two are equal on paper.",
			Right: right,
			Met: []Link{
				{"The gradient of the logistic function is s*(1-s), which cancels", "https://github.com/jax-ml/jax/pull/40825"},
				{"SigmoidGrad is y*(1-y), and 0 where y rounds to 1", "https://github.com/tensorflow/tensorflow/issues/126060"},
				{"The backward pass of a sigmoid is s*(1-s), and 0 above 16.75", "https://github.com/tenstorrent/tt-metal/pull/55727"},
			},
			vary: deriving(func(e element) float64 {
				s := round(e.dtype, sigmoid(e.x))
				return e.w * ((1-e.t)*s - e.p*e.t*e.add(1, -s))
			}),
		},
		{
			Name: "upstream-ignored", Modules: every, rule: "GRAD-OUTPUT", Level: verdict.Parity,
			Title: "grad_output has no effect.",
			Why:   "The backward assumes that the loss is the last step.",
			Right: right,
			Met: []Link{
				{"What comes after SoftmaxOutput has no influence on the gradients", "https://github.com/dmlc/gluon-cv/issues/1668"},
				{"The gradients of the outputs do not matter", "https://github.com/apache/mxnet/issues/3247"},
			},
			vary: func(d *definition) {
				d.upstream = func(values []float64) {
					for i := range values {
						values[i] = 1
					}
				}
			},
		},
		{
			Name: "upstream-averaged", Modules: every, rule: "GRAD-OUTPUT", Level: verdict.Parity,
			Title: "'none' multiplies every gradient by the mean of grad_output.",
			Why:   "grad_output is expected to be a scalar, and is reduced to one.",
			Right: right + ", element by element",
			vary: func(d *definition) {
				d.upstream = func(values []float64) {
					mean := sumOf(values) / float64(len(values))
					for i := range values {
						values[i] = mean
					}
				}
			},
		},
		{
			Name: "upstream-first-element", Modules: every, rule: "GRAD-OUTPUT", Level: verdict.Parity,
			Title: "'none' multiplies every gradient by the first element of grad_output.",
			Why:   "A kernel reads grad_output as a scalar.",
			Right: right + ", element by element",
			Met: []Link{
				{"Every gradient is multiplied by the first grad_output", "https://github.com/linkedin/Liger-Kernel/pull/1298"},
				{"The backward pass reads grad_output[0]", "https://github.com/paiml/aprender/pull/2182"},
			},
			vary: func(d *definition) {
				d.upstream = func(values []float64) {
					for i := range values {
						values[i] = values[0]
					}
				}
			},
		},
	}
}

// nonfinite are mistakes with NaN and infinity.
func nonfinite() []*Divergence {
	return []*Divergence{
		{
			Name: "nan-logit-zeroed", Modules: withLogits, rule: "NAN-LOGIT", Level: verdict.Parity,
			Title: "NaN logits are taken for 0.",
			Why:   "nan_to_num was added to get a training run through.",
			Right: "a NaN logit makes its element, or the row of CrossEntropyLoss, NaN, and with it the mean and the sum",
			vary: all(
				seeing(func(e *element) {
					if math.IsNaN(e.x) {
						e.x, e.dx = 0, 0
					}
				}),
				looking(func(r *row) {
					for c, x := range r.x {
						if math.IsNaN(x) {
							r.x[c] = 0
						}
					}
				}),
			),
		},
		{
			Name: "nan-swallowed", Modules: both, rule: "NAN-LOGIT", Level: verdict.Parity,
			Title: "NaN losses and gradients of elements are taken for 0.",
			Why:   "nansum and nanmean, or a comparison that is false for NaN.",
			Right: "a NaN logit makes its element NaN, and with it the mean and the sum",
			Met:   []Link{{"NaNs in the loss are set to zero", "https://github.com/facebookresearch/fairchem/pull/441"}},
			vary: func(d *definition) {
				for _, f := range []*func(element) float64{&d.loss, &d.gradInput, &d.gradTarget, &d.gradWeight} {
					before := *f
					*f = func(e element) float64 {
						if v := before(e); !math.IsNaN(v) {
							return v
						}
						return 0
					}
				}
			},
		},
		{
			Name: "infinity-minus-infinity", Modules: both, rule: "INF-LIMIT", Level: verdict.Parity,
			Title: "At an infinite logit the loss is NaN, also where the limit is infinite.",
			Why:   "max(x, 0) - x*t takes infinity times 0, or infinity from infinity.",
			Right: "the loss is the limit: t = 0 at x = -inf gives 0, at x = inf gives inf",
			Met: []Link{
				{"BCEWithLogitsLoss is NaN at an infinite logit, BCELoss is not", "https://github.com/pytorch/pytorch/issues/102894"},
				{"binary_cross_entropy_with_logits is NaN at -inf", "https://github.com/pytorch/pytorch/issues/135359"},
				{"sigmoid_binary_cross_entropy for infinite logits", "https://github.com/google-deepmind/optax/pull/431"},
			},
			vary: losing(func(e element) float64 {
				if math.IsInf(e.x, 0) {
					return math.NaN()
				}
				return lossOf(e)
			}),
		},
		{
			Name: "infinity-made-finite", Modules: both, rule: "INF-LIMIT", Level: verdict.Parity,
			Title: "Infinite logits are taken for the largest finite number.",
			Why:   "nan_to_num does so.",
			Right: "the loss is the limit: infinite on the wrong side",
			vary: seeing(func(e *element) {
				if math.IsInf(e.x, 0) {
					largest := math.MaxFloat64
					if e.dtype == tensor.Float32 {
						largest = math.MaxFloat32
					}
					e.x, e.dx = math.Copysign(largest, e.x), 0
				}
			}),
		},
		{
			Name: "maximum-by-halves", Modules: both, rule: "LOGIT-MAX", Level: verdict.Parity,
			Title: "max(x, 0) is (x+|x|)/2, which overflows above half of the largest number.",
			Why:   "It has no branch.",
			Right: "softplus(x) = max(x, 0) + log1p(exp(-|x|)), which is finite wherever x is",
			vary: splitLoss(func(e element, x float64) float64 {
				return e.add(e.add(x, math.Abs(x))/2, math.Log1p(math.Exp(-math.Abs(x))))
			}),
		},
	}
}

// toFloat16 rounds to the digits and the smallest numbers of float16.
func toFloat16(v float64) float64 {
	if notFinite(v) || v == 0 {
		return v
	}
	_, exponent := math.Frexp(v)
	step := math.Ldexp(1, max(exponent-11, -24))
	return math.RoundToEven(v/step) * step
}
