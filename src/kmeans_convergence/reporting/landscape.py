"""The cost along a line: parabolas that meet in kinks, and the two Newton steps that lead down."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from kmeans_convergence.optimizers import Newton
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans import KMeansEvaluation
from kmeans_convergence.reporting.style import STYLES, new

# Five patterns on a line. The second prototype stays, the first moves through the positions that are drawn.
PATTERNS = np.array([[0.0], [0.8], [2.5], [4.0], [5.0]])
SECOND = 0.4
LEFT, RIGHT = 1.0, 11.0
START = 6.6
POINTS = 2001


def slice_through_kinks(start: float = START) -> Figure:
    """Draw E against the position of one prototype, and the parabolas that Newton's method sees from a start on."""
    problem = QuantizationProblem(PATTERNS)
    position = np.linspace(LEFT, RIGHT, POINTS)
    evaluation = problem.evaluate(prototypes(position))

    figure, axes = new(2.9)
    for kink in position[1:][(evaluation.assignments[1:] != evaluation.assignments[:-1]).any(axis=1)]:
        axes.axvline(kink, color="0.8", linewidth=0.6, zorder=0)
    axes.plot(position, evaluation.cost, color="black", linewidth=1.6, label="cost $E$")
    here = np.array([start])
    for method, line, name in (("batch_kmeans", "--", "first"), ("online_kmeans", "-.", "second")):
        color = STYLES[method].color
        at = problem.evaluate(prototypes(here))
        target = Newton().step(at, 1)[:, 0]
        axes.plot(position, model(at, position), color=color, linestyle=line, label=f"second-order model, {name} step")
        axes.plot(here, at.cost, "o", color=color, markerfacecolor="white", markersize=5)
        axes.plot(target, model(at, target), STYLES[method].marker, color=color, markersize=4)
        here = target
    axes.plot(PATTERNS[:, 0], np.zeros(len(PATTERNS)), "|", color="black", markersize=10)
    axes.set_ylim(0, 1.15 * evaluation.cost.max())
    axes.set_xlim(LEFT, RIGHT)
    axes.set_xlabel("position of the first prototype (no unit)")
    axes.set_ylabel("quantisation error (no unit)")
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def prototypes(position: np.ndarray) -> np.ndarray:
    """Return the pairs (position, SECOND), shape (R, 2, 1)."""
    return np.stack([position, np.full(len(position), SECOND)], axis=1)[..., None]


def model(at: KMeansEvaluation, position: np.ndarray) -> np.ndarray:
    """Return the second-order model of E around one point, at other positions of the first prototype."""
    move = position - at.w[0, 0, 0]
    return at.cost[0] + at.gradient[0, 0] * move + 0.5 * at.counts[0, 0] * move**2
