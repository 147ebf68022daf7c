package divergence

import (
	"math"
	"slices"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// amount is the number of a family: negative ones are numbers of the dtype.
type amount float64

// The numbers of the dtype: its machine epsilon, and its smallest normal number.
const (
	epsOfDType  amount = -1
	tinyOfDType amount = -2
)

// NumberFor is the number of a member of a family in a dtype: some are numbers of the dtype.
func NumberFor(n float64, dtype tensor.DType) float64 { return amount(n).of(dtype) }

func (n amount) of(dtype tensor.DType) float64 {
	switch n {
	case epsOfDType:
		return dtype.Format().Eps()
	case tinyOfDType:
		return dtype.Format().SmallestNormal()
	}
	return float64(n)
}

// Families returns the mistakes with a number in them.
func Families() []*Family {
	const (
		softplus = "softplus(x) = max(x, 0) + log1p(exp(-|x|)), and l = w*(p*t*softplus(-x) + (1-t)*softplus(x))"
		softmax  = "-log p[c] = (m - x[c]) + log1p(R), m = max x, R = the sum of exp(x-m) over the classes but that of m"
		formula  = "l = {loss}"
		slope    = "grad = {grad}, times the scale of the reduction and grad_output"
		divided  = "mean = sum(l) / N, of CrossEntropyLoss sum(l) / sum(w[y]) over the rows that are not ignored"
		keeps    = "It keeps log(0) away, and bounds the loss."
		clipped  = "The probability is clipped to [#, 1-#], and the gradient is zero beyond."
		kept     = "The probability is clipped to [#, 1-#], and the gradient is that of the clipped one, passed through the clip."
		byHand   = "The gradient is written by hand, from the clipped probability, or the clip is a straight-through estimator."
	)
	epsilons := []float64{float64(epsOfDType), float64(tinyOfDType), 0x1p-23, 0x1p-52, 0x1p-24, 0x1p-53, 0x1p-126, 1e-2, 1e-3, 1e-4}
	for e := 5; e <= 20; e++ {
		epsilons = append(epsilons, math.Pow(10, -float64(e)))
	}
	var chunks []float64
	for n := 2.0; n <= 8192; n *= 2 {
		chunks = append(chunks, n)
	}
	bounds := []float64{10, 15, 16, 20, 25, 30, 32, 40, 50, 64, 80, 88, 100, 500, 700, 1000}
	return []*Family{
		{name: "epsilon-#-in-log", modules: both, rule: "TAIL-LOSS", right: softplus, tried: epsilons, low: 1e-24, high: 0.1,
			title: "# is added inside the logarithms.", why: keeps, members: map[float64]string{1e-7: "epsilon-1e-7-in-log", 1e-12: "epsilon-1e-12-in-log"},
			vary: func(n float64) variation { return ofProbability(0, amount(n)) }},
		{name: "probability-clipped-at-#", modules: both, rule: "TAIL-LOSS", right: softplus, tried: epsilons, low: 1e-24, high: 0.1,
			title: clipped, why: keeps, members: map[float64]string{1e-7: "probability-clipped"},
			vary: func(n float64) variation { return ofProbability(amount(n), 0) }},
		{name: "probability-clipped-at-#-gradient-kept", modules: both, rule: "TAIL-LOSS", right: softplus, tried: epsilons, low: 1e-24, high: 0.1,
			title: kept, why: byHand, vary: func(n float64) variation {
				return ofClipped(func(u *unit, s number) number { return throughClip(u, s, amount(n)) }, 0)
			}},
		{name: "probability-scaled-into-#", modules: both, rule: "TAIL-LOSS", right: softplus, tried: epsilons, low: 1e-24, high: 0.1,
			title: "The probability is scaled into [#, 1-#]: s becomes e + (1-2e)*s, e = #.", why: "It keeps log(0) away and, unlike a clip, keeps a gradient.",
			members: map[float64]string{1e-7: "probability-scaled"}, vary: func(n float64) variation { return scaledProbability(amount(n)) }},
		{name: "epsilon-#-added", modules: probability, rule: "CLAMP", right: formula, tried: epsilons, low: 1e-24, high: 0.1,
			title: "# is added inside the logarithms, which bounds the loss.", why: "It keeps log(0) away.",
			members: map[float64]string{1e-7: "epsilon-1e-7-added", 1e-12: "epsilon-1e-12-added"},
			vary:    func(n float64) variation { return epsilonInLogs(amount(n)) }},
		{name: "epsilon-#-added-before-the-difference", modules: probability, rule: "CLAMP", right: formula, tried: epsilons, low: 1e-24, high: 0.1,
			title: "# is added inside the logarithms, to 1 before the probability is subtracted, which rounds it to the next number after 1 or to nothing.",
			why:   "(1+e)-x is taken for (1-x)+e.",
			vary: func(n float64) variation {
				return epsilonsInLogs(amount(n), func(u *unit, e float64) number {
					return u.X[0].Neg().Plus(u.DType.Format().Round(1 + e)).Round(u.DType)
				})
			}},
		{name: "input-clipped-at-#", modules: probability, rule: "CLAMP", right: formula, tried: epsilons, low: 1e-24, high: 0.1,
			title: clipped, why: keeps, members: map[float64]string{1e-7: "input-clipped"},
			vary: func(n float64) variation {
				return viewing(func(u *unit) { u.X[0] = clippedTo(u, u.X[0], amount(n)) })
			}},
		{name: "input-clipped-at-#-gradient-kept", modules: probability, rule: "CLAMP", right: formula, tried: epsilons, low: 1e-24, high: 0.1,
			title: kept, why: byHand, vary: func(n float64) variation {
				return viewing(func(u *unit) { u.X[0] = throughClip(u, u.X[0], amount(n)) })
			}},
		{name: "epsilon-#-in-log-of-softmax", modules: crossEntropy, rule: "TAIL-LOSS", right: softmax, tried: epsilons, low: 1e-24, high: 0.1,
			title: "# is added to the softmax inside the logarithm.", why: keeps, members: map[float64]string{1e-7: "epsilon-1e-7-in-log-of-softmax"},
			vary: func(n float64) variation { return ofSoftmax(0, amount(n)) }},
		{name: "softmax-clipped-at-#", modules: crossEntropy, rule: "TAIL-LOSS", right: softmax, tried: epsilons, low: 1e-24, high: 0.1,
			title: "The softmax is clipped to [#, 1-#].", why: keeps, members: map[float64]string{1e-7: "softmax-clipped"},
			vary: func(n float64) variation { return ofSoftmax(amount(n), 0) }},
		{name: "loss-capped-at-#", modules: both, rule: "LOGIT-HUGE", right: softplus, tried: bounds, low: 1, high: 1e4,
			title: "A loss above # is #, and has no gradient.", why: "Outliers are to be kept from the training.",
			members: map[float64]string{50: "loss-capped-at-50"}, vary: capped},
		{name: "loss-of-a-row-capped-at-#", modules: crossEntropy, rule: "LOGIT-HUGE", right: softmax, tried: bounds, low: 1, high: 1e4,
			title: "A loss of a row above # is #, and has no gradient.", why: "Outliers are to be kept from the training.",
			vary: func(n float64) variation {
				return combining(func(u *unit) number { return definition.CombineClasses(u).Clamp(math.Inf(-1), n) })
			}},
		{name: "logits-clamped-at-#", modules: withLogits, rule: "LOGIT-HUGE", right: softplus, tried: bounds, low: 1, high: 1e4,
			title: "Logits are clamped to [-#, #], and the gradient is zero beyond.", why: "It keeps exp from overflowing.",
			members: map[float64]string{50: "logits-clamped"}, vary: clampedLogits},
		{name: "log-clamped-at-#", modules: both, rule: "LOGIT-HUGE", right: softplus, tried: bounds, low: 1, high: 1e4,
			title: "The logarithms are clamped at -#.", why: "BCELoss clamps them at -100, and the loss is made of it.",
			members: map[float64]string{100: "log-clamped-at-100"}, vary: clampedLogs},
		{name: "logs-clamped-at-#", modules: probability, rule: "CLAMP", right: formula, tried: bounds, low: 1, high: 1e4,
			title: "The logarithms are clamped at -#, not at -100.", why: "Any bound will do, it is thought.",
			vary: func(n float64) variation {
				return computing(func(u *unit) {
					x := u.X[0]
					u.F = append(u.F, x.Log().Neg().Clamp(math.Inf(-1), n), x.Neg().Log1p().Neg().Clamp(math.Inf(-1), n))
				})
			}},
		{name: "shifted-logits-clipped-at-#", modules: crossEntropy, rule: "LOGIT-HUGE", right: softmax, tried: bounds, low: 1, high: 1e4,
			title:   "Logits less the largest of their row are clipped at -#, and so a loss at about #; the gradient is that of the clipped row.",
			why:     "It keeps exp from results that are subnormal or 0, whose logarithm is infinite.",
			members: map[float64]string{64: "shifted-logits-clipped"}, vary: clippedShift},
		{name: "gradient-clipped-at-#", modules: withLogits, rule: "WEIGHT-EXTREME", right: slope, tried: []float64{0.1, 0.5, 1, 5, 10, 100}, low: 1e-3, high: 1e3,
			title: "The gradient is clipped to [-#, #].", why: "Without weights it never leaves [-1, 1].",
			members: map[float64]string{1: "gradient-clipped"}, vary: clippedGradient},
		{name: "gradient-zero-below-#", modules: every, rule: "TAIL-GRAD", rules: map[string]string{ports.BCELoss: "BCE-WEIGHT-EXTREME"}, right: slope,
			tried: []float64{0x1p-12, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12, 1e-16},
			title: "A gradient of the input below # is 0.", why: "What is that small is filtered to save time, or lost in a format.",
			vary: func(n float64) variation {
				return finishing(ports.GradInput, func(_ *arguments, o *operand) {
					o.Map(func(v float64) float64 {
						if math.Abs(v) < n {
							return 0
						}
						return v
					})
				})
			}},
		{name: "chunks-of-#-averaged", modules: every, rule: "MEAN", rules: map[string]string{ports.CrossEntropyLoss: "CE-IGNORE-MEAN"}, right: divided, tried: chunks,
			title: "'mean' is the mean of the means of chunks of #, of which the last is smaller.", why: "A large input is computed in chunks, to save memory.",
			vary: func(n float64) variation { return chunked(int(n), true) }},
		{name: "chunks-of-#-added", modules: every, rule: "MEAN", rules: map[string]string{ports.CrossEntropyLoss: "CE-IGNORE-MEAN"}, right: divided, tried: chunks,
			title: "'mean' is the sum of the means of chunks of #.", why: "A large input is computed in chunks, whose losses are added.",
			vary: func(n float64) variation { return chunked(int(n), false) }},
		{name: "targets-smoothed-by-#", modules: elementwise, rule: "FORMULA", right: "l = {loss} for every t", tried: []float64{0.01, 0.05, 0.1, 0.2}, low: 1e-3, high: 1,
			title: "Targets are smoothed by e = #: t becomes (1-e)*t + e/2.", why: "A default of a training recipe got into the loss.",
			members: map[float64]string{0.1: "targets-smoothed"}, vary: func(n float64) variation {
				return viewing(func(u *unit) { u.T[0] = u.T[0].Scale(1 - n).Plus(n / 2) })
			}},
	}
}

// clippedTo clips a probability to [low, 1-low] in the dtype of the input; its derivative is 0 beyond.
func clippedTo(u *unit, s number, low amount) number {
	e := low.of(u.DType)
	return s.Clamp(e, u.DType.Format().Round(1-e))
}

// throughClip is clippedTo with the derivative of what is not clipped.
func throughClip(u *unit, s number, low amount) number {
	return s.Custom(clippedTo(u, s, low).Value(), 1)
}

// scaledProbability takes e + (1-2e)*sigmoid(x) for the probability, in the dtype of the input.
func scaledProbability(n amount) variation {
	return all(combining(typed), computing(func(u *unit) {
		e := n.of(u.DType)
		s := probabilityOf(u).Scale(1 - 2*e).Plus(e).Round(u.DType)
		u.F = append(u.F, minusLog(u, s, 0), minusLog(u, s.Rest().Round(u.DType), 0))
	}))
}

// capped makes a loss of an element n at most, before it is weighted.
func capped(n float64) variation {
	return combining(func(u *unit) number {
		w := u.W[0]
		u.Ones()
		return w.Times(definition.CombineTargets(u).Clamp(math.Inf(-1), n))
	})
}

func clampedLogits(n float64) variation {
	return viewing(func(u *unit) {
		for c, x := range u.X {
			u.X[c] = x.Clamp(-n, n)
		}
	})
}

// clippedShift subtracts the largest logit of a row, and raises to -n what is below. Beyond, too, the gradient is a softmax less a target.
func clippedShift(n float64) variation {
	return viewing(func(u *unit) {
		largest := math.Inf(-1)
		for _, x := range u.X {
			largest = max(largest, x.Value())
		}
		if math.IsInf(largest, 0) || math.IsNaN(largest) {
			return
		}
		for c, x := range u.X {
			switch shifted := x.Plus(-largest); {
			case shifted.Value() >= -n:
				u.X[c] = shifted
			case math.IsInf(x.Value(), -1):
				u.X[c] = x.Of(-n)
			default:
				u.X[c] = x.Sub(x.Detach()).Plus(-n)
			}
		}
	})
}

func clampedLogs(n float64) variation {
	return computing(func(u *unit) {
		x := u.X[0]
		u.F = append(u.F, x.Neg().Softplus().Clamp(0, n), x.Softplus().Clamp(0, n))
	})
}

func clippedGradient(n float64) variation {
	return finishing(ports.GradInput, func(_ *arguments, o *operand) {
		o.Map(func(v float64) float64 { return max(-n, min(v, n)) }) // NaN stays
	})
}

// chunked makes 'mean' of the means of chunks of so many elements or rows: their mean, or their sum.
func chunked(size int, averaged bool) variation {
	return func(l *loss) {
		var factors []float64 // by element or row, of 'mean'
		planning(func(a *arguments, p *plan) {
			if p.Reduction != "mean" {
				return
			}
			each := slices.Repeat([]float64{1}, definition.Size(a.Grid))
			if a.Module == ports.CrossEntropyLoss && !a.Probabilities {
				a.Each(func(i int, u *unit) {
					if each[i] = 0; !u.Ignored && len(u.W) > 0 {
						each[i] = u.W[u.Class].Value()
					}
				})
			}
			all := definition.SumOf(each)
			chunks := slices.Collect(slices.Chunk(each, size))
			for _, chunk := range chunks {
				f := all / definition.SumOf(chunk)
				if averaged {
					f /= float64(len(chunks))
				}
				factors = append(factors, slices.Repeat([]float64{f}, len(chunk))...)
			}
		})(l)
		scaled := func(numbers []number, i int) {
			for c, n := range numbers {
				if factors != nil {
					numbers[c] = n.Scale(factors[i])
				}
			}
		}
		if l.Module == ports.CrossEntropyLoss {
			counting(func(u *unit) { scaled(u.A, u.Index) })(l)
		} else {
			viewing(func(u *unit) { scaled(u.W, u.Index) })(l)
		}
	}
}
