"""The patterns themselves, with the prototypes among them."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn
from matplotlib.figure import Figure

from kmeans_convergence.data import Dataset
from kmeans_convergence.errors import InputError
from kmeans_convergence.report.style import STYLES, TEXT_WIDTH, use

# A color and a marker for each prototype: no two share either.
COLORS = tuple(dict.fromkeys(style.color for style in STYLES.values()))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
MOST = min(len(COLORS), len(MARKERS))


def pairs(dataset: Dataset, w: np.ndarray, owners: np.ndarray) -> Figure:
    """Draw each feature against each other one: patterns by their prototype, and the prototypes as stars.

    Parameters
    ----------
    dataset : Dataset
    w : ndarray of shape (K, d)
    owners : ndarray of shape (n,)
        The prototype of each pattern.

    Raises
    ------
    InputError
        With more prototypes than can be distinguished.
    """
    if len(w) > MOST:
        raise InputError(f"There are {len(w)} prototypes: at most {MOST} can be distinguished in a figure.")
    use()
    names = [f"{feature} ({dataset.unit})" for feature in dataset.features]
    present = np.unique(owners)
    table = pd.DataFrame(dataset.X, columns=names).assign(prototype=owners)
    # the grid of panels has a layout of its own
    with mpl.rc_context({"figure.constrained_layout.use": False}):
        grid = seaborn.pairplot(
            table,
            vars=names,
            hue="prototype",
            hue_order=present,
            palette=[COLORS[k] for k in present],
            markers=[MARKERS[k] for k in present],
            corner=True,
            diag_kind="hist",
            height=TEXT_WIDTH / len(names),
            plot_kws={"s": 12, "linewidth": 0, "alpha": 0.7},
            diag_kws={"multiple": "stack", "bins": 20, "linewidth": 0, "alpha": 0.7},
        )
    for i, j in np.argwhere(np.tri(len(names), k=-1)):
        grid.axes[i, j].scatter(w[:, j], w[:, i], marker="*", s=110, color="black", edgecolor="white", zorder=5)
    # into the empty half of the grid, which then takes the whole width
    seaborn.move_legend(grid, "upper right", bbox_to_anchor=(0.95, 0.95))
    grid.figure.set_size_inches(TEXT_WIDTH, TEXT_WIDTH)
    grid.tight_layout(rect=(0, 0, 1, 1))
    return grid.figure
