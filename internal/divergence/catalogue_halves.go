package divergence

import (
	"math"
	"slices"

	"lossproof/judge/verdict"
	"lossproof/tensor"
)

// halves are mistakes of float16 and bfloat16 alone.
func halves() []*Divergence {
	const right = "a result of 16 bits is computed in float32 or wider, and rounded once"
	return []*Divergence{
		{Name: "steps-rounded-to-16-bits", Modules: every, rule: "HALF", Level: verdict.Exact,
			Title: "In 16 bits the logarithms are rounded before they are weighed and added.",
			Why:   "Eager code rounds what each operation returns.",
			Right: right,
			Met:   links("pytorch/pytorch/issues/171282: BCEWithLogitsLoss of bfloat16 is another one when it is compiled"),
			vary: func(l *loss) {
				functions := l.Functions
				l.Functions = func(u *unit) {
					functions(u)
					for i, f := range u.F {
						if u.DType.IsHalf() {
							u.F[i] = f.Round(u.DType)
						}
					}
				}
			}},
		{Name: "truncated-to-16-bits", Modules: every, rule: "HALF-NEAREST", Level: verdict.Exact,
			Title: "A result of 16 bits is cut off, not rounded.",
			Why:   "bfloat16 is the upper half of float32, which a shift takes.",
			Right: right + ", to the nearest number",
			vary: ofHalves(func(f tensor.Format, v float64) float64 {
				if r := f.Round(v); math.Abs(r) > math.Abs(v) && !math.IsInf(v, 0) {
					return r - math.Copysign(f.ULP(v), v)
				}
				return v
			})},
		{Name: "sums-in-16-bits", Modules: every, rule: "HALF-ACCUMULATION", Sums: true,
			Title: "Losses of 16 bits are added in 16 bits.",
			Why:   "The accumulator has the dtype of the result.",
			Right: "the accumulator is float32 or wider",
			Met:   links("pytorch/pytorch/issues/85791: A mean in float16 is infinite or NaN"),
			vary: func(l *loss) {
				exactly := l.Sum
				l.Sum = func(dtype tensor.DType, values []float64) float64 {
					if !dtype.IsHalf() {
						return exactly(dtype, values)
					}
					sum := 0.0
					for _, v := range values {
						sum = dtype.Format().Round(sum + v)
					}
					return sum
				}
			}},
		{Name: "small-results-lost-in-16-bits", Modules: slices.Concat(both, crossEntropy), rule: "HALF-TAIL",
			Title: "In 16 bits a small loss or gradient is what is left of 1 when 1 is taken away.",
			Why:   "1 - sigmoid(x) and log(1 + exp(-x)) are exact enough in float32, and nothing in 16 bits.",
			Right: right + "; log1p(exp(-|x|)) is about exp(-|x|)",
			vary:  lostBeside1},
		{Name: "small-losses-lost-in-16-bits", Modules: probability, rule: "HALF-TAIL", Level: verdict.Exact,
			Title: "In 16 bits a small loss or gradient is what is left of 1 when 1 is taken away.",
			Why:   "log(1 - x) is that of a rounded 1 - x.",
			Right: right + "; log1p(-x) is about -x",
			vary:  lostBeside1},
		{Name: "subnormals-of-16-bits-flushed", Modules: slices.Concat(both, crossEntropy), rule: "HALF-SUBNORMAL",
			Title: "Results below the smallest normal number of 16 bits are 0.",
			Why:   "A conversion without subnormal numbers is shorter.",
			Right: "results are rounded to the nearest number, subnormal or not; a port may claim to be without subnormals",
			vary:  flushingHalves},
		{Name: "subnormal-losses-of-16-bits-flushed", Modules: probability, rule: "HALF-SUBNORMAL", Level: verdict.Exact,
			Title: "Results below the smallest normal number of 16 bits are 0.",
			Why:   "A conversion without subnormal numbers is shorter.",
			Right: "results are rounded to the nearest number, subnormal or not; a port may claim to be without subnormals",
			vary:  flushingHalves},
	}
}

var (
	lostBeside1 = ofHalves(func(f tensor.Format, v float64) float64 {
		if math.Abs(v) < 0.5 {
			return f.Round(1+v) - 1
		}
		return v
	})
	flushingHalves = ofHalves(func(f tensor.Format, v float64) float64 {
		if math.Abs(v) < f.SmallestNormal() {
			return 0
		}
		return v
	})
)

// ofHalves changes what is rounded to 16 bits.
func ofHalves(change func(f tensor.Format, v float64) float64) variation {
	return finishingAll(func(_ *arguments, _ string, o *operand) {
		if o.DType.IsHalf() {
			o.Map(func(v float64) float64 { return change(o.DType.Format(), v) })
		}
	})
}
