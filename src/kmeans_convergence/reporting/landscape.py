"""The cost along a line: parabolas that meet in kinks, which is why the Hessian is what it is."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.reporting.style import STYLES, new

POINTS = 2001


def slice_through_kinks() -> Figure:
    """Draw E for six patterns on a line while one of two prototypes moves, and the parabola that Newton sees."""
    X = np.array([[0.0], [0.6], [1.0], [2.6], [3.0], [3.8]])
    fixed, here = 3.2, 1.9
    position = np.linspace(-0.6, 3.1, POINTS)
    problem = QuantizationProblem(X)
    w = np.stack([position, np.full(POINTS, fixed)], axis=1)[..., None]
    evaluation = problem.evaluate(w)
    kinks = position[1:][(evaluation.assignments[1:] != evaluation.assignments[:-1]).any(axis=1)]

    start = problem.evaluate(np.array([[[here], [fixed]]]))
    gradient, curvature = start.gradient[0, 0, 0], start.counts[0, 0]
    target = start.minimizer[0, 0, 0]
    parabola = start.cost[0] + gradient * (position - here) + 0.5 * curvature * (position - here) ** 2

    figure, axes = new(2.7)
    color = STYLES["batch_kmeans"].color
    axes.plot(position, evaluation.cost, color="black", linewidth=1.4, label="cost $E$")
    axes.plot(position, parabola, color=color, linestyle="--", label="second-order model at the circle")
    for kink in kinks:
        axes.axvline(kink, color="0.75", linewidth=0.6, zorder=0)
    axes.plot(here, start.cost[0], "o", color="black", markerfacecolor="white", markersize=5)
    axes.plot(
        target, np.interp(target, position, parabola), "s", color=color, label="its minimum: the mean of the patterns"
    )
    axes.plot(X[:, 0], np.zeros(len(X)), "|", color="black", markersize=9, clip_on=False)
    axes.set_ylim(0, 1.25 * evaluation.cost.max())
    axes.set_xlim(position[0], position[-1])
    axes.set_xlabel("position of the first prototype; ticks on the axis are patterns, grey lines changes of owner")
    axes.set_ylabel("quantisation error")
    axes.legend(loc="upper center", ncols=3)
    return figure
