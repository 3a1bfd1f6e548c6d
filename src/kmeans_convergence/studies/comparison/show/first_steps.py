"""What the first patterns bring, on all data sets: a figure, and the numbers of the prose."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kmeans_convergence.report.style import STYLES, new
from kmeans_convergence.report.text import number, percent

PROBLEM = ["dataset", "clusters"]


def medians(table: pd.DataFrame) -> pd.DataFrame:
    """Return for each problem `each`, the patterns for each prototype, and the median and quartiles of `reached`."""
    groups = table.groupby(PROBLEM, sort=False)
    quartiles = groups["reached"].quantile([0.25, 0.5, 0.75]).unstack().set_axis(["low", "reached", "high"], axis=1)
    size = groups["n"].first()
    return quartiles.assign(each=size / size.index.get_level_values("clusters")).reset_index()


def first_patterns(table: pd.DataFrame) -> Figure:
    """Draw after how many passes online K-means has what one epoch of batch K-means brings, one mark a problem."""
    figure, axes = new(2.7)
    points = medians(table)
    color = STYLES["online_kmeans"].color
    spread = np.abs(points[["low", "high"]].T.to_numpy() - points["reached"].to_numpy())
    axes.errorbar(
        points["each"], points["reached"], yerr=spread, fmt="o", color=color, markersize=3.2, elinewidth=0.4, alpha=0.7
    )
    axes.axhline(1, color="0.4", linewidth=0.7, linestyle="--")
    axes.annotate(
        "one epoch of batch K-means", (1, 1), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8
    )
    axes.set(xscale="log", yscale="log")
    axes.set_xlabel("patterns for each prototype, n / K")
    axes.set_ylabel("passes of online K-means")
    return figure


def numbers(table: pd.DataFrame) -> dict[str, str]:
    """Return the macros of the prose."""
    points = medians(table)
    return {
        "firstReached": number(points["reached"].median(), 2),
        "firstEach": number((points["reached"] * points["each"]).median(), 2),
        "firstProblems": str(len(points)),
        "firstLater": str(int((points["reached"] > 1).sum())),
        "tiedEnds": percent(float((table["tied"] > 0).mean())),
    }
