"""The tables of the report, from tables of results."""

from __future__ import annotations

import re

import pandas as pd

from kmeans_convergence.analysis.claims import CLAIMS
from kmeans_convergence.analysis.conventions import LEVEL
from kmeans_convergence.analysis.paired import REFERENCE
from kmeans_convergence.reporting.style import label
from kmeans_convergence.reporting.text import (
    booktabs,
    fixed,
    interval,
    long_booktabs,
    order_of_magnitude,
    percent,
    probability,
)

# Widths of columns of text.
STATEMENT = r">{\raggedright\arraybackslash}p{4.2cm}"
OURS = r">{\raggedright\arraybackslash}p{3.1cm}"
VERDICT = r">{\raggedright\arraybackslash}p{2.3cm}"


def derivation(checks: pd.DataFrame) -> str:
    """One row for each machine check of the derivation."""
    rows = [
        [
            row["step"],
            row["statement"],
            row["method"],
            str(row["cases"]),
            order_of_magnitude(row["worst_error"]),
            order_of_magnitude(row["tolerance"]),
            "holds" if row["holds"] else r"\textbf{fails}",
        ]
        for _, row in checks.iterrows()
    ]
    text = r">{\raggedright\arraybackslash}"
    return booktabs(
        rf"@{{}}{text}p{{2cm}}{text}p{{5.0cm}}{text}p{{1.7cm}}rrrl@{{}}",
        ["step", "statement", "method", "cases", "worst error", "tolerance", "verdict"],
        rows,
        spaced=True,
    )


def verdicts(table: pd.DataFrame) -> str:
    """One row for each reported statement: what they say, what we find, how a sample of theirs would look, verdict."""
    labels = {claim.id: claim for claim in CLAIMS}
    rows = []
    for _, row in table.iterrows():
        if row["claim"] in labels:
            found = f"{labels[row['claim']].effect_label}: {interval(row['effect'], row['low'], row['high'])}"
            confidence = percent(row["confidence"]) if labels[row["claim"]].on_average else "--"
            share, other = percent(row["share"]), percent(row["share_candidate"])
        else:
            figure = "range" if row["claim"] == "BB-R1" else "average"
            found = f"probability of the reported {figure}"
            confidence = "--"
            share, other = probability(row["share"]), probability(row["share_candidate"])
        rows.append([row["claim"], escape(row["statement"]), found, confidence, share, other, row["verdict"]])
    header = ["", "reported", "found", "all runs", "samples", "candidate", "verdict"]
    return booktabs(rf"@{{}}l{STATEMENT}{OURS}rrr{VERDICT}@{{}}", header, rows, spaced=True)


def escape(statement: str) -> str:
    """Return a plain statement as LaTeX."""
    for plain, latex in (("E∞", r"$E_\infty$"), ("%", r"\%"), ("_", r"\_"), ("&", r"\&")):
        statement = statement.replace(plain, latex)
    return statement


def readings() -> str:
    """How each statement is read as a predicate."""
    rows = [[claim.id, claim.reading, "averages" if claim.on_average else "a sample"] for claim in CLAIMS]
    return booktabs(r"@{}l>{\raggedright\arraybackslash}p{9.8cm}l@{}", ["", "predicate", "is about"], rows, spaced=True)


def limits(comparison: pd.DataFrame) -> str:
    """Where the methods end, paired with batch K-means."""
    rows = []
    for _, row in comparison.iterrows():
        reference = pd.isna(row["p_holm"])
        rows.append(
            [
                label(row["optimizer"]),
                interval(row["mean"], row["mean_low"], row["mean_high"]),
                "--" if reference else interval(row["difference"], row["low"], row["high"]),
                *(["--"] * 3 if reference else [percent(row[share]) for share in ("better", "equal", "worse")]),
                "--" if reference else fixed(row["rank_biserial"], 2),
                "--" if reference else probability(row["p_holm"]),
            ]
        )
    header = ["method", r"average $E_\infty$", r"difference (\%)", "better", "equal", "worse", "$r$", "$p$"]
    return booktabs("@{}lrrrrrrr@{}", header, rows)


def conventions(table: pd.DataFrame, described: pd.DataFrame) -> str:
    """The conventions that agree with the reported figures, and the described ones that do not."""
    agreeing = table[table["p"] >= LEVEL].sort_values("p", ascending=False, kind="stable")
    rows = [_convention(row) for _, row in described.iterrows()]
    rows += [_convention(row) for _, row in agreeing.iterrows()]
    header = ["features", "unit", r"$\frac12$", "start", "$K$", "file", "minimum", "mean", "maximum", "$p$", "Holm"]
    body = booktabs("@{}lllllllllrr@{}", header, rows)
    # a rule between the convention as described and those that agree
    lines = body.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(r"\midrule"))
    lines.insert(first + 1 + len(described), r"\midrule")
    return "\n".join(lines) + "\n"


def final_costs(summary: pd.DataFrame) -> str:
    """One row for each optimizer, lowest final cost first: the effect, then shares, tests and ranks."""
    rows = []
    for _, row in summary.sort_values("difference", kind="stable").iterrows():
        cells = [
            interval(row["difference"], row["difference_low"], row["difference_high"]),
            *(percent(row[share]) for share in ("better", "equal", "worse")),
            fixed(row["rank_biserial"], 2),
            *(probability(row[chance]) for chance in ("p_holm", "lower", "same", "higher")),
        ]
        if row["optimizer"] == REFERENCE:
            cells = ["--"] * len(cells)
        rows.append([label(row["optimizer"]), *cells, "--" if pd.isna(row["rank"]) else fixed(row["rank"], 1)])
    header = ["method", r"difference (\%)", "better", "equal", "worse", "$r$", "$p$", "lower", "same", "higher", "rank"]
    return booktabs("@{}lrrrrrrrrrr@{}", header, rows)


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


# Names of data sets that are spelled out before the rest is only counted.
NAMED = 3


def ledger(table: pd.DataFrame, before: str = "") -> str:
    """Every claim with who says it, what was found, the verdict, and where it fails; breaks over pages.

    Parameters
    ----------
    table : DataFrame
        As `ledger.judge` returns it.
    before : str
        Caption and label.
    """
    rows = []
    for key, conditions in table.groupby("id", sort=False):
        first = conditions.iloc[0]
        claim = f"{escape(first['claim'])} \\emph{{({escape(first['source'])})}}"
        if conditions["condition"].eq("").all():
            rows.append([str(key), claim, escape(first["note"]), first["verdict"], ""])
            continue
        found = [
            f"{_words(str(measure))}: {'; '.join(_found(row) for _, row in some.iterrows())}"
            for measure, some in conditions.groupby("condition", sort=False)
        ]
        failing = [name for names in conditions["failing"] for name in names.split(";") if name]
        counts = pd.Series(failing, dtype=str).value_counts(sort=False)
        # sets that oppose most of the conditions first
        names = [escape(name) for name in counts.sort_values(ascending=False, kind="stable").index]
        where = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        rows.append([str(key), claim, r" \newline ".join(found), first["verdict"], where])
    text = r">{\raggedright\arraybackslash}"
    columns = rf"@{{}}l{text}p{{3.6cm}}{text}p{{6.1cm}}{text}p{{1.5cm}}{text}p{{2.2cm}}@{{}}"
    return long_booktabs(columns, ["", "claim", "found", "verdict", "fails on"], rows, before)


def _found(row: pd.Series) -> str:
    """Return the number of a condition with its interval, after the name of the optimizer if there is one."""
    number = "no runs" if pd.isna(row["effect"]) else interval(row["effect"], row["low"], row["high"])
    return rf"\emph{{{label(row['optimizer'])}}} {number}" if row["optimizer"] else number


def _words(condition: str) -> str:
    """Return a condition as LaTeX, with names of methods in place of their keys."""
    return escape(re.sub(r"\{(\w+)\}", lambda key: label(key.group(1)), condition))


def _convention(row: pd.Series) -> list[str]:
    initials = {"sepal length": "SL", "sepal width": "SW", "petal length": "PL", "petal width": "PW"}
    features = [initials.get(feature, feature) for feature in row["features"].split(" + ")]
    spread = [f"{row[f'{figure}_05']:.0f}--{row[f'{figure}_95']:.0f}" for figure in ("min", "mean", "max")]
    return [
        " ".join(features),
        row["unit"],
        "yes" if row["half"] else "no",
        row["start"],
        str(row["clusters"]),
        str(row["variant"]).replace("_", r"\_"),
        *spread,
        probability(row["p"]),
        probability(row["p_holm"]),
    ]
