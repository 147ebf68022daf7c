// Package mlsm is somebody's loss: MultiLabelSoftMarginLoss of one sample, with its gradient,
// in float32.
package mlsm

import "math"

// Loss returns the mean of the losses of the logits x of one sample against its targets t,
// and writes the gradient of the logits to grad, all of the same length. It computes in
// float64.
func Loss(grad, x, t []float32) float32 {
	sum := 0.0
	classes := float64(len(x))
	for c := range x {
		logit, target := float64(x[c]), float64(t[c])
		y := math.Exp(-math.Abs(logit))
		// Of softplus(-x) and softplus(x) one is log1p(y), the other |x| more.
		slope := -target
		numerator := (1-target)*y - target
		if logit >= 0 {
			slope, numerator = 1-target, (1-target)-target*y
		}
		sum += math.Log1p(y) + slope*logit
		grad[c] = float32(numerator / (1 + y) / classes)
	}
	return float32(sum / classes)
}
