"""Figure and numbers of batch K-means as the start of a mixture, and beside EM."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kmeans_convergence.report.style import new
from kmeans_convergence.report.text import fixed, percent
from kmeans_convergence.studies.mixtures.run import kmeans_start, thresholds
from kmeans_convergence.studies.mixtures.run.comparison import TARGETS
from kmeans_convergence.studies.mixtures.run.fits import COVARIANCES

# Colours and markers of the covariance models.
LOOKS = dict(zip(COVARIANCES, (("#0072B2", "s"), ("#009E73", "^"), ("#D55E00", "o"), ("#000000", "D")), strict=True))
# What a passage of no length counts as in a logarithm, in passes.
LEAST = 1.0
# Share of the likelihood's rise below which the axis ends: random prototypes may be better than those of k-means.
LOWEST = -0.22


def worth(starting: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Draw what batch K-means brings for which share of the passes, and hard beside soft thresholds.

    Parameters
    ----------
    starting : DataFrame
        See `run.kmeans_start.measure`.
    table : DataFrame
        See `run.thresholds.measure`.
    """
    figure, (left, middle, right) = new(2.7, 3)
    medians = shares(starting)
    for covariance, some in medians.groupby("covariance", sort=False):
        color, marker = LOOKS[str(covariance)]
        left.plot(
            some["passes"],
            some["rise"].clip(lower=LOWEST),
            marker,
            color=color,
            markerfacecolor="none",
            label=str(covariance),
        )
    left.plot([0, 1], [0, 1], color="0.6", linewidth=0.8, zorder=0)
    left.set_xlim(0, 1)
    left.set_ylim(LOWEST, 1.05)
    left.set_xlabel("share of the passes")
    left.set_ylabel("share of the rise in likelihood")
    left.set_title("K-means as a start")
    left.legend(loc="lower right", handletextpad=0.2, columnspacing=0.8, ncol=2, borderpad=0.1)
    swept = table.dropna(subset="separation")
    _rates(middle, swept)
    _passes(right, swept)
    return figure


def shares(starting: pd.DataFrame) -> pd.DataFrame:
    """Return medians over the runs of each fit from k-means that have not degenerated.

    Returns
    -------
    DataFrame
        dataset, covariance; rise, the share of the rise in likelihood that batch K-means brings; passes, its share of
        the passes to 1e-3 nats per pattern; labels, first_labels, see `run.kmeans_start.measure`.
    """
    runs = starting[(starting["arm"] == "kmeans") & ~starting["degenerate"].astype(bool)]
    runs = runs[runs["first"] - runs["limit"] > TARGETS["1e-3"]]
    later = runs["own_1e-3"].fillna(kmeans_start.MOST)
    runs = runs.assign(
        rise=(runs["first"] - runs["begin"]) / (runs["first"] - runs["limit"]),
        passes=runs["kmeans_passes"] / (runs["kmeans_passes"] + later),
    )
    columns = ["rise", "passes", "labels", "first_labels"]
    return runs.groupby(["dataset", "covariance"], sort=False)[columns].median().reset_index()


def _rates(axes: Axes, swept: pd.DataFrame) -> None:
    """Draw the factor by which a step shrinks the error, against the separation."""
    for column, color, marker, words in (
        ("soft_rate", "#D55E00", "o", "EM"),
        ("hard_rate", "#0072B2", "s", "K-means, population"),
    ):
        grouped = swept.groupby("separation")[column]
        middle = grouped.median()
        axes.plot(middle.index, middle, marker=marker, color=color, label=words)
        axes.fill_between(
            middle.index, grouped.quantile(0.25), grouped.quantile(0.75), color=color, alpha=0.15, linewidth=0
        )
    axes.axhline(0, color="#0072B2", linestyle="--", label="K-means, sample")
    axes.set_ylim(-0.03, 1.02)
    axes.set_xlabel("separation (standard deviations)")
    axes.set_ylabel("factor of the error in a step")
    axes.set_title("Rates")
    axes.legend(loc="upper right", fontsize=7)


def _passes(axes: Axes, swept: pd.DataFrame) -> None:
    """Draw the median passes to a fine and a coarse target, against the separation."""
    for name, color, marker, words in (("soft", "#D55E00", "o", "EM"), ("hard", "#0072B2", "s", "K-means")):
        for target, line, nats in (("1e-6", "-", "$10^{-6}$"), ("1e-1", ":", "$10^{-1}$")):
            passes = swept[f"{name}_{target}"].fillna(thresholds.MOST).clip(lower=LEAST)
            middle = passes.groupby(swept["separation"]).median()
            axes.plot(middle.index, middle, marker=marker, linestyle=line, color=color, label=f"{words}, {nats}")
    axes.set_yscale("log")
    # room for the legend
    axes.set_ylim(0.8, 3000)
    axes.set_xlabel("separation (standard deviations)")
    axes.set_ylabel("passes to the limit (nats per pattern)")
    axes.set_title("Passes")
    axes.legend(loc="upper right", fontsize=7)


def numbers(starting: pd.DataFrame, table: pd.DataFrame) -> dict[str, str]:
    """Return the numbers of the prose: of batch K-means as a start, and beside EM on data sets."""
    medians = shares(starting)
    quartiles = medians[["rise", "passes", "labels", "first_labels"]].quantile([0.25, 0.5, 0.75])
    values: dict[str, str] = {}
    for column, name in (("rise", "Rise"), ("passes", "Passes"), ("labels", "Labels"), ("first_labels", "FirstLabels")):
        low, middle, high = quartiles[column]
        values |= {f"start{name}": _share(middle), f"start{name}Low": _share(low), f"start{name}High": _share(high)}
    values["startFits"] = str(len(medians))
    lost = starting.groupby("arm")["degenerate"].mean()
    for arm in kmeans_start.ARMS:
        values[f"startLost{arm.capitalize()}"] = percent(float(lost[arm]))
    on_sets = table[table["separation"].isna()]
    for share, name in zip(thresholds.SHARES, ("Wide", "Half", "Narrow"), strict=True):
        some = on_sets[on_sets["share"] == share]
        values[f"softRate{name}"] = fixed(some.groupby("dataset")["soft_rate"].median().median(), 2)
        for kind in ("hard", "soft"):
            passes = some[f"{kind}_1e-6"].fillna(thresholds.MOST).groupby(some["dataset"]).median()
            values[f"{kind}Passes{name}"] = f"{np.median(passes):.0f}"
    return values


def _share(value: float) -> str:
    """Return a share, which is negative where batch K-means makes a mixture worse."""
    return percent(value) if value >= 0 else r"$-$" + percent(-value)
