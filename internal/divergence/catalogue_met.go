package divergence

import (
	"math"
	"slices"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// met are mistakes that real implementations were found to make, after the others.
func met() []*Divergence {
	const (
		smoothing = "a[c] = (1-e)*w[y]*[c = y] + (e/C)*w[c], and l = sum(a[c]*(log(sum exp(x)) - x[c]))"
		gradient  = "grad = {grad}, times the scale of the reduction and grad_output"
		atZero    = "at x = 0 the gradient is w*((1-t)/2 - p*t/2), times the scale of the reduction"
		tail      = "softplus(x) = max(x, 0) + log1p(exp(-|x|)), and l = w*(p*t*softplus(-x) + (1-t)*softplus(x))"
	)
	all := []*Divergence{
		{Name: "offset-of-log-2", Modules: elementwise, rule: "FORMULA",
			Title: "Each loss is larger by log 2.",
			Why:   "It is the loss of a game, as of a GAN, which is shifted to be 0 in its equilibrium, or a softplus that is not shifted.",
			Right: "l = {loss}",
			vary:  combining(func(u *unit) number { return definition.CombineTargets(u).Plus(math.Ln2) })},
		{Name: "none-over-last-axis", Modules: flat, rule: "NONE-SHAPE",
			Title: "'none' is the mean over the last dimension.",
			Why:   "Keras does so: a loss for each sample is what it calls no reduction.",
			Right: "'none' has the shape of the input: one loss for each element",
			vary: planning(func(a *arguments, p *plan) {
				if n := len(a.Grid); p.Reduction == "none" && n > 0 {
					p.Axis, p.Classes = n-1, a.Number(float64(a.Grid[n-1]))
				}
			})},
		{Name: "gradient-of-none-zero", Modules: every, rule: "GRAD-INPUT",
			Title: "The gradient of 'none' is zero; that of 'mean' and 'sum' is right.",
			Why:   "The kernel of the unreduced loss has no backward.",
			Right: gradient,
			Met:   links("microsoft/DirectML/issues/739: The gradient of 'none' is zero on a device"),
			vary: scaling(func(a *arguments, p *plan) {
				if p.Reduction == "none" {
					p.Classes = a.Number(math.Inf(1))
				}
			})},
		{Name: "index-out-of-range-nan", Modules: crossEntropy, rule: "INDEX-RANGE",
			Title: "Rows whose class index is out of range are NaN.",
			Why:   "gather fills with NaN, as jnp.take does.",
			Right: "a class index outside [0, C) that is not ignore_index is refused",
			vary: func(l *loss) {
				checking(uncheckedIndices)(l)
				preparing(func(a *arguments) {
					classes := a.Classes()
					if a.Probabilities || classes == 0 {
						return
					}
					for row, y := range a.Target.Values {
						if a.Ignores(y) || y >= 0 && y < float64(classes) {
							continue
						}
						a.Target.Values[row] = 0
						for c := range classes {
							a.Input.Values[a.At(row, c)] = math.NaN()
						}
					}
				})(l)
			}},
		{Name: "mean-over-first-dimension", Modules: crossEntropy, rule: "CLASS-AXIS",
			Title: "'mean' divides by the size of the first dimension, not by the number of rows.",
			Why:   "For inputs (N, C) it is the same.",
			Right: "mean = sum(l) / sum(w[y]) over the rows that are not ignored; with class probabilities sum(l) / N, N all rows",
			vary: planning(func(a *arguments, p *plan) {
				if len(a.Input.Shape) > 2 {
					p.Count = a.Number(float64(a.Input.Shape[0]))
				}
			})},
		{Name: "smoothing-mass-swapped", Modules: crossEntropy, rule: "SMOOTHING",
			Title: "The smoothing part is (1-e)/C for each class, not e/C.",
			Why:   "e is taken for what the target keeps.",
			Right: smoothing,
			vary:  smoothed(func(u *unit, c int) number { return u.W[c].Scale((1 - u.Smoothing) / float64(len(u.X))) })},
		{Name: "class-dimension-kept", Modules: crossEntropy, rule: "NONE-SHAPE",
			Title: "'none' keeps the dimension of the classes, with size 1.",
			Why:   "The sum over classes is taken with keepdim.",
			Right: "'none' drops the class dimension: (N, C, d1) gives (N, d1)",
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if a.Reduction == "none" && len(a.Input.Shape) > 1 {
					o.Shape = slices.Insert(slices.Clone(o.Shape), a.Axis, 1)
				}
			})},
		{Name: "padded-lanes-counted", Modules: flat, rule: "SUM",
			Title: "'mean' and 'sum' count the padding that fills up the last eight elements: log 2 for each.",
			Why:   "A vector register is filled up with zeros, whose loss is finite and so no error shows.",
			Right: "sum = the sum of all losses, and of nothing else",
			vary: func(l *loss) {
				l.Sum = func(_ tensor.DType, values []float64) float64 {
					return definition.SumOf(values) + math.Ln2*float64((8-len(values)%8)%8)
				}
			}},
		{Name: "loss-capped-at-50", Modules: both, rule: "LOGIT-HUGE",
			Title: "A loss above 50 is 50, and has no gradient.",
			Why:   "Outliers are to be kept from the training.",
			Right: tail,
			vary:  capped(50)},
		{Name: "gradient-of-max-at-zero", Modules: both, rule: "LOGIT-ZERO",
			Title: "At logit 0 the gradient has the derivative of max(x, 0), which is taken for 1, and of |x|, taken for 0.",
			Why:   "max(x, 0) - x*t + log1p(exp(-|x|)) is differentiated automatically, term by term, and the framework takes another of the derivatives of max.",
			Right: atZero,
			vary:  slopeAtZero(1, 1)},
		{Name: "gradient-of-abs-as-one-at-zero", Modules: both, rule: "LOGIT-ZERO",
			Title: "At logit 0 the gradient has the derivative of |x|, which is taken for 1, and of max(x, 0), taken for 0.",
			Why:   "max(x, 0) - x*t + log1p(exp(-|x|)) is differentiated automatically, and |x| as where(x >= 0, x, -x).",
			Right: atZero,
			vary:  slopeAtZero(-0.5, 0.5)},
		{Name: "probability-scaled", Modules: both, rule: "TAIL-LOSS",
			Title: "The probability is scaled into [1e-7, 1-1e-7]: s becomes 1e-7 + (1-2e-7)*s.",
			Why:   "It keeps log(0) away and, unlike a clip, keeps a gradient.",
			Right: tail,
			vary:  scaledProbability(1e-7)},
		{Name: "shifted-logits-clipped", Modules: crossEntropy, rule: "LOGIT-HUGE",
			Title: "Logits less the largest of their row are clipped at -64, and so a loss at about 64; the gradient is that of the clipped row.",
			Why:   "It keeps exp from results that are subnormal or 0, whose logarithm is infinite.",
			Right: "-log p[c] = (m - x[c]) + log1p(R), m = max x, R = the sum of exp(x-m) over the classes but that of m",
			Met:   links("PaddlePaddle/Paddle/issues/20994: Every loss above 64 is 64"),
			vary:  clippedShift(64)},
		{Name: "float32-returned", Modules: every, rule: "FORMULA",
			Title: "Results of float64 are computed in float64 and returned as float32.",
			Why:   "The buffer of the result has the default dtype.",
			Right: "The result has the dtype of the input",
			vary: finishingAll(func(_ *arguments, _ string, o *operand) {
				if o.DType == tensor.Float64 {
					o.DType = tensor.Float32
				}
			})},
		{Name: "float64-by-float32-functions", Modules: every, rule: "FORMULA",
			Title: "In float64, exponentials and logarithms are those of float32: expf and log1pf.",
			Why:   "The kernel is a template, and its functions are those of one type.",
			Right: "l = {loss}, in float64",
			vary: func(l *loss) {
				functions := l.Functions
				l.Functions = func(u *unit) {
					functions(u)
					for i, f := range u.F {
						if u.DType == tensor.Float64 {
							u.F[i] = f.Round(tensor.Float32)
						}
					}
				}
			}},
		{Name: "byte-order-swapped", Modules: every, rule: "FORMULA",
			Title: "The bytes of the numbers are in the other order.",
			Why:   "The adapter writes big-endian numbers, and the protocol has little-endian ones.",
			Right: "l = {loss}, in little-endian order",
			vary:  func(*loss) {}, swaps: true},
	}
	for _, n := range []float64{1e-5, 1e-6, 1e-8, 1e-10, 1e-15} {
		for _, f := range Families() {
			if slices.Contains([]string{"epsilon-#-in-log", "probability-clipped-at-#", "epsilon-#-added", "input-clipped-at-#"}, f.name) {
				all = append(all, f.Member(n))
			}
		}
	}
	return all
}
