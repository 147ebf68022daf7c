"""Give every entry of the baselines its reason, after checking that it is the reason.

    python ports/reasons.py FIXTURES        FIXTURES is the folder that `fixtures extract` wrote

For PyTorch the error of every element that misses the tolerance is held against the rounding of
the terms that the reason names. For candle and TensorFlow.js the formula of the library is computed
anew in NumPy: it has to fail in the same outputs, and in the way that the reason says. For
sigmoidCrossEntropy of TensorFlow.js the inputs have to be those that the reason is about. An entry
that nothing explains is an error: its reason has to be found first. Needs NumPy (`make reasons`
takes that of the Python package).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

PORTS = Path(__file__).parent
sys.path.insert(0, str(PORTS.parent / "python" / "src"))

from lossproof import fixtures

#: Wider than float64, so that what is computed in it counts as exact. (On x86; elsewhere it may be
#: float64 itself, which is not enough.)
WIDE = np.longdouble


class Unexplained(Exception):
    """No reason that this program knows of explains an entry."""


class Terms:
    """The factors and functions of a case, element by element, in a dtype."""

    def __init__(self, case: fixtures.Case, dtype):
        x = case.inputs["input"]

        def expand(name):
            return np.broadcast_to(case.inputs.get(name, dtype(1)), x.shape).astype(dtype)

        self.x, self.t = x.astype(dtype), expand("target")
        self.w, self.p = expand("weight"), expand("pos_weight")
        y = np.exp(-np.abs(self.x))
        self.softplus = np.log1p(y) + np.maximum(self.x, 0)  # of x
        self.softplus_neg = np.log1p(y) + np.maximum(-self.x, 0)  # of -x
        self.sigmoid = np.where(self.x >= 0, 1 / (1 + y), y / (1 + y))


def resolve(options: dict) -> str:
    """Return none, mean or sum; the legacy options win over reduction."""
    if "size_average" in options or "reduce" in options:
        if options.get("reduce") is False:
            return "none"
        return "sum" if options.get("size_average") is False else "mean"
    reduction = options.get("reduction", "mean")
    return "mean" if reduction == "elementwise_mean" else reduction


# PyTorch.

LOSS_CANCELS = "{}: the two terms nearly cancel (findings/loss_cancels.py)."
GRADIENT_CANCELS = "{}: the two terms nearly cancel (findings/gradient_cancels.py)."
P_IS_LOST = "{} loses a small p beside 1 (findings/pos_weight_is_lost.py)."
SIXTEEN_BITS = (
    "Steps are rounded to 16 bits one by one, and sums of rounded numbers"
    " (findings/sixteen_bits.py)."
)
SIGMOID_IS_ZERO = (
    "sigmoid(x) = 1/(1 + exp(-x)) is 0 where exp(-x) overflows, though a subnormal number"
    " (findings/sigmoid_is_zero_too_early.py)."
)
A_CLASS_DOMINATES = (
    "log_softmax is (x - max) - log(sum(exp(x - max))): where one class dominates, the two terms"
    " nearly cancel, or the sum rounds at the size of 1 (findings/a_class_dominates.py)."
)
SOFTMAX_CANCELS = (
    "exp(log_softmax(x)) * sum(a) - a, with a class's share a of the loss: the two terms nearly"
    " cancel (findings/a_class_dominates.py)."
)
TARGET_CANCELS = (
    "autograd adds -log_sigmoid(x) and log_sigmoid(-x), which nearly cancel around x = 0."
)

#: The error may be this many times the rounding that explains it. (Found: 0.5.)
SLACK = 1


def sixteen_bits(output: fixtures.Expected) -> str:
    """Every error is what rounding a few steps to 16 bits makes, or the overflow of a sum."""
    reference = fixtures.values(output.reference)
    with np.errstate(all="ignore"):
        error = np.abs(reference - output.exact)
        few = (error <= output.parity) | np.isinf(reference) | np.isnan(output.exact)
    if fixtures.judge(output.reference, output, "exact").passed or not few.all():
        raise Unexplained("no rounding of steps to 16 bits")
    return SIXTEEN_BITS


def torch_reason(case: fixtures.Case, name: str, entry: dict) -> str:
    """PyTorch at level exact: the reference has the results. NaNs and infinities are quirks."""
    output = case.outputs[name]
    if fixtures.dtype_name(case.inputs["input"]) in ("float16", "bfloat16"):
        return sixteen_bits(output)
    low = 0 if output.exact_low is None else output.exact_low
    with np.errstate(all="ignore"):
        error = np.abs(output.reference.astype(WIDE) - (output.exact.astype(WIDE) + low))
        wrong = (error > output.tolerance) & np.isfinite(output.reference)
    if fixtures.judge(output.reference, output, "exact").passed or not wrong.any():
        raise Unexplained("the reference is exact")
    if case.module == "CrossEntropyLoss":
        with np.errstate(all="ignore"):
            cancelling = cross_entropy_rounding(case, name)
        if not (error <= SLACK * cancelling)[wrong].all():
            raise Unexplained("the error is larger than the rounding of the terms")
        return SOFTMAX_CANCELS if name == "grad_input" else A_CLASS_DOMINATES
    with np.errstate(all="ignore"):
        cancelling, losing = roundings(case, name)
        cancels = error <= SLACK * cancelling
        explained = error <= SLACK * (cancelling + losing)
    has_p, multi_label = "pos_weight" in case.inputs, case.module == "MultiLabelSoftMarginLoss"
    terms, factor = {
        ("loss", False): ("(1-t)*x - log_sigmoid(x)", ""),
        ("loss", True): ("(1-t)*x - ((p-1)*t + 1)*log_sigmoid(x)", "(p-1)*t + 1"),
        ("grad_input", False): ("sigmoid(x) - t", ""),
        ("grad_input", True): ("(p*t + 1 - t)*sigmoid(x) - p*t", "p*t + 1 - t"),
        ("grad_target", False): ("", ""),
        ("grad_target", True): ("-x - (p-1)*log_sigmoid(x)", "p - 1"),
    }[name, has_p]
    template = LOSS_CANCELS if name == "loss" else GRADIENT_CANCELS
    if cancels[wrong].all():
        if multi_label and name == "grad_target":
            return TARGET_CANCELS
        if multi_label or not terms:
            raise Unexplained("this formula has no terms that cancel")
        return template.format(terms)
    if explained[wrong].all():
        lost = P_IS_LOST.format(factor)
        both = f"{lost} {template.format(terms)}"
        return lost if not cancels[wrong].any() else both
    smallest = np.finfo(output.reference.dtype).smallest_normal
    flushed = (output.reference == 0) & (np.abs(output.exact) < smallest)
    if name == "grad_input" and flushed[wrong].all():
        return SIGMOID_IS_ZERO
    raise Unexplained("the error is larger than the rounding of the terms")


def roundings(case: fixtures.Case, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return, by element, the rounding of the two terms and that of the factor with p."""
    a = Terms(case, WIDE)
    eps = WIDE(np.finfo(case.outputs[name].reference.dtype).eps)
    reduction = resolve(case.options)
    shape = a.x.shape
    classes = shape[-1] if case.module == "MultiLabelSoftMarginLoss" else 1
    rows = a.x.size // classes if reduction == "mean" else 1
    has_p = "pos_weight" in case.inputs

    if name == "loss":
        if classes > 1:
            raise Unexplained("this loss does not cancel")
        scale = eps * np.abs(a.w)
        cancelling = scale * (
            np.abs((1 - a.t) * a.x) + np.abs(((a.p - 1) * a.t + 1) * a.softplus_neg)
        )
        losing = scale * has_p * (np.abs((a.p - 1) * a.t) + 1) * a.softplus_neg
        if reduction == "none":
            return cancelling, losing
        return np.sum(cancelling) / rows, np.sum(losing) / rows

    upstream = case.inputs.get("grad_output", np.ones(())).astype(WIDE)
    if classes > 1 and upstream.ndim > 0:
        upstream = upstream[..., np.newaxis]
    scale = eps * np.abs(np.broadcast_to(upstream, shape) * a.w) / classes / rows
    if name == "grad_input":
        one = np.abs((a.p * a.t + 1 - a.t) * a.sigmoid) + np.abs(a.p * a.t)
        losing = has_p * (np.abs(a.p * a.t) + 1 + np.abs(a.t)) * a.sigmoid
        return scale * one, scale * losing
    if classes > 1:
        return scale * (a.softplus + a.softplus_neg), 0 * scale
    one = np.abs(a.x) + np.abs((a.p - 1) * a.softplus_neg)
    return scale * one, scale * has_p * (np.abs(a.p) + 1) * a.softplus_neg


def cross_entropy_rounding(case: fixtures.Case, name: str) -> np.ndarray:
    """Return, by element, the rounding of log_softmax, and what it does to an output."""
    x, target = case.inputs["input"], case.inputs["target"]
    axis = min(1, x.ndim - 1)
    z = np.moveaxis(x, axis, -1).astype(WIDE)
    classes = z.shape[-1]
    weight = case.inputs.get("weight", np.ones(classes)).astype(WIDE)
    smoothing = WIDE(case.options.get("label_smoothing", 0))
    if target.dtype.kind == "f":
        share = np.moveaxis(target, axis, -1).astype(WIDE) * (1 - smoothing) + smoothing / classes
        counts, divisor = np.ones(z.shape[:-1], bool), WIDE(z.size // classes)
    else:
        counts = target != case.options.get("ignore_index", -100)
        index = np.where(counts, target, 0).astype(np.int64)
        one_hot = index[..., np.newaxis] == np.arange(classes)
        share = one_hot * (1 - smoothing) + smoothing / classes
        divisor = np.sum(weight[index] * counts)
    if resolve(case.options) != "mean":
        divisor = WIDE(1)

    eps = WIDE(np.finfo(case.outputs[name].reference.dtype).eps)
    gap = np.max(z, axis=-1, keepdims=True) - z
    total = np.sum(np.exp(-gap), axis=-1, keepdims=True)
    rounding = eps * (gap + np.log(total) + 1)  # of log_softmax
    factor = counts[..., np.newaxis] / np.abs(divisor)
    coefficient = np.where(share == 0, 0, np.abs(weight * share))  # a weight may be infinite
    if name == "loss":
        rows = np.sum(coefficient * rounding * factor, axis=-1)
        return rows if resolve(case.options) == "none" else np.sum(rows)

    upstream = case.inputs.get("grad_output", np.ones(())).astype(WIDE)
    factor = factor * np.abs(upstream[..., np.newaxis] if upstream.ndim > 0 else upstream)
    if name == "grad_target":
        back = factor * weight * rounding * (1 - smoothing)
    else:
        softmax = np.exp(-gap) / total
        all_of_row = np.sum(coefficient, axis=-1, keepdims=True)
        back = factor * (softmax * all_of_row * (rounding + eps) + coefficient * eps)
    return np.moveaxis(back, -1, axis)


# candle.

EMPTY_HAS_NO_GRADIENT = (
    "An operation on an empty tensor returns a clone of its left operand, so backward finds no way"
    " to input (findings/empty_has_no_gradient.rs)."
)
GRADIENT_IS_NAN = (
    "sigmoid(x) or 1 - sigmoid(x) rounds to 0, backward divides by it and multiplies by 0: NaN"
    " (findings/log_of_sigmoid.rs)."
)
LOSS_IS_NAN = (
    "sigmoid(x) or 1 - sigmoid(x) rounds to 0, and t or 1-t is 0: 0 * ln(0) is NaN"
    " (findings/log_of_sigmoid.rs)."
)
LOSS_IS_INFINITE = (
    "sigmoid(x) or 1 - sigmoid(x) rounds to 0, and ln(0) makes the loss infinite"
    " (findings/log_of_sigmoid.rs)."
)
LOSS_IS_INEXACT = (
    "1 - sigmoid(x) cancels for positive x, and its logarithm is inexact"
    " (findings/log_of_sigmoid.rs)."
)

NO_LARGEST = (
    "log_softmax looks for the largest logit, and an empty tensor has none: an error, not NaN"
    " (findings/cross_entropy_of_nothing.rs)."
)
LARGEST_INDEX = (
    "gather takes the largest number of the indices' dtype for a mark, and the row has loss 0"
    " (findings/cross_entropy_of_nothing.rs)."
)
EXP_PANICS = "exp of an integer tensor is a panic, not a refusal."


ADDED_IN_A_ROW = "sum adds one number after another: the error grows with their number."


def candle_reason(case: fixtures.Case, name: str, entry: dict) -> str:
    """candle at level parity: binary_cross_entropy_with_logit, computed anew, and cross_entropy."""
    x, t = case.inputs["input"], case.inputs["target"]
    if case.module == "CrossEntropyLoss":
        if case.rejection is not None and (t == np.iinfo(t.dtype).max).any():
            return LARGEST_INDEX
        if entry["outcome"] == "error" and x.size == 0:
            return NO_LARGEST
        if entry["outcome"] == "error" and x.dtype.kind in "iu":
            return EXP_PANICS
        if name == "loss" and case.options == {"reduction": "mean"} and "weight" not in case.inputs:
            m = np.max(x, axis=1, keepdims=True)
            log_p = x - m - np.log(np.sum(np.exp(x - m), axis=1, keepdims=True))
            got = np.cumsum(-log_p[np.arange(len(t)), t])[-1:].reshape(()) / x.dtype.type(len(t))
            if not fixtures.judge(np.asarray(got, x.dtype), case.outputs[name]).passed:
                return ADDED_IN_A_ROW
        raise Unexplained("neither an empty input, nor one of integers, nor the largest index")
    if entry["outcome"] == "error":
        if x.size > 0:
            raise Unexplained("the input is not empty")
        return EMPTY_HAS_NO_GRADIENT
    one, n = x.dtype.type(1), x.dtype.type(x.size)
    with np.errstate(all="ignore"):
        s = one / (np.exp(-x) + one)
        q = one - s
        if name == "loss":
            got = np.asarray(-np.sum(t * np.log(s) + (one - t) * np.log(q)) / n)
        elif name == "grad_input":
            got = (t / s - (one - t) / q) * (-one / n) * (q * s)
        else:
            raise Unexplained("the gradient of the target is not wrong elsewhere")
    if fixtures.judge(got, case.outputs[name]).passed:
        raise Unexplained("the formula of candle is right here")
    if name == "grad_input" and np.isnan(got).any():
        return GRADIENT_IS_NAN
    if name == "loss" and not ((s == 0) | (q == 0)).any():
        return LOSS_IS_INEXACT
    if name == "loss" and not np.isfinite(got):
        return LOSS_IS_NAN if np.isnan(got) else LOSS_IS_INFINITE
    raise Unexplained("the formula of candle fails in another way")


# TensorFlow.js.

ZERO_WEIGHTS = (
    "'mean' is SUM_BY_NONZERO_WEIGHTS, which does not count elements of weight zero; MEAN divides"
    " by the sum of the weights (findings/mean_forgets_zero_weights.mjs)."
)
INFINITE_LOGIT = (
    "max(x, 0) - x*t is inf - inf, or has inf * 0, at an infinite logit: NaN"
    " (findings/infinite_logits.mjs)."
)
WEIGHTS_ENLARGE = (
    "Weights are multiplied with broadcasting, and larger ones enlarge the losses"
    " (findings/weights_enlarge_the_loss.mjs)."
)
CONVERTED = "TensorFlow.js converts int32 and bool {} to float32, and computes the loss."


EPSILON = (
    "logLoss adds 1e-7 inside both logarithms, and clamps nothing: the loss and its slope are those"
    " of other probabilities (findings/epsilon_in_log_loss.mjs)."
)
ANY_PROBABILITY = (
    "logLoss takes any number for a probability and a label: the loss is NaN, or a number"
    " (findings/epsilon_in_log_loss.mjs)."
)
SUM_ONE = (
    "The gradient of softmaxCrossEntropy is softmax(x) - labels, which is right where the labels"
    " of a row add up to 1 (findings/gradient_for_sum_one.mjs)."
)
LOG_SUM_EXP = (
    "log p is x - logSumExp(x), which cancels for large logits, and softmax(x) - labels is no"
    " better (findings/log_sum_exp_cancels.mjs)."
)
GRADIENT_OF_LABELS = (
    "The gradient of softmaxCrossEntropy in the labels is labels - softmax(x), not -log softmax(x)"
    " (findings/gradient_of_labels.mjs)."
)
NUM_CLASSES = (
    "Label smoothing takes the second dimension of the labels for the number of classes; the"
    " classes are the last (findings/smoothing_counts_the_wrong_dimension.mjs)."
)
NO_NUM_CLASSES = (
    "Label smoothing looks for a second dimension, which labels without a batch do not have"
    " (findings/smoothing_counts_the_wrong_dimension.mjs)."
)
ANY_SMOOTHING = "softmaxCrossEntropy takes any label smoothing, also above 1, and computes a loss."


def tfjs_reason(case: fixtures.Case, name: str, entry: dict) -> str:
    """TensorFlow.js at level parity."""
    x, t = case.inputs["input"], case.inputs["target"]
    weight = case.inputs.get("weight", np.ones(()))
    if case.rejection is not None:
        if enlarges(weight, x):
            return WEIGHTS_ENLARGE
        for array, what in ((x, "logits"), (t, "labels")):
            if array.dtype.name in ("int32", "bool"):
                return CONVERTED.format(what)
        if case.module == "BCELoss" and not all(((a >= 0) & (a <= 1)).all() for a in (x, t)):
            return ANY_PROBABILITY
        if case.options.get("label_smoothing", 0) > 1:
            return ANY_SMOOTHING
        raise Unexplained("no reason to accept the call")
    if resolve(case.options) == "mean" and (weight == 0).any():
        return ZERO_WEIGHTS
    if case.module == "BCELoss":
        return log_loss_reason(case, name)
    if case.module == "CrossEntropyLoss":
        return softmax_cross_entropy_reason(case, name, entry)
    with np.errstate(all="ignore"):
        losses = np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))
    if name == "loss" and np.isinf(x).any() and np.isnan(losses[np.isinf(x)]).any():
        return INFINITE_LOGIT
    raise Unexplained("neither a weight of zero nor an infinite logit")


def enlarges(weight: np.ndarray, x: np.ndarray) -> bool:
    """Whether the two broadcast, to another shape than that of x."""
    try:
        return np.broadcast_shapes(weight.shape, x.shape) != x.shape
    except ValueError:
        return False


def log_loss_reason(case: fixtures.Case, name: str) -> str:
    """logLoss, computed anew."""
    one, epsilon = np.float32(1), np.float32(1e-7)
    x, t = case.inputs["input"], case.inputs["target"]
    w = np.broadcast_to(case.inputs.get("weight", one), x.shape)
    u = np.broadcast_to(case.inputs.get("grad_output", one), x.shape)
    mean = resolve(case.options) == "mean"
    with np.errstate(all="ignore"):
        p, q = x + epsilon, one - x + epsilon
        if name == "loss":
            got = w * (-(t * np.log(p)) - (one - t) * np.log(q))
            if resolve(case.options) != "none":
                got = np.sum(got) / np.float32(x.size if mean else 1)
        else:
            u = u * w / np.float32(x.size if mean else 1)
            # Term by term, as autograd does: it matters where the weight is infinite.
            if name == "grad_input":
                got = u * (one - t) / q - u * t / p
            else:
                got = u * np.log(q) - u * np.log(p)
    if fixtures.judge(np.asarray(got, np.float32), case.outputs[name]).passed:
        raise Unexplained("the formula of logLoss is right here")
    return EPSILON


def softmax_cross_entropy_reason(case: fixtures.Case, name: str, entry: dict) -> str:
    """softmaxCrossEntropy, computed anew: in float32, and with an exact softmax."""
    smoothing = case.options.get("label_smoothing", 0)
    if entry["outcome"] == "error":
        if case.inputs["input"].ndim > 1 or not smoothing > 0:
            raise Unexplained("there is a second dimension, or no smoothing")
        return NO_NUM_CLASSES

    def passes(dtype, number_of_classes):
        got = softmax_cross_entropy(case, name, dtype, smoothing, number_of_classes)
        return fixtures.judge(got, case.outputs[name]).passed

    x = case.inputs["input"]
    classes = x.shape[min(1, x.ndim - 1)]
    counted = x.shape[2] if x.ndim > 2 else classes  # of the labels with their classes last
    if passes(np.float32, counted):
        raise Unexplained("the formula of softmaxCrossEntropy is right here")
    if name == "grad_target":
        return GRADIENT_OF_LABELS
    if smoothing > 0 and counted != classes and passes(WIDE, classes):
        return NUM_CLASSES
    if not passes(WIDE, classes):
        if name != "grad_input" and np.max(np.abs(x)) * np.finfo(WIDE).eps > 1:
            return LOG_SUM_EXP  # the logarithm is rounded away in WIDE, too
        if name != "grad_input":
            raise Unexplained("the formula of the loss is wrong beyond rounding")
        return SUM_ONE
    return LOG_SUM_EXP


def softmax_cross_entropy(case: fixtures.Case, name: str, dtype, smoothing, classes) -> np.ndarray:
    """Return what softmaxCrossEntropy computes in a dtype, smoothing over a number of classes."""
    axis = min(1, case.inputs["input"].ndim - 1)
    x = np.moveaxis(case.inputs["input"].astype(dtype), axis, -1)
    labels = np.moveaxis(case.inputs["target"].astype(dtype), axis, -1)
    rows = dtype(x.size // x.shape[-1] if resolve(case.options) == "mean" else 1)
    with np.errstate(all="ignore"):
        if smoothing > 0:
            labels = labels * (1 - dtype(smoothing)) + dtype(smoothing) / dtype(classes)
        m = np.max(x, axis=-1, keepdims=True)
        log_sum_exp = m + np.log(np.sum(np.exp(x - m), axis=-1, keepdims=True))
        log_p = x - log_sum_exp
        if name == "loss":
            got = np.sum(-log_p * labels, axis=-1)
            got = got if resolve(case.options) == "none" else np.sum(got) / rows
        else:
            u = np.asarray(case.inputs.get("grad_output", np.ones(())), dtype)
            difference = (np.exp(log_p) - labels) * (u[..., np.newaxis] if u.ndim else u) / rows
            got = np.moveaxis(difference if name == "grad_input" else -difference, -1, axis)
    return np.asarray(got, np.float32)


BASELINES = {
    "pytorch/baseline.json": torch_reason,
    "pytorch/baseline-exact.json": torch_reason,
    "tfjs/baseline.json": tfjs_reason,
    "candle/baseline.json": candle_reason,
}


def grouped(entries: list[dict]) -> list[dict]:
    """Return the entries by reason and outcome, as lossproof writes them."""
    groups: dict[tuple[str, str], dict] = {}
    for entry in sorted(entries, key=lambda entry: entry["id"]):
        reason, outcome = entry["reason"], entry["outcome"]
        group = groups.setdefault(
            (reason, outcome), {"reason": reason, "outcome": outcome, "ids": []}
        )
        group["ids"].append(entry["id"])
    return list(groups.values())


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python ports/reasons.py FIXTURES", file=sys.stderr)
        return 2
    cases = {case.id: case for case in fixtures.load(sys.argv[1])}
    unexplained = 0
    for file, reason in BASELINES.items():
        path = PORTS / file
        baseline = json.loads(path.read_text(encoding="utf-8"))
        counts: dict[str, int] = {}
        entries = [
            {"reason": group["reason"], "outcome": group["outcome"], "id": id}
            for group in baseline["known"]
            for id in group.get("ids", [])
        ]
        for entry in entries:
            case, _, name = entry["id"].partition("#")
            try:
                if entry["outcome"] not in ("fail", "error"):
                    raise Unexplained(f"{entry['outcome']}: that is no property of a library")
                # No recorded data: its reason is given by hand.
                if any(f"/{topic}/" in case for topic in ("relations", "generated", "every_input")):
                    if not entry["reason"]:
                        raise Unexplained("a check of generated inputs without a reason")
                    counts[entry["reason"]] = counts.get(entry["reason"], 0) + 1
                    continue
                entry["reason"] = reason(cases[case], name, entry)
            except Unexplained as err:
                print(f"ports/{file}: {entry['id']}: {err}", file=sys.stderr)
                unexplained += 1
                continue
            counts[entry["reason"]] = counts.get(entry["reason"], 0) + 1
        # A pattern was written with the reason that the diagnosis found.
        patterns = [
            {key: value for key, value in group.items() if key != "ids"}
            for group in baseline["known"]
            if "patterns" in group
        ]
        baseline["known"] = grouped(entries) + patterns
        text = json.dumps(baseline, indent=2, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8")
        print(f"ports/{file}: {len(entries)} known failures")
        for text, count in sorted(counts.items(), key=lambda item: -item[1]):
            print(f"  {count:4} {text}")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
