"""A map and its Shepard diagram, as a figure, as a table and in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kmeans_convergence.report.style import new, set_title, settable
from kmeans_convergence.studies.comparison.run.maps import SAME, Map

# Points whose names can be read side by side.
READABLE = 50

POINT, PAIR, WANTED = "#0072B2", "0.45", "#D55E00"


def table(found: Map, names: Sequence[str]) -> pd.DataFrame:
    """Return the coordinates of all points and their names."""
    columns = {f"x{axis + 1}": values for axis, values in enumerate(found.X.T)}
    return pd.DataFrame({"point": [name.strip("'") for name in names]} | columns)


def words(found: Map) -> str:
    """Say how good the map is, how surely it is the best one, and what classical scaling is worth."""
    excess = 100 * found.classical_excess
    leads = (
        "from it as a start one comes to the same map"
        if found.classical_excess <= SAME
        else f"from it as a start one comes to a map whose stress is {excess:.2g} % higher"
    )
    return (
        f"The map is the best one found, by {found.found_by}: stress-1 is {found.stress_1:.3g}, and the rank "
        f"correlation of its distances with the dissimilarities {found.correlation:.3f}. {found.same:.0%} of all runs "
        f"end within {100 * SAME:g} % of its stress. Classical scaling, one eigendecomposition, has stress-1 "
        f"{found.classical_stress_1:.3g}; {leads}.\n"
    )


def draw(found: Map, names: Sequence[str], title: str) -> Figure:
    """Draw the map, its first two axes, beside the distances of all pairs against their dissimilarities.

    Parameters
    ----------
    found : Map
    names : sequence of str
        Of the points; they are shown where there are few, and they have names.
    title : str
    """
    figure, (left, right) = new(3.2, 2, width_ratios=(3, 2))
    X = np.column_stack([found.X, np.zeros(len(found.X))])[:, :2]
    left.scatter(*X.T, s=8, color=POINT, linewidth=0)
    if len(X) <= READABLE and all(name.startswith(("'", '"')) for name in names):
        for name, (x, y) in zip(names, X, strict=True):
            left.annotate(settable(name[1:-1]), (x, y), (2, 2), textcoords="offset points", size=6, parse_math=False)
    left.set_aspect("equal", adjustable="datalim")
    left.set_xlabel("first axis")
    left.set_ylabel("second axis" if found.X.shape[1] > 1 else "")
    set_title(left, title)
    order = np.argsort(found.dissimilarities, kind="stable")
    wanted = found.dissimilarities if found.disparities is None else found.disparities
    right.scatter(
        found.dissimilarities, found.distances, s=4, color=PAIR, alpha=0.5, linewidth=0, rasterized=len(order) > 5000
    )
    right.plot(
        found.dissimilarities[order],
        wanted[order],
        color=WANTED,
        drawstyle="default" if found.disparities is None else "steps-mid",
        label="dissimilarity" if found.disparities is None else "disparity",
    )
    right.set_xlabel("dissimilarity")
    right.set_ylabel("distance in the map")
    right.legend(loc="upper left", title="wanted:")
    return figure
