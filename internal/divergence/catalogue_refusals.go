package divergence

import (
	"math"
	"slices"
	"strings"

	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// refusals accept what is to be refused, or refuse what is to be accepted.
func refusals() []*Divergence {
	// checking replaces the check of a module.
	checking := func(check func(a *arguments) *ports.Rejected) func(*definition) {
		return func(d *definition) { d.check = check }
	}
	// enlarging accepts an operand that the input broadcasts to.
	enlarging := func(of func(a *arguments) **operand) func(*definition) {
		return checking(func(a *arguments) *ports.Rejected {
			o := of(a)
			if *o == nil || (*o).broadcasts(a.input.shape) || !a.input.broadcasts((*o).shape) {
				return checkBCE(a)
			}
			given := *o
			*o = nil
			r := checkBCE(a)
			*o = given
			return r
		})
	}
	// refusing refuses more than the right definition.
	refusing := func(kind, message string, refused func(a *arguments) bool) func(*definition) {
		return func(d *definition) {
			before := d.check
			d.check = func(a *arguments) *ports.Rejected {
				if refused(a) {
					return rejected(kind, "%s: %s", a.module, message)
				}
				return before(a)
			}
		}
	}
	anyOf := func(o *operand, is func(float64) bool) bool { return o != nil && slices.ContainsFunc(o.values, is) }
	negative := func(v float64) bool { return v < 0 }
	return []*Divergence{
		{
			Name: "target-broadcast-accepted", Modules: bce, rule: "TARGET-SHAPE", Level: verdict.Parity,
			Title: "A target of another shape is broadcast: (N,) with an input (N, 1) gives (N, N) losses.",
			Why:   "Array libraries broadcast unasked, and MultiLabelSoftMarginLoss does too.",
			Right: "target has the shape of the input, anything else is refused",
			Met: []Link{
				{"BCEWithLogitsLoss gives a wrong answer for a target without the last dimension", "https://github.com/pytorch/pytorch/issues/1939"},
				{"sigmoid cross entropy does not verify shapes", "https://github.com/tensorflow/tensorflow/issues/1343"},
				{"BinaryCrossentropy does not check dimensions", "https://github.com/tensorflow/tensorflow/issues/30040"},
			},
			vary: checking(func(a *arguments) *ports.Rejected {
				if r := checkTargetFloat(a); r != nil {
					return r
				}
				if !a.target.broadcasts(a.input.shape) && !a.input.broadcasts(a.target.shape) {
					return checkTargetShape(a)
				}
				return checkWeights(a)
			}),
		},
		{
			Name: "target-reshaped", Modules: elementwise, rule: "TARGET-SHAPE", Level: verdict.Parity,
			Title: "A target with as many elements as the input is accepted, whatever its shape.",
			Why:   "Only the number of elements is compared, or the target is reshaped for convenience.",
			Right: "target has the shape of the input, or one that broadcasts to it in MultiLabelSoftMarginLoss; anything else is refused",
			Met: []Link{
				{"A flattened target with as many elements is reshaped silently", "https://github.com/ooples/AiDotNet/pull/1118"},
				{"Training goes on with labels of another shape", "https://github.com/nntrainer/nntrainer/issues/2155"},
			},
			vary: func(d *definition) {
				d.admit = func(a *arguments) {
					if len(a.target.values) == len(a.input.values) {
						a.target.shape = slices.Clone(a.input.shape)
					}
				}
			},
		},
		{
			Name: "weight-rank-accepted", Modules: bce, rule: "WEIGHT-SHAPE", Level: verdict.Parity,
			Title: "A weight with more dimensions than the input is accepted, and enlarges the result.",
			Why:   "The product with the weight is broadcast, not made in place.",
			Right: "weight broadcasts to the shape of the input, anything else is refused",
			vary:  enlarging(func(a *arguments) **operand { return &a.weight }),
		},
		{
			Name: "weight-cycled", Modules: elementwise, rule: "WEIGHT-SHAPE", Level: verdict.Parity,
			Title: "A weight of any shape is read as w[i % n] for element i.",
			Why:   "It is right for a weight (C,), and saves the code that broadcasts.",
			Right: "weight broadcasts to the shape of the input, anything else is refused",
			vary:  cycling(func(a *arguments) []int { return a.input.shape }),
		},
		{
			Name: "pos-weight-rank-accepted", Modules: bce, rule: "POS-WEIGHT-SHAPE", Level: verdict.Parity,
			Title: "A pos_weight with more dimensions than the input is accepted, and enlarges the result.",
			Why:   "The factor of the logarithm is broadcast, not made in place.",
			Right: "pos_weight broadcasts to the shape of the input, anything else is refused",
			vary:  enlarging(func(a *arguments) **operand { return &a.posWeight }),
		},
		{
			Name: "integer-targets-accepted", Modules: flat, rule: "TARGET-DTYPE", Level: verdict.Parity,
			Title: "Integer and bool targets are converted and accepted.",
			Why:   "Labels are integers, and the conversion loses nothing.",
			Right: "target has a floating-point dtype, anything else is refused",
			Met:   []Link{{"BCELoss does not accept LongTensor targets", "https://github.com/pytorch/pytorch/issues/842"}},
			vary: func(d *definition) {
				d.admit = func(a *arguments) {
					if !a.target.dtype.IsFloat() {
						a.target.dtype = a.input.dtype
					}
				}
			},
		},
		{
			Name: "bool-targets-accepted", Modules: mlsm, rule: "TARGET-DTYPE", Level: verdict.Parity,
			Title: "Bool targets are converted and accepted.",
			Why:   "Labels are bool, and the conversion loses nothing.",
			Right: "a bool target is refused",
			Met:   []Link{{"Masks of bool are wished to be converted", "https://github.com/pytorch/pytorch/issues/68655"}},
			vary: func(d *definition) {
				d.admit = func(a *arguments) {
					if a.target.dtype == tensor.Bool {
						a.target.dtype = a.input.dtype
					}
				}
			},
		},
		{
			Name: "unknown-reduction-is-mean", Modules: every, rule: "REDUCTION-INVALID", Level: verdict.Parity,
			Title: "A reduction that there is not means 'mean'.",
			Why:   "The last branch is not guarded: if 'none' … elif 'sum' … else mean.",
			Right: "a reduction other than 'none', 'mean' and 'sum' is refused",
			Met:   []Link{{"Reductions were not checked", "https://github.com/pytorch/pytorch/pull/43527"}},
			vary: func(d *definition) {
				before := d.reduction
				d.reduction = func(o ports.Options) (string, bool) {
					if reduction, ok := before(o); ok {
						return reduction, true
					}
					return "mean", true
				}
			},
		},
		{
			Name: "reduction-case-ignored", Modules: every, rule: "REDUCTION-INVALID", Level: verdict.Parity,
			Title: "Reductions are accepted in any case and surrounded by spaces, 'none' also as None.",
			Why:   "Options are made lower case first, to be friendly.",
			Right: "a reduction other than 'none', 'mean' and 'sum' is refused",
			Met:   []Link{{"Why is None not a reduction?", "https://github.com/pytorch/pytorch/issues/48621"}},
			vary: func(d *definition) {
				before := d.reduction
				d.reduction = func(o ports.Options) (string, bool) {
					if o.Reduction != nil {
						lower := strings.ToLower(strings.TrimSpace(*o.Reduction))
						o.Reduction = &lower
					}
					return before(o)
				}
			},
		},
		{
			Name: "scalar-accepted", Modules: mlsm, rule: "NO-SCALAR", Level: verdict.Parity,
			Title: "A 0-d input is accepted as one sample with one class.",
			Why:   "The mean over no dimension is the element itself.",
			Right: "a 0-d input is refused",
			vary: func(d *definition) {
				check, before := d.check, d.plan
				d.check = func(a *arguments) *ports.Rejected {
					if len(a.input.shape) == 0 && a.posWeight == nil && a.target.dtype != tensor.Bool {
						return nil
					}
					return check(a)
				}
				d.plan = func(a *arguments) plan {
					if len(a.input.shape) == 0 {
						return planBCE(a)
					}
					return before(a)
				}
			},
		},
		{
			Name: "scalar-as-one-class", Modules: crossEntropy, rule: "NO-SCALAR", Level: verdict.Parity,
			Title: "A 0-d input is accepted as one row of one class.",
			Why:   "The input is made an array of one dimension at least.",
			Right: "a 0-d input is refused",
			vary: checking(func(a *arguments) *ports.Rejected {
				if len(a.input.shape) == 0 && len(a.target.values) == 1 {
					a.input.shape = []int{1}
					if a.target.shape = nil; a.target.dtype.IsFloat() {
						a.target.shape = []int{1}
					}
				}
				return checkRows(a)
			}),
		},
		{
			Name: "no-classes-refused", Modules: crossEntropy, rule: "NO-CLASSES", Level: verdict.Parity,
			Title: "An input without classes is refused.",
			Why:   "No logits have no largest one.",
			Right: "a row without classes has the loss 0, with class probabilities or ignored; a port may claim to be without empty",
			vary: refusing(ports.KindShape, "want classes", func(a *arguments) bool {
				return len(a.input.shape) > 0 && a.input.shape[a.axis] == 0
			}),
		},
		{
			Name: "target-range-refused", Modules: withLogits, rule: "TARGET-RANGE", Level: verdict.Parity,
			Title: "Targets outside [0, 1] are refused.",
			Why:   "BCELoss refuses them.",
			Right: "every real target is accepted; the loss may be negative",
			Met: []Link{
				{"BCEWithLogitsLoss should check targets as BCELoss does", "https://github.com/pytorch/pytorch/issues/110865"},
				{"BCELoss and BCEWithLogitsLoss treat targets out of range differently", "https://github.com/pytorch/pytorch/issues/123339"},
				{"A check of the targets is proposed", "https://github.com/pytorch/pytorch/pull/177506"},
			},
			vary: refusing(ports.KindValue, "all elements of target should be between 0 and 1", func(a *arguments) bool {
				if a.module == ports.CrossEntropyLoss && a.target != nil && !a.target.dtype.IsFloat() {
					return false // class indices have another range
				}
				return anyOf(a.target, func(t float64) bool { return t < 0 || t > 1 })
			}),
		},
		{
			Name: "negative-weight-refused", Modules: every, rule: "WEIGHT-NEGATIVE", Level: verdict.Parity,
			Title: "Negative weights are refused.",
			Why:   "They look like an error.",
			Right: "every real weight is accepted; the loss may be negative",
			Met: []Link{
				{"Negative weights become an error", "https://github.com/chemprop/chemprop/pull/189"},
				{"Weights are checked for being positive", "https://github.com/dmlc/xgboost/pull/6115"},
			},
			vary: refusing(ports.KindValue, "weight must not be negative", func(a *arguments) bool {
				return anyOf(a.weight, negative)
			}),
		},
		{
			Name: "pos-weight-sign-refused", Modules: bce, rule: "POS-WEIGHT-SIGN", Level: verdict.Parity,
			Title: "A pos_weight of zero or below is refused.",
			Why:   "It looks like an error.",
			Right: "every real pos_weight is accepted",
			vary: refusing(ports.KindValue, "pos_weight must be positive", func(a *arguments) bool {
				return anyOf(a.posWeight, func(p float64) bool { return p <= 0 })
			}),
		},
		{
			Name: "rank-limited", Modules: every, rule: "RANK", rules: map[string]string{ports.CrossEntropyLoss: "CE-CLASS-AXIS"}, Level: verdict.Parity,
			Title: "Inputs with more than two dimensions are refused.",
			Why:   "The port works on matrices, samples by classes.",
			Right: "an input has any number of dimensions; a port may claim to be without rank:3+",
			Met: []Link{
				{"The cross entropy of matrices alone", "https://github.com/jonasrauber/eagerpy/issues/57"},
				{"CrossEntropyLoss refused inputs of more dimensions", "https://github.com/pytorch/pytorch/issues/3556"},
			},
			vary: refusing(ports.KindShape, "want a matrix, samples by classes", func(a *arguments) bool {
				return len(a.input.shape) > 2
			}),
		},
		{
			Name: "scalar-refused", Modules: flat, rule: "SCALAR", Level: verdict.Parity,
			Title: "A 0-d input is refused.",
			Why:   "The port wants a dimension of samples.",
			Right: "a 0-d input is accepted, and its loss is 0-d; a port may claim to be without rank:0",
			vary: refusing(ports.KindShape, "want at least one dimension", func(a *arguments) bool {
				return len(a.input.shape) == 0
			}),
		},
		{
			Name: "nonfinite-pos-weight-refused", Modules: bce, rule: "POS-WEIGHT-NONFINITE", Level: verdict.Parity,
			Title: "Infinite and NaN pos_weights are refused.",
			Why:   "Negatives divided by positives is infinite for a class without positives, which is to be found early.",
			Right: "every pos_weight is accepted, and shows in the loss; a port may claim to be without nonfinite",
			vary: refusing(ports.KindValue, "pos_weight must be finite", func(a *arguments) bool {
				return anyOf(a.posWeight, notFinite)
			}),
		},
		{
			Name: "integer-inputs-accepted", Modules: every, rule: "INPUT-DTYPE", Level: verdict.Parity,
			Title: "Integer and bool inputs are converted to float32 and accepted.",
			Why:   "The conversion loses nothing, and other functions do so.",
			Right: "the input has a floating-point dtype, anything else is refused",
			vary:  func(d *definition) { d.anyInput = true },
		},
		{
			Name: "nan-refused", Modules: withLogits, rule: "NAN-LOGIT", Level: verdict.Parity,
			Title: "NaN logits are refused.",
			Why:   "Anomalies are to be found early.",
			Right: "a NaN logit is accepted and makes its element NaN; a port may claim to be without nonfinite",
			vary: refusing(ports.KindValue, "input has NaN", func(a *arguments) bool {
				return anyOf(a.input, math.IsNaN)
			}),
		},
		{
			Name: "empty-refused", Modules: every, rule: "EMPTY-NONE", Level: verdict.Parity,
			Title: "Empty inputs are refused.",
			Why:   "An empty batch looks like an error.",
			Right: "an empty input is accepted: 'none' is empty, 'sum' 0, 'mean' NaN; a port may claim to be without empty",
			Met: []Link{
				{"nll_loss failed for empty tensors", "https://github.com/pytorch/pytorch/issues/15870"},
				{"BCELoss of a device stops at zero elements", "https://github.com/pytorch/pytorch/pull/196204"},
				{"An empty input is expected to be refused", "https://github.com/pytorch/pytorch/issues/51906"},
			},
			vary: refusing(ports.KindShape, "input is empty", func(a *arguments) bool {
				return slices.Contains(a.input.shape, 0)
			}),
		},
	}
}
