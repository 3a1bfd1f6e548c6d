"""Which figures the report shows of the comparison, and of which optimizers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kmeans_convergence.analysis import paired, profiles, ranking
from kmeans_convergence.experiments.contenders import SHIPPED
from kmeans_convergence.reporting import comparison

# More than these cannot be told apart as lines; optimizers of one's own are shown, too.
SHOWN = (
    "batch_kmeans",
    "nesterov",
    "gradient_tuned",
    "adam_tuned",
    "online_kmeans",
    "minibatch_counts",
    "minibatch_c4",
)
PANELS = 12
POINTS = 60
# Behind the bands of run-time distributions, which need no more digits than a figure shows.
RESAMPLES = 400


def draw(
    runs: pd.DataFrame, curves: pd.DataFrame, datasets: pd.DataFrame, summary: pd.DataFrame, budget: float, seed: int
) -> dict[str, Figure]:
    """Return all figures of one kind of start by their names.

    Parameters
    ----------
    runs, curves, datasets : DataFrame
        The tables of the comparison, of one kind of start.
    summary : DataFrame
        As `ranking.summarize` returns it.
    budget : float
        Of a run, in passes.
    seed : int
    """
    there = list(dict.fromkeys(runs["optimizer"]))
    shown = [method for method in (*SHOWN, *(m for m in there if m not in SHIPPED)) if method in there]
    some = runs[runs["optimizer"].isin(shown)]
    grid = np.geomspace(1, budget, POINTS)
    shares = {t: profiles.performance(profiles.medians(some, t), grid, datasets) for t in ("own_1", "own_0.1")}
    times = np.geomspace(paired.FIRST, budget, POINTS)
    distributions = {t: profiles.run_times(some, t, times, datasets, seed, RESAMPLES) for t in ("best_1", "best_0.1")}
    # points of the sets only: no intervals are drawn
    cost = ranking.Hierarchy.of(paired.differences(runs), datasets, seed, 1).table()
    ratio = np.exp(ranking.Hierarchy.of(paired.log_ratios(runs, "own_1", budget), datasets, seed, 1).table())
    ranks = ranking.ranks(cost, datasets)
    p = ranking.significance(ranking.pairwise(cost, datasets), list(ranks.index))
    return {
        "convergence": comparison.convergence(curves, panels(datasets), shown),
        "profiles": comparison.performance_profiles(shares, shown),
        "run_times": comparison.run_times(distributions, shown),
        "costs": comparison.final_costs({c: profiles.excess(some, c, datasets) for c in ("end", "limit")}, shown),
        "quality_speed": comparison.quality_against_speed(summary),
        "sets": comparison.heat_map(cost, ratio, datasets),
        "ranks": comparison.critical_difference(ranks, p, "final cost"),
        "winners": comparison.winners(ratio, datasets, [method for method in shown if method != paired.REFERENCE]),
    }


def panels(datasets: pd.DataFrame) -> list[tuple[str, int]]:
    """Return data sets from the smallest to the largest, evenly picked, each with the first of its numbers K."""
    ordered = datasets.sort_values(["n", "name"], ignore_index=True)
    places = np.unique(np.linspace(0, len(ordered) - 1, min(PANELS, len(ordered))).round().astype(int))
    chosen = ordered.iloc[places]
    first = chosen["clusters"].astype(str).str.partition(";")[0].astype(int)
    return list(zip(chosen["name"], first, strict=True))
