"""Batch K-means that looks ahead: over-relaxation, momentum and Anderson acceleration of the map w -> T(w).

All of them share one safeguard. A leap is evaluated at the price of one pass, as the next step of batch K-means would
be. Where it did not lower the cost, it is taken back and the plain step T(w) is made instead. Where no assignment
changed, the plain step lands on the minimum of the piece, and no leap does; so all of them end like batch K-means.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np

from kmeans_convergence.optimizers.metering import MeteredProblem, chosen
from kmeans_convergence.problems import Evaluation
from kmeans_convergence.starts import Streams

# What is left of a squared length, below this share of the largest one, are rounding errors.
CUTOFF = 1e-12

# What a leap is made from: the evaluation at each iterate that was kept, and which runs just had a leap taken back.
Leaps = Generator[np.ndarray, tuple[Evaluation, np.ndarray], None]


class SafeguardedLeaps:
    """An optimizer that leaps beyond T(w), and knows the way back."""

    memoryless = False

    def leaps(self, here: Evaluation) -> Leaps:
        """Yield a leap from each evaluation that is sent, shape (R, K, d), the first one from `here`.

        With an evaluation comes a mask (R,) of the runs whose last leap was taken back: they are still where they were.
        """
        raise NotImplementedError

    def iterates(self, problem: MeteredProblem, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield iterates, one pass over the data for each; those that are taken back are among them."""
        here = problem.evaluate(starts)
        leaps = self.leaps(here)
        w = next(leaps)
        while True:
            yield w
            there = problem.evaluate(w)
            # a plain step lowers the cost unless it rests: it needs no test, which rounding errors could fail
            leapt = (w != here.minimizer).any(axis=(1, 2))
            back = leapt & ~(there.cost < here.cost)
            plain = back | (there.assignments == here.assignments).all(axis=1)
            here = chosen(back, here, there)
            w = np.where(plain[:, None, None], here.minimizer, leaps.send((here, back)))


def least_squares(products: np.ndarray, projections: np.ndarray) -> np.ndarray:
    """Solve normal equations by elimination, in an order that is the same on every processor, unlike that of LAPACK.

    A vector that depends on those before it gets no weight; nor does one that is 0.

    Parameters
    ----------
    products : ndarray of shape (R, m, m)
        Inner products of the vectors.
    projections : ndarray of shape (R, m)
        Their inner products with what is to be fitted.

    Returns
    -------
    ndarray of shape (R, m)
    """
    equations = np.concatenate([products, projections[..., None]], axis=2)
    least = CUTOFF * products.diagonal(axis1=1, axis2=2).max(axis=1, initial=0.0)
    for j in range(products.shape[1]):
        pivots = equations[:, j, j, None].copy()
        independent = pivots > least[:, None]
        row = np.divide(equations[:, j], pivots, out=np.zeros_like(equations[:, j]), where=independent)
        equations -= equations[:, :, j, None] * row[:, None]
        equations[:, j] = row
    return equations[..., -1]


@dataclass(frozen=True)
class OverRelaxation(SafeguardedLeaps):
    r"""Over-relaxed batch K-means: :math:`w\leftarrow w+\omega(T(w)-w)`.

    The relaxation of successive approximations, applied to the map of Lloyd as for centroidal Voronoi tessellations
    (Xiao 2010). For :math:`0<\omega<2` the majoriser
    promises the decrease :math:`\frac{\omega(2-\omega)}{2}\sum_kN_k\|T(w)_k-w_k\|^2`, so no leap is ever taken back.
    For a uniform density on an interval the best :math:`\omega` is :math:`2/(1+\sin^2(\pi/2K))`, close to 2 for many
    prototypes.
    """

    omega: float

    def leaps(self, here: Evaluation) -> Leaps:
        """See `SafeguardedLeaps`."""
        while True:
            here, _ = yield here.minimizer + (self.omega - 1) * (here.minimizer - here.w)


@dataclass(frozen=True)
class HeavyBall(SafeguardedLeaps):
    r"""Heavy ball (Polyak 1964) on batch K-means: :math:`w_{t+1}=T(w_t)+\beta(w_t-w_{t-1})`.

    The velocity is lost where a leap was taken back. The default :math:`\beta` is ours: critical damping for a mode
    that batch K-means contracts by 0.91, as :math:`\beta=(1-\sqrt{1-\rho})^2` says.
    """

    momentum: float = 0.5

    def leaps(self, here: Evaluation) -> Leaps:
        """See `SafeguardedLeaps`."""
        before = here.w
        while True:
            velocity = here.w - before
            before = here.w
            here, _ = yield here.minimizer + self.momentum * velocity


class Nesterov(SafeguardedLeaps):
    r"""Nesterov's acceleration (1983) of batch K-means with the restart of O'Donoghue and Candès (2015).

    :math:`w_{t+1}=T(w_t)+\frac{\theta_t-1}{\theta_{t+1}}(T(w_t)-T(w_{t-1}))` with :math:`\theta_1=1` and
    :math:`\theta_{t+1}=\frac12(1+\sqrt{1+4\theta_t^2})`; :math:`\theta` is 1 again where a leap was taken back.
    """

    def leaps(self, here: Evaluation) -> Leaps:
        """See `SafeguardedLeaps`."""
        before, theta = here.minimizer, np.ones(len(here.w))
        while True:
            following = 0.5 * (1 + np.sqrt(1 + 4 * theta**2))
            momentum = (theta - 1) / following
            before, leap = here.minimizer, here.minimizer + momentum[:, None, None] * (here.minimizer - before)
            here, back = yield leap
            theta = np.where(back, 1, following)


@dataclass(frozen=True)
class Anderson(SafeguardedLeaps):
    r"""Anderson acceleration of batch K-means, after Zhang, Yao, Peng, Yu and Deng (2018).

    With the residuals :math:`F_t=T(w_t)-w_t` of the iterates that were kept, the leap is
    :math:`T(w_t)-\sum_{j=1}^m\theta_j(T(w_{t-j+1})-T(w_{t-j}))`, where :math:`\theta` minimises
    :math:`\|F_t-\sum_j\theta_j(F_{t-j+1}-F_{t-j})\|`. As there, m shrinks by one when the cost falls by less than a
    share `slow` of its fall before, and grows by one when it falls by more than the share `fast`. The constants are
    ours.

    Attributes
    ----------
    memory : int
        m at first.
    most : int
        Bound of m; 0 is batch K-means.
    """

    memory: int = 2
    most: int = 10
    slow: float = 0.02
    fast: float = 0.5

    def leaps(self, here: Evaluation) -> Leaps:
        """See `SafeguardedLeaps`."""
        runs = len(here.w)
        steps, residuals = np.zeros((2, runs, self.most, here.w[0].size))
        m, fall = np.full(runs, min(self.memory, self.most)), np.full(runs, np.nan)
        while True:
            used = (np.arange(self.most) < m[:, None])[..., None]
            residual = (here.minimizer - here.w).reshape(runs, -1)
            differences = residuals * used
            products = np.einsum("rmp,rnp->rmn", differences, differences)
            theta = least_squares(products, np.einsum("rnp,rp->rn", differences, residual))
            leap = here.minimizer - np.einsum("rm,rmp->rp", theta, steps * used).reshape(here.w.shape)
            before = here
            here, back = yield leap
            kept = ~back
            for history, new, old in (
                (steps, here.minimizer, before.minimizer),
                (residuals, here.minimizer - here.w, before.minimizer - before.w),
            ):
                history[kept, 1:] = history[kept, :-1]
                history[kept, :1] = (new - old)[kept].reshape(kept.sum(), 1, here.w[0].size)[:, : self.most]
            falls = before.cost - here.cost
            m = np.where(kept, np.clip(m - (falls < self.slow * fall) + (falls > self.fast * fall), 0, self.most), m)
            fall = np.where(kept, falls, fall)
