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
from kmeans_convergence.problems.stress import kernels
from kmeans_convergence.problems.stress.dissimilarities import Pairs


class Majorizer(ABC):
    """Twice the Laplacian and its inverse, for vectors of R runs as planes (R, p, n)."""

    @abstractmethod
    def solve(self, v: np.ndarray) -> np.ndarray:
        """Return half the pseudo-inverse of V times v, shape (R, p, n)."""

    @abstractmethod
    def squared_norm(self, v: np.ndarray) -> np.ndarray:
        """Return v times 2V times v, shape (R,)."""

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
        return _centred(v) / self._curvature

    def squared_norm(self, v: np.ndarray) -> np.ndarray:
        """See `Majorizer`; without a pass over the pairs."""
        return np.asarray(self._curvature * (_centred(v) ** 2).sum(axis=(1, 2)))

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
        columns = 0.5 * _centred(v).reshape(-1, v.shape[2]).T
        return np.asarray(cho_solve(self._factor, columns, check_finite=False).T.reshape(v.shape))

    def squared_norm(self, v: np.ndarray) -> np.ndarray:
        """See `Majorizer`; by a pass over the pairs."""
        squares = np.empty(len(v))
        kernels.find_squares(v, self._pairs.weights, squares)
        return 2 * squares

    def curvature(self) -> Curvature:
        """See `Majorizer`; it takes as long as some hundreds of passes."""
        eigenvalues = 2 * eigvalsh(self._laplacian(), overwrite_a=True, check_finite=False)
        return Curvature(eigenvalues[1], eigenvalues.mean(), eigenvalues[-1])


def _centred(v: np.ndarray) -> np.ndarray:
    """Return vectors (R, p, n) less their mean over points."""
    return np.asarray(v - v.mean(axis=2, keepdims=True))


def majorizer(pairs: Pairs) -> Majorizer:
    """Return the majoriser's curvature for these pairs."""
    even = (pairs.weights == pairs.weights[0]).all()
    return EvenMajorizer(pairs) if even else WeightedMajorizer(pairs)
