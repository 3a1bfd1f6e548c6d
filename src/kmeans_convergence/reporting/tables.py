"""The tables of the report, from tables of results."""

from __future__ import annotations

import pandas as pd

from kmeans_convergence.analysis.claims import CLAIMS
from kmeans_convergence.analysis.conventions import LEVEL
from kmeans_convergence.reporting.style import label
from kmeans_convergence.reporting.text import (
    booktabs,
    escape,
    escape_narrow,
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

INITIALS = {"sepal length": "SL", "sepal width": "SW", "petal length": "PL", "petal width": "PW"}


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


def theorems(checks: pd.DataFrame) -> str:
    """One row for each theorem, over pages, with a rule between topics; the caption is a macro of the report."""
    rows: list[list[str]] = []
    for _, topic in checks.groupby("topic", sort=False):
        of_topic = [_theorem(row) for _, row in topic.iterrows()]
        if rows:
            of_topic[0][0] = r"\midrule" + "\n" + of_topic[0][0]
        rows += of_topic
    text = r">{\raggedright\arraybackslash}"
    columns = rf"@{{}}{text}p{{2.4cm}}{text}p{{7.1cm}}{text}p{{1.9cm}}rrl@{{}}"
    header = ["theorem", "statement and hypotheses", "check", "cases", "worst error", "verdict"]
    return long_booktabs(columns, header, rows, r"\caption{\theoremscaption}\label{tab:theorems}")


def _theorem(row: pd.Series) -> list[str]:
    source = "" if pd.isna(row["reference"]) or not row["reference"] else rf" \citep{{{row['reference']}}}"
    given = "" if row["hypotheses"] == "none" else rf" \emph{{Given:}} {row['hypotheses']}."
    return [
        row["step"] + source,
        f"{row['statement']}.{given}",
        row["method"],
        str(row["cases"]),
        order_of_magnitude(row["worst_error"]),
        "holds" if row["holds"] else r"\textbf{fails}",
    ]


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
        rows.append([row["claim"], _statement(row["statement"]), found, confidence, share, other, row["verdict"]])
    header = ["", "reported", "found", "all runs", "samples", "candidate", "verdict"]
    return booktabs(rf"@{{}}l{STATEMENT}{OURS}rrr{VERDICT}@{{}}", header, rows, spaced=True)


def _statement(text: str) -> str:
    """Return a statement of the paper as LaTeX, with the symbol of the final cost."""
    return escape(text).replace(r"E$\infty$", r"$E_\infty$")


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
    # one's own features and files may have long names
    text = r">{\raggedright\arraybackslash}"
    known = all(feature in INITIALS for features in table["features"] for feature in features.split(" + "))
    features = "l" if known else rf"{text}p{{2.4cm}}"
    file = "l" if table["variant"].str.len().max() <= 10 else rf"{text}p{{1.7cm}}"
    body = booktabs(f"@{{}}{features}llll{file}lllrr@{{}}", header, rows)
    # a rule between the convention as described and those that agree
    lines = body.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(r"\midrule"))
    lines.insert(first + 1 + len(described), r"\midrule")
    return "\n".join(lines) + "\n"


def _convention(row: pd.Series) -> list[str]:
    features = [INITIALS.get(feature) or escape_narrow(feature) for feature in row["features"].split(" + ")]
    spread = [f"{row[f'{figure}_05']:.0f}--{row[f'{figure}_95']:.0f}" for figure in ("min", "mean", "max")]
    return [
        " ".join(features),
        row["unit"],
        "yes" if row["half"] else "no",
        row["start"],
        str(row["clusters"]),
        escape_narrow(row["variant"]),
        *spread,
        probability(row["p"]),
        probability(row["p_holm"]),
    ]
