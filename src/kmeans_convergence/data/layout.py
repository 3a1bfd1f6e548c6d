"""Which records of a file are the header, which are patterns, and which are neither."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path

from kmeans_convergence.data.notes import Note, some
from kmeans_convergence.data.numerals import is_missing, is_number
from kmeans_convergence.data.records import Record
from kmeans_convergence.errors import InputError

# What sums a table up. The words of the second pattern alone are as likely to be names.
TOTAL = re.compile(
    r"((grand|sub|overall|column)[ -]?)?(totals?|sums?|means?|average|avg\.?|median|summe|gesamt(summe)?|insgesamt"
    r"|mittelwert|mittel|durchschnitt|somme|moyenne|suma|media|promedio|totale|totaux|итого|всего|合计)"
    r"( ?\(.*\))?[:.=]?",
    re.IGNORECASE,
)
BESIDE_TOTAL = re.compile(
    r"(std\.?( ?dev\.?)?|s\.?d\.?|min(imum)?|max(imum)?|count|n|var(iance)?|\d\d ?%|range)[:.=]?", re.IGNORECASE
)
YEARS = range(1800, 2101)
# With fewer columns, patterns ascend by chance as the numbers of a header do.
ASCENDING = 8
# With fewer rows, the last may differ from the others by chance.
SURE = 4
# Rows that tell what a column holds.
SAMPLE = 20


@dataclass
class Layout:
    """Records on their way to a table.

    Attributes
    ----------
    rows : list of Record
        Those that may be patterns, all of the same width.
    width : int
    others : dict
        What each line is that belongs to none of `rows`.
    notes : list of Note
    header : Record, optional
    """

    rows: list[Record]
    width: int
    others: dict[int, str]
    notes: list[Note]
    header: Record | None = None

    def leave_out(self, gone: Iterable[Record], one: str, many: str, doubtful: bool = False) -> None:
        """Leave out records and say what they do: `one` of a single one, `many` of more."""
        gone = list(gone)
        if not gone:
            return
        found = f"{some([record.first for record in gone])} {one if len(gone) == 1 else many}"
        self.notes.append(Note(found, f" and {'was' if len(gone) == 1 else 'were'} left out", doubtful))
        self.others |= {line: one for record in gone for line in record.lines}
        left = {id(record) for record in gone}
        self.rows = [record for record in self.rows if id(record) not in left]


def arrange(records: Sequence[Record], others: dict[int, str], notes: list[Note], path: Path) -> Layout:
    """Find header and patterns.

    Raises
    ------
    InputError
        When there is nothing, a line has more cells than the others, or the header has fewer.
    """
    if not records:
        raise InputError(f"{path} is empty but for separators and comments; at least one row of numbers is needed.")
    counts = [len(record.cells) for record in records]
    width = max(set(counts), key=lambda count: (counts.count(count), count))
    layout = Layout(list(records), width, others, notes)
    _leave_out_titles(layout)
    _make_square(layout, path)
    _leave_out_repeated(layout)
    _leave_out_totals(layout)
    _find_header(layout)
    while layout.header and len(layout.rows) > 1 and _is_below_header(layout.rows):
        example = next(cell for cell in layout.rows[0].cells if cell)
        layout.leave_out(layout.rows[:1], f"is below the header and holds {example!r}, no numbers,", "")
    return layout


def _make_square(layout: Layout, path: Path) -> None:
    """Give all records the same number of cells, where that needs no guess."""
    width, first = layout.width, layout.rows[0]
    for record in layout.rows:
        while len(record.cells) > width and not record.cells[-1]:
            record.cells.pop()
        if len(record.cells) > width:
            raise InputError(
                f"{path} is no table: line {record.first} has {len(record.cells)} cells, and most lines have {width}."
            )
    missing = width - len(first.cells)
    if missing and _has_text(first) and any(record.cells[-1] for record in layout.rows if len(record.cells) == width):
        # as R writes a table: the column of row names has no name
        if missing > 1 or not _number_rows([record.cells[0] for record in layout.rows[1:]]):
            raise InputError(
                f"{path} is no table: the header in line {first.first} names {len(first.cells)} of {width} columns; "
                "most lines have more entries."
            )
        first.cells.insert(0, "")
    for record in layout.rows:
        record.cells.extend([""] * (width - len(record.cells)))


def _leave_out_titles(layout: Layout) -> None:
    """Leave out what stands above the header."""
    titles = list(takewhile(lambda record: _is_remark(record, layout.width), layout.rows))
    if titles and len(titles) < len(layout.rows) and _has_text(layout.rows[len(titles)]):
        layout.leave_out(titles, "is above the header", "are above the header")


def _leave_out_repeated(layout: Layout) -> None:
    """Leave out headers inside the table, as they come from files that were put together."""
    first = layout.rows[0]
    repeated = [record for record in layout.rows[1:] if record.cells == first.cells]
    if _has_text(first) and 2 * len(repeated) < len(layout.rows) - 1:
        layout.leave_out(repeated, "repeats the header", "repeat the header")


def _leave_out_totals(layout: Layout) -> None:
    """Leave out what stands below the table: totals and remarks."""
    below = [(record, _label(record, TOTAL), _label(record, BESIDE_TOTAL)) for record in layout.rows[:0:-1]]
    tail = list(takewhile(lambda each: each[1] or each[2] or _is_remark(each[0], layout.width), below))
    if not any(total for _, total, _ in tail):
        tail = list(takewhile(lambda each: not each[2], tail))
    for record, total, beside in reversed(tail):
        what = f"sums up the table ({total or beside!r})" if total or beside else "is below the table"
        layout.leave_out([record], what, "", doubtful=True)
    *rows, last = layout.rows
    text = next((cell for place, cell in enumerate(last.cells) if _is_text_below_numbers(cell, rows[1:], place)), None)
    if text:
        layout.leave_out([last], f"is the last and holds {text!r}, where all others hold numbers,", "", doubtful=True)
    for record in layout.rows[1:]:
        if label := _label(record, TOTAL):
            layout.notes.append(Note(f"line {record.first} holds {label!r}", ": take it out if it is no pattern"))
            break


def _is_text_below_numbers(cell: str, rows: list[Record], place: int) -> bool:
    return len(rows) >= SURE and not is_missing(cell) and not is_number(cell) and _holds_numbers(rows, place)


def _find_header(layout: Layout) -> None:
    """Take the first record for the header, unless it is a pattern."""
    first, *rest = layout.rows
    numbers = [place for place, cell in enumerate(first.cells) if cell and is_number(cell)]
    shown = ", ".join(first.cells[place] for place in numbers[:3]) + ", ..." * (len(numbers) > 3)
    if _is_header(first, rest, numbers):
        layout.header = first
    elif _names_by_numbers(first, rest, numbers):
        layout.header = first
        layout.notes.append(
            Note(
                f"the first line holds numbers ({shown}), and it must name the features",
                ", so these were taken for names",
                doubtful=True,
            )
        )
    else:
        layout.notes.append(
            Note(
                f"the first line holds numbers ({shown}), and it must name the features",
                ", so it was taken for a pattern and not for a header",
                doubtful=True,
            )
        )
        return
    layout.rows = rest
    layout.others |= dict.fromkeys(first.lines, "header")


def _is_header(first: Record, rest: list[Record], numbers: list[int]) -> bool:
    """Is the first record no pattern: no number at all, or text above numbers, or a nameless column of row names?"""
    if not numbers:
        return True
    texts = [place for place, cell in enumerate(first.cells) if not is_missing(cell) and place not in numbers]
    if any(_holds_numbers(rest, place) for place in texts):
        return True
    # as pandas writes a table whose columns have no names
    counted = [first.cells[place] for place in numbers] == [str(place) for place in range(len(numbers))]
    return (
        not first.cells[0]
        and len(numbers) == len(first.cells) - 1
        and (counted or _number_rows([record.cells[0] for record in rest]))
    )


def _names_by_numbers(first: Record, rest: list[Record], numbers: list[int]) -> bool:
    """Are the numbers of the first record names, such as years: do they ascend as no other record does?"""
    cells = [first.cells[place] for place in numbers]
    columns = [place for place in range(len(first.cells)) if _holds_numbers(rest, place)]
    if not cells or numbers != columns:
        return False
    others = [[record.cells[place] for place in columns] for record in rest[:SAMPLE]]
    if not (_ascend(cells) or _ascend(cells[::-1])):
        return False
    years = _are_years(cells) and not any(map(_are_years, others))
    if years and len(cells) > 1:
        return True
    # whole numbers above decimals: 0, 1, 2, ..., or more than chance would have
    contrast = all(cell.isdecimal() for cell in cells) and not any(cell.isdecimal() for row in others for cell in row)
    if contrast and len(others) > 2 and (len(cells) > 2 or years or cells in (["0", "1"], ["1", "2"])):
        return True
    ascending = sum(_ascend(row) or _ascend(row[::-1]) for row in others)
    return min(len(cells), len(others)) >= ASCENDING and ascending <= len(others) / 10


def _are_years(cells: list[str]) -> bool:
    return all(cell.isdecimal() and int(cell[:9]) in YEARS for cell in cells)


def _ascend(cells: list[str]) -> bool:
    try:
        return all(before < after for before, after in pairwise(map(float, cells)))
    except ValueError:
        return False


def _is_below_header(rows: list[Record]) -> bool:
    """Does the first record hold units or the like: text above numbers, and no number?"""
    first, *rest = rows
    if any(is_number(cell) for cell in first.cells):
        return False
    texts = [place for place, cell in enumerate(first.cells) if not is_missing(cell)]
    return any(_holds_numbers(rest[:SAMPLE], place) for place in texts)


def _has_text(record: Record) -> bool:
    return any(not is_missing(cell) and not is_number(cell) for cell in record.cells)


def _is_remark(record: Record, width: int) -> bool:
    """Is this one text and nothing else, where there are more columns?"""
    cells = [cell for cell in record.cells if cell]
    return width > 1 and len(cells) == 1 and not is_number(cells[0]) and not is_missing(cells[0])


def _label(record: Record, pattern: re.Pattern[str]) -> str:
    """Return the first cell or the first word of a record if it matches the pattern, else nothing."""
    word = next((cell for cell in record.cells if cell[:1].isalpha() and not is_missing(cell)), "")
    return next((text for text in (record.cells[0], word) if pattern.fullmatch(text)), "")


def _holds_numbers(rows: list[Record], place: int) -> bool:
    """Does a column hold numbers and nothing else?"""
    cells = [record.cells[place] for record in rows if not is_missing(record.cells[place])]
    return bool(cells) and all(map(is_number, cells))


def _number_rows(cells: list[str]) -> bool:
    """Do these cells count the rows, from whatever number on?"""
    if len(cells) < 3 or not all(cell.isdecimal() for cell in cells):
        return False
    return all(int(after) - int(before) == 1 for before, after in pairwise(cells))
