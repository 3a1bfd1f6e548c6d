"""Where the runs end, beside what the paper reports."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from kmeans_convergence.report.style import STYLES, new
from kmeans_convergence.studies.replication.analysis.conventions import Reported


def limits(described: np.ndarray, candidate: np.ndarray, reported: Reported, unit: str) -> Figure:
    """Draw the distribution of E_infinity as described and under the candidate, with the reported figures.

    Parameters
    ----------
    described, candidate : ndarray of shape (R,)
        E_infinity of batch K-means without the factor 1/2.
    reported : Reported
    unit : str
        Of the features.
    """
    figure, panels = new(3.0, 2, sharex=True, sharey=True)
    titles = ("four features, as described", "three features, the candidate")
    bins = np.arange(3000, 8001, 125)
    for axes, values, title in zip(panels, (described, candidate), titles, strict=True):
        axes.hist(values, bins, weights=np.full(len(values), 100 / len(values)), color="0.8", edgecolor="0.5", lw=0.4)
        for name, (low, high) in (("min", reported.minimum), ("mean", reported.mean), ("max", reported.maximum)):
            axes.axvline((low + high) / 2, color=STYLES["online_kmeans"].color, linewidth=1.0)
            axes.annotate(
                name,
                ((low + high) / 2, 1.0),
                xycoords=("data", "axes fraction"),
                ha="left",
                va="top",
                fontsize=8,
                xytext=(2, 0),
                textcoords="offset points",
            )
        axes.axvline(values.mean(), color=STYLES["batch_kmeans"].color, linewidth=1.0, linestyle="--")
        axes.set_title(title)
        axes.set_xlabel(rf"$E_\infty$ without the factor ½ ({unit}$^2$)")
    panels[0].set_ylabel("runs (%)")
    return figure
