"""The rules of BCELoss: (suffix, requirement, basis kind, basis text, link, sentence)."""

from __future__ import annotations

from .basis import (
    CRITERIA,
    DOC,
    INVALID_REDUCTION,
    ISSUE,
    LEGACY_FLAGS,
    OLD_NAME,
    OPINFO,
    PULL,
    REFUSED_REDUCTIONS,
    TESTS,
)

_FOLLOWS = "Follows from the formula for inputs in [0,1]."

RULES = [
    (
        "FORMULA", "must", "documented", "The formula of the page.", DOC,
        "The loss of an element is -w*(t*log(x) + (1-t)*log(1-x)): the negative log-likelihood of target t under probability x.",
    ),
    (
        "CLAMP", "must", "documented", "\"BCELoss clamps its log function outputs to be greater than or equal to -100.\"", DOC,
        "Each logarithm is clamped at -100 before it is multiplied: at x = 0 the loss is 100*t, at x = 1 it is 100*(1-t), and never infinite or NaN.",
    ),
    (
        "NONE-SHAPE", "must", "documented", "Shape section and reduction parameter.", DOC,
        "'none' keeps the shape of the input: one loss per element.",
    ),
    ("SUM", "must", "documented", "reduction='sum'.", DOC, "'sum' adds the losses of all elements."),
    (
        "MEAN", "must", "documented", "reduction='mean', the default.", DOC,
        "'mean', the default, divides the sum by the number of elements, never by the sum of the weights.",
    ),
    (
        "GRAD-INPUT", "must", "derived", "The derivative of the formula.", DOC,
        "The gradient of the input is w*(x-t)/(x*(1-x)) times the scale of the reduction.",
    ),
    (
        "GRAD-TARGET", "should", "tested", "OpInfo asks for the gradient of the target.", OPINFO,
        "The target is differentiable: its gradient is w*(log(1-x) - log(x)) times the scale of the reduction.",
    ),
    (
        "GRAD-TARGET-QUIRK", "quirk", "observed", "The logarithms are clamped in the loss alone.", PULL + "44950",
        "The gradient of the target is not clamped: infinite at x = 0 and x = 1, where that of the clamped loss is 100 and -100.",
    ),
    (
        "GRAD-OUTPUT", "must", "derived", "The chain rule.", DOC,
        "The upstream gradient multiplies the gradients, element by element for 'none'.",
    ),
    (
        "SIGMOID", "must", "tested", "bce_loss_always_nonnegative, same_result_as_sigmoid: both modules agree.", TESTS,
        "After a sigmoid the loss is that of BCEWithLogitsLoss, as exactly as the sigmoid is rounded.",
    ),
    (
        "LARGE-GRAD", "must", "derived", _FOLLOWS, DOC,
        "The gradient of a mean over many elements is small, and right: it is neither zero nor that of the sum.",
    ),
    (
        "ACCUMULATION", "should", "observed", "torch sums pairwise.", DOC,
        "Sums over many elements are accurate: the error grows with the logarithm of their number, not with the number.",
    ),
    (
        "WEIGHT-BROADCAST", "must", "tested", "bce_loss_broadcasts_weights; the page has a weight for each element of a batch.", TESTS,
        "weight is broadcast to the shape of the input and multiplies the loss of each element.",
    ),
    (
        "WEIGHT-ZERO", "must", "derived", _FOLLOWS, DOC,
        "An element of weight zero contributes exactly zero to loss and gradient, and still counts in the mean.",
    ),
    (
        "WEIGHT-NEGATIVE", "should", "observed", "No version of torch checks the sign.", DOC,
        "Negative weights are accepted and turn the sign of loss and gradient.",
    ),
    (
        "WEIGHT-EXTREME", "must", "derived", _FOLLOWS, DOC,
        "Weights of 1e30 and 1e-30 scale loss and gradient as any other weight does.",
    ),
    (
        "WEIGHT-NONFINITE", "should", "observed", "No version of torch checks the weights.", DOC,
        "Infinite and NaN weights are accepted and show in loss and gradient.",
    ),
    (
        "WEIGHT-SHAPE", "should", "observed", "torch raises RuntimeError.", DOC,
        "A weight that does not broadcast to the shape of the input is refused.",
    ),
    (
        "WEIGHT-DTYPE-QUIRK", "quirk", "observed", "The weight is multiplied in place.", DOC,
        "A weight of another dtype, integers and bool included, is accepted, and the result keeps the dtype of the input.",
    ),
    (
        "TARGET-SOFT", "must", "derived", "The formula holds for every target in [0,1].", DOC,
        "Targets between 0 and 1 are weighed as the formula says, not rounded.",
    ),
    (
        "TARGET-EQUALS-INPUT", "must", "derived", _FOLLOWS, DOC,
        "Where the target equals the input, the gradient is zero and the loss is the entropy, which is not.",
    ),
    (
        "TARGET-RANGE", "should", "observed", "\"all elements of target should be between 0 and 1\", since 2.2.", ISSUE + "87373",
        "A target with an element outside [0,1], or NaN, is refused.",
    ),
    (
        "TARGET-SHAPE", "should", "tested", "bce_loss_size_mismatch.", TESTS,
        "A target whose shape differs from that of the input is refused, even where it would broadcast.",
    ),
    (
        "TARGET-DTYPE", "should", "observed", "\"Found dtype Double but expected Float\".", DOC,
        "A target of another dtype than the input is refused.",
    ),
    (
        "INPUT-RANGE", "should", "tested", "bce_loss_input_range.", TESTS,
        "An input with an element outside [0,1], infinite or NaN, is refused, also under weight 0.",
    ),
    (
        "INPUT-DTYPE", "should", "observed", "\"binary_cross_entropy\" not implemented for 'Long'.", DOC,
        "Integer and bool inputs are refused.",
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
        "TAIL-LOSS", "must", "derived", _FOLLOWS, ISSUE + "4867",
        "The loss stays right next to 0 and 1: no epsilon is added, and nothing is clamped but the logarithms at -100.",
    ),
    (
        "TAIL-GRAD", "must", "derived", _FOLLOWS, ISSUE + "103316",
        "The gradient stays right next to 0 and 1, as long as x*(1-x) is at least 1e-12.",
    ),
    (
        "EPSILON-QUIRK", "quirk", "observed", "The denominator is max((1-x)*x, EPSILON), EPSILON being the float32 nearest to 1e-12.", ISSUE + "103316",
        "Where x*(1-x) is below 1e-12, the gradient is that of 1e-12 (as a float32, for float64 too): 0 or up to 1e12 in size, not the derivative of the loss.",
    ),
    (
        "SUBNORMAL", "should", "observed", "CPU kernels do not flush.", DOC,
        "Subnormal inputs are taken as what they are, not flushed to zero.",
    ),
    ("RANK", "must", "documented", "Shape section.", DOC, "Inputs of any number of dimensions are accepted."),
    (
        "SCALAR", "must", "tested", "BCELoss_no_reduce_scalar.", CRITERIA,
        "A 0-d input is accepted; the loss is 0-d for every reduction.",
    ),
    ("EMPTY-MEAN", "should", "observed", "Kept by design.", ISSUE + "50224", "The mean over nothing is NaN; the gradient is empty."),
    ("EMPTY-SUM", "should", "observed", "The empty sum.", DOC, "The sum over nothing is 0."),
    ("EMPTY-NONE", "should", "observed", "Nothing in, nothing out.", DOC, "'none' of an empty input is empty, of its shape."),
]  # fmt: skip
