"""How many patterns lie near the faces between prototypes: there Lloyd's step is too short."""

from __future__ import annotations

import math

import numpy as np

from kmeans_convergence.data import Dataset
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams

# Distance from the face, in distances of the two prototypes, below which a pattern is near it.
NEAR = 0.1
# Starts of batch K-means that are averaged over: the first ones of the comparison.
RUNS = 10


def overlap(dataset: Dataset, seed: int) -> float:
    """Return the share of patterns near a face where batch K-means ends, at the first of the numbers of prototypes."""
    K = dataset.clusters[0]
    starts = draw(dataset.X, K, streams(seed, dataset.name, K, range(RUNS), "starts"))
    ends = minimize(QuantizationProblem(dataset.X), MajorizeMinimize(), starts, passes=math.inf).w
    return float(np.mean([(margins(dataset.X, w) < NEAR).mean() for w in ends]))


def margins(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return how far patterns lie from the face to the second nearest prototype, in distances of the two prototypes.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    w : ndarray of shape (K, d)

    Returns
    -------
    ndarray of shape (n,)
        (d2^2 - d1^2) / (2 ||w_1 - w_2||^2), with the distances d1 and d2 to the nearest and the second nearest
        prototype: 0 on the face, 1/2 at a prototype; 0 where both prototypes are the same, infinity when there is one.
    """
    if len(w) == 1:
        return np.full(len(X), np.inf)
    squared = np.stack([((X - prototype) ** 2).sum(axis=1) for prototype in w], axis=1)
    first, second = np.argsort(squared, axis=1, kind="stable")[:, :2].T
    rows = np.arange(len(X))
    apart = ((w[first] - w[second]) ** 2).sum(axis=1)
    margin = squared[rows, second] - squared[rows, first]
    return np.divide(margin, 2 * apart, out=np.zeros(len(X)), where=apart > 0)
