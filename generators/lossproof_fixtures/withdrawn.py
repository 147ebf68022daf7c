"""Cases that were wrong. Their ids are not used again; each has a successor that asks what they meant to."""

from __future__ import annotations

_NOT_A_DISTRIBUTION = (
    "Its class probabilities are 0.25 for each of three classes and add up to 0.75, which a port may refuse"
    " or normalise (CE-NOT-NORMALISED); the case stood for {rule}."
)


def document() -> dict[str, dict]:
    """The cases that fixtures 2.0.0 withdrew: id -> reason and successor, as in the manifest."""
    withdrawn = {}
    for tag in ("f32", "f64"):
        for reduction in ("none", "mean"):
            for end in ("", "-weight"):
                _add(
                    withdrawn,
                    f"class_probabilities/{tag}-{reduction}-",
                    "uniform",
                    "thirds",
                    end,
                    "CE-PROBABILITIES",
                )
        _add(
            withdrawn,
            f"class_probabilities/{tag}-none-",
            "uniform",
            "thirds",
            "-grad-target",
            "CE-GRAD-TARGET",
        )
        for reduction in ("none", "mean", "sum"):
            _add(withdrawn, f"nonfinite/{tag}-{reduction}-minus-inf-", "soft", "shares", "", "CE-MASKED")
    return dict(sorted(withdrawn.items()))


def _add(withdrawn, start, name, successor, end, rule):
    reason = _NOT_A_DISTRIBUTION.format(rule=rule)
    full = f"CrossEntropyLoss/{start}{successor}{end}"
    withdrawn[f"CrossEntropyLoss/{start}{name}{end}"] = {"reason": reason, "successor": full}
