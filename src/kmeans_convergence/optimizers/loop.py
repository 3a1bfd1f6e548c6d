"""The only loop: it consumes an optimizer's iterates and measures them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import pandas as pd

from kmeans_convergence.optimizers.base import Optimizer
from kmeans_convergence.optimizers.metering import MeteredProblem
from kmeans_convergence.problems import Evaluation, Problem
from kmeans_convergence.starts import Streams


class Stop(Enum):
    """Why a run ended."""

    FIXED_POINT = "the iterate maps to itself, so that no later step can move it"
    BUDGET = "the epochs were used up"


@dataclass(frozen=True)
class Trace:
    """What happened in R runs over T epochs; arrays have the shape (T + 1, R), and row 0 is the start.

    Attributes
    ----------
    cost, gradient_norm : ndarray, float64
        At the iterate after each epoch.
    changed : ndarray, int64
        Patterns whose assignment differs from the epoch before; 0 at the start.
    empty : ndarray, int64
        Prototypes that own no pattern (mixtures: that are most responsible for none).
    largest_move : ndarray, float64
        Largest distance that a prototype moved in the epoch; 0 at the start.
    passes : ndarray, float64
        Patterns touched by the optimizer so far, in passes over the data.
    w : ndarray of shape (R, K, d)
        The last iterates.
    stop : tuple of Stop, length R
    """

    cost: np.ndarray
    gradient_norm: np.ndarray
    changed: np.ndarray
    empty: np.ndarray
    largest_move: np.ndarray
    passes: np.ndarray
    w: np.ndarray
    stop: tuple[Stop, ...]

    MEASURES = ("cost", "gradient_norm", "changed", "empty", "largest_move", "passes")

    def table(self) -> pd.DataFrame:
        """Return the tidy table: one row for each run and epoch."""
        epochs, runs = self.cost.shape
        columns = {"run": np.repeat(np.arange(runs), epochs), "epoch": np.tile(np.arange(epochs), runs)}
        columns |= {name: getattr(self, name).T.ravel() for name in self.MEASURES}
        return pd.DataFrame(columns)


def minimize(problem: Problem, optimizer: Optimizer, starts: np.ndarray, *, epochs: int, rngs: Streams = ()) -> Trace:
    """Run an optimizer from R starts and measure each iterate.

    A run of a memoryless optimizer ends when an epoch does not move it; its row is then repeated and it
    is charged no more. Measuring is not charged.

    Parameters
    ----------
    problem : Problem
    optimizer : Optimizer
    starts : ndarray of shape (R, K, d)
    epochs : int
        Largest number of epochs.
    rngs : sequence of R Generators
        One for each run, for optimizers that draw.
    """
    metered = MeteredProblem(problem, len(starts))
    here = metered.measure(np.array(starts, dtype=np.float64))
    still = np.zeros(len(starts))
    rows = [_measure(here, np.zeros(len(starts), dtype=np.int64), still, still)]
    iterates = optimizer.iterates(metered, here.w, rngs)
    while len(rows) <= epochs and metered.active.any():
        before, here = here, metered.measure(next(iterates))
        changed = (here.assignments != before.assignments).sum(axis=1)
        move = np.sqrt(((here.w - before.w) ** 2).sum(axis=2)).max(axis=1)
        rows.append(_measure(here, changed, move, metered.touched / metered.n))
        if optimizer.memoryless:
            metered.active &= move > 0
    rows += [rows[-1]] * (epochs + 1 - len(rows))
    stop = tuple(Stop.BUDGET if active else Stop.FIXED_POINT for active in metered.active)
    cost, norm, changes, empty, moves, passes = (np.stack(measure) for measure in zip(*rows, strict=True))
    return Trace(cost, norm, changes, empty, moves, passes, w=here.w, stop=stop)


def _measure(here: Evaluation, changed: np.ndarray, move: np.ndarray, passes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return one value for each run of the measures of a Trace, in its order."""
    norm = np.sqrt((here.gradient**2).sum(axis=(1, 2)))
    owners = np.stack([(here.assignments == k).any(axis=1) for k in range(here.w.shape[1])], axis=1)
    return here.cost, norm, changed, (~owners).sum(axis=1), move, passes
