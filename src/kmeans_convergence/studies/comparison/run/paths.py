"""The way of the runs of one optimizer, where it ends, and where batch K-means takes it from there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from kmeans_convergence.core import Problem
from kmeans_convergence.optimizers import MajorizeMinimize, Optimizer, Stop, Trace, minimize
from kmeans_convergence.starts import Streams
from kmeans_convergence.studies.comparison.run.contenders import Contender

# The excess over its limit at which the speed of a run is judged.
SPEED = 0.001

# What takes a run to its limit, unless another method is faster: the alternation.
ALTERNATION = MajorizeMinimize()


class Path(NamedTuple):
    """The way of R runs and its end.

    Attributes
    ----------
    cost, passes : ndarray of shape (T + 1, R)
    limit : ndarray of shape (R,)
        Where the polish ends; NaN for a run whose end is not finite, which has nowhere to go.
    polish : ndarray of shape (R,)
        Passes that the polish took, without charge.
    empty : ndarray of shape (R,), int64
        Prototypes without a pattern after the polish; 0 of a problem without prototypes.
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
    problem: Problem,
    contender: Contender,
    value: float,
    starts: Any,
    rngs: Streams,
    budgets: Sequence[int],
    polisher: Optimizer = ALTERNATION,
) -> dict[int, Path]:
    """Run an optimizer and return its path for each budget, ascending; all but the last are cut from the longest run.

    Parameters
    ----------
    problem : Problem
    contender : Contender
        With a horizon, it takes one budget only.
    value : float
        Of its setting; NaN without one.
    starts : parameters of R runs
        As the problem packs them.
    rngs : sequence of R Generators
    budgets : sequence of int
    polisher : Optimizer
        What takes each run to its limit.
    """
    *shorter, whole = budgets
    trace = minimize(problem, contender.optimizer(whole, value), starts, passes=whole, rngs=rngs, marks=shorter)
    ends = {budget: trace.until(budget) for budget in shorter} | {whole: trace}
    return {budget: polish(problem, end, polisher) for budget, end in ends.items()}


def polish(problem: Problem, trace: Trace, polisher: Optimizer = ALTERNATION) -> Path:
    """Let an optimizer, in general the alternation, take every run to its limit, without charge."""
    runs = len(trace.stop)
    limit, passes, empty = np.full(runs, np.nan), np.zeros(runs), _empty(trace)
    finite = np.array([stop is not Stop.DIVERGED for stop in trace.stop])
    if finite.any():
        end = minimize(problem, polisher, trace.w[finite], passes=math.inf)
        limit[finite], passes[finite], empty[finite] = end.cost[-1], end.passes[-1], _empty(end)
    return Path(trace.cost, trace.passes, limit, passes, empty, trace.stop, trace.diverged)


def _empty(trace: Trace) -> np.ndarray:
    """Return how many prototypes own no pattern at the end of each run; 0 where the problem has none."""
    return trace.diagnostics["empty"][-1].copy() if "empty" in trace.diagnostics else np.zeros(len(trace.stop), int)


def first_within(path: Path | Trace, threshold: np.ndarray, passes: float) -> np.ndarray:
    """Return the passes of the first iterate whose cost is at most `threshold` (R,), NaN where there is none.

    What lies beyond the budget `passes` does not count.
    """
    there = (path.cost <= threshold) & (path.passes <= passes)
    first = there.argmax(axis=0)
    return np.where(there.any(axis=0), path.passes[first, np.arange(len(first))], np.nan)
