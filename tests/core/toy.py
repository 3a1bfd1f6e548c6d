"""A third problem, which has neither patterns nor clusters: its parameters are a flat vector."""

from functools import cached_property

import numpy as np

from kmeans_convergence.core import AbsoluteGap, Curvature, Evaluation, Problem


class LogisticEvaluation(Evaluation):
    """What `Logistic` says about R points."""

    def __init__(self, x, cost, gradient, majoriser):
        self._x, self._cost, self._gradient, self._majoriser = x, cost, gradient, majoriser

    @classmethod
    def of(cls, *parts):
        return cls(*parts)

    def parts(self):
        return self._x, self._cost, self._gradient, self._majoriser

    @property
    def x(self):
        return self._x

    @property
    def cost(self):
        return self._cost

    @property
    def gradient(self):
        return self._gradient

    @cached_property
    def image(self):
        return self.x - self.precondition(self.gradient)

    @cached_property
    def curvature(self):
        spectrum = np.linalg.eigvalsh(self._majoriser)
        return Curvature(spectrum[:, 0], spectrum.mean(axis=1), spectrum[:, -1])

    def precondition(self, v):
        return np.linalg.solve(self._majoriser, v[..., None])[..., 0]

    def squared_norm(self, v):
        return np.einsum("rp,rpq,rq->r", v, self._majoriser, v)


class Logistic(Problem):
    r"""Counts y of n trials each, whose log odds z = B x are linear: E(x) = sum n log(1 + e^z) - y z - `less`.

    B is square, so that the minimum is known: z = log(y / (n - y)). The variance n p (1 - p) is at most n / 4, so that
    B' diag(n / 4) B majorises the Hessian (Boehning and Lindsay 1988); it is not diagonal. `less` moves the cost below
    zero.
    """

    B = np.array([[1.0, 0.4, 0.0], [-0.3, 1.1, 0.2], [0.1, -0.2, 0.9]])
    trials = np.array([30.0, 20.0, 25.0])
    successes = np.array([12.0, 14.0, 8.0])
    size, capabilities = 75, frozenset()
    gap = AbsoluteGap(75, "nats per trial")

    def __init__(self, less=0.0):
        self.less = less

    @property
    def minimum(self):
        return np.linalg.solve(self.B, np.log(self.successes / (self.trials - self.successes)))

    @property
    def least(self):
        """The cost there: the entropies of the frequencies."""
        p = self.successes / self.trials
        return -(self.trials * (p * np.log(p) + (1 - p) * np.log(1 - p))).sum() - self.less

    def evaluate(self, x):
        z = np.einsum("rp,qp->rq", x, self.B)
        cost = (self.trials * np.logaddexp(0, z) - self.successes * z).sum(axis=1) - self.less
        residual = self.trials / (1 + np.exp(-z)) - self.successes
        gradient = np.einsum("rq,qp->rp", residual, self.B)
        majoriser = self.B.T * (self.trials / 4) @ self.B
        return LogisticEvaluation(x, cost, gradient, np.repeat(majoriser[None], len(x), axis=0))
