"""The tables of the replication, from tables of results."""

from __future__ import annotations

import pandas as pd

from kmeans_convergence.report.ledger import Cell, tabulate
from kmeans_convergence.report.text import (
    booktabs,
    escape,
    escape_narrow,
    fixed,
    interval,
    percent,
    probability,
)
from kmeans_convergence.studies.replication.analysis.predicates import STATEMENTS
from kmeans_convergence.studies.replication.run.methods import label

# Versions of the file.
FILES = {"iris": "Fisher", "iris_uci": "UCI"}

# Widths of columns of text.
STATEMENT = r">{\raggedright\arraybackslash}p{4.7cm}"
OURS = r">{\raggedright\arraybackslash}p{3.4cm}"
VERDICT = r">{\raggedright\arraybackslash}p{2.3cm}"

INITIALS = {"sepal length": "SL", "sepal width": "SW", "petal length": "PL", "petal width": "PW"}


def verdicts(ledger: pd.DataFrame) -> str:
    """One row for each reported statement: what they say, what we find, how a sample of theirs would look, verdict.

    Of a statement that is read in two ways, the second row names the reading alone.
    """
    words = ledger.drop_duplicates("id").set_index("id")["claim"]
    again = set(words.index[words == words.shift()])

    def reported(rows: pd.DataFrame) -> str:
        first = rows.iloc[0]
        text = statement(first["claim"])
        return rf"{'the same' if first['id'] in again else text} \emph{{({first['note']})}}" if first["note"] else text

    cells: dict[str, Cell] = {
        "": lambda rows: str(rows["id"].iloc[0]),
        "reported": reported,
        "found": lambda rows: _found(rows.iloc[0]),
        "all runs": lambda rows: "--" if _is_figure(rows.iloc[0]) else percent(rows["confidence"].iloc[0]),
        "samples": lambda rows: _share(rows.iloc[0]),
        "candidate": lambda rows: _share(rows.iloc[1]),
        "verdict": lambda rows: str(rows["verdict"].iloc[0]),
    }
    return tabulate(ledger, rf"@{{}}l{STATEMENT}{OURS}rrr{VERDICT}@{{}}", cells)


def _is_figure(row: pd.Series) -> bool:
    """Say whether a row is about a reported figure, of which there is no effect, but a probability."""
    return bool(pd.isna(row["effect"]))


def _found(row: pd.Series) -> str:
    return str(row["condition"]) if _is_figure(row) else f"{row['condition']}: {effect(row)}"


def _share(row: pd.Series) -> str:
    return probability(row["share"]) if _is_figure(row) else percent(row["share"])


def statement(text: str) -> str:
    """Return a statement of the paper as LaTeX, with the symbol of the final cost."""
    return escape(text).replace(r"E$\infty$", r"$E_\infty$")


def effect(row: pd.Series) -> str:
    """Return the figure behind a predicate with its interval, if it has one."""
    if row["low"] == row["effect"] == row["high"]:
        return f"{row['effect']:g}"
    return interval(row["effect"], row["low"], row["high"])


def readings(claims: pd.DataFrame) -> str:
    """How each statement is read as a predicate."""
    rows = [
        [str(claim["id"]), STATEMENTS[claim["predicate"]].reading]
        for _, claim in claims.iterrows()
        if claim["predicate"] in STATEMENTS
    ]
    return booktabs(r"@{}l>{\raggedright\arraybackslash}p{12cm}@{}", ["", "predicate"], rows, spaced=True)


def certainty(table: pd.DataFrame) -> str:
    """How well the average is known, by the number of runs."""
    rows = []
    for _, row in table.iterrows():
        estimated = f"{row['low']:.0f}--{row['high']:.0f}"
        rows.append([f"{row['runs']:.0f}", f"{row['error']:.0f}", estimated, f"{row['apart']:.0f}"])
    return booktabs("@{}rrrr@{}", ["runs", "standard error", "as estimated", "told apart"], rows)


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


def conventions(table: pd.DataFrame) -> str:
    """The conventions as described, and those that agree with the reported final costs, the likeliest first."""
    rows = [_convention(row) for _, row in table.iterrows()]
    header = ["features", r"$\frac12$", "start", "$K$", "file", "minimum", "mean", "maximum", "$p$", r"$10^4L$"]
    header += ["left", "right", "$p$", "weight"]
    # a user's features and files may have long names
    text = r">{\raggedright\arraybackslash}"
    known = all(feature in INITIALS for features in table["features"] for feature in features.split(" + "))
    features = "l" if known else rf"{text}p{{1.5cm}}"
    file = "l" if table["variant"].str.len().max() <= 10 else rf"{text}p{{1.2cm}}"
    body = booktabs(f"@{{}}{features}lll{file}lllrrllrr@{{}}", header, rows)
    # a rule between the conventions as described and those that agree
    lines = body.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(r"\midrule"))
    lines.insert(first + 1 + int((~table["agrees"]).sum()), r"\midrule")
    return "\n".join(lines) + "\n"


def _convention(row: pd.Series) -> list[str]:
    features = [INITIALS.get(feature) or escape_narrow(feature) for feature in row["features"].split(" + ")]
    features = ["all"] if len(features) == len(INITIALS) else features
    figures = ("min", "mean", "max", "left", "right")
    spread = [f"{row[f'{figure}_05']:.0f}--{row[f'{figure}_95']:.0f}" for figure in figures]
    unit = [] if row["unit"] == "mm" else [f"({row['unit']})"]
    return [
        " ".join(features + unit),
        "yes" if row["half"] else "no",
        row["start"],
        str(row["clusters"]),
        escape_narrow(FILES.get(row["variant"], row["variant"])),
        *spread[:3],
        probability(row["p"]),
        fixed(1e4 * row["likelihood"], 2),
        *spread[3:],
        probability(row["p_axes"]),
        probability(row["weight"]) if row["agrees"] else "--",
    ]
