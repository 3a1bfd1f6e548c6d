"""What people look at in a map: whether neighbours stay neighbours, and how distances follow dissimilarities."""

from __future__ import annotations

import numpy as np
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata, spearmanr

# Neighbours of a point that should stay its neighbours: scikit-learn's default.
NEIGHBOURS = 5


def trustworthiness(dissimilarities: np.ndarray, X: np.ndarray, neighbours: int = NEIGHBOURS) -> float:
    """Return how far neighbours in the map were neighbours before (Venna and Kaski 2001), by scikit-learn.

    Parameters
    ----------
    dissimilarities : ndarray of shape (n (n - 1) / 2,)
    X : ndarray of shape (n, p)
        The map.
    neighbours : int
        Below n / 2.

    Returns
    -------
    float
        Between 0 and 1, which says that no point has a new neighbour.
    """
    from sklearn import manifold  # slow to import

    square = squareform(dissimilarities)
    return float(manifold.trustworthiness(square, X, n_neighbors=neighbours, metric="precomputed"))


def continuity(dissimilarities: np.ndarray, X: np.ndarray, neighbours: int = NEIGHBOURS) -> float:
    """Return how far those that were neighbours are neighbours in the map: trustworthiness with both exchanged.

    Parameters and result are those of `trustworthiness`.
    """
    n = len(X)
    # ranks from 0, which is the point itself; of equal distances the first one is nearer
    before, after = (
        rankdata(squareform(distances), method="ordinal", axis=1) - 1 for distances in (dissimilarities, pdist(X))
    )
    lost = (before <= neighbours) & (before > 0) & (after > neighbours)
    penalty = float((after - neighbours)[lost].sum())
    return 1 - penalty * 2 / (n * neighbours * (2 * n - 3 * neighbours - 1))


def shepard(dissimilarities: np.ndarray, X: np.ndarray) -> float:
    """Return the rank correlation of the Shepard diagram: between dissimilarities and distances in the map."""
    return float(spearmanr(dissimilarities, pdist(X)).statistic)


def measure(dissimilarities: np.ndarray, X: np.ndarray) -> dict[str, float]:
    """Return all measures of a map (n, p) by their names."""
    return {
        "trustworthiness": trustworthiness(dissimilarities, X),
        "continuity": continuity(dissimilarities, X),
        "shepard": shepard(dissimilarities, X),
    }


def disparity(X: np.ndarray, Y: np.ndarray) -> float:
    """Return the share of a map's variance that no shift, rotation, reflection and scale of the other explains."""
    return float(procrustes(X, Y)[2])


def turned(X: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """Return a map about its mean, rotated and reflected so that it is nearest to another one about its mean."""
    X, onto = X - X.mean(axis=0), onto - onto.mean(axis=0)
    return np.asarray(X @ orthogonal_procrustes(X, onto)[0])
