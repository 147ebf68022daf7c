package divergence

import (
	"math"
)

// formulas are another function than the loss.
func formulas() []*Divergence {
	const right = "l = w*(p*t*softplus(-x) + (1-t)*softplus(x)), natural logarithms, x a logit"
	return []*Divergence{
		{Name: "base-2-logarithm", Modules: both, rule: "FORMULA",
			Title: "The logarithm has base 2: loss and gradients are 1/ln 2 times too large.",
			Why:   "The hardware's or the library's fast logarithm has base 2.",
			Right: right,
			Met:   links("facebookresearch/fairseq/issues/466: The loss shown is in base 2", "valeoai/ADVENT/issues/1: log2 in an entropy loss"),
			vary:  eachWeight(func(w number) number { return w.Scale(math.Log2E) })},
		{Name: "logits-taken-as-probabilities", Modules: both, rule: "FORMULA",
			Title: "The input is taken for a probability: -(t*log(x) + (1-t)*log(1-x)).",
			Why:   "It is BCELoss without the sigmoid in front of it.",
			Right: right,
			Met:   links("tensorflow/tensorflow/issues/28718: A tutorial with logits and a loss of probabilities", "tensorflow/swift-apis/pull/51: sigmoidCrossEntropy took logits for outputs of a sigmoid", "yunlongdong/FCN-pytorch/issues/7: A loss of probabilities and no sigmoid"),
			vary: all(combining(typed), computing(func(u *unit) {
				u.F = append(u.F, u.X[0].Log().Neg(), u.X[0].Rest().Log().Neg())
			}))},
		{Name: "sigmoid-twice", Modules: both, rule: "FORMULA",
			Title: "The sigmoid is applied before the loss, which applies it again.",
			Why:   "The model ends in a sigmoid, or the adapter adds one.",
			Right: right,
			Met:   links("itakurah/focal-loss-pytorch/pull/5: Sigmoid in front of binary_cross_entropy_with_logits", "Turoad/lanedet/issues/32: The sigmoid function is used twice", "cvg/glue-factory/issues/89: Sigmoid in the model and in BCEWithLogitsLoss"),
			vary:  viewing(func(u *unit) { u.X[0] = u.X[0].Sigmoid() })},
		{Name: "softmax-over-classes", Modules: both, rule: "FORMULA",
			Title: "The probabilities come from a softmax over the last dimension.",
			Why:   "Classes are taken for exclusive, as in CrossEntropyLoss.",
			Right: right + ": the classes are independent",
			Met:   links("YapengTian/AVE-ECCV18/issues/15: MultiLabelSoftMarginLoss on top of a softmax"),
			vary:  acrossClasses(logitsOfSoftmax)},
		{Name: "row-maximum-subtracted", Modules: both, rule: "FORMULA",
			Title: "The largest logit of a row is subtracted from all of them.",
			Why:   "It makes a softmax stable and does not change it; a sigmoid it does.",
			Right: right,
			vary:  acrossClasses(shiftToZero)},
		{Name: "negatives-left-out", Modules: both, rule: "FORMULA",
			Title: "The loss lacks the term of the negative targets.",
			Why:   "It is the cross entropy of exclusive classes, -t*log(p).",
			Right: right,
			Met:   links("aymericdamien/TensorFlow-Examples/issues/86: A logistic loss without (1-y)*log(1-p)", "FluxML/Flux.jl/pull/96: The loss goes to 0 for a constant 1: the extra term is needed"),
			vary:  viewing(func(u *unit) { u.N = u.Number(0) })},
		{Name: "log-likelihood", Modules: both, rule: "FORMULA",
			Title: "Loss and gradients have the opposite sign.",
			Why:   "It is the log-likelihood, which is to be maximised.",
			Right: right,
			Met:   links("apache/mxnet/pull/7118: A cross entropy in the documentation without its minus", "cs231n/cs231n.github.io/pull/216: The loss of logistic regression lacked its minus", "fastai/fastbook/pull/478: A minus is missing before the activations"),
			vary:  eachWeight(number.Neg)},
		{Name: "input-and-target-swapped", Modules: both, rule: "FORMULA",
			Title: "Input and target are swapped.",
			Why:   "Keras, scikit-learn and Optax differ in the order of the arguments.",
			Right: right,
			Met:   links("carpedm20/NTM-tensorflow/issues/17: Logits and targets are mixed up", "xiph/rnnoise/issues/117: K.binary_crossentropy is called with prediction and truth swapped", "keras-team/keras/issues/7228: binary_crossentropy of backend and losses have opposite orders"),
			vary: viewing(func(u *unit) {
				// What is called the gradient of the input is that of the second argument then.
				u.X[0], u.T[0] = u.T[0], u.X[0]
			})},
		{Name: "tanh-without-half", Modules: both, rule: "FORMULA",
			Title: "The probability is (1+tanh(x))/2, the sigmoid of 2x.",
			Why:   "The sigmoid is written with tanh, and the factor 1/2 of its argument is forgotten.",
			Right: "sigmoid(x) = (1+tanh(x/2))/2",
			Met:   links("HIPS/autograd/issues/346: A tutorial's sigmoid is (tanh(x)+1)/2", "leela-zero/leela-zero/issues/1484: The sigmoid is (1+tanh(x))/2"),
			vary:  viewing(func(u *unit) { u.X[0] = u.X[0].Scale(2) })},
	}
}
