"""A ledger of claims as a table: one row for each claim, of whose rows each cell is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from kmeans_convergence.report.text import booktabs, long_booktabs

# From the rows of a claim to the text of a cell.
Cell = Callable[[pd.DataFrame], str]

# Where a table that comes from a file has nothing, because there were no words.
WORDS = ("condition", "optimizer", "failing", "note", "where")


def tabulate(ledger: pd.DataFrame, columns: str, cells: Mapping[str, Cell], before: str | None = None) -> str:
    """Return the ledger as LaTeX.

    Parameters
    ----------
    ledger : DataFrame
        As `statistics.ledger.judge` returns it, or read from its file.
    columns : str
        Of the tabular.
    cells : mapping
        Of each column, by its title.
    before : str, optional
        Caption and label of a table that breaks over pages; without them it does not break.
    """
    ledger = ledger.fillna({column: "" for column in WORDS if column in ledger})
    rows = [[cell(of_claim) for cell in cells.values()] for _, of_claim in ledger.groupby("id", sort=False)]
    if before is None:
        return booktabs(columns, list(cells), rows, spaced=True)
    return long_booktabs(columns, list(cells), rows, before)
