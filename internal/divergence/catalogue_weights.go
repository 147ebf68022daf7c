package divergence

import (
	"slices"

	"lossproof/internal/definition"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// weights are mistakes with weight.
func weights() []*Divergence {
	const right = "l = {loss}; w is broadcast to the shape of the input, but that of CrossEntropyLoss is one number for each class"
	return []*Divergence{
		{Name: "weight-ignored", Modules: every, rule: "WEIGHT-BROADCAST", rules: map[string]string{ports.CrossEntropyLoss: "CE-WEIGHT"},
			Title: "weight has no effect.",
			Why:   "It is stored and not handed on, or lost when the formula is rewritten.",
			Right: right,
			Met:   links("torch/nn/pull/953: The stable form of MultiLabelSoftMarginCriterion left out the weights"),
			vary:  viewing((*unit).Ones)},
		{Name: "weight-twice", Modules: every, rule: "WEIGHT-BROADCAST", rules: map[string]string{ports.CrossEntropyLoss: "CE-WEIGHT"},
			Title: "weight is applied twice.",
			Why:   "The kernel multiplies by it, and the wrapper does so again.",
			Right: right,
			Met:   links("open-mmlab/mmdetection/issues/845: weight is in the loss, and again in the reduction", "mathiaszinnen/focal_loss_torch/issues/13: The weight is computed in twice", "paninski-lab/lightning-pose/issues/374: A weight is applied by the loss and by its factory"),
			vary: func(l *loss) {
				vary := eachWeight(func(w number) number { return w.Mul(w) })
				if l.Module == ports.CrossEntropyLoss { // whose mean divides by the weight once
					vary = counting(func(u *unit) {
						for c, w := range u.W {
							u.A[c] = w.Mul(u.A[c])
						}
					})
				}
				vary(l)
			}},
		{Name: "weight-not-in-gradient", Modules: every, rule: "WEIGHT-BROADCAST", rules: map[string]string{ports.CrossEntropyLoss: "CE-WEIGHT"},
			Title: "weight does not reach the gradient of the input.",
			Why:   "The handwritten backward was made before there were weights.",
			Right: "grad = {grad}, times the scale of the reduction",
			Met:   links("eric612/MobileNet-YOLO/issues/224: Class weights are not in the backward pass"),
			vary:  deriving(ports.GradInput, (*unit).Ones)},
		{Name: "weight-on-positives-only", Modules: both, rule: "WEIGHT-BROADCAST",
			Title: "weight multiplies the term of the positive targets alone.",
			Why:   "It is taken for pos_weight.",
			Right: right,
			Met:   links("open-mmlab/mmdetection/pull/5776: A class weight given as weight counts at label 1 alone", "chufengt/ALM-pedestrian-attribute/issues/6: The weight of the paper is that of both terms, that of the code of the positive one", "chufengt/ALM-pedestrian-attribute/issues/19: Parentheses around the sum are missing: the weight multiplies one term"),
			vary: viewing(func(u *unit) {
				u.P = u.P.Or(u.Number(1)).Mul(u.W[0])
				u.Ones()
			})},
		{Name: "weight-absolute", Modules: every, rule: "WEIGHT-NEGATIVE",
			Title: "The sign of weight is lost.",
			Why:   "Weights are sanitised, since negative ones look like an error.",
			Right: right + "; w may be negative",
			vary:  eachWeight(number.Abs)},
		{Name: "weight-normalised", Modules: elementwise, rule: "WEIGHT-BROADCAST",
			Title: "weight is scaled to have mean 1 first.",
			Why:   "Class weights are kept from changing the learning rate; with a mean over the sum of weights it makes no difference.",
			Right: right,
			Met:   links("pytorch/pytorch/issues/2180: Are weights normalised, as those of ClassNLLLoss are?"),
			vary: preparing(func(a *arguments) {
				if a.Weight != nil {
					mean := meanOf(a, a.Weight.Numbers())
					a.Weight.Change(func(w number) number { return w.Div(mean) })
				}
			})},
		{Name: "weight-along-first-axis", Modules: elementwise, rule: "WEIGHT-BROADCAST",
			Title: "A weight (N,) of an input (N, C) weighs samples, also where it could weigh classes.",
			Why:   "The documentation called weight a rescaling of batch elements, of size nbatch.",
			Right: "A weight (C,) is broadcast from the last dimension: element (i, j) has w[j]",
			Met:   links("pytorch/pytorch/issues/25174: weight is documented to have the size of the batch", "pytorch/pytorch/issues/5157: The documented size nbatch of weight does not work", "mlpack/mlpack/pull/2345: Class weights were multiplied along the wrong dimension"),
			vary: admitting(func(a *arguments) {
				w, shape := a.Weight, a.Input.Shape
				if w != nil && len(w.Shape) == 1 && len(shape) > 1 && w.Shape[0] == shape[0] {
					w.Shape = slices.Concat(w.Shape, slices.Repeat([]int{1}, len(shape)-1))
				}
			})},
		{Name: "weight-lost-beside-pos-weight", Modules: bce, rule: "WEIGHT-AND-POS-WEIGHT",
			Title: "Where pos_weight is given, weight has no effect.",
			Why:   "There are two branches, and weight was added to one of them.",
			Right: right,
			vary: viewing(func(u *unit) {
				if u.P.Given() {
					u.Ones()
				}
			})},
		{Name: "weight-on-negatives-beside-pos-weight", Modules: bce, rule: "WEIGHT-AND-POS-WEIGHT",
			Title: "weight multiplies the negative term alone where pos_weight is given.",
			Why:   "weight and pos_weight are taken for the weights of the two kinds of targets.",
			Right: right,
			vary: viewing(func(u *unit) {
				if u.P.Given() {
					u.N = u.W[0]
					u.Ones()
				}
			})},
		{Name: "weight-gradient-weighted", Modules: weightGradient, rule: "GRAD-WEIGHT",
			Title: "The gradient of the weight is that of the weighted loss: it is multiplied by the weight.",
			Why:   "The weighted loss is at hand in the backward, the unweighted one is not.",
			Right: "grad_weight = sum of l/w over what w belongs to, times the scale of the reduction",
			vary: deriving(ports.GradWeight, func(u *unit) {
				for c, w := range u.W {
					u.W[c] = w.Detach().Mul(w)
				}
			})},
		{Name: "weight-gradient-zero", Modules: weightGradient, rule: "GRAD-WEIGHT",
			Title: "The gradient of the weight is zero.",
			Why:   "The weight is detached, as BCEWithLogitsLoss demands it.",
			Right: "grad_weight = sum of l/w over what w belongs to, times the scale of the reduction",
			Met:   links("vandit15/Class-balanced-loss-pytorch/pull/13: The weights are detached first"),
			vary:  sloping(ports.GradWeight, zero)},
		{Name: "weight-in-float16", Modules: every, rule: "WEIGHT-EXTREME",
			Title: "Weights are rounded to float16: large ones are infinite, small ones zero.",
			Why:   "The weight is a buffer of the module, and converting the module to float16 converts it.",
			Right: right,
			vary:  preparing(func(a *arguments) { a.Weight.Map(tensor.Float16.Format().Round) })},
		{Name: "zero-weight-as-one", Modules: every, rule: "WEIGHT-ZERO",
			Title: "A weight of zero is taken for 1.",
			Why:   "`w or 1` is to fill in a weight that was not given, and zero is false.",
			Right: right + "; w may be zero",
			vary: eachWeight(func(w number) number {
				if w.Value() == 0 {
					return w.Of(1)
				}
				return w
			})},
		{Name: "nonfinite-weight-zeroed", Modules: every, rule: "WEIGHT-NONFINITE",
			Title: "Infinite and NaN weights are taken for 0.",
			Why:   "Inverse frequencies are infinite for classes that never occur, and are tidied up.",
			Right: right + "; weights that are not finite show in the loss",
			vary: eachWeight(func(w number) number {
				if definition.NotFinite(w.Value()) {
					return w.Of(0)
				}
				return w
			})},
		{Name: "element-weight-refused", Modules: mlsm, rule: "WEIGHT-ELEMENT",
			Title: "A weight that is not one number for each class is refused.",
			Why:   "The documentation says that weight has size C.",
			Right: right,
			vary: refusing(ports.KindShape, "weight: want one number for each class", func(a *arguments) bool {
				shape := a.Input.Shape
				return a.Weight != nil && len(shape) > 0 && !tensor.SameShape(a.Weight.Shape, shape[len(shape)-1:])
			})},
	}
}

// posWeights are mistakes with pos_weight.
func posWeights() []*Divergence {
	const right = "l = w*(p*t*softplus(-x) + (1-t)*softplus(x)): p multiplies the positive term alone"
	return []*Divergence{
		{Name: "pos-weight-ignored", Modules: bce, rule: "POS-WEIGHT",
			Title: "pos_weight has no effect.",
			Why:   "It is an argument that came later, and the kernel does not know it.",
			Right: right,
			Met:   links("PaddlePaddle/Paddle/pull/65859: pos_weight given, and the loss is that without it"),
			vary:  viewing(func(u *unit) { u.P = number{} })},
		{Name: "pos-weight-twice", Modules: bce, rule: "POS-WEIGHT",
			Title: "pos_weight is applied twice.",
			Why:   "It is in the factor of the logarithm and in the targets.",
			Right: right,
			vary: viewing(func(u *unit) {
				if u.P.Given() {
					u.P = u.P.Mul(u.P)
				}
			})},
		{Name: "pos-weight-on-whole-loss", Modules: bce, rule: "POS-WEIGHT",
			Title: "pos_weight multiplies the whole loss, negative term included.",
			Why:   "It is treated as another weight.",
			Right: right,
			Met:   links("open-mmlab/mmpretrain/issues/434: A class weight is handed on as weight, where pos_weight is expected", "mkocabas/focal-loss-keras/issues/6: alpha is the same for both classes", "chuanqi305/FocalLoss/issues/7: alpha, where negatives should have 1-alpha"),
			vary: viewing(func(u *unit) {
				if u.P.Given() {
					u.W[0], u.P = u.W[0].Mul(u.P), number{}
				}
			})},
		{Name: "pos-weight-on-negatives", Modules: bce, rule: "POS-WEIGHT",
			Title: "pos_weight multiplies the negative term.",
			Why:   "The two terms are swapped, or the target is coded the other way round.",
			Right: right,
			vary:  viewing(func(u *unit) { u.N, u.P = u.P, number{} })},
		{Name: "pos-weight-interpolated", Modules: bce, rule: "POS-WEIGHT",
			Title: "The whole loss is multiplied by 1+(p-1)*t.",
			Why:   "The factor is that of the logarithm in PyTorch's formula; for targets 0 and 1 it makes no difference.",
			Right: right,
			Met:   links("unifyai/ivy/pull/17033: pos_weight acts differently beside weight: paddle and torch disagree for soft targets", "pytorch/pytorch/pull/6856: pos_weight was first proposed as a multiplier of the loss"),
			vary: viewing(func(u *unit) {
				if u.P.Given() {
					u.W[0], u.P = u.W[0].Mul(u.P.Minus(1).Mul(u.T[0]).Plus(1)), number{}
				}
			})},
		{Name: "pos-weight-for-target-one-only", Modules: bce, rule: "POS-WEIGHT",
			Title: "pos_weight counts only where the target is 1.",
			Why:   "It is written as where(target == 1, pos_weight, 1), which forgets soft targets.",
			Right: right,
			Met:   links("fizyr/keras-retinanet/pull/1357: alpha counts where the label equals 1", "mathiaszinnen/focal_loss_torch/issues/2: The weight counts where target == 1"),
			vary: viewing(func(u *unit) {
				if u.T[0].Value() != 1 {
					u.P = number{}
				}
			})},
		{Name: "pos-weight-not-in-gradient", Modules: bce, rule: "POS-WEIGHT",
			Title: "pos_weight does not reach the gradient of the input.",
			Why:   "The backward is sigmoid(x)-t, which is right only without it.",
			Right: "grad = w*((1-t)*sigmoid(x) - p*t*sigmoid(-x)), times the scale of the reduction",
			vary:  deriving(ports.GradInput, func(u *unit) { u.P = number{} })},
		{Name: "pos-weight-along-second-axis", Modules: bce, rule: "POS-WEIGHT-BROADCAST",
			Title: "A 1-D pos_weight of an input with more than two dimensions weighs the second one, where the sizes allow it.",
			Why:   "Channels are expected in dimension 1, as in images.",
			Right: "pos_weight is broadcast from the last dimension: (C, 1, 1) weighs the channels of (N, C, H, W)",
			Met:   links("pytorch/pytorch/issues/27936: pos_weight of an image is expected in dimension 1", "pytorch/pytorch/issues/82496: A 1-D pos_weight does not fit labels with more dimensions, against the documentation"),
			vary: preparing(func(a *arguments) {
				p, shape := a.PosWeight, a.Input.Shape
				if p != nil && len(p.Shape) == 1 && len(shape) > 2 && p.Shape[0] == shape[1] {
					p.Shape = slices.Concat(p.Shape, slices.Repeat([]int{1}, len(shape)-2))
				}
			})},
		{Name: "pos-weight-factor-rounded", Modules: bce, rule: "POS-WEIGHT-TINY", Level: verdict.Exact,
			Title: "The positive term is multiplied by 1+(p-1)*t, and a small p is rounded away.",
			Why:   "PyTorch's own formula has this factor.",
			Right: "the coefficient of softplus(-x) is p*t, computed as a product",
			Met:   links("pytorch/pytorch/pull/6856: pos_weight came as the multiplier 1+(pos_weight-1)*target"),
			vary: all(combining(func(u *unit) number {
				t, factor := u.T[0], u.Number(1)
				if u.P.Given() {
					factor = u.P.Minus(1).Round(u.DType).Mul(t).Round(u.DType).Plus(1).Round(u.DType)
				}
				return u.W[0].Times(t.Rest().Times(u.X[0]).Add(factor.Times(u.F[0])))
			}), func(l *loss) { // PyTorch's backward is not the derivative of this, which would cancel in the tail
				l.Gradients[ports.GradInput] = definition.Gradient{Of: definition.CombineTargets}
			})},
	}
}
