"""One's own data: a CSV file with a header and nothing but finite numbers below it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kmeans_convergence.errors import InputError


class UnreadableError(ValueError):
    """A file that is no table; the message is a clause that says why."""


def parse(path: Path, **options: Any) -> pd.DataFrame:
    """Read a table whose rows have no more entries than its header has names.

    Raises
    ------
    UnreadableError
        When the file is empty, no text, or has a row that is too long.
    """
    try:
        with warnings.catch_warnings():
            # by default pandas takes the first feature for the names of the rows when these are one too long
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(path, index_col=False, **options)
    except pd.errors.ParserWarning as problem:
        raise UnreadableError("the rows have more entries than the header has names") from problem
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as problem:
        raise UnreadableError(str(problem).strip().removeprefix("Error tokenizing data. C error: ")) from problem


def read(path: Path, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read a CSV file with one row for a pattern and one named column for a feature.

    Returns
    -------
    X : ndarray of shape (n, d)
    features : tuple of str, length d

    Raises
    ------
    InputError
        When the file is missing, empty, or holds text, a gap or an infinite value.
    """
    if not path.is_file():
        raise InputError(f"Data set {name!r} names the file {path}, which does not exist.")
    try:
        table = parse(path)
    except UnreadableError as problem:
        raise InputError(f"Data set {name!r}: {path} is not a CSV file with a header ({problem}).") from problem
    if pd.to_numeric(table.columns, errors="coerce").notna().all():
        raise InputError(
            f"Data set {name!r}: {path} begins with {', '.join(map(str, table.columns))}, which are numbers; "
            "the first line must name the features."
        )
    if table.empty:
        raise InputError(f"Data set {name!r}: {path} holds no patterns; at least one row of numbers is needed.")
    numbers = table.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        row, column = bad[0]
        raise InputError(
            f"Data set {name!r}: column {table.columns[column]!r} of {path} holds "
            f"'{table.iat[row, column]}' in pattern {row + 1}; only finite numbers are allowed."
        )
    return numbers, tuple(str(c) for c in table.columns)
