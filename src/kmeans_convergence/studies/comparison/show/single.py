"""The comparison on one data set, as a figure and in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kmeans_convergence.report.style import new, set_title
from kmeans_convergence.studies.comparison.analysis.single import LEVEL, MARGIN, REFERENCE, best, fastest, rivals
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS

# Of each verdict, in the order in which they are named.
COLORS = {
    "better": "#009E73",
    "likely better": "#009E73",
    "equal": "#0072B2",
    "open": "#7F7F7F",
    "likely worse": "#D55E00",
    "worse": "#D55E00",
}


def difference(row: pd.Series) -> str:
    """Return the difference from batch K-means in per cent with its interval, as plain text."""
    if row["optimizer"] == REFERENCE:
        return "0 (reference)"
    values = [row["difference"], row["low"], row["high"]]
    largest = max(map(abs, values))
    # large differences need no decimals, and huge ones no digits
    form = "+.1e" if largest >= 1e5 else f"+.{2 if largest < 10 else 1 if largest < 100 else 0}f"
    value, low, high = (format(value, form) for value in values)
    return f"{value} [{low}, {high}]"


def shares(row: pd.Series) -> str:
    """Return the shares of starts that end better, equal and worse, in per cent."""
    return " / ".join(f"{100 * row[name]:.0f}" for name in ("better", "equal", "worse"))


def passes(value: float) -> str:
    """Return passes, or that they were not enough."""
    return f"{value:.3g}" if np.isfinite(value) else "never"


def _in_passes(value: float) -> str:
    return f"{passes(value)} pass{'' if value == 1 else 'es'}" if np.isfinite(value) else "more passes than were made"


def advice(table: pd.DataFrame, name: str, clusters: int, start: str, notes: Sequence[str] = ()) -> str:
    """Say which optimizer to use and how sure that is.

    Parameters
    ----------
    table : DataFrame
        What `summarize` returns.
    name : str
        Of the data.
    clusters : int
    start : str
        How the starts were drawn.
    notes : sequence of str
        What was done to the data.
    """
    quality, speed = best(table), fastest(table)
    reference = table[table["optimizer"] == REFERENCE].iloc[0]
    label = CONTENDERS[quality["optimizer"]].label
    lines = [f"{name}, K = {clusters}: {len(table)} optimizers, {int(reference['runs'])} starts each, {start}.", ""]
    if quality["optimizer"] == REFERENCE:
        may_be_better = rivals(table)
        lines.append(
            f"For the lowest cost: batch K-means; no other optimizer is shown to end more than {MARGIN:g} % below it."
        )
        if len(may_be_better):
            lines.append(
                f"This is not settled: {len(may_be_better)} optimizer{'s' * (len(may_be_better) > 1)} could end lower, "
                f"since the interval reaches below -{MARGIN:g} %; more starts (--starts) would say."
            )
    else:
        lines.append(
            f"For the lowest cost: {label}. From the same starts it ends {-quality['difference']:.2g} % below batch "
            f"K-means on average (95 % interval {-quality['high']:.2g} to {-quality['low']:.2g} %); it is better from "
            f"{quality['better']:.0%} of the starts and worse from {quality['worse']:.0%}, by more than {MARGIN:g} %."
        )
    lines.append(
        f"For speed: {CONTENDERS[speed['optimizer']].label}. Half of its runs are within 1 % of where they end after "
        f"{_in_passes(speed['passes'])} over the data, those of batch K-means after "
        f"{_in_passes(reference['passes'])}; "
        f"its final cost is {'better than' if speed['verdict'] == 'better' else 'within 0.1 % of'} batch K-means'."
        if speed["optimizer"] != REFERENCE
        else f"For speed: batch K-means; half of its runs are within 1 % of where they end after "
        f"{_in_passes(reference['passes'])}, and no optimizer that ends as low is faster."
    )
    counts = table.loc[table["optimizer"] != REFERENCE, "verdict"].value_counts()
    tally = ", ".join(f"{counts[word]} {word}" for word in COLORS if word in counts)
    lines += [
        "",
        f"Against batch K-means, the others are: {tally}. Better and worse: the whole 95 % interval of the paired "
        f"difference is beyond {MARGIN:g} %, and Wilcoxon's signed-rank test, corrected over all optimizers by Holm's "
        f"method, has p at most {LEVEL:g}; likely: the interval is, but the test does not say so; equal: the interval "
        f"is within {MARGIN:g} %; open: it is partly within and partly beyond.",
        "All ends are polished by batch K-means before they are compared; that is not counted as passes.",
    ]
    return "\n".join([*lines, *(["", "The data:", *(f"- {note}" for note in notes)] if notes else [])]) + "\n"


def forest(table: pd.DataFrame, name: str, clusters: int) -> Figure:
    """Draw the final cost against batch K-means and the passes of each optimizer, the lowest cost on top."""
    figure, (left, right) = new(0.5 + 0.19 * len(table), 2, sharey=True)
    places = np.arange(len(table))[::-1]
    colors = [COLORS[verdict] for verdict in table["verdict"]]
    left.axvspan(-MARGIN, MARGIN, color="0.9", linewidth=0)
    left.hlines(places, table["low"], table["high"], colors=colors)
    faces = ["white" if "likely" in word else color for word, color in zip(table["verdict"], colors, strict=True)]
    left.scatter(table["difference"], places, facecolors=faces, edgecolors=colors, s=12, zorder=3)
    left.set_yticks(places, [CONTENDERS[key].label for key in table["optimizer"]])
    left.set_xlabel("final cost against batch K-means (%)")
    set_title(left, f"{name}, K = {clusters}")
    there = np.isfinite(table["passes"])
    # beyond the budget there is nothing to see: the line ends at the longest time that was needed
    edge = table[["passes", "passes_high"]].replace(np.inf, np.nan).max(axis=None)
    right.hlines(places[there], table["passes_low"][there], table["passes_high"][there].clip(upper=edge), colors="0.6")
    right.scatter(table["passes"][there], places[there], c="0.2", s=12, zorder=3)
    right.set_xlabel("passes to within 1 % of the own end")
    return figure
