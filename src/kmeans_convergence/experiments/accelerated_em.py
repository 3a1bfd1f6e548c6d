"""EM and its accelerations on mixtures of Gaussians: passes until a run is near its own limit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import quantile_test

from kmeans_convergence.data import Dataset
from kmeans_convergence.data.synthetic import mixture
from kmeans_convergence.experiments.contenders import CONTENDERS
from kmeans_convergence.experiments.paper import Protocol, cluster_deviation
from kmeans_convergence.experiments.paths import first_within
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems import MixtureProblem
from kmeans_convergence.starts import draw, stream, streams
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
    some: Iterator[Mixture], protocol: Protocol, runs: int, methods: Sequence[str] = METHODS, most: int = MOST
) -> pd.DataFrame:
    """Run each method from the same starts, which are drawn from the patterns.

    The own limit of a run is where EM takes its last iterate, at nobody's charge.

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


def summarize(table: pd.DataFrame) -> pd.DataFrame:
    """Return medians over starts, of passes and of their ratios to EM's from the same start.

    Parameters
    ----------
    table : DataFrame
        As `measure` returns it, with all methods on all mixtures.

    Returns
    -------
    DataFrame
        One row for each mixture, method and target: columns mixture, separation, rate (median), optimizer, target,
        starts, passes, low, high (median with its interval of 95 %), ratio, ratio_low, ratio_high (likewise; missing
        for EM), arrived (share of the starts that came within the target), same (share that ended within 1e-6 nats per
        pattern of EM's limit).

    Notes
    -----
    The intervals are those of order statistics (of the sign test): what did not arrive counts as later than the rest.
    """
    key = ["mixture", "target", "run"]
    ems = table[table["optimizer"] == EM].set_index(key)[["passes", "limit"]]
    joined = table.join(ems, on=key, rsuffix="_em")
    joined["ratio"] = joined["passes"].fillna(np.inf) / joined["passes_em"]
    joined["same"] = (joined["limit"] - joined["limit_em"]).abs() < TARGETS[-1]
    rows = []
    for (name, method, target), part in joined.groupby(["mixture", "optimizer", "target"], sort=False):
        row = {"mixture": name, "separation": part["separation"].iloc[0], "rate": part["rate"].median()}
        row |= {"optimizer": method, "target": target, "starts": len(part)}
        row |= dict(zip(("passes", "low", "high"), _median(part["passes"]), strict=True))
        if method != EM:
            row |= dict(zip(("ratio", "ratio_low", "ratio_high"), _median(part["ratio"]), strict=True))
        rows.append(row | {"arrived": part["passes"].notna().mean(), "same": part["same"].mean()})
    return pd.DataFrame(rows)


def accelerated_em(dataset: Dataset, protocol: Protocol, runs: int) -> pd.DataFrame:
    """Measure and summarise, on the mixture of the paper's experiment and on overlapping ones; see `summarize`."""
    return summarize(measure(mixtures(dataset, protocol), protocol, runs))


def _median(values: pd.Series) -> tuple[float, float, float]:
    """Return the median and its interval; missing values are later than all others."""
    numbers = values.fillna(np.inf).to_numpy()
    low, high = quantile_test(numbers, p=0.5).confidence_interval(0.95)
    # halfway between two that did not arrive is a number that is none
    return float(np.quantile(numbers, 0.5, method="inverted_cdf")), float(low), float(high)
