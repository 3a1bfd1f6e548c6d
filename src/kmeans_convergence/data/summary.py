"""What a data set is like: size, repeated patterns, conditioning."""

from __future__ import annotations

from typing import Any

import numpy as np

from kmeans_convergence.data.dataset import Dataset, standardize
from kmeans_convergence.patterns import distinct


def describe(dataset: Dataset) -> dict[str, Any]:
    """Return the row of a data set in the table of data sets.

    Returns
    -------
    dict
        name, kind, family, n (patterns used), total (patterns of the source), d, distinct (different patterns used),
        clusters (numbers of prototypes, separated by semicolons), scaling, condition (see `condition`), source,
        licence, dependence, notes (what was left out or changed when the source was read).
    """
    n, d = dataset.X.shape
    return {
        "name": dataset.name,
        "kind": dataset.kind,
        "family": dataset.family or dataset.name,
        "n": n,
        "total": dataset.total or n,
        "d": d,
        "distinct": distinct(dataset.X),
        "clusters": ";".join(map(str, dataset.clusters)),
        "scaling": dataset.scaling,
        "condition": condition(dataset.X),
        "source": dataset.source,
        "licence": dataset.licence,
        "dependence": dataset.dependence,
        "notes": " ".join(dataset.notes),
    }


def condition(X: np.ndarray) -> float:
    """Return the condition number of the correlation matrix of the features that are not constant.

    Parameters
    ----------
    X : ndarray of shape (n, d)

    Returns
    -------
    float
        Largest over smallest eigenvalue; infinity when the smallest is zero but for rounding, so always when n <= d;
        1 when all features are constant.
    """
    varying = standardize(X[:, X.min(axis=0) < X.max(axis=0)])
    n, d = varying.shape
    if d == 0:
        return 1.0
    if n <= d:
        return np.inf
    eigenvalues = np.linalg.eigvalsh(varying.T @ varying / n)
    smallest, largest = eigenvalues[0], eigenvalues[-1]
    # eigenvalues of a symmetric matrix are found to within a small multiple of the rounding error of the largest
    if smallest <= d * np.finfo(np.float64).eps * largest:
        return np.inf
    return float(largest / smallest)
