package sweep

import "fmt"

// The limits that the losses promise to keep.
const (
	// MaxULP32 is the largest error of a float32 loss or gradient with a hard target, in
	// ULPs, and MinCorrect32 the least share of the results that are correctly rounded.
	MaxULP32     = 0.51
	MinCorrect32 = 0.999
	// MaxULP16 and MinCorrect16 are those of 16 bits, and of float32 with Nearest: each result is the nearest number.
	MaxULP16     = 0.5
	MinCorrect16 = 1
	// MaxULPWeighted32 is the largest error of float32 with soft targets, weight or
	// pos_weight, and of CrossEntropyLoss in float32, in ULPs of the sum of the magnitudes. MaxULP64 is that of
	// BCEWithLogitsLoss in float64, MaxULPProbability64 that of BCELoss in float64, which rounds more often: two logarithms, their products with
	// t and 1-t, the sum, and that times the weight; x-t, 1-x, x·(1-x), the quotient, and that times the weight.
	MaxULPWeighted32    = 1
	MaxULP64            = 2
	MaxULPProbability64 = 4
	// MaxULPRow64 is the largest error of CrossEntropyLoss in float64, in units of its random points. MaxULPProbabilities64 is that
	// with class probabilities that are not smoothed: where one class has nearly all, its gradient needs the sum of up to 999
	// others, and the error of a sum grows with its length. It is K of the tolerances of the fixtures for 1000 classes.
	MaxULPRow64           = 8
	MaxULPProbabilities64 = 16
	// MaxULPSum32 is the largest error of a mean or a sum in float32, which is the nearest number, MaxULPSum64 that in float64.
	MaxULPSum32 = 0.5
	MaxULPSum64 = 1
)

// limit returns the largest error of a mean or a sum.
func (r *SumRow) limit() float64 {
	if r.DType == "float32" {
		return MaxULPSum32
	}
	return MaxULPSum64
}

// Misses returns what misses its limit, a sentence each. The limits are those of the built-in
// losses: a port has none.
func (r *Report) Misses() []string {
	if r.Port != "" {
		return nil
	}
	var misses []string
	miss := func(format string, args ...any) { misses = append(misses, fmt.Sprintf(format, args...)) }
	for _, result := range r.Float32 {
		for _, t := range result.Tallies {
			name := fmt.Sprintf("%s %s %s", result.Module, result.dtype(), t.Output)
			maxULP, minCorrect := MaxULP32, MinCorrect32
			if result.DType != "" || result.Module == nearestLogits {
				maxULP, minCorrect = MaxULP16, MinCorrect16
			}
			if result.Module == nearestLogits {
				maxULP += oracleError // the share below has no error
			}
			if t.WrongClass > 0 {
				miss("%s: %s", name, t.wrongText())
			}
			if t.Worst != nil && !(t.Worst.ULP <= maxULP) {
				miss("%s: an error of %.4g ULP at %s, want at most %v", name, t.Worst.ULP, t.Worst.Input, maxULP)
			}
			if t.Finite > 0 && !(t.CorrectShare() >= minCorrect) {
				miss("%s: %.4f %% are correctly rounded, want at least %v %%", name, 100*t.CorrectShare(), 100*minCorrect)
			}
		}
		for _, d := range result.Differences {
			miss("float32 %s", d)
		}
	}
	for _, row := range r.Random {
		if row.WrongClass > 0 {
			miss("%s %s %s, %s: %d results are not finite", row.Module, row.DType, row.Output, row.Setting, row.WrongClass)
		}
		if !(row.Max <= row.Limit) {
			miss("%s %s %s, %s: an error of %.4g ULP at %s, want at most %v", row.Module, row.DType, row.Output, row.Setting, row.Max, row.At, row.Limit)
		}
	}
	for _, row := range r.Sums {
		if !(row.ULP <= row.limit()) {
			miss("%s %s of %s over %d elements: an error of %.4g ULP (%v, exact %v), want at most %v",
				row.DType, row.Reduction, row.Module, row.Elements, row.ULP, float64(row.Got), float64(row.Exact), row.limit())
		}
		if !row.Same {
			miss("%s %s of %s over %d elements: the result depends on GOMAXPROCS (%v)", row.DType, row.Reduction, row.Module, row.Elements, row.Threads)
		}
	}
	return misses
}
