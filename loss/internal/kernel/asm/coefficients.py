"""Writes ../coefficients.go: the polynomials and tables of exp and log1p. Needs mpmath (1.3 or newer) and gofmt.

Each float64 polynomial interpolates its function at Chebyshev nodes, which is within a small factor of the
best approximation. How those of float32 and the tables are made stands with their functions.
Run it again only to change a degree or a table: python3 coefficients.py
"""

import math
import pathlib
import struct
import subprocess

from mpmath import (
    atanh,
    chebyfit,
    cos,
    exp,
    log,
    log1p,
    lu_solve,
    matrix,
    mp,
    mpf,
    pi,
    sqrt,
)

mp.dps = 60


def exp_tail(r):
    """(exp(r) - 1 - r) / r²"""
    if abs(r) < mpf(10) ** -15:
        return mpf(1) / 2 + r / 6 + r * r / 24
    return (exp(r) - 1 - r) / r**2


def atanh_tail(v):
    """2·(atanh(s) - s) / s³ with v = s²"""
    if v < mpf(10) ** -15:
        return mpf(2) / 3 + 2 * v / 5
    s = sqrt(v)
    return 2 * (atanh(s) - s) / s**3


# n·ln2 is rounded once before it is subtracted, so r can lie a little outside of ±ln2/2.
HALF_LN2 = log(2) / 2 * mpf("1.0001")
THIRD_SQUARED = mpf(1) / 9 * mpf("1.0001")

POLYNOMIALS = [
    (
        "exp32Poly",
        exp_tail,
        [-HALF_LN2, HALF_LN2],
        6,
        lambda e: e * HALF_LN2**2 * sqrt(2),
    ),
    (
        "expNearestPoly",
        exp_tail,
        [-HALF_LN2, HALF_LN2],
        7,
        lambda e: e * HALF_LN2**2 * sqrt(2),
    ),
    (
        "exp64Poly",
        exp_tail,
        [-HALF_LN2, HALF_LN2],
        10,
        lambda e: e * HALF_LN2**2 * sqrt(2),
    ),
    # s³·e beside log1p(y) = 2·atanh(s), which is at least 2·s.
    ("log32Poly", atanh_tail, [0, THIRD_SQUARED], 6, lambda e: e / 18),
    ("log64Poly", atanh_tail, [0, THIRD_SQUARED], 10, lambda e: e / 18),
]

COMMENTS = {
    "exp": "of (exp(r) - 1 - r)/r² for |r| ≤ ln2/2",
    "log": "of 2·(atanh(s) - s)/s³ in s² for 0 ≤ s ≤ 1/3",
}


def single(v):
    """The float32 number nearest to v, which is not near the middle between two."""
    return mpf(struct.unpack("<f", struct.pack("<f", float(v)))[0])


def rounded_fit(function, interval, powers, fixed=()):
    """Float32 coefficients of x^k for k in powers, so that their sum approximates function on the interval.

    They are fitted by least squares at Chebyshev nodes. Then they are rounded one after the other, the lowest power first, and
    those that are left are fitted anew. fixed are coefficients that are given, by power. Returns all of them and the largest error.
    """
    low, high = interval
    nodes = [
        (low + high) / 2 + (high - low) / 2 * cos(pi * (2 * k + 1) / 60)
        for k in range(30)
    ]
    found = dict(fixed)
    for done, power in enumerate(powers):
        left = powers[done:]
        a, b = matrix(len(nodes), len(left)), matrix(len(nodes), 1)
        for i, x in enumerate(nodes):
            b[i] = function(x) - sum(c * x**k for k, c in found.items())
            for j, k in enumerate(left):
                a[i, j] = x**k
        found[power] = single(lu_solve(a.T * a, a.T * b)[0])
    points = [low + (high - low) * mpf(k) / 1000 for k in range(1001)]
    error = max(
        abs(function(x) - sum(c * x**k for k, c in found.items())) for x in points
    )
    return [found[k] for k in sorted(found)], error


def power_table(size):
    """2^(j/size) rounded to float32, and the logarithm of what that lacks."""
    exact = [mpf(2) ** (mpf(j) / size) for j in range(size)]
    powers = [single(v) for v in exact]
    return powers, [single(log(v / p)) for v, p in zip(exact, powers)]


# The interval of y, in [0, 1], is the integer nearest to A·y - B·y²: shorter where log1p(y) is small.
INDEX_A, INDEX_B = single(46), single(mpf("14.51"))
INTERVALS = 32
# CLOSE is what the relative errors of 1/(1+b) and log1p(b) may add up to in log1p.
CLOSE = 2.0**-34.2


def log_table():
    """For each interval a float32 number b near its centre, 1/(1+b) and log1p(b), both nearly float32 numbers. The first has b = 0.

    The centre is where v²/log1p(y), with v = (y-b)/(1+b), is as large at one end as at the other: what the polynomial has to do. Around it, at most 0.15 of the
    length away, the candidates are tried from the left; it is the first with errors of at most CLOSE, else the best.
    """

    def end(i):
        """the y of which i is the index"""
        discriminant = INDEX_A**2 - 4 * INDEX_B * i
        return (
            1.0
            if discriminant <= 0
            else min(1.0, float((INDEX_A - sqrt(discriminant)) / (2 * INDEX_B)))
        )

    table, reach = [(mpf(0), mpf(1), mpf(0))], end(0.5)
    for i in range(1, INTERVALS):
        low, high = end(i - 0.5), end(i + 0.5) if i < INTERVALS - 1 else 1.0
        left, right = float(sqrt(log1p(low))), float(sqrt(log1p(high)))
        centre = (low * right + high * left) / (left + right)
        share = (
            (high - low) / 2 / (1 + centre) / float(log1p(low))
        )  # of an error of c in log1p
        spacing = 2.0 ** (int(mp.floor(log(centre, 2))) - 23)
        first, last = (
            centre - 0.15 * (high - low),
            min(centre + 0.15 * (high - low), 1.0),
        )
        best, b = None, float(single(first))
        while b <= last:
            # in float64, whose error is nothing beside CLOSE
            c, logarithm = 1 / (1 + b), math.log1p(b)
            error = abs(float(single(c)) / c - 1) * share
            if best is None or error < best[0]:
                error += abs(float(single(logarithm)) / logarithm - 1)
                if best is None or error < best[0]:
                    best = error, b
                if error <= CLOSE:
                    break
            b += spacing
        b = mpf(best[1])
        table.append((b, single(1 / (1 + b)), single(log1p(b))))
        reach = max(reach, float((b - low) / (1 + b)), float((high - b) / (1 + b)))
    return table, reach


def singles():
    """The declarations of what the kernels in float32 lanes use."""
    lines = []

    def declare(name, comment, values):
        nonlocal lines
        lines += [
            "",
            f"// {name} {comment}",
            f"var {name} = [{len(values)}]float64{{",
            *[f"\t{float(v).hex()}," for v in values],
            "}",
        ]

    for size, degree in [(8, 4), (32, 3)]:
        reach = log(2) / size / 2 + mpf(2) ** -25
        poly, error = rounded_fit(
            lambda r: exp(r) - 1 - r, [-reach, reach], list(range(2, degree + 1))
        )
        declare(
            f"expOf{size}Poly",
            f"is a polynomial of (exp(r) - 1 - r)/r² in float32, |r| ≤ ln2/{2 * size}: {mp.nstr(error, 2)} of exp(r).",
            poly,
        )
        powers, rests = power_table(size)
        declare(f"expOf{size}Powers", f"are the 2^(j/{size}), in float32.", powers)
        declare(
            f"expOf{size}Rests",
            f"are the logarithms of 2^(j/{size}) divided by those numbers, in float32.",
            rests,
        )
    table, reach = log_table()
    for k, (name, what) in enumerate(
        [("Centres", "the b"), ("Inverses", "the 1/(1+b)"), ("Logs", "the log1p(b)")]
    ):
        declare(
            f"logOf32{name}",
            f"are {what} of log_table in coefficients.py, in float32.",
            [row[k] for row in table],
        )
    declare(
        "logOf32Index",
        "are A and -B: the index of y is the integer nearest to y·(A - B·y).",
        [INDEX_A, -INDEX_B],
    )
    poly, error = rounded_fit(
        lambda v: log1p(v) - v, [-mpf(reach), mpf(reach)], [3, 4, 5], {2: mpf(-1) / 2}
    )
    declare(
        "logOf32Poly",
        f"is a polynomial of (log1p(v) - v)/v² in float32, |v| ≤ {reach:.4f}: {mp.nstr(error, 2)} of log1p(v).",
        poly,
    )
    return lines


def main():
    lines = [
        "// Code generated by asm/coefficients.py. DO NOT EDIT.",
        "",
        "package kernel",
        "",
        "// Polynomials by ascending power, and a bound of the relative error of exp or log1p by them.",
        "// The generator of the assembly reads them from this file.",
    ]
    for name, function, interval, count, relative in POLYNOMIALS:
        coefficients, error = chebyfit(function, interval, count, error=True)
        lines += [
            "",
            f"// {name} is a polynomial {COMMENTS[name[:3]]}: {mp.nstr(relative(error), 2)}.",
            f"var {name} = [{count}]float64{{",
            *[f"\t{float(c).hex()}," for c in reversed(coefficients)],
            "}",
        ]
    lines += singles()
    path = pathlib.Path(__file__).parent.parent / "coefficients.go"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    subprocess.run(["gofmt", "-w", path], check=True)


if __name__ == "__main__":
    main()
