"""Figures of the supplement, from the tables of measurements."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from kmeans_convergence.report.style import new
from kmeans_convergence.studies.performance import analysis
from kmeans_convergence.studies.performance.run.methods import METHODS
from kmeans_convergence.studies.performance.run.shapes import SHAPES

# Okabe and Ito's palette; a marker for each peer, so that colour is not needed.
MARKS = {
    "ours": ("#000000", "o"),
    "ours_plain": ("#0072B2", "s"),
    "ours_single": ("#000000", "x"),
    "sklearn_lloyd": ("#E69F00", "^"),
    "sklearn_elkan": ("#D55E00", "v"),
    "scipy": ("#009E73", "D"),
    "sklearnex": ("#CC79A7", "P"),
    "faiss": ("#56B4E9", "X"),
    "superkmeans": ("#56B4E9", "*"),
}
SCHEME_MARKS = {"direct": ("#D55E00", "s"), "products": ("#0072B2", "o")}


def ratio_figure(measured: pd.DataFrame) -> Figure:
    """Draw seconds of each method over ours with the same precision and start, one column for each shape."""
    compared = analysis.ratios(analysis.fastest(measured))
    figure, axes = new(3.0)
    for key, some in compared.groupby("method", sort=False):
        color, marker = MARKS[str(key)]
        offset = 0.09 * (list(MARKS).index(str(key)) - 5.5)
        places = [list(SHAPES).index(shape) + offset for shape in some["shape"]]
        axes.plot(places, some["ratio"], marker, color=color, label=METHODS[str(key)].label)
    for edge in range(1, len(SHAPES)):
        axes.axvline(edge - 0.5, color="0.85", linewidth=0.6)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_yscale("log")
    axes.set_ylabel("time of a run over ours")
    axes.set_xticks(range(len(SHAPES)), [f"{s.n:,}\n$\\times$ {s.d}, {s.K}" for s in SHAPES.values()])
    axes.tick_params(axis="x", length=0, labelsize=7)
    figure.legend(loc="outside upper left", ncols=6, handletextpad=0.2, columnspacing=1.0)
    return figure


def growth_figure(measured: pd.DataFrame) -> Figure:
    """Draw seconds of a pass against n, K and d, one panel for each, with the fitted lines."""
    figure, panels = new(2.4, 3, sharey=True)
    names = {"products": "matrix products", "direct": "direct distances"}
    for axes, varied in zip(panels, "nKd", strict=True):
        for scheme, some in measured[measured["varied"] == varied].groupby("scheme", sort=False):
            color, marker = SCHEME_MARKS[str(scheme)]
            x, y = some[varied].to_numpy(dtype=float), some["seconds"].to_numpy()
            slope, height = np.polyfit(np.log(x), np.log(y), 1)
            axes.plot(x, y, marker, color=color, label=names[str(scheme)])
            axes.plot(x, np.exp(height) * x**slope, color=color, linewidth=0.8)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel({"n": "patterns $n$", "K": "prototypes $K$", "d": "features $d$"}[varied])
    panels[0].set_ylabel("seconds of a pass")
    panels[0].legend(loc="upper left")
    return figure
