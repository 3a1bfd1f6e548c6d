"""The first page: why alternation is fast, how fast it is, and what the speed hides; all objectives in one table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from kmeans_convergence import __version__
from kmeans_convergence.optimizers import Newton
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.report.style import look, new, set_title
from kmeans_convergence.report.text import booktabs, escape, interval
from kmeans_convergence.statistics.paired import FIRST
from kmeans_convergence.studies.comparison.show.labels import label
from kmeans_convergence.studies.derivation.show import PATTERNS, START, model, prototypes
from kmeans_convergence.studies.overview.analysis import OBJECTIVES, Objective

# The methods that carry the answer, and where their lines have room for a label: passes, excess in per cent.
SHOWN = {
    "batch_kmeans": (0.3, 0.01),
    "gradient_fixed": (2.6, 20.0),
    "online_kmeans": (0.1, 2.5),
    "online_c4": (8.3, 0.004),
}
WORDS = {"gradient_fixed": "single rate", "online_kmeans": "online, 1/n", "online_c4": "4/n"}
# Of the slice through the cost: less than the figure of the derivation shows.
LEFT, RIGHT, POINTS = 1.0, 8.0, 1401
# What a single rate makes of the step that Newton's method takes: that of a prototype with twice the patterns.
SHARE = 0.5
LINES = ("-", "--", ":")
# Per cent; below it a median excess is zero but for rounding.
LOWEST = 1e-4


def headline(curves: pd.DataFrame, growth: pd.DataFrame) -> Figure:
    """Draw the three panels.

    Parameters
    ----------
    curves : DataFrame
        Of one data set: clusters, start, optimizer, passes, and the median of the excess over the run's limit; the
        largest number of prototypes is shown.
    growth : DataFrame
        Steps of batch K-means against the size of samples of densities and of pixels.
    """
    figure, (why, fast, catch) = new(2.5, 3)
    _why(why)
    _how_fast(fast, _problem(curves))
    _catch(catch, growth[growth["source"].str.startswith("interval")])
    return figure


def _problem(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the curves of untuned methods from patterns, with the most prototypes."""
    some = curves[curves["start"] == "patterns"]
    return some[some["clusters"] == some["clusters"].max()]


def _why(axes: Axes) -> None:
    """Draw the cost along a line, the model that Newton's method sees, and two steps from the same point."""
    position = np.linspace(LEFT, RIGHT, POINTS)
    problem = QuantizationProblem(PATTERNS)
    axes.plot(position, problem.evaluate(prototypes(position)).cost, color="black", linewidth=1.6)
    at = problem.evaluate(prototypes(np.array([START])))
    newton = Newton().step(at, 1)[0, 0]
    short = START + SHARE * (newton - START)
    style = look("batch_kmeans")
    axes.plot(position, model(at, position), color=style.color, linestyle="--")
    axes.plot(START, at.cost[0], "o", color="black", markerfacecolor="white", markersize=5)
    for method, end in (("batch_kmeans", newton), ("gradient_fixed", short)):
        cost = model(at, np.array([end]))[0]
        axes.plot(end, cost, look(method).marker, **_marks(method), markersize=5)
    for text, place, color in (
        ("cost", (1.15, 2.2), "black"),
        ("Newton's model", (2.2, 9.2), style.color),
        ("a single rate", (5.75, 1.9), look("gradient_fixed").color),
        ("batch K-means = Newton", (2.5, 0.2), style.color),
    ):
        axes.text(*place, text, fontsize=7.5, color=color)
    axes.set_xlim(LEFT, RIGHT)
    axes.set_ylim(0, None)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel("position of one prototype")
    axes.set_ylabel("cost")
    axes.set_title("(a) Why: exact up to the kinks")


def _marks(method: str) -> dict[str, Any]:
    style = look(method)
    return {"color": style.color, "markerfacecolor": style.color if style.filled else "white"}


def _how_fast(axes: Axes, curves: pd.DataFrame) -> None:
    """Draw the median excess over the run's own limit against passes."""
    for method, place in SHOWN.items():
        rows = curves[(curves["optimizer"] == method) & (curves["passes"] > 0)]
        style = look(method)
        excess = 100 * rows["median"].to_numpy()
        # the line leaves the frame at its first point below, and ends there
        below = np.flatnonzero(excess < LOWEST)
        last = below[0] + 1 if len(below) else len(excess)
        shown = np.maximum(excess[:last], LOWEST / 10)
        axes.plot(rows["passes"].iloc[:last], shown, **style.options(markersize=2.6, markevery=2))
        axes.text(*place, WORDS.get(method, label(method)), color=style.color, fontsize=7.5)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(FIRST, curves["passes"].max())
    axes.set_ylim(LOWEST, None)
    axes.xaxis.set_major_locator(FixedLocator([0.1, 1, 10, 100]))
    axes.yaxis.set_major_locator(FixedLocator([1e-4, 1e-2, 1, 100]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(NullLocator())
    axes.set_xlabel("passes over the data")
    axes.set_ylabel("excess over the limit (%)", labelpad=1)
    name, clusters = (curves[column].iloc[0] for column in ("dataset", "clusters"))
    set_title(axes, f"(b) How fast: {name}, K = {clusters}")


def _catch(axes: Axes, growth: pd.DataFrame) -> None:
    """Draw the steps until batch K-means ends against the size of samples of the uniform density on an interval."""
    style = look("batch_kmeans")
    for marker, line, (source, some) in zip("os^", LINES, growth.groupby("source", sort=False), strict=False):
        axes.plot(some["n"], some["steps"], marker + line, color=style.color, markersize=3.2)
        # above the last marks
        end = (some["n"].iloc[-1], some["steps"].iloc[-3:].max())
        axes.annotate(source.partition(", ")[2], end, (0, 4), textcoords="offset points", fontsize=7.5, ha="right")
    axes.set_xscale("log")
    # room for the uppermost label
    axes.set_ylim(0, 1.12 * axes.get_ylim()[1])
    axes.set_xlabel("data points $n$ in the sample")
    axes.set_ylabel("steps until batch K-means ends", labelpad=1)
    axes.set_title("(c) The catch: it grows with n")


# The names of objectives in tables and figures.
NAMES = {"k-means": "k-means", "mixtures": "mixtures", "stress": "stress", "sammon": "Sammon's stress"}


def rates(table: pd.DataFrame) -> Figure:
    """Draw what a step of each alternation leaves, measured against predicted, one panel for each objective.

    Parameters
    ----------
    table : DataFrame
        See `analysis.rates`; both kinds of stress share a panel.
    """
    figure, panels = new(2.3, 3)
    style = look("batch_kmeans")
    for axes, (title, names) in zip(
        panels,
        {"k-means": ("k-means",), "mixtures": ("mixtures",), "maps": ("stress", "sammon")}.items(),
        strict=True,
    ):
        for name, marker, filled in zip(names, "os", (True, False), strict=False):
            some = table[table["objective"] == name]
            face = style.color if filled else "white"
            axes.plot(
                some["predicted"], some["measured"], marker, color=style.color, markerfacecolor=face, markersize=3.2
            )
            if len(names) > 1 and len(some):
                axes.plot([], [], marker, color=style.color, markerfacecolor=face, markersize=3.2, label=NAMES[name])
        axes.axline((0, 0), slope=1, color="black", linewidth=0.8)
        axes.set_xlabel("predicted")
        axes.set_title(f"{title}: {OBJECTIVES[names[0]].alternation}")
        if axes.get_legend_handles_labels()[1]:
            axes.legend(loc="upper left", fontsize=7.5)
    panels[0].set_ylabel("share of the error that a step leaves")
    return figure


def objectives(table: pd.DataFrame) -> str:
    """One row for each objective: what the alternation is, what it leaves out, and who wins."""
    rows = []
    for _, row in table.iterrows():
        objective = OBJECTIVES[row["objective"]]
        correlation = _number(row["correlation"], row["correlation_low"], row["correlation_high"])
        rows.append(
            [
                f"{NAMES[row['objective']]}: {objective.alternation}",
                objective.preconditioner,
                objective.left_out,
                f"{correlation} ({row['problems']})",
                _passes(row, "accelerated", objective),
                _passes(row, "gradient", objective),
                _cost(row, objective),
                f"{row['faster']} / {row['lower']}",
            ]
        )
    text = r">{\raggedright\arraybackslash}"
    widths = (1.7, 1.45, 2.0, 1.45, 2.1, 2.15, 2.3, 1.75)
    columns = "@{}" + "".join(rf"{text}p{{{width}cm}}" for width in widths) + "@{}"
    header = [
        *("objective: alternation", "$P$", "left out", "rates: rank correlation"),
        *("fastest accelerated", "fastest gradient", "lowest end", "faster / lower"),
    ]
    return booktabs(columns, header, rows, spaced=True)


def _passes(row: pd.Series, role: str, objective: Objective) -> str:
    """Return a method and the ratio of its passes to the alternation's."""
    return _named(row, role, objective) + _number(*(row[f"{role}_ratio{end}"] for end in ("", "_low", "_high")))


def _cost(row: pd.Series, objective: Objective) -> str:
    """Return the method that ends lowest, and by how much lower than the alternation."""
    difference = _number(*(row[f"lowest_cost{end}"] for end in ("", "_low", "_high")))
    return f"{_named(row, 'lowest', objective)}{difference} {objective.unit}"


def _named(row: pd.Series, role: str, objective: Objective) -> str:
    key = row[role]
    return f"{escape(objective.contenders[key].label)}: " if key in objective.contenders else ""


def _number(value: float, low: float, high: float) -> str:
    return "--" if np.isnan(value) else interval(value, low, high)


def numbers(seed: int) -> dict[str, str]:
    """Return as macros what identifies a build."""
    return {"seed": str(seed), "version": __version__}
