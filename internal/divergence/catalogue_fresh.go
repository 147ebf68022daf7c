package divergence

import (
	"math"
	"slices"

	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// fresh are divergences that were invented when the cases were there. The suite found them without a new case, which
// says more of it than those that the cases were made for. The kill matrix names them.
func fresh() []*Divergence {
	divergences := []*Divergence{
		{
			Name: "weight-on-logit", Modules: both, rule: "WEIGHT-BROADCAST", Level: verdict.Parity,
			Title: "weight multiplies the logit, not the loss.",
			Why:   "It is taken for an inverse temperature, or stands within the wrong parenthesis.",
			Right: "l = w*(p*t*softplus(-x) + (1-t)*softplus(x))",
			vary: all(
				seeing(func(e *element) { e.x, e.w, e.dx = e.w*e.x, 1, e.w }),
				func(d *definition) {
					d.gradWeight = func(e element) float64 {
						w := e.w
						e.w, e.dx = 1, e.x
						e.x *= w
						return gradInputOf(e)
					}
				},
			),
		},
		{
			Name: "mean-over-positives", Modules: elementwise, rule: "MEAN", Level: verdict.Parity,
			Title: "'mean' divides by the number of positive targets, and by 1 if there are none.",
			Why:   "Losses of detectors are normalised by the number of objects.",
			Right: "mean = (1/N) * sum(l), N the number of elements",
			Met:   []Link{{"The loss is divided by max(1, positives)", "https://github.com/pierluigiferrari/ssd_keras/issues/69"}},
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
			Name: "last-term-left-out", Modules: every, rule: "SUM", Level: verdict.Parity,
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
		{
			Name: "clamp-of-the-product", Modules: probability, rule: "CLAMP", Level: verdict.Parity,
			Title: "t*log(x) and (1-t)*log(1-x) are clamped at -100, not the logarithms.",
			Why:   "For targets 0 and 1 it makes no difference where 0 times infinity is taken for 0.",
			Right: "l = {loss}",
			vary: losing(func(e element) float64 {
				positive := max(times(e.t, math.Log(e.x)), leastLog)
				return -e.w * (positive + max(times(1-e.t, math.Log1p(-e.x)), leastLog))
			}),
		},
		{
			Name: "negative-indices-ignored", Modules: crossEntropy, rule: "INDEX-RANGE", Level: verdict.Parity,
			Title: "Every negative class index is ignored.",
			Why:   "ignore_index is -100, and -1 elsewhere: any negative index is taken for padding.",
			Right: "a class index outside [0, C) that is not ignore_index is refused",
			Met:   []Link{{"Labels below 0 are ignored", "https://github.com/sony/nnabla/pull/945"}},
			vary: func(d *definition) {
				d.admit = func(a *arguments) {
					if !a.target.dtype.IsFloat() {
						mapping(a.target, func(y float64) float64 {
							if y < 0 {
								return float64(a.ignoreIndex)
							}
							return y
						})
					}
				}
			},
		},
		{
			Name: "mean-of-class-means", Modules: crossEntropy, rule: "MEAN", Level: verdict.Parity,
			Title: "'mean' averages the rows of each class first, and then the classes.",
			Why:   "Balanced accuracy is a mean of that kind, and class weights are thought to do the same.",
			Right: "mean = sum(l) / sum(w[y]) over the rows that are not ignored",
			vary: func(d *definition) {
				d.plan = func(a *arguments) plan {
					p := planRows(a)
					if a.probabilities || a.reduction != "mean" {
						return p
					}
					rows, classes := map[int]float64{}, 0.0
					for _, r := range a.rows {
						if !r.ignored {
							if rows[r.y] == 0 {
								classes++
							}
							rows[r.y] += r.w[r.y]
						}
					}
					for _, r := range a.rows {
						for c := range r.a {
							r.a[c] /= rows[r.y]
						}
					}
					p.count = classes
					return p
				}
			},
		},
		{
			Name: "weight-averaged", Modules: flat, rule: "WEIGHT-BROADCAST", Level: verdict.Parity,
			Title: "'mean' and 'sum' reduce the losses without weight, and multiply by the mean of the weights.",
			Why:   "The reduction comes first, and a weight for each sample is then averaged until the shapes fit.",
			Right: "'mean' = (1/N) * sum(w*l), 'sum' = sum(w*l): each loss has its own weight before they are added",
			vary: preparing(func(a *arguments) {
				if a.weight != nil && a.reduction != "none" {
					mean := sumOf(a.weight.values) / float64(len(a.weight.values))
					mapping(a.weight, func(float64) float64 { return mean })
				}
			}),
		},
		{
			Name: "ones-squeezed", Modules: flat, rule: "RANK", Level: verdict.Parity,
			Title: "'none' lacks the dimensions of size 1.",
			Why:   "The loss is squeezed, for models that have one output.",
			Right: "'none' has the shape of the input, dimensions of size 1 included",
			vary: func(d *definition) {
				d.finish = func(a *arguments, name string, o *operand) {
					if name == ports.Loss && a.reduction == "none" {
						o.shape = slices.DeleteFunc(o.shape, func(n int) bool { return n == 1 })
					}
				}
			},
		},
		{
			Name: "z-loss-added", Modules: crossEntropy, rule: "FORMULA", Level: verdict.Parity,
			Title: "1e-4 times the square of log(sum exp(x)) is added to the loss of each row.",
			Why:   "Language models are trained with this z-loss, which keeps their logits small; it is on by default.",
			Right: "l = {loss}",
			vary: func(d *definition) {
				const z = 1e-4
				// logSumExp is that of a row; the softmax keeps how far it lies above each logit.
				logSumExp := func(r *row) float64 {
					top := slices.Index(r.x, slices.Max(r.x))
					return r.x[max(top, 0)] + r.nll[max(top, 0)] // NaN has no index
				}
				d.rowLoss = func(r *row) float64 {
					if r.ignored || len(r.x) == 0 {
						return rowLossOf(r)
					}
					l := logSumExp(r)
					return rowLossOf(r) + z*l*l
				}
				d.slope = func(r *row) []float64 {
					slope := slopeOf(r)
					if r.ignored || len(r.x) == 0 {
						return slope
					}
					l := logSumExp(r)
					for c := range slope {
						slope[c] += 2 * z * l * r.p[c]
					}
					return slope
				}
			},
		},
	}
	for _, d := range divergences {
		d.Fresh = true
	}
	return divergences
}
