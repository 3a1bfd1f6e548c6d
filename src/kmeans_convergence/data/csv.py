"""Tables as people keep them: one reader, which accounts for every line of a file and says what it left out or changed.

`load_table` is for a quick look: it goes on with what it understood. `read` is for the study and refuses what is
doubtful, because results must not depend on a guess.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kmeans_convergence import exact
from kmeans_convergence.data import numerals
from kmeans_convergence.data.dataset import STANDARD_UNIT, Dataset, standardize
from kmeans_convergence.data.layout import Layout, arrange
from kmeans_convergence.data.notes import Note
from kmeans_convergence.data.numerals import Column, is_date
from kmeans_convergence.data.records import SEPARATORS, split
from kmeans_convergence.data.text import legible, read_text
from kmeans_convergence.errors import InputError

# Columns of row names, as programs call them when they save a table.
INDEX = re.compile(r"|unnamed: ?\d+(\.\d+)?|index|level_0|row\.?names|row_names", re.IGNORECASE)

TEXT_INDEX = re.compile(r"|unnamed: ?0|row\.?names|row_names", re.IGNORECASE)

# What stands for a missing value in files that have no word for it: nothing but nines, or the least short integer.
CODE = re.compile(r"-?9\.?9+|-9|-?99[9.]*9|-32768")
# At this multiple of all others, a number is hardly a measurement.
FAR = 1e6
# Rows above which it is said that the last is the sum of the others: fewer are so by chance.
SUMMED = 10
# Cells that a message shows.
SHOWN = 5
# Lines that nobody misses.
UNSAID = ("empty", "separators", "header", "comment", "declares the separator")


class Table(NamedTuple):
    """A table of numbers and where it comes from.

    Attributes
    ----------
    X : ndarray of shape (n, d)
    features : tuple of str, length d
        From the header, else x1, x2, ...
    lines : tuple of int, length n
        Where each pattern begins in the file, from 1.
    notes : tuple of Note
        What was left out or changed, and what looks strange.
    names : tuple of str, length n
        What the first column calls the patterns, where it is text and all differ; else none.
    """

    X: np.ndarray
    features: tuple[str, ...]
    lines: tuple[int, ...]
    notes: tuple[Note, ...]
    names: tuple[str, ...] = ()


def read(path: Path, name: str) -> Table:
    """Read a table for the study, which leaves out no pattern and no feature and guesses nothing.

    Raises
    ------
    InputError
        See `read_table`, and when a note is doubtful.
    """
    if not path.is_file():
        raise InputError(f"Data set {name!r} names the file {path}, which does not exist.")
    try:
        table = read_table(path)
    except InputError as problem:
        raise InputError(f"Data set {name!r}: {problem}") from problem
    for note in table.notes:
        if note.doubtful:
            raise InputError(f"Data set {name!r}: {path} cannot be used as it is, because {note.found}.")
    return table


def load_table(
    path: Path,
    clusters: tuple[int, ...],
    scaling: str = "standardize",
    columns: tuple[str, ...] | None = None,
) -> Dataset:
    """Read a user's table as a data set named after the file; its notes say what was done to it.

    Parameters
    ----------
    path : Path
    clusters : tuple of int
        Numbers of prototypes to try.
    scaling : str
        One of `SCALINGS`.
    columns : tuple of str, optional
        The features, all other columns are left out.

    Raises
    ------
    InputError
        See `read_table` and `exact.check_range`.
    """
    table = read_table(path, columns)
    X, notes = table.X, table.notes
    if scaling == "standardize":
        X = standardize(X)
    else:
        exact.check_range(X, legible(path))
    unit = STANDARD_UNIT if scaling == "standardize" else ""
    said = tuple(map(str, notes))
    name, source = legible(path.stem), f"csv:{legible(path.name)}"
    return Dataset(
        name,
        X,
        table.features,
        unit,
        clusters=clusters,
        scaling=scaling,
        source=source,
        notes=said,
        names=_called(table.names, table.lines),
    )


def _called(names: tuple[str, ...], lines: tuple[int, ...]) -> tuple[str, ...]:
    """Return what messages and maps call patterns: their names, or else their lines."""
    return tuple(map(repr, names)) or tuple(f"line {line}" for line in lines)


def load_dissimilarities(path: Path) -> Dataset:
    """Read a user's matrix of dissimilarities: its rows are called as the header calls its columns.

    Raises
    ------
    InputError
        See `read_table`, and when what is left of the file is not square.
    """
    table = read_table(path)
    X, features, notes = table.X, table.features, table.notes
    rows, width = X.shape
    if rows != width:
        doubts = "".join(f", and {note.found}" for note in notes if note.doubtful)
        counted = f"{rows} row{'s' * (rows != 1)} of {width} numbers"
        raise InputError(f"{path} holds {counted} where a matrix of dissimilarities is square{doubts}.")
    numbered = features == tuple(f"x{place + 1}" for place in range(width))
    names = _called(table.names if numbered else features, table.lines)
    name, source = legible(path.stem), f"csv:{legible(path.name)}"
    return Dataset(name, X, features, "", source=source, notes=tuple(map(str, notes)), names=names)


def read_table(path: Path, columns: tuple[str, ...] | None = None) -> Table:
    """Read a table as people keep it, and say what was done to it.

    How the file is packed and encoded, the separator, comments, header, decimal mark and marks between thousands are
    found out. Left out are columns of text, row names, totals below the table, lines of units, and rows with a missing
    value.

    Parameters
    ----------
    path : Path
    columns : tuple of str, optional
        Those to read, in this order: by their names, or "x1", "x2", ... where they have none.

    Raises
    ------
    InputError
        When the file is missing, no text or no table, can be read in two ways, or when no numbers or no rows are left;
        or when a column that is asked for is not there, or holds no numbers.
    """
    text, notes = read_text(path)
    records, separator, lines, others, more = split(text)
    layout = arrange(records, others, [*notes, *more], path)
    rows, notes = layout.rows, layout.notes
    if not rows:
        raise InputError(f"{path} holds no rows below its header; at least one row of numbers is needed.")
    names = _names(layout)
    cells = [[record.cells[place] for record in rows] for place in range(layout.width)]
    try:
        parsed, more = numerals.parse(cells, names, separator)
    except numerals.UndecidedError as problem:
        raise InputError(f"{path} can be read in two ways: {problem}, so write thousands without a mark.") from problem
    notes += more
    keep = (
        [
            place
            for place in range(layout.width)
            if not _is_left_out(parsed[place], cells[place], names[place], layout, place)
        ]
        if columns is None
        else [_place(column, names, parsed, path) for column in dict.fromkeys(columns)]
    )
    if not keep:
        row = ", ".join(map(repr, rows[0].cells[:SHOWN]))
        raise InputError(
            f"{path} has no column of numbers: separated by {SEPARATORS[separator]}, its first pattern begins with "
            f"{row}, and at least one number is needed."
        )
    X = np.stack([parsed[place].values for place in keep], axis=1)
    finite = np.isfinite(X).all(axis=1)
    if not finite.any():
        raise InputError(f"{path} has no row without a missing value; at least one is needed.")
    if not finite.all():
        _leave_out_gaps(layout, parsed, keep, names, finite)
    X = np.ascontiguousarray(X[finite])
    features = tuple(names[place] for place in keep)
    _hint(X, features, layout)
    _reconcile(layout, lines, path)
    called = tuple(record.cells[0] for record in layout.rows)
    named = 0 not in keep and parsed[0].text is not None and len(set(called)) == len(called)
    return Table(X, features, tuple(record.first for record in layout.rows), tuple(notes), called if named else ())


def _names(layout: Layout) -> list[str]:
    """Return names for the columns that differ."""
    names: dict[str, None] = {}
    for place, name in enumerate(layout.header.cells if layout.header else [""] * layout.width):
        new = name or f"x{place + 1}"
        count = 2
        while new in names:
            new = f"{name or f'x{place + 1}'} ({count})"
            count += 1
        if name and new != name:
            layout.notes.append(Note(f"{name!r} names more than one column", f": column {place + 1} is called {new!r}"))
        names[new] = None
    return list(names)


def _place(column: str, names: list[str], parsed: list[Column], path: Path) -> int:
    """Return the place of a column that was asked for."""
    if column not in names:
        raise InputError(f"{path} has no column {column!r}: its columns are {', '.join(map(repr, names))}.")
    place = names.index(column)
    if parsed[place].text is not None or parsed[place].missing.all():
        raise InputError(f"{path} cannot be used, because column {column!r} does not hold numbers.")
    return place


def _is_left_out(column: Column, cells: list[str], name: str, layout: Layout, place: int) -> bool:
    """Say whether a column is no feature, and note why."""
    header = layout.header.cells[place] if layout.header else None
    if column.missing.all():
        layout.notes.append(Note(f"column {name!r} is empty", " and was left out"))
        return True
    if header is not None and INDEX.fullmatch(header) and _are_row_names(column, place, header):
        called = f"is called {header!r}" if header else "has no name"
        first = f"the first column {called}" if place == 0 else f"column {place + 1} {called}"
        layout.notes.append(Note(f"{first} and numbers the rows", ", so it was left out"))
        return True
    if place == 0 and column.text is not None and layout.header and header is not None and TEXT_INDEX.fullmatch(header):
        called = f"is called {header!r}" if header else "has no name"
        layout.notes.append(Note(f"the first column {called} and names the rows", ", so it was left out"))
        return True
    if column.text is not None:
        example = f"{cells[column.text]!r} in line {layout.rows[column.text].first}"
        good = int(np.isfinite(column.values).sum())
        many = f"; {good} of its {len(cells)} cells are numbers" if 2 * good > len(cells) else ""
        kind = "dates" if is_date(cells[column.text]) else "text"
        found = f"column {name!r} holds {kind} ({example}{many})"
        layout.notes.append(Note(found, " and was left out", doubtful=True))
        return True
    if _counts(column.values):
        layout.notes.append(Note(f"column {name!r} numbers the rows", ": take it out of the file if it is no feature"))
    if header == "":
        layout.notes.append(Note(f"column {place + 1} has no name", f" and is called {name!r}"))
    elif header is not None and INDEX.fullmatch(header):
        layout.notes.append(Note(f"column {name!r} is called as row names are", ": take it out if it is no feature"))
    return False


def _are_row_names(column: Column, place: int, header: str) -> bool:
    """Are these whole numbers from 0, as saved row names are: without a gap in them, and at the left?"""
    values = column.values
    if place > 0 and not header.lower().startswith("unnamed"):
        return False
    if column.text is not None or not np.isfinite(values).all():
        return False
    whole = bool((values == np.floor(values)).all() and (values >= 0).all())
    return whole and (header == "" or len(np.unique(values)) == len(values))


def _leave_out_gaps(
    layout: Layout, columns: list[Column], keep: list[int], names: list[str], finite: np.ndarray
) -> None:
    """Leave out rows with a value that is missing or infinite, and say where most of them are."""
    gone = [record for record, all_there in zip(layout.rows, finite, strict=True) if not all_there]
    one = len(gone) == 1
    gaps = {place: int((~np.isfinite(columns[place].values)).sum()) for place in keep}
    most = max(gaps, key=lambda place: gaps[place])
    where = f"line {gone[0].first}" if one else f"{gaps[most]} of them in column {names[most]!r}"
    found = f"{len(gone)} of {len(finite)} rows {'has' if one else 'have'} a missing or infinite value ({where})"
    layout.notes.append(Note(found, f" and {'was' if one else 'were'} left out", doubtful=True))
    layout.others |= {line: "missing" for record in gone for line in record.lines}
    layout.rows = [record for record, all_there in zip(layout.rows, finite, strict=True) if all_there]


@np.errstate(over="ignore", invalid="ignore")
def _hint(X: np.ndarray, features: tuple[str, ...], layout: Layout) -> None:
    """Note what looks strange and was left as it is; sums and ratios of the largest numbers may overflow."""
    for feature, column in zip(features, X.T, strict=True):
        if column.min() == column.max():
            layout.notes.append(Note(f"column {feature!r} is constant", ", so it distinguishes no clusters"))
        elif odd := _odd(column):
            row, why = odd
            found = f"column {feature!r} holds {column[row]:.8g} (line {layout.rows[row].first}), {why}"
            layout.notes.append(Note(found, ": if it stands for a missing value, leave its cells empty"))
    if len(X) > SUMMED and np.allclose(X[-1], X[:-1].sum(axis=0), rtol=1e-9, atol=0) and (X[-1] != X[-2]).any():
        found = f"the last row (line {layout.rows[-1].first}) is the sum of all others"
        layout.notes.append(Note(found, ": take it out of the file if it is no pattern"))


def _counts(column: np.ndarray) -> bool:
    """Do these numbers number the rows, in whatever order and from whatever number on?"""
    if len(column) < 3 or not np.isfinite(column).all() or (column != np.floor(column)).any():
        return False
    return bool((np.diff(np.sort(column)) == 1).all())


def _odd(column: np.ndarray) -> tuple[int, str] | None:
    """Return the row of a number that is none of the others' kind and what it is like, if there is one."""
    sizes = np.unique(abs(column[column != 0]))
    if len(sizes) > 1 and sizes[-1] / sizes[-2] >= FAR:
        times = f"{sizes[-1] / sizes[-2]:.2g} times as large as all others"
        return int(np.flatnonzero(abs(column) == sizes[-1])[0]), times
    for extreme in (column.min(), column.max()):
        if CODE.fullmatch(f"{extreme:.10g}"):
            is_code = column == extreme
            rest = column[~is_code]
            if max(rest.min() - extreme, extreme - rest.max()) > rest.max() - rest.min():
                return int(np.flatnonzero(is_code)[0]), "far from all others"
    return None


def _reconcile(layout: Layout, lines: int, path: Path) -> None:
    """See to it that each line of the file is a pattern or has been accounted for, and say so where some are left out.

    Raises
    ------
    InputError
        When a line is lost.
    """
    used = {line for record in layout.rows for line in record.lines}
    lost = set(range(1, lines + 1)) - used - layout.others.keys()
    if lost or used & layout.others.keys():
        raise InputError(f"{path} is no table: line {min(lost or used & layout.others.keys())} was not understood.")
    left_out = [what for what in layout.others.values() if what not in UNSAID]
    if left_out:
        layout.notes.append(Note(f"of the {lines} lines of the file, {len(used)} hold the {len(layout.rows)} patterns"))
