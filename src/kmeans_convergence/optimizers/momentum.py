"""Batch gradient with one rate for all prototypes, and a memory of the step before: momentum and spectral steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.core.problem import Evaluation
from kmeans_convergence.optimizers.base import General
from kmeans_convergence.optimizers.batch import stable_rate
from kmeans_convergence.starts import Streams


def _over_runs(values: np.ndarray) -> np.ndarray:
    """Return values (R,) such that they multiply points (R, P)."""
    return values[:, None]


@dataclass(frozen=True)
class NesterovGradient(General):
    r"""Nesterov's accelerated gradient (1983) with the adaptive restart of O'Donoghue and Candès (2015).

    :math:`x_{t+1}=y_t-\epsilon\nabla E(y_t)` and :math:`y_{t+1}=x_{t+1}+\frac{\theta_t-1}{\theta_{t+1}}(x_{t+1}-x_t)`
    with :math:`\theta_1=1`, :math:`\theta_{t+1}=\frac12(1+\sqrt{1+4\theta_t^2})`. The momentum is lost, that is
    :math:`\theta=1` again, where it points uphill: :math:`\nabla E(y_t)\cdot(x_{t+1}-x_t)>0`. This test of theirs costs
    no pass; their other one, of the cost, would.

    Attributes
    ----------
    rate : function of an Evaluation
        Returns one rate for each run, shape (R,). 1/N_max, the inverse of the largest curvature, is the rate of the
        theorem.
    """

    rate: Callable[[Evaluation], np.ndarray] = stable_rate

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the points x after a gradient step, one pass over the data for each."""
        x, y, theta = starts, starts, np.ones(len(starts))
        while True:
            here = problem.evaluate(y)
            before, x = x, y - _over_runs(self.rate(here)) * here.gradient
            yield x
            uphill = (here.gradient * (x - before)).sum(axis=1) > 0
            theta = np.where(uphill, 1.0, theta)
            following = 0.5 * (1 + np.sqrt(1 + 4 * theta**2))
            y = x + _over_runs((theta - 1) / following) * (x - before)
            theta = following


def polyaks(evaluation: Evaluation) -> tuple[np.ndarray, np.ndarray]:
    r"""Return Polyak's rate and momentum (R,) for curvatures between bounds, on k-means N_min and N_max.

    Of all constants they contract a quadratic fastest, by :math:`\sqrt\beta` in the end: :math:`\epsilon =
    4/(\sqrt{N_{max}}+\sqrt{N_{min}})^2` and :math:`\beta=((\sqrt\kappa-1)/(\sqrt\kappa+1))^2` with
    :math:`\kappa=N_{max}/N_{min}`, where N_min is the least count of those that are not 0 (Polyak 1964).
    """
    least, most = np.sqrt(evaluation.curvature.least), np.sqrt(evaluation.curvature.most)
    return 4 / (most + least) ** 2, ((most - least) / (most + least)) ** 2


@dataclass(frozen=True)
class PolyaksMomentum:
    """Any rate, with the momentum of `polyaks`.

    Attributes
    ----------
    rate : function of an Evaluation
        Returns one rate for each run, shape (R,).
    """

    rate: Callable[[Evaluation], np.ndarray]

    def __call__(self, evaluation: Evaluation) -> tuple[np.ndarray, np.ndarray]:
        """Return rate and momentum, each of shape (R,)."""
        _, momentum = polyaks(evaluation)
        return self.rate(evaluation), momentum


@dataclass(frozen=True)
class HeavyBallGradient(General):
    r"""Heavy ball (Polyak 1964): :math:`x_{t+1}=x_t-\epsilon\nabla E(x_t)+\beta(x_t-x_{t-1})`.

    Attributes
    ----------
    constants : function of an Evaluation
        Returns rate and momentum of each run, both of shape (R,): `polyaks`, from the curvature at each iterate, or
        `PolyaksMomentum`.
    """

    constants: Callable[[Evaluation], tuple[np.ndarray, np.ndarray]] = polyaks

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield iterates, one pass over the data for each."""
        before, x = starts, starts
        while True:
            here = problem.evaluate(x)
            rate, momentum = map(_over_runs, self.constants(here))
            before, x = x, x - rate * here.gradient + momentum * (x - before)
            yield x


@dataclass(frozen=True)
class BarzilaiBorwein(General):
    r"""The spectral step of Barzilai and Borwein (1988), globalised as by Raydan (1997).

    The rate is :math:`s\cdot s/s\cdot y` for the last step s and the change y of the gradient along it, the longer of
    their two; the inverse of the largest curvature at first and where the curvature :math:`s\cdot y` is not positive.
    It is accepted when :math:`E(x-\epsilon g)\le\max_{j<M}E(x_{t-j})-c\,\epsilon\|g\|^2`, so that the cost may rise for
    a while; a rejected rate is halved, and one of at most 1/N_max is accepted untested, because the majoriser promises
    its decrease. All trials are charged. M and c are Raydan's; halving and the safe rate are ours, as in
    `ArmijoGradient`.

    Attributes
    ----------
    memory : int
        M, the number of costs that are compared with.
    decrease : float
        c.
    """

    memory: int = 10
    decrease: float = 1e-4

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the iterate of each step that was accepted."""
        here = problem.evaluate(starts)
        rate, costs = stable_rate(here), deque([here.cost], self.memory)
        while True:
            slope, safe, highest = (here.gradient**2).sum(axis=1), stable_rate(here), np.max(costs, axis=0)
            there, trying = here, np.ones(len(starts), dtype=bool)
            while trying.any():
                there = problem.evaluate_where(here.x - _over_runs(rate) * here.gradient, trying, there)
                trying &= (rate > safe) & ~(there.cost <= highest - self.decrease * rate * slope)
                rate = np.where(trying, rate / 2, rate)
            step, change = there.x - here.x, there.gradient - here.gradient
            length, curvature = ((step * other).sum(axis=1) for other in (step, change))
            here = there
            rate = np.divide(length, curvature, out=stable_rate(here), where=curvature > 0)
            costs.append(here.cost)
            yield here.x
