"""The cost along a line: parabolas that meet in kinks, and the two Newton steps that lead down."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kmeans_convergence.optimizers import Newton
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans import KMeansEvaluation
from kmeans_convergence.report.style import STYLES, new
from kmeans_convergence.report.text import booktabs, caption, long_booktabs, order_of_magnitude

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


def derivation(checks: pd.DataFrame) -> str:
    """One row for each machine check of the derivation."""
    rows = [
        [
            row["step"],
            row["statement"],
            row["method"],
            str(row["cases"]),
            order_of_magnitude(row["worst_error"]),
            order_of_magnitude(row["tolerance"]),
            "holds" if row["holds"] else r"\textbf{fails}",
        ]
        for _, row in checks.iterrows()
    ]
    text = r">{\raggedright\arraybackslash}"
    return booktabs(
        rf"@{{}}{text}p{{2cm}}{text}p{{5.0cm}}{text}p{{1.7cm}}rrrl@{{}}",
        ["step", "statement", "method", "cases", "worst error", "tolerance", "verdict"],
        rows,
        spaced=True,
    )


def theorems(checks: pd.DataFrame) -> str:
    """One row for each theorem, over pages, with a rule between topics; the caption is a macro of the report."""
    rows: list[list[str]] = []
    for _, topic in checks.groupby("topic", sort=False):
        of_topic = [_theorem(row) for _, row in topic.iterrows()]
        if rows:
            of_topic[0][0] = r"\midrule" + "\n" + of_topic[0][0]
        rows += of_topic
    text = r">{\raggedright\arraybackslash}"
    columns = rf"@{{}}{text}p{{2.4cm}}{text}p{{7.1cm}}{text}p{{1.9cm}}rrl@{{}}"
    header = ["theorem", "statement and hypotheses", "check", "cases", "worst error", "verdict"]
    return long_booktabs(columns, header, rows, caption("theorems"))


def _theorem(row: pd.Series) -> list[str]:
    source = "" if pd.isna(row["reference"]) or not row["reference"] else rf" \citep{{{row['reference']}}}"
    given = "" if row["hypotheses"] == "none" else rf" \emph{{Given:}} {row['hypotheses']}."
    return [
        row["step"] + source,
        f"{row['statement']}.{given}",
        row["method"],
        str(row["cases"]),
        order_of_magnitude(row["worst_error"]),
        "holds" if row["holds"] else r"\textbf{fails}",
    ]
