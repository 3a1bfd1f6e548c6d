"""From the lines of a text to records of cells: every line is read, or it is said why not."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from kmeans_convergence.data.notes import Note, some
from kmeans_convergence.data.numerals import is_number

# In the order of preference, where nothing else tells.
SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas", " ": "blanks"}
# Lines that tell the separator.
SAMPLE = 50
# Lines that one cell may go over.
LONGEST_CELL = 1000

# Excel's way to name the separator.
DECLARED = re.compile(r'"?sep=(.)"?[,;\t|]*', re.IGNORECASE)
COMMENT = "#"
# These begin comments only above the table.
COMMENTS_ABOVE = (COMMENT, "%", "//")


class Record(NamedTuple):
    """Cells without blanks around them, and the lines that they stand in, counted from 1."""

    first: int
    last: int
    cells: list[str]

    @property
    def lines(self) -> range:
        """Numbers of its lines."""
        return range(self.first, self.last + 1)


class Records(NamedTuple):
    """What a text holds.

    Attributes
    ----------
    records : list of Record
    separator : str
        One of `SEPARATORS`.
    lines : int
        Of the text, without empty ones at its end.
    others : dict
        What each line is that belongs to no record.
    notes : list of Note
    """

    records: list[Record]
    separator: str
    lines: int
    others: dict[int, str]
    notes: list[Note]


def split(text: str, separator: str | None = None) -> Records:
    """Split a text with line ends of one kind into records.

    Parameters
    ----------
    text : str
    separator : str, optional
        When it is known, each line is a record or a comment. Else it is found out, and cells may go over lines.
    """
    known = separator is not None
    lines = text.rstrip("\n").split("\n")
    others = {number: "empty" for number, line in enumerate(lines, 1) if not line.strip()}
    notes: list[Note] = []
    separator = separator or _declared(lines, others)
    names = _mark_comments(lines, others, known)
    content = [line for number, line in enumerate(lines, 1) if number not in others]
    separator = separator or find_separator(content)
    widths = [len(_cut_alone(line, separator)) for line in islice(content, SAMPLE)]
    # a line of one cell may be a title, or part of a cell that goes over lines
    width = _usual([each for each in widths if each > 1]) or 1

    records: list[Record] = []
    literal: list[int] = []
    number = 1
    while number <= len(lines):
        last = number
        if number not in others:
            try:
                cells = cut(lines[number - 1], separator)
            except csv.Error:
                cells, last = _over_lines(lines, number, separator, width, 1 if known else LONGEST_CELL)
                if last == number:
                    literal.append(number)
            cells = [cell.strip() for cell in cells]
            for each in range(number, last + 1):
                others.pop(each, None)  # an empty line inside a cell
            if any(cells):
                records.append(Record(number, last, cells))
            else:
                others |= dict.fromkeys(range(number, last + 1), "separators")
        number = last + 1
    if names and records and any(map(is_number, records[0].cells)):
        cells = [cell.strip() for cell in _cut_alone(names[1], separator)]
        if len(cells) == width > 1:
            records.insert(0, Record(names[0], names[0], cells))
            del others[names[0]]
    _report(others, literal, notes)
    return Records(records, separator, len(lines), others, notes)


def cut(line: str, separator: str) -> list[str]:
    """Return the cells of one line.

    Raises
    ------
    csv.Error
        When a quotation mark begins a cell and none ends it.
    """
    if separator == " ":
        line = " ".join(line.split())
    if '"' not in line:
        return line.split(separator)
    return next(csv.reader([line], delimiter=separator, strict=True, skipinitialspace=separator != "\t"))


def _cut_alone(line: str, separator: str) -> list[str]:
    """Return the cells of a line, if need be with quotation marks for letters like others."""
    try:
        return cut(line, separator)
    except csv.Error:
        return line.split() if separator == " " else line.split(separator)


def _over_lines(lines: list[str], number: int, separator: str, width: int, longest: int) -> tuple[list[str], int]:
    """Return the cells of a record with a quotation mark that its first line does not close, and its last line.

    A cell may go over lines. When two of these are records of their own, the quotation mark has swallowed them: it is
    a letter then, such as the sign for inches.
    """
    rest = (f"{line}\n" for line in islice(_from(lines, number - 1), longest))
    reader = csv.reader(rest, delimiter=separator, strict=True, skipinitialspace=separator != "\t")
    try:
        cells = next(reader)
    except csv.Error:
        return _cut_alone(lines[number - 1], separator), number
    last = number + reader.line_num - 1
    whole = [line for line in lines[number - 1 : last] if len(_cut_alone(line, separator)) == width]
    if len(whole) > 1 or len(cells) != width:
        return _cut_alone(lines[number - 1], separator), number
    return cells, last


def _from(lines: list[str], place: int) -> Iterator[str]:
    return (lines[each] for each in range(place, len(lines)))


def _declared(lines: list[str], others: dict[int, str]) -> str | None:
    first = next(number for number in range(1, len(lines) + 1) if number not in others)
    found = DECLARED.fullmatch(lines[first - 1].strip(" "))
    if found is None or found[1] not in SEPARATORS:
        return None
    others[first] = "declares the separator"
    return found[1]


def _mark_comments(lines: list[str], others: dict[int, str], known: bool) -> tuple[int, str] | None:
    """Note which lines are comments; return number and content of the last above the table, which may hold names."""
    content = [number for number in range(1, len(lines) + 1) if number not in others]
    comments = [number for number in content if lines[number - 1].lstrip().startswith(COMMENT)]
    if len(comments) > len(content) / 2 and not known:
        comments = []  # numbers of rows, perhaps
    above: list[int] = []
    for number in content:
        if not lines[number - 1].lstrip().startswith(COMMENTS_ABOVE):
            break
        above.append(number)
    if len(above) == len(content):
        return None
    others |= dict.fromkeys([*above, *comments], "comment")
    if not above:
        return None
    return above[-1], lines[above[-1] - 1].lstrip().lstrip("#%/").strip()


def _report(others: dict[int, str], literal: list[int], notes: list[Note]) -> None:
    kinds = (
        ("comment", "begins with a sign for comments", "begin with a sign for comments"),
        ("separators", "is empty but for separators", "are empty but for separators"),
    )
    for kind, one, many in kinds:
        found = sorted(number for number, what in others.items() if what == kind)
        if found:
            was = "was" if len(found) == 1 else "were"
            notes.append(Note(f"{some(found)} {one if len(found) == 1 else many}", f" and {was} left out"))
    if literal:
        verb, was = ("holds", "it was") if len(literal) == 1 else ("hold", "they were")
        notes.append(
            Note(
                f"{some(literal)} {verb} a quotation mark that is not closed", f", so {was} read as if it were a letter"
            )
        )


def _usual(counts: list[int]) -> int:
    """Return the most frequent number, of several the first."""
    return Counter(counts).most_common(1)[0][0] if counts else 0


def find_separator(lines: list[str]) -> str:
    """Return the separator of the first lines: the one that cuts them into equally many cells and most into numbers.

    Blanks separate only where everything else leaves fewer numbers.
    """
    # the header tells little: it has no numbers, and R leaves out the name of the first column
    sample = lines[1:SAMPLE] or lines
    scores = {mark: _score(sample, mark) for mark in SEPARATORS}
    regular, numeric = scores.pop(" ")
    best = max(scores, key=lambda mark: sum(scores[mark]))
    # a tab is a blank, too, and two of them with nothing between them are no cell less
    if regular >= 0.9 and numeric > scores[best][1] and scores["\t"][0] < 0.9:
        return " "
    return best if scores[best][0] > 0 else ","


def _score(lines: list[str], mark: str) -> tuple[float, float]:
    """Return the share of lines with the usual number of cells, and that of the numbers among these cells."""
    rows = [_cut_alone(line.strip(" "), mark) for line in lines]
    width = _usual([len(row) for row in rows if len(row) > 1])
    regular = [row for row in rows if len(row) == width]
    if width == 0 or not regular:
        return 0.0, 0.0
    cells = [cell.strip() for row in regular for cell in row]
    return len(regular) / len(rows), sum(map(is_number, cells)) / len(cells)
