package divergence

import (
	"math"
	"slices"

	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// weights are mistakes with weight.
func weights() []*Divergence {
	const right = "l = {loss}; w is broadcast to the shape of the input, but that of CrossEntropyLoss is one number for each class"
	return []*Divergence{
		{
			Name: "weight-ignored", Modules: every, rule: "WEIGHT-BROADCAST", rules: map[string]string{ports.CrossEntropyLoss: "CE-WEIGHT"}, Level: verdict.Parity,
			Title: "weight has no effect.",
			Why:   "It is stored and not handed on, or lost when the formula is rewritten.",
			Right: right,
			Met:   []Link{{"The stable form of MultiLabelSoftMarginCriterion left out the weights", "https://github.com/torch/nn/pull/953"}},
			vary: all(
				seeing(func(e *element) { e.w, e.dw = 1, 0 }),
				looking(func(r *row) { r.w = slices.Repeat([]float64{1}, len(r.w)) }),
				weightSloping(func(_ *row, slope []float64) { clear(slope) }),
			),
		},
		{
			Name: "weight-twice", Modules: every, rule: "WEIGHT-BROADCAST", rules: map[string]string{ports.CrossEntropyLoss: "CE-WEIGHT"}, Level: verdict.Parity,
			Title: "weight is applied twice.",
			Why:   "The kernel multiplies by it, and the wrapper does so again.",
			Right: right,
			Met: []Link{
				{"weight is in the loss, and again in the reduction", "https://github.com/open-mmlab/mmdetection/issues/845"},
				{"The weight is computed in twice", "https://github.com/mathiaszinnen/focal_loss_torch/issues/13"},
				{"A weight is applied by the loss and by its factory", "https://github.com/paninski-lab/lightning-pose/issues/374"},
			},
			vary: all(
				seeing(func(e *element) { e.w, e.dw = e.w*e.w, 2*e.w }),
				counting(func(r *row) {
					for c, w := range r.w {
						r.a[c] *= w
						r.share[c] *= 2 * w
						r.gain[c] *= w
					}
				}),
			),
		},
		{
			Name: "weight-not-in-gradient", Modules: every, rule: "WEIGHT-BROADCAST", rules: map[string]string{ports.CrossEntropyLoss: "CE-WEIGHT"}, Level: verdict.Parity,
			Title: "weight does not reach the gradient of the input.",
			Why:   "The handwritten backward was made before there were weights.",
			Right: "grad = {grad}, times the scale of the reduction",
			Met:   []Link{{"Class weights are not in the backward pass", "https://github.com/eric612/MobileNet-YOLO/issues/224"}},
			vary: func(d *definition) {
				gradInput := d.gradInput
				d.gradInput = func(e element) float64 { e.w = 1; return gradInput(e) }
				d.slope = func(r *row) []float64 {
					unweighted := *r
					unweighted.w = slices.Repeat([]float64{1}, len(r.w))
					coefficientsOf(&unweighted)
					return slopeOf(&unweighted)
				}
			},
		},
		{
			Name: "weight-on-positives-only", Modules: both, rule: "WEIGHT-BROADCAST", Level: verdict.Parity,
			Title: "weight multiplies the term of the positive targets alone.",
			Why:   "It is taken for pos_weight.",
			Right: right,
			Met: []Link{
				{"A class weight given as weight counts at label 1 alone", "https://github.com/open-mmlab/mmdetection/pull/5776"},
				{"The weight of the paper is that of both terms, that of the code of the positive one", "https://github.com/chufengt/ALM-pedestrian-attribute/issues/6"},
				{"Parentheses around the sum are missing: the weight multiplies one term", "https://github.com/chufengt/ALM-pedestrian-attribute/issues/19"},
			},
			vary: all(
				seeing(func(e *element) { e.p *= e.w; e.w = 1 }),
				func(d *definition) { d.gradWeight = func(e element) float64 { e.n = 0; return gradWeightOf(e) } },
			),
		},
		{
			Name: "weight-absolute", Modules: every, rule: "WEIGHT-NEGATIVE", Level: verdict.Parity,
			Title: "The sign of weight is lost.",
			Why:   "Weights are sanitised, since negative ones look like an error.",
			Right: right + "; w may be negative",
			vary: all(
				seeing(func(e *element) { e.w, e.dw = math.Abs(e.w), math.Copysign(1, e.w) }),
				func(d *definition) {
					var signs []float64
					d.prepare = func(a *arguments) {
						if a.module == ports.CrossEntropyLoss && a.weight != nil {
							for _, w := range a.weight.values {
								signs = append(signs, math.Copysign(1, w))
							}
							mapping(a.weight, math.Abs)
						}
					}
					weightSloping(func(_ *row, slope []float64) {
						for c, s := range signs {
							slope[c] *= s
						}
					})(d)
				},
			),
		},
		{
			Name: "weight-normalised", Modules: elementwise, rule: "WEIGHT-BROADCAST", Level: verdict.Parity,
			Title: "weight is scaled to have mean 1 first.",
			Why:   "Class weights are kept from changing the learning rate; with a mean over the sum of weights it makes no difference.",
			Right: right,
			Met:   []Link{{"Are weights normalised, as those of ClassNLLLoss are?", "https://github.com/pytorch/pytorch/issues/2180"}},
			vary: func(d *definition) {
				var mean float64
				d.prepare = func(a *arguments) {
					if a.weight != nil {
						mean = sumOf(a.weight.values) / float64(len(a.weight.values))
						mapping(a.weight, func(w float64) float64 { return w / mean })
					}
				}
				d.chain = map[string]func(*arguments, []float64){ports.GradWeight: func(a *arguments, gradient []float64) {
					terms := make([]float64, len(gradient))
					for i, g := range gradient {
						terms[i] = g * a.weight.values[i]
					}
					common := sumOf(terms) / float64(len(terms))
					for i, g := range gradient {
						gradient[i] = (g - common) / mean
					}
				}}
			},
		},
		{
			Name: "weight-along-first-axis", Modules: elementwise, rule: "WEIGHT-BROADCAST", Level: verdict.Parity,
			Title: "A weight (N,) of an input (N, C) weighs samples, also where it could weigh classes.",
			Why:   "The documentation called weight a rescaling of batch elements, of size nbatch.",
			Right: "A weight (C,) is broadcast from the last dimension: element (i, j) has w[j]",
			Met: []Link{
				{"weight is documented to have the size of the batch", "https://github.com/pytorch/pytorch/issues/25174"},
				{"The documented size nbatch of weight does not work", "https://github.com/pytorch/pytorch/issues/5157"},
				{"Class weights were multiplied along the wrong dimension", "https://github.com/mlpack/mlpack/pull/2345"},
			},
			vary: func(d *definition) {
				d.admit = func(a *arguments) {
					w, shape := a.weight, a.input.shape
					if w != nil && len(w.shape) == 1 && len(shape) > 1 && w.shape[0] == shape[0] {
						w.shape = slices.Concat(w.shape, slices.Repeat([]int{1}, len(shape)-1))
					}
				}
				// The gradient of the weight has the shape that the weight had.
				d.finish = func(a *arguments, name string, o *operand) {
					if name == ports.GradWeight && len(o.shape) > 1 && len(o.values) == o.shape[0] {
						o.shape = o.shape[:1]
					}
				}
			},
		},
		{
			Name: "weight-lost-beside-pos-weight", Modules: bce, rule: "WEIGHT-AND-POS-WEIGHT", Level: verdict.Parity,
			Title: "Where pos_weight is given, weight has no effect.",
			Why:   "There are two branches, and weight was added to one of them.",
			Right: right,
			vary: seeing(func(e *element) {
				if e.positive {
					e.w = 1
				}
			}),
		},
		{
			Name: "weight-on-negatives-beside-pos-weight", Modules: bce, rule: "WEIGHT-AND-POS-WEIGHT", Level: verdict.Parity,
			Title: "weight multiplies the negative term alone where pos_weight is given.",
			Why:   "weight and pos_weight are taken for the weights of the two kinds of targets.",
			Right: right,
			vary: seeing(func(e *element) {
				if e.positive {
					e.n, e.w = e.w, 1
				}
			}),
		},
		{
			Name: "weight-gradient-weighted", Modules: weightGradient, rule: "GRAD-WEIGHT", Level: verdict.Parity,
			Title: "The gradient of the weight is that of the weighted loss: it is multiplied by the weight.",
			Why:   "The weighted loss is at hand in the backward, the unweighted one is not.",
			Right: "grad_weight = sum of l/w over what w belongs to, times the scale of the reduction",
			vary: all(
				func(d *definition) { d.gradWeight = lossOf },
				weightSloping(func(r *row, slope []float64) {
					for c, w := range r.w {
						slope[c] *= w
					}
				}),
			),
		},
		{
			Name: "weight-gradient-zero", Modules: weightGradient, rule: "GRAD-WEIGHT", Level: verdict.Parity,
			Title: "The gradient of the weight is zero.",
			Why:   "The weight is detached, as BCEWithLogitsLoss demands it.",
			Right: "grad_weight = sum of l/w over what w belongs to, times the scale of the reduction",
			Met:   []Link{{"The weights are detached first", "https://github.com/vandit15/Class-balanced-loss-pytorch/pull/13"}},
			vary: all(
				func(d *definition) { d.gradWeight = func(element) float64 { return 0 } },
				weightSloping(func(_ *row, slope []float64) { clear(slope) }),
			),
		},
		{
			Name: "weight-in-float16", Modules: every, rule: "WEIGHT-EXTREME", Level: verdict.Parity,
			Title: "Weights are rounded to float16: large ones are infinite, small ones zero.",
			Why:   "The weight is a buffer of the module, and converting the module to float16 converts it.",
			Right: right,
			vary: preparing(func(a *arguments) {
				mapping(a.weight, func(w float64) float64 {
					if w = toFloat16(w); math.Abs(w) > 65504 {
						return math.Copysign(math.Inf(1), w)
					}
					return w
				})
			}),
		},
		{
			Name: "zero-weight-as-one", Modules: every, rule: "WEIGHT-ZERO", Level: verdict.Parity,
			Title: "A weight of zero is taken for 1.",
			Why:   "`w or 1` is to fill in a weight that was not given, and zero is false.",
			Right: right + "; w may be zero",
			vary: all(
				seeing(func(e *element) {
					if e.w == 0 {
						e.w, e.dw = 1, 0
					}
				}),
				looking(func(r *row) {
					for c, w := range r.w {
						if w == 0 {
							r.w[c] = 1
						}
					}
				}),
			),
		},
		{
			Name: "nonfinite-weight-zeroed", Modules: every, rule: "WEIGHT-NONFINITE", Level: verdict.Parity,
			Title: "Infinite and NaN weights are taken for 0.",
			Why:   "Inverse frequencies are infinite for classes that never occur, and are tidied up.",
			Right: right + "; weights that are not finite show in the loss",
			vary: all(
				seeing(func(e *element) {
					if notFinite(e.w) {
						masked(e)
					}
				}),
				looking(func(r *row) {
					for c, w := range r.w {
						if notFinite(w) {
							r.w[c] = 0
						}
					}
				}),
			),
		},
		{
			Name: "element-weight-refused", Modules: mlsm, rule: "WEIGHT-ELEMENT", Level: verdict.Parity,
			Title: "A weight that is not one number for each class is refused.",
			Why:   "The documentation says that weight has size C.",
			Right: right,
			vary: func(d *definition) {
				check := d.check
				d.check = func(a *arguments) *ports.Rejected {
					if shape := a.input.shape; a.weight != nil && len(shape) > 0 && !tensor.SameShape(a.weight.shape, shape[len(shape)-1:]) {
						return rejected(ports.KindShape, "%s: weight: want one number for each class", a.module)
					}
					return check(a)
				}
			},
		},
	}
}

// posWeights are mistakes with pos_weight.
func posWeights() []*Divergence {
	const right = "l = w*(p*t*softplus(-x) + (1-t)*softplus(x)): p multiplies the positive term alone"
	return []*Divergence{
		{
			Name: "pos-weight-ignored", Modules: bce, rule: "POS-WEIGHT", Level: verdict.Parity,
			Title: "pos_weight has no effect.",
			Why:   "It is an argument that came later, and the kernel does not know it.",
			Right: right,
			Met:   []Link{{"pos_weight given, and the loss is that without it", "https://github.com/PaddlePaddle/Paddle/pull/65859"}},
			vary:  seeing(func(e *element) { e.p = 1 }),
		},
		{
			Name: "pos-weight-twice", Modules: bce, rule: "POS-WEIGHT", Level: verdict.Parity,
			Title: "pos_weight is applied twice.",
			Why:   "It is in the factor of the logarithm and in the targets.",
			Right: right,
			vary:  seeing(func(e *element) { e.p *= e.p }),
		},
		{
			Name: "pos-weight-on-whole-loss", Modules: bce, rule: "POS-WEIGHT", Level: verdict.Parity,
			Title: "pos_weight multiplies the whole loss, negative term included.",
			Why:   "It is treated as another weight.",
			Right: right,
			Met: []Link{
				{"A class weight is handed on as weight, where pos_weight is expected", "https://github.com/open-mmlab/mmpretrain/issues/434"},
				{"alpha is the same for both classes", "https://github.com/mkocabas/focal-loss-keras/issues/6"},
				{"alpha, where negatives should have 1-alpha", "https://github.com/chuanqi305/FocalLoss/issues/7"},
			},
			vary: seeing(func(e *element) { e.w *= e.p; e.p = 1 }),
		},
		{
			Name: "pos-weight-on-negatives", Modules: bce, rule: "POS-WEIGHT", Level: verdict.Parity,
			Title: "pos_weight multiplies the negative term.",
			Why:   "The two terms are swapped, or the target is coded the other way round.",
			Right: right,
			vary:  seeing(func(e *element) { e.n, e.p = e.p, 1 }),
		},
		{
			Name: "pos-weight-interpolated", Modules: bce, rule: "POS-WEIGHT", Level: verdict.Parity,
			Title: "The whole loss is multiplied by 1+(p-1)*t.",
			Why:   "The factor is that of the logarithm in PyTorch's formula; for targets 0 and 1 it makes no difference.",
			Right: right,
			Met: []Link{
				{"pos_weight acts differently beside weight: paddle and torch disagree for soft targets", "https://github.com/unifyai/ivy/pull/17033"},
				{"pos_weight was first proposed as a multiplier of the loss", "https://github.com/pytorch/pytorch/pull/6856"},
			},
			vary: all(
				seeing(func(e *element) { e.w *= 1 + (e.p-1)*e.t; e.p = 1 }),
				targeting(func(e element) float64 {
					one := e
					one.p = 1
					return (1+(e.p-1)*e.t)*gradTargetOf(one) + (e.p-1)*lossOf(one)
				}),
			),
		},
		{
			Name: "pos-weight-for-target-one-only", Modules: bce, rule: "POS-WEIGHT", Level: verdict.Parity,
			Title: "pos_weight counts only where the target is 1.",
			Why:   "It is written as where(target == 1, pos_weight, 1), which forgets soft targets.",
			Right: right,
			Met: []Link{
				{"alpha counts where the label equals 1", "https://github.com/fizyr/keras-retinanet/pull/1357"},
				{"The weight counts where target == 1", "https://github.com/mathiaszinnen/focal_loss_torch/issues/2"},
			},
			vary: seeing(func(e *element) {
				if e.t != 1 {
					e.p = 1
				}
			}),
		},
		{
			Name: "pos-weight-not-in-gradient", Modules: bce, rule: "POS-WEIGHT", Level: verdict.Parity,
			Title: "pos_weight does not reach the gradient of the input.",
			Why:   "The backward is sigmoid(x)-t, which is right only without it.",
			Right: "grad = w*((1-t)*sigmoid(x) - p*t*sigmoid(-x)), times the scale of the reduction",
			vary:  deriving(func(e element) float64 { e.p = 1; return gradInputOf(e) }),
		},
		{
			Name: "pos-weight-along-second-axis", Modules: bce, rule: "POS-WEIGHT-BROADCAST", Level: verdict.Parity,
			Title: "A 1-D pos_weight of an input with more than two dimensions weighs the second one, where the sizes allow it.",
			Why:   "Channels are expected in dimension 1, as in images.",
			Right: "pos_weight is broadcast from the last dimension: (C, 1, 1) weighs the channels of (N, C, H, W)",
			Met:   []Link{{"pos_weight of an image is expected in dimension 1", "https://github.com/pytorch/pytorch/issues/27936"}, {"A 1-D pos_weight does not fit labels with more dimensions, against the documentation", "https://github.com/pytorch/pytorch/issues/82496"}},
			vary: preparing(func(a *arguments) {
				p, shape := a.posWeight, a.input.shape
				if p != nil && len(p.shape) == 1 && len(shape) > 2 && p.shape[0] == shape[1] {
					p.shape = slices.Concat(p.shape, slices.Repeat([]int{1}, len(shape)-2))
				}
			}),
		},
		{
			Name: "pos-weight-factor-rounded", Modules: bce, rule: "POS-WEIGHT-TINY", Level: verdict.Exact,
			Title: "The positive term is multiplied by 1+(p-1)*t, and a small p is rounded away.",
			Why:   "PyTorch's own formula has this factor.",
			Right: "the coefficient of softplus(-x) is p*t, computed as a product",
			Met:   []Link{{"pos_weight came as the multiplier 1+(pos_weight-1)*target", "https://github.com/pytorch/pytorch/pull/6856"}},
			vary: all(
				losing(func(e element) float64 {
					factor := round(e.dtype, 1+round(e.dtype, round(e.dtype, e.p-1)*e.t))
					return times(e.w, times(1-e.t, e.x)+times(factor, softplus(-e.x)))
				}),
				deriving(func(e element) float64 {
					factor := round(e.dtype, 1+round(e.dtype, round(e.dtype, e.p-1)*e.t))
					return e.w * (1 - e.t - factor*sigmoid(-e.x))
				}),
			),
		},
	}
}
