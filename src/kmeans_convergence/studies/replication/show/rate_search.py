"""The rate search as a figure: is 0.03/t the best rate?"""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from kmeans_convergence.report.style import STYLES, new
from kmeans_convergence.studies.replication.run.methods import label


def search(curves: pd.DataFrame, paper_rate: float, unit: str) -> Figure:
    """Draw the average residual after the last epoch against the initial rate, one panel for each schedule."""
    figure, panels = new(3.0, 2, sharey=True)
    titles = {True: r"rate $\varepsilon_0/t$ in epoch $t$", False: r"rate $\varepsilon_0$ throughout"}
    for axes, decays in zip(panels, (True, False), strict=True):
        for method, some in curves[curves["decays"] == decays].groupby("optimizer", sort=False):
            style = STYLES[str(method)]
            axes.plot(some["rate"], some["residual"], **style.options(label=label(str(method))))
            axes.fill_between(some["rate"], some["low"], some["high"], color=style.color, alpha=0.25, linewidth=0)
        axes.axvline(paper_rate, color="0.4", linewidth=0.8, linestyle=":")
        axes.annotate(
            "the paper's",
            (paper_rate, 0.98),
            xycoords=("data", "axes fraction"),
            rotation=90,
            ha="right",
            va="top",
            fontsize=8,
            color="0.3",
        )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_title(titles[decays])
        axes.set_xlabel(r"initial rate $\varepsilon_0$ (no unit)")
    # beyond the stability limit of the batch gradient its residual explodes by many decades: out of the frame
    low = curves["low"][curves["low"] > 0].min()
    panels[0].set_ylim(low / 2, 3e4 * max(low, 1))
    panels[0].set_ylabel(rf"average $E_t - E_\infty$ after the last epoch ({unit}$^2$)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure
