"""Figures and numbers of the rate of EM: what the assignments hide."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kmeans_convergence.report.style import new
from kmeans_convergence.report.text import booktabs, fixed, number, order_of_magnitude
from kmeans_convergence.studies.mixtures.run.accelerated_em import METHODS, TARGETS
from kmeans_convergence.studies.mixtures.run.fits import COVARIANCES
from kmeans_convergence.studies.mixtures.run.rates import CLUSTERS, SHARES
from kmeans_convergence.theory.rates import uniform_rate

# Colours of the style's palette, and markers that distinguish them in grey.
LOOKS = (("#0072B2", "s"), ("#009E73", "^"), ("#D55E00", "o"), ("#000000", "D"))


def predicted(separations: pd.DataFrame, datasets: pd.DataFrame, parameters: pd.DataFrame) -> Figure:
    """Draw the rate of EM against the separation of the components, and measured rates against predicted ones.

    Parameters
    ----------
    separations, datasets, parameters : DataFrame
        See `run.rates.by_separation`, `on_dataset` and `in_all_parameters`.
    """
    figure, (left, middle, right) = new(2.7, 3)
    for (color, marker), ((clusters, features), some) in zip(
        LOOKS, separations.groupby(["clusters", "features"]), strict=False
    ):
        text = f"K = {clusters}, d = {features}"
        left.plot(some["separation"], some["predicted"], color=color)
        left.plot(some["separation"], some["measured"], marker, color=color, label=text)
    left.plot([], [], color="0.4", label="predicted")
    left.set_ylim(0, 1.02)
    left.set_xlabel("separation (standard deviations)")
    left.set_ylabel("factor of EM's error in a step")
    left.set_title("Means only, separation swept")
    left.legend(loc="upper right")
    shares = {share: "as within clusters" if share == 1 else f"{share:g} of that" for share in SHARES}
    _against_predicted(middle, "Means only", datasets, "share", shares)
    _against_predicted(right, "All parameters", parameters, "covariance", {key: key for key in COVARIANCES})
    return figure


def _against_predicted(axes: Axes, title: str, table: pd.DataFrame, column: str, words: dict[Any, str]) -> None:
    """Draw measured rates against predicted ones, with a mark for each value of a column."""
    axes.axline((0, 0), slope=1, color="0.6", linewidth=0.8)
    for (color, marker), (value, text) in zip(LOOKS, words.items(), strict=False):
        some = table[table[column] == value]
        axes.plot(some["predicted"], some["measured"], marker, color=color, label=text, markerfacecolor="none")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("largest share that is hidden")
    axes.set_ylabel("measured factor")
    axes.set_title(title)
    axes.legend(loc="upper left", handletextpad=0.2)


def limit(deviations: pd.DataFrame) -> Figure:
    """Draw the rate of EM against the deviation of the components, and against the patterns in doubt at a face."""
    figure, (left, right) = new(2.9, 2, sharey=True)
    for (color, marker), (n, some) in zip(LOOKS, deviations.groupby("n"), strict=False):
        for axes, horizontal in ((left, "deviation"), (right, "patterns")):
            axes.plot(some[horizontal], some["rate"], marker=marker, color=color, label=f"n = {n:,}")
            axes.fill_between(some[horizontal], some["low"], some["high"], color=color, alpha=0.15, linewidth=0)
    for axes in (left, right):
        axes.axhline(uniform_rate(CLUSTERS), color="0.3", linestyle="--", label="batch K-means, population")
        axes.set_xscale("log")
        axes.set_ylim(0, 1.02)
    left.set_xlabel(r"standard deviation $\sigma$ (distances of two means)")
    left.set_ylabel("factor of EM's error in a step")
    right.set_xlabel(r"patterns in doubt at a face, $n\sigma^2/\|w_k-w_l\|$")
    left.set_title("The smaller the variance ...")
    right.set_title("... the more patterns it takes to hide anything")
    right.legend(loc="lower right")
    return figure


def numbers(datasets: pd.DataFrame) -> dict[str, str]:
    """Return how well the rate of EM is predicted on data sets."""
    measured = datasets.dropna(subset="measured")
    errors = (measured["predicted"] - measured["measured"]).abs()
    return {
        "emSets": str(measured["dataset"].nunique()),
        "emRuns": str(len(datasets)),
        "emUnmeasured": str(len(datasets) - len(measured)),
        "emErrorMedian": order_of_magnitude(errors.median()),
        "emErrorLargest": number(errors.max(), 2),
        "emSlowest": fixed(measured["predicted"].max(), 3),
        "emFastest": fixed(measured["predicted"].min(), 2),
    }


def parameter_numbers(parameters: pd.DataFrame) -> dict[str, str]:
    """Return how well the rate of EM in all parameters is predicted on data sets."""
    found = parameters.dropna(subset="predicted")
    measured = found.dropna(subset="measured")
    errors = (measured["predicted"] - measured["measured"]).abs()
    return {
        "emAllFits": str(len(parameters)),
        "emAllDegenerate": str(len(parameters) - len(found)),
        "emAllMeasured": str(len(measured)),
        "emAllErrorMedian": order_of_magnitude(errors.median()),
        "emAllErrorLargest": number(errors.max(), 2),
        "emAllRateMedian": fixed(found["predicted"].median(), 2),
        "emAllSlowest": fixed(found["predicted"].max(), 4),
        "emAllFastest": number(found["predicted"].min(), 1),
    }


# Headings of the table of accelerations, and of which the prose says the range.
ACCELERATIONS = dict(
    zip(METHODS, ("EM", "1.5", "1.9", "heavy ball", "Nesterov", "Anderson", "L-BFGS"), strict=True),
)
RANGES = {"overrelaxed_15": "Relaxed", "overrelaxed_19": "Long", "nesterov": "Nesterov", "anderson": "Anderson"}


def accelerated_em(table: pd.DataFrame) -> str:
    """One row for each mixture: median passes to both targets; bold where the ratio to EM's lies below 1."""
    rows = []
    for _, some in table.groupby("mixture", sort=False):
        separation = some["separation"].iloc[0]
        about = "Iris" if pd.isna(separation) else f"separation {separation:g}"
        rows.append([about, fixed(some["rate"].iloc[0], 2), *(_passes(some, key) for key in ACCELERATIONS)])
    columns = rf"@{{}}l{(len(ACCELERATIONS) + 1) * 'r'}@{{}}"
    return booktabs(columns, ["mixture", "rate", *ACCELERATIONS.values()], rows)


def _passes(some: pd.DataFrame, key: str) -> str:
    of = some[some["optimizer"] == key].set_index("target").loc[list(TARGETS)]
    faster = [rf"\textbf{{{row.passes:.0f}}}" if row.ratio_high < 1 else f"{row.passes:.0f}" for row in of.itertuples()]
    return " / ".join(faster)


def accelerated_numbers(table: pd.DataFrame) -> dict[str, str]:
    """Return the range over mixtures of some accelerations' passes as multiples of EM's."""
    near = table[table["target"] == min(TARGETS)].set_index("optimizer")
    numbers = {"emStarts": str(table["starts"].max()), "emMixtures": str(table["mixture"].nunique())}
    for key, name in RANGES.items():
        ratios = near.loc[key, "ratio"]
        numbers |= {f"em{name}Least": fixed(ratios.min(), 2), f"em{name}Most": fixed(ratios.max(), 2)}
    return numbers
