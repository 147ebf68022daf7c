package site

import "path"

// question is what somebody asks of a loss, with the rules that answer it.
type question struct {
	ID, Title, Why string
	// rules are patterns of the rules' ids without the prefix of the module; the first question that
	// matches has a rule.
	rules []string
	// Page is the one that has it.
	Page string
	// quirks says that it has the rules that are quirks, and no others.
	quirks bool
}

// The pages of the table: one page would be too large.
const (
	semanticsPage = "semantics.html"
	edgesPage     = "refusals-and-digits.html"
	lawsPage      = "laws.html"
	sizesPage     = "sizes.html"
	quirksPage    = "quirks.html"
)

// questions are ordered by how far training goes wrong where an implementation answers otherwise.
var questions = []question{
	{Page: semanticsPage, ID: "formula", Title: "Is it the loss, and does its gradient point the right way?",
		Why:   "A wrong formula, or a gradient that is off at logit 0, trains another model from the first step on.",
		rules: []string{"FORMULA", "GRAD-INPUT", "LOGIT-ZERO", "TARGET-EQUALS-INPUT", "ONE-CLASS", "SIGMOID", "GRAD-OUTPUT"}},
	{Page: semanticsPage, ID: "confident", Title: "What becomes of a confident answer that is wrong?",
		Why:   "These samples have the largest gradients: where the loss is clamped or the gradient vanishes, nobody learns from them; where exp overflows, training ends in NaN.",
		rules: []string{"TAIL-LOSS", "TAIL-GRAD", "LOGIT-HUGE", "LOGIT-MAX", "CLAMP", "SHIFT", "DOMINATED"}},
	{Page: semanticsPage, ID: "mean", Title: "What does mean divide by?",
		Why:   "Another divisor is another learning rate, one that changes with the weights of each batch.",
		rules: []string{"MEAN", "WEIGHTED-MEAN", "CLASS-MEAN", "PROBABILITIES-MEAN", "IGNORE-MEAN", "SUM", "NONE-SHAPE", "LEGACY-REDUCTION", "REDUCTION-INVALID"}},
	{Page: semanticsPage, ID: "weights", Title: "What do weights and pos_weight multiply?",
		Why:   "A weight on the wrong term moves the decision threshold.",
		rules: []string{"WEIGHT", "POS-WEIGHT", "WEIGHT-*", "POS-WEIGHT-*"}},
	{Page: semanticsPage, ID: "smoothing", Title: "What does label smoothing mix in?",
		Why:   "Smoothing over another dimension, or without the true class, is another target.",
		rules: []string{"SMOOTHING", "SMOOTHING-*"}},
	{Page: semanticsPage, ID: "axis", Title: "Which dimension has the classes, and which shapes are taken?",
		Why:   "Where two dimensions have one length, the wrong one raises no error.",
		rules: []string{"CLASS-AXIS", "NO-BATCH", "RANK", "SCALAR", "NO-SCALAR"}},
	{Page: edgesPage, ID: "ignored", Title: "What becomes of an ignored row, and of a batch that is all ignored?",
		Why:   "Padding that counts in the mean, or a NaN from a batch of padding.",
		rules: []string{"IGNORE-INDEX", "IGNORE-WIDE", "IGNORE-NAN", "ALL-IGNORED", "IGNORE-PROBABILITIES"}},
	{Page: edgesPage, ID: "infinite", Title: "What happens at -inf and NaN, as in a masked class?",
		Why:   "A mask of -inf must take its class out, and a NaN must not be hidden.",
		rules: []string{"MASKED", "INF-LIMIT", "NAN-LOGIT", "TARGET-NAN", "NO-LIMIT"}},
	{Page: edgesPage, ID: "soft", Title: "What of soft targets, and of those that do not add to 1?",
		Why:   "Distillation and mixup have them: normalising or rounding them is another loss.",
		rules: []string{"TARGET-SOFT", "PROBABILITIES", "ONE-HOT", "NOT-NORMALISED", "GRAD-TARGET", "GRAD-WEIGHT"}},
	{Page: edgesPage, ID: "range", Title: "What of a label out of range, of another shape or dtype?",
		Why:   "What is not refused is computed, and a wrong label trains silently.",
		rules: []string{"INDEX-RANGE", "TARGET-RANGE", "INPUT-RANGE", "TARGET-SHAPE", "TARGET-DTYPE", "INPUT-DTYPE"}},
	{Page: edgesPage, ID: "nothing", Title: "What is the mean over nothing?",
		Why:   "An empty shard, or weights that add up to zero: NaN, 0 or an error.",
		rules: []string{"EMPTY-*", "NO-CLASSES", "ZERO-WEIGHT-MEAN"}},
	{Page: edgesPage, ID: "digits", Title: "How many digits are right, over many elements and near zero?",
		Why:   "Sums that lose digits, gradients that are flushed to zero, float64 that is computed in float32, what 16 bits lose.",
		rules: []string{"ACCUMULATION", "LARGE-GRAD", "SUBNORMAL", "*16*", "HALF*"}},
	{Page: lawsPage, ID: "laws", Title: "Which laws hold on generated inputs?",
		Why:   "Who memorised cases, or is right at their shapes alone, breaks these.",
		rules: []string{"LAW-*"}},
	{Page: sizesPage, ID: "sizes", Title: "Is it right at every size and place?",
		Why:   "Kernels have lanes, blocks and tails: who is right at small shapes may drop the last element of a large one.",
		rules: []string{"SIZE-*"}},
	{Page: sizesPage, ID: "more", Title: "And the rest",
		Why: "Rules that no question above has.", rules: []string{"*"}},
	{Page: quirksPage, ID: "quirks", Title: "Does it have PyTorch's quirks?", quirks: true,
		Why: "They contradict PyTorch's documentation or mathematics: to differ is no fault.", rules: []string{"*"}},
}

// questionOf returns the place of the question that a rule answers.
func questionOf(suffix string, quirk bool) int {
	for i, q := range questions {
		if q.quirks != quirk {
			continue
		}
		for _, pattern := range q.rules {
			if ok, err := path.Match(pattern, suffix); ok && err == nil {
				return i
			}
		}
	}
	return len(questions) - 1
}
