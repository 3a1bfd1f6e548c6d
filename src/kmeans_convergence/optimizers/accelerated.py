"""The alternation extrapolated: over-relaxation, momentum and Anderson acceleration of the map x -> T(x).

All of them share one safeguard. An extrapolation is evaluated at the price of one pass, as the next step of the
alternation would be. Where it did not lower the cost, it is rejected and the plain step T(x) is made instead. Where the
problem says that T(x) is the minimum of its piece of the cost, no extrapolation can improve on it, and the plain step
is made, too; so all of them end like the alternation.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np

from kmeans_convergence.core.oracle import CountingOracle, chosen
from kmeans_convergence.core.problem import Evaluation
from kmeans_convergence.optimizers.base import General
from kmeans_convergence.starts import Streams

# What is left of a squared length, below this share of the largest one, are rounding errors.
CUTOFF = 1e-12

# What an extrapolation is made from: the evaluation at each iterate that was kept, and the runs whose last one was
# rejected.
Extrapolations = Generator[np.ndarray, tuple[Evaluation, np.ndarray], None]


class SafeguardedExtrapolation(General):
    """An optimizer that extrapolates beyond T(x), and returns where that fails."""

    def extrapolations(self, here: Evaluation) -> Extrapolations:
        """Yield an extrapolation from each evaluation that is sent, shape (R, P), the first one from `here`.

        With an evaluation comes a mask (R,) of the runs whose last extrapolation was rejected: they are still where
        they were.
        """
        raise NotImplementedError

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield iterates, one pass over the data for each; those that are rejected are among them."""
        here = problem.evaluate(starts)
        extrapolations = self.extrapolations(here)
        x = next(extrapolations)
        while True:
            yield x
            there = problem.evaluate(x)
            # a plain step lowers the cost unless the run has converged: it needs no test, which rounding could fail
            extrapolated = (x != here.image).any(axis=1)
            rejected = extrapolated & ~(there.cost < here.cost)
            plain = rejected | there.solved_by_image(here)
            here = chosen(rejected, here, there)
            x = np.where(plain[:, None], here.image, extrapolations.send((here, rejected)))


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
class OverRelaxation(SafeguardedExtrapolation):
    r"""The over-relaxed alternation: :math:`x\leftarrow x+\omega(T(x)-x)`.

    The relaxation of successive approximations, applied to the map of Lloyd as for centroidal Voronoi tessellations
    (Xiao 2010). For :math:`0<\omega<2` the majoriser
    promises the decrease :math:`\frac{\omega(2-\omega)}{2}\|T(x)-x\|^2` in its metric, so nothing is ever rejected.
    For a uniform density on an interval the best :math:`\omega` is :math:`2/(1+\sin^2(\pi/2K))`, close to 2 for many
    prototypes.
    """

    omega: float

    def extrapolations(self, here: Evaluation) -> Extrapolations:
        """See `SafeguardedExtrapolation`."""
        while True:
            here, _ = yield here.image + (self.omega - 1) * (here.image - here.x)


@dataclass(frozen=True)
class HeavyBall(SafeguardedExtrapolation):
    r"""Heavy ball (Polyak 1964) on the alternation: :math:`x_{t+1}=T(x_t)+\beta(x_t-x_{t-1})`.

    The velocity is lost where an extrapolation was rejected. The default :math:`\beta` is ours: critical damping for
    a mode that the alternation contracts by 0.91, as :math:`\beta=(1-\sqrt{1-\rho})^2` says.
    """

    momentum: float = 0.5

    def extrapolations(self, here: Evaluation) -> Extrapolations:
        """See `SafeguardedExtrapolation`."""
        before = here.x
        while True:
            velocity = here.x - before
            before = here.x
            here, _ = yield here.image + self.momentum * velocity


class Nesterov(SafeguardedExtrapolation):
    r"""Nesterov's acceleration (1983) of the alternation with the restart of O'Donoghue and Candès (2015).

    :math:`x_{t+1}=T(x_t)+\frac{\theta_t-1}{\theta_{t+1}}(T(x_t)-T(x_{t-1}))` with :math:`\theta_1=1` and
    :math:`\theta_{t+1}=\frac12(1+\sqrt{1+4\theta_t^2})`; :math:`\theta` is 1 again where an extrapolation was rejected.
    """

    def extrapolations(self, here: Evaluation) -> Extrapolations:
        """See `SafeguardedExtrapolation`."""
        before, theta = here.image, np.ones(len(here.x))
        while True:
            following = 0.5 * (1 + np.sqrt(1 + 4 * theta**2))
            momentum = (theta - 1) / following
            before, x = here.image, here.image + momentum[:, None] * (here.image - before)
            here, rejected = yield x
            theta = np.where(rejected, 1, following)


@dataclass(frozen=True)
class Anderson(SafeguardedExtrapolation):
    r"""Anderson acceleration of the alternation, after Zhang, Yao, Peng, Yu and Deng (2018).

    With the residuals :math:`F_t=T(x_t)-x_t` of the iterates that were kept, the extrapolation is
    :math:`T(x_t)-\sum_{j=1}^m\theta_j(T(x_{t-j+1})-T(x_{t-j}))`, where :math:`\theta` minimises
    :math:`\|F_t-\sum_j\theta_j(F_{t-j+1}-F_{t-j})\|`. As there, m shrinks by one when the cost falls by less than a
    share `slow` of its fall before, and grows by one when it falls by more than the share `fast`. The constants are
    ours.

    Attributes
    ----------
    memory : int
        m at first.
    most : int
        Bound of m; 0 is the alternation.
    """

    memory: int = 2
    most: int = 10
    slow: float = 0.02
    fast: float = 0.5

    def extrapolations(self, here: Evaluation) -> Extrapolations:
        """See `SafeguardedExtrapolation`."""
        runs, coordinates = here.x.shape
        steps, residuals = np.zeros((2, runs, self.most, coordinates))
        m, fall = np.full(runs, min(self.memory, self.most)), np.full(runs, np.nan)
        while True:
            used = (np.arange(self.most) < m[:, None])[..., None]
            differences = residuals * used
            products = np.einsum("rmp,rnp->rmn", differences, differences)
            theta = least_squares(products, np.einsum("rnp,rp->rn", differences, here.image - here.x))
            before = here
            here, rejected = yield here.image - np.einsum("rm,rmp->rp", theta, steps * used)
            kept = ~rejected
            for history, new, old in (
                (steps, here.image, before.image),
                (residuals, here.image - here.x, before.image - before.x),
            ):
                history[kept, 1:] = history[kept, :-1]
                history[kept, :1] = (new - old)[kept, None][:, : self.most]
            falls = before.cost - here.cost
            m = np.where(kept, np.clip(m - (falls < self.slow * fall) + (falls > self.fast * fall), 0, self.most), m)
            fall = np.where(kept, falls, fall)


class Squarem(SafeguardedExtrapolation):
    r"""SQUAREM (Varadhan and Roland 2008): a step along two steps of the alternation, squared.

    With :math:`x_1=T(x_0)`, :math:`x_2=T(x_1)`, :math:`r=x_1-x_0` and :math:`v=x_2-x_1-r` it goes to
    :math:`x_0-2\alpha r+\alpha^2v`, by their third step length :math:`\alpha=-\|r\|/\|v\|` but never less far than
    :math:`x_2`, where :math:`\alpha=-1`, and from there makes a step of the alternation to the next :math:`x_0`.
    A cycle takes three passes. They bound how far the cost may rise; here it may not.
    """

    def extrapolations(self, here: Evaluation) -> Extrapolations:
        """See `SafeguardedExtrapolation`."""
        while True:
            before = here
            here, _ = yield here.image
            step = before.image - before.x
            bend = here.image - here.x - step
            lengths = np.sqrt((step**2).sum(axis=1)), np.sqrt((bend**2).sum(axis=1))
            ratio = np.divide(*lengths, out=np.ones_like(lengths[0]), where=lengths[1] > 0)
            alpha = -np.maximum(ratio, 1)[:, None]
            here, _ = yield before.x - 2 * alpha * step + alpha**2 * bend
            here, _ = yield here.image


@dataclass(frozen=True)
class Relaxation(General):
    r"""The alternation relaxed by a factor up to 2 (de Leeuw and Heiser 1980), with a plain step at its end.

    The sequence :math:`y_{t+1}=y_t+\omega(T(y_t)-y_t)` is hidden, and :math:`T(y_t)` is shown. With
    :math:`\omega=2` the majoriser promises no decrease, only that y does not get worse, and an eigenvalue
    :math:`\lambda` of the derivative of T becomes :math:`2\lambda-1`: what was slow converges in about half the steps.
    But an eigenvalue of 0 becomes -1. Stress has one: the Guttman transform does not see the scale of a configuration,
    :math:`T(ay)=T(y)` for :math:`a>0`, so its derivative along y is 0; while the shape of y converges, its scale
    alternates between 1 + e and 1 - e for ever. The plain step at the end removes just that, without another pass,
    because the evaluation at y brings its image.

    Attributes
    ----------
    omega : float
        In (0, 2].
    """

    omega: float = 2.0

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the images of the relaxed iterates, one pass over the data for each."""
        y = starts
        while True:
            here = problem.evaluate(y)
            yield here.image
            y = here.x + self.omega * (here.image - here.x)
