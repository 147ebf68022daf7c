"""The rules of CrossEntropyLoss: (suffix, requirement, basis kind, basis text, link, sentence)."""

from __future__ import annotations

from .basis import (
    DOC,
    INVALID_REDUCTION,
    ISSUE,
    LEGACY_FLAGS,
    MODULE_TESTS,
    OLD_NAME,
    OPINFO,
    REFUSED_REDUCTIONS,
    TESTS,
)

_FOLLOWS = "Follows from the formula for finite inputs."

RULES = [
    (
        "FORMULA", "must", "documented", "The formula of the page.", DOC,
        "With a class index y as target, the loss of a row is w[y]*(log(sum exp(x)) - x[y]): the negative log-likelihood of class y under softmax(x).",
    ),
    (
        "PROBABILITIES", "must", "documented", "The formula of the page for class probabilities.", DOC,
        "With class probabilities t as target, which are floats of the shape of the input, the loss of a row is the sum over its classes of w[c]*t[c]*(log(sum exp(x)) - x[c]).",
    ),
    (
        "NONE-SHAPE", "must", "documented", "Shape section and reduction parameter.", DOC,
        "'none' drops the class dimension: one loss for each row.",
    ),
    ("SUM", "must", "documented", "reduction='sum'.", DOC, "'sum' adds the losses of all rows."),
    (
        "MEAN", "must", "documented", "reduction='mean', the default.", DOC,
        "'mean', the default, divides the sum by the number of rows, not of elements, where there are neither weights nor ignored targets.",
    ),
    (
        "CLASS-AXIS", "must", "documented", "Shape section: (N, C, d1, ..., dK).", DOC,
        "The classes are dimension 1, also where another dimension has the same length.",
    ),
    (
        "NO-BATCH", "must", "documented", "Shape section: input (C), target () or (C).", DOC,
        "A 1-d input is one row: the loss is 0-d for every reduction.",
    ),
    (
        "NO-SCALAR", "should", "observed", "torch raises IndexError or RuntimeError; the page has at least (C).", DOC,
        "A 0-d input is refused: there are no classes.",
    ),
    (
        "ONE-INDEX-QUIRK", "quirk", "observed", "The page has class indices of shape () for an input (C). With label_smoothing the call is refused.", DOC,
        "For an input (C) class indices of shape (1) are accepted; the loss is 0-d, and its gradient raises.",
    ),
    (
        "ONE-CLASS", "should", "derived", "Follows from the formula; to choose among one class is nothing that a library must take.", DOC,
        "With one class, loss and gradient are zero whatever the logit.",
    ),
    (
        "GRAD-INPUT", "must", "derived", "The derivative of the formula.", DOC,
        "The gradient of the logits of a row is softmax(x) times the sum of the row's coefficients, less the coefficient of each class, times the scale of the reduction.",
    ),
    (
        "GRAD-TARGET", "should", "tested", "OpInfo: class probabilities with requires_grad.", OPINFO,
        "Class probabilities are differentiable: their gradient is -w[c]*(1-e)*log_softmax(x)[c] times the scale of the reduction, e being label_smoothing.",
    ),
    (
        "GRAD-WEIGHT", "should", "observed", "The weight is differentiable with class probabilities alone.", DOC,
        "With class probabilities the weight is differentiable: its gradient sums what it multiplies.",
    ),
    (
        "GRAD-OUTPUT", "must", "derived", "The chain rule.", DOC,
        "The upstream gradient multiplies the gradients, row by row for 'none'.",
    ),
    (
        "LARGE-GRAD", "must", "derived", _FOLLOWS, DOC,
        "The gradient of a mean over many rows is small, and right: it is neither zero nor that of the sum.",
    ),
    (
        "ACCUMULATION", "should", "observed", "torch sums pairwise.", DOC,
        "Sums over many rows are accurate: the error grows with the logarithm of their number, not with the number.",
    ),
    (
        "WEIGHT", "must", "documented", "The weight parameter.", DOC,
        "weight, one for each class, multiplies the loss of a row by that of its target, and with class probabilities each of its terms.",
    ),
    (
        "WEIGHTED-MEAN", "must", "documented", "The formula of the page for reduction='mean'.", ISSUE + "61309",
        "With class indices, 'mean' divides the sum by the sum of the weights of the targets.",
    ),
    (
        "PROBABILITIES-MEAN", "must", "documented", "The formula of the page for class probabilities: the sum is divided by N.", ISSUE + "61309",
        "With class probabilities, 'mean' divides the sum by the number of rows, whatever the weights.",
    ),
    (
        "ONE-HOT", "must", "tested", "cross_entropy_loss_one_hot_target.", TESTS,
        "One-hot class probabilities give what class indices give, but for the weighted mean.",
    ),
    (
        "WEIGHT-ZERO", "must", "derived", _FOLLOWS, DOC,
        "A row whose target has weight zero contributes exactly zero to loss and gradient, and nothing to the divisor of the mean.",
    ),
    (
        "ZERO-WEIGHT-MEAN", "should", "observed", "0/0, or a number by 0.", ISSUE + "64572",
        "Where the weights of the targets add up to zero, the mean is NaN or infinite: the sum divided by zero.",
    ),
    (
        "ZERO-WEIGHT-QUIRK", "quirk", "observed", "The part of the target and that of smoothing are divided each for itself: 0/0 beside a number by 0.", DOC,
        "Where all targets have weight zero, the mean with label_smoothing is NaN, though the sum of the smoothing part is not zero.",
    ),
    (
        "WEIGHT-NEGATIVE", "should", "tested", "The module tests draw weights from [-9,9].", MODULE_TESTS,
        "Negative weights are accepted; they turn the sign of sums, and enter the divisor of the mean as they are.",
    ),
    (
        "WEIGHT-EXTREME", "must", "derived", _FOLLOWS, DOC,
        "Weights of 1e30 and 1e-30 scale loss and gradient as any other weight does, and cancel in the mean of class indices.",
    ),
    (
        "WEIGHT-NONFINITE", "should", "observed", "No version of torch checks the weights.", DOC,
        "Infinite and NaN weights are accepted and show in the loss.",
    ),
    (
        "NONFINITE-GRAD-QUIRK", "quirk", "observed", "inf*0 is NaN; whether it occurs depends on the order of products.", DOC,
        "Where a weight is infinite, or the weights of the targets add up to zero in the divisor of the mean, the gradient is infinite or NaN as torch's order of products has it.",
    ),
    (
        "WEIGHT-SHAPE", "should", "tested", "module_inputs: weight (2,) for 3 classes.", MODULE_TESTS,
        "A weight that is not one number for each class is refused.",
    ),
    (
        "WEIGHT-COUNT-QUIRK", "quirk", "observed", "The kernel for more than two dimensions looks at weight.numel(); label smoothing broadcasts the weight.", DOC,
        "With class indices for an input of three dimensions or more, a weight of any shape is accepted that has one element for each class.",
    ),
    (
        "WEIGHT-DTYPE", "should", "observed", "\"expected scalar type Float but found Double\".", DOC,
        "With class indices, a weight of another dtype than the input is refused.",
    ),
    (
        "IGNORE-INDEX", "must", "documented", "\"Specifies a target value that is ignored and does not contribute to the input gradient.\"", DOC,
        "A row whose target is ignore_index, -100 by default, in the range of classes or not, has loss 0 and gradient 0; its class stays in the softmax of the other rows.",
    ),
    (
        "IGNORE-MEAN", "must", "documented", "\"When size_average is True, the loss is averaged over non-ignored targets.\"", DOC,
        "Ignored rows do not count in the divisor of the mean, with weights or without.",
    ),
    (
        "IGNORE-WIDE", "should", "observed", "Class indices are int64. Those of other libraries have 32 bits.", DOC,
        "ignore_index may be any int64: beyond 32 bits it ignores what it ignores within.",
    ),
    (
        "IGNORE-NAN", "should", "observed", "The row is left out, not multiplied by 0, which would leave NaN.", ISSUE + "11551",
        "The loss of an ignored row is 0 whatever its logits are, infinite and NaN ones too.",
    ),
    (
        "ALL-IGNORED", "should", "tested", "nll_loss_all_ignored: deliberate since 1.11.", ISSUE + "64572",
        "The mean of rows that are all ignored is NaN; their gradient is zero.",
    ),
    (
        "IGNORE-NAN-QUIRK", "quirk", "observed", "The gradient of log_softmax multiplies 0 by NaN.", ISSUE + "11551",
        "The gradient of an ignored row with a NaN or +inf logit, or of -inf alone, is NaN, though the row does not count.",
    ),
    (
        "IGNORE-PROBABILITIES", "should", "documented", "\"ignore_index is only applicable when the target contains class indices.\"", DOC,
        "With class probabilities, an ignore_index of 0 or more is refused; a negative one has no effect.",
    ),
    (
        "SMOOTHING", "must", "documented", "The label_smoothing parameter: a mixture of the target and a uniform distribution.", ISSUE + "7455",
        "label_smoothing e replaces the target by (1-e) times it plus e/C for every one of the C classes.",
    ),
    (
        "SMOOTHING-WEIGHT", "should", "tested", "cross_entropy_label_smoothing_with_probs, weight_ignore_indices.", ISSUE + "104776",
        "The smoothing part weighs each class with its own weight, and with class indices the mean still divides by the weights of the targets alone.",
    ),
    (
        "SMOOTHING-IGNORE", "must", "tested", "cross_entropy_label_smoothing_weight_ignore_indices.", ISSUE + "73205",
        "With label_smoothing too, an ignored row contributes nothing, neither to the sum nor to the divisor.",
    ),
    (
        "SMOOTHING-ONE", "should", "documented", "\"A float in [0.0, 1.0]\". Other libraries want less than 1.", DOC,
        "A label_smoothing of 1 is accepted: the target counts nothing, every class 1/C.",
    ),
    (
        "SMOOTHING-RANGE", "should", "tested", "cross_entropy_label_smoothing_errors.", TESTS,
        "A label_smoothing above 1 is refused.",
    ),
    (
        "SMOOTHING-QUIRK", "quirk", "observed", "The check is label_smoothing > 0.", DOC,
        "A negative or NaN label_smoothing is not refused but taken for 0.",
    ),
    (
        "NOT-NORMALISED", "should", "observed", "\"This criterion does not validate class probabilities.\"", DOC,
        "Class probabilities that do not add up to 1 are taken as they are: neither refused nor normalised.",
    ),
    (
        "TARGET-RANGE", "should", "tested", "The tests take class probabilities from randn.", TESTS,
        "Class probabilities outside [0,1] are neither refused nor clipped; the loss may be negative.",
    ),
    (
        "TARGET-NAN", "should", "observed", "NaN propagates through the formula.", DOC,
        "A NaN among the class probabilities makes the loss and the gradient of its row NaN, and no other row's.",
    ),
    (
        "INDEX-RANGE", "should", "documented", "\"class indices in the range [0, C)\". The page does not say what happens to others.", ISSUE + "15666",
        "A class index outside [0,C) that is not ignore_index is refused.",
    ),
    (
        "TARGET-SHAPE", "should", "tested", "module_inputs: batch 2 against 3, (2,3,5) against (2,4).", MODULE_TESTS,
        "A target that has neither the shape of the input nor that without the class dimension is refused.",
    ),
    (
        "TARGET-DTYPE", "should", "tested", "module_inputs: int64 target of the shape of the input.", MODULE_TESTS,
        "Class indices of int32 or bool, and integer class probabilities, are refused.",
    ),
    (
        "TARGET-UINT8-QUIRK", "quirk", "tested", "nll_loss_byte_target_matches_long.", ISSUE + "59765",
        "Class indices of uint8 are accepted for inputs of one or two dimensions, and refused for more.",
    ),
    (
        "INPUT-DTYPE", "should", "observed", "\"log_softmax_lastdim_kernel_impl\" not implemented for 'Long'.", DOC,
        "Integer and bool logits are refused.",
    ),
    (
        "DTYPE-QUIRK", "quirk", "observed", "Type promotion.", DOC,
        "With class probabilities the result is promoted: a float64 target or weight makes the loss of float32 logits float64.",
    ),
    (
        "REDUCTION-INVALID", "should", "documented", INVALID_REDUCTION, DOC,
        REFUSED_REDUCTIONS,
    ),
    (
        "REDUCTION-QUIRK", "quirk", "observed", OLD_NAME, DOC,
        "'elementwise_mean' is accepted and means 'mean'.",
    ),
    (
        "LEGACY-REDUCTION", "must", "documented", LEGACY_FLAGS, DOC,
        "size_average and reduce, if either is given, override reduction: reduce=False is 'none', else size_average=False is 'sum', else 'mean'.",
    ),
    (
        "SHIFT", "must", "derived", "softmax does not change where a constant is added to its row.", DOC,
        "Only differences of logits count: far from zero loss and gradient are those of the same row near zero.",
    ),
    (
        "TAIL-LOSS", "must", "derived", _FOLLOWS, ISSUE + "795",
        "The loss stays right where the target is far below the largest logit: no overflow of exp, no log of zero, no epsilon.",
    ),
    (
        "TAIL-GRAD", "must", "derived", _FOLLOWS, ISSUE + "795",
        "The gradient stays right where logits are far apart.",
    ),
    (
        "DOMINATED", "must", "derived", _FOLLOWS, ISSUE + "795",
        "Where the target's logit is far above the others, the loss is about the sum of their exp(-gap), not negative, infinite or NaN.",
    ),
    (
        "LOGIT-HUGE", "must", "derived", _FOLLOWS, DOC,
        "For logits of 1e10 to 1e30 the loss is the distance of the target's logit from the largest.",
    ),
    (
        "LOGIT-MAX", "should", "derived", _FOLLOWS, DOC,
        "At the largest finite logits the loss is finite wherever the result is.",
    ),
    (
        "SUBNORMAL", "should", "observed", "CPU kernels do not flush. A loss that is flushed is seen at level exact alone.", DOC,
        "Losses and gradients below the smallest normal number are subnormal, not flushed to zero.",
    ),
    (
        "MASKED", "should", "observed", "exp(-inf) is 0.", ISSUE + "49844",
        "A logit of -inf takes its class out: probability and gradient are 0 there, the loss is infinite only where that class is the target or has a share in it.",
    ),
    (
        "INF-NAN", "quirk", "observed", "inf - inf and 0*inf are NaN.", ISSUE + "49844",
        "Loss and gradient are NaN where the limit is not: at one logit of +inf, at an infinite logit of the only class, and the loss where a share or weight of 0 meets an infinite one.",
    ),
    (
        "NO-LIMIT", "should", "observed", "inf - inf is NaN.", ISSUE + "49844",
        "A row of several classes that is all -inf, or has several logits of +inf, has no softmax: its loss and gradient are NaN, and no other row's.",
    ),
    (
        "NAN-LOGIT", "should", "observed", "NaN propagates through the formula.", DOC,
        "A NaN logit makes the loss and the gradient of its whole row NaN, and no other row's.",
    ),
    ("EMPTY-MEAN", "should", "tested", "nll_loss_empty_tensor_reduction_mean.", TESTS, "The mean over no rows is NaN; the gradient is empty."),
    ("EMPTY-SUM", "should", "tested", "nll_loss_empty_tensor_reduction_sum.", TESTS, "The sum over no rows is 0."),
    ("EMPTY-NONE", "should", "tested", "nll_loss_empty_tensor_reduction_none.", TESTS, "'none' of no rows is empty."),
    (
        "NO-CLASSES", "should", "observed", "The empty sum.", DOC,
        "Without classes the loss of a row is 0 with class probabilities, and of an ignored row; the gradient is empty.",
    ),
    (
        "NO-CLASSES-MEAN-QUIRK", "quirk", "observed", "torch counts the rows by dividing the number of elements by that of classes: 0/0. The page divides by N.", DOC,
        "Without classes the mean with class probabilities is NaN, though there are rows, each with the loss 0.",
    ),
    (
        "NO-CLASSES-QUIRK", "quirk", "observed", "label_smoothing by C = 0 classes is inf, and inf*0 is NaN; the kernel for three dimensions calls the sizes a mismatch.", DOC,
        "Without classes label_smoothing makes the loss of ignored rows, and the sum of no rows, NaN; ignored rows of an input of three dimensions are refused.",
    ),
]  # fmt: skip
