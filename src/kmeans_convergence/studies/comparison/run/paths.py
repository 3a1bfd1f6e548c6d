"""The way of the runs of one optimizer, where it ends, and where the polish takes it from there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from kmeans_convergence.core import Problem
from kmeans_convergence.optimizers import MajorizeMinimize, Optimizer, Stop, Trace, minimize
from kmeans_convergence.starts import Streams
from kmeans_convergence.studies.comparison.run.contenders import Contender

# The excess over its limit at which the speed of a run is judged.
SPEED = 0.001


def _none(trace: Trace) -> np.ndarray:
    return np.zeros(len(trace.stop), dtype=bool)


@dataclass(frozen=True)
class Polish:
    """How runs are taken to their limits, without charge; by default by the alternation, to a fixed point.

    Attributes
    ----------
    optimizer : Optimizer
    passes : float
        After which it ends at the latest.
    degenerate : callable
        Says of which runs (R,) of a trace the end is no answer, such as a point where the cost has no bound.
    label : str
        What it is called.
    """

    optimizer: Optimizer = field(default_factory=MajorizeMinimize)
    passes: float = math.inf
    degenerate: Callable[[Trace], np.ndarray] = _none
    label: str = "batch K-means"


TO_A_FIXED_POINT = Polish()


class Path(NamedTuple):
    """The way of R runs and its end.

    Attributes
    ----------
    cost, passes : ndarray of shape (T + 1, R)
    limit : ndarray of shape (R,)
        Where the polish ends; NaN for a run whose end is not finite, which has nowhere to go, or is degenerate.
    polish : ndarray of shape (R,)
        Passes that the polish took, without charge.
    empty : ndarray of shape (R,), int64
        Prototypes without a pattern after the polish; 0 where there are no prototypes.
    stop : tuple of Stop, length R
    diverged : ndarray of shape (R,), bool
        Runs that end above their start, are not finite, or degenerate.
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
    ending: Polish = TO_A_FIXED_POINT,
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
    rngs : sequence of R Generators
    budgets : sequence of int
    ending : Polish
    """
    *shorter, whole = budgets
    trace = minimize(problem, contender.optimizer(whole, value), starts, passes=whole, rngs=rngs, marks=shorter)
    paths = {budget: polish(problem, trace.until(budget), ending) for budget in shorter}
    return paths | {whole: polish(problem, trace, ending)}


def polish(problem: Problem, trace: Trace, ending: Polish = TO_A_FIXED_POINT) -> Path:
    """Take every run to its limit, without charge."""
    runs = len(trace.stop)
    limit, passes = np.full(runs, np.nan), np.zeros(runs)
    empty = trace.diagnostics["empty"][-1].copy() if "empty" in trace.diagnostics else np.zeros(runs, dtype=np.int64)
    finite = np.array([stop is not Stop.DIVERGED for stop in trace.stop])
    if finite.any():
        end = minimize(problem, ending.optimizer, trace.w[finite], passes=ending.passes)
        limit[finite], passes[finite] = np.where(ending.degenerate(end), np.nan, end.cost[-1]), end.passes[-1]
        if "empty" in end.diagnostics:
            empty[finite] = end.diagnostics["empty"][-1]
    return Path(trace.cost, trace.passes, limit, passes, empty, trace.stop, trace.diverged | np.isnan(limit))


def first_within(path: Path | Trace, threshold: np.ndarray, passes: float) -> np.ndarray:
    """Return the passes of the first iterate whose cost is at most `threshold` (R,), NaN where there is none.

    What lies beyond the budget `passes` does not count.
    """
    there = (path.cost <= threshold) & (path.passes <= passes)
    first = there.argmax(axis=0)
    return np.where(there.any(axis=0), path.passes[first, np.arange(len(first))], np.nan)
