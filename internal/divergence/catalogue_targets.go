package divergence

import (
	"math"

	"lossproof/judge/verdict"
)

// targets are mistakes with targets.
func targets() []*Divergence {
	const right = "l = {loss} for every t"
	return []*Divergence{
		{
			Name: "targets-rounded", Modules: elementwise, rule: "TARGET-SOFT", Level: verdict.Parity,
			Title: "Targets are rounded to 0 or 1.",
			Why:   "They are kept as bool or integer, or compared with 0.5.",
			Right: right,
			vary: seeing(func(e *element) {
				if !math.IsNaN(e.t) {
					e.t, e.dt = math.Round(e.t), 0
				}
			}),
		},
		{
			Name: "targets-truncated", Modules: elementwise, rule: "TARGET-SOFT", Level: verdict.Parity,
			Title: "Targets are truncated to integers.",
			Why:   "They are converted to an integer dtype.",
			Right: right,
			vary:  seeing(func(e *element) { e.t, e.dt = math.Trunc(e.t), 0 }),
		},
		{
			Name: "targets-clipped", Modules: both, rule: "TARGET-RANGE", Level: verdict.Parity,
			Title: "Targets are clipped to [0, 1].",
			Why:   "A probability is expected, and a loss is expected not to be negative.",
			Right: right,
			Met:   []Link{{"Negative targets capped at 0", "https://github.com/interactiveaudiolab/emphases/pull/16"}},
			vary: seeing(func(e *element) {
				if e.t < 0 || e.t > 1 {
					e.t, e.dt = min(max(e.t, 0), 1), 0
				}
			}),
		},
		{
			Name: "targets-as-flags", Modules: both, rule: "TARGET-SOFT", Level: verdict.Parity,
			Title: "Every target that is not zero is taken for 1.",
			Why:   "The target selects one of two branches: if t then softplus(-x) else softplus(x).",
			Right: right,
			Met:   []Link{{"Every label above 0 should become 1", "https://github.com/s9xie/hed/issues/61"}},
			vary: seeing(func(e *element) {
				if !math.IsNaN(e.t) {
					e.dt = 0
					if e.t != 0 {
						e.t = 1
					}
				}
			}),
		},
		{
			Name: "minus-one-ignored", Modules: both, rule: "TARGET-RANGE", Level: verdict.Parity,
			Title: "Elements with target -1 are left out, and do not count in the mean.",
			Why:   "-1 is padding in MultiLabelMarginLoss, and ignore_index is -1 elsewhere.",
			Right: right + "; -1 is a target like any other",
			Met:   []Link{{"sigmoid_cross_entropy ignores -1, and does not count it", "https://github.com/chainer/chainer/pull/790"}},
			vary: all(
				seeing(func(e *element) {
					if e.t == -1 {
						masked(e)
					}
				}),
				planning(func(a *arguments, p *plan) {
					kept := 0
					for _, t := range a.spread(a.target) {
						if t != -1 {
							kept++
						}
					}
					if kept < size(a.grid) {
						p.count = float64(kept) / p.classes
					}
				}),
			),
		},
		{
			Name: "minus-one-masked", Modules: both, rule: "TARGET-RANGE", Level: verdict.Parity,
			Title: "Elements with target -1 contribute nothing.",
			Why:   "-1 is taken for a mask, as in MultiLabelMarginLoss.",
			Right: right + "; -1 is a target like any other",
			Met:   []Link{{"Mask loss for -1 labels", "https://github.com/VectorInstitute/cyclops/pull/168"}},
			vary: seeing(func(e *element) {
				if e.t == -1 {
					masked(e)
				}
			}),
		},
		{
			Name: "targets-as-signs", Modules: both, rule: "FORMULA", Level: verdict.Parity,
			Title: "Targets are expected to be -1 and 1: the loss is softplus(-t*x).",
			Why:   "That is SoftMarginLoss.",
			Right: right,
			Met: []Link{
				{"Labels 0 and 1 for a loss of -1 and 1", "https://github.com/trevorcampbell/bayesian-coresets/issues/4"},
				{"Are labels -1 and 1 expected here?", "https://github.com/apache/spark/pull/3899"},
			},
			vary: all(
				losing(func(e element) float64 { return times(e.w, softplus(-e.t*e.x)) }),
				deriving(func(e element) float64 { return -e.w * e.t * sigmoid(-e.t*e.x) }),
				targeting(func(e element) float64 { return -e.w * e.x * sigmoid(-e.t*e.x) }),
			),
		},
		{
			Name: "targets-mapped-to-signs", Modules: both, rule: "TARGET-SOFT", Level: verdict.Parity,
			Title: "The loss is softplus(-(2t-1)*x), that of signs made of the targets.",
			Why:   "For targets 0 and 1 it is the same, and shorter.",
			Right: right,
			Met:   []Link{{"softplus(-t*x+(1-t)*x) for a cross entropy", "https://github.com/mgermain/MADE/issues/4"}},
			vary: all(
				losing(func(e element) float64 {
					s := 2*e.t - 1
					return times(e.w*(1+(e.p-1)*e.t), softplus(-s*e.x))
				}),
				deriving(func(e element) float64 {
					s := 2*e.t - 1
					return -e.w * (1 + (e.p-1)*e.t) * s * sigmoid(-s*e.x)
				}),
				targeting(func(e element) float64 {
					s := 2*e.t - 1
					return e.w * ((e.p-1)*softplus(-s*e.x) - (1+(e.p-1)*e.t)*2*e.x*sigmoid(-s*e.x))
				}),
			),
		},
		{
			Name: "targets-smoothed", Modules: elementwise, rule: "FORMULA", Level: verdict.Parity,
			Title: "Targets are smoothed by 0.1: t becomes 0.9*t + 0.05.",
			Why:   "A default of a training recipe got into the loss.",
			Right: right,
			Met:   []Link{{"The softness of a loss is 0.1 by default", "https://github.com/initze/thaw-slump-segmentation/pull/21"}},
			vary:  seeing(func(e *element) { e.t, e.dt = 0.9*e.t+0.05, 0.9 }),
		},
		{
			Name: "targets-inverted", Modules: elementwise, rule: "FORMULA", Level: verdict.Parity,
			Title: "Targets 0 and 1 are swapped.",
			Why:   "The two terms of the formula are swapped.",
			Right: right,
			Met: []Link{
				{"inputs and 1-inputs are swapped", "https://github.com/fastai/fastbook/pull/515"},
				{"The prediction belongs to target 1", "https://github.com/fastai/fastbook/pull/396"},
			},
			vary: seeing(func(e *element) { e.t, e.dt = 1-e.t, -1 }),
		},
		{
			Name: "target-nan-ignored", Modules: withLogits, rule: "TARGET-NAN", Level: verdict.Parity,
			Title: "Elements whose target is NaN contribute nothing.",
			Why:   "NaN marks a missing label in many data sets.",
			Right: right + "; a NaN target makes its element NaN",
			Met: []Link{
				{"A NaN label should mean no loss and no gradient", "https://github.com/deeplearning4j/deeplearning4j/issues/4832"},
				{"NaN labels should be masked", "https://github.com/catboost/catboost/issues/3079"},
			},
			vary: all(
				seeing(func(e *element) {
					if math.IsNaN(e.t) {
						e.t = 0
						masked(e)
					}
				}),
				looking(func(r *row) {
					for c, t := range r.t {
						if math.IsNaN(t) {
							r.t[c] = 0
						}
					}
				}),
			),
		},
		{
			Name: "target-gradient-zero", Modules: every, rule: "GRAD-TARGET", Level: verdict.Parity,
			Title: "The gradient of the target is zero.",
			Why:   "Targets are detached: nobody trains them, except in distillation.",
			Right: "grad_target = {grad_target}, times the scale of the reduction",
			Met:   []Link{{"Gradients through the labels are 0", "https://github.com/tensorflow/tensorflow/issues/26495"}},
			vary: func(d *definition) {
				d.gradTarget = func(element) float64 { return 0 }
				d.targetSlope = func(r *row) []float64 { return make([]float64, len(r.x)) }
			},
		},
		{
			Name: "target-gradient-without-pos-weight", Modules: bce, rule: "GRAD-TARGET", Level: verdict.Parity,
			Title: "The gradient of the target is -w*x also with a pos_weight.",
			Why:   "-x is what is left without pos_weight, and was written down then.",
			Right: "grad_target = w*(p*softplus(-x) - softplus(x)), times the scale of the reduction",
			vary:  func(d *definition) { d.gradTarget = func(e element) float64 { return -e.w * e.x } },
		},
	}
}
