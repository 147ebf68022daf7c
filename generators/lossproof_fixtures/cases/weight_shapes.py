"""Weights of shapes in which sizes coincide or the rank is unusual, for weight and pos_weight alike."""

from __future__ import annotations

#: name -> (input shape, weight shape). On squares and cubes a weight along the wrong axis
#: broadcasts too, and only the numbers tell.
COINCIDING = {
    "square": ((3, 3), (3,)),
    "square-full": ((3, 3), (3, 3)),
    "cube": ((3, 3, 3), (3,)),
    "4d-cube": ((2, 2, 2, 2), (2,)),
    "1d": ((5,), (5,)),
    "5d": ((2, 1, 3, 2, 2), (2,)),
}
EMPTY = {"no-samples": ((0, 3), (3,)), "no-classes": ((3, 0), (1,))}
SCALAR = {"0d-input": ((), ())}
#: Those that 'mean' and 'sum' are asked with, too: what else has two dimensions and elements.
OTHER_RANKS = ("1d", "0d-input", "4d-cube", *EMPTY)
