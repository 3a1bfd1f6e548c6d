"""Nested mini-batches: each batch holds the one before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count

import numpy as np

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.core.problem import Capability
from kmeans_convergence.optimizers.minibatch import batch_size
from kmeans_convergence.optimizers.online import EARLY, shuffled
from kmeans_convergence.starts import Streams


@dataclass(frozen=True)
class NestedMiniBatch:
    """Nested mini-batch k-means (Newling and Fleuret 2016), without their distance bounds.

    A step is Lloyd's on the batch, so that a pattern contributes once, wherever it is assigned now. The batch doubles
    when every prototype moves by less than its standard error over `patience`: min_k s_k / ||move_k|| > patience, with
    s_k^2 = sum ||x - w_k||^2 / (N_k (N_k - 1)) over its patterns. Once it holds all data it is Lloyd's algorithm and
    ends as that does.

    Attributes
    ----------
    patience : float
        Their rho, with the value of their experiments.
    """

    patience: float = 100.0

    # an iterate is shown again only by a run that has converged on all data
    memoryless = True
    needs = frozenset({Capability.SUBSETS, Capability.STANDARD_ERRORS})

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the prototypes some times within the first pass and then after each; runs differ by up to a step."""
        orders = shuffled(problem.size, rngs)[:, None]
        runs = [
            _Run(problem.single_run(r), start, order, self.patience)
            for r, (start, order) in enumerate(zip(starts[:, None], orders, strict=True))
        ]
        charged = np.zeros(len(runs), dtype=np.int64)
        for passes in chain(EARLY, count(2)):
            for run, active in zip(runs, problem.active, strict=True):
                if active:
                    run.advance(passes * problem.size)
            following = np.concatenate([run.problem.charged for run in runs])
            problem.charge(following - charged)
            charged = following
            yield np.concatenate([run.x for run in runs])


class _Run:
    """One run: its batch is the first `patterns` of its `order` (1, n)."""

    def __init__(self, problem: CountingOracle, x: np.ndarray, order: np.ndarray, patience: float) -> None:
        self.problem, self.x, self.order, self.patience = problem, x, order, patience
        self.patterns = batch_size(problem.size)
        self.converged = False

    def advance(self, work: float) -> None:
        """Step until this much work has been charged and the iterate has moved, or it has converged on all data."""
        before = self.x
        while not self.converged and (self.problem.charged[0] < work or np.array_equal(self.x, before)):
            self.step()

    def step(self) -> None:
        whole = self.patterns == self.problem.size
        rows = self.order[:, : self.patterns]
        # all data in their own order: the same bits as Lloyd's
        here = self.problem.evaluate(self.x) if whole else self.problem.evaluate_rows(self.x, rows)
        moves = here.lengths(here.image - self.x)
        self.converged = whole and not moves.any()
        if not whole and self.wants_more(moves, self.problem.standard_errors(here, rows)):
            self.patterns = min(2 * self.patterns, self.problem.size)
        self.x = here.image

    def wants_more(self, moves: np.ndarray, errors: np.ndarray) -> bool:
        """Say whether all that has moved has moved by little against its standard error."""
        return bool((errors > self.patience * moves)[moves > 0].all())
