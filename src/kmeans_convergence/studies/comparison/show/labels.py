"""Names of the comparison's optimizers.

Apart from `style`, so that a new optimizer does not make the figures of the paper's experiment again.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle
from pathlib import Path

from kmeans_convergence.report.style import STYLES, Style
from kmeans_convergence.studies.comparison.run import contenders
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS

# Colours and markers of the user's optimizers.
OWN = tuple(Style("#000000", "*", filled, line) for filled in (True, False) for line in ("-", "--", "-.", ":"))


def label(method: str) -> str:
    """Return the name of an optimizer in figures and tables."""
    return CONTENDERS[method].label


def enlist(files: Iterable[Path]) -> None:
    """Give labels, colours and markers to the optimizers of the user's files."""
    for file in files:
        STYLES.update(zip(contenders.enlist(file), cycle(OWN), strict=False))
