// Package bce is somebody's loss: binary cross-entropy with logits, in float64.
package bce

import "math"

// Losses returns the loss of each logit x against its target t, of the same length.
func Losses(x, t []float64) []float64 {
	losses := make([]float64, len(x))
	for i := range x {
		losses[i] = math.Max(x[i], 0) - x[i]*t[i] + math.Log1p(math.Exp(-math.Abs(x[i])))
	}
	return losses
}

// Sum adds losses in pairs, so that the error grows with the logarithm of their number.
func Sum(losses []float64) float64 {
	switch n := len(losses); n {
	case 0:
		return 0
	case 1:
		return losses[0]
	default:
		return Sum(losses[:n/2]) + Sum(losses[n/2:])
	}
}
