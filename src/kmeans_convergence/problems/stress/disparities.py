r"""Disparities: what stress wants distances to be, where only the order of the dissimilarities counts.

The disparities of a configuration are the vector :math:`\hat d` of a given length that is nearest to its distances, in
the order of the dissimilarities and weighted as stress is: the projection on the cone of all vectors in that order
(Kruskal 1964, by isotonic regression), rescaled.
"""

from __future__ import annotations

from enum import Enum

import numpy as np
from scipy.optimize import isotonic_regression

from kmeans_convergence.errors import InputError
from kmeans_convergence.problems.stress.dissimilarities import Pairs


class Ties(Enum):
    """What equal dissimilarities ask of the disparities (Kruskal 1964)."""

    PRIMARY = "they may differ"
    SECONDARY = "they are equal, too"


class Order:
    """The order of the dissimilarities of pairs.

    Parameters
    ----------
    pairs : Pairs
    ties : Ties

    Raises
    ------
    InputError
        When all dissimilarities are equal, so that they have no order.
    """

    def __init__(self, pairs: Pairs, ties: Ties) -> None:
        self._present, self.ties, self._total = pairs.present, ties, pairs.total
        self._weights = pairs.weights[self._present]
        self._even = (self._weights == self._weights[0]).all()
        dissimilarities = pairs.dissimilarities[self._present]
        self._sorted = np.argsort(dissimilarities, kind="stable").astype(np.int32)
        # in ascending order, whether a dissimilarity differs from the one before
        self._new = np.diff(dissimilarities[self._sorted], prepend=-1.0) > 0
        if self._new.sum() == 1:
            raise InputError(
                f"All dissimilarities are {dissimilarities[0]}: non-metric stress is about their order, so some have "
                "to differ."
            )

    def to_disparities(self, distances: np.ndarray) -> None:
        """Replace the distances of all pairs by their disparities, in place; what stands for missing ones is left.

        The weighted sum of squares is that of the dissimilarities. To distances that are all 0, any disparities are
        equally near: they are equal then.
        """
        fitted = self._fit(distances[self._present])
        squares = float((fitted**2 * self._weights).sum())
        if squares == 0:
            fitted, squares = np.ones_like(fitted), float(self._weights.sum())
        distances[self._present] = fitted * np.sqrt(self._total / squares)

    def _fit(self, distances: np.ndarray) -> np.ndarray:
        """Return the projection of distances (m,) on the cone."""
        order = self._sorted
        if not self._new.all():
            if self.ties is Ties.SECONDARY:
                return self._fit_means(distances)
            # equal dissimilarities ask nothing of each other: they are in the order of the distances
            order = order[np.lexsort((distances[order], self._new.cumsum()))]
        # weights that are equal are in order, and need not be copied
        weights = self._weights if self._even else self._weights[order]
        distances[order] = isotonic_regression(distances[order], weights=weights).x
        return distances

    def _fit_means(self, distances: np.ndarray) -> np.ndarray:
        """Return the projection where equal dissimilarities share their mean."""
        starts = np.flatnonzero(self._new)
        weights = np.add.reduceat(self._weights[self._sorted], starts)
        sums = np.add.reduceat((self._weights * distances)[self._sorted], starts)
        means = isotonic_regression(sums / weights, weights=weights).x
        distances[self._sorted] = means[self._new.cumsum() - 1]
        return distances
