// Package bce has two implementations of one loss, a textbook one and a stable one.
package bce

import "math"

// A Loss returns the loss of a logit x against its target t.
type Loss func(x, t float64) float64

// Textbook is -t·log σ(x) - (1-t)·log(1-σ(x)), with the probability clamped away from 0 and
// 1, as many do it: wrong in the tails.
func Textbook(x, t float64) float64 {
	const epsilon = 1e-7
	p := 1 / (1 + math.Exp(-x))
	p = math.Min(math.Max(p, epsilon), 1-epsilon)
	return -t*math.Log(p) - (1-t)*math.Log(1-p)
}

// Stable is the same, right for every logit.
func Stable(x, t float64) float64 {
	return math.Max(x, 0) - x*t + math.Log1p(math.Exp(-math.Abs(x)))
}
