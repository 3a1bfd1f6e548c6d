"""Figures and numbers of the rate of EM: what the assignments hide."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from kmeans_convergence.report.style import new
from kmeans_convergence.report.text import booktabs, fixed, number, order_of_magnitude
from kmeans_convergence.studies.mixtures.run.accelerated_em import METHODS, TARGETS
from kmeans_convergence.studies.mixtures.run.rates import CLUSTERS
from kmeans_convergence.theory.rates import uniform_rate

# Colours of the style's palette, and markers that distinguish them in grey.
LOOKS = (("#0072B2", "s"), ("#009E73", "^"), ("#D55E00", "o"), ("#000000", "D"))


def predicted(separations: pd.DataFrame, datasets: pd.DataFrame) -> Figure:
    """Draw the rate of EM against the separation of the components, and measured rates against predicted ones."""
    figure, (left, right) = new(2.9, 2)
    for (color, marker), ((clusters, features), some) in zip(
        LOOKS, separations.groupby(["clusters", "features"]), strict=False
    ):
        text = f"{clusters} components, {features} feature{'s' if features > 1 else ''}"
        left.plot(some["separation"], some["predicted"], color=color)
        left.plot(some["separation"], some["measured"], marker, color=color, label=text)
    left.plot([], [], color="0.4", label="predicted")
    left.set_ylim(0, 1.02)
    left.set_xlabel("separation (standard deviations)")
    left.set_ylabel("factor of EM's error in a step")
    left.set_title("Mixtures of Gaussians")
    left.legend(loc="upper right")
    right.axline((0, 0), slope=1, color="0.6", linewidth=0.8)
    for (color, marker), (share, some) in zip(LOOKS, datasets.groupby("share", sort=False), strict=False):
        text = "as within clusters" if share == 1 else f"{share:g} of that"
        right.plot(some["predicted"], some["measured"], marker, color=color, label=text, markerfacecolor="none")
    right.set_xlim(0, 1.02)
    right.set_ylim(0, 1.02)
    right.set_xlabel("largest share of information that is hidden")
    right.set_ylabel("measured factor")
    right.set_title("Data sets")
    right.legend(loc="upper left", title="standard deviation", alignment="left", title_fontsize=8)
    return figure


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
