"""One look for all figures: a method has one colour, one marker and one name everywhere."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from kmeans_convergence.experiments.methods import METHODS

# Width of the text of the report, in inches.
TEXT_WIDTH = 6.3


@dataclass(frozen=True)
class Style:
    """Colour (of Okabe and Ito's colour-blind safe palette), marker and line of a method.

    Markers are the paper's: circles online, squares batch; filled for K-means, open for gradient.
    """

    color: str
    marker: str
    filled: bool
    line: str

    def options(self, **more: Any) -> dict[str, Any]:
        """Return the keyword arguments of a line plot."""
        face = self.color if self.filled else "white"
        return {
            "color": self.color,
            "marker": self.marker,
            "markerfacecolor": face,
            "linestyle": self.line,
        } | more


STYLES = {
    "online_kmeans": Style("#D55E00", "o", True, "-"),
    "batch_kmeans": Style("#0072B2", "s", True, "-"),
    "online_gradient": Style("#E69F00", "o", False, "--"),
    "batch_gradient": Style("#56B4E9", "s", False, "--"),
    "mixture": Style("#000000", "", True, "-"),
    "hybrid": Style("#009E73", "^", True, "-."),
    "newton": Style("#CC79A7", "d", True, ":"),
}

SETTINGS: dict[Any, Any] = {
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.6,
    "lines.markeredgewidth": 0.8,
    "figure.constrained_layout.use": True,
    "pdf.fonttype": 42,
    # names inside the SVG are hashes of this salt and not random
    "svg.hashsalt": "kmeans_convergence",
    "svg.fonttype": "path",
}


def use() -> None:
    """Apply the look to all figures made from now on."""
    mpl.use("agg")
    mpl.rcParams.update(SETTINGS)


def new(height: float, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """Return a figure as wide as the text, and its axes."""
    use()
    from matplotlib import pyplot  # after the backend has been chosen

    return pyplot.subplots(1, columns, figsize=(TEXT_WIDTH, height), **options)


def label(method: str) -> str:
    """Return the name of a method in figures and tables."""
    return METHODS[method].label


def save(figure: Figure, *paths: Path) -> None:
    """Write a figure without date or version, whole or not at all; the suffix says the format."""
    for path in paths:
        metadata = {".pdf": {"CreationDate": None, "Creator": None, "Producer": None}, ".svg": {"Date": None}}
        partial = path.with_name(f".{path.name}")
        figure.savefig(partial, format=path.suffix[1:], metadata=metadata[path.suffix])
        os.replace(partial, path)
