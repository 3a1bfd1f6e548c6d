"""EM and its accelerations on mixtures of Gaussians: passes until a run is near its own limit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from kmeans_convergence.data import Dataset
from kmeans_convergence.data.synthetic import mixture
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems import MixtureProblem
from kmeans_convergence.starts import draw, stream, streams
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS
from kmeans_convergence.studies.comparison.run.paths import first_within
from kmeans_convergence.studies.replication.run.experiment import Protocol, cluster_deviation
from kmeans_convergence.theory.information import em_rate

# EM, its accelerations, and the method that knows the gradient alone; keys of `CONTENDERS`.
EM = "batch_kmeans"
METHODS = (EM, "overrelaxed_15", "overrelaxed_19", "heavy_ball", "nesterov", "anderson", "lbfgs")
# Nats per pattern above the own limit of a run.
TARGETS = (1e-3, 1e-6)
# Overlapping mixtures: mean distances of a centre from its nearest neighbour, in standard deviations.
SEPARATIONS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
PATTERNS, FEATURES, CLUSTERS = 1000, 2, 3
# Passes after which a run that has not converged is cut short.
MOST = 5000


class Mixture(NamedTuple):
    """Patterns in units of the components' standard deviation, and the number of components."""

    name: str
    separation: float
    X: np.ndarray
    clusters: int


def mixtures(dataset: Dataset, protocol: Protocol, separations: Sequence[float] = SEPARATIONS) -> Iterator[Mixture]:
    """Yield the mixture of the paper's experiment, whose separation is not known (NaN), and synthetic ones."""
    yield Mixture(dataset.name, math.nan, dataset.X / cluster_deviation(dataset, protocol), protocol.clusters)
    for separation in separations:
        name = f"separation {separation:g}"
        X, _, _ = mixture(stream(protocol.seed, name), PATTERNS, FEATURES, CLUSTERS, separation)
        yield Mixture(name, separation, X, CLUSTERS)


def measure(
    some: Iterable[Mixture], protocol: Protocol, runs: int, methods: Sequence[str] = METHODS, most: int = MOST
) -> pd.DataFrame:
    """Run each method from the same starts, which are drawn from the patterns.

    The own limit of a run is where EM takes its last iterate, without charge.

    Returns
    -------
    DataFrame
        One row for each mixture, method, run and target: columns mixture, separation, rate (EM's factor as predicted at
        the run's limit), optimizer, run, limit (nats per pattern), converged, target and passes, missing where the
        budget ended before.
    """
    tables = []
    for name, separation, X, clusters in some:
        problem = MixtureProblem(X)
        starts = draw(X, clusters, streams(protocol.seed, name, clusters, range(runs), "starts"), protocol.start)
        for key in methods:
            trace = minimize(problem, CONTENDERS[key].optimizer(most, math.nan), starts, passes=most)
            end = minimize(problem, MajorizeMinimize(), trace.w, passes=math.inf)
            limit = end.cost[-1]
            table = pd.DataFrame({"mixture": name, "separation": separation, "optimizer": key, "run": range(runs)})
            table["rate"] = [em_rate(X, w) for w in end.w]
            table["limit"] = limit / problem.size
            table["converged"] = trace.passes[-1] < most
            for target in TARGETS:
                passes = first_within(trace, problem.gap.level(limit, target), most)
                tables.append(table.assign(target=target, passes=passes))
    return pd.concat(tables, ignore_index=True)
