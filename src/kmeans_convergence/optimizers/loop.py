"""The only loop: it consumes an optimizer's iterates and measures them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple

import numpy as np
import pandas as pd

from kmeans_convergence.optimizers.base import Optimizer
from kmeans_convergence.optimizers.metering import MeteredProblem
from kmeans_convergence.problems import Evaluation, Problem
from kmeans_convergence.problems.base import PatternProblem
from kmeans_convergence.problems.kernels import compare_assignments
from kmeans_convergence.starts import Streams

# A run rests when its last move and the decrease that the majoriser promises are below this share of its cost: about
# the rounding error of the cost, so that nothing is left to be seen.
REST = 1e-15

# Without a budget, a run ends, too, when its cost has not been lower for so many iterates. So every run ends, even one
# whose iterates cycle within rounding errors.
PATIENCE = 100


class Stop(Enum):
    """Why a run ended."""

    FIXED_POINT = "the iterate maps to itself, so that no later step can move it"
    BUDGET = "the epochs or passes were used up"
    DIVERGED = "the iterate or its cost is no longer finite"
    STALLED = "there is no budget, and the cost falls no more"


class Mark(NamedTuple):
    """Where R runs are when a smaller budget ends: `rows` (R,) of a trace, iterates `w` (R, K, d)."""

    rows: np.ndarray
    w: np.ndarray


@dataclass(frozen=True)
class Trace:
    """What happened in R runs over T iterates; arrays have the shape (T + 1, R), and row 0 is the start.

    When a run has ended, its last row is repeated.

    Attributes
    ----------
    cost, gradient_norm : ndarray, float64
        At the iterate after each epoch.
    changed : ndarray, int64
        Patterns whose assignment differs from the iterate before; 0 at the start.
    empty : ndarray, int64
        Prototypes that own no pattern (mixtures: that are most responsible for none).
    largest_move : ndarray, float64
        Largest distance that a prototype moved in the epoch; 0 at the start.
    passes : ndarray, float64
        Patterns touched by the optimizer so far, in passes over the data.
    w : ndarray of shape (R, K, d)
        The last iterates.
    stop : tuple of Stop, length R
    ended : ndarray of shape (R,), int64
        The row at which each run ended.
    marks : mapping of float to Mark
        For each smaller budget that was asked for, where its runs would have ended.
    """

    cost: np.ndarray
    gradient_norm: np.ndarray
    changed: np.ndarray
    empty: np.ndarray
    largest_move: np.ndarray
    passes: np.ndarray
    w: np.ndarray
    stop: tuple[Stop, ...]
    ended: np.ndarray
    marks: Mapping[float, Mark] = field(default_factory=dict)

    MEASURES = ("cost", "gradient_norm", "changed", "empty", "largest_move", "passes")

    @property
    def diverged(self) -> np.ndarray:
        """Which runs end above their start, or are not finite, shape (R,)."""
        return ~(self.cost[-1] <= self.cost[0]) | [stop is Stop.DIVERGED for stop in self.stop]

    def until(self, passes: float) -> Trace:
        """Return the beginning of the runs that a smaller budget buys, one that `minimize` was told to mark.

        It is what `minimize` returns for that budget, if the optimizer knows nothing of budgets.
        """
        rows, w = self.marks[passes]
        earlier = np.minimum(np.arange(rows.max() + 1)[:, None], rows), np.arange(len(rows))
        ended = np.minimum(self.ended, rows)
        stop = tuple(
            stop if whole <= row else Stop.BUDGET for stop, whole, row in zip(self.stop, self.ended, rows, strict=True)
        )
        marks = {budget: mark for budget, mark in self.marks.items() if budget < passes}
        measures = {name: getattr(self, name)[earlier] for name in self.MEASURES}
        return replace(self, **measures, w=w, stop=stop, ended=ended, marks=marks)

    def table(self) -> pd.DataFrame:
        """Return the tidy table: one row for each run and epoch."""
        epochs, runs = self.cost.shape
        columns = {"run": np.repeat(np.arange(runs), epochs), "epoch": np.tile(np.arange(epochs), runs)}
        columns |= {name: getattr(self, name).T.ravel() for name in self.MEASURES}
        return pd.DataFrame(columns)


def minimize(
    problem: Problem,
    optimizer: Optimizer,
    starts: np.ndarray,
    *,
    epochs: int | None = None,
    passes: float | None = None,
    rngs: Streams = (),
    marks: Sequence[float] = (),
) -> Trace:
    """Run an optimizer from R starts and measure each iterate.

    A run of a memoryless optimizer ends when an epoch does not move it: it maps to itself. With a budget in passes,
    any run ends too when it rests, see `REST`; with an infinite one, also when its cost falls no more, see
    `PATIENCE`. A run that diverges ends there. A run that has ended stays where it is and is charged no more. Measuring
    is not charged.

    The run itself happens where the problem is `centred`, so that data far from zero cost no digits.

    Parameters
    ----------
    problem : Problem
    optimizer : Optimizer
    starts : ndarray of shape (R, K, d)
    epochs : int, optional
        Largest number of iterates.
    passes : float, optional
        A run ends with the iterate at which it has touched so many times n patterns; one of the two budgets is needed.
    rngs : sequence of R Generators
        One for each run, for optimizers that draw.
    marks : sequence of float
        Smaller budgets than `passes`: of each, the trace says where its runs would have ended.

    Raises
    ------
    TypeError
        When not exactly one budget is given.
    """
    if (epochs is None) == (passes is None):
        raise TypeError("minimize needs a budget, either in epochs or in passes.")
    runs = len(starts)
    centred, origin = (problem.centred, problem.origin) if isinstance(problem, PatternProblem) else (problem, 0.0)
    metered = MeteredProblem(centred, runs)
    stop = np.full(runs, Stop.BUDGET)
    ended_at = np.zeros(runs, dtype=np.int64)
    # a step that is too long for the problem may end at infinity: this is a result and no accident
    with np.errstate(over="ignore", invalid="ignore"):
        here = metered.measure(np.array(starts, dtype=np.float64) - origin)
        rows = [_measure(here, here, metered.touched / metered.n)]
        stop[_diverges(here)] = Stop.DIVERGED
        metered.end(_diverges(here), here)
        marked = {budget: Mark(np.where(metered.active, -1, 0), here.w.copy()) for budget in marks}
        least, lowered = here.cost, np.zeros(runs, dtype=np.int64)
        iterates = optimizer.iterates(metered, here.w, rngs)
        while metered.active.any() and (epochs is None or len(rows) <= epochs):
            before, here = here, metered.measure(next(iterates))
            row = _measure(before, here, metered.touched / metered.n)
            rows.append(row if metered.active.all() else _where(metered.active, row, rows[-1]))
            lowered = np.where(here.cost < least, len(rows), lowered)
            least = np.minimum(here.cost, least)
            reasons = [(Stop.DIVERGED, _diverges(here))]
            if optimizer.memoryless:
                reasons.append((Stop.FIXED_POINT, (here.w == before.w).all(axis=(1, 2))))
            if passes is not None:
                reasons.append((Stop.FIXED_POINT, _rests(before, here)))
                reasons.append((Stop.BUDGET, metered.touched >= passes * metered.n))
            if passes == math.inf:
                reasons.append((Stop.STALLED, len(rows) - lowered > PATIENCE))
            ended_at[metered.active] = len(rows) - 1
            for reason, ended in reasons:
                stop[metered.active & ended] = reason
                metered.end(ended, here)
            for budget, mark in marked.items():
                there = (mark.rows < 0) & (~metered.active | (metered.touched >= budget * metered.n))
                mark.rows[there], mark.w[there] = len(rows) - 1, here.w[there]
    if epochs is not None:
        rows += [rows[-1]] * (epochs + 1 - len(rows))
    ended_at[metered.active] = len(rows) - 1
    cost, norm, changes, empty, moves, charged = (np.stack(measure) for measure in zip(*rows, strict=True))
    marked = {budget: Mark(mark.rows, mark.w + origin) for budget, mark in marked.items()}
    return Trace(cost, norm, changes, empty, moves, charged, here.w + origin, tuple(stop), ended_at, marked)


def _measure(before: Evaluation, here: Evaluation, passes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return one value for each run of the measures of a Trace, in its order."""
    norm = np.sqrt((here.gradient**2).sum(axis=(1, 2)))
    changed, owned = np.zeros(len(here.w), dtype=np.int64), np.zeros(here.w.shape[:2], dtype=bool)
    compare_assignments(before.assignments, here.assignments, changed, owned)
    move = np.sqrt(((here.w - before.w) ** 2).sum(axis=2)).max(axis=1)
    return here.cost, norm, changed, (~owned).sum(axis=1), move, passes


def _where(mask: np.ndarray, new: tuple[np.ndarray, ...], old: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    return tuple(np.where(mask, a, b) for a, b in zip(new, old, strict=True))


def _diverges(here: Evaluation) -> np.ndarray:
    """Say which runs have an iterate or a cost that is not finite, shape (R,)."""
    return ~(np.isfinite(here.cost) & np.isfinite(here.w).all(axis=(1, 2)))


def _rests(before: Evaluation, here: Evaluation) -> np.ndarray:
    """Say which runs have neither moved nor have somewhere to go, in terms of their cost, shape (R,)."""
    promised, moved = (
        0.5 * (here.counts * ((w - here.w) ** 2).sum(axis=2)).sum(axis=1) for w in (here.minimizer, before.w)
    )
    return np.asarray(np.maximum(promised, moved) <= REST * here.cost)
