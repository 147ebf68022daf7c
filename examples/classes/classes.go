// Package classes is somebody's loss: cross-entropy of one row of logits and the index of its
// class, with its gradient, in float64.
package classes

import "math"

// Loss returns -log softmax(x)[y] of the logits x of one row, which are finite, and writes its
// gradient to grad, as long as x.
//
// With the largest logit m subtracted nothing overflows, and with the class of the largest kept
// out of the sum nothing is lost where it dominates.
func Loss(grad, x []float64, y int) float64 {
	largest := 0
	for c := range x {
		if x[c] > x[largest] {
			largest = c
		}
	}
	others := 0.0 // the sum of exp(x-m) over the other classes
	for c := range x {
		if c != largest {
			grad[c] = math.Exp(x[c] - x[largest])
			others += grad[c]
		}
	}
	grad[largest] = 1
	rest := 0.0 // the probability of all classes but y
	for c := range x {
		grad[c] /= 1 + others
		if c != y {
			rest += grad[c]
		}
	}
	grad[y] = -rest
	return x[largest] - x[y] + math.Log1p(others)
}
