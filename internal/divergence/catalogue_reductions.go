package divergence

import (
	"math"
	"slices"

	"lossproof/judge/verdict"
	"lossproof/ports"
)

// reductions are mistakes in none, mean and sum.
func reductions() []*Divergence {
	return []*Divergence{
		{
			Name: "mean-over-weight-sum", Modules: elementwise, rule: "WEIGHT-ZERO", Level: verdict.Parity,
			Title: "'mean' divides by the sum of the weights.",
			Why:   "CrossEntropyLoss and NLLLoss do so, and a weighted mean in statistics does.",
			Right: "mean = (1/N) * sum(w*l), N the number of elements",
			Met: []Link{
				{"weight is averaged differently by CrossEntropyLoss and BCEWithLogitsLoss", "https://github.com/pytorch/pytorch/issues/54843"},
				{"BCECriterion averages by the number of elements, not by the weights", "https://github.com/torch/nn/issues/926"},
			},
			vary: all(
				planning(func(a *arguments, p *plan) {
					if a.weight == nil {
						return
					}
					// Of MultiLabelSoftMarginLoss, the mean over classes and samples at once.
					p.count = sumOf(a.spread(a.weight)) / p.classes
				}),
				func(d *definition) {
					d.chain = map[string]func(*arguments, []float64){ports.GradWeight: func(a *arguments, gradient []float64) {
						if a.reduction != "mean" {
							return
						}
						var losses []float64
						for _, e := range a.elements() {
							losses = append(losses, lossOf(e))
						}
						sum := sumOf(a.spread(a.weight))
						count := float64(len(losses)) / float64(len(gradient)) // how often a weight is in the sum
						for i := range gradient {
							gradient[i] -= a.scalar() * count * sumOf(losses) / sum / sum
						}
					}}
				},
			),
		},
		{
			Name: "mean-over-nonzero-weights", Modules: elementwise, rule: "WEIGHT-ZERO", Level: verdict.Parity,
			Title: "'mean' divides by the number of elements whose weight is not zero.",
			Why:   "A weight of zero is used as a mask, and masked elements are expected not to count (tf.losses' SUM_BY_NONZERO_WEIGHTS).",
			Right: "mean = (1/N) * sum(w*l), N the number of all elements",
			Met: []Link{
				{"The mean should be over what the mask leaves", "https://github.com/microsoft/Semi-supervised-learning/issues/96"},
				{"The mean of a masked loss is to be divided by the sum of the mask", "https://github.com/DeepX-inc/machina/pull/198"},
			},
			vary: planning(func(a *arguments, p *plan) {
				if a.weight == nil {
					return
				}
				n := 0
				for _, w := range a.spread(a.weight) {
					if w != 0 {
						n++
					}
				}
				p.count = float64(n) / p.classes
			}),
		},
		{
			Name: "mean-over-batch", Modules: flat, rule: "MEAN", Level: verdict.Parity,
			Title: "'mean' divides by the size of the first dimension.",
			Why:   "'batchmean' of KLDivLoss does so, and in a batch of scalars it is the same.",
			Right: "mean = (1/N) * sum(l), N the number of elements of all dimensions",
			Met: []Link{
				{"The mean was over the batch, not over the elements", "https://github.com/tensorflow/swift-apis/pull/51"},
				{"Is the mean not over the batch?", "https://github.com/pytorch/pytorch/issues/6988"},
			},
			vary: planning(func(a *arguments, p *plan) {
				if len(a.grid) > 0 {
					p.count = float64(a.grid[0])
				}
			}),
		},
		{
			Name: "mean-over-last-dimension", Modules: flat, rule: "MEAN", Level: verdict.Parity,
			Title: "'mean' divides by the size of the last dimension.",
			Why:   "N of the formula is taken for the number of classes.",
			Right: "mean = (1/N) * sum(l), N the number of elements of all dimensions",
			vary: planning(func(a *arguments, p *plan) {
				if n := len(a.grid); n > 0 {
					p.count = float64(a.grid[n-1])
				}
			}),
		},
		{
			Name: "mean-divided-twice", Modules: every, rule: "MEAN", Level: verdict.Parity,
			Title: "'mean' divides twice by the number of elements.",
			Why:   "The kernel averages already, and the wrapper averages again.",
			Right: "mean = (1/N) * sum(l)",
			Met: []Link{
				{"A cross entropy that is averaged twice", "https://github.com/eriklindernoren/PyTorch-YOLOv3/pull/137"},
				{"A mean is divided by the size of the batch", "https://github.com/TreB1eN/InsightFace_Pytorch/issues/22"},
				{"batch_average on top of an average", "https://github.com/jfzhang95/pytorch-deeplab-xception/issues/55"},
			},
			vary: planning(func(_ *arguments, p *plan) { p.count *= p.count }),
		},
		{
			Name: "mean-is-sum", Modules: every, rule: "MEAN", Level: verdict.Parity,
			Title: "'mean' returns the sum.",
			Why:   "The reduction is stored and never looked at again.",
			Right: "mean = (1/N) * sum(l)",
			Met:   []Link{{"MSELoss sums where a mean was asked for", "https://github.com/pytorch/pytorch/issues/10148"}},
			vary: planning(func(_ *arguments, p *plan) {
				if p.reduction == "mean" {
					p.reduction = "sum"
				}
			}),
		},
		{
			Name: "sum-is-mean", Modules: every, rule: "SUM", Level: verdict.Parity,
			Title: "'sum' returns the mean.",
			Why:   "The default is used whatever is asked for, but 'none' needs another path and is right.",
			Right: "sum = sum(l), for MultiLabelSoftMarginLoss the sum of the class means",
			Met:   []Link{{"'mean' and 'sum' of a loss are the same", "https://github.com/photosynthesis-team/piq/issues/65"}},
			vary: planning(func(_ *arguments, p *plan) {
				if p.reduction == "sum" {
					p.reduction = "mean"
				}
			}),
		},
		{
			Name: "reduction-ignored", Modules: every, rule: "NONE-SHAPE", Level: verdict.Parity,
			Title: "Every reduction returns the mean.",
			Why:   "The option does not reach the function that computes.",
			Right: "'none' keeps the losses apart, 'sum' adds them, 'mean' averages them",
			Met: []Link{
				{"The reduction of cross_entropy was always 'mean'", "https://github.com/facebookresearch/detectron2/pull/3454"},
				{"'none' returned a single number", "https://github.com/linkedin/Liger-Kernel/pull/435"},
			},
			vary: planning(func(_ *arguments, p *plan) { p.reduction = "mean" }),
		},
		{
			Name: "scalar-as-one-element", Modules: every, rule: "MEAN", Level: verdict.Parity,
			Title: "The loss of 'mean' and 'sum' has shape (1,).",
			Why:   "Reductions of the framework keep a dimension, or its smallest tensor is 1-D, as it was in Paddle.",
			Right: "The shape of a reduced loss is (): a 0-d tensor",
			Met:   []Link{{"Reductions and losses become 0-d", "https://github.com/PaddlePaddle/Paddle/pull/52739"}},
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if a.reduction != "none" {
					o.shape = []int{1}
				}
			}),
		},
		{
			Name: "none-flattened", Modules: flat, rule: "NONE-SHAPE", Level: verdict.Parity,
			Title: "'none' returns a 1-D tensor.",
			Why:   "The kernel runs over the flat array, and its result is not shaped back.",
			Right: "'none' has the shape of the input",
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if a.reduction == "none" {
					o.shape = []int{len(o.values)}
				}
			}),
		},
		{
			Name: "empty-mean-zero", Modules: every, rule: "EMPTY-MEAN", Level: verdict.Parity,
			Title: "The mean over nothing is 0.",
			Why:   "A guard against the division by zero, or a loop that does not run.",
			Right: "mean over nothing = 0/0 = NaN",
			Met: []Link{
				{"MPS returns 0 for an empty BCEWithLogitsLoss, CPU and CUDA NaN", "https://github.com/pytorch/pytorch/issues/144104"},
				{"Losses of empty inputs should return 0 (declined)", "https://github.com/pytorch/pytorch/issues/50224"},
			},
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if slices.Contains(a.grid, 0) {
					mapping(o, func(float64) float64 { return 0 })
				}
			}),
		},
	}
}

// emptiness are mistakes with nothing.
func emptiness() []*Divergence {
	return []*Divergence{
		{
			Name: "sum-from-mean", Modules: every, rule: "EMPTY-SUM", Level: verdict.Parity,
			Title: "The sum over nothing is NaN.",
			Why:   "'sum' is made of the mean, times the number of elements: NaN times 0.",
			Right: "sum over nothing = 0",
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if a.reduction == "sum" && size(a.grid) == 0 {
					mapping(o, func(float64) float64 { return math.NaN() })
				}
			}),
		},
		{
			Name: "empty-classes-zero", Modules: mlsm, rule: "EMPTY-CLASSES", Level: verdict.Parity,
			Title: "The mean over no classes is 0.",
			Why:   "A guard against the division by zero: the sum is divided by max(C, 1).",
			Right: "the class mean of no classes is 0/0 = NaN, and with it the mean and the sum over samples",
			vary:  planning(func(_ *arguments, p *plan) { p.classes = max(p.classes, 1) }),
		},
	}
}

// axes are mistakes in the class mean of MultiLabelSoftMarginLoss.
func axes() []*Divergence {
	return []*Divergence{
		{
			Name: "sum-of-all-elements", Modules: mlsm, rule: "SUM", Level: verdict.Parity,
			Title: "'sum' is not divided by the number of classes.",
			Why:   "It is taken for BCEWithLogitsLoss, with which its mean agrees.",
			Right: "sum = sum over samples of (1/C) * sum over classes of l",
			Met:   []Link{{"MultiLabelSoftMarginLoss averages over the classes, also in the sum", "https://github.com/pytorch/pytorch/issues/9301"}},
			vary: planning(func(_ *arguments, p *plan) {
				if p.reduction == "sum" {
					p.classes = 1
				}
			}),
		},
		{
			Name: "class-sum", Modules: mlsm, rule: "CLASS-MEAN", Level: verdict.Parity,
			Title: "The losses of a sample's classes are added, not averaged.",
			Why:   "The formula of the documentation is read without its 1/C, or another margin loss is ported.",
			Right: "l_n = (1/C) * sum over classes of l_nc",
			Met: []Link{
				{"Should the loss of a sample be the sum over its classes?", "https://github.com/pytorch/pytorch/issues/9301"},
				{"The review of the change to (N,) found the class mean to be a class sum", "https://github.com/pytorch/pytorch/pull/9965"},
			},
			vary: planning(func(_ *arguments, p *plan) { p.classes = 1 }),
		},
		{
			Name: "class-mean-over-first-axis", Modules: mlsm, rule: "CLASS-AXIS", Level: verdict.Parity,
			Title: "The mean over classes runs over the first dimension.",
			Why:   "The array is column-major, or classes come first. A mean over everything does not show it.",
			Right: "l_n = (1/C) * sum over the last dimension of l",
			vary: func(d *definition) {
				d.plan = func(a *arguments) plan { return classMean(a, 0) }
			},
		},
		{
			Name: "class-mean-over-second-axis", Modules: mlsm, rule: "RANK", Level: verdict.Parity,
			Title: "The mean over classes of an input of more than two dimensions runs over the second.",
			Why:   "CrossEntropyLoss has its classes there, and PyTorch itself did until the last dimension was taken.",
			Right: "l_n = (1/C) * sum over the last dimension of l",
			Met:   []Link{{"The losses of a sample are summed over dim=1", "https://github.com/pytorch/pytorch/pull/9965"}},
			vary: func(d *definition) {
				d.plan = func(a *arguments) plan { return classMean(a, min(1, len(a.input.shape)-1)) }
			},
		},
		{
			Name: "samples-flattened", Modules: mlsm, rule: "RANK", Level: verdict.Parity,
			Title: "All dimensions but the first are taken for classes.",
			Why:   "The kernel works on matrices, and the input is viewed as (N, -1).",
			Right: "'none' of (d1, …, dk, C) has the shape (d1, …, dk)",
			vary: planning(func(a *arguments, p *plan) {
				if len(a.grid) < 3 || len(a.input.shape) < len(a.grid) {
					return
				}
				p.grid, p.axis = []int{a.grid[0], size(a.grid[1:])}, 1
				p.classes, p.count = float64(p.grid[1]), float64(p.grid[0])
			}),
		},
		{
			Name: "class-axis-kept", Modules: mlsm, rule: "NONE-SHAPE", Level: verdict.Parity,
			Title: "'none' keeps the dimension of the classes, with size 1.",
			Why:   "The mean is taken with keepdim.",
			Right: "'none' of (N, C) has the shape (N,)",
			vary:  planning(func(_ *arguments, p *plan) { p.keep = true }),
		},
		{
			Name: "none-per-element", Modules: mlsm, rule: "NONE-SHAPE", Level: verdict.Parity,
			Title: "'none' returns the losses of elements, as BCEWithLogitsLoss does.",
			Why:   "PyTorch did so until 1.0, and some frameworks document the shape of the input.",
			Right: "'none' of (N, C) has the shape (N,): the mean over the classes",
			Met: []Link{
				{"The output changes from (N, C) to (N,)", "https://github.com/pytorch/pytorch/pull/9965"},
				{"Paddle documents the shape of the input for 'none'", "https://github.com/PaddlePaddle/docs/pull/4651"},
			},
			vary: planning(func(a *arguments, p *plan) {
				if p.reduction == "none" {
					p.axis, p.classes = noAxis, 1
				}
			}),
		},
		{
			Name: "vector-is-a-batch", Modules: mlsm, rule: "NO-BATCH", Level: verdict.Parity,
			Title: "A 1-D input is taken for a batch of samples with one class.",
			Why:   "The first dimension is always taken for the batch.",
			Right: "A 1-D input is one sample: its loss is the mean over all its elements",
			vary: planning(func(a *arguments, p *plan) {
				if len(a.input.shape) == 1 {
					p.axis, p.classes, p.count = noAxis, 1, float64(len(a.input.values))
				}
			}),
		},
		{
			Name: "gradient-without-class-mean", Modules: mlsm, rule: "GRAD-INPUT", Level: verdict.Parity,
			Title: "The gradient is not divided by the number of classes.",
			Why:   "The loss averages over classes in a step that the handwritten backward leaves out.",
			Right: "grad = w*((1-t)*sigmoid(x) - t*sigmoid(-x)) / C, and / N for 'mean'",
			Met:   []Link{{"The gradient is scaled down by the number of classes: is there a reason?", "https://github.com/pytorch/pytorch/issues/1516"}},
			vary: func(d *definition) {
				d.gradPlan = func(_ *arguments, p plan) plan { p.classes = 1; return p }
			},
		},
	}
}
