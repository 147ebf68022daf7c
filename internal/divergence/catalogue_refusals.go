package divergence

import (
	"math"
	"slices"
	"strings"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// refusals accept what is to be refused, or refuse what is to be accepted.
func refusals() []*Divergence {
	return []*Divergence{
		{Name: "target-broadcast-accepted", Modules: bce, rule: "TARGET-SHAPE",
			Title: "A target of another shape is broadcast: (N,) with an input (N, 1) gives (N, N) losses.",
			Why:   "Array libraries broadcast unasked, and MultiLabelSoftMarginLoss does too.",
			Right: "target has the shape of the input, anything else is refused",
			Met:   links("pytorch/pytorch/issues/1939: BCEWithLogitsLoss gives a wrong answer for a target without the last dimension", "tensorflow/tensorflow/issues/1343: sigmoid cross entropy does not verify shapes", "tensorflow/tensorflow/issues/30040: BinaryCrossentropy does not check dimensions"),
			vary: checking(func(a *arguments) *ports.Rejected {
				if r := definition.CheckTargetFloat(a); r != nil {
					return r
				}
				if !a.Target.BroadcastsTo(a.Input.Shape) && !a.Input.BroadcastsTo(a.Target.Shape) {
					return definition.CheckTargetShape(a)
				}
				return definition.CheckWeights(a)
			})},
		{Name: "target-reshaped", Modules: elementwise, rule: "TARGET-SHAPE",
			Title: "A target with as many elements as the input is accepted, whatever its shape.",
			Why:   "Only the number of elements is compared, or the target is reshaped for convenience.",
			Right: "target has the shape of the input, or one that broadcasts to it in MultiLabelSoftMarginLoss; anything else is refused",
			Met:   links("ooples/AiDotNet/pull/1118: A flattened target with as many elements is reshaped silently", "nntrainer/nntrainer/issues/2155: Training goes on with labels of another shape"),
			vary: admitting(func(a *arguments) {
				if len(a.Target.Values) == len(a.Input.Values) {
					a.Target.Shape = slices.Clone(a.Input.Shape)
				}
			})},
		{Name: "weight-rank-accepted", Modules: bce, rule: "WEIGHT-SHAPE",
			Title: "A weight with more dimensions than the input is accepted, and enlarges the result.",
			Why:   "The product with the weight is broadcast, not made in place.",
			Right: "weight broadcasts to the shape of the input, anything else is refused",
			vary:  enlarging(func(a *arguments) **operand { return &a.Weight })},
		{Name: "weight-cycled", Modules: elementwise, rule: "WEIGHT-SHAPE",
			Title: "A weight of any shape is read as w[i % n] for element i.",
			Why:   "It is right for a weight (C,), and saves the code that broadcasts.",
			Right: "weight broadcasts to the shape of the input, anything else is refused",
			vary:  cycling(func(a *arguments) []int { return a.Input.Shape })},
		{Name: "pos-weight-rank-accepted", Modules: bce, rule: "POS-WEIGHT-SHAPE",
			Title: "A pos_weight with more dimensions than the input is accepted, and enlarges the result.",
			Why:   "The factor of the logarithm is broadcast, not made in place.",
			Right: "pos_weight broadcasts to the shape of the input, anything else is refused",
			vary:  enlarging(func(a *arguments) **operand { return &a.PosWeight })},
		{Name: "integer-targets-accepted", Modules: flat, rule: "TARGET-DTYPE",
			Title: "Integer and bool targets are converted and accepted.",
			Why:   "Labels are integers, and the conversion loses nothing.",
			Right: "target has a floating-point dtype, anything else is refused",
			Met:   links("pytorch/pytorch/issues/842: BCELoss does not accept LongTensor targets"),
			vary: admitting(func(a *arguments) {
				if !a.Target.DType.IsFloat() {
					a.Target.DType = a.Input.DType
				}
			})},
		{Name: "bool-targets-accepted", Modules: mlsm, rule: "TARGET-DTYPE",
			Title: "Bool targets are converted and accepted.",
			Why:   "Labels are bool, and the conversion loses nothing.",
			Right: "a bool target is refused",
			Met:   links("pytorch/pytorch/issues/68655: Masks of bool are wished to be converted"),
			vary: admitting(func(a *arguments) {
				if a.Target.DType == tensor.Bool {
					a.Target.DType = a.Input.DType
				}
			})},
		{Name: "unknown-reduction-is-mean", Modules: every, rule: "REDUCTION-INVALID",
			Title: "A reduction that there is not means 'mean'.",
			Why:   "The last branch is not guarded: if 'none' … elif 'sum' … else mean.",
			Right: "a reduction other than 'none', 'mean' and 'sum' is refused",
			Met:   links("pytorch/pytorch/pull/43527: Reductions were not checked"),
			vary: func(l *loss) {
				before := l.Resolve
				l.Resolve = func(o ports.Options) (string, bool) {
					if reduction, ok := before(o); ok {
						return reduction, true
					}
					return "mean", true
				}
			}},
		{Name: "reduction-case-ignored", Modules: every, rule: "REDUCTION-INVALID",
			Title: "Reductions are accepted in any case and surrounded by spaces, 'none' also as None.",
			Why:   "Options are made lower case first, to be friendly.",
			Right: "a reduction other than 'none', 'mean' and 'sum' is refused",
			Met:   links("pytorch/pytorch/issues/48621: Why is None not a reduction?"),
			vary: func(l *loss) {
				before := l.Resolve
				l.Resolve = func(o ports.Options) (string, bool) {
					if o.Reduction != nil {
						o.Reduction = new(strings.ToLower(strings.TrimSpace(*o.Reduction)))
					}
					return before(o)
				}
			}},
		{Name: "scalar-accepted", Modules: mlsm, rule: "NO-SCALAR",
			Title: "A 0-d input is accepted as one sample with one class.",
			Why:   "The mean over no dimension is the element itself.",
			Right: "a 0-d input is refused",
			vary: func(l *loss) {
				check, before := l.Check, l.Plan
				l.Check = func(a *arguments) *ports.Rejected {
					if len(a.Input.Shape) == 0 && a.PosWeight == nil && a.Target.DType != tensor.Bool {
						return nil
					}
					return check(a)
				}
				l.Plan = func(a *arguments) plan {
					if len(a.Input.Shape) == 0 {
						return definition.PlanElements(a)
					}
					return before(a)
				}
			}},
		{Name: "scalar-as-one-class", Modules: crossEntropy, rule: "NO-SCALAR",
			Title: "A 0-d input is accepted as one row of one class.",
			Why:   "The input is made an array of one dimension at least.",
			Right: "a 0-d input is refused",
			vary: checking(func(a *arguments) *ports.Rejected {
				if len(a.Input.Shape) == 0 && len(a.Target.Values) == 1 {
					a.Input.Shape = []int{1}
					if a.Target.Shape = nil; a.Target.DType.IsFloat() {
						a.Target.Shape = []int{1}
					}
				}
				return definition.CheckCrossEntropy(a)
			})},
		{Name: "no-classes-refused", Modules: crossEntropy, rule: "NO-CLASSES",
			Title: "An input without classes is refused.",
			Why:   "No logits have no largest one.",
			Right: "a row without classes has the loss 0, with class probabilities or ignored; a port may claim to be without empty",
			vary: refusing(ports.KindShape, "want classes", func(a *arguments) bool {
				return len(a.Input.Shape) > 0 && a.Classes() == 0
			})},
		{Name: "target-range-refused", Modules: withLogits, rule: "TARGET-RANGE",
			Title: "Targets outside [0, 1] are refused.",
			Why:   "BCELoss refuses them.",
			Right: "every real target is accepted; the loss may be negative",
			Met:   links("pytorch/pytorch/issues/110865: BCEWithLogitsLoss should check targets as BCELoss does", "pytorch/pytorch/issues/123339: BCELoss and BCEWithLogitsLoss treat targets out of range differently", "pytorch/pytorch/pull/177506: A check of the targets is proposed"),
			vary: refusing(ports.KindValue, "all elements of target should be between 0 and 1", func(a *arguments) bool {
				if a.Module == ports.CrossEntropyLoss && !a.Target.DType.IsFloat() {
					return false // class indices have another range
				}
				return anyOf(a.Target, func(t float64) bool { return t < 0 || t > 1 })
			})},
		{Name: "negative-weight-refused", Modules: every, rule: "WEIGHT-NEGATIVE",
			Title: "Negative weights are refused.",
			Why:   "They look like an error.",
			Right: "every real weight is accepted; the loss may be negative",
			Met:   links("chemprop/chemprop/pull/189: Negative weights become an error", "dmlc/xgboost/pull/6115: Weights are checked for being positive"),
			vary: refusing(ports.KindValue, "weight must not be negative", func(a *arguments) bool {
				return anyOf(a.Weight, func(w float64) bool { return w < 0 })
			})},
		{Name: "pos-weight-sign-refused", Modules: bce, rule: "POS-WEIGHT-SIGN",
			Title: "A pos_weight of zero or below is refused.",
			Why:   "It looks like an error.",
			Right: "every real pos_weight is accepted",
			vary: refusing(ports.KindValue, "pos_weight must be positive", func(a *arguments) bool {
				return anyOf(a.PosWeight, func(p float64) bool { return p <= 0 })
			})},
		{Name: "rank-limited", Modules: every, rule: "RANK", rules: map[string]string{ports.CrossEntropyLoss: "CE-CLASS-AXIS"},
			Title: "Inputs with more than two dimensions are refused.",
			Why:   "The port works on matrices, samples by classes.",
			Right: "an input has any number of dimensions; a port may claim to be without rank:3+",
			Met:   links("jonasrauber/eagerpy/issues/57: The cross entropy of matrices alone", "pytorch/pytorch/issues/3556: CrossEntropyLoss refused inputs of more dimensions"),
			vary: refusing(ports.KindShape, "want a matrix, samples by classes", func(a *arguments) bool {
				return len(a.Input.Shape) > 2
			})},
		{Name: "scalar-refused", Modules: flat, rule: "SCALAR",
			Title: "A 0-d input is refused.",
			Why:   "The port wants a dimension of samples.",
			Right: "a 0-d input is accepted, and its loss is 0-d; a port may claim to be without rank:0",
			vary: refusing(ports.KindShape, "want at least one dimension", func(a *arguments) bool {
				return len(a.Input.Shape) == 0
			})},
		{Name: "nonfinite-pos-weight-refused", Modules: bce, rule: "POS-WEIGHT-NONFINITE",
			Title: "Infinite and NaN pos_weights are refused.",
			Why:   "Negatives divided by positives is infinite for a class without positives, which is to be found early.",
			Right: "every pos_weight is accepted, and shows in the loss; a port may claim to be without nonfinite",
			vary: refusing(ports.KindValue, "pos_weight must be finite", func(a *arguments) bool {
				return anyOf(a.PosWeight, definition.NotFinite)
			})},
		{Name: "integer-inputs-accepted", Modules: every, rule: "INPUT-DTYPE",
			Title: "Integer and bool inputs are converted to float32 and accepted.",
			Why:   "The conversion loses nothing, and other functions do so.",
			Right: "the input has a floating-point dtype, anything else is refused",
			vary:  func(l *loss) { l.AnyInput = true }},
		{Name: "nan-refused", Modules: withLogits, rule: "NAN-LOGIT",
			Title: "NaN logits are refused.",
			Why:   "Anomalies are to be found early.",
			Right: "a NaN logit is accepted and makes its element NaN; a port may claim to be without nonfinite",
			vary:  refusing(ports.KindValue, "input has NaN", func(a *arguments) bool { return anyOf(a.Input, math.IsNaN) })},
		{Name: "empty-refused", Modules: every, rule: "EMPTY-NONE",
			Title: "Empty inputs are refused.",
			Why:   "An empty batch looks like an error.",
			Right: "an empty input is accepted: 'none' is empty, 'sum' 0, 'mean' NaN; a port may claim to be without empty",
			Met:   links("pytorch/pytorch/issues/15870: nll_loss failed for empty tensors", "pytorch/pytorch/pull/196204: BCELoss of a device stops at zero elements", "pytorch/pytorch/issues/51906: An empty input is expected to be refused"),
			vary: refusing(ports.KindShape, "input is empty", func(a *arguments) bool {
				return slices.Contains(a.Input.Shape, 0)
			})},
	}
}
