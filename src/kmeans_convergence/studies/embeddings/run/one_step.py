"""When one eigendecomposition is the answer: distances of points with as many dimensions as the map, and errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist

from kmeans_convergence.data.synthetic import mixture, uniform
from kmeans_convergence.optimizers import MajorizeMinimize
from kmeans_convergence.starts import stream, streams
from kmeans_convergence.studies.embeddings.run.maps import ends
from kmeans_convergence.studies.embeddings.run.sets import Arm, Embedded, problem_of

DIMENSIONS = (1, 2, 3)
# Standard deviations of the logarithm of a distance.
ERRORS = (0.0, 0.01, 0.03, 0.1, 0.3)
# Components of a mixture, and their separation in standard deviations.
CLUSTERS, SEPARATION = 3, 4.0
# A normalised stress below this is a perfect fit, and below this multiple of the least one as good.
PERFECT, AS_GOOD = 1e-12, 1 + 1e-6


def exact_sets(patterns: int, seed: int) -> list[tuple[str, np.ndarray]]:
    """Return patterns (n, p) with and without clusters, with their names."""
    found = []
    for p in DIMENSIONS:
        rng = stream(seed, "one step", p)
        found.append((f"uniform_{p}", uniform(rng, patterns, p)))
        found.append((f"mixture_{p}", mixture(rng, patterns, p, CLUSTERS, SEPARATION)[0]))
    return found


def recover(patterns: int, seed: int, starts: int) -> pd.DataFrame:
    """Map distances with errors to as many dimensions as they come from.

    Parameters
    ----------
    patterns : int
    seed : int
    starts : int
        Random ones of SMACOF.

    Returns
    -------
    DataFrame
        One row for each set and size of errors: dataset, dimensions, deviation; missed, the largest error of a distance
        in the map of least strain, in units of the mean dissimilarity; strain and stress, the normalised stress there
        and where SMACOF goes from there; least, the least that was found; share of the random starts that come so low.
    """
    rows = []
    for name, X in exact_sets(patterns, seed):
        distances, p = pdist(X), X.shape[1]
        noise = stream(seed, "one step", name).standard_normal(len(distances))
        for deviation in ERRORS:
            some = Embedded(name, name, distances * np.exp(deviation * noise))
            problem = problem_of(some, Arm("stress", p))
            strain = problem.classical().configuration
            here = problem.evaluate(problem.pack(strain[None]))
            stress = ends(problem, MajorizeMinimize(), strain[None])[1][0]
            random = problem.draw(streams(seed, name, p, range(starts), "one step starts"))
            costs = ends(problem, MajorizeMinimize(), random)[1]
            least = min(stress, costs.min())
            missed = np.abs(pdist(strain) - some.dissimilarities).max() / some.dissimilarities.mean()
            row = {"dataset": name, "dimensions": p, "deviation": deviation, "missed": missed}
            row |= {"strain": here.cost[0], "stress": stress, "least": least}
            rows.append(row | {"share": (costs <= max(PERFECT, AS_GOOD * least)).sum() / starts})
    return pd.DataFrame(rows)
