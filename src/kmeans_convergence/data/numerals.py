"""Numbers as people write them: decimal commas, marks between thousands, currencies, more digits than a float keeps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import compress
from typing import NamedTuple

import numpy as np

from kmeans_convergence.data.notes import Note

# What stands for a value that is missing, besides nothing at all; in small letters.
MISSING = frozenset(
    {"", "na", "n/a", "n.a.", "nan", "nat", "<na>", "null", "none", "?", "-", "--", "---", "."}
    # Excel's
    | {"#n/a", "#na", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!"}
)
# Signs that are typeset, as they are typed: minus, three kinds of blanks, apostrophe.
TYPED = str.maketrans({"\u2212": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'"})

SIGN, EXPONENT, INFINITE = r"[+-]?", r"(?:[eE][+-]?\d+)?", r"inf(?:inity)?"


def _written(decimal: str, between: str) -> re.Pattern[str]:
    """Return the pattern of numbers with this decimal mark and marks between thousands."""
    mark = re.escape(decimal)
    grouped = rf"[1-9]\d{{0,2}}(?P<mark>[{re.escape(between)} '_])\d{{3}}(?:(?P=mark)\d{{3}})*(?:{mark}\d*)?"
    # in India the groups above the first have two digits
    indian = rf"[1-9]\d?(?:{re.escape(between)}\d{{2}})+{re.escape(between)}\d{{3}}(?:{mark}\d*)?"
    plain = rf"(?:\d+(?:{mark}\d*)?|{mark}\d+){EXPONENT}"
    return re.compile(rf"{SIGN}(?:{plain}|{grouped}|{indian}|{INFINITE})", re.ASCII | re.IGNORECASE)


# For each decimal mark: the pattern of numbers, and what is between their thousands.
BETWEEN = {".": ",", ",": "."}
WRITTEN = {decimal: _written(decimal, between) for decimal, between in BETWEEN.items()}
# A comma or a point that may be either.
EITHER = re.compile(rf"{SIGN}[1-9]\d{{0,2}}(?P<mark>[.,])\d{{3}}", re.ASCII)
CURRENCY = r"[$€£¥₹]|US\$|EUR|USD|GBP|CHF|JPY|INR|SEK|NOK|DKK|PLN|CZK|CAD|AUD|BRL|R\$|kr|zł|Fr\."
AFFIXED = re.compile(rf"({SIGN}) ?({CURRENCY})? ?({SIGN}[\d., '_]*\d[.,]?{EXPONENT}) ?(%|{CURRENCY})?")
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2}.*)?", re.ASCII)

# What most numbers are, and what needs no closer look.
SIMPLE = re.compile(rf"{SIGN}\d+(?:\.\d*)?", re.ASCII)
SIMPLE_SIGNS = frozenset("0123456789.+-eE")
# Digits that every float keeps.
KEPT = 15
LARGEST_EXACT = 2**53
WHOLE = re.compile(rf"{SIGN}\d+", re.ASCII)
NAMES = {".": "points", ",": "commas", " ": "blanks", "'": "apostrophes", "_": "underscores"}


class Column(NamedTuple):
    """The numbers of a column.

    Attributes
    ----------
    values : ndarray of shape (n,)
        NaN where something is missing or no number.
    missing : ndarray of shape (n,), bool
    text : int or None
        The first row with something else than a number.
    """

    values: np.ndarray
    missing: np.ndarray
    text: int | None


class UndecidedError(ValueError):
    """Numbers that can be read in two ways; the message is a clause that says which."""


def is_number(cell: str) -> bool:
    """Can this be a number, in whatever way it is written?"""
    if SIMPLE.fullmatch(cell):
        return True
    typed = cell.translate(TYPED).strip()
    affixed = AFFIXED.fullmatch(typed)
    if affixed and (affixed[2] or affixed[4]):
        typed = affixed[1] + affixed[3]
    return any(written.fullmatch(typed) for written in WRITTEN.values())


def is_missing(cell: str) -> bool:
    """Does this stand for a value that is missing?"""
    return not cell or cell.casefold() in MISSING


def is_date(cell: str) -> bool:
    """Is this a date or a time?"""
    return bool(DATE.fullmatch(cell))


def parse(columns: Sequence[Sequence[str]], names: Sequence[str], separator: str) -> tuple[list[Column], list[Note]]:
    """Read all columns of a table, with one decimal mark as far as that is possible.

    Parameters
    ----------
    columns : sequence of sequence of str
        Cells without blanks around them.
    names : sequence of str
    separator : str
        Between the cells: a comma leaves none for decimals, unless there are quotation marks.

    Returns
    -------
    columns : list of Column
    notes : list of Note

    Raises
    ------
    UndecidedError
        When a comma or a point can be a decimal mark or stand between thousands.
    """
    notes: list[Note] = []
    cells = [_typed(column, name, notes) for column, name in zip(columns, names, strict=True)]
    missing = [np.array([is_missing(cell) for cell in column], dtype=bool) for column in cells]
    present = [list(compress(column, ~gone)) for column, gone in zip(cells, missing, strict=True)]
    signs = [frozenset().union(*column) for column in present]
    possible = [_decimal_marks(column, has) for column, has in zip(present, signs, strict=True)]
    marked = [bool(has & set(BETWEEN)) for has in signs]
    certain = {marks[0] for marks, has in zip(possible, marked, strict=True) if has and len(marks) == 1}
    open_ = [place for place, has in enumerate(marked) if has and len(possible[place]) == 2]
    if len(certain) == 1:
        (usual,) = certain
    elif open_:
        usual = _decide([present[place] for place in open_], [names[place] for place in open_], separator, notes)
    else:
        usual = "."
    decimals = [
        marks[0] if len(marks) == 1 else usual if marks else _likelier(column, usual)
        for marks, column in zip(possible, present, strict=True)
    ]
    _say(
        present, signs, names, [mark if marks else None for mark, marks in zip(decimals, possible, strict=True)], notes
    )
    parsed = [
        _numbers(column, no, decimal, name, notes)
        for column, no, decimal, name in zip(cells, missing, decimals, names, strict=True)
    ]
    return parsed, notes


def _decide(columns: list[list[str]], names: list[str], separator: str, notes: list[Note]) -> str:
    """Return the decimal mark of columns in which each comma or each point has three digits behind it.

    Beside shorter numbers that have none, a mark stands between thousands: decimals would end with a zero less, now and
    then. A point needs more of that than a comma, for most points are decimal.
    """
    cells = [cell for column in columns for cell in column]
    found = [match for cell in cells if (match := EITHER.fullmatch(cell))]
    marks = {match["mark"] for match in found}
    example = found[0][0]
    either = f"column {names[0]!r} holds numbers such as {example!r}, whose mark can be decimal or between thousands"
    if len(marks) > 1:
        raise UndecidedError(either)
    (mark,) = marks
    others = {cell.lstrip("+-") for cell in cells if not EITHER.fullmatch(cell)} - {"0"}
    short = all(len(cell) <= 3 for cell in others)
    thousands = short and (len(others) >= 2 if mark == "," else len(others) >= 3 and len(found) >= 5)
    if thousands:
        if mark == ".":
            notes.append(Note(either, "; it was taken for thousands", doubtful=True))
        return BETWEEN[mark]
    if mark == ".":
        return "."
    if others and not short:
        raise UndecidedError(either)
    where = "thousands" if separator == "," else "decimals"
    notes.append(Note(either, f"; it was taken for {where}", doubtful=True))
    return "." if separator == "," else ","


def _likelier(column: list[str], usual: str) -> str:
    """Return the decimal mark that makes most numbers of a column that holds text, too."""
    return max((usual, BETWEEN[usual]), key=lambda mark: sum(bool(WRITTEN[mark].fullmatch(cell)) for cell in column))


def _say(
    present: list[list[str]],
    signs: list[frozenset[str]],
    names: Sequence[str],
    decimals: list[str | None],
    notes: list[Note],
) -> None:
    """Note decimal commas, and marks between thousands."""
    if any(mark == "," and "," in has for has, mark in zip(signs, decimals, strict=True)):
        notes.append(Note("numbers are read with a decimal comma"))
    for column, has, name, decimal in zip(present, signs, names, decimals, strict=True):
        if decimal is None:
            continue
        for mark in sorted(has & {BETWEEN[decimal], " ", "'", "_"}):
            example = next(cell for cell in column if mark in cell)
            found = f"{NAMES[mark]} in column {name!r} stand between thousands"
            notes.append(Note(found, f": {example!r} was read as {_plain(example, decimal)}"))


def _plain(cell: str, decimal: str) -> str:
    """Return a number as Python writes it."""
    for mark in (BETWEEN[decimal], " ", "'", "_"):
        cell = cell.replace(mark, "")
    return cell.replace(",", ".")


def _typed(column: Sequence[str], name: str, notes: list[Note]) -> list[str]:
    """Return the cells of a column with signs as they are typed, and without affixes."""
    cells = [cell if cell.isascii() else cell.translate(TYPED).strip() for cell in column]
    return _without_affixes(cells, name, notes)


def _decimal_marks(column: list[str], signs: frozenset[str]) -> list[str]:
    """Return the decimal marks with which all cells are numbers."""
    if signs <= SIMPLE_SIGNS - set("."):
        marks = list(BETWEEN)
        return marks if all(map(WRITTEN["."].fullmatch, column)) else []
    return [mark for mark in BETWEEN if all(map(WRITTEN[mark].fullmatch, column))]


def _without_affixes(column: list[str], name: str, notes: list[Note]) -> list[str]:
    """Take away a currency or a sign for per cent that all numbers of a column have."""
    first = next((cell for cell in column if not is_missing(cell)), "")
    found = AFFIXED.fullmatch(first)
    if not found or not (found[2] or found[4]):
        return column
    matches = [AFFIXED.fullmatch(cell) for cell in column]
    affixes = {
        match and (match[2], match[4]) for match, cell in zip(matches, column, strict=True) if not is_missing(cell)
    }
    if affixes != {(found[2], found[4])}:
        return column
    signs = " and ".join(repr(sign) for sign in (found[2], found[4]) if sign)
    notes.append(Note(f"all numbers of column {name!r} have {signs}", ", which was taken away"))
    return [match[1] + match[3].strip() if match else cell for match, cell in zip(matches, column, strict=True)]


def _numbers(cells: list[str], missing: np.ndarray, decimal: str, name: str, notes: list[Note]) -> Column:
    written, values, text = WRITTEN[decimal], np.full(len(cells), np.nan), None
    plain = [""] * len(cells)
    for row in np.flatnonzero(~missing):
        if SIMPLE.fullmatch(cells[row]) and decimal == ".":
            plain[row] = cells[row]
        elif written.fullmatch(cells[row]):
            plain[row] = _plain(cells[row], decimal)
        else:
            text = int(row) if text is None else text
            continue
        values[row] = float(plain[row])
    if text is None and any(len(cell) > KEPT for cell in plain):
        values = _exactly(plain, values, name, notes)
    return Column(values, missing, text)


def _exactly(plain: list[str], values: np.ndarray, name: str, notes: list[Note]) -> np.ndarray:
    """Return differences from the least number, where numbers have more digits than a float keeps.

    Whole numbers beyond 2^53 are rounded; others are, too, but that matters only where different ones become equal.
    """
    rows = np.flatnonzero(np.isfinite(values))
    if not len(rows):
        return values
    exact = [Decimal(plain[row]) for row in rows]
    rounded = any(
        abs(values[row]) > LARGEST_EXACT and WHOLE.fullmatch(plain[row]) and int(values[row]) != int(plain[row])
        for row in rows
    )
    if not rounded and len(set(exact)) == len(np.unique(values[rows])):
        return values
    least = min(exact)
    shifted = values.copy()
    shifted[rows] = [float(number - least) for number in exact]
    kinds = len(set(exact))
    kept = len(np.unique(shifted[rows]))
    digits = f"column {name!r} holds numbers with more digits than are kept (such as {plain[rows[0]]})"
    if kept == kinds:
        notes.append(Note(digits, f", so their differences from the least, {least}, were taken"))
        return shifted
    notes.append(Note(digits, f": {kinds} different ones became {len(np.unique(values[rows]))}", doubtful=True))
    return values
