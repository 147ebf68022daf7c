package main

import (
	"math"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// freshFaults are forty more, written before the diagnosis saw any of them, when the others had been used to improve it.
var freshFaults = []fault{
	{"threshold", "x < -8", logits, ports.Loss, when(func(e element) bool { return e.x < -8 }, plus(0.01))},
	{"threshold", "x > 2", multi, ports.GradInput, when(func(e element) bool { return e.x > 2 }, times(1.2))},
	{"threshold", "|x| > 60", logits, ports.Loss, when(func(e element) bool { return math.Abs(e.x) > 60 }, to(60))},
	{"threshold", "x > 0.9", prob, ports.Loss, when(func(e element) bool { return e.x > 0.9 }, plus(0.3))},
	{"threshold", "0.4 < x < 0.6", prob, ports.GradInput, when(func(e element) bool { return e.x > 0.4 && e.x < 0.6 }, times(2))},
	{"threshold", "x < 0", rows, ports.GradInput, when(func(e element) bool { return e.x < 0 }, plus(0.125))},
	{"threshold", "t > 1", logits, ports.GradInput, when(func(e element) bool { return e.t > 1 }, to(0))},
	{"threshold", "w < 0", logits, ports.Loss, when(func(e element) bool { return e.w < 0 }, times(-1))},
	{"threshold", "t = 0", prob, ports.GradTarget, when(func(e element) bool { return e.t == 0 }, plus(1))},
	{"threshold", "loss > 5", rows, ports.Loss, when(func(e element) bool { return e.reduction == "none" && e.v > 5 }, times(1.05))},

	{"position", "the first element", prob, ports.Loss, when(func(e element) bool { return e.reduction == "none" && e.i == 0 }, plus(2))},
	{"position", "the last two", logits, ports.GradInput, when(func(e element) bool { return e.i >= e.n-2 }, times(0.5))},
	{"position", "every 4th", logits, ports.Loss, when(func(e element) bool { return e.reduction == "none" && e.i%4 == 1 }, plus(0.7))},
	{"position", "from 8 on", prob, ports.GradInput, when(func(e element) bool { return e.i >= 8 }, times(1.5))},
	{"position", "the second column", multi, ports.GradInput, when(func(e element) bool { return e.column == 1 }, times(4))},
	{"position", "one dimension", logits, ports.Loss, when(func(e element) bool { return e.rank == 1 }, times(0.8))},
	{"position", "what is left over by 8", logits, ports.GradInput, when(func(e element) bool { return e.i >= e.n-e.n%8 }, plus(0.2))},
	{"position", "fewer than 4 classes", rows, ports.Loss, when(func(e element) bool { return e.classes < 4 }, times(1.1))},
	{"position", "more than 32 elements", prob, ports.Loss, when(func(e element) bool { return e.reduction != "none" && e.n > 32 }, times(1.3))},
	{"position", "columns from 3 on", rows, ports.GradInput, when(func(e element) bool { return e.column >= 3 }, times(0.25))},

	{"factor", "sum times 7", logits, ports.Loss, when(func(e element) bool { return e.reduction == "sum" }, times(7))},
	{"factor", "none divided by the classes", multi, ports.Loss, func(e element) float64 {
		if e.reduction == "none" {
			return e.v / float64(e.classes)
		}
		return e.v
	}},
	{"factor", "minus 1", prob, ports.Loss, when(always, plus(-1))},
	{"factor", "gradient times pi", rows, ports.GradInput, when(always, times(math.Pi))},
	{"factor", "2/3 with grad_output", prob, ports.GradInput, when(func(e element) bool { return e.has(ports.GradOutput) }, times(2.0/3))},
	{"factor", "10 in float64", rows, ports.Loss, when(func(e element) bool { return e.dtype == tensor.Float64 }, times(10))},
	{"factor", "0.5 with smoothing", rows, ports.GradInput, when(func(e element) bool { return e.call.Options.LabelSmoothing != nil }, times(0.5))},
	{"factor", "0.01 in grad_weight", multi, ports.GradWeight, when(always, times(0.01))},
	{"factor", "1.1 with pos_weight and mean", logits, ports.Loss, when(func(e element) bool { return e.has(ports.PosWeight) && e.reduction == "mean" }, times(1.1))},
	{"factor", "minus 2 in grad_target", logits, ports.GradTarget, when(always, times(-2))},

	{"precision", "loss to bfloat16 in float64", rows, ports.Loss, when(func(e element) bool { return e.dtype == tensor.Float64 }, rounded(tensor.BFloat16))},
	{"precision", "gradient to float32 for the mean", logits, ports.GradInput, when(func(e element) bool { return e.reduction == "mean" }, rounded(tensor.Float32))},
	{"precision", "loss to float16 with a weight", prob, ports.Loss, when(func(e element) bool { return e.has(ports.Weight) }, rounded(tensor.Float16))},
	{"precision", "1e-3 where x < -1", logits, ports.GradInput, when(func(e element) bool { return e.x < -1 }, times(1.001))},
	{"precision", "two decimals", prob, ports.GradInput, when(always, func(v float64) float64 { return math.Round(v*100) / 100 })},
	{"precision", "1e-4 in the sum", multi, ports.Loss, when(func(e element) bool { return e.reduction == "sum" }, times(1.0001))},
	{"precision", "target's gradient to bfloat16", prob, ports.GradTarget, when(always, rounded(tensor.BFloat16))},
	{"precision", "1e-2 with class probabilities", rows, ports.GradInput, when(func(e element) bool { return e.call.Inputs[ports.Target].DType.IsFloat() }, times(1.01))},
	{"precision", "truncated", logits, ports.Loss, when(func(e element) bool { return e.reduction == "sum" }, math.Trunc)},
	{"precision", "five digits in float64", multi, ports.GradInput, when(func(e element) bool { return e.dtype == tensor.Float64 }, func(v float64) float64 {
		if v == 0 || definition.NotFinite(v) {
			return v
		}
		scale := math.Pow(10, 4-math.Floor(math.Log10(math.Abs(v))))
		return math.Round(v*scale) / scale
	})},
}
