"""One's own data: strictly for the study, and with a note on everything that was mended for a quick look.

`read` takes a CSV file with a header and nothing but finite numbers below it: what the study uses must not depend on
guesses. `read_table` takes tables as people keep them.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kmeans_convergence.data.dataset import STANDARD_UNIT, Dataset, check_clusters, standardize
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


# What stands for a value that is missing, besides nothing at all.
MISSING = ("", "NA", "N/A", "n/a", "na", "NaN", "nan", "NULL", "null", "None", "none", "?", "-", ".", "#N/A")
# In the order of preference: a tab or a semicolon in every line separates, whatever the commas between them do.
SEPARATORS = {"\t": "tab", ";": "semicolon", ",": "comma"}
# Lines that tell the separator.
SAMPLE = 50
# Cells that a message shows.
SHOWN = 5


def read_table(path: Path) -> tuple[np.ndarray, tuple[str, ...], list[str]]:
    """Read a table as people keep them, and say what was done to it.

    The separator (comma, semicolon or tab), the header and a decimal comma are detected. Columns that hold text or
    nothing are left out, and so are a nameless first column that numbers the rows and rows with a missing or infinite
    value.

    Returns
    -------
    X : ndarray of shape (n, d)
    features : tuple of str, length d
        From the header, else x1, x2, ...
    notes : list of str
        One sentence for each thing that was left out or looks strange.

    Raises
    ------
    InputError
        When the file is missing, no text or no table, or when no numbers or no rows are left.
    """
    cells, separator = _cells(path)
    notes: list[str] = []
    numbers = _numbers(cells)
    if separator != ",":
        with_comma = _numbers(cells.apply(lambda column: column.str.replace(",", ".")))
        if with_comma.notna().to_numpy().sum() > numbers.notna().to_numpy().sum():
            numbers = with_comma
            notes.append("Numbers are read with a decimal comma.")
    missing = cells.isin(MISSING)
    nameless = cells.iat[0, 0] == "" and _counts(numbers[0].iloc[1:])
    if nameless or _has_header(numbers, missing):
        names = [name or f"x{place + 1}" for place, name in enumerate(cells.iloc[0])]
        cells, numbers, missing = cells.iloc[1:], numbers.iloc[1:], missing.iloc[1:]
    else:
        names = [f"x{place + 1}" for place in range(cells.shape[1])]
        notes.append("The first line holds numbers, so it is taken for a pattern and not for a header.")
    if cells.empty:
        raise InputError(f"{path} holds no rows below its header; at least one row of numbers is needed.")

    keep = []
    for place, name in enumerate(names):
        text = numbers[place].isna() & ~missing[place]
        if missing[place].all():
            notes.append(f"Column {name!r} is empty and was left out.")
        elif text.any():
            notes.append(f"Column {name!r} holds text ({cells[place][text].iloc[0]!r}) and was left out.")
        elif nameless and place == 0:
            notes.append("The first column has no name and numbers the rows, so it was left out.")
        else:
            keep.append(place)
            if _counts(numbers[place]):
                notes.append(f"Column {name!r} numbers the rows: take it out of the file if it is no feature.")
    if not keep:
        row = ", ".join(map(repr, cells.iloc[0, :SHOWN]))
        raise InputError(
            f"{path} has no column of numbers: separated by {SEPARATORS[separator]}s, its first pattern begins with "
            f"{row}, and at least one number is needed."
        )
    X = numbers[keep].to_numpy(dtype=np.float64)
    finite = np.isfinite(X).all(axis=1)
    if not finite.any():
        raise InputError(f"{path} has no row without a missing value; at least one is needed.")
    if not finite.all():
        left_out = (~finite).sum()
        notes.append(
            f"{left_out} of {len(X)} rows {'has' if left_out == 1 else 'have'} a missing or infinite value "
            f"and {'was' if left_out == 1 else 'were'} left out."
        )
    X = np.ascontiguousarray(X[finite])
    features = tuple(names[place] for place in keep)
    for feature, column in zip(features, X.T, strict=True):
        if column.min() == column.max():
            notes.append(f"Column {feature!r} is constant, so it tells no clusters apart.")
    return X, features, notes


def load_table(path: Path, clusters: tuple[int, ...], scaling: str = "standardize") -> tuple[Dataset, list[str]]:
    """Read a table of one's own as a data set named after the file, and say what was done to it.

    Parameters
    ----------
    path : Path
    clusters : tuple of int
        Numbers of prototypes to try.
    scaling : str
        One of `SCALINGS`.

    Raises
    ------
    InputError
        See `read_table`, and when there are more clusters than distinct patterns.
    """
    X, features, notes = read_table(path)
    if scaling == "standardize":
        X = standardize(X)
    unit = STANDARD_UNIT if scaling == "standardize" else ""
    dataset = Dataset(path.stem, X, features, unit, clusters=clusters, scaling=scaling, source=f"csv:{path.name}")
    check_clusters(dataset)
    return dataset, notes


def _cells(path: Path) -> tuple[pd.DataFrame, str]:
    """Return all cells of a file as text without blanks around it, and the separator."""
    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InputError(f"{path} is no text in UTF-8: save it as a CSV file in UTF-8.") from problem
    if "\0" in text:
        raise InputError(f"{path} is no text: save it as a CSV file in UTF-8.")
    if not text.strip():
        raise InputError(f"{path} is empty; at least one row of numbers is needed.")
    separator = _separator(text)
    try:
        cells = parse(path, sep=separator, header=None, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except UnreadableError as problem:
        raise InputError(f"{path} is no table separated by {SEPARATORS[separator]}s ({problem}).") from problem
    cells = cells.fillna("").apply(lambda column: column.str.strip())
    return cells[(cells != "").any(axis=1)], separator


def _separator(text: str) -> str:
    """Return the separator that stands in each of the first lines, equally often; else the most frequent one."""
    lines = [line for line in text.splitlines() if line.strip()][:SAMPLE]
    counts = {mark: [line.count(mark) for line in lines] for mark in reversed(SEPARATORS)}
    regular = [mark for mark, found in counts.items() if found[0] and len(set(found)) == 1]
    return regular[-1] if regular else max(counts, key=lambda mark: sum(counts[mark]))


def _numbers(cells: pd.DataFrame) -> pd.DataFrame:
    return cells.apply(pd.to_numeric, errors="coerce")


def _has_header(numbers: pd.DataFrame, missing: pd.DataFrame) -> bool:
    """Is the first row no pattern: text above numbers, or no number at all?"""
    text = numbers.isna() & ~missing
    above_numbers = text.iloc[0] & ~text.iloc[1:].any() & numbers.iloc[1:].notna().any()
    return bool(above_numbers.any() or numbers.iloc[0].isna().all())


def _counts(column: pd.Series) -> bool:
    """Do these numbers count the rows, from whatever number on?"""
    return len(column) > 2 and bool((column.diff().iloc[1:] == 1).all())
