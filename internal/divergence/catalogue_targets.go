package divergence

import (
	"math"

	"lossproof/internal/definition"
	"lossproof/ports"
)

// targets are mistakes with targets.
func targets() []*Divergence {
	const right = "l = {loss} for every t"
	return []*Divergence{
		{Name: "targets-rounded", Modules: elementwise, rule: "TARGET-SOFT",
			Title: "Targets are rounded to 0 or 1.",
			Why:   "They are kept as bool or integer, or compared with 0.5.",
			Right: right,
			vary: viewing(func(u *unit) {
				if t := u.T[0].Value(); !math.IsNaN(t) {
					u.T[0] = u.Number(math.Round(t))
				}
			})},
		{Name: "targets-truncated", Modules: elementwise, rule: "TARGET-SOFT",
			Title: "Targets are truncated to integers.",
			Why:   "They are converted to an integer dtype.",
			Right: right,
			vary:  viewing(func(u *unit) { u.T[0] = u.Number(math.Trunc(u.T[0].Value())) })},
		{Name: "targets-clipped", Modules: both, rule: "TARGET-RANGE",
			Title: "Targets are clipped to [0, 1].",
			Why:   "A probability is expected, and a loss is expected not to be negative.",
			Right: right,
			Met:   links("interactiveaudiolab/emphases/pull/16: Negative targets capped at 0"),
			vary:  viewing(func(u *unit) { u.T[0] = u.T[0].Clamp(0, 1) })},
		{Name: "targets-as-flags", Modules: both, rule: "TARGET-SOFT",
			Title: "Every target that is not zero is taken for 1.",
			Why:   "The target selects one of two branches: if t then softplus(-x) else softplus(x).",
			Right: right,
			Met:   links("s9xie/hed/issues/61: Every label above 0 should become 1"),
			vary: viewing(func(u *unit) {
				t := u.T[0].Value()
				if t != 0 && !math.IsNaN(t) {
					t = 1
				}
				u.T[0] = u.Number(t)
			})},
		{Name: "minus-one-ignored", Modules: both, rule: "TARGET-RANGE",
			Title: "Elements with target -1 are left out, and do not count in the mean.",
			Why:   "-1 is padding in MultiLabelMarginLoss, and ignore_index is -1 elsewhere.",
			Right: right + "; -1 is a target like any other",
			Met:   links("chainer/chainer/pull/790: sigmoid_cross_entropy ignores -1, and does not count it"),
			vary: all(
				viewing(maskMinusOne),
				planning(func(a *arguments, p *plan) {
					kept := countOf(a, a.Target, func(t float64) bool { return t != -1 })
					if kept.Value() < float64(definition.Size(a.Grid)) {
						p.Count = kept.Div(p.Classes)
					}
				}),
			)},
		{Name: "minus-one-masked", Modules: both, rule: "TARGET-RANGE",
			Title: "Elements with target -1 contribute nothing.",
			Why:   "-1 is taken for a mask, as in MultiLabelMarginLoss.",
			Right: right + "; -1 is a target like any other",
			Met:   links("VectorInstitute/cyclops/pull/168: Mask loss for -1 labels"),
			vary:  viewing(maskMinusOne)},
		{Name: "targets-as-signs", Modules: both, rule: "FORMULA",
			Title: "Targets are expected to be -1 and 1: the loss is softplus(-t*x).",
			Why:   "That is SoftMarginLoss.",
			Right: right,
			Met:   links("trevorcampbell/bayesian-coresets/issues/4: Labels 0 and 1 for a loss of -1 and 1", "apache/spark/pull/3899: Are labels -1 and 1 expected here?"),
			vary: combining(func(u *unit) number {
				return u.W[0].Times(u.T[0].Mul(u.X[0]).Neg().Softplus())
			})},
		{Name: "targets-mapped-to-signs", Modules: both, rule: "TARGET-SOFT",
			Title: "The loss is softplus(-(2t-1)*x), that of signs made of the targets.",
			Why:   "For targets 0 and 1 it is the same, and shorter.",
			Right: right,
			Met:   links("mgermain/MADE/issues/4: softplus(-t*x+(1-t)*x) for a cross entropy"),
			vary: combining(func(u *unit) number {
				t, factor := u.T[0], u.Number(1)
				if u.P.Given() {
					factor = u.P.Minus(1).Mul(t).Plus(1)
				}
				return u.W[0].Mul(factor).Times(t.Scale(2).Minus(1).Mul(u.X[0]).Neg().Softplus())
			})},
		{Name: "targets-smoothed", Modules: elementwise, rule: "FORMULA",
			Title: "Targets are smoothed by 0.1: t becomes 0.9*t + 0.05.",
			Why:   "A default of a training recipe got into the loss.",
			Right: right,
			Met:   links("initze/thaw-slump-segmentation/pull/21: The softness of a loss is 0.1 by default"),
			vary:  viewing(func(u *unit) { u.T[0] = u.T[0].Scale(0.9).Plus(0.05) })},
		{Name: "targets-inverted", Modules: elementwise, rule: "FORMULA",
			Title: "Targets 0 and 1 are swapped.",
			Why:   "The two terms of the formula are swapped.",
			Right: right,
			Met:   links("fastai/fastbook/pull/515: inputs and 1-inputs are swapped", "fastai/fastbook/pull/396: The prediction belongs to target 1"),
			vary:  viewing(func(u *unit) { u.T[0] = u.T[0].Rest() })},
		{Name: "target-nan-ignored", Modules: withLogits, rule: "TARGET-NAN",
			Title: "Elements whose target is NaN contribute nothing.",
			Why:   "NaN marks a missing label in many data sets.",
			Right: right + "; a NaN target makes its element NaN",
			Met:   links("deeplearning4j/deeplearning4j/issues/4832: A NaN label should mean no loss and no gradient", "catboost/catboost/issues/3079: NaN labels should be masked"),
			vary: viewing(func(u *unit) {
				for c, t := range u.T {
					if math.IsNaN(t.Value()) {
						u.T[c] = u.Number(0)
						if len(u.X) == 1 {
							u.W[c] = u.Number(0)
						}
					}
				}
			})},
		{Name: "target-gradient-zero", Modules: every, rule: "GRAD-TARGET",
			Title: "The gradient of the target is zero.",
			Why:   "Targets are detached: nobody trains them, except in distillation.",
			Right: "grad_target = {grad_target}, times the scale of the reduction",
			Met:   links("tensorflow/tensorflow/issues/26495: Gradients through the labels are 0"),
			vary:  sloping(ports.GradTarget, zero)},
		{Name: "target-gradient-without-pos-weight", Modules: bce, rule: "GRAD-TARGET",
			Title: "The gradient of the target is -w*x also with a pos_weight.",
			Why:   "-x is what is left without pos_weight, and was written down then.",
			Right: "grad_target = w*(p*softplus(-x) - softplus(x)), times the scale of the reduction",
			vary:  deriving(ports.GradTarget, func(u *unit) { u.P = number{} })},
	}
}
