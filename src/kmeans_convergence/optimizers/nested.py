"""Nested mini-batches: each batch holds the one before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count

import numpy as np

from kmeans_convergence.optimizers.metering import MeteredProblem
from kmeans_convergence.optimizers.minibatch import batch_size
from kmeans_convergence.optimizers.online import EARLY, shuffled
from kmeans_convergence.problems import Evaluation
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

    # an iterate is shown again only by a run that rests on all data
    memoryless = True

    def iterates(self, problem: MeteredProblem, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the prototypes some times within the first pass and then after each; runs differ by up to a step."""
        orders = shuffled(problem.n, rngs)[:, None]
        runs = [
            _Run(problem.apart(), w, order, self.patience) for w, order in zip(starts[:, None], orders, strict=True)
        ]
        charged = np.zeros(len(runs), dtype=np.int64)
        for passes in chain(EARLY, count(2)):
            for run, active in zip(runs, problem.active, strict=True):
                if active:
                    run.advance(passes * problem.n)
            touched = np.concatenate([run.problem.touched for run in runs])
            problem.charge(touched - charged)
            charged = touched
            yield np.concatenate([run.w for run in runs])


class _Run:
    """One run: its batch is the first `size` patterns of its `order` (1, n)."""

    def __init__(self, problem: MeteredProblem, w: np.ndarray, order: np.ndarray, patience: float) -> None:
        self.problem, self.w, self.order, self.patience = problem, w, order, patience
        self.size = batch_size(problem.n)
        self.rests = False

    def advance(self, patterns: float) -> None:
        """Step until so many patterns have been touched and the prototypes have moved, or they rest on all data."""
        before = self.w
        while not self.rests and (self.problem.touched[0] < patterns or np.array_equal(self.w, before)):
            self.step()

    def step(self) -> None:
        whole = self.size == self.problem.n
        rows = self.order[:, : self.size]
        # all data in their own order: the same bits as Lloyd's
        here = self.problem.evaluate(self.w) if whole else self.problem.evaluate_rows(self.w, rows)
        moves = np.sqrt(((here.minimizer - self.w) ** 2).sum(axis=2))
        self.rests = whole and not moves.any()
        if not whole and self.wants_more(here, rows[0], moves[0]):
            self.size = min(2 * self.size, self.problem.n)
        self.w = here.minimizer

    def wants_more(self, here: Evaluation, rows: np.ndarray, moves: np.ndarray) -> bool:
        """Say whether all prototypes have moved by little against their standard errors."""
        owner, counts = here.assignments[0], here.counts[0]
        squares = ((self.problem.patterns[rows] - here.minimizer[0, owner]) ** 2).sum(axis=1)
        variation = np.bincount(owner, weights=squares, minlength=len(counts))
        # a mean of one pattern is exact as far as one can tell
        errors = np.sqrt(variation / np.maximum(counts * (counts - 1), 1))
        return bool((errors > self.patience * moves)[moves > 0].all())
