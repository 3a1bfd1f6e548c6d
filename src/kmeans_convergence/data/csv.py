"""One's own data: a CSV file with a header and nothing but finite numbers below it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from kmeans_convergence.errors import InputError


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
        table = pd.read_csv(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as problem:
        raise InputError(
            f"Data set {name!r}: {path} is not a CSV file with a header ({str(problem).strip()})."
        ) from problem
    if table.empty:
        raise InputError(f"Data set {name!r}: {path} holds no patterns; at least one row of numbers is needed.")
    numbers = table.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        row, column = bad[0]
        raise InputError(
            f"Data set {name!r}: column {table.columns[column]!r} of {path} holds "
            f"{table.iat[row, column]!r} in pattern {row + 1}; only finite numbers are allowed."
        )
    return numbers, tuple(str(c) for c in table.columns)
