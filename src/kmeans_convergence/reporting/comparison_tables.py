"""The tables of the comparison and the ledger of claims."""

from __future__ import annotations

import math
import re

import pandas as pd

from kmeans_convergence.analysis.paired import REFERENCE
from kmeans_convergence.reporting.contenders import label
from kmeans_convergence.reporting.text import (
    booktabs,
    escape,
    escape_narrow,
    fixed,
    interval,
    long_booktabs,
    number,
    percent,
    probability,
)


def final_costs(summary: pd.DataFrame) -> str:
    """One row for each optimizer, lowest final cost first: the effect, then shares, tests and ranks."""
    rows = []
    for _, row in summary.sort_values("difference", kind="stable").iterrows():
        cells = [
            interval(row["difference"], row["difference_low"], row["difference_high"]),
            *(percent(row[share]) for share in ("better", "equal", "worse")),
            fixed(row["rank_biserial"], 2),
            *(probability(row[chance]) for chance in ("p_holm", "lower", "higher")),
        ]
        if row["optimizer"] == REFERENCE:
            cells = ["--"] * len(cells)
        rows.append([label(row["optimizer"]), *cells, "--" if pd.isna(row["rank"]) else fixed(row["rank"], 1)])
    header = ["method", r"difference (\%)", "better", "equal", "worse", "$r$", "$p$", "lower", "higher", "rank"]
    return booktabs("@{}lrrrrrrrrr@{}", header, rows)


def passes(summary: pd.DataFrame) -> str:
    """One row for each optimizer, fastest first: ratios of passes, and the share of runs that got there."""
    rows = []
    for _, row in summary.sort_values("ratio_0.1", kind="stable").iterrows():
        ratios = [interval(row[ratio], row[f"{ratio}_low"], row[f"{ratio}_high"]) for ratio in ("ratio_1", "ratio_0.1")]
        if row["optimizer"] == REFERENCE:
            ratios = ["1"] * len(ratios)
        reached = [percent(row[share]) for share in ("reached_1", "reached_0.1")]
        rows.append([label(row["optimizer"]), *ratios, *reached, str(row["sets"])])
    header = ["method", r"ratio, 1\,\%", r"ratio, 0.1\,\%", r"reached 1\,\%", r"reached 0.1\,\%", "sets"]
    return booktabs("@{}lrrrrr@{}", header, rows)


def running_times(summary: pd.DataFrame) -> str:
    """One row for each optimizer, cheapest first: expected running times under restarts, and what was never solved."""
    rows = []
    for _, row in summary.sort_values("time_1", kind="stable").iterrows():
        cells = []
        for target in ("1", "0.1"):
            time = interval(row[f"time_{target}"], row[f"time_{target}_low"], row[f"time_{target}_high"])
            cells += ["1" if row["optimizer"] == REFERENCE else time, percent(row[f"unsolved_{target}"])]
        rows.append([label(row["optimizer"]), *cells])
    header = ["method", r"ratio, 1\,\%", r"unsolved, 1\,\%", r"ratio, 0.1\,\%", r"unsolved, 0.1\,\%"]
    return booktabs("@{}lrrrr@{}", header, rows)


# Names of data sets that are spelled out before the rest is only counted.
NAMED = 3


def ledger(table: pd.DataFrame, before: str = "") -> str:
    """Every claim with who says it, where a number has to lie and what was found, the verdict, and where it fails.

    The table breaks over pages.

    Parameters
    ----------
    table : DataFrame
        As `ledger.judge` returns it, or read from its file.
    before : str
        Caption and label.
    """
    # a table that comes from a file has nothing where there were no words
    table = table.fillna(dict.fromkeys(("condition", "optimizer", "failing", "note"), ""))
    rows = []
    for key, conditions in table.groupby("id", sort=False):
        first = conditions.iloc[0]
        claim = f"{escape(first['claim'])} \\emph{{({escape(first['source'])})}}"
        if conditions["condition"].eq("").all():
            rows.append([str(key), claim, escape(first["note"]), first["verdict"], ""])
            continue
        found = [
            f"{_words(str(measure))} {_region(above, below)}: {'; '.join(_found(row) for _, row in some.iterrows())}"
            for (measure, above, below), some in conditions.groupby(["condition", "above", "below"], sort=False)
        ]
        found += [escape(first["note"])] if first["note"] else []
        failing = [name for names in conditions["failing"] for name in names.split(";") if name]
        counts = pd.Series(failing, dtype=str).value_counts(sort=False)
        # sets that oppose most of the conditions first
        names = [escape_narrow(name) for name in counts.sort_values(ascending=False, kind="stable").index]
        where = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        rows.append([str(key), claim, r" \newline ".join(found), first["verdict"], where])
    text = r">{\raggedright\arraybackslash}"
    columns = rf"@{{}}l{text}p{{3.6cm}}{text}p{{6.1cm}}{text}p{{1.5cm}}{text}p{{2.2cm}}@{{}}"
    return long_booktabs(columns, ["", "claim", "found", "verdict", "fails on"], rows, before)


def _found(row: pd.Series) -> str:
    """Return the number of a condition with its interval, after the name of the optimizer if there is one."""
    number = "no runs" if pd.isna(row["effect"]) else interval(row["effect"], row["low"], row["high"])
    return rf"\emph{{{label(row['optimizer'])}}} {number}" if row["optimizer"] else number


def _region(above: float, below: float) -> str:
    """Return where the number has to lie for the claim to hold."""
    low, high = (f"{bound:g}".replace("-", "$-$") for bound in (above, below))
    if math.isinf(above):
        return f"below {high}"
    return f"above {low}" if math.isinf(below) else f"from {low} to {high}"


def _words(condition: str) -> str:
    """Return a condition as LaTeX, with names of methods in place of their keys."""
    return escape(re.sub(r"\{(\w+)\}", lambda key: label(key.group(1)), condition))


def datasets(table: pd.DataFrame, before: str = "") -> str:
    """One row for each data set: what it is like and where it comes from; breaks over pages.

    Parameters
    ----------
    table : DataFrame
        The table of data sets that the comparison writes.
    before : str
        Caption and label.
    """
    rows = [
        [
            escape_narrow(row["name"]),
            row["kind"] + ("$^*$" if row["dependence"] == "dependent rows" and row["kind"] == "real" else ""),
            str(row["n"]) if row["n"] == row["total"] else f"{row['n']} of {row['total']}",
            str(row["d"]),
            str(row["clusters"]).replace(";", ", "),
            "yes" if row["scaling"] == "standardize" else "no",
            r"$\infty$" if math.isinf(row["condition"]) else number(row["condition"], 2),
            percent(row["overlap"]),
            escape_narrow(row["licence"]),
        ]
        for _, row in table.fillna({"licence": "not stated"}).iterrows()
    ]
    header = ["data set", "kind", "$n$", "$d$", "$K$", "scaled", "condition", "near faces", "terms"]
    text = r">{\raggedright\arraybackslash}"
    columns = rf"@{{}}{text}p{{0.135\textwidth}}lrrlrrr{text}p{{0.155\textwidth}}@{{}}"
    return long_booktabs(columns, header, rows, before)
