"""The rules: what is demanded, how strongly, and why.

Those of the two modules of logits stand here, the others in bce_rules.py and cross_entropy_rules.py.

A rule is (suffix, requirement, basis kind, basis text, link, sentence); each part may be one for each module.
The id is the module's prefix and the suffix. Kinds of basis: documented (by PyTorch), tested (by
PyTorch's own tests), derived (follows from the formula for finite inputs), observed (what torch does).
"""

from __future__ import annotations

from . import bce_rules, cross_entropy_rules, half_rules, otherwise
from .basis import (
    CRITERIA,
    DOC,
    DOCS,
    INVALID_REDUCTION,
    ISSUE,
    LEGACY_FLAGS,
    MODULE_TESTS,
    OLD_NAME,
    OPINFO,
    PULL,
    REFUSED_REDUCTIONS,
    TESTS,
)
from .model import BCE, BCEWL, CE, MLSM, PREFIX

#: Rules that both modules have, with one sentence or one for each.
_COMMON = [
    (
        "FORMULA",
        "must",
        "documented",
        "The formula of the page.",
        DOC,
        {
            BCEWL: "The loss of an element is w*(p*t*softplus(-x) + (1-t)*softplus(x)): the negative log-likelihood"
            " of target t under probability sigmoid(x).",
            MLSM: "The loss of a sample is the mean over its classes of w*(t*softplus(-x) + (1-t)*softplus(x)).",
        },
    ),
    (
        "NONE-SHAPE",
        "must",
        "documented",
        "Shape section and reduction parameter.",
        DOC,
        {
            BCEWL: "'none' keeps the shape of the input: one loss per element.",
            MLSM: "'none' drops the last dimension: one loss per sample, the mean over its classes.",
        },
    ),
    (
        "SUM",
        "must",
        "documented",
        "reduction='sum'.",
        DOC,
        {
            BCEWL: "'sum' adds the losses of all elements.",
            MLSM: "'sum' adds the class means of all samples: the sum of BCEWithLogitsLoss divided by the number of classes.",
        },
    ),
    (
        "MEAN",
        "must",
        "documented",
        "reduction='mean', the default.",
        DOC,
        {
            BCEWL: "'mean', the default, divides the sum by the number of elements, never by the sum of the weights.",
            MLSM: "'mean', the default, averages the class means over all samples; it never divides by the sum of the weights.",
        },
    ),
    (
        "GRAD-INPUT",
        "must",
        "derived",
        "The derivative of the formula.",
        DOC,
        {
            BCEWL: "The gradient of the input is w*((1-t)*sigmoid(x) - p*t*sigmoid(-x)) times the scale of the reduction.",
            MLSM: "The gradient of the input is w*((1-t)*sigmoid(x) - t*sigmoid(-x)) times the scale of reduction and class mean.",
        },
    ),
    (
        "GRAD-TARGET",
        "should",
        {BCEWL: "tested", MLSM: "observed"},
        {BCEWL: "OpInfo asks for the gradient of the target.", MLSM: "autograd differentiates the target."},
        {BCEWL: OPINFO, MLSM: DOC},
        {
            BCEWL: "The target is differentiable: its gradient is w*(p*softplus(-x) - softplus(x)) times the scale, -x*w without pos_weight.",
            MLSM: "The target is differentiable: its gradient is -x*w times the scale of reduction and class mean.",
        },
    ),
    (
        "GRAD-OUTPUT",
        "must",
        "derived",
        "The chain rule.",
        DOC,
        "The upstream gradient multiplies the gradients, element by element for 'none'.",
    ),
    (
        "LARGE-GRAD",
        "must",
        "derived",
        "Follows from the formula.",
        DOC,
        "The gradient of a mean over many elements is small, and right: it is neither zero nor that of the sum.",
    ),
    (
        "ACCUMULATION",
        "should",
        "observed",
        "torch sums pairwise.",
        DOC,
        "Sums over many elements are accurate: the error grows with the logarithm of their number, not with the number.",
    ),
    (
        "WEIGHT-BROADCAST",
        "must",
        "documented",
        "The weight parameter; broadcasting is tested upstream.",
        DOC,
        {
            BCEWL: "weight is broadcast to the shape of the input and multiplies the loss of each element.",
            MLSM: "weight, one for each class, multiplies the loss of each class before the mean over classes.",
        },
    ),
    (
        "WEIGHT-ZERO",
        "must",
        "derived",
        "Follows from the formula.",
        DOC,
        "An element of weight zero contributes exactly zero to loss and gradient, and still counts in the mean.",
    ),
    (
        "WEIGHT-NEGATIVE",
        "should",
        "observed",
        "No version of torch checks the sign.",
        DOC,
        "Negative weights are accepted and turn the sign of loss and gradient.",
    ),
    (
        "WEIGHT-EXTREME",
        "must",
        "derived",
        "Follows from the formula for finite inputs.",
        DOC,
        "Weights of 1e30 and 1e-30 scale loss and gradient as any other weight does.",
    ),
    (
        "WEIGHT-NONFINITE",
        "should",
        "observed",
        "No version of torch checks the weights.",
        DOC,
        "Infinite and NaN weights are accepted and show in the loss.",
    ),
    (
        "NONFINITE-GRAD-QUIRK",
        "quirk",
        "observed",
        "inf*0 is NaN; whether it occurs depends on the order of products.",
        DOC,
        {
            BCEWL: "Where a weight or pos_weight is infinite, the gradient is infinite or NaN as torch's order of products has it.",
            MLSM: "Where a weight is infinite, the gradient is infinite or NaN as torch's order of products has it.",
        },
    ),
    (
        "WEIGHT-SHAPE",
        "should",
        "observed",
        "torch raises RuntimeError.",
        ISSUE + "2161",
        {
            BCEWL: "A weight that does not broadcast to the shape of the input is refused.",
            MLSM: "A weight that does not broadcast with the input is refused.",
        },
    ),
    (
        "TARGET-SOFT",
        "must",
        "derived",
        "The formula holds for every target in [0,1].",
        DOC,
        "Targets between 0 and 1 are weighed as the formula says, not rounded.",
    ),
    (
        "TARGET-RANGE",
        "should",
        "observed",
        "Never checked; -1 is no padding.",
        {BCEWL: ISSUE + "80208", MLSM: ISSUE + "92000"},
        "Targets outside [0,1] are neither refused nor clipped, and -1 is not ignored; the loss may be negative.",
    ),
    (
        "TARGET-NAN",
        "should",
        "observed",
        "NaN propagates through the formula.",
        ISSUE + "80208",
        "A NaN target makes loss and gradient of its element NaN.",
    ),
    (
        "TARGET-SHAPE",
        "should",
        {BCEWL: "tested", MLSM: "observed"},
        {
            BCEWL: "bce_with_logits_raises_if_target_and_input_are_different_size.",
            MLSM: "torch raises RuntimeError.",
        },
        {BCEWL: TESTS, MLSM: ISSUE + "1944"},
        {
            BCEWL: "A target whose shape differs from that of the input is refused, even where it would broadcast.",
            MLSM: "A target that does not broadcast with the input is refused.",
        },
    ),
    (
        "TARGET-DTYPE",
        "should",
        "observed",
        "torch raises RuntimeError or NotImplementedError.",
        ISSUE + "68655",
        {
            BCEWL: "Integer and bool targets are refused.",
            MLSM: "Bool targets are refused.",
        },
    ),
    (
        "INPUT-DTYPE",
        "should",
        "observed",
        "\"log_sigmoid_cpu\" not implemented for 'Long'.",
        DOC,
        "Integer and bool logits are refused.",
    ),
    (
        "REDUCTION-INVALID",
        "should",
        "documented",
        INVALID_REDUCTION,
        DOC,
        {
            BCEWL: REFUSED_REDUCTIONS,
            MLSM: "A reduction other than 'none', 'mean' and 'sum' is refused, 'elementwise_mean' too.",
        },
    ),
    (
        "LEGACY-REDUCTION",
        "must",
        "documented",
        LEGACY_FLAGS,
        DOC,
        "size_average and reduce, if either is given, override reduction: reduce=False is 'none', else size_average=False is 'sum', else 'mean'.",
    ),
    (
        "TAIL-LOSS",
        "must",
        "derived",
        "Follows from the formula for finite inputs.",
        {BCEWL: ISSUE + "751", MLSM: ISSUE + "1516"},
        "The loss stays right in the tails: no overflow of exp, no log of zero, no epsilon, no clamp.",
    ),
    (
        "TAIL-GRAD",
        "must",
        "derived",
        "Follows from the formula for finite inputs.",
        {BCEWL: ISSUE + "195677", MLSM: ISSUE + "1516"},
        "The gradient stays right in the tails, whatever the loss's path through exp and log does.",
    ),
    (
        "LOGIT-ZERO",
        "must",
        {BCEWL: "tested", MLSM: "derived"},
        {BCEWL: "has_correct_grad_at_zero.", MLSM: "The derivative of the formula."},
        {BCEWL: TESTS, MLSM: ISSUE + "2195"},
        {
            BCEWL: "Around logit zero, of either sign, the gradient is (1-t)/2 - p*t/2: no trace of a derivative of abs or max.",
            MLSM: "Around logit zero, of either sign, the gradient is 1/2 - t: no trace of a derivative of abs or max.",
        },
    ),
    (
        "LOGIT-HUGE",
        "must",
        "derived",
        "Follows from the formula for finite inputs.",
        DOC,
        "For logits of 1e4 and 1e30 the loss is |x| times its coefficient on the wrong side and 0 on the right one.",
    ),
    (
        "LOGIT-MAX",
        "should",
        "derived",
        "Follows from the formula for finite inputs.",
        ISSUE + "51906",
        "At the largest finite logit the loss is finite wherever the result is.",
    ),
    (
        "SUBNORMAL",
        "should",
        "observed",
        "CPU kernels do not flush. A loss that is flushed is seen at level exact alone.",
        DOC,
        "Losses and gradients below the smallest normal number are subnormal, not flushed to zero.",
    ),
    (
        "INF-LIMIT",
        "should",
        "observed",
        "Where torch returns the limit: every gradient does.",
        ISSUE + "135359",
        "At an infinite logit the gradient is the limit of the formula, and so is the loss where torch does not return NaN.",
    ),
    (
        "INF-NAN",
        "quirk",
        "observed",
        "Open since 2020.",
        ISSUE + "49844",
        {
            BCEWL: "The loss at some infinite logits is NaN where the limit is 0 or infinite (x=inf with t=1, x=-inf with any t), and where a weight of 0 meets an infinite loss.",
            MLSM: "The loss at some infinite logits is NaN where the limit is 0 (x=inf with t=1, x=-inf with t=0), and where a weight of 0 meets an infinite loss.",
        },
    ),
    (
        "NAN-LOGIT",
        "should",
        "observed",
        "NaN propagates through the formula.",
        DOC,
        "A NaN logit makes the loss and the gradient of its element NaN, and no other element's.",
    ),
    (
        "RANK",
        {BCEWL: "must", MLSM: "should"},
        {BCEWL: "documented", MLSM: "observed"},
        {BCEWL: "Shape section.", MLSM: "The page has (N, C) alone."},
        DOC,
        {
            BCEWL: "Inputs of any number of dimensions are accepted.",
            MLSM: "Inputs of more than two dimensions are accepted; the classes are the last dimension.",
        },
    ),
    (
        "EMPTY-MEAN",
        "should",
        "observed",
        "Kept by design.",
        ISSUE + "50224",
        "The mean over nothing is NaN; the gradient is empty.",
    ),
    (
        "EMPTY-SUM",
        "should",
        "observed",
        "The empty sum.",
        DOC,
        {
            BCEWL: "The sum over nothing is 0.",
            MLSM: "The sum over no samples is 0.",
        },
    ),
    (
        "EMPTY-NONE",
        "should",
        "observed",
        "Nothing in, nothing out.",
        DOC,
        "'none' of an empty input is empty, of the shape that the rule of 'none' says.",
    ),
    (
        "DTYPE-QUIRK",
        "quirk",
        "observed",
        "In-place operations and type promotion.",
        ISSUE + "171282",
        {
            BCEWL: "The result has the dtype of the target: float64 logits with float32 targets lose precision silently.",
            MLSM: "The result is promoted: float32 logits with a float64 target or weight give a float64 loss.",
        },
    ),
]

_OWN = {
    BCEWL: [
        (
            "SCALAR",
            "must",
            "tested",
            "BCEWithLogitsLoss_no_reduce_scalar.",
            CRITERIA,
            "A 0-d input is accepted; the loss is 0-d for every reduction.",
        ),
        (
            "POS-WEIGHT",
            "must",
            "documented",
            "The pos_weight parameter.",
            DOC,
            "pos_weight multiplies the term of the positive targets, p*t*softplus(-x), alone.",
        ),
        (
            "POS-WEIGHT-BROADCAST",
            "must",
            "documented",
            "The pos_weight parameter.",
            DOC,
            "pos_weight is broadcast to the shape of the input from its last dimension: (C,) weighs classes, (C,1,1) the third dimension from the end.",
        ),
        (
            "POS-WEIGHT-SIGN",
            "should",
            "observed",
            "No version of torch checks the sign.",
            DOC,
            "A zero or negative pos_weight is accepted.",
        ),
        (
            "POS-WEIGHT-TINY",
            "must",
            "derived",
            "Follows from the formula for finite inputs.",
            PULL + "115539",
            "A pos_weight of 1e-30 is not lost beside 1.",
        ),
        (
            "POS-WEIGHT-NONFINITE",
            "should",
            "observed",
            "No version of torch checks it.",
            DOC,
            "Infinite and NaN pos_weights are accepted and show in the loss.",
        ),
        (
            "POS-WEIGHT-SHAPE",
            "should",
            "observed",
            "torch raises RuntimeError.",
            ISSUE + "65702",
            "A pos_weight that does not broadcast to the shape of the input is refused.",
        ),
        (
            "POS-WEIGHT-DTYPE",
            "should",
            "observed",
            "torch raises.",
            DOC,
            "A bool pos_weight is refused.",
        ),
        (
            "WEIGHT-AND-POS-WEIGHT",
            "must",
            "documented",
            "The two parameters.",
            DOC,
            "weight and pos_weight together: weight multiplies the whole element, pos_weight its positive term.",
        ),
        (
            "HUGE-PRODUCT-QUIRK",
            "quirk",
            "observed",
            "2.15 overflows where 2.0.1 does not.",
            PULL + "115539",
            "Products of a huge weight and a huge pos_weight beyond the range of the dtype overflow in torch 2.15 and are finite garbage in 2.0.1.",
        ),
        (
            "LOGIT-MAX-QUIRK",
            "quirk",
            "observed",
            "1 + (p-1)*t is formed first.",
            PULL + "115539",
            "At the largest finite logit, p*t times the logit overflows in torch also where the loss is finite.",
        ),
        (
            "REDUCTION-QUIRK",
            "quirk",
            "observed",
            OLD_NAME,
            DOC,
            "'elementwise_mean' is accepted and means 'mean'.",
        ),
    ],
    MLSM: [
        (
            "NO-SCALAR",
            "should",
            "observed",
            "torch raises IndexError.",
            DOC,
            "A 0-d input is refused: there are no classes.",
        ),
        (
            "NO-BATCH",
            "should",
            "tested",
            "MultiLabelSoftMarginLoss_no_batch_dim.",
            CRITERIA,
            "A 1-d input is one sample: all three reductions give its class mean as a 0-d result.",
        ),
        (
            "CLASS-AXIS",
            "must",
            "documented",
            "Shape section: (N, C).",
            DOC,
            "The mean over classes runs over the last dimension, also where another has the same length.",
        ),
        (
            "CLASS-MEAN",
            "must",
            "derived",
            "Both formulas.",
            DOC,
            "'none' is BCEWithLogitsLoss 'none' averaged over the last dimension, and the default means of both are equal.",
        ),
        (
            "WEIGHT-ELEMENT",
            "should",
            "observed",
            "The page speaks of one weight for each class.",
            ISSUE + "25174",
            "A weight of any other shape that broadcasts to that of the input weighs elements.",
        ),
        (
            "GRAD-WEIGHT",
            "should",
            "observed",
            "The weight is differentiable here, unlike in BCEWithLogitsLoss.",
            ISSUE + "19254",
            "The weight is differentiable: its gradient sums the losses that it multiplies.",
        ),
        (
            "EMPTY-CLASSES",
            "should",
            "observed",
            "0/0.",
            DOC,
            "Without classes every class mean is NaN, and so are the mean and the sum over samples.",
        ),
        (
            "TARGET-BROADCAST-QUIRK",
            "quirk",
            "observed",
            "No shape check, unlike in BCEWithLogitsLoss.",
            ISSUE + "1944",
            "A target of another shape is broadcast silently; the mean over classes may then run over the wrong dimension.",
        ),
        (
            "WEIGHT-RANK-QUIRK",
            "quirk",
            "observed",
            "The weight is multiplied out of place.",
            DOC,
            "A weight of higher rank than the input is accepted, and the mean over classes runs over the wrong dimension.",
        ),
        (
            "TARGET-INTEGER-QUIRK",
            "quirk",
            "tested",
            "The module tests use int64 targets.",
            MODULE_TESTS,
            "Integer targets are accepted, where BCEWithLogitsLoss refuses them.",
        ),
    ],
}


def all_rules() -> list[dict]:
    """The rules as in rules.json, sorted by id."""
    rules = []
    for module, own in _OWN.items():
        for suffix, *parts in [*_COMMON, *own]:
            # each part is one for both modules, or one for each
            rule = _rule(module, suffix, *(p[module] if isinstance(p, dict) else p for p in parts))
            if module == MLSM and "pos_weight" in rule["statement"]:
                raise ValueError(f"{rule['id']}: this module has no pos_weight")
            rules.append(rule)
    for module, own in ((BCE, bce_rules.RULES), (CE, cross_entropy_rules.RULES)):
        rules += [_rule(module, *parts) for parts in own]
    rules += [_rule(module, *parts) for module, parts in half_rules.all_of()]
    musts = {(r["module"], r["id"].split("-", 1)[1]) for r in rules if r["requirement"] == "must"}
    if unused := otherwise.unused(musts):
        raise ValueError(f"answers for rules that are no must: {', '.join(unused)}")
    return sorted(rules, key=lambda r: r["id"])


def _rule(module, suffix, requirement, kind, text, link, statement) -> dict:
    rule = {
        "id": f"{PREFIX[module]}-{suffix}",
        "module": module,
        "statement": statement,
        "requirement": requirement,
        "basis": {"kind": kind, "text": text, "link": DOCS[module] if link == DOC else link},
    }
    if requirement == "must":
        rule["otherwise"] = otherwise.answer(module, suffix)
    return rule
