"""Shifts and scales that cost no digit, for patterns far from zero and for very large or very small ones.

Costs and assignments do not depend on where zero is. But the sum of patterns far from zero is rounded in the units of
its size, and a mean that is off by more than the patterns differ is no mean. A feature whose values lie within a factor
of two is moved without rounding (Sterbenz 1974), and a power of two scales without rounding.
"""

from __future__ import annotations

import math

import numpy as np

from kmeans_convergence.errors import InputError

# A feature is far from zero if it is farther away than this multiple of what patterns differ by: means have lost six of
# their sixteen digits then. Below, costs do not see it, because they depend on the square of what a mean is off by.
FAR = 2.0**20

# Numbers that are compared side by side.
WIDE = 512

# The least range of a feature whose square does not underflow, and what sums of squares have to stay below.
SMALLEST, OVERFLOW = 1e-150, np.finfo(np.float64).max

# Numbers beyond two to this power, or its inverse, are hard to square.
HARD = 400


def extents(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle and the range of each feature of `X` (n, d), both float64 of shape (d,).

    A range beyond the largest number is infinite, and so is the middle then.
    """
    return extents_of(*ends(X))


def extents_of(least: np.ndarray, most: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what `extents` does, from the least and the largest value of each feature, shape (d,)."""
    with np.errstate(over="ignore"):
        spread = most - least
    return least + spread / 2, spread


def ends(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the largest value of each feature of `X` (n, d), both float64 of shape (d,)."""
    return _over_rows(np.minimum, X).astype(np.float64), _over_rows(np.maximum, X).astype(np.float64)


def _over_rows(choose: np.ufunc, X: np.ndarray) -> np.ndarray:
    """Return what `choose` leaves of all rows, shape (d,); it is faster on fewer, longer rows."""
    # patterns may have no feature left
    rows = max(1, WIDE // max(1, X.shape[1]))
    whole = len(X) - len(X) % rows
    long = X[:whole].reshape(whole // rows, rows * X.shape[1])
    parts = [choose.reduce(long, axis=0).reshape(rows, X.shape[1])] if whole else []
    return np.asarray(choose.reduce(np.concatenate([*parts, X[whole:]]), axis=0))


def check_range(X: np.ndarray, what: str = "The data", scale: float = 1.0) -> None:
    """Refuse patterns `X` (n, d), finite numbers, whose squared differences over- or underflow after scaling.

    Raises
    ------
    InputError
        One sentence that begins with `what`.
    """
    check_spread(float(extents(X)[1].max()), X.size, what, scale)


def check_spread(spread: float, count: int, what: str, scale: float = 1.0) -> None:
    """Do what `check_range` does, for `count` numbers whose features have `spread` as their largest range."""
    largest = math.sqrt(OVERFLOW / count)
    if spread > largest / scale:
        size = "large"
    elif 0 < spread < SMALLEST / scale:
        size = "small"
    else:
        return
    raise InputError(
        f"{what} cannot be squared, because the numbers are too {size}: the largest range of a feature has to lie "
        f"between {SMALLEST:.0e} and {largest:.0e}, so multiply all features by a constant or standardize them."
    )


def origin(X: np.ndarray) -> np.ndarray:
    """Return the point (d,) that patterns `X` (n, d) are to be measured from, without rounding; of the type of `X`.

    A feature that is farther from zero than `FAR` times the largest range of all is measured from its middle, any other
    from zero.
    """
    return origin_of(*ends(X)).astype(X.dtype)


def origin_of(least: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Return what `origin` does in double precision, from the least and the largest value of each feature, (d,)."""
    middle, spread = extents_of(least, most)
    return np.asarray(np.where(np.abs(middle) > FAR * spread.max(), middle, 0))


def normalized(X: np.ndarray) -> np.ndarray:
    """Return patterns (n, d) with each feature moved towards zero if it is far, and scaled if it is hard to square.

    What is done to a feature costs no digit. Most are left as they are.
    """
    middle, spread = extents(X)
    with np.errstate(over="ignore"):
        X = X - np.where(np.abs(middle) > FAR * spread, middle, 0)
    exponent = np.frexp(np.abs(X).max(axis=0))[1]
    return np.ldexp(X, np.where(np.abs(exponent) < HARD, 0, -exponent))
