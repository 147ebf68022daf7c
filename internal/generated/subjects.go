package generated

import (
	"lossproof/internal/claim"
	"lossproof/ports"
)

var (
	ofElements = []string{ports.BCELoss, ports.BCEWithLogitsLoss}
	ofLabels   = []string{ports.MultiLabelSoftMarginLoss}
	ofLogits   = []string{ports.BCEWithLogitsLoss}
	ofClasses  = []string{ports.CrossEntropyLoss}
	ofRows     = []string{ports.MultiLabelSoftMarginLoss, ports.CrossEntropyLoss}
)

var subjects = []subject{
	{
		name: "elements", modules: ofElements, wish: wish{along: elements, each: true},
		says:   "Loss and gradient of an element are those of its own numbers, whatever the size of the input and the place of the element.",
		domain: "one to three dimensions, one of them of the size",
	},
	{
		name: "rows", modules: ofRows, wish: wish{along: rows, each: true},
		says:   "Loss and gradient of a row are those of its own numbers, whatever the number of rows and the place of the row.",
		domain: "(N, C) with N of the size and a few classes",
	},
	{
		name: "classes", modules: ofRows, wish: wish{along: classes, each: true},
		says:   "All classes of a row count, whatever their number and the place of a class.",
		domain: "(N, C) with C of the size and a few rows",
	},
	{
		name: "places", modules: ofClasses, wish: wish{along: places}, needs: []string{claim.Rank3},
		says:   "Loss and gradient are those of each place behind the classes, whatever their number.",
		domain: "(N, C, L) and (N, C, H, W) with L or H·W near the size",
	},
	{
		name: "vocabularies", modules: ofClasses, wish: wish{along: vocabularies},
		says:   "All classes of a vocabulary count: of 32,000, 50,257, 128,256, 151,936 and 256,000.",
		domain: "(N, C) with a few rows",
	},
	{
		name: "weighted-elements", modules: ofElements, wish: wish{along: elements, weight: true}, needs: []string{claim.Weight},
		says:   "Every element meets its own weight, whatever the size of the input and the shape of the weight.",
		domain: "a weight of the shape of the input, for each class or for each sample",
	},
	{
		name: "weighted-classes", modules: ofRows, wish: wish{along: classes, last: 15, weight: true}, needs: []string{claim.Weight},
		says:   "Every class meets its own weight, whatever the number of classes.",
		domain: "(N, C) with C of the size and a few rows, and a weight for each class",
	},
	{
		name: "weighted-rows", modules: ofClasses, wish: wish{along: rows, weight: true}, needs: []string{claim.Weight},
		says:   "Every row meets the weight of its target, whatever the number of rows, and the mean divides by the weights of all.",
		domain: "(N, C) with N of the size and a few classes, and a weight for each class",
	},
	{
		name: "pos-weights", modules: ofLogits, wish: wish{along: elements, posWeight: true}, needs: []string{claim.PosWeight},
		says:   "Every element meets its own pos_weight, whatever the size of the input and the shape of the pos_weight.",
		domain: "a pos_weight for each class or of the shape of the input",
	},
	{
		name: "upstream", modules: ofElements, wish: wish{along: elements, upstream: true}, needs: []string{claim.GradOutput},
		says:   "The gradient of every element is multiplied by its own upstream gradient, whatever the size of the input.",
		domain: "upstream gradients that differ from element to element",
	},
	{
		name: "upstream", modules: ofRows, wish: wish{along: rows, upstream: true}, needs: []string{claim.GradOutput},
		says:   "The gradient of every row is multiplied by its own upstream gradient, whatever the number of rows.",
		domain: "(N, C) with N of the size, and upstream gradients that differ from row to row",
	},
	{
		name: "ignored-rows", modules: ofClasses, wish: wish{along: rows, ignored: true}, needs: []string{claim.IgnoreIndex, claim.IntegerTargets},
		says:   "Ignored rows contribute nothing and do not count, wherever they are: a few, most, or whole blocks.",
		domain: "(N, C) with N of the size; ignore_index not given, negative, or one of the classes",
	},
	{
		name: "smoothing", modules: ofClasses, wish: wish{along: classes, last: 15, smoothing: true}, needs: []string{claim.LabelSmoothing},
		says:   "label_smoothing spreads over all classes, whatever their number.",
		domain: "(N, C) with C of the size and a few rows; label_smoothing of 1/8 to 7/8",
	},
	{
		name: "probabilities", modules: ofClasses, wish: wish{along: classes, last: 15, probabilities: true}, needs: []string{claim.ClassProbabilities, claim.SoftTargets},
		says:   "Every class meets its own probability, whatever the number of classes.",
		domain: "(N, C) with C of the size and a few rows; class probabilities that add to 1",
	},
	{
		name: "probable-rows", modules: ofClasses, wish: wish{along: rows, probabilities: true}, needs: []string{claim.ClassProbabilities, claim.SoftTargets},
		says:   "Every row meets its own class probabilities, whatever the number of rows.",
		domain: "(N, C) with N of the size and a few classes; class probabilities that add to 1",
	},
	{
		name: "masked-classes", modules: ofClasses, wish: wish{along: classes, masked: true}, needs: []string{claim.NonFinite, claim.IntegerTargets},
		says:   "Logits of -inf take their classes out, wherever they are: a few, whole tiles, or all but the target.",
		domain: "(N, C) with C of the size and a few rows; no target is masked",
	},
	{
		name: "masked-rows", modules: ofClasses, wish: wish{along: rows, last: 12, masked: true, lost: true}, needs: []string{claim.NonFinite, claim.IntegerTargets}, should: true,
		says:   "A row that is all -inf, or whose target is masked, changes no other.",
		domain: "(N, C) with N of the size and a few classes",
	},
	{
		name: "signed-zeros", modules: ofLogits, wish: wish{along: elements, last: 12, zeros: true},
		says:   "A zero is a zero, whatever its sign and place.",
		domain: "logits and targets of 0 and -0 among others",
	},
	{
		name: "signed-zeros", modules: ofRows, wish: wish{along: rows, last: 12, zeros: true},
		says:   "A zero is a zero, whatever its sign and place.",
		domain: "(N, C) with N of the size and a few classes; logits of 0 and -0 among others",
	},
	{
		name: "subnormals", modules: ofElements, wish: wish{along: elements, last: 12, tiny: true}, needs: []string{claim.Subnormals},
		says:   "Subnormal numbers do not vanish, and disturb no others, wherever they are.",
		domain: "subnormal logits or probabilities among others",
	},
	{
		name: "subnormals", modules: ofLabels, wish: wish{along: rows, last: 12, tiny: true}, needs: []string{claim.Subnormals},
		says:   "Subnormal numbers do not vanish, and disturb no others, wherever they are.",
		domain: "(N, C) with N of the size and a few classes; subnormal logits among others",
	},
	{
		name: "subnormals", modules: ofClasses, wish: wish{along: rows, last: 12, tiny: true}, needs: []string{claim.Subnormals},
		says:   "Subnormal logits and probabilities do not vanish, and disturb no other rows, wherever they are.",
		domain: "(N, C) with N of the size and a few classes; subnormal logits, and gaps between logits of a subnormal probability",
	},
	{
		name: "offsets", modules: ofClasses, wish: wish{along: classes, last: 15, offset: true},
		says:   "A number that all logits have in common changes nothing, up to 1e8.",
		domain: "(N, C) with C of the size and a few rows, each with an offset of its own",
	},
	{
		name: "uneven-rows", modules: ofClasses, wish: wish{along: rows, uneven: true},
		says:   "Rows of very different size do not disturb each other.",
		domain: "(N, C) with N of the size and a few classes; rows from 1e-6 to 1e6 times as large as others",
	},
	{
		name: "accumulation", modules: ofElements, wish: wish{along: elements, strict: true}, should: true,
		says:   "Sums over many elements are accurate: the error grows with the logarithm of their number, not with the number.",
		domain: "one to three dimensions, one of them of the size",
	},
	{
		name: "accumulation", modules: ofRows, wish: wish{along: rows, strict: true}, should: true,
		says:   "Sums over many rows are accurate: the error grows with the logarithm of their number, not with the number.",
		domain: "(N, C) with N of the size and a few classes",
	},
}
