"""Figure and tables of the methods that make batch K-means faster."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.report.style import STYLES, new
from kmeans_convergence.report.text import booktabs, escape, fixed, interval, number, thousands
from kmeans_convergence.statistics.paired import REFERENCE
from kmeans_convergence.studies.comparison.show.labels import label
from kmeans_convergence.studies.rates.analysis.acceleration import LEVELS, MOST, SHARE, SLOW

WHERE = {True: "slow", False: "others"}
DRAWN = ("lbfgs", "face_newton", "online_face_newton")


def against_lloyd(problems: pd.DataFrame) -> Figure:
    """Draw the passes of each problem relative to Lloyd's against Lloyd's, for some methods."""
    figure, panels = new(2.9, len(DRAWN))
    for axes, method in zip(panels, DRAWN, strict=True):
        some = problems[problems["optimizer"] == method]
        axes.plot(some["lloyd"], some["ratio_0.1"], **STYLES[method].options(linestyle="", markersize=4, alpha=0.7))
        axes.axhline(1, color="0.5", linewidth=0.8)
        axes.axvline(SLOW, color="0.5", linewidth=0.8, linestyle=":")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_title(label(method))
    goal = {"color": "black", "linewidth": 0.8, "linestyle": "--"}
    most = 1.2 * problems["lloyd"].max()
    panels[1].plot([problems["lloyd"].min(), SLOW, SLOW, most], [MOST, MOST, SHARE, SHARE], label="goals", **goal)
    panels[1].legend(loc="lower left")
    low, high = problems.loc[problems["optimizer"].isin(DRAWN), "ratio_0.1"].agg(["min", "max"])
    for axes in panels:
        axes.set_ylim(0.8 * min(low, SHARE), 1.2 * max(high, MOST))
        axes.set_xlim(0.8 * problems["lloyd"].min(), most)
    panels[0].set_ylabel("passes over those of batch K-means")
    figure.supxlabel("passes of batch K-means from the other half of the starts", fontsize=9)
    return figure


def ratios(summary: pd.DataFrame) -> str:
    """One row for each method where batch K-means is slow, the fastest first, and one for each on the others."""
    header = ["method", r"1\,\%", r"0.1\,\%", r"$10^{-3}$\,\%", r"cost (\%)", "worst"]
    rows = []
    for slow, some in summary[summary["optimizer"] != REFERENCE].groupby("slow", sort=False):
        counts = f"{some['problems'].iloc[0]} problems, {some['sets'].iloc[0]} data sets"
        rows.append([rf"\multicolumn{{{len(header)}}}{{@{{}}l}}{{\emph{{{WHERE[bool(slow)]}: {counts}}}}}"])
        for _, row in some.sort_values("ratio_0.1", kind="stable").iterrows():
            cells = [_rounded(row, f"ratio_{level}", 2) for level in LEVELS]
            rows.append([label(row["optimizer"]), *cells, _rounded(row, "cost", 1), fixed(row["worst"], 2)])
    return booktabs("@{}lrrrrr@{}", header, rows)


def _rounded(row: pd.Series, column: str, places: int) -> str:
    """Return a number with its interval."""
    value, low, high = (fixed(row[name], places) for name in (column, f"{column}_low", f"{column}_high"))
    return f"{value} [{low}, {high}]"


def goals(judged: pd.DataFrame) -> str:
    """One row for each goal of Newton's method with face terms."""
    rows = []
    for _, row in judged.iterrows():
        cells = ["--", "--"]
        if not pd.isna(row["effect"]):
            certain = row["low"] == row["high"]
            found = fixed(row["effect"], 2) if certain else interval(row["effect"], row["low"], row["high"])
            cells = [found, row["verdict"]]
        rows.append([escape(row["goal"]), number(row["below"], 2), *cells])
    return booktabs("@{}lrrl@{}", ["goal", "at most", "found", "verdict"], rows)


def settings(acceleration: Config) -> dict[str, str]:
    """Return as macros what was configured, and where batch K-means counts as slow."""
    return {
        "accelerationRows": thousands(acceleration["rows"]),
        "accelerationPasses": str(acceleration["passes"]),
        "accelerationStarts": str(acceleration["starts"]),
        "accelerationSlow": str(SLOW),
    }
