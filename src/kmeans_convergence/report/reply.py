"""The numbers of the reply to the referee, each with a mark that says where it comes from.

A mark is a comment, which no reader of the page sees, before the number, and an empty one after it::

    <!--FILE; COLUMN=VALUE ...; WHAT-->1.6 [1.4, 1.7]<!---->

FILE is a table of results or a pattern for several, of which the rows are taken that have these values. WHAT is a
column of the only row that is left; or ``mean``, ``median``, ``min`` or ``max`` of a column over the rows, ``count``
for their number, ``different`` and a column for its number of values. After ``percent`` a share is multiplied by 100.
Between brackets stand the columns COLUMN_low and COLUMN_high, or low and high beside ``effect`` and ``correlation``. A
word between asterisks is what the column says in all these rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

MARK = re.compile(r"<!--([^;<>]+);([^;<>]*);([^;<>]+)-->(.+?)<!---->", re.DOTALL)
MINUS = "\N{MINUS SIGN}"
NUMBER = re.compile(rf"{MINUS}?\d+(?:,\d{{3}})*(?:\.(\d+))?")


def marks(text: str) -> list[tuple[str, str]]:
    """Return of each mark what it says and what is shown."""
    return [("; ".join(part.strip() for part in mark.groups()[:3]), mark[4]) for mark in MARK.finditer(text)]


def fill(text: str, folder: Path) -> str:
    """Return a text in which each marked number is computed again, with as many digits as it is shown with.

    Parameters
    ----------
    text : str
    folder : Path
        Files are relative to it.

    Raises
    ------
    ValueError
        If a mark has no rows, several where one is wanted, or an unknown column; it is named.
    """
    return MARK.sub(lambda mark: _filled(mark, folder), text)


def _filled(mark: re.Match[str], folder: Path) -> str:
    file, rows, what, shown = (part.strip() for part in mark.groups())
    try:
        table = pd.concat([pd.read_csv(path) for path in sorted(folder.glob(file))])
        for condition in rows.split():
            column, value = condition.split("=")
            table = table[table[column].astype(str) == value]
        if shown.startswith("*"):
            (word,) = table[what].unique()
            found = f"*{word}*"
        else:
            found = _printed(shown, iter(_values(table, what, "[" in shown)))
    except (KeyError, ValueError, StopIteration) as problem:
        raise ValueError(f"The mark {mark[0]!r} has no value: {problem!r}") from problem
    return mark[0].removesuffix(f"{mark[4]}<!---->") + f"{found}<!---->"


def _values(table: pd.DataFrame, what: str, interval: bool) -> list[float]:
    """Return a number, and its interval if that is wanted."""
    words = what.split()
    scale = 100.0 if words[0] == "percent" else 1.0
    words = words[scale > 1 :]
    if words == ["count"]:
        return [float(len(table))]
    if not len(table):
        raise ValueError("no rows")
    if words[0] == "different":
        return [float(table[words[1]].nunique())]
    if len(words) == 2:
        return [scale * float(table[words[1]].agg(words[0]))]
    (column,) = words
    alone = column in ("effect", "correlation")
    ends = [f"{'' if alone else f'{column}_'}{end}" for end in ("low", "high")] if interval else []
    return [scale * float(_only(table, name)) for name in (column, *ends)]


def _only(table: pd.DataFrame, column: str) -> Any:
    (value,) = table[column]
    return value


def _printed(shown: str, values: Iterator[float]) -> str:
    """Return what is shown with other numbers, each with as many digits."""
    text = NUMBER.sub(lambda old: f"{next(values):,.{len(old[1] or '')}f}".replace("-", MINUS), shown)
    # a zero has no sign
    return re.sub(rf"{MINUS}(0(?:\.0+)?)(?![\d.])", r"\1", text)
