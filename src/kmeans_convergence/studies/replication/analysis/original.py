"""What the paper of 1995 reports, read from the one file that holds it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


class Original:
    """The reported values, `paper/original_values.csv`.

    Words, numbers, equation numbers and the labels of the figures' ticks have been checked against a machine-read copy
    of the printed paper. The curves of the figures are not in it. Each row names its section and the pages of the
    paper.
    """

    def __init__(self, path: Path) -> None:
        self._values = pd.read_csv(path, dtype=str).set_index(["id", "quantity"])["value"]

    def statement(self, claim: str) -> str:
        """Return the reported statement in words."""
        return str(self._values[claim, "statement"])

    def number(self, claim: str, quantity: str) -> float:
        """Return one reported number."""
        return float(self._values[claim, quantity])

    def epochs(self, claim: str, quantity: str = "epochs") -> int:
        """Return one reported number of epochs."""
        return int(self._values[claim, quantity])

    def axis(self, figure: str, name: str) -> tuple[float, float]:
        """Return the last label of an axis of a figure and the distance between two labels."""
        return self.number(figure, f"{name} end"), self.number(figure, f"{name} tick")
