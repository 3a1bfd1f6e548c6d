"""Passes over the patterns for mixtures of Gaussians: in blocks, so that they take little memory."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from kmeans_convergence.problems.mixture.covariance import Covariance
from kmeans_convergence.problems.mixture.parameters import Point, spread_over

# Numbers in a block: its arrays stay in a processor's cache, and so small that they are not given back to the system
# and asked for again each time.
BLOCK = 2**16

# Some runs and patterns of a pass, with these patterns in units of each component (R, K, d, b), and the logarithms of
# weight times density (R, K, b).
Block = tuple[slice, slice, np.ndarray, np.ndarray]


class Patterns:
    """Patterns as a pass sees them.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    unit : float
        What coordinates are measured in.
    model : Covariance
    ridge : float
        In squares of the unit.
    """

    def __init__(self, X: np.ndarray, unit: float, model: Covariance, ridge: float) -> None:
        self._X, self._unit, self._model, self._ridge = X, unit, model, ridge

    def ridge(self, point: Point) -> np.ndarray:
        """Return by how much the ridge raises the second moments of one pattern, in units of each covariance."""
        return self._model.whitened(point.inverse, self._ridge * np.eye(self._X.shape[1]))

    def walk(self, point: Point, rows: np.ndarray | None = None) -> Iterator[Block]:
        """Yield blocks of runs and patterns; densities are per volume in the unit.

        The cuts through the patterns do not depend on the number of runs, so that a run is the same in any company.

        Parameters
        ----------
        point : Point
        rows : ndarray of shape (R, m), integers, optional
            The patterns of each run; without, all runs see all of them.
        """
        runs, clusters, features = point.means.shape
        patterns = len(self._X) if rows is None else rows.shape[1]
        columns = min(patterns, max(1, BLOCK // (clusters * features)))
        lines = max(1, BLOCK // (clusters * features * columns))
        constant = (
            point.log_weights - self._model.log_determinant(point.factor) - 0.5 * features * math.log(2 * math.pi)
        )
        constant = constant - 0.5 * self._model.trace(self.ridge(point))
        for top in range(0, runs, lines):
            some = slice(top, min(top + lines, runs))
            means, inverse = point.means[some, :, :, None], point.inverse[some]
            for first in range(0, patterns, columns):
                part = slice(first, min(first + columns, patterns))
                X = self._X[None, part] if rows is None else self._X[rows[some, part]]
                Z = X.astype(np.float64).swapaxes(1, 2)[:, None] / self._unit
                y = self._model.apply(inverse, np.ascontiguousarray(Z) - means)
                joint = np.einsum("rkdb,rkdb->rkb", y, y)
                joint *= -0.5
                joint += constant[some][..., None]
                yield some, part, y, joint


class Moments:
    """Weighted sums of patterns y in units of components: their number, their sum and that of y yᵀ."""

    def __init__(self, model: Covariance, runs: int, clusters: int, features: int) -> None:
        self._model = model
        self.counts, self.first = np.zeros((runs, clusters)), np.zeros((runs, clusters, features))
        self._second = model.identity(np.zeros((runs, clusters)))

    def add(self, runs: slice, weights: np.ndarray, y: np.ndarray) -> None:
        """Add patterns `y` (R, K, d, b) with weights (R, K, b) to some runs."""
        weighted = weights[:, :, None] * y
        self.counts[runs] += weights.sum(axis=2)
        self.first[runs] += weighted.sum(axis=3)
        self._second[runs] += self._model.moments(weighted, y)

    def pooled(self, ridge: np.ndarray) -> np.ndarray:
        """Return the second moments of each covariance, with a ridge, in the same units, for each pattern."""
        return self._model.pool(self._second) + spread_over(self._model.pool(self.counts), ridge) * ridge


def normalized(joint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return responsibilities (R, K, b) and log densities (R, b) for logarithms of weight times density."""
    largest = joint.max(axis=1, keepdims=True)
    responsibilities = np.exp(joint - largest)
    total = responsibilities.sum(axis=1, keepdims=True)
    responsibilities /= total
    return responsibilities, (largest + np.log(total))[:, 0]
