package claim

import "strings"

// The words of `without`. Each names something that a call may have; [Features] derives
// those of a case from its data. A claim that lists one says: I do not do this.
const (
	// Weight: the call has a weight, of whatever shape.
	Weight = "weight"
	// WeightClass: the last dimension of the weight alone is not 1; of CrossEntropyLoss any.
	WeightClass = "weight:class"
	// WeightElement: another dimension of the weight than the last is not 1; never of CrossEntropyLoss.
	WeightElement = "weight:element"
	// WeightBroadcast and PosWeightBroadcast: the weight, or pos_weight, has not the shape of input;
	// never of CrossEntropyLoss.
	WeightBroadcast    = "weight:broadcast"
	PosWeightBroadcast = "pos_weight:broadcast"
	// WeightNonPositive: a weight or pos_weight is zero or negative.
	WeightNonPositive = "weight:nonpositive"
	// PosWeight: the call has a pos_weight.
	PosWeight = "pos_weight"
	// ReductionNone, ReductionMean and ReductionSum: the reduction that the options come
	// to, mean where none is given. An invalid reduction has none of these.
	ReductionNone = "reduction:none"
	ReductionMean = "reduction:mean"
	ReductionSum  = "reduction:sum"
	// LegacyReduction: size_average, reduce or 'elementwise_mean' is given.
	LegacyReduction = "legacy_reduction"
	// SoftTargets: a target is neither 0 nor 1; class indices are no such targets.
	SoftTargets = "soft_targets"
	// Rank0, Rank1, Rank2 and Rank3: the rank of input; the last stands for three and more.
	Rank0 = "rank:0"
	Rank1 = "rank:1"
	Rank2 = "rank:2"
	Rank3 = "rank:3+"
	// OneClass: there is one class, for modules that have classes.
	OneClass = "one_class"
	// Clamp: a logarithm of BCELoss is below -100, where PyTorch clamps it.
	Clamp = "clamp"
	// Empty: input has no elements.
	Empty = "empty"
	// GradOutput: the call has an upstream gradient.
	GradOutput = "grad_output"
	// NonFinite: an input, or an expected result, is infinite or NaN.
	NonFinite = "nonfinite"
	// Subnormals: an input or an expected result is below the smallest normal number, or
	// a product of an element's factors may be. A port without it flushes them to zero.
	Subnormals = "subnormals"
	// MixedDType: a tensor other than an integer target has another dtype than input.
	MixedDType = "mixed_dtype"
	// IntegerTargets: the target has an integer dtype or bool. For CrossEntropyLoss
	// these are class indices.
	IntegerTargets = "integer_targets"
	// ClassProbabilities: the target of CrossEntropyLoss is of floating point.
	ClassProbabilities = "class_probabilities"
	// IgnoreIndex: ignore_index is given, or a class index is -100, its default.
	IgnoreIndex = "ignore_index"
	// IgnoreIndexNegative: it is negative, given or by default.
	IgnoreIndexNegative = "ignore_index:negative"
	// LabelSmoothing: label_smoothing is given.
	LabelSmoothing = "label_smoothing"
	// Rejections: PyTorch refuses the call.
	Rejections = "rejections"
)

// Words lists the words of `without`. Several of them joined by '+' name what has all of these at
// once, as "class_probabilities+label_smoothing" does; there are no others.
var Words = []string{
	Weight, WeightClass, WeightElement, WeightBroadcast, WeightNonPositive, PosWeight, PosWeightBroadcast,
	ReductionNone, ReductionMean, ReductionSum, LegacyReduction, SoftTargets, Rank0, Rank1, Rank2, Rank3,
	OneClass, Empty, GradOutput, NonFinite, Subnormals, Clamp, MixedDType, IntegerTargets,
	ClassProbabilities, IgnoreIndex, IgnoreIndexNegative, LabelSmoothing, Rejections,
}

// Means says of each word which cases are not asked; docs/protocol.md has the same sentences.
var Means = map[string]string{
	Weight:              "with a weight, of whatever shape",
	WeightClass:         "whose weight has a last dimension other than 1, and no other such dimension; of CrossEntropyLoss, whose weight has any such dimension",
	WeightElement:       "whose weight has another dimension than the last that is not 1; none of CrossEntropyLoss",
	WeightBroadcast:     "whose weight, or pos_weight, has not the shape of the input; none of CrossEntropyLoss",
	WeightNonPositive:   "with a weight or pos_weight that is zero or negative",
	PosWeight:           "with a pos_weight",
	PosWeightBroadcast:  "whose weight, or pos_weight, has not the shape of the input; none of CrossEntropyLoss",
	ReductionNone:       "with this reduction, however it is spelt",
	ReductionMean:       "with this reduction, however it is spelt",
	ReductionSum:        "with this reduction, however it is spelt",
	LegacyReduction:     "with `size_average`, `reduce` or `\"reduction\":\"elementwise_mean\"`",
	SoftTargets:         "with a target that is neither 0 nor 1",
	Rank0:               "whose input has 0, 1, 2, or 3 and more dimensions",
	Rank1:               "whose input has 0, 1, 2, or 3 and more dimensions",
	Rank2:               "whose input has 0, 1, 2, or 3 and more dimensions",
	Rank3:               "whose input has 0, 1, 2, or 3 and more dimensions",
	OneClass:            "of CrossEntropyLoss and MultiLabelSoftMarginLoss with one class",
	Empty:               "whose input has no elements",
	GradOutput:          "with an upstream gradient",
	NonFinite:           "with an infinity or a NaN in an input or in a right result",
	Subnormals:          "where a number below the smallest normal one matters: the port flushes them to zero",
	Clamp:               "of BCELoss with a probability so close to 0 or 1 that a logarithm is below -100",
	MixedDType:          "where another tensor than an integer target has another dtype than `input`",
	IntegerTargets:      "whose target has an integer dtype or bool; for CrossEntropyLoss these are class indices",
	ClassProbabilities:  "of CrossEntropyLoss whose target is of floating point",
	IgnoreIndex:         "with an `ignore_index`, or with its default, -100, in the target",
	IgnoreIndexNegative: "where that is negative",
	LabelSmoothing:      "with a `label_smoothing`",
	Rejections:          "that PyTorch refuses",
}

// parts returns the words that are joined to one, which may end in '+' themselves: "rank:3+".
func parts(word string) []string {
	var words []string
	for part := range strings.SplitSeq(word, "+") {
		if part == "" && len(words) > 0 {
			words[len(words)-1] += "+"
			continue
		}
		words = append(words, part)
	}
	return words
}
