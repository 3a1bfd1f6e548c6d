"""The only loop: it consumes an optimizer's iterates and measures them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from kmeans_convergence.core.optimizer import Optimizer
from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.core.problem import Evaluation, Problem, check_fit
from kmeans_convergence.starts import Streams

# A run has converged when its last step and the decrease that the majoriser promises are below this gap: about the
# rounding error of the cost, so that nothing is left to be gained.
CONVERGED = 1e-15

# Without a budget, a run ends, too, when its cost has not been lower for this number of iterates. So every run ends,
# even one whose iterates cycle within rounding errors.
PATIENCE = 100


class Stop(Enum):
    """Why a run ended."""

    FIXED_POINT = "the iterate maps to itself, so that no later step can move it"
    BUDGET = "the epochs or passes were used up"
    DIVERGED = "the iterate or its cost is no longer finite"
    STALLED = "there is no budget, and the cost falls no more"
    ENOUGH = "it came as near to its end as was asked for"


# Says of which runs (R,) the way from one evaluation to the next shows that they need not go on.
Enough = Callable[[Evaluation, Evaluation], np.ndarray]


class Mark(NamedTuple):
    """Where R runs are when a smaller budget ends: `rows` (R,) of a trace, parameters `w` of the iterates there."""

    rows: np.ndarray
    w: Any


@dataclass(frozen=True)
class Trace:
    """What happened in R runs over T iterates; arrays have the shape (T + 1, R), and row 0 is the start.

    When a run has ended, its last row is repeated.

    Attributes
    ----------
    cost, gradient_norm : ndarray, float64
        At the iterate after each epoch.
    diagnostics : mapping of str to ndarray
        The problem's own measures; of k-means and mixtures: `changed`, patterns whose assignment differs from the
        iterate before; `empty`, prototypes that own no pattern (mixtures: that are most responsible for none);
        `largest_move`, the largest distance that a prototype moved in the epoch. At the start nothing has moved.
    passes : ndarray, float64
        Work charged so far, in passes over the data.
    w : parameters of R runs
        The last iterates, as the problem unpacks them.
    stop : tuple of Stop, length R
    ended : ndarray of shape (R,), int64
        The row at which each run ended.
    marks : mapping of float to Mark
        For each smaller budget that was asked for, where its runs would have ended.
    """

    cost: np.ndarray
    gradient_norm: np.ndarray
    diagnostics: Mapping[str, np.ndarray]
    passes: np.ndarray
    w: Any
    stop: tuple[Stop, ...]
    ended: np.ndarray
    marks: Mapping[float, Mark] = field(default_factory=dict)

    @property
    def measures(self) -> dict[str, np.ndarray]:
        """All measures by their names."""
        return {"cost": self.cost, "gradient_norm": self.gradient_norm, **self.diagnostics, "passes": self.passes}

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
        return replace(
            self,
            cost=self.cost[earlier],
            gradient_norm=self.gradient_norm[earlier],
            diagnostics={name: values[earlier] for name, values in self.diagnostics.items()},
            passes=self.passes[earlier],
            w=w,
            stop=stop,
            ended=ended,
            marks=marks,
        )

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns of the tidy table, one row for each run and epoch: run, epoch and all measures."""
        epochs, runs = self.cost.shape
        columns = {"run": np.repeat(np.arange(runs), epochs), "epoch": np.tile(np.arange(epochs), runs)}
        return columns | {name: values.T.ravel() for name, values in self.measures.items()}


def minimize(
    problem: Problem,
    optimizer: Optimizer,
    starts: Any,
    *,
    epochs: int | None = None,
    passes: float | None = None,
    rngs: Streams = (),
    marks: Sequence[float] = (),
    enough: Enough | None = None,
) -> Trace:
    """Run an optimizer from R starts and measure each iterate.

    A run of a memoryless optimizer ends when an epoch does not move it: it maps to itself. With a budget in passes,
    any run ends too when it has converged, see `CONVERGED`; with an infinite one, also when its cost falls no more, see
    `PATIENCE`. A run that diverges ends there. A run that has ended stays where it is and is charged no more. Measuring
    is not charged.

    The run itself happens where the problem is `centred`, so that data far from zero cost no digits.

    Parameters
    ----------
    problem : Problem
    optimizer : Optimizer
    starts : parameters of R runs
        As the problem packs them; for k-means prototypes, an array of shape (R, K, d).
    epochs : int, optional
        Largest number of iterates.
    passes : float, optional
        A run ends with the iterate at which its work is this many passes; one of the two budgets is needed.
    rngs : sequence of R Generators
        One for each run, for optimizers that draw.
    marks : sequence of float
        Smaller budgets than `passes`: of each, the trace says where its runs would have ended.
    enough : callable, optional
        Called with the evaluations before and at each iterate; a run of which it returns true, in an array (R,), ends.

    Raises
    ------
    InputError
        When the optimizer needs what the problem does not offer.
    TypeError
        When not exactly one budget is given.
    """
    if (epochs is None) == (passes is None):
        raise TypeError("minimize needs a budget, either in epochs or in passes.")
    check_fit(problem, optimizer)
    centred = problem.centred
    start = centred.pack(problem.to_centred(starts))
    oracle = CountingOracle(centred, len(start))
    # a step that is too long for the problem may end at infinity, or at nothing: this is a result and no accident
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        runs = _Runs(oracle, oracle.measure(start), optimizer.memoryless, passes, marks, enough)
        iterates = optimizer.iterates(oracle, runs.here.x, rngs)
        while oracle.active.any() and (epochs is None or len(runs.rows) <= epochs):
            runs.advance(oracle.measure(next(iterates)))
        w = problem.from_centred(centred.unpack(runs.here.x))
        marked = {
            budget: Mark(rows, problem.from_centred(centred.unpack(x))) for budget, (rows, x) in runs.marks.items()
        }
    if epochs is not None:
        runs.rows += [runs.rows[-1]] * (epochs + 1 - len(runs.rows))
    runs.ended[oracle.active] = len(runs.rows) - 1
    names = runs.rows[0]
    measures = {name: np.stack([row[name] for row in runs.rows]) for name in names}
    cost, norm, work = (measures.pop(name) for name in ("cost", "gradient_norm", "passes"))
    return Trace(cost, norm, measures, work, w, tuple(runs.stop), runs.ended, marked)


class _Runs:
    """What `minimize` keeps of R runs: their measures, where they are, and why they have ended.

    Attributes
    ----------
    here : Evaluation
        The present iterates.
    rows : list of dict
        The measures of each iterate, each of shape (R,).
    stop : ndarray of Stop, shape (R,)
    ended : ndarray of shape (R,), int64
    marks : dict of float to (rows (R,), points (R, P))
    """

    def __init__(
        self,
        oracle: CountingOracle,
        here: Evaluation,
        memoryless: bool,
        passes: float | None,
        marks: Sequence[float],
        enough: Enough | None,
    ) -> None:
        runs = len(here.x)
        self.here = here
        self.stop = np.full(runs, Stop.BUDGET)
        self.ended = np.zeros(runs, dtype=np.int64)
        self._oracle, self._memoryless, self._passes = oracle, memoryless, passes
        self._enough = enough
        self.rows = [self._measure(here)]
        self.stop[_diverges(here)] = Stop.DIVERGED
        oracle.end(_diverges(here), here)
        self.marks = {budget: (np.where(oracle.active, -1, 0), here.x.copy()) for budget in marks}
        self._least, self._lowered = here.cost, np.zeros(runs, dtype=np.int64)

    def advance(self, here: Evaluation) -> None:
        """Measure the next iterates and end the runs that end there."""
        oracle, before = self._oracle, self.here
        row = self._measure(here)
        if not oracle.active.all():
            row = {name: np.where(oracle.active, row[name], old) for name, old in self.rows[-1].items()}
        self.rows.append(row)
        self.here = here
        for reason, ends in self._reasons(before, here):
            ending = oracle.active & ends
            if ending.any():
                self.stop[ending], self.ended[ending] = reason, len(self.rows) - 1
                oracle.end(ending, here)
        for budget, (rows, x) in self.marks.items():
            there = (rows < 0) & (~oracle.active | (oracle.charged >= budget * oracle.size))
            rows[there], x[there] = len(self.rows) - 1, here.x[there]

    def _reasons(self, before: Evaluation, here: Evaluation) -> Iterator[tuple[Stop, np.ndarray]]:
        """Yield reasons to end, each with the runs (R,) that it holds for."""
        yield Stop.DIVERGED, _diverges(here)
        if self._memoryless:
            yield Stop.FIXED_POINT, (here.x == before.x).all(axis=1)
        if self._enough is not None:
            yield Stop.ENOUGH, self._enough(before, here)
        if self._passes is None:
            return
        yield Stop.FIXED_POINT, self._converged(before, here)
        yield Stop.BUDGET, self._oracle.charged >= self._passes * self._oracle.size
        if self._passes == math.inf:
            self._lowered[here.cost < self._least] = len(self.rows)
            self._least = np.minimum(here.cost, self._least)
            yield Stop.STALLED, len(self.rows) - self._lowered > PATIENCE

    def _converged(self, before: Evaluation, here: Evaluation) -> np.ndarray:
        """Say which runs have neither moved nor are promised a decrease, on the scale of their cost, shape (R,)."""
        least = CONVERGED * self._oracle.gap.size(here.cost)
        still = 0.5 * here.squared_norm(before.x - here.x) <= least
        return np.asarray(still & (here.promised_decrease <= least) if still.any() else still)

    def _measure(self, here: Evaluation) -> dict[str, np.ndarray]:
        """Return the measures of a Trace, each of shape (R,)."""
        return {
            "cost": here.cost,
            "gradient_norm": np.sqrt((here.gradient**2).sum(axis=1)),
            **here.diagnostics(self.here),
            "passes": self._oracle.charged / self._oracle.size,
        }


def _diverges(here: Evaluation) -> np.ndarray:
    """Say which runs have an iterate or a cost that is not finite, shape (R,)."""
    return ~(np.isfinite(here.cost) & np.isfinite(here.x).all(axis=1))
