package divergence

import (
	"math"
	"slices"

	"lossproof/judge/verdict"
	"lossproof/ports"
)

// formulas are another function than the loss.
func formulas() []*Divergence {
	const right = "l = w*(p*t*softplus(-x) + (1-t)*softplus(x)), natural logarithms, x a logit"
	return []*Divergence{
		{
			Name: "base-2-logarithm", Modules: both, rule: "FORMULA", Level: verdict.Parity,
			Title: "The logarithm has base 2: loss and gradients are 1/ln 2 times too large.",
			Why:   "The hardware's or the library's fast logarithm has base 2.",
			Right: right,
			Met: []Link{
				{"The loss shown is in base 2", "https://github.com/facebookresearch/fairseq/issues/466"},
				{"log2 in an entropy loss", "https://github.com/valeoai/ADVENT/issues/1"},
			},
			vary: seeing(func(e *element) { e.w, e.dw = e.w*math.Log2E, e.dw*math.Log2E }),
		},
		{
			Name: "logits-taken-as-probabilities", Modules: both, rule: "FORMULA", Level: verdict.Parity,
			Title: "The input is taken for a probability: -(t*log(x) + (1-t)*log(1-x)).",
			Why:   "It is BCELoss without the sigmoid in front of it.",
			Right: right,
			Met: []Link{
				{"A tutorial with logits and a loss of probabilities", "https://github.com/tensorflow/tensorflow/issues/28718"},
				{"sigmoidCrossEntropy took logits for outputs of a sigmoid", "https://github.com/tensorflow/swift-apis/pull/51"},
				{"A loss of probabilities and no sigmoid", "https://github.com/yunlongdong/FCN-pytorch/issues/7"},
			},
			vary: all(
				losing(func(e element) float64 {
					return -e.w * (e.p*e.t*math.Log(e.x) + (1-e.t)*math.Log(1-e.x))
				}),
				deriving(func(e element) float64 { return e.w * ((1-e.t)/(1-e.x) - e.p*e.t/e.x) }),
				targeting(func(e element) float64 { return e.w * (math.Log(1-e.x) - e.p*math.Log(e.x)) }),
			),
		},
		{
			Name: "sigmoid-twice", Modules: both, rule: "FORMULA", Level: verdict.Parity,
			Title: "The sigmoid is applied before the loss, which applies it again.",
			Why:   "The model ends in a sigmoid, or the adapter adds one.",
			Right: right,
			Met: []Link{
				{"Sigmoid in front of binary_cross_entropy_with_logits", "https://github.com/itakurah/focal-loss-pytorch/pull/5"},
				{"The sigmoid function is used twice", "https://github.com/Turoad/lanedet/issues/32"},
				{"Sigmoid in the model and in BCEWithLogitsLoss", "https://github.com/cvg/glue-factory/issues/89"},
			},
			vary: seeing(func(e *element) { e.x, e.dx = sigmoid(e.x), sigmoid(e.x)*sigmoid(-e.x) }),
		},
		{
			Name: "softmax-over-classes", Modules: both, rule: "FORMULA", Level: verdict.Parity,
			Title: "The probabilities come from a softmax over the last dimension.",
			Why:   "Classes are taken for exclusive, as in CrossEntropyLoss.",
			Right: right + ": the classes are independent",
			Met:   []Link{{"MultiLabelSoftMarginLoss on top of a softmax", "https://github.com/YapengTian/AVE-ECCV18/issues/15"}},
			vary:  acrossClasses(softmaxLogits, softmaxChain),
		},
		{
			Name: "row-maximum-subtracted", Modules: both, rule: "FORMULA", Level: verdict.Parity,
			Title: "The largest logit of a row is subtracted from all of them.",
			Why:   "It makes a softmax stable and does not change it; a sigmoid it does.",
			Right: right,
			vary: acrossClasses(
				func(row []float64) {
					largest := slices.Max(row)
					for i := range row {
						row[i] -= largest
					}
				},
				func(shifted, gradient []float64) { // the largest is 0 then
					if top := slices.Index(shifted, 0); top >= 0 {
						gradient[top] -= sumOf(gradient)
					}
				},
			),
		},
		{
			Name: "negatives-left-out", Modules: both, rule: "FORMULA", Level: verdict.Parity,
			Title: "The loss lacks the term of the negative targets.",
			Why:   "It is the cross entropy of exclusive classes, -t*log(p).",
			Right: right,
			Met: []Link{
				{"A logistic loss without (1-y)*log(1-p)", "https://github.com/aymericdamien/TensorFlow-Examples/issues/86"},
				{"The loss goes to 0 for a constant 1: the extra term is needed", "https://github.com/FluxML/Flux.jl/pull/96"},
			},
			vary: seeing(func(e *element) { e.n = 0 }),
		},
		{
			Name: "log-likelihood", Modules: both, rule: "FORMULA", Level: verdict.Parity,
			Title: "Loss and gradients have the opposite sign.",
			Why:   "It is the log-likelihood, which is to be maximised.",
			Right: right,
			Met: []Link{
				{"A cross entropy in the documentation without its minus", "https://github.com/apache/mxnet/pull/7118"},
				{"The loss of logistic regression lacked its minus", "https://github.com/cs231n/cs231n.github.io/pull/216"},
				{"A minus is missing before the activations", "https://github.com/fastai/fastbook/pull/478"},
			},
			vary: seeing(func(e *element) { e.w, e.dw = -e.w, -e.dw }),
		},
		{
			Name: "input-and-target-swapped", Modules: both, rule: "FORMULA", Level: verdict.Parity,
			Title: "Input and target are swapped.",
			Why:   "Keras, scikit-learn and Optax differ in the order of the arguments.",
			Right: right,
			Met: []Link{
				{"Logits and targets are mixed up", "https://github.com/carpedm20/NTM-tensorflow/issues/17"},
				{"K.binary_crossentropy is called with prediction and truth swapped", "https://github.com/xiph/rnnoise/issues/117"},
				{"binary_crossentropy of backend and losses have opposite orders", "https://github.com/keras-team/keras/issues/7228"},
			},
			vary: func(d *definition) {
				// What is called the gradient of the input is that of the second argument then.
				losing(func(e element) float64 { e.x, e.t = e.t, e.x; return lossOf(e) })(d)
				d.gradInput = func(e element) float64 { e.x, e.t = e.t, e.x; return gradTargetOf(e) }
				d.gradTarget = func(e element) float64 { e.x, e.t = e.t, e.x; return gradInputOf(e) }
			},
		},
		{
			Name: "tanh-without-half", Modules: both, rule: "FORMULA", Level: verdict.Parity,
			Title: "The probability is (1+tanh(x))/2, the sigmoid of 2x.",
			Why:   "The sigmoid is written with tanh, and the factor 1/2 of its argument is forgotten.",
			Right: "sigmoid(x) = (1+tanh(x/2))/2",
			Met: []Link{
				{"A tutorial's sigmoid is (tanh(x)+1)/2", "https://github.com/HIPS/autograd/issues/346"},
				{"The sigmoid is (1+tanh(x))/2", "https://github.com/leela-zero/leela-zero/issues/1484"},
			},
			vary: seeing(func(e *element) { e.x, e.dx = 2*e.x, 2 }),
		},
	}
}

// acrossClasses changes the rows of the input's last dimension. chain turns the gradient in a changed row into that
// in the row.
func acrossClasses(change func(row []float64), chain func(changed, gradient []float64)) func(*definition) {
	rows := func(a *arguments, f func(from, to int)) {
		n := 1
		if len(a.input.shape) > 0 {
			n = a.input.shape[len(a.input.shape)-1]
		}
		for i := 0; n > 0 && i+n <= len(a.input.values); i += n {
			f(i, i+n)
		}
	}
	return func(d *definition) {
		d.prepare = func(a *arguments) {
			rows(a, func(from, to int) { change(a.input.values[from:to]) })
		}
		d.chain = map[string]func(*arguments, []float64){ports.GradInput: func(a *arguments, gradient []float64) {
			rows(a, func(from, to int) { chain(a.input.values[from:to], gradient[from:to]) })
		}}
	}
}

// softmaxLogits replaces a row by the logits of its softmax: x - log(sum of the others' exp).
func softmaxLogits(row []float64) {
	logits := make([]float64, len(row))
	for i, x := range row {
		largest := math.Inf(-1)
		for j, y := range row {
			if j != i {
				largest = max(largest, y)
			}
		}
		sum := 0.0
		for j, y := range row {
			if j != i {
				sum += math.Exp(y - largest)
			}
		}
		logits[i] = x - largest - math.Log(sum)
	}
	copy(row, logits)
}

// softmaxChain takes the logits that softmaxLogits returns. That of class i falls with every other logit j, by the
// share of j in the sum of the others: p[j]/(1-p[i]).
func softmaxChain(logits, gradient []float64) {
	terms := make([]float64, len(logits))
	for i, x := range logits {
		terms[i] = gradient[i] / sigmoid(-x)
	}
	for j, others := range sumsOfOthers(terms) {
		if len(logits) == 1 { // its softmax is 1
			gradient[j] = 0
			continue
		}
		gradient[j] -= sigmoid(logits[j]) * others
	}
}
