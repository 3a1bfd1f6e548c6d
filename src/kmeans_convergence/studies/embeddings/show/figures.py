"""The maps, their Shepard diagrams, how fast optimizers come to them, and how fast they should."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from kmeans_convergence.data.roads import CITIES
from kmeans_convergence.report.style import TEXT_WIDTH, look, new, use
from kmeans_convergence.studies.embeddings.run.contenders import CONTENDERS
from kmeans_convergence.studies.embeddings.run.maps import BEST, ORDER, SAMMON, SHOWN, STRAIN

# Titles of maps, in the order of the columns.
MAPS = {STRAIN: "least strain", BEST: "least stress found", SAMMON: "Sammon's stress", ORDER: "non-metric stress"}
SETS = {"roads": "roads", "globe": "globe", "digits": "digits"}
# Cities whose names stand in the map of the roads, with initial letters in the others.
NAMED = ("Athens", "Gibraltar", "Lisbon", "Stockholm", "Vienna")
# Optimizers whose ways are drawn.
DRAWN = ("smacof", "relaxed", "anderson", "gradient_bb", "lbfgs", "newton_cg", "sammon_search", "pairs")
# They look like the same methods on k-means, or like their next relatives there.
LOOKS = {
    "smacof": "batch_kmeans",
    "relaxed": "overrelaxed_15",
    "newton_cg": "face_newton",
    "sammon_search": "gradient_tuned",
    "pairs": "online_kmeans",
}
# Per cent; smaller excesses are drawn on the frame.
LOWEST = 1e-4
# Methods whose rates are predicted, and their looks.
RATES = {
    "smacof": ("SMACOF", "#0072B2", "s"),
    "relaxed": ("relaxed by 2", "#D55E00", "^"),
    "heavy_ball": ("heavy ball", "#009E73", "o"),
}
OBJECTIVES = {"stress": "stress", "sammon": "Sammon's stress"}


def maps(points: pd.DataFrame) -> Figure:
    """Draw the maps of some sets side by side, with the way of each point from the map of least strain.

    Parameters
    ----------
    points : DataFrame
        Columns dataset, map, point, x, y, as `run.maps.explore` returns them; a set that is not there has no row.
    """
    use()
    from matplotlib import pyplot  # after the backend has been chosen

    there = [name for name in SHOWN if (points["dataset"] == name).any()]
    figure, axes = pyplot.subplots(len(there), len(MAPS), figsize=(TEXT_WIDTH, 0.3 + 1.6 * len(there)), squeeze=False)
    for row, name in zip(axes, there, strict=True):
        some = points[points["dataset"] == name]
        placed = {key: part.sort_values("point")[["x", "y"]].to_numpy() for key, part in some.groupby("map")}
        edge = 1.1 * max(np.abs(X).max() for X in placed.values())
        for panel, (key, title) in zip(row, MAPS.items(), strict=True):
            _map(panel, placed[key], placed[STRAIN], edge)
            if name == SHOWN[0]:
                _name_cities(panel, placed[key])
            if name == there[0]:
                panel.set_title(title, fontsize=8)
        row[0].set_ylabel(SETS[name])
    return figure


def _map(panel: Axes, X: np.ndarray, before: np.ndarray, edge: float) -> None:
    """Draw a map (n, 2) within edges, and from where its points have come."""
    for (x, y), (x0, y0) in zip(X, before, strict=True):
        panel.plot([x0, x], [y0, y], color="#E69F00", linewidth=0.6, zorder=1)
    panel.plot(X[:, 0], X[:, 1], "o", color="#0072B2", markersize=2, zorder=2)
    panel.set_aspect("equal")
    panel.set_xlim(-edge, edge)
    panel.set_ylim(-edge, edge)
    panel.set_xticks([])
    panel.set_yticks([])
    panel.spines[:].set_visible(False)


def _name_cities(panel: Axes, X: np.ndarray) -> None:
    for city in NAMED:
        panel.annotate(
            city, X[CITIES.index(city)], xytext=(0, 3), textcoords="offset points", fontsize=5.5, ha="center"
        )


def shepard(pairs: pd.DataFrame) -> Figure:
    """Draw the Shepard diagrams of the maps of one set: distances in the map against dissimilarities."""
    figure, axes = new(1.9, len(MAPS), sharex=True, sharey=True)
    for panel, (key, title) in zip(axes, MAPS.items(), strict=True):
        some = pairs[pairs["map"] == key]
        # in thousands
        panel.axline((0, 0), slope=1, color="0.4", linewidth=0.8)
        panel.plot(some["dissimilarity"] / 1000, some["distance"] / 1000, "o", color="#0072B2", markersize=1.6)
        panel.set_title(title, fontsize=8)
        panel.set_xlim(0, None)
        panel.set_ylim(0, None)
    figure.supxlabel("by road (1,000 km)", fontsize=9)
    axes[0].set_ylabel("in the map (1,000 km)")
    return figure


def convergence(curves: pd.DataFrame) -> Figure:
    """Draw the excess over the run's own limit against passes, the median over sets of the median over random starts.

    Parameters
    ----------
    curves : DataFrame
        As `run.comparison.compare` returns them; maps in the plane are drawn.
    """
    figure, axes = new(2.9, len(OBJECTIVES), sharey=True)
    flat = curves[(curves["dimensions"] == 2) & curves["tuned_for"].isna()]
    for panel, (objective, title) in zip(axes, OBJECTIVES.items(), strict=True):
        some = flat[flat["objective"] == objective]
        for method in DRAWN:
            median = some[some["optimizer"] == method].groupby("passes")["median"].median()
            options = look(LOOKS.get(method, method)).options(label=CONTENDERS[method].label, markevery=6)
            panel.plot(median.index, np.maximum(100 * median, LOWEST / 2), **options)
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_ylim(LOWEST, None)
        panel.set_xlim(1, flat["passes"].max())
        panel.set_title(title)
        panel.set_xlabel("passes over the pairs")
        panel.xaxis.set_minor_formatter(NullFormatter())
    axes[0].set_ylabel("excess over the run's own limit (%)")
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=4)
    return figure


def rates(table: pd.DataFrame, measures: pd.DataFrame) -> Figure:
    """Draw measured rates against predicted ones, and the stress of the eigendecomposition against the least.

    Parameters
    ----------
    table, measures : DataFrame
        As `run.rates.rates` and `run.maps.explore` return them.
    """
    figure, (left, right) = new(2.9, 2)
    left.axline((1e-3, 1e-3), (1, 1), color="0.6", linewidth=0.8)
    for key, (title, color, marker) in RATES.items():
        some = table[table["optimizer"] == key]
        left.plot(1 - some["predicted"], 1 - some["measured"], marker, color=color, label=title, markerfacecolor="none")
    left.set_xscale("log")
    left.set_yscale("log")
    left.set_xlabel("share of the error that a step takes, predicted")
    left.set_ylabel("share of the error, measured")
    left.set_title("(a) Rates")
    left.legend(loc="upper left")
    wide = measures.pivot(index=["dataset", "dimensions"], columns="map", values="stress_1")
    right.axline((0, 0), slope=1, color="0.6", linewidth=0.8)
    for dimensions, marker, color in ((2, "o", "#0072B2"), (3, "^", "#D55E00")):
        some = wide.xs(dimensions, level="dimensions")
        label = f"{dimensions} dimensions"
        right.plot(some[BEST], some[STRAIN], marker, color=color, markerfacecolor="none", label=label)
    right.set_xlim(0, None)
    right.set_ylim(0, None)
    right.set_xlabel("stress-1, least that was found")
    right.set_ylabel("stress-1 of the eigendecomposition")
    right.set_title("(b) One step against many")
    right.legend(loc="upper left")
    return figure
