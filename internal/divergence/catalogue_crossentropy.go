package divergence

import (
	"math"
	"slices"

	"lossproof/internal/definition"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// classMeans are mistakes in the mean of CrossEntropyLoss.
func classMeans() []*Divergence {
	const right = "mean = sum(l) / sum(w[y]) over the rows that are not ignored; with class probabilities sum(l) / N"
	return []*Divergence{
		{Name: "mean-over-rows", Modules: crossEntropy, rule: "WEIGHTED-MEAN",
			Title: "'mean' of class indices divides by the number of rows that are not ignored, whatever the weights.",
			Why:   "It is what 'mean' means in every other loss.",
			Right: right,
			Met:   links("pytorch/pytorch/issues/61309: The division by the sum of the weights is taken for a mistake", "pytorch/pytorch/issues/25571: The weighted mean is taken for wrong"),
			vary: planning(func(a *arguments, p *plan) {
				if !a.Probabilities {
					p.Count = a.Number(float64(len(targetWeights(a))))
				}
			})},
		{Name: "mean-counts-ignored-rows", Modules: crossEntropy, rule: "IGNORE-MEAN",
			Title: "Ignored rows count in the divisor of the mean, each with 1.",
			Why:   "The losses of ignored rows are set to zero, and then averaged over all.",
			Right: right,
			Met:   links("PaddlePaddle/Paddle/pull/76033: With ignore_index -100 the mean divides by all samples", "flagos-ai/FlagGems/pull/73: ignore_index counts in the mean unless it is not -100"),
			vary: planning(func(a *arguments, p *plan) {
				if !a.Probabilities {
					p.Count = p.Count.Plus(float64(definition.Size(a.Grid) - len(targetWeights(a))))
				}
			})},
		{Name: "mean-over-elements", Modules: crossEntropy, rule: "MEAN",
			Title: "'mean' divides by the number of logits, not of rows.",
			Why:   "The mean is taken over the matrix of one-hot targets times log-probabilities.",
			Right: right,
			Met:   links("GMvandeVen/continual-learning/issues/5: The mean of targets times log-probabilities needs a sum over the classes first"),
			vary:  planning(func(a *arguments, p *plan) { p.Count = p.Count.Scale(float64(max(a.Classes(), 1))) })},
		{Name: "mean-of-probabilities-by-weights", Modules: crossEntropy, rule: "PROBABILITIES-MEAN",
			Title: "'mean' of class probabilities divides by the sum of w*t.",
			Why:   "That is the sum of the weights of the targets, as it is for class indices.",
			Right: right,
			Met:   links("pytorch/pytorch/pull/61044: Class probabilities came with a mean over the sum of w*t at first"),
			vary: planning(func(a *arguments, p *plan) {
				if !a.Probabilities {
					return
				}
				terms := slices.Clone(a.Target.Numbers())
				if a.Weight != nil {
					for row := range definition.Size(a.Grid) {
						for c, w := range a.Weight.Numbers() {
							terms[a.At(row, c)] = w.Mul(terms[a.At(row, c)])
						}
					}
				}
				p.Count = definition.Sum(a.Number(0), terms...)
			})},
		{Name: "mean-over-weights-of-classes", Modules: crossEntropy, rule: "WEIGHTED-MEAN",
			Title: "'mean' of class indices divides the mean over rows by the mean of the weights of all classes.",
			Why:   "Weights are normalised once, not for the targets of each batch.",
			Right: right,
			Met:   links("richardaecn/class-balanced-loss/issues/7: Class weights are normalised by the number of classes", "EthanRosenthal/spacecutter/issues/16: Class weights should be normalised by their sum"),
			vary: planning(func(a *arguments, p *plan) {
				if !a.Probabilities && a.Weight != nil {
					p.Count = meanOf(a, a.Weight.Numbers()).Scale(float64(len(targetWeights(a))))
				}
			})},
		{Name: "mean-over-smoothed-weights", Modules: crossEntropy, rule: "SMOOTHING-WEIGHT",
			Title: "With label_smoothing the mean divides by the sum of the smoothed coefficients.",
			Why:   "Those are the weights that each row has.",
			Right: right + ", with label_smoothing too",
			vary: planning(func(a *arguments, p *plan) {
				if a.Probabilities || a.Smoothing == 0 {
					return
				}
				var terms []number
				a.Each(func(_ int, u *unit) {
					for _, n := range u.A {
						terms = append(terms, a.Keep(n))
					}
				})
				p.Count = definition.Sum(a.Number(0), terms...)
			})},
		{Name: "all-ignored-mean-zero", Modules: crossEntropy, rule: "ALL-IGNORED",
			Title: "The mean is 0 where all rows are ignored.",
			Why:   "A guard against the division by zero; PyTorch had it until 1.10.",
			Right: right + ", which is 0/0 = NaN there",
			Met:   links("pytorch/pytorch/issues/70348: NaN where all labels are ignore_index, since 1.11", "pytorch/pytorch/issues/116349: All elements ignored: the mean is NaN"),
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if a.Reduction == "mean" && len(a.Target.Values) > 0 && !a.Probabilities && len(targetWeights(a)) == 0 {
					o.Values[0] = 0
				}
			})},
		{Name: "zero-weights-mean-zero", Modules: crossEntropy, rule: "ZERO-WEIGHT-MEAN",
			Title: "The mean is 0 where the weights of the targets add up to zero.",
			Why:   "The same guard, or an epsilon in the divisor.",
			Right: right + ", which is a division by zero there",
			Met:   links("keras-team/keras/pull/827: A batch whose weights are all zero gives 0, by an epsilon in the divisor"),
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if w := targetWeights(a); a.Reduction == "mean" && !a.Probabilities && len(w) > 0 && definition.SumOf(w) == 0 {
					o.Values[0] = 0
				}
			})},
	}
}

// smoothings are mistakes with label_smoothing.
func smoothings() []*Divergence {
	const right = "a[c] = (1-e)*w[y]*[c = y] + (e/C)*w[c], with class probabilities w[c]*((1-e)*t[c] + e/C), and l = sum(a[c]*(log(sum exp(x)) - x[c]))"
	return []*Divergence{
		{Name: "smoothing-ignored", Modules: crossEntropy, rule: "SMOOTHING",
			Title: "label_smoothing has no effect.",
			Why:   "The argument came in 1.10, and the port is older.",
			Right: right,
			Met:   links("omihub777/ViT-CIFAR/issues/2: Label smoothing is asked for, and the loss is the plain one", "dice-group/dice-embeddings/pull/458: A loss with label smoothing that is the one without"),
			vary:  preparing(func(a *arguments) { a.Smoothing = 0 })},
		{Name: "smoothing-without-weights", Modules: crossEntropy, rule: "SMOOTHING-WEIGHT",
			Title: "The smoothing part is not weighted.",
			Why:   "The uniform part is added as the plain mean of the negative log-probabilities.",
			Right: right,
			Met:   links("pytorch/pytorch/issues/104776: That class weights reach the smoothing part is taken for a mistake"),
			vary:  smoothed(func(u *unit, c int) number { return u.Number(u.Smoothing / float64(len(u.X))) })},
		{Name: "smoothing-weighted-by-target", Modules: crossEntropy, rule: "SMOOTHING-WEIGHT",
			Title: "The smoothing part is weighted by the weight of the target, for all classes.",
			Why:   "The loss of a row is made first, and weighted as a whole.",
			Right: right,
			Met:   links("linkedin/Liger-Kernel/pull/420: The final loss is multiplied by the weight of the label"),
			vary: smoothed(func(u *unit, c int) number {
				w := u.W[u.Class]
				if len(u.T) > 0 {
					terms := make([]number, len(u.T))
					for c, t := range u.T {
						terms[c] = u.W[c].Mul(t)
					}
					w = definition.Sum(u.Number(0), terms...)
				}
				return w.Scale(u.Smoothing / float64(len(u.X)))
			})},
		{Name: "smoothing-counts-ignored", Modules: crossEntropy, rule: "SMOOTHING-IGNORE",
			Title: "Ignored rows contribute the smoothing part.",
			Why:   "The mask is applied to the negative log-likelihood alone.",
			Right: right + "; nothing in an ignored row",
			Met:   links("pytorch/pytorch/issues/73205: Label smoothing takes ignored samples into account", "tinygrad/tinygrad/pull/3570: ignore_index with label_smoothing: the mask was missing"),
			vary: func(l *loss) {
				l.Coefficients = func(u *unit) {
					if !u.Ignored || u.Smoothing == 0 {
						definition.ClassCoefficients(u)
						return
					}
					u.Ignored = false
					for _, w := range u.W {
						u.A = append(u.A, w.Scale(u.Smoothing/float64(len(u.X))))
					}
				}
				planning(func(a *arguments, p *plan) {
					if !a.Probabilities { // in which they do not count
						p.Count = a.Number(definition.SumOf(targetWeights(a)))
					}
				})(l)
			}},
		{Name: "smoothing-over-other-classes", Modules: crossEntropy, rule: "SMOOTHING",
			Title: "The smoothing is divided among the other classes: e/(C-1) each, and 1-e for the target.",
			Why:   "Some papers and libraries define it so.",
			Right: right,
			Met:   links("awslabs/sockeye/pull/203: Smoothing divided by the size of the vocabulary less 1", "OpenNMT/OpenNMT/issues/570: Smoothing divided by the size of the vocabulary less 2"),
			vary: smoothed(func(u *unit, c int) number {
				each := u.W[c].Scale(u.Smoothing / float64(max(len(u.X)-1, 1)))
				switch {
				case len(u.T) > 0:
					return each.Mul(u.T[c].Rest())
				case c == u.Class:
					return u.Number(0)
				}
				return each
			})},
		{Name: "smoothing-not-divided", Modules: crossEntropy, rule: "SMOOTHING",
			Title: "The smoothing part is e for each class, not e/C.",
			Why:   "The sum of the log-probabilities is taken for their mean.",
			Right: right,
			vary:  smoothed(func(u *unit, c int) number { return u.W[c].Scale(u.Smoothing) })},
		{Name: "smoothing-added", Modules: crossEntropy, rule: "SMOOTHING",
			Title: "The smoothing part is added to the whole loss: the target keeps its full share.",
			Why:   "The factor 1-e is forgotten.",
			Right: right,
			vary: counting(func(u *unit) {
				for c, a := range u.A {
					switch {
					case u.Smoothing == 0:
					case len(u.T) > 0:
						u.A[c] = a.Add(u.W[c].Mul(u.T[c]).Scale(u.Smoothing))
					case c == u.Class:
						u.A[c] = a.Add(u.W[c].Scale(u.Smoothing))
					}
				}
			})},
		{Name: "smoothing-of-indices-alone", Modules: crossEntropy, rule: "SMOOTHING",
			Title: "label_smoothing has no effect on class probabilities.",
			Why:   "They are soft already.",
			Right: right,
			vary: viewing(func(u *unit) {
				if len(u.T) > 0 {
					u.Smoothing = 0
				}
			})},
		{Name: "smoothing-range-accepted", Modules: crossEntropy, rule: "SMOOTHING-RANGE",
			Title: "A label_smoothing above 1 is accepted.",
			Why:   "The formula works for it.",
			Right: "a label_smoothing above 1 is refused",
			Met:   links("pykeen/pykeen/pull/1580: A label_smoothing above 1 makes negative probabilities", "keras-team/keras/pull/23504: The range of label_smoothing was not looked at"),
			vary: checking(func(a *arguments) *ports.Rejected {
				smoothing := a.Smoothing
				defer func() { a.Smoothing = smoothing }()
				a.Smoothing = min(smoothing, 1)
				return definition.CheckCrossEntropy(a)
			})},
		{Name: "smoothing-of-one-refused", Modules: crossEntropy, rule: "SMOOTHING-ONE",
			Title: "A label_smoothing of 1 is refused.",
			Why:   "Nothing is left of the target, so the range is taken for [0, 1).",
			Right: "label_smoothing is from 0 to 1, both included; a port that has a reason for less says so in its baseline",
			vary: checking(func(a *arguments) *ports.Rejected {
				if a.Smoothing >= 1 {
					return definition.Rejected(ports.KindOption, "label_smoothing is %v, want less than 1", a.Smoothing)
				}
				return definition.CheckCrossEntropy(a)
			})},
	}
}

// ignorings are mistakes with ignore_index and with class indices.
func ignorings() []*Divergence {
	const right = "a row whose target is ignore_index, -100 unless given, has loss 0 and gradient 0, and does not count in the mean"
	return []*Divergence{
		{Name: "ignore-index-fixed", Modules: crossEntropy, rule: "IGNORE-INDEX",
			Title: "Only -100 is ignored, whatever ignore_index is.",
			Why:   "The default is written into the kernel.",
			Right: right,
			Met:   links("unslothai/unsloth/issues/192: The kernel asks for -100", "lucidrains/DALLE-pytorch/issues/57: ignore_index is defined, and not used"),
			vary:  admitting(func(a *arguments) { a.IgnoreIndex = -100 })},
		{Name: "ignore-index-unknown", Modules: crossEntropy, rule: "IGNORE-INDEX",
			Title: "There is no ignore_index: -100 is refused, and a class in range counts.",
			Why:   "Most frameworks leave it to the user to mask rows.",
			Right: right,
			Met:   links("pytorch/xla/pull/896: nll_loss did not honour ignore_index", "open-mmlab/mmdetection/pull/5646: The cross entropy of a detector has no ignore_index"),
			vary:  admitting(func(a *arguments) { a.IgnoreIndex = math.MinInt64 })},
		{Name: "ignored-rows-in-gradient", Modules: crossEntropy, rule: "IGNORE-INDEX",
			Title: "The gradient of an ignored row is that of class 0.",
			Why:   "The loss is masked, and the handwritten backward is not.",
			Right: right,
			Met:   links("flagos-ai/FlagGems/pull/73: The backward of cross entropy, and its mask of ignored rows"),
			vary:  deriving(ports.GradInput, asClassZero)},
		{Name: "ignored-rows-times-zero", Modules: crossEntropy, rule: "IGNORE-NAN",
			Title: "The loss of an ignored row is multiplied by 0, and is NaN where it is infinite or NaN.",
			Why:   "A mask of 0 and 1 is simpler to vectorise than a row left out.",
			Right: right + ", whatever its logits are",
			vary: combining(func(u *unit) number {
				if !u.Ignored || len(u.F) == 0 {
					return definition.CombineClasses(u)
				}
				return u.F[0].Scale(0)
			})},
		{Name: "ignore-index-of-32-bits", Modules: crossEntropy, rule: "IGNORE-WIDE",
			Title: "ignore_index is kept in 32 bits, and what it was beyond them is refused as a class.",
			Why:   "Class indices have 32 bits in most libraries.",
			Right: right,
			vary:  admitting(func(a *arguments) { a.IgnoreIndex = int64(int32(a.IgnoreIndex)) })},
		{Name: "ignored-class-left-out", Modules: crossEntropy, rule: "IGNORE-INDEX",
			Title: "A class that is ignore_index is taken out of the softmax of all rows.",
			Why:   "The ignored class is taken for one that does not exist.",
			Right: right + "; its class stays in the softmax of the others",
			Met:   links("chainer/chainer/issues/1027: The ignored class should be left out of the softmax", "pytorch/pytorch/issues/63004: The ignored class is in the denominator of the others, and that is taken for a mistake"),
			vary: preparing(func(a *arguments) {
				if i := a.IgnoreIndex; !a.Probabilities && i >= 0 && i < int64(a.Classes()) {
					for row := range a.Target.Values {
						a.Input.Values[a.At(row, int(i))] = math.Inf(-1)
					}
				}
			})},
		{Name: "ignored-rows-as-class-zero", Modules: crossEntropy, rule: "IGNORE-INDEX",
			Title: "Ignored rows are computed as class 0, and count in the mean.",
			Why:   "The index is clamped to be safe to gather with, and the mask is forgotten.",
			Right: right,
			Met:   links("xuanzebi/BERT-CH-NER/issues/6: Padding has the label 0, and no mask"),
			vary:  viewing(asClassZero)},
		{Name: "index-range-clamped", Modules: crossEntropy, rule: "INDEX-RANGE",
			Title: "Class indices out of range are clamped to it.",
			Why:   "gather clamps, in JAX for one.",
			Right: "a class index outside [0, C) that is not ignore_index is refused",
			vary:  indexing(func(y, classes int) int { return min(max(y, 0), classes-1) })},
		{Name: "index-counted-from-the-end", Modules: crossEntropy, rule: "INDEX-RANGE",
			Title: "Negative class indices count from the end, and too large ones wrap around.",
			Why:   "Python's indexing does so.",
			Right: "a class index outside [0, C) that is not ignore_index is refused",
			Met:   links("Theano/Theano/pull/3042: A negative index must always be an error"),
			vary:  indexing(func(y, classes int) int { return (y%classes + classes) % classes })},
		{Name: "index-out-of-range-ignored", Modules: crossEntropy, rule: "INDEX-RANGE",
			Title: "Rows whose class index is out of range have loss and gradient zero.",
			Why:   "A one-hot vector of such an index is zero.",
			Right: "a class index outside [0, C) that is not ignore_index is refused",
			Met:   links("tensorflow/tensorflow/issues/3739: Cross entropy does not say that targets are out of range", "PaddlePaddle/Paddle/pull/36891: Negative labels give a loss of zero", "pytorch/pytorch/issues/39769: CrossEntropyLoss did not check the values of the target"),
			vary: all(checking(uncheckedIndices), preparing(func(a *arguments) {
				if classes := float64(a.Classes()); !a.Probabilities {
					ignoring(a, func(y float64) bool { return y < 0 || y >= classes })
				}
			}))},
		{Name: "largest-index-ignored", Modules: crossEntropy, rule: "INDEX-RANGE",
			Title: "A class index that is the largest number of its dtype is ignored.",
			Why:   "The operation that gathers the rows takes it for a mark of padding.",
			Right: "a class index outside [0, C) that is not ignore_index is refused",
			vary: admitting(func(a *arguments) {
				if largest := map[tensor.DType]float64{tensor.Int64: 0x1p63, tensor.UInt8: 255}[a.Target.DType]; largest > 0 {
					ignoring(a, func(y float64) bool { return y == largest })
				}
			})},
		{Name: "ignore-index-beside-probabilities", Modules: crossEntropy, rule: "IGNORE-PROBABILITIES",
			Title: "With class probabilities, an ignore_index of 0 or more is accepted.",
			Why:   "It has no effect there, so it is not looked at.",
			Right: "with class probabilities an ignore_index of 0 or more is refused",
			Met:   links("PaddlePaddle/Paddle/pull/13217: That ignore_index is for hard labels alone was left to the documentation"),
			vary: checking(func(a *arguments) *ports.Rejected {
				i := a.IgnoreIndex
				defer func() { a.IgnoreIndex = i }()
				if tensor.SameShape(a.Target.Shape, a.Input.Shape) {
					a.IgnoreIndex = -100
				}
				return definition.CheckCrossEntropy(a)
			})},
	}
}

// softmaxes are mistakes in the softmax of a row, its logarithm and its gradient.
func softmaxes() []*Divergence {
	const (
		right  = "-log p[c] = (m - x[c]) + log1p(R), m = max x, R = the sum of exp(x-m) over the classes but that of m"
		slope  = "grad = {grad}, times the scale of the reduction and grad_output"
		shares = "l = {loss}"
	)
	return []*Divergence{
		{Name: "exp-not-shifted", Modules: crossEntropy, rule: "SHIFT",
			Title: "log(sum exp(x)) is taken without subtracting the largest logit, and overflows.",
			Why:   "It is the formula of the documentation.",
			Right: right,
			Met:   links("tenstorrent/tt-metal/pull/10001: exp(x) overflows for large logits", "FluxML/NNlib.jl/issues/68: logitcrossentropy overflows"),
			vary:  ofExps(func(u *unit) number { return u.Number(0) })},
		{Name: "exp-shifted-by-mean", Modules: crossEntropy, rule: "LOGIT-HUGE",
			Title: "The mean of the logits is subtracted instead of the largest, and exp overflows where they are far apart.",
			Why:   "No shift changes a softmax, and that by the mean centres it.",
			Right: right,
			vary: ofExps(func(u *unit) number {
				mean := 0.0
				for _, x := range u.X {
					mean = u.DType.Format().Round(mean + x.Value())
				}
				return u.Number(u.DType.Format().Round(mean / float64(len(u.X))))
			})},
		{Name: "log-of-softmax", Modules: crossEntropy, rule: "TAIL-LOSS",
			Title: "The logarithm is that of the softmax, which is 0 for classes far below the largest.",
			Why:   "The model ends with a softmax, and the loss takes its logarithm.",
			Right: right,
			Met:   links("Theano/Theano/issues/3162: softmax and cross entropy apart may be NaN"),
			vary:  ofSoftmax(0, 0)},
		{Name: "epsilon-1e-7-in-log-of-softmax", Modules: crossEntropy, rule: "TAIL-LOSS",
			Title: "1e-7 is added to the softmax inside the logarithm.",
			Why:   "It keeps log(0) away, and bounds the loss by 16.",
			Right: right,
			Met:   links("tensorforce/tensorforce/pull/96: log(probs + epsilon), for stability", "MarvinTeichmann/tensorflow-fcn/issues/18: An epsilon is for the softmax, not for the logits"),
			vary:  ofSoftmax(0, 1e-7)},
		{Name: "softmax-clipped", Modules: crossEntropy, rule: "TAIL-LOSS",
			Title: "The softmax is clipped to [1e-7, 1-1e-7].",
			Why:   "Keras does so where it is given probabilities.",
			Right: right,
			Met:   links("tensorflow/tensorflow/issues/21271: softmax_cross_entropy_with_logits and soft labels far apart"),
			vary:  ofSoftmax(1e-7, 0)},
		{Name: "log-sum-exp-less-logit", Modules: crossEntropy, rule: "DOMINATED", Level: verdict.Exact,
			Title: "The loss is (m + log(sum exp(x-m))) - x[y], whose terms cancel where the target dominates.",
			Why:   "log-sum-exp is a function of its own, and is subtracted from. PyTorch is no better.",
			Right: right,
			vary: computing(func(u *unit) {
				definition.ClassFunctions(u)
				e, m, sum := element{dtype: u.DType}, math.Inf(-1), 0.0
				for _, x := range u.X {
					m = max(m, x.Value())
				}
				for _, x := range u.X {
					sum += math.Exp(x.Value() - m)
				}
				for c, f := range u.F {
					if !definition.NotFinite(m) && !math.IsNaN(f.Value()) {
						u.F[c] = f.Custom(e.add(m-u.X[c].Value(), e.log(e.round(sum))), 1)
					}
				}
			})},
		{Name: "log-sum-exp-of-large-logits", Modules: crossEntropy, rule: "SHIFT",
			Title: "The loss is lse - x[y] with lse = m + log(sum exp(x-m)), which has the digits of m: far from zero the logarithm is rounded away.",
			Why:   "log-sum-exp is a function of its own, and safe from overflow. PyTorch did so until 1.0.",
			Right: "log_softmax(x) = (x - m) - log(sum exp(x-m))",
			Met:   links("pytorch/pytorch/issues/11752: CrossEntropyLoss of large logits is 0 where it is log 2"),
			vary: computing(func(u *unit) {
				definition.ClassFunctions(u)
				e, m, sum := element{dtype: u.DType}, math.Inf(-1), 0.0
				for _, x := range u.X {
					m = max(m, x.Value())
				}
				for _, x := range u.X {
					sum += math.Exp(x.Value() - m)
				}
				lse := e.add(m, e.log(e.round(sum)))
				for c, f := range u.F {
					if !definition.NotFinite(lse) && !math.IsNaN(f.Value()) {
						u.F[c] = f.Custom(e.add(lse, -u.X[c].Value()), 1)
					}
				}
			})},
		{Name: "softmax-twice", Modules: crossEntropy, rule: "FORMULA",
			Title: "A softmax is applied to the input, and the loss applies its own.",
			Why:   "The model ends with a softmax, and the loss is given as from probabilities.",
			Right: right + ", x the logits",
			Met:   links("tflearn/tflearn/pull/562: softmax applied twice", "bowang-lab/Transformer-GCN-QA/pull/32: An extra softmax before CrossEntropyLoss"),
			vary: viewing(func(u *unit) {
				for c, nll := range definition.LogSoftmax(nil, u.X) {
					u.X[c] = nll.Neg().Exp()
				}
			})},
		{Name: "logits-taken-as-log-probabilities", Modules: crossEntropy, rule: "FORMULA",
			Title: "There is no log_softmax: the loss is -w[y]*x[y].",
			Why:   "That is NLLLoss.",
			Right: right,
			Met:   links("pytorch/pytorch/pull/12703: An example of NLLLoss without LogSoftmax, whose loss may be negative"),
			vary: computing(func(u *unit) {
				for _, x := range u.X {
					u.F = append(u.F, x.Neg())
				}
			})},
		{Name: "sigmoid-of-each-class", Modules: crossEntropy, rule: "FORMULA",
			Title: "Each class has a sigmoid of its own instead of the softmax of the row.",
			Why:   "logsigmoid is taken for log_softmax, as the positive term of BCEWithLogitsLoss has it.",
			Right: right,
			Met:   links("hunkim/DeepLearningZeroToAll/issues/51: A lesson about softmax that has sigmoids"),
			vary:  computing(sigmoids)},
		{Name: "one-class-as-binary", Modules: crossEntropy, rule: "ONE-CLASS",
			Title: "With one class, the loss is that of a sigmoid.",
			Why:   "One output is taken for a binary classifier.",
			Right: "with one class softmax is 1, and loss and gradient are 0",
			Met:   links("darioizzo/dcgp/issues/86: The cross entropy of one output is 0, and was expected not to be"),
			vary: computing(func(u *unit) {
				if len(u.X) == 1 {
					sigmoids(u)
				} else {
					definition.ClassFunctions(u)
				}
			})},
		{Name: "masked-class-nan", Modules: crossEntropy, rule: "MASKED",
			Title: "A logit of -inf makes its row NaN, also where another class is the target.",
			Why:   "All classes are multiplied by a one-hot vector, and 0 times infinity is NaN.",
			Right: "a class with logit -inf has probability and gradient 0, and counts only where it is the target",
			Met:   links("candle-org/MindAct/pull/1633: cross_entropy is NaN when logits have inf"),
			vary: combining(func(u *unit) number {
				loss := definition.CombineClasses(u)
				if !u.Ignored && slices.ContainsFunc(u.X, func(x number) bool { return math.IsInf(x.Value(), -1) }) {
					return loss.Custom(math.NaN(), 1)
				}
				return loss
			})},
		{Name: "masked-row-zero", Modules: crossEntropy, rule: "NO-LIMIT",
			Title: "A row that is all -inf has loss and gradient 0.",
			Why:   "Attention has a softmax that is safe for masked rows.",
			Right: "such a row has no softmax: its loss and gradient are NaN",
			Met:   links("pytorch/pytorch/issues/55056: A softmax with 0 for NaN where everything is masked is asked for", "tracel-ai/burn/pull/4697: Rows that are masked as a whole become 0 by a clamp"),
			vary: viewing(func(u *unit) {
				masked := func(x number) bool { return math.IsInf(x.Value(), -1) }
				if len(u.X) < 2 || slices.ContainsFunc(u.X, func(x number) bool { return !masked(x) }) {
					return
				}
				for c := range u.X {
					u.X[c], u.W[c] = u.Number(0), u.Number(0)
				}
			})},
		{Name: "classes-on-last-axis", Modules: crossEntropy, rule: "CLASS-AXIS",
			Title: "The classes are the last dimension, not the second.",
			Why:   "They are in TensorFlow, JAX and most others. For (N, C) there is no difference.",
			Right: "the classes are dimension 1, and dimension 0 of a 1-d input",
			Met:   links("HanxunH/SCELoss-Reproduce/issues/4: One-hot labels have the classes last, predictions have them second", "Oneflow-Inc/oneflow/pull/4808: NCHW is to be transposed first: the operator has the classes last"),
			vary:  admitting(func(a *arguments) { a.Axis = max(0, len(a.Input.Shape)-1) })},
		{Name: "none-per-class", Modules: crossEntropy, rule: "NONE-SHAPE",
			Title: "'none' returns a loss for each class: a[c]*(log(sum exp(x)) - x[c]).",
			Why:   "The sum over the classes is left to the reduction.",
			Right: "'none' of (N, C, ...) has the shape (N, ...)",
			vary: func(l *loss) {
				finishing(ports.Loss, func(a *arguments, o *operand) {
					if a.Reduction != "none" {
						return
					}
					o.Shape, o.Values = slices.Clone(a.Input.Shape), make([]float64, len(a.Input.Values))
					a.Each(func(i int, u *unit) {
						l.Functions(u)
						for c, n := range u.A {
							o.Values[a.At(i, c)] = n.Times(u.F[c]).Value()
						}
					})
				})(l)
			}},
		{Name: "vector-of-rows", Modules: crossEntropy, rule: "NO-BATCH",
			Title: "The loss of a 1-d input has shape (1,) for 'none'.",
			Why:   "A batch of one is made of it, and not undone.",
			Right: "a 1-d input is one row, whose loss is 0-d",
			vary: finishing(ports.Loss, func(a *arguments, o *operand) {
				if a.Reduction == "none" && len(a.Input.Shape) == 1 {
					o.Shape = []int{1}
				}
			})},
		{Name: "probabilities-normalised", Modules: crossEntropy, rule: "NOT-NORMALISED",
			Title: "Class probabilities are divided by their sum.",
			Why:   "They are expected to be a distribution.",
			Right: shares + "; they are taken as they are",
			Met:   links("PaddlePaddle/Paddle/issues/63678: Do soft labels have to be normalised?"),
			vary: viewing(func(u *unit) {
				if total := definition.Sum(u.Number(0), u.T...); total.Value() != 0 {
					for c, t := range u.T {
						u.T[c] = t.Div(total)
					}
				}
			})},
		{Name: "probabilities-as-index", Modules: crossEntropy, rule: "PROBABILITIES",
			Title: "Of class probabilities only the largest counts, as 1.",
			Why:   "They are converted to a class index.",
			Right: shares,
			Met:   links("pytorch/pytorch/pull/69816: An argmax of the target is proposed for the example with class probabilities", "pytorch/pytorch/issues/83732: Class probabilities might need an argmax"),
			vary: viewing(func(u *unit) {
				top := mostProbable(u)
				for c := range u.T {
					u.T[c] = u.Number(0)
				}
				if len(u.T) > 0 {
					u.T[top] = u.Number(1)
				}
			})},
		{Name: "kullback-leibler", Modules: crossEntropy, rule: "PROBABILITIES",
			Title: "The entropy of the class probabilities is subtracted.",
			Why:   "It is the Kullback-Leibler divergence; for one-hot targets there is no difference.",
			Right: shares,
			Met:   links("chainer/chainer/pull/5595: The loss of soft targets is the Kullback-Leibler divergence", "szagoruyko/attention-transfer/issues/12: kl_div where the paper has a cross entropy"),
			vary: combining(func(u *unit) number {
				loss := definition.CombineClasses(u)
				for c, t := range u.T {
					if t.Value() > 0 {
						loss = loss.Add(u.W[c].Mul(t).Mul(t.Log()))
					}
				}
				return loss
			})},
		{Name: "gradient-for-sum-one", Modules: crossEntropy, rule: "NOT-NORMALISED",
			Title: "The gradient is softmax(x) - a: the targets are taken to add up to one.",
			Why:   "It is the formula that everybody knows, and right without weights for class indices.",
			Right: slope,
			Met:   links("tensorflow/tensorflow/issues/60314: The gradient is not zero for a target of zeros", "tensorflow/tensorflow/issues/2327: softmax_cross_entropy_with_logits and rows without labels"),
			vary:  rowSlope(func(_ element, p, a, _ float64) float64 { return p - a })},
		{Name: "log-sum-exp-once", Modules: crossEntropy, rule: "NOT-NORMALISED",
			Title: "The loss is logsumexp(x) - sum(a*x): the targets are taken to add up to one.",
			Why:   "One logarithm is left of the sum where they do, as they do without weights for class indices.",
			Right: right,
			vary:  logSumExpOnce(func(x number) number { return x })},
		{Name: "log-sum-exp-once-of-differences", Modules: crossEntropy, rule: "NOT-NORMALISED",
			Title: "The loss is logsumexp(d) - sum(a*d) of d = x - max(x): the targets are taken to add up to one.",
			Why:   "The largest logit is taken from all for accuracy, and would cancel where they do.",
			Right: right,
			vary:  logSumExpOnce(func(x number) number { return x.Sub(x.Detach()) })},
		{Name: "softmax-less-target", Modules: crossEntropy, rule: "TAIL-GRAD", Level: verdict.Exact,
			Title: "The gradient is softmax(x)*sum(a) - a, whose terms cancel where the target dominates.",
			Why:   "It is the formula that everybody knows.",
			Right: slope + "; at the target with 1-p as the sum of the other classes' p",
			vary:  rowSlope(func(e element, p, a, sum float64) float64 { return e.add(e.round(sum*e.round(p)), -a) })},
		{Name: "gradient-at-target-alone", Modules: crossEntropy, rule: "GRAD-INPUT",
			Title: "Only the target's logit has a gradient: the other classes of the row have none.",
			Why:   "Only its log-probability is in the loss; that the softmax couples the classes is forgotten.",
			Right: slope,
			Met:   links("Apiquet/DeepLearningFrameworkFromScratchCpp/issues/1: Only the diagonal of the derivative of the softmax"),
			vary: sloping(ports.GradInput, func(u *unit, slope []float64) {
				for c, a := range u.A {
					if a.Value() == 0 {
						slope[c] = 0
					}
				}
			})},
	}
}

// classWeights are mistakes with weight in CrossEntropyLoss.
func classWeights() []*Divergence {
	const right = "l = {loss}"
	return []*Divergence{
		{Name: "weight-not-for-probabilities", Modules: crossEntropy, rule: "WEIGHT",
			Title: "weight has no effect on class probabilities.",
			Why:   "It is gathered by the class index, of which there is none.",
			Right: right,
			vary: viewing(func(u *unit) {
				if len(u.T) > 0 {
					u.Ones()
				}
			})},
		{Name: "weight-of-most-probable-class", Modules: crossEntropy, rule: "WEIGHT",
			Title: "With class probabilities the whole row has the weight of its most probable class.",
			Why:   "A weight of the row is looked for, as class indices have one.",
			Right: right,
			Met:   links("keras-team/keras/issues/9186: Class weights are looked up by the argmax of the target"),
			vary: viewing(func(u *unit) {
				if len(u.T) > 0 {
					w := u.W[mostProbable(u)]
					for c := range u.W {
						u.W[c] = w
					}
				}
			})},
		{Name: "weight-in-softmax", Modules: crossEntropy, rule: "WEIGHT",
			Title: "weight multiplies the logits.",
			Why:   "It is handed to the wrong function.",
			Right: right,
			Met:   links("jakeret/tf_unet/issues/8: Class weights before the softmax", "tensorflow/tensorflow/issues/27741: Weighted logits are suggested in many forums", "TomHeaven/msba_reid/issues/3: Weights of the loss multiply the logits"),
			vary: viewing(func(u *unit) {
				for c, w := range u.W {
					u.X[c] = w.Times(u.X[c])
				}
				u.Ones()
			})},
		{Name: "weight-shape-accepted", Modules: crossEntropy, rule: "WEIGHT-SHAPE",
			Title: "A weight with more or fewer numbers than there are classes is accepted: class c has w[c % n].",
			Why:   "The kernel gathers from it by class, without a look at its size. In the other modules weight-cycled goes by element.",
			Right: "a weight that is not one number for each class is refused",
			Met:   links("torch/nn/pull/879: Without a check, undefined values were read as weights", "PaddlePaddle/Paddle/pull/34906: The number of weights was not compared with that of the classes"),
			vary:  cycling(func(a *arguments) []int { return []int{a.Classes()} })},
		{Name: "index-shape-accepted", Modules: crossEntropy, rule: "TARGET-SHAPE",
			Title: "Class indices of any shape are accepted, if there is one for each row: (N, 1) for (N,).",
			Why:   "Keras has its labels in a column, and only their number is compared.",
			Right: "class indices have the shape of the input without the class dimension, anything else is refused",
			vary: admitting(func(a *arguments) {
				if a.Target.DType.IsFloat() || len(a.Input.Shape) == 0 || tensor.SameShape(a.Target.Shape, a.Input.Shape) {
					return
				}
				if want, _ := definition.Without(a.Input.Shape, a.Axis); definition.Size(want) == len(a.Target.Values) {
					a.Target.Shape = want
				}
			})},
		{Name: "one-hot-as-indices", Modules: crossEntropy, rule: "ONE-HOT",
			Title: "Where all class probabilities are one-hot the mean divides by the weights of the targets, as that of class indices does.",
			Why:   "They are turned into class indices, which is faster.",
			Right: "mean = sum(l) / N for class probabilities, one-hot or not",
			vary: planning(func(a *arguments, p *plan) {
				weights, oneHot := []number{}, a.Probabilities
				a.Each(func(_ int, u *unit) {
					ones := 0
					for _, t := range u.T {
						if t.Value() == 1 {
							ones++
						} else if t.Value() != 0 {
							oneHot = false
						}
					}
					if oneHot = oneHot && ones == 1; oneHot {
						weights = append(weights, a.Keep(u.W[mostProbable(u)]))
					}
				})
				if oneHot {
					p.Count = definition.Sum(a.Number(0), weights...)
				}
			})},
		{Name: "index-dtype-accepted", Modules: crossEntropy, rule: "TARGET-DTYPE",
			Title: "Class indices of int32 and bool are accepted.",
			Why:   "They can be gathered with.",
			Right: "class indices are int64 (or uint8 for at most two dimensions)",
			Met:   links("pytorch/pytorch/issues/45540: Why do class indices have to be long?", "pytorch/pytorch/issues/1842: int32 targets are refused, and that is taken for a drawback"),
			vary: admitting(func(a *arguments) {
				if !a.Target.DType.IsFloat() && !tensor.SameShape(a.Target.Shape, a.Input.Shape) {
					a.Target.DType = tensor.Int64
				}
			})},
	}
}

// logSumExpOnce has the logarithm of a row's sum of exponentials once, in place of once for each target. of makes of the largest
// logit what is added to it.
func logSumExpOnce(of func(x number) number) variation {
	return combining(func(u *unit) number {
		if u.Ignored || len(u.F) == 0 {
			return definition.CombineClasses(u)
		}
		top, sum := 0, u.Number(0)
		for c, a := range u.A {
			if u.X[c].Value() > u.X[top].Value() {
				top = c
			}
			if u.Copies != nil {
				a = a.Scale(u.Copies[c])
			}
			sum = sum.Add(a)
		}
		// F is the logarithm less the logit.
		return definition.CombineClasses(u).Add(sum.Rest().Times(u.F[top].Add(of(u.X[top]))))
	})
}
