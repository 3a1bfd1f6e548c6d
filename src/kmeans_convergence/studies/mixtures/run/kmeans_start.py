"""What batch K-means is worth as the start of a mixture (BB-S1)."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams
from kmeans_convergence.studies.comparison.run.paths import first_within
from kmeans_convergence.studies.mixtures.run.comparison import TARGETS, cut
from kmeans_convergence.studies.mixtures.run.fits import Fit, evaluation, from_prototypes, joined, polish

# Where EM begins: where batch K-means ends from some patterns; at these patterns; at random responsibilities.
ARMS = ("kmeans", "patterns", "responsibilities")
# Starts of each fit, and passes after which EM is cut short.
STARTS = 6
MOST = 300


def measure(fit: Fit, seed: int) -> pd.DataFrame:
    """Run EM from each arm.

    Returns
    -------
    DataFrame
        One row for each arm and run: dataset, family, clusters, covariance, arm, run; costs in nats per pattern: first,
        of the mixture that the patterns at which batch K-means begins stand for; begin, where EM begins; limit, where
        Newton's method takes EM's last iterate, missing where that has degenerated; kmeans_passes; own_T, EM's passes
        until within T nats per pattern of the limit; degenerate; first_labels, labels: the share of patterns that
        belong at the start, and where EM begins, to the component to which they belong at the limit.
    """
    problem, K = fit.problem(), fit.clusters
    name, n = fit.dataset.name, problem.size
    w = draw(problem.X, K, streams(seed, name, K, range(STARTS), "starts"))
    clusters = minimize(QuantizationProblem(problem.X), MajorizeMinimize(), w, passes=math.inf)
    shares = np.stack(
        [rng.dirichlet(np.ones(K), n) for rng in streams(seed, name, K, range(STARTS), "responsibilities")]
    )
    patterns = from_prototypes(problem, w)
    begins = joined([from_prototypes(problem, clusters.w), patterns, problem.from_responsibilities(shares)])
    trace = minimize(problem, MajorizeMinimize(), begins, passes=MOST)
    limits = polish(problem, trace.w)
    first = evaluation(problem, patterns).cost / n
    nearest = [QuantizationProblem(problem.X).evaluate(each).assignments for each in (w, clusters.w)]
    drawn = shares.argmax(axis=2)
    labels = {"kmeans": nearest, "patterns": [nearest[0]] * 2, "responsibilities": [drawn] * 2}
    tables = []
    for place, (arm, limit) in enumerate(zip(ARMS, cut(limits, len(ARMS)), strict=True)):
        some, good = slice(place * STARTS, (place + 1) * STARTS), ~limit.degenerate
        table = pd.DataFrame(fit.names | {"arm": arm, "run": np.arange(STARTS)})
        table["first"], table["begin"], table["limit"] = first, trace.cost[0, some] / n, limit.cost / n
        table["kmeans_passes"] = clusters.passes[-1] if arm == "kmeans" else 0.0
        for target, gap in TARGETS.items():
            table[f"own_{target}"] = first_within(trace, problem.gap.level(limits.cost, gap), MOST)[some]
        table["degenerate"] = limit.degenerate
        for column, given in zip(("first_labels", "labels"), labels[arm], strict=True):
            table[column] = math.nan
            if good.any():
                final = evaluation(problem, limit.mixtures[good]).assignments
                table.loc[good, column] = (given[good] == final).mean(axis=1)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
