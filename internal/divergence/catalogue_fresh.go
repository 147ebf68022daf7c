package divergence

import (
	"math"
	"slices"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// fresh are divergences that were invented when the cases were there. The suite found them without a new case, which
// says more of it than those that the cases were made for. The kill matrix names them.
func fresh() []*Divergence {
	divergences := []*Divergence{
		{Name: "weight-on-logit", Modules: both, rule: "WEIGHT-BROADCAST",
			Title: "weight multiplies the logit, not the loss.",
			Why:   "It is taken for an inverse temperature, or stands within the wrong parenthesis.",
			Right: "l = w*(p*t*softplus(-x) + (1-t)*softplus(x))",
			vary: viewing(func(u *unit) {
				u.X[0] = u.W[0].Mul(u.X[0])
				u.Ones()
			})},
		{Name: "mean-over-positives", Modules: elementwise, rule: "MEAN",
			Title: "'mean' divides by the number of positive targets, and by 1 if there are none.",
			Why:   "Losses of detectors are normalised by the number of objects.",
			Right: "mean = (1/N) * sum(l), N the number of elements",
			Met:   links("pierluigiferrari/ssd_keras/issues/69: The loss is divided by max(1, positives)"),
			vary: planning(func(a *arguments, p *plan) {
				positives := countOf(a, a.Target, func(t float64) bool { return t > 0.5 })
				p.Count = a.Number(max(1, positives.Value())).Div(p.Classes)
			})},
		{Name: "last-term-left-out", Modules: every, rule: "SUM",
			Title: "Sums of more than one loss lack the last one.",
			Why:   "A loop ends one too early, or a tail that does not fill a vector register is forgotten.",
			Right: "sum = the sum of all losses",
			vary: func(l *loss) {
				l.Sum = func(_ tensor.DType, values []float64) float64 {
					if len(values) > 1 {
						values = values[:len(values)-1]
					}
					return definition.SumOf(values)
				}
			}},
		{Name: "clamp-of-the-product", Modules: probability, rule: "CLAMP",
			Title: "t*log(x) and (1-t)*log(1-x) are clamped at -100, not the logarithms.",
			Why:   "For targets 0 and 1 it makes no difference where 0 times infinity is taken for 0.",
			Right: "l = {loss}",
			vary: losing(func(e element, _ float64) float64 {
				positive := max(times(e.t, math.Log(e.x)), leastLog)
				return -(positive + max(times(1-e.t, math.Log1p(-e.x)), leastLog))
			})},
		{Name: "negative-indices-ignored", Modules: crossEntropy, rule: "INDEX-RANGE",
			Title: "Every negative class index is ignored.",
			Why:   "ignore_index is -100, and -1 elsewhere: any negative index is taken for padding.",
			Right: "a class index outside [0, C) that is not ignore_index is refused",
			Met:   links("sony/nnabla/pull/945: Labels below 0 are ignored"),
			vary: admitting(func(a *arguments) {
				if !a.Target.DType.IsFloat() {
					ignoring(a, func(y float64) bool { return y < 0 })
				}
			})},
		{Name: "mean-of-class-means", Modules: crossEntropy, rule: "MEAN",
			Title: "'mean' averages the rows of each class first, and then the classes.",
			Why:   "Balanced accuracy is a mean of that kind, and class weights are thought to do the same.",
			Right: "mean = sum(l) / sum(w[y]) over the rows that are not ignored",
			vary: func(l *loss) {
				var weights map[int]number // of the rows of a class
				l.Plan = func(a *arguments) plan {
					p := definition.PlanRows(a)
					if a.Probabilities || a.Reduction != "mean" {
						return p
					}
					weights = map[int]number{}
					a.Each(func(_ int, u *unit) {
						if !u.Ignored {
							w := a.Keep(u.W[u.Class])
							if sum := weights[u.Class]; sum.Given() {
								w = sum.Add(w)
							}
							weights[u.Class] = w
						}
					})
					p.Count = a.Number(float64(len(weights)))
					return p
				}
				counting(func(u *unit) {
					for c, a := range u.A {
						if w := weights[u.Class]; w.Given() {
							u.A[c] = a.Div(u.Number(w.Value()))
						}
					}
				})(l)
			}},
		{Name: "weight-averaged", Modules: flat, rule: "WEIGHT-BROADCAST",
			Title: "'mean' and 'sum' reduce the losses without weight, and multiply by the mean of the weights.",
			Why:   "The reduction comes first, and a weight for each sample is then averaged until the shapes fit.",
			Right: "'mean' = (1/N) * sum(w*l), 'sum' = sum(w*l): each loss has its own weight before they are added",
			vary: preparing(func(a *arguments) {
				if a.Weight != nil && a.Reduction != "none" {
					mean := meanOf(a, a.Weight.Numbers())
					a.Weight.Change(func(number) number { return mean })
				}
			})},
		{Name: "ones-squeezed", Modules: flat, rule: "RANK",
			Title: "'none' lacks the dimensions of size 1.",
			Why:   "The loss is squeezed, for models that have one output.",
			Right: "'none' has the shape of the input, dimensions of size 1 included",
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if a.Reduction == "none" {
					o.Shape = slices.DeleteFunc(o.Shape, func(n int) bool { return n == 1 })
				}
			})},
		{Name: "z-loss-added", Modules: crossEntropy, rule: "FORMULA",
			Title: "1e-4 times the square of log(sum exp(x)) is added to the loss of each row.",
			Why:   "Language models are trained with this z-loss, which keeps their logits small; it is on by default.",
			Right: "l = {loss}",
			vary: combining(func(u *unit) number {
				loss := definition.CombineClasses(u)
				if u.Ignored || len(u.X) == 0 {
					return loss
				}
				top := 0
				for c, x := range u.X {
					if x.Value() > u.X[top].Value() {
						top = c
					}
				}
				l := u.X[top].Add(u.F[top]) // log(sum exp(x))
				return loss.Add(l.Mul(l).Scale(1e-4))
			})},
	}
	for _, d := range divergences {
		d.Fresh = true
	}
	return divergences
}
