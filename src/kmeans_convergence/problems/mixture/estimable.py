"""Which covariances data allow."""

from __future__ import annotations

import math

import numpy as np

from kmeans_convergence.errors import InputError
from kmeans_convergence.patterns import pieces


def check_estimable(X: np.ndarray, covariance: str) -> None:
    """Refuse data (n, d) on which even one component has no covariance of this kind: its likelihood has no maximum.

    Raises
    ------
    InputError
    """
    remedy = "give a ridge or a prior, or take another model"
    patterns, features = X.shape
    if covariance == "spherical":
        return
    constant = (X[0] == X).all(axis=0)
    if constant.any():
        raise InputError(
            f"Feature {constant.argmax()} is constant: {covariance} covariances cannot be estimated, so leave it out, "
            "or " + remedy + "."
        )
    if covariance == "diagonal":
        return
    if patterns <= features:
        raise InputError(
            f"The data hold {patterns} patterns of {features} features: {covariance} covariances need more patterns "
            f"than features, so {remedy}."
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
        f"The features are linearly dependent: {covariance} covariances cannot be estimated, so leave some out, or "
        f"{remedy}."
    )
