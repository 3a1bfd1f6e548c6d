"""Which covariances data allow."""

from __future__ import annotations

import math

import numpy as np

from kmeans_convergence.errors import InputError
from kmeans_convergence.patterns import check_clusters, pieces

REMEDY = "give a ridge or a prior, or take another model"

# Features that a message names at most, and the share in a dependence, of the largest one's, below which it has none.
NAMED, INVOLVED = 6, 1e-6


def check_components(X: np.ndarray, clusters: int, covariance: str) -> None:
    """Refuse a number of components that have too few patterns, were these divided among them, for their covariances.

    Such a fit is likely to collapse, from any start: a component that is responsible for no more patterns than it has
    features is flat, and its likelihood infinite.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    clusters : int
        K.
    covariance : {"full", "tied", "diagonal", "spherical"}

    Raises
    ------
    InputError
        Also for what `check_estimable` refuses, and for more components than distinct patterns.
    """
    check_clusters(X, clusters)
    check_estimable(X, covariance)
    patterns, features = X.shape
    # of a component, or beyond one for the mean of each
    needed = {"full": clusters * (features + 1), "tied": clusters + features}.get(covariance, 2 * clusters)
    if patterns < needed:
        raise InputError(
            f"The data hold {patterns} patterns of {features} features for {clusters} components: {covariance} "
            f"covariances need at least {needed}, so take fewer components, or {REMEDY}."
        )


def check_estimable(X: np.ndarray, covariance: str) -> None:
    """Refuse data (n, d) on which even one component has no covariance of this kind: its likelihood has no maximum.

    Raises
    ------
    InputError
    """
    patterns, features = X.shape
    if covariance == "spherical":
        return
    constant = (X[0] == X).all(axis=0)
    if constant.any():
        raise InputError(
            f"Feature {constant.argmax()} is constant: {covariance} covariances cannot be estimated, so leave it out, "
            f"or {REMEDY}."
        )
    if covariance == "diagonal":
        return
    if patterns <= features:
        raise InputError(
            f"The data hold {patterns} patterns of {features} features: {covariance} covariances need more patterns "
            f"than features, so {REMEDY}."
        )
    mean, deviation = X.mean(axis=0, dtype=np.float64), X.std(axis=0, dtype=np.float64)
    least = 4 * features * np.finfo(np.float64).eps * math.sqrt(X.size)
    triangle: np.ndarray = np.empty((0, features))
    for _, part in pieces(X):
        triangle = np.asarray(np.linalg.qr(np.concatenate([triangle, (part - mean) / deviation]), mode="r"))
        # further patterns only add to singular values, none of which can exceed the root of n d
        if len(triangle) == features and np.linalg.svd(triangle, compute_uv=False)[-1] > least:
            return
    raise InputError(
        f"{_dependent(triangle)} are linearly dependent: {covariance} covariances cannot be estimated, so leave one "
        f"out, or {REMEDY}."
    )


def _dependent(triangle: np.ndarray) -> str:
    """Return the features that have a part in the least singular value, in words."""
    shares = np.abs(np.linalg.svd(triangle)[2][-1])
    names = [str(feature) for feature in np.flatnonzero(shares > INVOLVED * shares.max())]
    if len(names) > NAMED:
        names[NAMED - 1 :] = [f"{len(names) - NAMED + 1} others"]
    return f"Features {', '.join(names[:-1])} and {names[-1]}"
