package divergence

import (
	"math"
	"slices"

	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// The functions here make divergences of rows.

// looking changes a row before it is computed with.
func looking(change func(r *row)) func(*definition) {
	return func(d *definition) { d.view = change }
}

// counting changes the coefficients of a row.
func counting(change func(r *row)) func(*definition) {
	return func(d *definition) {
		d.coefficients = func(r *row) { coefficientsOf(r); change(r) }
	}
}

// normalising changes what is made of the logits of a row.
func normalising(change func(r *row)) func(*definition) {
	return func(d *definition) {
		d.softmax = func(r *row) { softmaxOf(r); change(r) }
	}
}

// smoothed returns coefficients with a uniform part of one's own, for rows that are not ignored: its value, and its
// derivatives in w[c] and t[c].
func smoothed(uniform func(r *row, c int) (a, share, gain float64)) func(*definition) {
	return func(d *definition) {
		d.coefficients = func(r *row) {
			coefficientsOf(r)
			if r.ignored || r.smoothing == 0 {
				return
			}
			for c := range r.a {
				kept := 1 - r.smoothing
				r.a[c], r.share[c], r.gain[c] = uniform(r, c)
				if r.t != nil {
					r.a[c] += kept * r.w[c] * r.t[c]
					r.share[c] += kept * r.t[c]
					r.gain[c] += kept * r.w[c]
				} else if c == r.y {
					r.a[c] += kept * r.w[c]
				}
			}
		}
	}
}

// weightSloping changes the derivatives in the weights of a row, targetSloping those in the class probabilities.
func weightSloping(change func(r *row, slope []float64)) func(*definition) {
	return func(d *definition) { d.weightSlope = changed(d.weightSlope, change) }
}

func targetSloping(change func(r *row, slope []float64)) func(*definition) {
	return func(d *definition) { d.targetSlope = changed(d.targetSlope, change) }
}

func changed(before func(*row) []float64, change func(r *row, slope []float64)) func(*row) []float64 {
	return func(r *row) []float64 {
		slope := before(r)
		change(r, slope)
		return slope
	}
}

// throughSoftmax turns the derivatives in the softmax p of a row into those in its logits.
func throughSoftmax(p, slope []float64) {
	terms := make([]float64, len(p))
	for c := range p {
		terms[c] = times(p[c], slope[c])
	}
	sum := sumOf(terms)
	for c := range p {
		slope[c] = p[c] * (slope[c] - sum)
	}
}

// classMeans are mistakes in the mean of CrossEntropyLoss.
func classMeans() []*Divergence {
	const right = "mean = sum(l) / sum(w[y]) over the rows that are not ignored; with class probabilities sum(l) / N"
	return []*Divergence{
		{
			Name: "mean-over-rows", Modules: crossEntropy, rule: "WEIGHTED-MEAN", Level: verdict.Parity,
			Title: "'mean' of class indices divides by the number of rows that are not ignored, whatever the weights.",
			Why:   "It is what 'mean' means in every other loss.",
			Right: right,
			Met: []Link{
				{"The division by the sum of the weights is taken for a mistake", "https://github.com/pytorch/pytorch/issues/61309"},
				{"The weighted mean is taken for wrong", "https://github.com/pytorch/pytorch/issues/25571"},
			},
			vary: planning(func(a *arguments, p *plan) {
				if !a.probabilities {
					p.count = float64(len(a.targetWeights()))
				}
			}),
		},
		{
			Name: "mean-counts-ignored-rows", Modules: crossEntropy, rule: "IGNORE-MEAN", Level: verdict.Parity,
			Title: "Ignored rows count in the divisor of the mean, each with 1.",
			Why:   "The losses of ignored rows are set to zero, and then averaged over all.",
			Right: right,
			Met: []Link{
				{"With ignore_index -100 the mean divides by all samples", "https://github.com/PaddlePaddle/Paddle/pull/76033"},
				{"ignore_index counts in the mean unless it is not -100", "https://github.com/flagos-ai/FlagGems/pull/73"},
			},
			vary: planning(func(a *arguments, p *plan) {
				if !a.probabilities {
					p.count += float64(len(a.rows) - len(a.targetWeights()))
				}
			}),
		},
		{
			Name: "mean-over-elements", Modules: crossEntropy, rule: "MEAN", Level: verdict.Parity,
			Title: "'mean' divides by the number of logits, not of rows.",
			Why:   "The mean is taken over the matrix of one-hot targets times log-probabilities.",
			Right: right,
			Met: []Link{
				{"The mean of targets times log-probabilities needs a sum over the classes first", "https://github.com/GMvandeVen/continual-learning/issues/5"},
			},
			vary: planning(func(a *arguments, p *plan) { p.count *= float64(max(a.input.shape[a.axis], 1)) }),
		},
		{
			Name: "mean-of-probabilities-by-weights", Modules: crossEntropy, rule: "PROBABILITIES-MEAN", Level: verdict.Parity,
			Title: "'mean' of class probabilities divides by the sum of w*t.",
			Why:   "That is the sum of the weights of the targets, as it is for class indices.",
			Right: right,
			Met:   []Link{{"Class probabilities came with a mean over the sum of w*t at first", "https://github.com/pytorch/pytorch/pull/61044"}},
			vary: func(d *definition) {
				divisor := func(a *arguments) float64 {
					var terms []float64
					for _, r := range a.rows {
						for c, t := range r.t {
							terms = append(terms, r.w[c]*t)
						}
					}
					return sumOf(terms)
				}
				planning(func(a *arguments, p *plan) {
					if a.probabilities {
						p.count = divisor(a)
					}
				})(d)
				// The divisor depends on weight and target, too. share takes the part of a derivative that comes of it, for
				// which it gets the mean, divided by the divisor once more.
				through := func(a *arguments, share func(mean float64, r *row, i, c int)) {
					if a.reduction != "mean" {
						return
					}
					var losses []float64
					for _, r := range a.rows {
						losses = append(losses, rowLossOf(r))
					}
					mean := a.scalar() * sumOf(losses) / divisor(a) / divisor(a)
					for i, r := range a.rows {
						for c := range r.t {
							share(mean, r, i, c)
						}
					}
				}
				d.chain = map[string]func(*arguments, []float64){
					ports.GradTarget: func(a *arguments, gradient []float64) {
						classes := a.input.shape[a.axis]
						_, inner := without(a.input.shape, a.axis)
						through(a, func(mean float64, r *row, i, c int) { gradient[a.at(i, c, classes, inner)] -= mean * r.w[c] })
					},
					ports.GradWeight: func(a *arguments, gradient []float64) {
						through(a, func(mean float64, r *row, _, c int) { gradient[c] -= mean * r.t[c] })
					},
				}
			},
		},
		{
			Name: "mean-over-weights-of-classes", Modules: crossEntropy, rule: "WEIGHTED-MEAN", Level: verdict.Parity,
			Title: "'mean' of class indices divides the mean over rows by the mean of the weights of all classes.",
			Why:   "Weights are normalised once, not for the targets of each batch.",
			Right: right,
			Met: []Link{
				{"Class weights are normalised by the number of classes", "https://github.com/richardaecn/class-balanced-loss/issues/7"},
				{"Class weights should be normalised by their sum", "https://github.com/EthanRosenthal/spacecutter/issues/16"},
			},
			vary: planning(func(a *arguments, p *plan) {
				if !a.probabilities && a.weight != nil {
					mean := sumOf(a.weight.values) / float64(len(a.weight.values))
					p.count = float64(len(a.targetWeights())) * mean
				}
			}),
		},
		{
			Name: "mean-over-smoothed-weights", Modules: crossEntropy, rule: "SMOOTHING-WEIGHT", Level: verdict.Parity,
			Title: "With label_smoothing the mean divides by the sum of the smoothed coefficients.",
			Why:   "Those are the weights that each row has.",
			Right: right + ", with label_smoothing too",
			vary: planning(func(a *arguments, p *plan) {
				if a.probabilities || a.smoothing == 0 {
					return
				}
				var terms []float64
				for _, r := range a.rows {
					terms = append(terms, r.a...)
				}
				p.count = sumOf(terms)
			}),
		},
		{
			Name: "all-ignored-mean-zero", Modules: crossEntropy, rule: "ALL-IGNORED", Level: verdict.Parity,
			Title: "The mean is 0 where all rows are ignored.",
			Why:   "A guard against the division by zero; PyTorch had it until 1.10.",
			Right: right + ", which is 0/0 = NaN there",
			Met: []Link{
				{"NaN where all labels are ignore_index, since 1.11", "https://github.com/pytorch/pytorch/issues/70348"},
				{"All elements ignored: the mean is NaN", "https://github.com/pytorch/pytorch/issues/116349"},
			},
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if a.reduction == "mean" && len(a.rows) > 0 && !a.probabilities && len(a.targetWeights()) == 0 {
					o.values[0] = 0
				}
			}),
		},
		{
			Name: "zero-weights-mean-zero", Modules: crossEntropy, rule: "ZERO-WEIGHT-MEAN", Level: verdict.Parity,
			Title: "The mean is 0 where the weights of the targets add up to zero.",
			Why:   "The same guard, or an epsilon in the divisor.",
			Right: right + ", which is a division by zero there",
			Met:   []Link{{"A batch whose weights are all zero gives 0, by an epsilon in the divisor", "https://github.com/keras-team/keras/pull/827"}},
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if w := a.targetWeights; a.reduction == "mean" && !a.probabilities && len(w()) > 0 && sumOf(w()) == 0 {
					o.values[0] = 0
				}
			}),
		},
	}
}

// smoothings are mistakes with label_smoothing.
func smoothings() []*Divergence {
	const right = "a[c] = (1-e)*w[y]*[c = y] + (e/C)*w[c], with class probabilities w[c]*((1-e)*t[c] + e/C), and l = sum(a[c]*(log(sum exp(x)) - x[c]))"
	return []*Divergence{
		{
			Name: "smoothing-ignored", Modules: crossEntropy, rule: "SMOOTHING", Level: verdict.Parity,
			Title: "label_smoothing has no effect.",
			Why:   "The argument came in 1.10, and the port is older.",
			Right: right,
			Met: []Link{
				{"Label smoothing is asked for, and the loss is the plain one", "https://github.com/omihub777/ViT-CIFAR/issues/2"},
				{"A loss with label smoothing that is the one without", "https://github.com/dice-group/dice-embeddings/pull/458"},
			},
			vary: preparing(func(a *arguments) { a.smoothing = 0 }),
		},
		{
			Name: "smoothing-without-weights", Modules: crossEntropy, rule: "SMOOTHING-WEIGHT", Level: verdict.Parity,
			Title: "The smoothing part is not weighted.",
			Why:   "The uniform part is added as the plain mean of the negative log-probabilities.",
			Right: right,
			Met:   []Link{{"That class weights reach the smoothing part is taken for a mistake", "https://github.com/pytorch/pytorch/issues/104776"}},
			vary: smoothed(func(r *row, c int) (a, share, gain float64) {
				return r.smoothing / float64(len(r.x)), 0, 0
			}),
		},
		{
			Name: "smoothing-weighted-by-target", Modules: crossEntropy, rule: "SMOOTHING-WEIGHT", Level: verdict.Parity,
			Title: "The smoothing part is weighted by the weight of the target, for all classes.",
			Why:   "The loss of a row is made first, and weighted as a whole.",
			Right: right,
			Met:   []Link{{"The final loss is multiplied by the weight of the label", "https://github.com/linkedin/Liger-Kernel/pull/420"}},
			vary: func(d *definition) {
				smoothed(func(r *row, c int) (a, share, gain float64) {
					w := r.w[r.y]
					if r.t != nil {
						w = 0
						for c, t := range r.t {
							w += r.w[c] * t
						}
					}
					return r.smoothing / float64(len(r.x)) * w, 0, 0
				})(d)
				// Each class counts in the weight of all of them.
				uniform := func(r *row) float64 { return r.smoothing / float64(len(r.x)) * sumOf(r.nll) }
				targetSloping(func(r *row, slope []float64) {
					for c := range slope {
						slope[c] += uniform(r) * r.w[c]
					}
				})(d)
				weightSloping(func(r *row, slope []float64) {
					for c := range slope {
						slope[c] += uniform(r) * r.t[c]
					}
				})(d)
			},
		},
		{
			Name: "smoothing-counts-ignored", Modules: crossEntropy, rule: "SMOOTHING-IGNORE", Level: verdict.Parity,
			Title: "Ignored rows contribute the smoothing part.",
			Why:   "The mask is applied to the negative log-likelihood alone.",
			Right: right + "; nothing in an ignored row",
			Met: []Link{
				{"Label smoothing takes ignored samples into account", "https://github.com/pytorch/pytorch/issues/73205"},
				{"ignore_index with label_smoothing: the mask was missing", "https://github.com/tinygrad/tinygrad/pull/3570"},
			},
			vary: func(d *definition) {
				d.coefficients = func(r *row) {
					coefficientsOf(r)
					if r.ignored && r.smoothing > 0 {
						for c := range r.a {
							r.a[c] = r.smoothing / float64(len(r.x)) * r.w[c]
						}
						r.ignored = false
						r.y = -1 // it does not count in the mean
					}
				}
				d.plan = func(a *arguments) plan {
					p := planRows(&arguments{reduction: a.reduction, grid: a.grid, rows: a.rows, probabilities: true})
					if !a.probabilities {
						var weights []float64
						for _, r := range a.rows {
							if !r.ignored && r.y >= 0 {
								weights = append(weights, r.w[r.y])
							}
						}
						p.count = sumOf(weights)
					}
					return p
				}
			},
		},
		{
			Name: "smoothing-over-other-classes", Modules: crossEntropy, rule: "SMOOTHING", Level: verdict.Parity,
			Title: "The smoothing is divided among the other classes: e/(C-1) each, and 1-e for the target.",
			Why:   "Some papers and libraries define it so.",
			Right: right,
			Met: []Link{
				{"Smoothing divided by the size of the vocabulary less 1", "https://github.com/awslabs/sockeye/pull/203"},
				{"Smoothing divided by the size of the vocabulary less 2", "https://github.com/OpenNMT/OpenNMT/issues/570"},
			},
			vary: smoothed(func(r *row, c int) (a, share, gain float64) {
				each := r.smoothing / float64(max(len(r.x)-1, 1))
				if r.t != nil {
					share = each * (1 - r.t[c])
					return share * r.w[c], share, -each * r.w[c]
				}
				if c == r.y {
					return 0, 0, 0
				}
				return each * r.w[c], 0, 0
			}),
		},
		{
			Name: "smoothing-not-divided", Modules: crossEntropy, rule: "SMOOTHING", Level: verdict.Parity,
			Title: "The smoothing part is e for each class, not e/C.",
			Why:   "The sum of the log-probabilities is taken for their mean.",
			Right: right,
			vary: smoothed(func(r *row, c int) (a, share, gain float64) {
				return r.smoothing * r.w[c], r.smoothing, 0
			}),
		},
		{
			Name: "smoothing-added", Modules: crossEntropy, rule: "SMOOTHING", Level: verdict.Parity,
			Title: "The smoothing part is added to the whole loss: the target keeps its full share.",
			Why:   "The factor 1-e is forgotten.",
			Right: right,
			vary: counting(func(r *row) {
				if r.ignored || r.smoothing == 0 {
					return
				}
				for c := range r.a {
					if r.t != nil {
						r.a[c] += r.smoothing * r.w[c] * r.t[c]
						r.share[c] += r.smoothing * r.t[c]
						r.gain[c] += r.smoothing * r.w[c]
					} else if c == r.y {
						r.a[c] += r.smoothing * r.w[c]
					}
				}
			}),
		},
		{
			Name: "smoothing-of-indices-alone", Modules: crossEntropy, rule: "SMOOTHING", Level: verdict.Parity,
			Title: "label_smoothing has no effect on class probabilities.",
			Why:   "They are soft already.",
			Right: right,
			vary: looking(func(r *row) {
				if r.t != nil {
					r.smoothing = 0
				}
			}),
		},
		{
			Name: "smoothing-range-accepted", Modules: crossEntropy, rule: "SMOOTHING-RANGE", Level: verdict.Parity,
			Title: "A label_smoothing above 1 is accepted.",
			Why:   "The formula works for it.",
			Right: "a label_smoothing above 1 is refused",
			Met: []Link{
				{"A label_smoothing above 1 makes negative probabilities", "https://github.com/pykeen/pykeen/pull/1580"},
				{"The range of label_smoothing was not looked at", "https://github.com/keras-team/keras/pull/23504"},
			},
			vary: func(d *definition) {
				d.check = func(a *arguments) *ports.Rejected {
					smoothing := a.smoothing
					a.smoothing = min(smoothing, 1)
					r := checkRows(a)
					a.smoothing = smoothing
					return r
				}
			},
		},
	}
}

// ignorings are mistakes with ignore_index and with class indices.
func ignorings() []*Divergence {
	const right = "a row whose target is ignore_index, -100 unless given, has loss 0 and gradient 0, and does not count in the mean"
	return []*Divergence{
		{
			Name: "ignore-index-fixed", Modules: crossEntropy, rule: "IGNORE-INDEX", Level: verdict.Parity,
			Title: "Only -100 is ignored, whatever ignore_index is.",
			Why:   "The default is written into the kernel.",
			Right: right,
			Met: []Link{
				{"The kernel asks for -100", "https://github.com/unslothai/unsloth/issues/192"},
				{"ignore_index is defined, and not used", "https://github.com/lucidrains/DALLE-pytorch/issues/57"},
			},
			vary: func(d *definition) {
				d.admit = func(a *arguments) { a.ignoreIndex = -100 }
			},
		},
		{
			Name: "ignore-index-unknown", Modules: crossEntropy, rule: "IGNORE-INDEX", Level: verdict.Parity,
			Title: "There is no ignore_index: -100 is refused, and a class in range counts.",
			Why:   "Most frameworks leave it to the user to mask rows.",
			Right: right,
			Met: []Link{
				{"nll_loss did not honour ignore_index", "https://github.com/pytorch/xla/pull/896"},
				{"The cross entropy of a detector has no ignore_index", "https://github.com/open-mmlab/mmdetection/pull/5646"},
			},
			vary: func(d *definition) {
				d.admit = func(a *arguments) { a.ignoreIndex = math.MinInt64 }
			},
		},
		{
			Name: "ignored-rows-in-gradient", Modules: crossEntropy, rule: "IGNORE-INDEX", Level: verdict.Parity,
			Title: "The gradient of an ignored row is that of class 0.",
			Why:   "The loss is masked, and the handwritten backward is not.",
			Right: right,
			Met:   []Link{{"The backward of cross entropy, and its mask of ignored rows", "https://github.com/flagos-ai/FlagGems/pull/73"}},
			vary: func(d *definition) {
				d.slope = func(r *row) []float64 {
					if !r.ignored {
						return slopeOf(r)
					}
					r.ignored = false
					r.y = 0
					a := r.a
					coefficientsOf(r)
					slope := slopeOf(r)
					r.a = a
					return slope
				}
			},
		},
		{
			Name: "ignored-class-left-out", Modules: crossEntropy, rule: "IGNORE-INDEX", Level: verdict.Parity,
			Title: "A class that is ignore_index is taken out of the softmax of all rows.",
			Why:   "The ignored class is taken for one that does not exist.",
			Right: right + "; its class stays in the softmax of the others",
			Met: []Link{
				{"The ignored class should be left out of the softmax", "https://github.com/chainer/chainer/issues/1027"},
				{"The ignored class is in the denominator of the others, and that is taken for a mistake", "https://github.com/pytorch/pytorch/issues/63004"},
			},
			vary: func(d *definition) {
				d.prepare = func(a *arguments) {
					i, classes := a.ignoreIndex, a.input.shape[a.axis]
					if a.probabilities || i < 0 || i >= int64(classes) {
						return
					}
					_, inner := without(a.input.shape, a.axis)
					for row := range len(a.target.values) {
						a.input.values[a.at(row, int(i), classes, inner)] = math.Inf(-1)
					}
				}
			},
		},
		{
			Name: "ignored-rows-as-class-zero", Modules: crossEntropy, rule: "IGNORE-INDEX", Level: verdict.Parity,
			Title: "Ignored rows are computed as class 0, and count in the mean.",
			Why:   "The index is clamped to be safe to gather with, and the mask is forgotten.",
			Right: right,
			Met:   []Link{{"Padding has the label 0, and no mask", "https://github.com/xuanzebi/BERT-CH-NER/issues/6"}},
			vary: looking(func(r *row) {
				if r.ignored && len(r.x) > 0 {
					r.ignored, r.y = false, 0
				}
			}),
		},
		{
			Name: "index-range-clamped", Modules: crossEntropy, rule: "INDEX-RANGE", Level: verdict.Parity,
			Title: "Class indices out of range are clamped to it.",
			Why:   "gather clamps, in JAX for one.",
			Right: "a class index outside [0, C) that is not ignore_index is refused",
			vary:  indexing(func(y, classes int) int { return min(max(y, 0), classes-1) }),
		},
		{
			Name: "index-counted-from-the-end", Modules: crossEntropy, rule: "INDEX-RANGE", Level: verdict.Parity,
			Title: "Negative class indices count from the end, and too large ones wrap around.",
			Why:   "Python's indexing does so.",
			Right: "a class index outside [0, C) that is not ignore_index is refused",
			Met:   []Link{{"A negative index must always be an error", "https://github.com/Theano/Theano/pull/3042"}},
			vary:  indexing(func(y, classes int) int { return (y%classes + classes) % classes }),
		},
		{
			Name: "index-out-of-range-ignored", Modules: crossEntropy, rule: "INDEX-RANGE", Level: verdict.Parity,
			Title: "Rows whose class index is out of range have loss and gradient zero.",
			Why:   "A one-hot vector of such an index is zero.",
			Right: "a class index outside [0, C) that is not ignore_index is refused",
			Met: []Link{
				{"Cross entropy does not say that targets are out of range", "https://github.com/tensorflow/tensorflow/issues/3739"},
				{"Negative labels give a loss of zero", "https://github.com/PaddlePaddle/Paddle/pull/36891"},
				{"CrossEntropyLoss did not check the values of the target", "https://github.com/pytorch/pytorch/issues/39769"},
			},
			vary: func(d *definition) {
				d.check = uncheckedIndices
				d.prepare = func(a *arguments) {
					if a.probabilities {
						return
					}
					classes := float64(a.input.shape[a.axis])
					mapping(a.target, func(y float64) float64 {
						if y < 0 || y >= classes {
							return float64(a.ignoreIndex)
						}
						return y
					})
				}
			},
		},
		{
			Name: "largest-index-ignored", Modules: crossEntropy, rule: "INDEX-RANGE", Level: verdict.Parity,
			Title: "A class index that is the largest number of its dtype is ignored.",
			Why:   "The operation that gathers the rows takes it for a mark of padding.",
			Right: "a class index outside [0, C) that is not ignore_index is refused",
			vary: func(d *definition) {
				d.admit = func(a *arguments) {
					largest := map[tensor.DType]float64{tensor.Int64: 0x1p63, tensor.UInt8: 255}[a.target.dtype]
					if largest == 0 {
						return
					}
					mapping(a.target, func(y float64) float64 {
						if y == largest {
							return float64(a.ignoreIndex)
						}
						return y
					})
				}
			},
		},
		{
			Name: "ignore-index-beside-probabilities", Modules: crossEntropy, rule: "IGNORE-PROBABILITIES", Level: verdict.Parity,
			Title: "With class probabilities, an ignore_index of 0 or more is accepted.",
			Why:   "It has no effect there, so it is not looked at.",
			Right: "with class probabilities an ignore_index of 0 or more is refused",
			Met:   []Link{{"That ignore_index is for hard labels alone was left to the documentation", "https://github.com/PaddlePaddle/Paddle/pull/13217"}},
			vary: func(d *definition) {
				d.check = func(a *arguments) *ports.Rejected {
					i := a.ignoreIndex
					if tensor.SameShape(a.target.shape, a.input.shape) {
						a.ignoreIndex = -100
					}
					r := checkRows(a)
					a.ignoreIndex = i
					return r
				}
			},
		},
	}
}

// uncheckedIndices is checkRows without the range of class indices.
func uncheckedIndices(a *arguments) *ports.Rejected {
	target := a.target.values
	if !a.target.dtype.IsFloat() && size(a.input.shape) > 0 {
		a.target.values = make([]float64, len(target))
	}
	r := checkRows(a)
	a.target.values = target
	return r
}

// indexing maps class indices that are not ignored, and refuses none.
func indexing(to func(y, classes int) int) func(*definition) {
	return func(d *definition) {
		d.check = uncheckedIndices
		d.prepare = func(a *arguments) {
			classes := a.input.shape[a.axis]
			if a.probabilities || classes == 0 {
				return
			}
			mapping(a.target, func(y float64) float64 {
				if a.ignores(y) || y >= 0 && y < float64(classes) {
					return y
				}
				return float64(to(int(y), classes))
			})
		}
	}
}

// softmaxes are mistakes in the softmax of a row, its logarithm and its gradient.
func softmaxes() []*Divergence {
	const (
		right  = "-log p[c] = (m - x[c]) + log1p(R), m = max x, R = the sum of exp(x-m) over the classes but that of m"
		slope  = "grad = {grad}, times the scale of the reduction and grad_output"
		shares = "l = {loss}"
	)
	// ofRounded replaces -log p by a formula in the dtype of the input.
	ofRounded := func(f func(e element, r *row, c int) float64) func(*definition) {
		return normalising(func(r *row) {
			e := element{dtype: r.dtype}
			for c := range r.nll {
				r.nll[c] = f(e, r, c)
			}
		})
	}
	// ofProbabilities takes another logarithm of the softmax, and differentiates it by the chain rule. slope is the
	// derivative of the logarithm.
	ofProbabilities := func(log, slope func(e element, p float64) float64) func(*definition) {
		return func(d *definition) {
			ofRounded(func(e element, r *row, c int) float64 { return -log(e, round(e.dtype, r.p[c])) })(d)
			d.slope = func(r *row) []float64 {
				values := make([]float64, len(r.x))
				for c, a := range r.a {
					values[c] = -times(a, slope(element{dtype: r.dtype}, round(r.dtype, r.p[c])))
				}
				throughSoftmax(r.p, values)
				return values
			}
		}
	}
	return []*Divergence{
		{
			Name: "exp-not-shifted", Modules: crossEntropy, rule: "SHIFT", Level: verdict.Parity,
			Title: "log(sum exp(x)) is taken without subtracting the largest logit, and overflows.",
			Why:   "It is the formula of the documentation.",
			Right: right,
			Met: []Link{
				{"exp(x) overflows for large logits", "https://github.com/tenstorrent/tt-metal/pull/10001"},
				{"logitcrossentropy overflows", "https://github.com/FluxML/NNlib.jl/issues/68"},
			},
			vary: func(d *definition) {
				sum := func(e element, r *row) float64 {
					sum := 0.0
					for _, x := range r.x {
						sum = e.add(sum, e.exp(x))
					}
					return sum
				}
				ofRounded(func(e element, r *row, c int) float64 { return e.add(e.log(sum(e, r)), -r.x[c]) })(d)
				d.slope = func(r *row) []float64 {
					slope := make([]float64, len(r.x))
					e := element{dtype: r.dtype}
					for c, x := range r.x {
						slope[c] = times(sumOf(r.a), e.exp(x)/sum(e, r)) - r.a[c]
					}
					return slope
				}
			},
		},
		{
			Name: "exp-shifted-by-mean", Modules: crossEntropy, rule: "LOGIT-HUGE", Level: verdict.Parity,
			Title: "The mean of the logits is subtracted instead of the largest, and exp overflows where they are far apart.",
			Why:   "No shift changes a softmax, and that by the mean centres it.",
			Right: right,
			vary: func(d *definition) {
				shifted := func(r *row) (exps []float64, mean, sum float64) {
					e := element{dtype: r.dtype}
					for _, x := range r.x {
						mean = e.add(mean, x)
					}
					mean = round(r.dtype, mean/float64(len(r.x)))
					for _, x := range r.x {
						exps = append(exps, e.exp(e.add(x, -mean)))
						sum = e.add(sum, exps[len(exps)-1])
					}
					return exps, mean, sum
				}
				ofRounded(func(e element, r *row, c int) float64 {
					_, mean, sum := shifted(r)
					return e.add(e.log(sum), -e.add(r.x[c], -mean))
				})(d)
				d.slope = func(r *row) []float64 {
					slope, _, sum := shifted(r)
					for c, exp := range slope {
						slope[c] = times(sumOf(r.a), exp/sum) - r.a[c]
					}
					return slope
				}
			},
		},
		{
			Name: "log-of-softmax", Modules: crossEntropy, rule: "TAIL-LOSS", Level: verdict.Parity,
			Title: "The logarithm is that of the softmax, which is 0 for classes far below the largest.",
			Why:   "The model ends with a softmax, and the loss takes its logarithm.",
			Right: right,
			Met:   []Link{{"softmax and cross entropy apart may be NaN", "https://github.com/Theano/Theano/issues/3162"}},
			vary: ofProbabilities(
				func(e element, p float64) float64 { return e.log(p) },
				func(_ element, p float64) float64 { return 1 / p },
			),
		},
		{
			Name: "epsilon-1e-7-in-log-of-softmax", Modules: crossEntropy, rule: "TAIL-LOSS", Level: verdict.Parity,
			Title: "1e-7 is added to the softmax inside the logarithm.",
			Why:   "It keeps log(0) away, and bounds the loss by 16.",
			Right: right,
			Met: []Link{
				{"log(probs + epsilon), for stability", "https://github.com/tensorforce/tensorforce/pull/96"},
				{"An epsilon is for the softmax, not for the logits", "https://github.com/MarvinTeichmann/tensorflow-fcn/issues/18"},
			},
			vary: ofProbabilities(
				func(e element, p float64) float64 { return e.log(e.add(p, 1e-7)) },
				func(e element, p float64) float64 { return 1 / e.add(p, 1e-7) },
			),
		},
		{
			Name: "softmax-clipped", Modules: crossEntropy, rule: "TAIL-LOSS", Level: verdict.Parity,
			Title: "The softmax is clipped to [1e-7, 1-1e-7].",
			Why:   "Keras does so where it is given probabilities.",
			Right: right,
			Met:   []Link{{"softmax_cross_entropy_with_logits and soft labels far apart", "https://github.com/tensorflow/tensorflow/issues/21271"}},
			vary: ofProbabilities(
				func(e element, p float64) float64 { return e.log(min(max(p, 1e-7), round(e.dtype, 1-1e-7))) },
				func(e element, p float64) float64 {
					if p < 1e-7 || p > round(e.dtype, 1-1e-7) {
						return 0
					}
					return 1 / p
				},
			),
		},
		{
			Name: "log-sum-exp-less-logit", Modules: crossEntropy, rule: "DOMINATED", Level: verdict.Exact,
			Title: "The loss is (m + log(sum exp(x-m))) - x[y], whose terms cancel where the target dominates.",
			Why:   "log-sum-exp is a function of its own, and is subtracted from. PyTorch is no better.",
			Right: right,
			Met:   []Link{{"CrossEntropyLoss of large logits is 0 where it is log 2", "https://github.com/pytorch/pytorch/issues/11752"}},
			vary: ofRounded(func(e element, r *row, c int) float64 {
				m := slices.Max(r.x)
				sum := 0.0
				for _, x := range r.x {
					sum += math.Exp(x - m)
				}
				if notFinite(m) || math.IsNaN(r.nll[c]) {
					return r.nll[c]
				}
				return e.add(m-r.x[c], e.log(round(e.dtype, sum)))
			}),
		},
		{
			Name: "softmax-twice", Modules: crossEntropy, rule: "FORMULA", Level: verdict.Parity,
			Title: "A softmax is applied to the input, and the loss applies its own.",
			Why:   "The model ends with a softmax, and the loss is given as from probabilities.",
			Right: right + ", x the logits",
			Met: []Link{
				{"softmax applied twice", "https://github.com/tflearn/tflearn/pull/562"},
				{"An extra softmax before CrossEntropyLoss", "https://github.com/bowang-lab/Transformer-GCN-QA/pull/32"},
			},
			vary: func(d *definition) {
				looking(func(r *row) {
					softmaxOf(r)
					r.x = r.p
				})(d)
				d.slope = changed(d.slope, func(r *row, slope []float64) { throughSoftmax(r.x, slope) })
			},
		},
		{
			Name: "logits-taken-as-log-probabilities", Modules: crossEntropy, rule: "FORMULA", Level: verdict.Parity,
			Title: "There is no log_softmax: the loss is -w[y]*x[y].",
			Why:   "That is NLLLoss.",
			Right: right,
			Met:   []Link{{"An example of NLLLoss without LogSoftmax, whose loss may be negative", "https://github.com/pytorch/pytorch/pull/12703"}},
			vary: all(
				normalising(func(r *row) {
					for c, x := range r.x {
						r.nll[c] = -x
					}
				}),
				func(d *definition) {
					d.slope = func(r *row) []float64 {
						slope := make([]float64, len(r.a))
						for c, a := range r.a {
							slope[c] = -a
						}
						return slope
					}
				},
			),
		},
		{
			Name: "sigmoid-of-each-class", Modules: crossEntropy, rule: "FORMULA", Level: verdict.Parity,
			Title: "Each class has a sigmoid of its own instead of the softmax of the row.",
			Why:   "logsigmoid is taken for log_softmax, as the positive term of BCEWithLogitsLoss has it.",
			Right: right,
			Met:   []Link{{"A lesson about softmax that has sigmoids", "https://github.com/hunkim/DeepLearningZeroToAll/issues/51"}},
			vary: func(d *definition) {
				normalising(func(r *row) {
					for c, x := range r.x {
						r.nll[c], r.p[c], r.rest[c] = softplus(-x), sigmoid(x), sigmoid(-x)
					}
				})(d)
				d.slope = func(r *row) []float64 {
					slope := make([]float64, len(r.x))
					for c, a := range r.a {
						slope[c] = -times(a, r.rest[c])
					}
					return slope
				}
			},
		},
		{
			Name: "one-class-as-binary", Modules: crossEntropy, rule: "ONE-CLASS", Level: verdict.Parity,
			Title: "With one class, the loss is that of a sigmoid.",
			Why:   "One output is taken for a binary classifier.",
			Right: "with one class softmax is 1, and loss and gradient are 0",
			Met:   []Link{{"The cross entropy of one output is 0, and was expected not to be", "https://github.com/darioizzo/dcgp/issues/86"}},
			vary: normalising(func(r *row) {
				if len(r.x) == 1 {
					r.nll[0], r.p[0], r.rest[0] = softplus(-r.x[0]), sigmoid(r.x[0]), sigmoid(-r.x[0])
				}
			}),
		},
		{
			Name: "masked-class-nan", Modules: crossEntropy, rule: "MASKED", Level: verdict.Parity,
			Title: "A logit of -inf makes its row NaN, also where another class is the target.",
			Why:   "All classes are multiplied by a one-hot vector, and 0 times infinity is NaN.",
			Right: "a class with logit -inf has probability and gradient 0, and counts only where it is the target",
			Met:   []Link{{"cross_entropy is NaN when logits have inf", "https://github.com/candle-org/MindAct/pull/1633"}},
			vary: func(d *definition) {
				d.rowLoss = func(r *row) float64 {
					if !r.ignored && slices.ContainsFunc(r.x, func(x float64) bool { return math.IsInf(x, -1) }) {
						return math.NaN()
					}
					return rowLossOf(r)
				}
			},
		},
		{
			Name: "masked-row-zero", Modules: crossEntropy, rule: "NO-LIMIT", Level: verdict.Parity,
			Title: "A row that is all -inf has loss and gradient 0.",
			Why:   "Attention has a softmax that is safe for masked rows.",
			Right: "such a row has no softmax: its loss and gradient are NaN",
			Met: []Link{
				{"A softmax with 0 for NaN where everything is masked is asked for", "https://github.com/pytorch/pytorch/issues/55056"},
				{"Rows that are masked as a whole become 0 by a clamp", "https://github.com/tracel-ai/burn/pull/4697"},
			},
			vary: looking(func(r *row) {
				if len(r.x) > 1 && !slices.ContainsFunc(r.x, func(x float64) bool { return !math.IsInf(x, -1) }) {
					r.x = slices.Repeat([]float64{0}, len(r.x))
					r.w = slices.Repeat([]float64{0}, len(r.x))
				}
			}),
		},
		{
			Name: "classes-on-last-axis", Modules: crossEntropy, rule: "CLASS-AXIS", Level: verdict.Parity,
			Title: "The classes are the last dimension, not the second.",
			Why:   "They are in TensorFlow, JAX and most others. For (N, C) there is no difference.",
			Right: "the classes are dimension 1, and dimension 0 of a 1-d input",
			Met: []Link{
				{"One-hot labels have the classes last, predictions have them second", "https://github.com/HanxunH/SCELoss-Reproduce/issues/4"},
				{"NCHW is to be transposed first: the operator has the classes last", "https://github.com/Oneflow-Inc/oneflow/pull/4808"},
			},
			vary: func(d *definition) {
				d.admit = func(a *arguments) { a.axis = max(0, len(a.input.shape)-1) }
			},
		},
		{
			Name: "none-per-class", Modules: crossEntropy, rule: "NONE-SHAPE", Level: verdict.Parity,
			Title: "'none' returns a loss for each class: a[c]*(log(sum exp(x)) - x[c]).",
			Why:   "The sum over the classes is left to the reduction.",
			Right: "'none' of (N, C, ...) has the shape (N, ...)",
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if a.reduction != "none" {
					return
				}
				classes := a.input.shape[a.axis]
				_, inner := without(a.input.shape, a.axis)
				o.shape, o.values = slices.Clone(a.input.shape), make([]float64, len(a.input.values))
				for i, r := range a.rows {
					for c := range r.a {
						o.values[a.at(i, c, classes, inner)] = times(r.a[c], r.nll[c])
					}
				}
			}),
		},
		{
			Name: "vector-of-rows", Modules: crossEntropy, rule: "NO-BATCH", Level: verdict.Parity,
			Title: "The loss of a 1-d input has shape (1,) for 'none'.",
			Why:   "A batch of one is made of it, and not undone.",
			Right: "a 1-d input is one row, whose loss is 0-d",
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if a.reduction == "none" && len(a.input.shape) == 1 {
					o.shape = []int{1}
				}
			}),
		},
		{
			Name: "probabilities-normalised", Modules: crossEntropy, rule: "NOT-NORMALISED", Level: verdict.Parity,
			Title: "Class probabilities are divided by their sum.",
			Why:   "They are expected to be a distribution.",
			Right: shares + "; they are taken as they are",
			Met:   []Link{{"Do soft labels have to be normalised?", "https://github.com/PaddlePaddle/Paddle/issues/63678"}},
			vary: all(
				looking(func(r *row) {
					if r.total = sumOf(r.t); r.t != nil && r.total != 0 {
						for c := range r.t {
							r.t[c] /= r.total
						}
					}
				}),
				targetSloping(func(r *row, slope []float64) {
					if r.total == 0 {
						return
					}
					common := 0.0
					for c, t := range r.t {
						common += t * slope[c]
					}
					for c := range slope {
						slope[c] = (slope[c] - common) / r.total
					}
				}),
			),
		},
		{
			Name: "probabilities-as-index", Modules: crossEntropy, rule: "PROBABILITIES", Level: verdict.Parity,
			Title: "Of class probabilities only the largest counts, as 1.",
			Why:   "They are converted to a class index.",
			Right: shares,
			Met: []Link{
				{"An argmax of the target is proposed for the example with class probabilities", "https://github.com/pytorch/pytorch/pull/69816"},
				{"Class probabilities might need an argmax", "https://github.com/pytorch/pytorch/issues/83732"},
			},
			vary: all(
				looking(func(r *row) {
					if r.t != nil {
						top := r.mostProbable()
						clear(r.t)
						if len(r.t) > 0 {
							r.t[top] = 1
						}
					}
				}),
				targetSloping(func(_ *row, slope []float64) { clear(slope) }),
			),
		},
		{
			Name: "kullback-leibler", Modules: crossEntropy, rule: "PROBABILITIES", Level: verdict.Parity,
			Title: "The entropy of the class probabilities is subtracted.",
			Why:   "It is the Kullback-Leibler divergence; for one-hot targets there is no difference.",
			Right: shares,
			Met: []Link{
				{"The loss of soft targets is the Kullback-Leibler divergence", "https://github.com/chainer/chainer/pull/5595"},
				{"kl_div where the paper has a cross entropy", "https://github.com/szagoruyko/attention-transfer/issues/12"},
			},
			vary: all(
				func(d *definition) {
					d.rowLoss = func(r *row) float64 {
						loss := rowLossOf(r)
						for c, t := range r.t {
							if t > 0 {
								loss += r.w[c] * t * math.Log(t)
							}
						}
						return loss
					}
				},
				targetSloping(func(r *row, slope []float64) {
					for c, t := range r.t {
						if t > 0 {
							slope[c] += r.w[c] * (math.Log(t) + 1)
						}
					}
				}),
				weightSloping(func(r *row, slope []float64) {
					for c, t := range r.t {
						if t > 0 {
							slope[c] += t * math.Log(t)
						}
					}
				}),
			),
		},
		{
			Name: "gradient-for-sum-one", Modules: crossEntropy, rule: "NOT-NORMALISED", Level: verdict.Parity,
			Title: "The gradient is softmax(x) - a: the targets are taken to add up to one.",
			Why:   "It is the formula that everybody knows, and right without weights for class indices.",
			Right: slope,
			Met: []Link{
				{"The gradient is not zero for a target of zeros", "https://github.com/tensorflow/tensorflow/issues/60314"},
				{"softmax_cross_entropy_with_logits and rows without labels", "https://github.com/tensorflow/tensorflow/issues/2327"},
			},
			vary: func(d *definition) {
				d.slope = func(r *row) []float64 {
					slope := make([]float64, len(r.a))
					if !r.ignored {
						for c, a := range r.a {
							slope[c] = r.p[c] - a
						}
					}
					return slope
				}
			},
		},
		{
			Name: "softmax-less-target", Modules: crossEntropy, rule: "TAIL-GRAD", Level: verdict.Exact,
			Title: "The gradient is softmax(x)*sum(a) - a, whose terms cancel where the target dominates.",
			Why:   "It is the formula that everybody knows.",
			Right: slope + "; at the target with 1-p as the sum of the other classes' p",
			vary: func(d *definition) {
				d.slope = func(r *row) []float64 {
					slope := make([]float64, len(r.a))
					if !r.ignored {
						for c, a := range r.a {
							slope[c] = round(r.dtype, round(r.dtype, sumOf(r.a)*round(r.dtype, r.p[c]))-a)
						}
					}
					return slope
				}
			},
		},
		{
			Name: "gradient-at-target-alone", Modules: crossEntropy, rule: "GRAD-INPUT", Level: verdict.Parity,
			Title: "Only the target's logit has a gradient: the other classes of the row have none.",
			Why:   "Only its log-probability is in the loss; that the softmax couples the classes is forgotten.",
			Right: slope,
			Met:   []Link{{"Only the diagonal of the derivative of the softmax", "https://github.com/Apiquet/DeepLearningFrameworkFromScratchCpp/issues/1"}},
			vary: func(d *definition) {
				d.slope = func(r *row) []float64 {
					slope := slopeOf(r)
					for c, a := range r.a {
						if a == 0 {
							slope[c] = 0
						}
					}
					return slope
				}
			},
		},
	}
}

// classWeights are mistakes with weight in CrossEntropyLoss.
func classWeights() []*Divergence {
	const right = "l = {loss}"
	return []*Divergence{
		{
			Name: "weight-not-for-probabilities", Modules: crossEntropy, rule: "WEIGHT", Level: verdict.Parity,
			Title: "weight has no effect on class probabilities.",
			Why:   "It is gathered by the class index, of which there is none.",
			Right: right,
			vary: all(
				looking(func(r *row) {
					if r.t != nil {
						r.w = slices.Repeat([]float64{1}, len(r.w))
					}
				}),
				weightSloping(func(_ *row, slope []float64) { clear(slope) }),
			),
		},
		{
			Name: "weight-of-most-probable-class", Modules: crossEntropy, rule: "WEIGHT", Level: verdict.Parity,
			Title: "With class probabilities the whole row has the weight of its most probable class.",
			Why:   "A weight of the row is looked for, as class indices have one.",
			Right: right,
			Met:   []Link{{"Class weights are looked up by the argmax of the target", "https://github.com/keras-team/keras/issues/9186"}},
			vary: all(
				looking(func(r *row) {
					if r.t != nil && len(r.w) > 0 {
						r.w = slices.Repeat([]float64{r.w[r.mostProbable()]}, len(r.w))
					}
				}),
				weightSloping(func(r *row, slope []float64) {
					sum := sumOf(slope)
					clear(slope)
					if len(slope) > 0 {
						slope[r.mostProbable()] = sum
					}
				}),
			),
		},
		{
			Name: "weight-in-softmax", Modules: crossEntropy, rule: "WEIGHT", Level: verdict.Parity,
			Title: "weight multiplies the logits.",
			Why:   "It is handed to the wrong function.",
			Right: right,
			Met: []Link{
				{"Class weights before the softmax", "https://github.com/jakeret/tf_unet/issues/8"},
				{"Weighted logits are suggested in many forums", "https://github.com/tensorflow/tensorflow/issues/27741"},
				{"Weights of the loss multiply the logits", "https://github.com/TomHeaven/msba_reid/issues/3"},
			},
			vary: func(d *definition) {
				var weight []float64
				d.prepare = func(a *arguments) {
					if a.weight != nil {
						weight = a.weight.values
					}
				}
				d.view = func(r *row) {
					r.given = slices.Clone(r.x)
					for c, w := range r.w {
						r.x[c] = times(w, r.x[c])
					}
					r.w = slices.Repeat([]float64{1}, len(r.w))
				}
				slope := d.slope
				d.slope = changed(slope, func(_ *row, slope []float64) {
					for c, w := range weight {
						slope[c] *= w
					}
				})
				d.weightSlope = changed(slope, func(r *row, slope []float64) {
					for c, x := range r.given {
						slope[c] *= x
					}
				})
			},
		},
		{
			Name: "weight-shape-accepted", Modules: crossEntropy, rule: "WEIGHT-SHAPE", Level: verdict.Parity,
			Title: "A weight with more or fewer numbers than there are classes is accepted: class c has w[c % n].",
			Why:   "The kernel gathers from it by class, without a look at its size. In the other modules weight-cycled goes by element.",
			Right: "a weight that is not one number for each class is refused",
			Met: []Link{
				{"Without a check, undefined values were read as weights", "https://github.com/torch/nn/pull/879"},
				{"The number of weights was not compared with that of the classes", "https://github.com/PaddlePaddle/Paddle/pull/34906"},
			},
			vary: cycling(func(a *arguments) []int { return []int{a.input.shape[a.axis]} }),
		},
		{
			Name: "index-shape-accepted", Modules: crossEntropy, rule: "TARGET-SHAPE", Level: verdict.Parity,
			Title: "Class indices of any shape are accepted, if there is one for each row: (N, 1) for (N,).",
			Why:   "Keras has its labels in a column, and only their number is compared.",
			Right: "class indices have the shape of the input without the class dimension, anything else is refused",
			vary: func(d *definition) {
				d.admit = func(a *arguments) {
					if a.target.dtype.IsFloat() || len(a.input.shape) == 0 || tensor.SameShape(a.target.shape, a.input.shape) {
						return
					}
					if want, _ := without(a.input.shape, a.axis); size(want) == len(a.target.values) {
						a.target.shape = want
					}
				}
			},
		},
		{
			Name: "one-hot-as-indices", Modules: crossEntropy, rule: "ONE-HOT", Level: verdict.Parity,
			Title: "Where all class probabilities are one-hot the mean divides by the weights of the targets, as that of class indices does.",
			Why:   "They are turned into class indices, which is faster.",
			Right: "mean = sum(l) / N for class probabilities, one-hot or not",
			vary: planning(func(a *arguments, p *plan) {
				if !a.probabilities {
					return
				}
				var weights []float64
				for _, r := range a.rows {
					if sumOf(r.t) != 1 || !slices.Contains(r.t, 1) {
						return
					}
					weights = append(weights, r.w[r.mostProbable()])
				}
				p.count = sumOf(weights)
			}),
		},
		{
			Name: "index-dtype-accepted", Modules: crossEntropy, rule: "TARGET-DTYPE", Level: verdict.Parity,
			Title: "Class indices of int32 and bool are accepted.",
			Why:   "They can be gathered with.",
			Right: "class indices are int64 (or uint8 for at most two dimensions)",
			Met: []Link{
				{"Why do class indices have to be long?", "https://github.com/pytorch/pytorch/issues/45540"},
				{"int32 targets are refused, and that is taken for a drawback", "https://github.com/pytorch/pytorch/issues/1842"},
			},
			vary: func(d *definition) {
				d.admit = func(a *arguments) {
					if !a.target.dtype.IsFloat() && !tensor.SameShape(a.target.shape, a.input.shape) {
						a.target.dtype = tensor.Int64
					}
				}
			},
		},
	}
}
