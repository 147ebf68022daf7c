package divergence

import (
	"slices"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// parts are mistakes in a part of what others get wrong as a whole.
func parts() []*Divergence {
	const (
		smoothing = "a[c] = (1-e)*w[y]*[c = y] + (e/C)*w[c], and l = sum(a[c]*(log(sum exp(x)) - x[c]))"
		atZero    = "at x = 0 the gradient is w*((1-t)/2 - p*t/2), times the scale of the reduction"
		added     = "sum in blocks, pairwise, compensated or in a wider dtype"
	)
	all := []*Divergence{
		{Name: "gradient-squeezed", Modules: every, rule: "RANK", rules: map[string]string{ports.CrossEntropyLoss: "CE-CLASS-AXIS"},
			Title: "The gradient of the input lacks the dimensions of size 1.",
			Why:   "The way forward squeezes its input, and the way back returns the gradient of that.",
			Right: "the gradient of the input has the shape of the input",
			vary: finishing(ports.GradInput, func(_ *arguments, o *operand) {
				o.Shape = slices.DeleteFunc(o.Shape, func(n int) bool { return n == 1 })
			})},
		{Name: "mean-over-all-rows", Modules: crossEntropy, rule: "IGNORE-MEAN",
			Title: "'mean' divides by the number of rows, whatever the weights and whether they are ignored.",
			Why:   "It is the mean of what 'none' returns.",
			Right: "mean = sum(l) / sum(w[y]) over the rows that are not ignored; with class probabilities sum(l) / N",
			vary:  planning(func(a *arguments, p *plan) { p.Count = a.Number(float64(definition.Size(a.Grid))) })},
		{Name: "smoothing-swapped", Modules: crossEntropy, rule: "SMOOTHING",
			Title: "The target keeps e, and 1-e is spread over the classes.",
			Why:   "e is taken for the confidence in the target.",
			Right: smoothing,
			vary: viewing(func(u *unit) {
				if u.Smoothing > 0 {
					u.Smoothing = 1 - u.Smoothing
				}
			})},
		{Name: "smoothing-of-two-classes", Modules: crossEntropy, rule: "SMOOTHING",
			Title: "The smoothing part is e/2 for each class, not e/C.",
			Why:   "It is that of a binary loss.",
			Right: smoothing,
			vary:  smoothed(func(u *unit, c int) number { return u.W[c].Scale(u.Smoothing / 2) })},
		{Name: "smoothing-over-half-the-classes", Modules: crossEntropy, rule: "SMOOTHING",
			Title: "The smoothing part covers the first half of the classes alone, each with 2e/C.",
			Why:   "The vocabulary is divided between two devices, and each knows its part alone.",
			Right: smoothing,
			vary: smoothed(func(u *unit, c int) number {
				half := (len(u.X) + 1) / 2
				if c >= half {
					return u.Number(0)
				}
				return u.W[c].Scale(u.Smoothing / float64(half))
			})},
		{Name: "smoothing-over-last-dimension", Modules: crossEntropy, rule: "SMOOTHING",
			Title: "The smoothing part is divided by the size of the last dimension, not by the number of classes.",
			Why:   "It is a mean over the last dimension, where other losses have their classes. For (N, C) it is the same.",
			Right: smoothing,
			vary: func(l *loss) {
				last := 1
				preparing(func(a *arguments) {
					if rank := len(a.Input.Shape); rank > 0 {
						last = max(1, a.Input.Shape[rank-1])
					}
				})(l)
				smoothed(func(u *unit, c int) number { return u.W[c].Scale(u.Smoothing / float64(last)) })(l)
			}},
		{Name: "negative-ignore-index-wraps", Modules: crossEntropy, rule: "IGNORE-INDEX",
			Title: "A negative ignore_index counts from the end: -1 ignores the last class, too.",
			Why:   "It is an index for indexing, and Python's wrap around.",
			Right: "a row whose target is ignore_index has loss 0 and gradient 0, and does not count in the mean; no other row",
			vary: admitting(func(a *arguments) {
				if len(a.Input.Shape) == 0 || a.Target.DType.IsFloat() {
					return
				}
				if i := float64(a.IgnoreIndex) + float64(a.Classes()); a.IgnoreIndex < 0 && i >= 0 {
					ignoring(a, func(y float64) bool { return y == i })
				}
			})},
		{Name: "naive-mean", Modules: every, rule: "ACCUMULATION", Sums: true,
			Title: "The losses of 'mean' are added one after the other, in the dtype of the result; those of 'sum' are not.",
			Why:   "The two are kernels of their own, and one of them was mended.",
			Right: added,
			vary: func(l *loss) {
				mean, accurate := false, l.Sum
				planning(func(_ *arguments, p *plan) { mean = p.Reduction == "mean" })(l)
				l.Sum = func(dtype tensor.DType, values []float64) float64 {
					if mean {
						return oneAfterTheOther(dtype, values)
					}
					return accurate(dtype, values)
				}
			}},
	}
	// max(x, 0) - x*t + log1p(exp(-|x|)), or with pos_weight (1-t)*x + (1+(p-1)*t)*(log1p(exp(-|x|)) + max(-x, 0)), is
	// differentiated term by term: max and |x| have any of several derivatives at 0.
	for _, s := range []struct {
		name, title   string
		modules       []string
		without, with float64
	}{
		{"gradient-of-max-1-abs-minus-1-at-zero", "the derivative of max(x, 0) is taken for 1, and that of |x| for -1", both, 1.5, 0.5},
		{"gradient-of-max-half-abs-1-at-zero", "the derivative of max(x, 0) is taken for 1/2, and that of |x| for 1", bce, 0, 1},
		{"gradient-of-max-half-abs-minus-1-at-zero", "the derivative of max(x, 0) is taken for 1/2, and that of |x| for -1", bce, 1, 0},
		{"gradient-of-max-1-abs-1-at-zero", "the derivatives of max(x, 0) and |x| are taken for 1, which shows with pos_weight", bce, 0.5, 1.5},
		{"gradient-of-max-0-abs-minus-1-at-zero", "the derivative of max(x, 0) is taken for 0, and that of |x| for -1, which shows with pos_weight", bce, 0.5, -0.5},
	} {
		all = append(all, &Divergence{Name: s.name, Modules: s.modules, rule: "LOGIT-ZERO", Right: atZero,
			Title: "At logit 0 " + s.title + ".", Why: "The stable form is differentiated automatically, term by term.", vary: slopeAtZero(s.without, s.with)})
	}
	for _, f := range Families() {
		if n, ok := map[string]float64{
			"epsilon-#-in-log": float64(epsOfDType), "probability-clipped-at-#": float64(epsOfDType),
			"chunks-of-#-averaged": 4, "chunks-of-#-added": 4, "gradient-zero-below-#": 1e-6, "logs-clamped-at-#": 50,
		}[f.name]; ok {
			all = append(all, f.Member(n))
		}
	}
	return all
}

// slopeAtZero makes the derivative at logit 0 that of max(x, 0) and of half of |x|, taken for these, without pos_weight
// and with it; 1/2 is right.
func slopeAtZero(without, with float64) variation {
	return sloping(ports.GradInput, func(u *unit, slope []float64) {
		e := elementOf(u)
		switch given := u.P.Given(); {
		case e.x != 0, given && with == 0.5, !given && without == 0.5:
		case given:
			slope[0] = e.w * (1 - e.t - with*(1+(e.p-1)*e.t))
		default:
			slope[0] = e.w * (without - e.t)
		}
	})
}

// oneAfterTheOther adds losses as a loop does.
func oneAfterTheOther(dtype tensor.DType, values []float64) float64 {
	f, sum := dtype.Format(), 0.0
	for _, v := range values {
		sum = f.Round(sum + f.Round(v))
	}
	return sum
}
