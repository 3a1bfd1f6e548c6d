"""Optimizers that move after each mini-batch; an epoch is one pass in a fresh random order, cut into batches.

All of them move a prototype towards the mean of the patterns that it wins in a batch; they differ in how far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, repeat
from math import ceil, cos, pi

import numpy as np

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.core.problem import Capability, Evaluation
from kmeans_convergence.optimizers.base import Rate
from kmeans_convergence.optimizers.online import shown, shuffled
from kmeans_convergence.starts import Streams

NEEDS = frozenset({Capability.SUBSETS, Capability.DIAGONAL_METRIC})

# Patterns of a batch: scikit-learn's default; of small data, about a sixteenth, but enough to average over.
LARGEST, SMALLEST, PARTS = 1024, 16, 16

# c of c/n_k where it is not estimated: right for rho = 3/4.
FACTOR = 4.0

# Patterns that an estimate of rho uses: a sixteenth, but enough for some to cross each face.
PROBE, PROBE_PARTS = 4096, 16
# As rho nears 1, 1 - rho is the small difference of an estimate from 1; and a factor of 16 overwrites what a prototype
# has learnt in each of its first 16 batches, that is, of small data, in a whole epoch.
LARGEST_FACTOR = 16.0


def batch_size(n: int) -> int:
    """Return the number of patterns of a mini-batch of n: min(1024, max(16, n/16)), but no more than there are."""
    return min(n, LARGEST, max(SMALLEST, ceil(n / PARTS)))


def batches_of_an_epoch(n: int) -> int:
    """Return into how many mini-batches an epoch is cut; their sizes differ by at most one pattern."""
    return ceil(n / batch_size(n))


def batches(n: int, rngs: Streams, parts: int | None = None) -> Iterator[tuple[np.ndarray, bool]]:
    """Yield mini-batches (R, b), drawn without replacement within an epoch, and whether an iterate is due after it.

    Parameters
    ----------
    n : int
    rngs : sequence of R Generators
    parts : int, optional
        Into how many mini-batches an epoch is cut, but no more than there are patterns; without, `batches_of_an_epoch`.
    """
    steps = batches_of_an_epoch(n) if parts is None else min(n, parts)
    for epoch in count(1):
        due = shown(steps) if epoch == 1 else [steps]
        for step, rows in enumerate(np.array_split(shuffled(n, rngs), steps, axis=1), 1):
            yield rows, step in due


def towards_image(here: Evaluation, rate: np.ndarray | float) -> np.ndarray:
    """Return the points moved by a rate, at most 1, (R, P) or one for all, towards their image under a mini-batch."""
    rate = np.minimum(rate, 1)
    # written so that a rate of 0 or 1 gives one or the other exactly
    return np.asarray((1 - rate) * here.x + rate * here.image)


def counts_step(
    problem: CountingOracle, x: np.ndarray, rows: np.ndarray, metric: np.ndarray, factor: float | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return points and summed metrics after a mini-batch, by the rate min(1, factor m_B / m).

    It is a gradient step on the batch, preconditioned by the curvature of all batches so far. On k-means m_B is the
    number of patterns of the batch that a prototype wins, and m the number n_k that it has won over the run.

    Parameters
    ----------
    problem : CountingOracle
    x : ndarray of shape (R, P)
    rows : ndarray of shape (R, b), integers
    metric : ndarray of shape (R, P)
        m before this batch: the sum of the metrics of those before.
    factor : float, or ndarray of shape (R, 1)
    """
    here = problem.evaluate_rows(x, rows)
    metric = metric + here.metric
    seen = here.metric > 0
    return towards_image(here, np.divide(factor * here.metric, metric, out=np.zeros_like(metric), where=seen)), metric


@dataclass(frozen=True)
class MiniBatchCounts:
    """Mini-batch k-means with counts (Sculley 2010), and with a larger rate.

    Sculley's algorithm assigns a batch and then visits its patterns in turn with the rate 1/n_k of online K-means.
    The order does not matter: w_k becomes (n_k w_k + S_k) / (n_k + N_k), with the number N_k and the sum S_k of the
    patterns that it wins in the batch. That is a step by N_k / n_k, n_k counted anew, towards their mean; here by
    min(1, factor N_k / n_k). n_k starts at 0.

    Near a minimum the error of the rate 1/n_k decays along the slowest direction like t^-(1-rho) only, with the
    spectral radius rho of Lloyd's map; a factor of 1/(1-rho) or more restores 1/t.

    Attributes
    ----------
    factor : float
        1 is Sculley's rule.
    """

    factor: float = 1.0

    memoryless = False
    needs = NEEDS

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the prototypes some times within the first epoch and then after each."""
        x, metric = starts, np.zeros_like(starts)
        for rows, due in batches(problem.size, rngs):
            x, metric = counts_step(problem, x, rows, metric, self.factor)
            if due:
                yield x


@dataclass(frozen=True)
class MiniBatchAveraged:
    """The mean of the iterates of `MiniBatchCounts` (Polyak and Juditsky 1992), over the last epoch.

    An iterate shown is the mean of all since the one shown before: the tail of the run, so that the start is forgotten.

    Attributes
    ----------
    factor : float
    """

    factor: float = FACTOR

    memoryless = False
    needs = NEEDS

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the averages some times within the first epoch and then after each."""
        x, metric = starts, np.zeros_like(starts)
        total, terms = np.zeros_like(starts), 0
        for rows, due in batches(problem.size, rngs):
            x, metric = counts_step(problem, x, rows, metric, self.factor)
            total, terms = total + x, terms + 1
            if due:
                yield total / terms
                total, terms = np.zeros_like(starts), 0


def contraction(problem: CountingOracle, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Estimate rho, the spectral radius of the alternation, by the ratio of two successive steps, shape (R,).

    In the metric of the majoriser the map is symmetric near a minimum, so that no ratio exceeds rho but by chance. The
    first step is left out: it undoes the noise of the iterate.

    Parameters
    ----------
    problem : CountingOracle
    x : ndarray of shape (R, P)
    rows : ndarray of shape (R, m), integers
        The patterns that the map is taken of; three times as many are charged.
    """
    lengths = []
    for _ in range(3):
        here = problem.evaluate_rows(x, rows)
        x = here.image
        lengths.append(np.sqrt((here.metric * (x - here.x) ** 2).sum(axis=1)))
    # a run that has converged contracts at once
    return np.divide(lengths[2], lengths[1], out=np.zeros_like(lengths[2]), where=lengths[1] > 0)


@dataclass(frozen=True)
class MiniBatchEstimated:
    """`MiniBatchCounts` with the factor 1 / (1 - rho) that its theory asks for, rho estimated from the data.

    The first epoch has the factor 4. After it rho is estimated once, by three steps of Lloyd's map on min(n, max(4096,
    n/16)) patterns, which are charged: on large data that costs 3/16 of a pass, less than two steps on all of them. The
    factor is kept in [1, 16]: less would be slower than Sculley's rule, more would be noise. After so few steps the
    moves are not yet along the slowest direction, so that the factor is rather too small than too large.
    """

    memoryless = False
    needs = NEEDS

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the prototypes some times within the first epoch and then after each."""
        x, metric = starts, np.zeros_like(starts)
        factor: float | np.ndarray = FACTOR
        left = problem.size
        for rows, due in batches(problem.size, rngs):
            if left == 0:
                factor = self.factor(problem, x, rngs)
            x, metric = counts_step(problem, x, rows, metric, factor)
            left -= rows.shape[1]
            if due:
                yield x

    @staticmethod
    def factor(problem: CountingOracle, x: np.ndarray, rngs: Streams) -> np.ndarray:
        """Return the factor of each run, shape (R, 1)."""
        n = problem.size
        probe = shuffled(n, rngs)[:, : min(n, max(PROBE, ceil(n / PROBE_PARTS)))]
        rho = contraction(problem, x, probe)
        # a rho of 1 or more is a slow run, too
        return (1 / np.maximum(1 - rho, 1 / LARGEST_FACTOR))[:, None]


class MiniBatchRoot:
    r"""Mini-batch k-means with the rate :math:`\sqrt{N_k/b}` of Schwartzman (2023).

    N_k of the b patterns of a batch are won by prototype k, which moves by this rate towards their mean. Nothing is
    counted over the run and the rate does not fall, so that early batches are forgotten and later ones go on moving the
    prototypes: it is the rate for which an early stop was proved, and the one that is proposed for scikit-learn.
    """

    memoryless = False
    needs = NEEDS

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the prototypes some times within the first epoch and then after each."""
        x = starts
        for rows, due in batches(problem.size, rngs):
            here = problem.evaluate_rows(x, rows)
            x = towards_image(here, np.sqrt(here.metric / rows.shape[1]))
            if due:
                yield x


@dataclass(frozen=True)
class MovingAverage:
    """Mini-batch k-means whose prototypes are moving averages with a cosine schedule, in the style of e-means.

    w_k moves by alpha_t towards the mean of the patterns that it wins in a batch, with alpha_t = initial (1 +
    cos(pi t / T)) / 2 after t of T batches: 0 at the last one, where the run ends. The idea is that of Bessa et al.
    (2026); the constants are our own choice.

    Attributes
    ----------
    initial : float
    epochs : int
        Length of the schedule.
    """

    initial: float = 0.6
    epochs: int = 100

    # it ends with its schedule, and before that it stays nowhere
    memoryless = True
    needs = NEEDS

    def rate(self, share: float) -> float:
        """Return alpha after this share of the schedule."""
        return self.initial * (1 + cos(pi * share)) / 2

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the prototypes some times within the first epoch and then after each."""
        x, steps = starts, self.epochs * batches_of_an_epoch(problem.size)
        for step, (rows, due) in zip(range(1, steps + 1), batches(problem.size, rngs), strict=False):
            here = problem.evaluate_rows(x, rows)
            x = towards_image(here, self.rate(step / steps) * (here.metric > 0))
            if due:
                yield x
        yield from repeat(x)


@dataclass(frozen=True)
class OnlineEM:
    r"""Online EM on mini-batches (Cappé and Moulines 2009), of any alternation that is a step towards an average.

    After t batches the running average of what T averages over, of a mixture the expected sufficient statistics, is
    moved by :math:`(t+1)^{-\kappa}` towards that of the next batch, and the parameters follow.

    Attributes
    ----------
    exponent : float
        :math:`\kappa` in (1/2, 1], as their theory asks for; 0.6 is what they advise.
    parts : int, optional
        See `batches`.
    """

    exponent: float = 0.6
    parts: int | None = None

    memoryless = False
    needs = frozenset({Capability.SUBSETS})

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the iterates some times within the first epoch and then after each."""
        x = starts
        for batch, (rows, due) in enumerate(batches(problem.size, rngs, self.parts), 1):
            x = problem.evaluate_rows(x, rows).damped_image((batch + 1) ** -self.exponent)
            if due:
                yield x


@dataclass(frozen=True)
class MiniBatchGradient:
    """Gradient steps on mini-batches (Robbins and Monro 1951): x - rate * (mean gradient of a pattern of the batch).

    Attributes
    ----------
    rate : callable
        Of an epoch, counted from 1, such as a `Rate`: one for all runs, or one for each, (R, 1).
    """

    rate: Callable[[int], float | np.ndarray]

    memoryless = False
    needs = frozenset({Capability.SUBSETS})

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the iterates some times within the first epoch and then after each."""
        x, seen = starts, 0
        for rows, due in batches(problem.size, rngs):
            epoch = 1 + seen // problem.size
            x = x - self.rate(epoch) / rows.shape[1] * problem.evaluate_rows(x, rows).gradient
            seen += rows.shape[1]
            if due:
                yield x


@dataclass(frozen=True)
class MiniBatchCurvature:
    r"""Gradient steps on mini-batches in units of their curvature: :math:`x-\epsilon_t\nabla E_B/\bar h_B`.

    :math:`\bar h_B` is the mean curvature of the majoriser on the batch, so that rates mean the same on all problems.

    Attributes
    ----------
    rate : Rate
        Of an epoch.
    parts : int, optional
        See `batches`.
    """

    rate: Rate
    parts: int | None = None

    memoryless = False
    needs = frozenset({Capability.SUBSETS})

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the iterates some times within the first epoch and then after each."""
        x, seen = starts, 0
        for rows, due in batches(problem.size, rngs, self.parts):
            here = problem.evaluate_rows(x, rows)
            mean = here.mean_curvature[:, None]
            step = np.divide(here.gradient, mean, out=np.zeros_like(x), where=mean > 0)
            x = x - self.rate(1 + seen // problem.size) * step
            seen += rows.shape[1]
            if due:
                yield x
