"""How nearly the features of a table depend on each other, and which of them take part: Belsley's diagnostics."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kmeans_convergence.errors import InputError

# Belsley's rules of thumb: from this condition index on a dependency is strong, and those columns take part in it of
# whose variance it brings more than this share.
STRONG, SHARE = 30.0, 0.5


class Conditioning(NamedTuple):
    """The singular values of a matrix with columns of length 1, and what they do to its coefficients.

    Attributes
    ----------
    indices : ndarray of shape (p,)
        Condition indices, the largest singular value over each one, ascending from 1; infinite where columns depend on
        each other exactly.
    proportions : ndarray of shape (p, p)
        Share of the variance of the coefficient of a column, column of the array, that the dependency of an index, row
        of the array, brings; the shares of a column add up to 1.
    inflation : ndarray of shape (p,)
        Factor by which the variance of a coefficient exceeds that in a matrix with orthogonal columns.
    """

    indices: np.ndarray
    proportions: np.ndarray
    inflation: np.ndarray

    @property
    def number(self) -> float:
        """The condition number: the largest index."""
        return float(self.indices[-1])

    @property
    def involved(self) -> np.ndarray:
        """Columns that take part in the nearest dependency: more than `SHARE` of their variance comes from it."""
        return np.flatnonzero(self.proportions[-1] > SHARE)


def condition_indices(X: np.ndarray, centred: bool = False) -> Conditioning:
    r"""Return condition indices and variance-decomposition proportions (Belsley, Kuh and Welsch 1980, chapter 3).

    With the singular value decomposition :math:`X=UDV^T` of the matrix with columns scaled to length 1, the indices are
    :math:`d_{max}/d_k`, and the variance of coefficient j is proportional to :math:`\sum_kv_{jk}^2/d_k^2`, of which
    each term is a proportion.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Finite numbers.
    centred : bool
        False: a column of ones goes in front, so that p = d + 1, as Belsley advises for regressions. True: features are
        taken about their means, so that p = d; then the squares of the indices are ratios of eigenvalues of the
        correlation matrix, and `inflation` are the variance inflation factors.

    Returns
    -------
    Conditioning

    Raises
    ------
    InputError
        When a feature is constant (centred) or zero, so that it has no length.
    """
    X = np.asarray(X, dtype=np.float64)
    columns = X - X.mean(axis=0) if centred else np.column_stack([np.ones(len(X)), X])
    flat = (X[0] == X).all(axis=0) if centred else ~X.any(axis=0)
    if flat.any():
        what = "constant" if centred else "zero"
        raise InputError(f"Feature {int(flat.argmax())} is {what}: it has no condition index, so leave it out.")
    # first to an ordinary size, so that squares neither overflow nor vanish
    columns = columns / np.abs(columns).max(axis=0)
    columns = columns / np.linalg.norm(columns, axis=0)
    p = columns.shape[1]
    # with fewer rows than columns the missing singular values are 0
    rows = np.concatenate([columns, np.zeros((max(p - len(columns), 0), p))])
    _, values, vectors = np.linalg.svd(rows, full_matrices=False)
    least = np.finfo(np.float64).eps * max(rows.shape) * values[0]
    indices = np.divide(values[0], values, out=np.full(p, np.inf), where=values > least)
    terms = (vectors / np.maximum(values, least)[:, None]) ** 2
    inflation = terms.sum(axis=0)
    return Conditioning(indices, terms / inflation, inflation)
