"""Figures 1 and 2: residuals and their ratios, in the paper's form and with intervals."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from kmeans_convergence.report.style import STYLES, new
from kmeans_convergence.statistics import resampling
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.replication.analysis.original import Original
from kmeans_convergence.studies.replication.run.methods import OURS, PAPER, label

# A residual below this share of the first one is rounding, or a single run still on its way: the axis ends there.
FLOOR = 2e-5

# More labels than this on an axis are printed small.
TICKS = 12


def figures(runs: Runs, first: Runs, original: Original, unit: str, seed: int, repeats: int) -> dict[str, Figure]:
    """Return the figures by name: the paper's form shows the `first` runs, the other all `runs`."""
    return {
        "residuals_paper": residuals(first, original, unit),
        "ratios_paper": ratios(first, original),
        "residuals": residuals_with_intervals(runs, unit, seed, repeats),
        "ratios": ratios_with_intervals(runs, seed, repeats),
    }


def residuals(runs: Runs, original: Original, unit: str) -> Figure:
    """Figure 1 in the paper's form: average E_t - E_infinity after each epoch, the mixture on the right axis."""
    figure, left = new(3.4)
    right = left.twinx()
    right.spines["right"].set_visible(True)
    _paper_abscissa(left, original, "Figure 1")
    first = original.epochs("Figure 1", "first epoch")
    for axes, methods, side in ((left, PAPER, "left axis"), (right, ("mixture",), "right axis")):
        for method in methods:
            _line(axes, method, runs.residual(method).mean(axis=0)[first:], first, black=True)
        _paper_ordinate(axes, original, "Figure 1", side)
    left.set_ylabel(rf"average $E_t - E_\infty$ ({unit}$^2$)")
    right.set_ylabel("the same for the mixture (nats)")
    figure.legend(loc="outside upper center", ncols=5, columnspacing=1.2)
    return figure


def ratios(runs: Runs, original: Original) -> Figure:
    """Figure 2 in the paper's form: what the next epoch leaves of the average residual."""
    figure, axes = new(2.7)
    first = original.epochs("Figure 2", "first epoch")
    for method in (*PAPER, "mixture"):
        _line(axes, method, _ratio(runs.residual(method).mean(axis=0))[first:], first, black=True)
    _paper_abscissa(axes, original, "Figure 2")
    _paper_ordinate(axes, original, "Figure 2", "axis")
    axes.set_ylabel(r"$(E_{t+1} - E_\infty)\,/\,(E_t - E_\infty)$")
    figure.legend(loc="outside upper center", ncols=5, columnspacing=1.2)
    return figure


def residuals_with_intervals(runs: Runs, unit: str, seed: int, repeats: int) -> Figure:
    """Figure 1 from all runs: average residuals with 95 % bootstrap intervals, the mixture in a panel of its own."""
    figure, (left, right) = new(3.3, 2, sharex=True, width_ratios=(2, 1))
    sample = resampling.samples(len(runs), len(runs), repeats, seed)
    for axes, methods in ((left, OURS), (right, ("mixture",))):
        for method in methods:
            residual = runs.residual(method)
            _line(axes, method, _positive(residual.mean(axis=0)), 0)
            low, high = resampling.interval(resampling.averages(sample, residual))
            bottom = FLOOR * residual[:, 0].mean()
            axes.fill_between(
                np.arange(len(low)),
                np.maximum(low, bottom),
                np.maximum(high, bottom),
                color=STYLES[method].color,
                alpha=0.25,
                linewidth=0,
            )
        axes.set_yscale("log")
        _epochs(axes, runs)
    left.set_ylim(bottom=FLOOR * runs.residual("batch_kmeans")[:, 0].mean())
    left.set_ylabel(rf"average $E_t - E_\infty$ ({unit}$^2$)")
    right.set_ylabel("the same for the mixture (nats)")
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def ratios_with_intervals(runs: Runs, seed: int, repeats: int) -> Figure:
    """Figure 2 from all runs, with 95 % bootstrap intervals."""
    figure, axes = new(3.0)
    sample = resampling.samples(len(runs), len(runs), repeats, seed)
    for method in (*OURS, "mixture"):
        residual = runs.residual(method)
        ratio = _ratio(residual.mean(axis=0))
        _line(axes, method, ratio, 1)
        low, high = resampling.interval(_ratio(resampling.averages(sample, residual)))
        shown = np.isfinite(ratio)
        axes.fill_between(
            np.arange(1, len(low) + 1), low, high, where=shown, color=STYLES[method].color, alpha=0.25, linewidth=0
        )
    _ratio_axes(axes, runs)
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def _line(axes: Axes, method: str, values: np.ndarray, first: int, black: bool = False) -> None:
    """Draw one method; `values` start at epoch `first`. The paper's figures are black."""
    options = STYLES[method].options(label=label(method))
    if black:
        face = "black" if STYLES[method].filled else "white"
        options |= {"color": "black", "markerfacecolor": face, "linestyle": "-", "linewidth": 0.7}
    axes.plot(np.arange(first, first + len(values)), values, **options)


def _paper_abscissa(axes: Axes, original: Original, name: str) -> None:
    """Give the epochs of one of the paper's figures."""
    first, last = (original.epochs(name, f"{end} epoch") for end in ("first", "last"))
    axes.set_xlabel("t (epochs)")
    axes.set_xticks(range(first, last + 1))
    axes.set_xlim(first - 0.3, last + 0.3)


def _paper_ordinate(axes: Axes, original: Original, name: str, side: str) -> None:
    """Give an axis the labels that it has in the paper; what lies above its end is drawn too."""
    end, tick = original.axis(name, side)
    axes.set_yticks(tick * np.arange(1, round(end / tick) + 1))
    axes.tick_params(axis="y", labelsize=5 if end / tick > TICKS else 8)
    axes.set_ylim(0, max(1.01 * end, axes.get_ylim()[1]))


def _positive(residual: np.ndarray) -> np.ndarray:
    """Leave out what a logarithmic axis can't show: residuals that are zero but for rounding."""
    return np.where(residual > FLOOR * residual[0], residual, np.nan)


def _ratio(residual: np.ndarray) -> np.ndarray:
    """Return ratios of successive residuals (..., T + 1) -> (..., T), missing once the residual is rounding."""
    before, after = residual[..., :-1], np.maximum(residual[..., 1:], 0)
    known = before > FLOOR * residual[..., :1]
    return np.divide(after, before, out=np.full_like(after, np.nan), where=known)


def _epochs(axes: Axes, runs: Runs) -> None:
    axes.set_xlabel("epochs (passes over the data)")
    axes.xaxis.set_major_locator(MultipleLocator(5))
    axes.set_xlim(-0.4, next(iter(runs.cost.values())).shape[1] - 0.6)


def _ratio_axes(axes: Axes, runs: Runs) -> None:
    _epochs(axes, runs)
    axes.set_ylim(0, 1.02)
    axes.set_ylabel(r"$(E_t - E_\infty)\,/\,(E_{t-1} - E_\infty)$")
