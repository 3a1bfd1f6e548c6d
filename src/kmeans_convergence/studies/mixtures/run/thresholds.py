"""Hard and soft thresholds side by side (BB-S9): batch K-means, and EM for the means of the equivalent mixture.

Both costs are negative log likelihoods in nats, but for a constant: of patterns whose component is known, for k-means
with distances in standard deviations, and of patterns whose component is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from kmeans_convergence.data import Dataset
from kmeans_convergence.data.synthetic import mixture
from kmeans_convergence.optimizers import MajorizeMinimize, Stop, minimize
from kmeans_convergence.optimizers.accelerated import Nesterov
from kmeans_convergence.problems import MixtureProblem, QuantizationProblem
from kmeans_convergence.starts import draw, stream, streams
from kmeans_convergence.studies.comparison.run.paths import first_within
from kmeans_convergence.studies.mixtures.run.comparison import TARGETS
from kmeans_convergence.theory.information import em_rate
from kmeans_convergence.theory.rates import lloyd_rate

# Standard deviations of the components, in units of that within the clusters of batch K-means: the smaller, the less
# components overlap.
SHARES = (1.0, 0.5, 0.25)
STARTS = 10
# Passes after which EM, and the polish that finds its limit, are cut short.
MOST = 1000
# Synthetic mixtures: mean distances of a centre from its nearest neighbour, in standard deviations.
SEPARATIONS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
PATTERNS, FEATURES, CLUSTERS = 1000, 2, 3
# Mixtures of each separation: how their centres lie differs.
DRAWS = 5
# Half-width of the kernel that estimates the rate of batch K-means on the population, and samples that correct its
# bias.
WIDTH, RESAMPLES = 0.1, 10


class Overlapping(NamedTuple):
    """Patterns in units of the components' standard deviation.

    Attributes
    ----------
    name : str
    family : str
    separation : float
        NaN where it is not known.
    share : float
        See `SHARES`; 1 for synthetic mixtures, whose standard deviation is known.
    X : ndarray of shape (n, d)
    clusters : int
    """

    name: str
    family: str
    separation: float
    share: float
    X: np.ndarray
    clusters: int


def on_dataset(dataset: Dataset, clusters: int, seed: int) -> Iterator[Overlapping]:
    """Yield a data set with components of each deviation."""
    starts = draw(dataset.X, clusters, streams(seed, dataset.name, clusters, range(STARTS), "starts"))
    end = minimize(QuantizationProblem(dataset.X), MajorizeMinimize(), starts, passes=math.inf)
    within = math.sqrt(2 * end.cost[-1].min() / dataset.X.size)
    for share in SHARES:
        X = dataset.X / (share * within)
        yield Overlapping(dataset.name, dataset.family or dataset.name, math.nan, share, X, clusters)


def synthetic(seed: int) -> Iterator[Overlapping]:
    """Yield mixtures whose separation is swept, some of each."""
    for separation, place in product(SEPARATIONS, range(DRAWS)):
        name = f"separation {separation:g}, {place}"
        X, _, _ = mixture(stream(seed, name), PATTERNS, FEATURES, CLUSTERS, separation)
        yield Overlapping(name, "separations", separation, 1.0, X, CLUSTERS)


def measure(data: Overlapping, seed: int) -> pd.DataFrame:
    """Run both from the same patterns.

    Returns
    -------
    DataFrame
        One row for each run: dataset, family, separation, share, clusters, run; hard_T and soft_T, the passes until
        within T nats per pattern of the own limit, missing where that is not within `MOST` passes; hard_end, the passes
        after which batch K-means stays where it is, and hard_ends, whether it does; soft_rate, the factor of EM's error
        in a step at its limit; hard_rate, that which batch K-means would have on the population, estimated from the
        patterns near the faces of synthetic mixtures. On the sample it is 0.
    """
    starts = draw(data.X, data.clusters, streams(seed, data.name, data.clusters, range(STARTS), "starts"))
    table = pd.DataFrame(
        {
            "dataset": data.name,
            "family": data.family,
            "separation": data.separation,
            "share": data.share,
            "clusters": data.clusters,
            "run": np.arange(STARTS),
        }
    )
    hard_problem, soft_problem = QuantizationProblem(data.X), MixtureProblem(data.X)
    hard = minimize(hard_problem, MajorizeMinimize(), starts, passes=math.inf)
    soft = minimize(soft_problem, MajorizeMinimize(), starts, passes=MOST)
    # Nesterov's extrapolation finds the limit of EM in fewer passes, and rejects what does not lower the cost
    end = minimize(soft_problem, Nesterov(), soft.w, passes=MOST)
    for name, trace, limit in (("hard", hard, hard.cost[-1]), ("soft", soft, end.cost[-1])):
        for target, gap in TARGETS.items():
            table[f"{name}_{target}"] = first_within(trace, soft_problem.gap.level(limit, gap), MOST)
    table["hard_end"] = hard.passes[-1]
    table["hard_ends"] = [stop is Stop.FIXED_POINT for stop in hard.stop]
    table["soft_rate"] = [em_rate(data.X, w) for w in end.w]
    table["hard_rate"] = math.nan
    if not math.isnan(data.separation):
        owners = hard_problem.evaluate(hard.w).assignments
        rngs = streams(seed, data.name, data.clusters, range(STARTS), "faces")
        table["hard_rate"] = [
            lloyd_rate(data.X, w, owned, WIDTH, rng, RESAMPLES).rate
            for w, owned, rng in zip(hard.w, owners, rngs, strict=True)
        ]
    return table
