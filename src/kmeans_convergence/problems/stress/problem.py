r"""Stress: how far the distances of a configuration are from dissimilarities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np

from kmeans_convergence.core.gap import FlooredGap
from kmeans_convergence.core.problem import Capability, Curvature, Evaluation, Problem, TermCurvature
from kmeans_convergence.errors import InputError
from kmeans_convergence.problems.kmeans.engine.passes import over_runs
from kmeans_convergence.problems.patterns import frozen
from kmeans_convergence.problems.stress import kernels
from kmeans_convergence.problems.stress.classical import Classical, classical_scaling
from kmeans_convergence.problems.stress.disparities import Order, Ties
from kmeans_convergence.problems.stress.dissimilarities import Pairs
from kmeans_convergence.problems.stress.majorizer import Majorizer, majorizer
from kmeans_convergence.starts import Streams

# Costs below this share of that of a configuration without extent differ by rounding errors: the fit is perfect.
PERFECT = 1e-20


class Found(NamedTuple):
    """What one pass over the pairs finds: points (R, n p), costs (R,) and gradients (R, n p)."""

    x: np.ndarray
    cost: np.ndarray
    gradient: np.ndarray


class StressEvaluation(Evaluation):
    r"""What one pass over the pairs says about R configurations.

    With the Laplacian V of the weights and that of weights times disparities over distances, B(X), the gradient of raw
    stress is :math:`2(V-B(X))X` and the minimiser of its majoriser the Guttman transform :math:`V^+B(X)X`. The image
    here is :math:`X-\frac12V^+\nabla\sigma(X)`: the same about the mean of X, which stress does not see.
    """

    def __init__(self, problem: StressProblem, found: Found) -> None:
        self._problem, self._found = problem, found

    def of(self, *parts: Any) -> Self:
        """Return the evaluation of the same problem that has these parts, those of `Found`."""
        return type(self)(self._problem, Found(*parts))

    def parts(self) -> tuple[np.ndarray | None, ...]:
        """See `Evaluation`."""
        return self._found

    @property
    def x(self) -> np.ndarray:
        """See `Evaluation`."""
        return self._found.x

    @property
    def cost(self) -> np.ndarray:
        """Raw stress under the problem's weights, shape (R,)."""
        return self._found.cost

    @property
    def gradient(self) -> np.ndarray:
        """See `Evaluation`."""
        return self._found.gradient

    @cached_property
    def image(self) -> np.ndarray:
        """The Guttman transform about the mean of each configuration, shape (R, n p)."""
        return self.x - self.precondition(self.gradient)

    @property
    def curvature(self) -> Curvature:
        """Eigenvalues of 2V: the same for all runs."""
        return Curvature(*(np.full(len(self.x), each) for each in self._problem.curvature))

    def precondition(self, v: np.ndarray) -> np.ndarray:
        """Return half the pseudo-inverse of V times v."""
        return self._problem.precondition(v)

    def squared_norm(self, v: np.ndarray) -> np.ndarray:
        r"""Return :math:`2\sum_{i<j}w_{ij}\|v_i-v_j\|^2`, shape (R,)."""
        return self._problem.squared_norm(v)

    @cached_property
    def promised_decrease(self) -> np.ndarray:
        """See `Evaluation`; computed without another pass."""
        return 0.5 * (self.gradient * (self.x - self.image)).sum(axis=1)

    @cached_property
    def hessian_diagonal(self) -> np.ndarray:
        """See `Evaluation`; stress that is not metric has none."""
        return self._problem.hessian_diagonal(self.x)

    def lengths(self, v: np.ndarray) -> np.ndarray:
        """Return the length of each point's step, shape (R, n)."""
        return np.asarray(np.sqrt((self._problem.unpack(v) ** 2).sum(axis=2)))

    @property
    def normalized(self) -> np.ndarray:
        """Stress over that of a configuration without extent, shape (R,)."""
        return self.cost / self._problem.pairs.total

    @cached_property
    def stress_1(self) -> np.ndarray:
        r"""Kruskal's stress-1 at the best scale of the disparities, shape (R,).

        It is :math:`\min_b(\sum w(b\hat d-d)^2/\sum wd^2)^{1/2}`, and at the same time the root of the normalised
        stress at the best scale of the configuration. Raw stress is a quadratic function of that scale: by Euler's
        theorem its slope is :math:`X\cdot\nabla\sigma`, and :math:`\sum wd^2` follows from slope and cost.
        """
        slope = 0.5 * (self.x * self.gradient).sum(axis=1)
        squares = 2 * slope - self.cost + self._problem.pairs.total
        gain = np.divide(slope**2, squares, out=self.cost - self._problem.pairs.total, where=squares > 0)
        return np.sqrt(np.maximum(self.cost - gain, 0) / self._problem.pairs.total)

    def diagnostics(self, before: Evaluation) -> Mapping[str, np.ndarray]:
        """Return stress-1, and the largest distance that a point moved, each of shape (R,)."""
        return {"stress_1": self.stress_1, "largest_move": self.lengths(self.x - before.x).max(axis=1)}


class StressProblem(Problem):
    r"""Minimise raw stress :math:`\sigma(X)=\sum_{i<j}w_{ij}(\delta_{ij}-d_{ij}(X))^2` over configurations X (n, p).

    The weights make its kind: equal ones raw or (`dissimilarities.normalized`) normalised stress,
    `dissimilarities.sammon` Sammon's, weights of 0 leave out pairs. With `ties` stress is non-metric: disparities of
    the same weighted sum of squares stand in for the dissimilarities, those in their order that fit best; so stress
    stays a differentiable function of X, with the gradient of disparities held fast.

    The unit of work is a pair.

    Parameters
    ----------
    dissimilarities, weights : array_like
        See `Pairs.of`; of patterns, `dissimilarities.distances`.
    dimensions : int
        p
    ties : Ties, optional
        How non-metric stress treats equal dissimilarities.

    Attributes
    ----------
    pairs : Pairs
    dimensions : int

    Raises
    ------
    InputError
        When the dissimilarities can't be used, see there.
    """

    def __init__(
        self,
        dissimilarities: np.ndarray,
        weights: np.ndarray | None = None,
        *,
        dimensions: int = 2,
        ties: Ties | None = None,
    ) -> None:
        self.pairs = Pairs.of(dissimilarities, weights)
        if not 1 <= dimensions < self.pairs.points:
            raise InputError(f"{self.pairs.points} points span fewer than {dimensions} dimensions, or that is none.")
        self.dimensions = dimensions
        self.order = None if ties is None else Order(self.pairs, ties)
        self.capabilities = frozenset({Capability.SWEEPS} if ties is None else ())
        if ties is None:
            self.capabilities |= {Capability.SECOND_DERIVATIVES, Capability.HESSIAN_PRODUCTS}

    @property
    def size(self) -> int:
        """Number of pairs that are not missing."""
        return self.pairs.count

    @cached_property
    def gap(self) -> FlooredGap:
        """Per cent; of a perfect fit, of what is a matter of rounding errors."""
        return FlooredGap(PERFECT * self.pairs.total)

    @cached_property
    def length(self) -> float:
        r"""Standard deviation of a coordinate: :math:`\delta^2` is on average 2p times its square."""
        mean_square = self.pairs.total / self.pairs.weights.sum()
        return float(np.sqrt(mean_square / (2 * self.dimensions)))

    @cached_property
    def term_curvature(self) -> TermCurvature:
        """4 w of a pair."""
        weights = 4 * self.pairs.weights[self.pairs.present]
        return TermCurvature(float(weights.min()), float(weights.mean()), float(weights.max()))

    @cached_property
    def majorizer(self) -> Majorizer:
        """The curvature of the complete data."""
        return majorizer(self.pairs)

    @cached_property
    def curvature(self) -> Curvature:
        """Eigenvalues of 2V, see `Majorizer.curvature`."""
        return self.majorizer.curvature()

    def pack(self, parameters: Any) -> np.ndarray:
        """Return configurations (R, n, p) as flat vectors (R, n p)."""
        x = np.array(parameters, dtype=np.float64, order="C")
        shape = (self.pairs.points, self.dimensions)
        if x.ndim != 3 or x.shape[1:] != shape:
            raise InputError(f"The configurations have shape {x.shape}: (runs, {shape[0]}, {shape[1]}) is needed.")
        return x.reshape(len(x), -1)

    def unpack(self, x: np.ndarray) -> np.ndarray:
        """Return flat vectors as configurations, a view."""
        return x.reshape(len(x), self.pairs.points, self.dimensions)

    def evaluate(self, x: np.ndarray) -> StressEvaluation:
        """Evaluate R configurations of shape (R, n p) in one pass over the pairs."""
        X, weights = self._planes(x), self.pairs.weights
        cost, gradient = np.empty(len(x)), np.zeros(X.shape)

        def task(some: slice) -> None:
            if self.order is None:
                kernels.find_stress(X[some], self.pairs.dissimilarities, weights, cost[some], gradient[some])
                return
            for r in range(some.start, some.stop):
                one = slice(r, r + 1)
                kernels.find_stress(X[one], self._disparities(self.order, X[r]), weights, cost[one], gradient[one])

        self._over_runs(task, len(x))
        return StressEvaluation(self, Found(x, cost, _flat(gradient)))

    def hessian_diagonal(self, x: np.ndarray) -> np.ndarray:
        """Return the diagonal of the Hessian of metric stress, shape (R, n p)."""
        X, values = self._planes(x), (self.pairs.dissimilarities, self.pairs.weights)
        diagonal = np.zeros(X.shape)
        self._over_runs(lambda some: kernels.find_hessian_diagonal(X[some], *values, diagonal[some]), len(x))
        return _flat(diagonal)

    def hessian_product(self, here: Evaluation, v: np.ndarray) -> np.ndarray:
        """Return products (R, n p) of the Hessian of metric stress with vectors, one for each run."""
        X, V, values = self._planes(here.x), self._planes(v), (self.pairs.dissimilarities, self.pairs.weights)
        products = np.zeros(X.shape)
        self._over_runs(lambda some: kernels.multiply_hessian(X[some], *values, V[some], products[some]), len(v))
        return _flat(products)

    def precondition(self, v: np.ndarray) -> np.ndarray:
        """Return half the pseudo-inverse of V times vectors (R, n p)."""
        return _flat(self.majorizer.solve(self._planes(v)))

    def squared_norm(self, v: np.ndarray) -> np.ndarray:
        """Return twice the weighted sum of squared distances of vectors of points (R, n p), shape (R,)."""
        return self.majorizer.squared_norm(self._planes(v))

    def sweep(self, x: np.ndarray, order: np.ndarray, rate: float) -> np.ndarray:
        """Move the points of each pair of `order` (R, m) in turn by its gradient times min(rate / u, 1 / 4w).

        u is the mean of 4w over all pairs. The longest step gives the pair its dissimilarity (Zheng, Pawar and Goodman
        2018).
        """
        return self._sweep(x, order, rate, 0.0, np.zeros((len(x), self.pairs.points)))

    def sweep_counts(
        self, x: np.ndarray, order: np.ndarray, metric: np.ndarray, factor: float = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Move the points of each pair in turn by its gradient times min(factor / um, 1 / 4w).

        m is what 4w / u of all pairs of a point so far add up to: `metric` (R, n p), the same for all its coordinates.
        """
        counts = self.unpack(metric)[:, :, 0].copy()
        x = self._sweep(x, order, 0.0, factor, counts)
        return x, np.repeat(counts, self.dimensions, axis=1)

    def _sweep(self, x: np.ndarray, order: np.ndarray, rate: float, factor: float, counts: np.ndarray) -> np.ndarray:
        X, order, pairs = self.unpack(x).copy(), np.ascontiguousarray(order), self.pairs
        if isinstance(pairs.present, np.ndarray):
            order = pairs.present[order]
        all_pairs = (*map(frozen, pairs.all_rows), pairs.dissimilarities, pairs.weights)
        constants = self.term_curvature.mean, float(rate), float(factor)

        def task(some: slice) -> None:
            kernels.sweep(X[some], frozen(order)[some], *all_pairs, *constants, counts[some])

        over_runs(task, len(x), products=order.size * self.dimensions)
        return X.reshape(x.shape)

    def classical(self) -> Classical:
        """Return the configuration of least strain, an answer of its own and a start."""
        return classical_scaling(self.pairs, self.dimensions)

    def draw(self, rngs: Streams) -> np.ndarray:
        """Draw random configurations (R, n, p), of Gaussian coordinates as wide as the data want them."""
        shape = self.pairs.points, self.dimensions
        return np.stack([self.length * rng.normal(size=shape) for rng in rngs])

    def _disparities(self, order: Order, X: np.ndarray) -> np.ndarray:
        """Return the disparities of one configuration (p, n)."""
        disparities = np.empty(len(self.pairs.weights))
        kernels.find_distances(X, disparities)
        order.to_disparities(disparities)
        return frozen(disparities)

    def _over_runs(self, task: Callable[[slice], None], runs: int) -> None:
        """Let threads work on runs; they share no sum."""
        over_runs(task, runs, products=runs * self.dimensions * len(self.pairs.weights))

    def _planes(self, x: np.ndarray) -> np.ndarray:
        """Return points (R, n p) as the kernels want them, (R, p, n), read-only."""
        return frozen(np.ascontiguousarray(self.unpack(x).transpose(0, 2, 1)))


def _flat(planes: np.ndarray) -> np.ndarray:
    """Return what the kernels found, (R, p, n), as flat vectors (R, n p)."""
    return np.ascontiguousarray(planes.transpose(0, 2, 1)).reshape(len(planes), -1)
