package relation

import (
	"math"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// BCELoss is asked about the sigmoids of the logits of a sample.

// maxProbable is the magnitude of the logits whose sigmoids BCELoss is asked about: there x*(1-x) is far from
// where PyTorch bounds it.
const maxProbable = 12

// probabilities returns the sigmoids of logits, rounded.
func (s *sample) probabilities(x array, most float64) array {
	return x.with(func(i int) float64 {
		p := sigmoid(min(max(x.values[i], -most), most))
		if s.dtype == tensor.Float32 {
			return float64(float32(p))
		}
		return p
	})
}

// BCELoss(sigmoid(x)) = BCEWithLogitsLoss(x), as far as the sigmoid is exact.
func ofSigmoidCalls(_ string, s *sample) []call {
	most := 15.0
	if s.dtype == tensor.Float64 {
		most = 27
	}
	c := s.plain(ports.BCEWithLogitsLoss, none, lossAndGradient...)
	c.x = s.x.with(func(i int) float64 { return min(max(s.x.values[i], -most), most) })
	probable := c.of(ports.BCELoss)
	probable.x = s.probabilities(c.x, most)
	return []call{c, probable}
}

func ofSigmoid(_ string, s *sample, a []answer) []equation {
	x, t, p := a[0].call.x.values, s.t.values, a[1].call.x.values
	eps := 0x1p-52
	if s.dtype == tensor.Float32 {
		eps = 0x1p-23
	}
	loss := a[1].loss()
	for i := range loss.radius {
		loss.radius[i] += 2 * eps * (math.Abs(x[i]) + 1 + math.Exp(x[i])*(1-t[i]))
	}
	grad := a[1].grad().by(func(i int) float64 { return p[i] * (1 - p[i]) }) // the derivative of the sigmoid
	for i := range grad.radius {
		grad.radius[i] += eps
	}
	return slices.Concat(
		equal("loss of BCELoss after a sigmoid", loss, a[0].loss()),
		equal("grad_input of BCELoss times p*(1-p)", grad, a[0].grad()),
	)
}
