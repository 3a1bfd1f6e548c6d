"""Figures of predicted and measured rates of convergence."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from kmeans_convergence.analysis.contraction import agreement, medians
from kmeans_convergence.reporting.contenders import label
from kmeans_convergence.reporting.style import STYLES, new

COLORS = ("#0072B2", "#009E73", "#D55E00")


def finite_sample(growth: pd.DataFrame) -> Figure:
    """Draw Lloyd's steps until it ends against the size of the sample, with what the population's rate predicts."""
    figure, axes = new(3.0)
    for color, (clusters, some) in zip(COLORS, growth.groupby("clusters"), strict=False):
        errors = [some["steps"] - some["low"], some["high"] - some["steps"]]
        axes.errorbar(some["n"], some["steps"], errors, fmt="o", color=color, label=f"K = {clusters}")
        axes.plot(some["n"], some["predicted"], "--", color=color)
    axes.plot([], [], "--", color="0.4", label=r"$\log n\,/\,{-}\log\cos^2(\pi/2K)$ + constant")
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("patterns $n$, uniform on an interval")
    axes.set_ylabel("steps until batch K-means ends")
    axes.set_title("Finite sample: Newton. Population: linear.")
    axes.legend(loc="upper left")
    return figure


def predicted(rates: pd.DataFrame, width: float) -> Figure:
    """Draw the measured rate of each set against the predicted one; faint where the data can't tell."""
    figure, panels = new(3.1, 2)
    titles = {"batch_kmeans": r"ratio of residuals, $\rho^2$", "gradient_nmax": r"$\max_k|1-\varepsilon N_k|$"}
    ranks = agreement(rates).set_index(["optimizer", "width"])
    table = medians(rates[rates["width"].isin([0.0, width])])
    for axes, (method, some) in zip(panels, table.groupby("optimizer"), strict=True):
        style = STYLES[str(method)]
        for informative, part in some.groupby("informative"):
            errors = [part["predicted"] - part["low"], part["high"] - part["predicted"]]
            alpha = 1.0 if informative else 0.25
            axes.errorbar(
                part["predicted"],
                part["measured"],
                xerr=[error.clip(lower=0) for error in errors],
                alpha=alpha,
                elinewidth=0.6,
                **style.options(linestyle=""),
            )
        axes.axline((0, 0), slope=1, color="0.6", linewidth=0.8)
        rank = ranks.loc[(method, some["width"].iloc[0])]
        axes.set_title(f"{label(str(method))}: rank correlation {rank['correlation']:.2f} ({rank['sets']:.0f} sets)")
        axes.set_xlabel(f"predicted {titles[str(method)]}")
        axes.set_ylabel("measured")
        axes.set_xlim(0, 1.05)
        axes.set_ylim(0, 1.05)
    return figure
