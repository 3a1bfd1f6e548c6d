"""The way of the runs of one optimizer, where it ends, and where batch K-means takes it from there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kmeans_convergence.experiments.contenders import Contender
from kmeans_convergence.optimizers import MajorizeMinimize, Stop, Trace, minimize
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import Streams

# The excess over its limit at which the speed of a run is judged.
SPEED = 0.001


class Path(NamedTuple):
    """The way of R runs and its end.

    Attributes
    ----------
    cost, passes : ndarray of shape (T + 1, R)
    limit : ndarray of shape (R,)
        Where the polish ends; NaN for a run whose end is not finite, which has nowhere to go.
    polish : ndarray of shape (R,)
        Passes that the polish took, at nobody's charge.
    empty : ndarray of shape (R,), int64
        Prototypes without a pattern after the polish.
    stop : tuple of Stop, length R
    diverged : ndarray of shape (R,), bool
        Runs that end above their start, or are not finite.
    """

    cost: np.ndarray
    passes: np.ndarray
    limit: np.ndarray
    polish: np.ndarray
    empty: np.ndarray
    stop: tuple[Stop, ...]
    diverged: np.ndarray


def follow(
    problem: QuantizationProblem,
    contender: Contender,
    value: float,
    starts: np.ndarray,
    rngs: Streams,
    budgets: Sequence[int],
) -> dict[int, Path]:
    """Run an optimizer and return its path for each budget, ascending; all but the last are cut from the longest run.

    Parameters
    ----------
    problem : QuantizationProblem
    contender : Contender
        With a horizon, it takes one budget only.
    value : float
        Of its setting; NaN without one.
    starts : ndarray of shape (R, K, d)
    rngs : sequence of R Generators
    budgets : sequence of int
    """
    *shorter, whole = budgets
    trace = minimize(problem, contender.optimizer(whole, value), starts, passes=whole, rngs=rngs, marks=shorter)
    return {budget: polish(problem, trace.until(budget)) for budget in shorter} | {whole: polish(problem, trace)}


def polish(problem: QuantizationProblem, trace: Trace) -> Path:
    """Let batch K-means take every run to its fixed point, at nobody's charge."""
    runs = len(trace.stop)
    limit, passes, empty = np.full(runs, np.nan), np.zeros(runs), trace.diagnostics["empty"][-1].copy()
    finite = np.array([stop is not Stop.DIVERGED for stop in trace.stop])
    if finite.any():
        end = minimize(problem, MajorizeMinimize(), trace.w[finite], passes=math.inf)
        limit[finite], passes[finite], empty[finite] = end.cost[-1], end.passes[-1], end.diagnostics["empty"][-1]
    return Path(trace.cost, trace.passes, limit, passes, empty, trace.stop, trace.diverged)


def first_within(path: Path | Trace, threshold: np.ndarray, passes: float) -> np.ndarray:
    """Return the passes of the first iterate whose cost is at most `threshold` (R,), NaN where there is none.

    What lies beyond the budget `passes` does not count.
    """
    there = (path.cost <= threshold) & (path.passes <= passes)
    first = there.argmax(axis=0)
    return np.where(there.any(axis=0), path.passes[first, np.arange(len(first))], np.nan)
