"""Which alternations are Newton's method: the figure, the table and the numbers of their page in the report."""

from __future__ import annotations

import numpy as np
import pandas as pd
import sympy as sp
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kmeans_convergence.report.style import Style, new
from kmeans_convergence.report.text import booktabs, number, percent
from kmeans_convergence.theory.alternations.examples import EXAMPLES
from kmeans_convergence.theory.theorems.choices import variance_shares

# Quadratic costs are grey; others have the colours of Okabe and Ito.
STYLES = {
    "k-means": Style("0.35", "s", True, "-"),
    "Viterbi training": Style("0.35", "o", True, "-"),
    "clusterwise regression": Style("0.35", "^", True, "-"),
    "matching, moved": Style("0.35", "D", True, "-"),
    "Viterbi training, full": Style("#D55E00", "o", False, "-"),
    "classification EM": Style("#0072B2", "s", False, "--"),
    "k lines": Style("#009E73", "v", False, "-"),
    "matching, turned": Style("#CC79A7", "D", False, "--"),
    "squared 3-norm": Style("#000000", "P", False, ":"),
}

# Coordinates of a variance, and their lines.
COORDINATES = {"variance": ("#0072B2", "-"), "precision": ("#D55E00", "--"), "logarithm": ("#009E73", "-.")}

# Variances that are drawn, in units of the best one, and the shares of the way that the frame holds.
RATIOS = np.logspace(-1, np.log10(6), 301)
FRAME = (-3.2, 3.2)

# Distances at which the leading order stands out.
NEAR = 0.05


def newton_or_not(near: pd.DataFrame) -> Figure:
    """Draw how far Newton's step goes for a variance, and by how much it misses the minimiser on the examples."""
    figure, (left, right) = new(3.2, 2, gridspec_kw={"width_ratios": [1, 1.25]})
    _shares(left)
    for name, some in near.groupby("example", sort=False):
        right.plot(some["distance"], some["missed"], label=name, **STYLES[str(name)].options(markevery=3))
    right.set(xscale="log", yscale="log")
    right.set_xlabel("distance from the end, in the parameters' units")
    right.set_ylabel("share of it after Newton's step")
    right.set_title("(b) nine examples")
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _shares(axes: Axes) -> None:
    """Draw the share of the way to the best variance that Newton's step goes, in three coordinates."""
    v, s = sp.symbols("v s", positive=True)
    for name, share in variance_shares(v, s).items():
        values = sp.lambdify(v, share.subs(s, 1))(RATIOS)
        # the pole at twice the best variance is no line
        values = np.where(np.abs(values) > 2 * FRAME[1], np.nan, values)
        color, line = COORDINATES[name]
        axes.plot(RATIOS, values, color=color, linestyle=line, label=f"Newton, {name}")
    axes.axhline(1, color="0.4", linewidth=1.6, zorder=0, label="alternation")
    axes.axhline(0, color="0.8", linewidth=0.6, zorder=0)
    axes.set(xscale="log", ylim=FRAME)
    axes.set_xticks([0.1, 0.5, 1, 2, 5], ["0.1", "0.5", "1", "2", "5"], minor=False)
    axes.set_xticks([], minor=True)
    axes.set_xlabel("variance, relative to the best one")
    axes.set_ylabel("share of the way to the best one")
    axes.set_title("(a) one variance")
    axes.legend(loc="lower left")


def table(steps: pd.DataFrame, near: pd.DataFrame) -> str:
    """One row for each example, a rule between quadratic costs and others."""
    orders = _orders(near)
    rows = []
    for example in EXAMPLES:
        some = steps[steps["example"] == example.name]
        order = "--" if example.quadratic else f"{orders[example.name]:.0f}"
        rows.append(
            [
                example.name,
                example.choice,
                example.parameters,
                number(some["gap"].median(), 2),
                number(some["gap"].max(), 2),
                order,
                percent(some["uphill"].mean()),
                f"{some['steps'].median():g}",
                percent(some["converged"].mean()),
                percent(some["same"].mean()),
            ]
        )
    first = sum(example.quadratic for example in EXAMPLES)
    rows[first][0] = r"\midrule" + "\n" + rows[first][0]
    header = ["example", "hidden", "learned", "median", "largest", "order", "uphill", "steps", "converges", "same"]
    return booktabs("@{}lllrrrrrrr@{}", header, rows)


def _orders(near: pd.DataFrame) -> dict[str, float]:
    """Return the power of the distance with which Newton's step misses the minimiser, from the nearest distances."""
    nearest = near[near["distance"] < NEAR]
    groups = nearest.groupby("example", sort=False)
    return {str(name): 1 + np.polyfit(np.log(some["distance"]), np.log(some["missed"]), 1)[0] for name, some in groups}


def numbers(steps: pd.DataFrame) -> dict[str, str]:
    """Return the macros of the page."""
    of = dict(list(steps.groupby("example")))
    return {
        "alternationsStarts": str(len(of["k-means"])),
        "alternationsSets": str(steps["data"].nunique()),
        "alternationsEqual": number(steps.loc[steps["quadratic"], "gap"].max(), 2),
        "alternationsUphillChain": percent(of["Viterbi training, full"]["uphill"].mean()),
        "alternationsUphillMixture": percent(of["classification EM"]["uphill"].mean()),
        "alternationsConvergedChain": percent(of["Viterbi training, full"]["converged"].mean()),
        "alternationsConvergedMixture": percent(of["classification EM"]["converged"].mean()),
        "alternationsLongest": str(int(steps["steps"].max())),
    }
