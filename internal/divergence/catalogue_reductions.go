package divergence

import (
	"math"
	"slices"

	"lossproof/internal/definition"
	"lossproof/ports"
)

// reductions are mistakes in none, mean and sum.
func reductions() []*Divergence {
	return []*Divergence{
		{Name: "mean-over-weight-sum", Modules: elementwise, rule: "WEIGHT-ZERO",
			Title: "'mean' divides by the sum of the weights.",
			Why:   "CrossEntropyLoss and NLLLoss do so, and a weighted mean in statistics does.",
			Right: "mean = (1/N) * sum(w*l), N the number of elements",
			Met:   links("pytorch/pytorch/issues/54843: weight is averaged differently by CrossEntropyLoss and BCEWithLogitsLoss", "torch/nn/issues/926: BCECriterion averages by the number of elements, not by the weights"),
			vary: planning(func(a *arguments, p *plan) {
				if a.Weight != nil { // of MultiLabelSoftMarginLoss, the mean over classes and samples at once
					p.Count = definition.Sum(a.Number(0), a.SpreadNumbers(a.Weight)...).Div(p.Classes)
				}
			})},
		{Name: "mean-over-weights-as-given", Modules: elementwise, rule: "WEIGHT-BROADCAST",
			Title: "'mean' divides by the sum of the weights as they are given, not as they are broadcast.",
			Why:   "loss.sum() / weight.sum() is a weighted mean where the weight has the shape of the input, and there alone.",
			Right: "mean = (1/N) * sum(w*l), N the number of elements",
			vary: planning(func(a *arguments, p *plan) {
				if a.Weight != nil {
					p.Count = definition.Sum(a.Number(0), a.Weight.Numbers()...).Div(p.Classes)
				}
			})},
		{Name: "mean-over-nonzero-weights", Modules: elementwise, rule: "WEIGHT-ZERO",
			Title: "'mean' divides by the number of elements whose weight is not zero, and by 1 if there are none.",
			Why:   "A weight of zero is used as a mask, and masked elements are expected not to count (tf.losses' SUM_BY_NONZERO_WEIGHTS).",
			Right: "mean = (1/N) * sum(w*l), N the number of all elements",
			Met:   links("microsoft/Semi-supervised-learning/issues/96: The mean should be over what the mask leaves", "DeepX-inc/machina/pull/198: The mean of a masked loss is to be divided by the sum of the mask"),
			vary: planning(func(a *arguments, p *plan) {
				if a.Weight != nil {
					n := countOf(a, a.Weight, func(w float64) bool { return w != 0 })
					p.Count = a.Number(max(1, n.Value())).Div(p.Classes)
				}
			})},
		{Name: "mean-over-batch", Modules: flat, rule: "MEAN",
			Title: "'mean' divides by the size of the first dimension.",
			Why:   "'batchmean' of KLDivLoss does so, and in a batch of scalars it is the same.",
			Right: "mean = (1/N) * sum(l), N the number of elements of all dimensions",
			Met:   links("tensorflow/swift-apis/pull/51: The mean was over the batch, not over the elements", "pytorch/pytorch/issues/6988: Is the mean not over the batch?"),
			vary: planning(func(a *arguments, p *plan) {
				if len(a.Grid) > 0 {
					p.Count = a.Number(float64(a.Grid[0]))
				}
			})},
		{Name: "mean-over-last-dimension", Modules: flat, rule: "MEAN",
			Title: "'mean' divides by the size of the last dimension.",
			Why:   "N of the formula is taken for the number of classes.",
			Right: "mean = (1/N) * sum(l), N the number of elements of all dimensions",
			vary: planning(func(a *arguments, p *plan) {
				if n := len(a.Grid); n > 0 {
					p.Count = a.Number(float64(a.Grid[n-1]))
				}
			})},
		{Name: "mean-divided-twice", Modules: every, rule: "MEAN",
			Title: "'mean' divides twice by the number of elements.",
			Why:   "The kernel averages already, and the wrapper averages again.",
			Right: "mean = (1/N) * sum(l)",
			Met:   links("eriklindernoren/PyTorch-YOLOv3/pull/137: A cross entropy that is averaged twice", "TreB1eN/InsightFace_Pytorch/issues/22: A mean is divided by the size of the batch", "jfzhang95/pytorch-deeplab-xception/issues/55: batch_average on top of an average"),
			vary:  planning(func(_ *arguments, p *plan) { p.Count = p.Count.Mul(p.Count) })},
		{Name: "mean-is-sum", Modules: every, rule: "MEAN",
			Title: "'mean' returns the sum.",
			Why:   "The reduction is stored and never looked at again.",
			Right: "mean = (1/N) * sum(l)",
			Met:   links("pytorch/pytorch/issues/10148: MSELoss sums where a mean was asked for"),
			vary:  reducing("mean", "sum")},
		{Name: "sum-is-mean", Modules: every, rule: "SUM",
			Title: "'sum' returns the mean.",
			Why:   "The default is used whatever is asked for, but 'none' needs another path and is right.",
			Right: "sum = sum(l), for MultiLabelSoftMarginLoss the sum of the class means",
			Met:   links("photosynthesis-team/piq/issues/65: 'mean' and 'sum' of a loss are the same"),
			vary:  reducing("sum", "mean")},
		{Name: "reduction-ignored", Modules: every, rule: "NONE-SHAPE",
			Title: "Every reduction returns the mean.",
			Why:   "The option does not reach the function that computes.",
			Right: "'none' keeps the losses apart, 'sum' adds them, 'mean' averages them",
			Met:   links("facebookresearch/detectron2/pull/3454: The reduction of cross_entropy was always 'mean'", "linkedin/Liger-Kernel/pull/435: 'none' returned a single number"),
			vary:  planning(func(_ *arguments, p *plan) { p.Reduction = "mean" })},
		{Name: "scalar-as-one-element", Modules: every, rule: "MEAN",
			Title: "The loss of 'mean' and 'sum' has shape (1,).",
			Why:   "Reductions of the framework keep a dimension, or its smallest tensor is 1-D, as it was in Paddle.",
			Right: "The shape of a reduced loss is (): a 0-d tensor",
			Met:   links("PaddlePaddle/Paddle/pull/52739: Reductions and losses become 0-d"),
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if a.Reduction != "none" {
					o.Shape = []int{1}
				}
			})},
		{Name: "none-flattened", Modules: flat, rule: "NONE-SHAPE",
			Title: "'none' returns a 1-D tensor.",
			Why:   "The kernel runs over the flat array, and its result is not shaped back.",
			Right: "'none' has the shape of the input",
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if a.Reduction == "none" {
					o.Shape = []int{len(o.Values)}
				}
			})},
		{Name: "empty-mean-zero", Modules: every, rule: "EMPTY-MEAN",
			Title: "The mean over nothing is 0.",
			Why:   "A guard against the division by zero, or a loop that does not run.",
			Right: "mean over nothing = 0/0 = NaN",
			Met:   links("pytorch/pytorch/issues/144104: MPS returns 0 for an empty BCEWithLogitsLoss, CPU and CUDA NaN", "pytorch/pytorch/issues/50224: Losses of empty inputs should return 0 (declined)"),
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if slices.Contains(a.Grid, 0) {
					clear(o.Values)
				}
			})},
	}
}

// emptiness are mistakes with nothing.
func emptiness() []*Divergence {
	return []*Divergence{
		{Name: "sum-from-mean", Modules: every, rule: "EMPTY-SUM",
			Title: "The sum over nothing is NaN.",
			Why:   "'sum' is made of the mean, times the number of elements: NaN times 0.",
			Right: "sum over nothing = 0",
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if a.Reduction == "sum" && definition.Size(a.Grid) == 0 {
					o.Values[0] = math.NaN()
				}
			})},
		{Name: "empty-classes-zero", Modules: mlsm, rule: "EMPTY-CLASSES",
			Title: "The mean over no classes is 0.",
			Why:   "A guard against the division by zero: the sum is divided by max(C, 1).",
			Right: "the class mean of no classes is 0/0 = NaN, and with it the mean and the sum over samples",
			vary:  planning(func(a *arguments, p *plan) { p.Classes = a.Number(max(p.Classes.Value(), 1)) })},
	}
}

// axes are mistakes in the class mean of MultiLabelSoftMarginLoss.
func axes() []*Divergence {
	return []*Divergence{
		{Name: "sum-of-all-elements", Modules: mlsm, rule: "SUM",
			Title: "'sum' is not divided by the number of classes.",
			Why:   "It is taken for BCEWithLogitsLoss, with which its mean agrees.",
			Right: "sum = sum over samples of (1/C) * sum over classes of l",
			Met:   links("pytorch/pytorch/issues/9301: MultiLabelSoftMarginLoss averages over the classes, also in the sum"),
			vary: planning(func(a *arguments, p *plan) {
				if p.Reduction == "sum" {
					p.Classes = a.Number(1)
				}
			})},
		{Name: "class-sum", Modules: mlsm, rule: "CLASS-MEAN",
			Title: "The losses of a sample's classes are added, not averaged.",
			Why:   "The formula of the documentation is read without its 1/C, or another margin loss is ported.",
			Right: "l_n = (1/C) * sum over classes of l_nc",
			Met:   links("pytorch/pytorch/issues/9301: Should the loss of a sample be the sum over its classes?", "pytorch/pytorch/pull/9965: The review of the change to (N,) found the class mean to be a class sum"),
			vary:  planning(func(a *arguments, p *plan) { p.Classes = a.Number(1) })},
		{Name: "class-mean-over-first-axis", Modules: mlsm, rule: "CLASS-AXIS",
			Title: "The mean over classes runs over the first dimension.",
			Why:   "The array is column-major, or classes come first. A mean over everything does not show it.",
			Right: "l_n = (1/C) * sum over the last dimension of l",
			vary: func(l *loss) {
				l.Plan = func(a *arguments) plan { return definition.ClassMean(a, 0) }
			}},
		{Name: "class-mean-over-second-axis", Modules: mlsm, rule: "RANK",
			Title: "The mean over classes of an input of more than two dimensions runs over the second.",
			Why:   "CrossEntropyLoss has its classes there, and PyTorch itself did until the last dimension was taken.",
			Right: "l_n = (1/C) * sum over the last dimension of l",
			Met:   links("pytorch/pytorch/pull/9965: The losses of a sample are summed over dim=1"),
			vary: func(l *loss) {
				l.Plan = func(a *arguments) plan { return definition.ClassMean(a, min(1, len(a.Input.Shape)-1)) }
			}},
		{Name: "samples-flattened", Modules: mlsm, rule: "RANK",
			Title: "All dimensions but the first are taken for classes.",
			Why:   "The kernel works on matrices, and the input is viewed as (N, -1).",
			Right: "'none' of (d1, …, dk, C) has the shape (d1, …, dk)",
			vary: planning(func(a *arguments, p *plan) {
				if len(a.Grid) >= 3 && len(a.Input.Shape) >= len(a.Grid) {
					samples, classes := a.Grid[0], definition.Size(a.Grid[1:])
					p.Grid, p.Axis = []int{samples, classes}, 1
					p.Classes, p.Count = a.Number(float64(classes)), a.Number(float64(samples))
				}
			})},
		{Name: "class-axis-kept", Modules: mlsm, rule: "NONE-SHAPE",
			Title: "'none' keeps the dimension of the classes, with size 1.",
			Why:   "The mean is taken with keepdim.",
			Right: "'none' of (N, C) has the shape (N,)",
			vary:  planning(func(_ *arguments, p *plan) { p.Keep = true })},
		{Name: "none-per-element", Modules: mlsm, rule: "NONE-SHAPE",
			Title: "'none' returns the losses of elements, as BCEWithLogitsLoss does.",
			Why:   "PyTorch did so until 1.0, and some frameworks document the shape of the input.",
			Right: "'none' of (N, C) has the shape (N,): the mean over the classes",
			Met:   links("pytorch/pytorch/pull/9965: The output changes from (N, C) to (N,)", "PaddlePaddle/docs/pull/4651: Paddle documents the shape of the input for 'none'"),
			vary: planning(func(a *arguments, p *plan) {
				if p.Reduction == "none" {
					p.Axis, p.Classes = definition.NoAxis, a.Number(1)
				}
			})},
		{Name: "vector-is-a-batch", Modules: mlsm, rule: "NO-BATCH",
			Title: "A 1-D input is taken for a batch of samples with one class.",
			Why:   "The first dimension is always taken for the batch.",
			Right: "A 1-D input is one sample: its loss is the mean over all its elements",
			vary: planning(func(a *arguments, p *plan) {
				if len(a.Input.Shape) == 1 {
					p.Axis, p.Classes, p.Count = definition.NoAxis, a.Number(1), a.Number(float64(len(a.Input.Values)))
				}
			})},
		{Name: "gradient-without-class-mean", Modules: mlsm, rule: "GRAD-INPUT",
			Title: "The gradient is not divided by the number of classes.",
			Why:   "The loss averages over classes in a step that the handwritten backward leaves out.",
			Right: "grad = w*((1-t)*sigmoid(x) - t*sigmoid(-x)) / C, and / N for 'mean'",
			Met:   links("pytorch/pytorch/issues/1516: The gradient is scaled down by the number of classes: is there a reason?"),
			vary:  scaling(func(a *arguments, p *plan) { p.Classes = a.Number(1) })},
	}
}
