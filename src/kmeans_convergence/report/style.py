"""One style for all figures: a method has one colour, one marker and one name everywhere."""

from __future__ import annotations

import io
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from kmeans_convergence.atomic import replacing
from kmeans_convergence.errors import InputError

if TYPE_CHECKING:
    from IPython.display import SVG
    from pandas.io.formats.style import Styler

# Width of the text of the report, in inches.
TEXT_WIDTH = 6.3
# Height of a figure that leaves room for its caption on the page, in inches.
TALLEST = 8.2


@dataclass(frozen=True)
class Style:
    """Colour (of Okabe and Ito's colour-blind safe palette), marker and line of a method.

    Markers are the paper's: circles online, squares batch; filled for K-means, open for gradient. The methods of a
    family share colour and marker and differ in their lines.
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
    "batch_kmeans": Style("#0072B2", "s", True, "-"),
    # batch K-means, accelerated
    "overrelaxed_15": Style("#0072B2", "D", True, "--"),
    "overrelaxed_19": Style("#0072B2", "D", True, ":"),
    "anderson": Style("#0072B2", "D", True, "-."),
    "nesterov": Style("#CC79A7", "v", True, "-"),
    "heavy_ball": Style("#CC79A7", "v", True, "--"),
    "face_newton": Style("#CC79A7", "v", True, "-."),
    "online_face_newton": Style("#CC79A7", "v", True, ":"),
    # other relatives of K-means
    "hartigan": Style("#009E73", "p", True, "--"),
    "hybrid": Style("#009E73", "^", True, "-."),
    "newton": Style("#CC79A7", "d", True, ":"),
    "mixture": Style("#000000", "", True, "-"),
    # batch gradient: fixed rates, line searches, adaptive rates
    "batch_gradient": Style("#56B4E9", "s", False, "--"),
    "gradient_nmax": Style("#56B4E9", "s", False, ":"),
    "gradient_fixed": Style("#56B4E9", "s", False, "-."),
    "gradient_tuned": Style("#56B4E9", "s", False, "-"),
    "gradient_armijo": Style("#000000", ">", False, "-"),
    "gradient_nesterov": Style("#0072B2", "d", False, "--"),
    "gradient_nesterov_tuned": Style("#0072B2", "d", False, "-"),
    "gradient_heavy_ball": Style("#0072B2", "d", False, "-."),
    "gradient_heavy_ball_tuned": Style("#0072B2", "d", False, ":"),
    "gradient_bb": Style("#000000", ">", False, "-."),
    "lbfgs": Style("#000000", ">", False, "--"),
    "adam": Style("#CC79A7", "P", False, "--"),
    "adam_tuned": Style("#CC79A7", "P", False, "-"),
    # pattern by pattern
    "online_kmeans": Style("#D55E00", "o", True, "-"),
    "online_kmeans_one": Style("#D55E00", "o", True, "--"),
    "online_c4": Style("#D55E00", "o", True, ":"),
    "online_gradient": Style("#E69F00", "o", False, "--"),
    "online_gradient_tuned": Style("#E69F00", "o", False, ":"),
    # mini-batches with the rate 1/n_k, and with larger ones
    "minibatch_counts": Style("#009E73", "<", True, "-"),
    "minibatch_sklearn": Style("#009E73", "<", True, "--"),
    "minibatch_nested": Style("#009E73", "<", True, "-."),
    "minibatch_averaged": Style("#009E73", "<", True, ":"),
    "minibatch_c4": Style("#E69F00", "h", True, "-"),
    "minibatch_c_rho": Style("#E69F00", "h", True, "--"),
    "minibatch_root": Style("#D55E00", "8", True, "-"),
    "minibatch_ema": Style("#E69F00", "h", True, "-."),
    "minibatch_ema_tuned": Style("#E69F00", "h", True, ":"),
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

# Neither dates nor versions.
METADATA: dict[str, dict[str, None]] = {
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".svg": {"Creator": None, "Date": None},
}


def use() -> None:
    """Apply the look to all figures made from now on, whatever settings of their own people have."""
    mpl.rcdefaults()
    mpl.use("agg")
    mpl.rcParams.update(SETTINGS)


def new(height: float, columns: int = 1, rows: int = 1, **options: Any) -> tuple[Figure, Any]:
    """Return a figure as wide as the text, and its axes."""
    use()
    from matplotlib import pyplot  # after the backend has been chosen

    return pyplot.subplots(rows, columns, figsize=(TEXT_WIDTH, height), **options)


def settable(words: str) -> str:
    """Return words of the user's with a question mark for what the font lacks."""
    there = get_font(findfont(SETTINGS["font.family"])).get_charmap()
    return "".join(c if ord(c) in there or c == "\n" else "?" for c in words)


def set_title(axes: Axes, words: str) -> None:
    """Give axes a title that holds words of the user's: no formula, and what the font has."""
    axes.set_title(settable(words), parse_math=False)


def look(method: str) -> Style:
    """Return the style of a method.

    Raises
    ------
    InputError
        If it has none.
    """
    if method not in STYLES:
        raise InputError(f"the method {method!r} has no style, report/style.py has those of {', '.join(STYLES)}.")
    return STYLES[method]


def save(figure: Figure, *paths: Path) -> None:
    """Write a figure without date or version, whole or not at all; the suffix says the format."""
    for path in paths:
        with replacing(path) as partial:
            figure.savefig(partial, format=path.suffix[1:], metadata=METADATA[path.suffix])


def show(figure: Figure) -> SVG:
    """Return a figure as the output of a notebook's cell, the same bytes each time, and close it."""
    from IPython.display import SVG  # slow to import, and only notebooks need it
    from matplotlib import pyplot

    file = io.StringIO()
    figure.savefig(file, format="svg", metadata=METADATA[".svg"])
    pyplot.close(figure)
    return SVG(file.getvalue())  # type: ignore[no-untyped-call]


def show_table(table: pd.DataFrame, digits: int = 3) -> Styler:
    """Return a table as the output of a notebook's cell, the same bytes each time.

    Parameters
    ----------
    table : DataFrame
        Its index is not shown.
    digits : int
        Significant digits of numbers with a fraction; up to ten million, all digits before the point are shown.
    """
    fractions = list(table.select_dtypes("floating"))
    styles = {
        column: [{"selector": "td", "props": "white-space: nowrap"}]
        if pd.api.types.is_numeric_dtype(table[column])
        else [{"selector": "", "props": "text-align: left; min-width: 4.5em"}]
        for column in table
    }
    # the name inside the page is a hash of the table and not random
    shown = table.style.set_uuid(sha256(table.to_csv().encode()).hexdigest()[:8]).set_table_styles(styles)
    shown = shown.hide(axis="index").format(escape="html", na_rep="")
    return shown.format(lambda value: _significant(value, digits), subset=fractions, na_rep="")


def _significant(value: float, digits: int) -> str:
    """Return a number with the given significant digits, or as a whole number if it has more before the point."""
    if value == 0:
        return "0"
    return f"{value:.0f}" if 10**digits <= abs(value) < 1e7 else f"{value:#.{digits}g}".rstrip(".")
