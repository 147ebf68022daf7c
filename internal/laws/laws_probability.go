package laws

import (
	"math"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// probabilityLaws are the laws of BCELoss alone.
var probabilityLaws = []law{
	// BCELoss(sigmoid(x)) = BCEWithLogitsLoss(x), as far as the sigmoid is exact: for the gradient that is elsewhere
	// than for the loss.
	{
		name:       "of-sigmoid",
		says:       "BCELoss of a sigmoid is BCEWithLogitsLoss of the logit, and its gradient times p*(1-p) that in the logit, as far as the sigmoid is exact.",
		why:        "BCEWithLogitsLoss combines a Sigmoid layer and the BCELoss in one class.",
		documented: true,
		page:       ports.BCEWithLogitsLoss,
		tolerance:  "what is allowed of both, plus 2*eps*(|x| + 1 + exp(x)*(1-t)) for the loss and eps for the gradient, which the rounding of the sigmoid costs",
		of: []ofModule{
			{module: ports.BCELoss, domain: "'none', without weights; in float32 logits from -85 to 15 for the loss and from -27.6 to 16.6 for the gradient, in float64 from -99 to 33 and from -27.6 to 27.6"},
		},
		calls: func(_ string, s *sample) []call {
			pair := func(output string, to span) []call {
				c := s.plain(ports.BCEWithLogitsLoss, none, output)
				c.x = s.bounded(s.x, to)
				probable := c.of(ports.BCELoss)
				probable.x = s.probabilities(c.x)
				return []call{c, probable}
			}
			domain := composed[s.dtype]
			return append(pair(ports.Loss, domain.loss), pair(ports.GradInput, domain.grad)...)
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			eps := 0x1p-52
			if s.dtype == tensor.Float32 {
				eps = 0x1p-23
			}
			x, t, loss := a[0].call.x.values, s.t.values, a[1].loss()
			for i := range loss.radius {
				loss.radius[i] += 2 * eps * (math.Abs(x[i]) + 1 + math.Exp(x[i])*(1-t[i]))
			}
			p := a[3].call.x.values
			grad := a[3].grad().by(func(i int) float64 { return p[i] * (1 - p[i]) }) // the derivative of the sigmoid
			for i := range grad.radius {
				grad.radius[i] += eps
			}
			return slices.Concat(
				equal("loss of BCELoss after a sigmoid", loss, a[0].loss()),
				equal("grad_input of BCELoss times p*(1-p)", grad, a[2].grad()),
			)
		},
	},
	{
		name:      "logarithm",
		says:      "At a hard target exp(-loss) is the probability of the target, x or 1-x, and the gradient is -1 or 1 divided by it.",
		why:       "The formula has one logarithm left, far from its clamp.",
		tolerance: "what is allowed of the gradient, times the probability; exp(-loss)·expm1(what is allowed of the loss)",
		of: []ofModule{
			{module: ports.BCELoss, domain: "'none', hard targets, without weights"},
		},
		calls: func(module string, s *sample) []call {
			c := s.plain(module, none, lossAndGradient...)
			return []call{c.withT(c.t.with(func(i int) float64 { return math.Round(c.t.values[i]) }))}
		},
		holds: func(_ string, _ *sample, a []answer) []equation {
			x, t := a[0].call.x, a[0].call.t.values
			p := exactly(x.with(func(i int) float64 { return t[i]*x.values[i] + (1-t[i])*(1-x.values[i]) }))
			slope := a[0].grad().by(func(i int) float64 { return (1 - 2*t[i]) * p.values[i] })
			return slices.Concat(
				equal("exp(-loss) against the probability of the target", a[0].loss().expMinus(), p),
				equal("grad_input times the probability of the target", slope, exactly(x.all(1))),
			)
		},
	},
}

// BCELoss is asked about the sigmoids of the logits of a sample.

// span is where logits lie.
type span struct{ low, high float64 }

// usual is that of the logits whose sigmoids BCELoss is asked about: there x*(1-x) is far from where PyTorch
// bounds it.
var usual = span{-12, 12}

// composed has where BCELoss of a sigmoid p is BCEWithLogitsLoss. The losses part where 1-p has few digits left, and
// where the logarithm of p is clamped; the gradients where p is 1, and where PyTorch bounds p*(1-p).
var composed = map[tensor.DType]struct{ loss, grad span }{
	tensor.Float32: {span{-85, 15}, span{-27.6, 16.6}},
	tensor.Float64: {span{-99, 33}, span{-27.6, 27.6}},
}

// bounded returns the logits of a sample in a span; those below 0 reach its low end.
func (s *sample) bounded(x array, to span) array {
	return x.with(func(i int) float64 {
		v := x.values[i]
		if v < 0 {
			v *= max(1, -to.low/maxLogit)
		}
		return s.rounded(min(max(v, to.low), to.high))
	})
}

// rounded returns the number of the sample's dtype that is nearest.
func (s *sample) rounded(v float64) float64 {
	if s.dtype == tensor.Float32 {
		return float64(float32(v))
	}
	return v
}

// sigmoid is accurate just below 1 too.
func sigmoid(x float64) float64 {
	y := math.Exp(-math.Abs(x))
	if y /= 1 + y; x < 0 {
		return y
	}
	return 1 - y
}

// probabilities returns the sigmoids of logits, rounded.
func (s *sample) probabilities(x array) array {
	return x.with(func(i int) float64 { return s.rounded(sigmoid(x.values[i])) })
}

// input returns what a module is asked about in place of logits.
func (s *sample) input(module string, x array) array {
	if module == ports.BCELoss {
		return s.probabilities(s.bounded(x, usual))
	}
	return x
}
