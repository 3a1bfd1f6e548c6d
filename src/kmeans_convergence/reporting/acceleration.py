"""Tables of the methods that make batch K-means faster."""

from __future__ import annotations

import pandas as pd

from kmeans_convergence.analysis.acceleration import LEVELS
from kmeans_convergence.analysis.paired import REFERENCE
from kmeans_convergence.reporting.contenders import label
from kmeans_convergence.reporting.tables import escape
from kmeans_convergence.reporting.text import booktabs, fixed, interval, number

WHERE = {True: "slow", False: "others"}


def ratios(summary: pd.DataFrame) -> str:
    """One row for each method where batch K-means is slow, the fastest first, and one for each on the others."""
    rows = []
    for slow, some in summary[summary["optimizer"] != REFERENCE].groupby("slow", sort=False):
        first = rf"\emph{{{WHERE[bool(slow)]}}}: {some['problems'].iloc[0]} ({some['sets'].iloc[0]})"
        for _, row in some.sort_values("ratio_0.1", kind="stable").iterrows():
            columns = [*(f"ratio_{level}" for level in LEVELS), "cost"]
            cells = [interval(row[column], row[f"{column}_low"], row[f"{column}_high"]) for column in columns]
            rows.append([first, label(row["optimizer"]), *cells, fixed(row["worst"], 2)])
            first = ""
    header = ["problems (sets)", "method", r"1\,\%", r"0.1\,\%", r"$10^{-3}$\,\%", r"cost (\%)", "worst"]
    return booktabs("@{}llrrrrr@{}", header, rows)


def goals(judged: pd.DataFrame) -> str:
    """One row for each goal of Newton's method with face terms."""
    rows = []
    for _, row in judged.iterrows():
        found = "--" if pd.isna(row["effect"]) else interval(row["effect"], row["low"], row["high"])
        rows.append([escape(row["goal"]), number(row["below"], 2), found, row["verdict"]])
    return booktabs("@{}lrrl@{}", ["goal", "at most", "found", "verdict"], rows)
