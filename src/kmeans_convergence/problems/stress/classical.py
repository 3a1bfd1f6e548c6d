r"""Classical scaling (Torgerson 1952; Gower 1966): one eigendecomposition minimises strain.

.. math:: \text{strain}(X)=\|B-XX^T\|^2,\quad B=-\tfrac12J\Delta^2J,

with the matrix of squared dissimilarities :math:`\Delta^2` and the centring matrix J. If the dissimilarities are
Euclidean distances of points in p dimensions, X recovers them; else strain is the squared error of inner products, and
not that of distances.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh
from scipy.sparse.csgraph import csgraph_from_dense, shortest_path

from kmeans_convergence.errors import InputError
from kmeans_convergence.problems.stress.dissimilarities import Pairs


class Classical(NamedTuple):
    """The minimum of strain.

    Attributes
    ----------
    configuration : ndarray of shape (n, p)
        Centred, with principal axes; of the coordinates along an axis, the largest in size is positive.
    eigenvalues : ndarray of shape (p,)
        The largest ones of B, descending; what is negative contributes no coordinate.
    strain : float
    """

    configuration: np.ndarray
    eigenvalues: np.ndarray
    strain: float


def inner_products(pairs: Pairs) -> np.ndarray:
    """Return B (n, n): the inner products that the dissimilarities ask for, about the mean.

    A missing dissimilarity is taken to be the length of the shortest way over pairs that are not missing.
    """
    B = pairs.matrix(pairs.dissimilarities)
    if not pairs.complete:
        B[pairs.matrix(pairs.weights) == 0] = np.inf
        np.fill_diagonal(B, 0)
        # a dissimilarity of 0 is a way, too
        B = shortest_path(csgraph_from_dense(B, null_value=np.inf), directed=False)
    B *= B
    means = B.mean(axis=0)
    B -= means
    B -= means[:, None]
    B += means.mean()
    B *= -0.5
    return np.asarray(B)


def strain(pairs: Pairs, X: np.ndarray) -> float:
    """Return the strain of a configuration (n, p) about its mean."""
    X = X - X.mean(axis=0)
    missed = inner_products(pairs)
    missed -= X @ X.T
    return float(np.vdot(missed, missed))


def classical_scaling(pairs: Pairs, dimensions: int) -> Classical:
    """Return the configuration of least strain.

    Parameters
    ----------
    pairs : Pairs
        Weights other than 0 and 1 have no meaning here: all count alike.
    dimensions : int
        p

    Raises
    ------
    InputError
        When there are not more points than dimensions.
    """
    n = pairs.points
    if not 1 <= dimensions < n:
        raise InputError(f"{n} points span at most {n - 1} dimensions: {dimensions} cannot be found.")
    some = [n - dimensions, n - 1]
    # symmetric: its transpose has the order of LAPACK and needs no copy
    values, vectors = eigh(inner_products(pairs).T, subset_by_index=some, overwrite_a=True, check_finite=False)
    values, vectors = values[::-1], vectors[:, ::-1]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(dimensions)])
    X = vectors * signs * np.sqrt(np.maximum(values, 0))
    return Classical(X, values, strain(pairs, X))
