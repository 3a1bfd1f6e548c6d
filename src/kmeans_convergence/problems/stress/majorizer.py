r"""The curvature of the complete data of stress: twice the Laplacian V of the weights.

Raw stress is at most, and at X equal to, a quadratic function of Y with the Hessian 2V in each dimension, where
:math:`v_{ij}=-w_{ij}` and :math:`v_{ii}=\sum_jw_{ij}`. V does not depend on X, and it knows no translations: its
pseudo-inverse leaves the mean where it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigvalsh

from kmeans_convergence.core.problem import Curvature
from kmeans_convergence.problems.stress.dissimilarities import Pairs


class Majorizer(ABC):
    """The inverse of twice the Laplacian, for vectors (n, m)."""

    @abstractmethod
    def solve(self, v: np.ndarray) -> np.ndarray:
        """Return the product of half the pseudo-inverse of V with columns (n, m)."""

    @abstractmethod
    def curvature(self) -> Curvature:
        """Return least (but that of translations), mean and largest eigenvalue of 2V, as arrays without axes."""


class EvenMajorizer(Majorizer):
    """Of equal weights w and no missing pair: V is w (n I - 11'), so that on centred vectors half its inverse is 1/2nw.

    Parameters
    ----------
    pairs : Pairs
    """

    def __init__(self, pairs: Pairs) -> None:
        self._points = pairs.points
        self._curvature = 2.0 * pairs.points * float(pairs.weights[0])

    def solve(self, v: np.ndarray) -> np.ndarray:
        """See `Majorizer`."""
        return (v - v.mean(axis=0)) / self._curvature

    def curvature(self) -> Curvature:
        """See `Majorizer`."""
        same = np.array(self._curvature)
        return Curvature(same, same * (1 - 1 / self._points), same)


class WeightedMajorizer(Majorizer):
    """Of any weights: V is factorised once, with a multiple of 11' that makes it regular and changes nothing else.

    Parameters
    ----------
    pairs : Pairs
    """

    def __init__(self, pairs: Pairs) -> None:
        self._pairs = pairs
        laplacian = self._laplacian()
        laplacian += np.trace(laplacian) / pairs.points**2
        # symmetric, so that LAPACK's order of columns needs no copy
        self._factor = cho_factor(laplacian.T, lower=True, overwrite_a=True, check_finite=False)

    def _laplacian(self) -> np.ndarray:
        """Return V, shape (n, n)."""
        laplacian = -self._pairs.matrix(self._pairs.weights)
        np.fill_diagonal(laplacian, -laplacian.sum(axis=1))
        return laplacian

    def solve(self, v: np.ndarray) -> np.ndarray:
        """See `Majorizer`."""
        solved = cho_solve(self._factor, 0.5 * (v - v.mean(axis=0)), check_finite=False)
        return np.asarray(solved - solved.mean(axis=0))

    def curvature(self) -> Curvature:
        """See `Majorizer`; it takes as long as some hundreds of passes."""
        eigenvalues = 2 * eigvalsh(self._laplacian(), overwrite_a=True, check_finite=False)
        return Curvature(eigenvalues[1], eigenvalues.mean(), eigenvalues[-1])


def majorizer(pairs: Pairs) -> Majorizer:
    """Return the majoriser's curvature for these pairs."""
    even = (pairs.weights == pairs.weights[0]).all()
    return EvenMajorizer(pairs) if even else WeightedMajorizer(pairs)
