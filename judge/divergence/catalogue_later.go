package divergence

import (
	"lossproof/judge/verdict"
	"lossproof/tensor"
)

// later are divergences that were invented when the cases were there. The suite found them
// without a new case, which says more of it than those that the cases were made for.
func later() []*Divergence {
	return []*Divergence{
		{
			Name: "weight-on-logit", Modules: both, rule: "WEIGHT-BROADCAST", Level: verdict.Parity,
			Title: "weight multiplies the logit, not the loss.",
			Why:   "It is taken for an inverse temperature, or stands within the wrong parenthesis.",
			Right: "l = w*(p*t*softplus(-x) + (1-t)*softplus(x))",
			vary: func(d *definition) {
				scaled := func(e element) (element, float64) {
					w := e.w
					e.x, e.w = w*e.x, 1
					return e, w
				}
				d.loss = func(e element) float64 { e, _ = scaled(e); return lossOf(e) }
				d.gradInput = func(e element) float64 { e, w := scaled(e); return w * gradInputOf(e) }
				d.gradTarget = func(e element) float64 { e, _ = scaled(e); return gradTargetOf(e) }
			},
		},
		{
			Name: "mean-over-positives", Modules: both, rule: "MEAN", Level: verdict.Parity,
			Title: "'mean' divides by the number of positive targets, and by 1 if there are none.",
			Why:   "Losses of detectors are normalised by the number of objects.",
			Right: "mean = (1/N) * sum(l), N the number of elements",
			vary: planning(func(a *arguments, p *plan) {
				positives := 0
				for _, t := range a.spread(a.target) {
					if t > 0.5 {
						positives++
					}
				}
				p.count = max(1, float64(positives)) / p.classes
			}),
		},
		{
			Name: "last-term-left-out", Modules: both, rule: "SUM", Level: verdict.Parity,
			Title: "Sums of more than one loss lack the last one.",
			Why:   "A loop ends one too early, or a tail that does not fill a vector register is forgotten.",
			Right: "sum = the sum of all losses",
			vary: func(d *definition) {
				d.sum = func(_ tensor.DType, values []float64) float64 {
					if len(values) > 1 {
						values = values[:len(values)-1]
					}
					return sumOf(values)
				}
			},
		},
	}
}
