"""The history of the protocol."""

from __future__ import annotations

import re

import pandas as pd

from kmeans_convergence.report.text import escape, long_booktabs

# A value that is longer is told by its beginning.
LONGEST = 160


def history(entries: pd.DataFrame, before: str = "") -> str:
    """Return the changes of the protocol, oldest first, one row for those of a day that have one reason.

    Parameters
    ----------
    entries : DataFrame
        As `pipeline.history.read_history` returns it.
    before : str
        Caption and label.
    """
    follows = (entries[["date", "reason"]] == entries[["date", "reason"]].shift()).all(axis=1)
    rows = [
        [
            some["date"].iloc[0],
            "; ".join(_change(entry) for _, entry in some.iterrows()),
            escape(some["reason"].iloc[0]),
        ]
        for _, some in entries.groupby((~follows).cumsum())
    ]
    text = r">{\raggedright\arraybackslash}"
    columns = rf"@{{}}l{text}p{{0.55\textwidth}}{text}p{{0.31\textwidth}}@{{}}"
    return long_booktabs(columns, ["date", "what was changed", "reason"], rows, before, spaced=False)


def _change(entry: pd.Series) -> str:
    """Return "name: old to new", without the module of a constant and the file of a setting."""
    name = re.sub(r"^config\.|^code\.([a-z_]+\.)+(CONTENDERS\.)?", "", entry["key"])
    old, new = (_short(entry[column]) for column in ("old", "new"))
    return rf"\emph{{{_names(name)}}} " + (rf"{old} $\to$ {new}" if old else new)


def _names(words: str) -> str:
    """Return names of settings as LaTeX that may break at an underscore."""
    return escape(words).replace(r"\_", r"\_\allowbreak{}")


def _short(value: str) -> str:
    if len(value) <= LONGEST:
        return _names(value)
    return _names(value[:LONGEST].rsplit(" ", 1)[0]) + r" \dots"
