"""The comparison of many optimizers on many data sets, in figures."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import scikit_posthocs
import seaborn
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter
from matplotlib.transforms import Bbox

from kmeans_convergence.report.style import TALLEST, TEXT_WIDTH, look, use
from kmeans_convergence.statistics.paired import FIRST, REFERENCE
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS
from kmeans_convergence.studies.comparison.show.labels import label

# Per cent; smaller excesses are drawn on the frame.
LOWEST = 1e-4
# Ends of the axis of final costs above the best known, in per cent.
SMALLEST, LARGEST = 0.01, 100.0
# Ends of the colours of the heat map: per cent of difference, and ratio of passes.
COST_SCALE, PASSES_SCALE = 3.0, 10.0
# Columns of the figure of run times.
FAMILIES = {"alternation": "alternation", "gradient": "gradients", "noisy": "pattern by pattern, mini-batches"}
# Per cent of difference up to which the axis of costs is linear.
LINEAR = 4
STARTS = {"patterns": "patterns", "plusplus": "k-means++"}
WORDS = {"own_1": "1 %", "own_0.1": "0.1 %", "best_1": "1 %", "best_0.1": "0.1 %"}


def convergence(curves: pd.DataFrame, panels: Sequence[tuple[str, int]], methods: Sequence[str]) -> Figure:
    """Draw the excess over the run's own limit against passes: median and quartiles, one panel for each problem.

    Parameters
    ----------
    curves : DataFrame
        Of one kind of start.
    panels : sequence of (data set, number of prototypes)
    methods : sequence of str
    """
    columns = min(4, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure, axes = _grid(0.6 + 1.45 * rows, rows, columns, sharex=True, sharey=True)
    for panel, (dataset, clusters) in zip(axes.flat, panels, strict=False):
        some = curves[(curves["dataset"] == dataset) & (curves["clusters"] == clusters) & (curves["passes"] > 0)]
        for method in methods:
            rows_of = some[some["optimizer"] == method]
            low, middle, high = (np.maximum(100 * rows_of[q], LOWEST / 2) for q in ("low", "median", "high"))
            _curve(panel, method, rows_of["passes"], middle)
            panel.fill_between(rows_of["passes"], low, high, color=look(method).color, alpha=0.2, linewidth=0)
        # a long name has a line of its own
        panel.set_title((",\n" if len(dataset) > 18 else ", ").join([dataset, f"K = {clusters}"]), fontsize=8)
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_ylim(LOWEST, None)
        panel.yaxis.set_major_locator(FixedLocator([1e-4, 1e-2, 1, 100]))
        panel.yaxis.set_major_formatter(FuncFormatter(_plain))
        panel.yaxis.set_minor_locator(NullLocator())
        _factors(panel, [0.1, 1, 10, 100])
        panel.set_xlim(FIRST, curves["passes"].max())
    for panel in axes.flat[len(panels) :]:
        panel.set_visible(False)
    figure.supxlabel("passes over the data", fontsize=9)
    figure.supylabel("excess over the run's own limit (%)", fontsize=9)
    handles, names = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=min(4, len(methods)))
    return figure


def performance_profiles(profiles: dict[str, pd.DataFrame], methods: Sequence[str]) -> Figure:
    """Draw performance profiles, one panel for each target; `profiles` holds what `profiles.performance` returns."""
    figure, axes = _grid(3.4, 1, len(profiles), sharey=True)
    for panel, (target, table) in zip(axes.flat, profiles.items(), strict=True):
        for method in methods:
            some = table[table["optimizer"] == method]
            _curve(panel, method, some["factor"], 100 * some["share"], drawstyle="steps-post")
        panel.set_title(f"to within {WORDS[target]} of the run's own limit")
        panel.set_xscale("log")
        _factors(panel, [0.1, 1, 2, 5, 10, 20, 50, 100])
        panel.set_xlim(table["factor"].min(), table["factor"].max())
        panel.set_ylim(-1, 101)
    figure.supxlabel("passes over those of the fastest method (ratio)", fontsize=9)
    axes.flat[0].set_ylabel("problems solved (%)")
    handles, names = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=4)
    return figure


def run_times(distributions: dict[str, pd.DataFrame], methods: Sequence[str]) -> Figure:
    """Draw run-time distributions with intervals, targets x families of optimizers, batch K-means in each panel.

    Parameters
    ----------
    distributions : dict
        For each target what `profiles.run_times` returns.
    methods : sequence of str
    """
    families = [family for family in FAMILIES if any(_of_family(method, family) for method in methods)]
    size = 0.4 + 2.1 * len(distributions)
    figure, axes = _grid(size, len(distributions), len(families), sharex=True, sharey=True)
    for row, (target, table) in zip(axes, distributions.items(), strict=True):
        for panel, family in zip(row, families, strict=True):
            for method in (REFERENCE, *(method for method in methods if _of_family(method, family))):
                some = table[table["optimizer"] == method]
                low, middle, high = (100 * some[column] for column in ("low", "share", "high"))
                _curve(panel, method, some["passes"], middle, drawstyle="steps-post")
                band = {"color": look(method).color, "alpha": 0.15, "linewidth": 0}
                panel.fill_between(some["passes"], low, high, step="post", **band)
            panel.set_xscale("log")
            _factors(panel, [0.1, 1, 10, 100])
            panel.set_xlim(table["passes"].min(), table["passes"].max())
            panel.set_ylim(-1, 101)
        row[0].set_ylabel(f"runs within {WORDS[target]} of the best (%)")
    for panel, family in zip(axes[0], families, strict=True):
        panel.set_title(FAMILIES[family])
        panel.legend(loc="upper left", fontsize=7)
    figure.supxlabel("passes over the data", fontsize=9)
    return figure


def _of_family(method: str, family: str) -> bool:
    """Say whether an optimizer other than batch K-means belongs to a family."""
    return method != REFERENCE and CONTENDERS[method].family == family


def final_costs(excesses: dict[str, pd.DataFrame], methods: Sequence[str]) -> Figure:
    """Draw the distributions of final costs above the best known, one panel for each of the columns end and limit.

    Parameters
    ----------
    excesses : dict
        For each column what `profiles.excess` returns.
    methods : sequence of str
    """
    figure, axes = _grid(3.4, 1, len(excesses), sharey=True)
    for panel, (column, table) in zip(axes.flat, excesses.items(), strict=True):
        for method in methods:
            some = table[table["optimizer"] == method]
            # beyond the frame on either side, whatever it is: infinity has no place on an axis
            drawn = np.clip(some["excess"], SMALLEST / 2, 2 * LARGEST)
            seaborn.ecdfplot(x=drawn, weights=some["weight"], ax=panel, **_line(method))
        panel.set_title({"end": "where the budget ends", "limit": "after the polish by batch K-means"}[column])
        panel.set_xscale("log")
        _factors(panel, [0.01, 0.1, 1, 10, 100])
        panel.set_xlim(SMALLEST, LARGEST)
        panel.set_ylim(-0.01, 1.01)
        panel.yaxis.set_major_formatter(PercentFormatter(1, symbol=None))
        panel.set_xlabel("")
    figure.supxlabel("final cost above the best known (%)", fontsize=9)
    axes.flat[0].set_ylabel("runs that end as low (%)")
    handles, names = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=4)
    return figure


def quality_against_speed(summary: pd.DataFrame, target: str = "0.1") -> Figure:
    """Draw one mark for each optimizer and a panel for each kind of start: final cost against passes, with intervals.

    Both are relative to batch K-means. A hollow mark stands where the passes are a bound from below; a dotted line
    leads to the cost after the polish.

    Parameters
    ----------
    summary : DataFrame
        As `summary.summarize` returns it, of one budget.
    target : str
        "1" or "0.1" per cent of the run's own limit.
    """
    starts = [start for start in STARTS if start in set(summary["start"])]
    figure, axes = _grid(min(3.9 * len(starts), TALLEST), len(starts), 1, sharex=True)
    x, y = f"ratio_{target}", "end"
    drawn = []
    for panel, start in zip(axes.flat, starts, strict=True):
        some = summary[(summary["start"] == start) & np.isfinite(summary[x]) & np.isfinite(summary[y])]
        rows = [row for _, row in some.iterrows()]
        drawn.append(rows)
        panel.axhline(0, color="0.8", linewidth=0.6, zorder=0)
        panel.axvline(1, color="0.8", linewidth=0.6, zorder=0)
        for row in rows:
            color, marker = look(row["optimizer"]).color, look(row["optimizer"]).marker
            bound = bool(row[f"bound_{target}"])
            panel.plot([row[x]] * 2, [row[y], row["limit"]], color=color, linewidth=0.7, linestyle=":", zorder=1)
            panel.errorbar(
                row[x],
                row[y],
                # what a bound is below has no other end
                xerr=[[0 if bound else row[x] - row[f"{x}_low"]], [0 if bound else row[f"{x}_high"] - row[x]]],
                yerr=[[row[y] - row[f"{y}_low"]], [row[f"{y}_high"] - row[y]]],
                color=color,
                marker=marker,
                markerfacecolor="white" if bound else color,
                linestyle="none",
                elinewidth=0.6,
                markersize=4.5,
            )
        panel.set_xscale("log")
        _factors(panel, [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50])
        # beyond, one long interval would squeeze all others
        panel.set_yscale("symlog", linthresh=LINEAR, linscale=1.5)
        panel.set_yticks([*range(-4, 6, 2), *(sign * value for value in (10, 30, 100, 300) for sign in (-1, 1))])
        panel.yaxis.set_major_formatter("{x:.0f}")
        panel.yaxis.set_minor_locator(NullLocator())
        panel.margins(0.12, 0.06)
        panel.set_title(f"starts from {STARTS[start]}: slower is right, worse is up")
    figure.supxlabel(
        f"passes to within {target} % of the run's own limit, over those of batch K-means (ratio)", fontsize=9
    )
    figure.supylabel("final cost against batch K-means (% of difference)", fontsize=9)
    # names find their places when everything else has its own
    for panel, rows in zip(axes.flat, drawn, strict=True):
        bars = [Bbox([[row[f"{x}_low"], row[f"{y}_low"]], [row[f"{x}_high"], row[f"{y}_high"]]]) for row in rows]
        _annotate(figure, panel, [(row[x], row[y], label(row["optimizer"])) for row in rows], bars)
    return figure


def heat_map(cost: pd.DataFrame, ratio: pd.DataFrame, datasets: pd.DataFrame) -> Figure:
    """Draw sets x optimizers: final cost and passes, both relative to batch K-means.

    Parameters
    ----------
    cost : DataFrame
        Sets x optimizers, in per cent of difference.
    ratio : DataFrame
        The same for the ratio of passes.
    datasets : DataFrame
        Sets are sorted by their number of patterns, optimizers by their average cost.
    """
    order = datasets.set_index("name")["n"].reindex(cost.index).sort_values(kind="stable").index
    columns = cost.drop(columns=REFERENCE).mean().sort_values(kind="stable").index
    cost, ratio = cost.loc[order, columns], ratio.reindex(index=order, columns=columns)
    # bars and names of optimizers take 2.1 in; rows get narrower before the figure outgrows its page
    row = min(0.115, (TALLEST - 2.1) / len(order))
    figure, axes = _grid(2.1 + row * len(order), 1, 2, sharey=True)
    scales = (
        (cost, Normalize(-COST_SCALE, COST_SCALE), "final cost (% of difference)", [-3, 0, 3]),
        (ratio, LogNorm(1 / PASSES_SCALE, PASSES_SCALE), "passes (ratio)", [0.1, 1, 10]),
    )
    for panel, (table, norm, title, ticks) in zip(axes.flat, scales, strict=True):
        # lightness falls in one direction, so that it reads in grey; what was not run stays white
        seaborn.heatmap(
            table,
            ax=panel,
            norm=norm,
            cmap="cividis",
            linewidths=0.3,
            xticklabels=[label(method) for method in columns],
            yticklabels=order,
            cbar_kws={
                "location": "top",
                "extend": "both",
                "aspect": 40,
                "ticks": ticks,
                "label": title,
                "format": FuncFormatter(_plain),
            },
        )
        panel.collections[0].colorbar.minorticks_off()
        panel.tick_params("x", length=0, labelsize=6, rotation=90)
        panel.tick_params("y", length=0, labelsize=min(6, 0.85 * 72 * row), rotation=0)
        panel.set(xlabel="", ylabel="")
    return figure


def critical_difference(ranks: pd.Series, p: pd.DataFrame, value: str) -> Figure:
    """Draw average ranks; a bar joins the optimizers between which no pairwise test finds a difference.

    Parameters
    ----------
    ranks : Series
        By optimizer.
    p : DataFrame
        Corrected p-values, optimizers x optimizers.
    value : str
        What was ranked, in words.
    """
    figure, axes = _grid(0.9 + 0.11 * len(ranks), 1, 1)
    keys = list(ranks.index)
    # numbers for names: the library keeps names in sets, whose order changes from process to process
    numbered = pd.Series(ranks.to_numpy(), index=range(len(keys)))
    matrix = pd.DataFrame(p.loc[keys, keys].to_numpy(), index=numbered.index, columns=numbered.index)
    drawn = scikit_posthocs.critical_difference_diagram(
        numbered,
        matrix,
        ax=axes.flat[0],
        label_fmt_left="{label} {rank:.1f}",
        label_fmt_right="{label} {rank:.1f}",
        color_palette={i: look(key).color for i, key in enumerate(keys)},
        label_props={"fontsize": 8},
        elbow_props={"linewidth": 0.7},
        crossbar_props={"linewidth": 1.6, "color": "0.3"},
        marker_props={"s": 9},
    )
    for text in drawn["labels"]:
        number, rank = text.get_text().split()
        name = label(keys[int(number)])
        text.set(color="black", text=f"{name} ({rank})" if text.get_ha() == "right" else f"({rank}) {name}")
    axes.flat[0].set_title(f"average rank by {value}: lower is better", loc="center", pad=10)
    return figure


def winners(ratio: pd.DataFrame, datasets: pd.DataFrame, methods: Sequence[str]) -> Figure:
    """Draw the ratio of passes of each set against its size, overlap and conditioning, with lines of least squares.

    Parameters
    ----------
    ratio : DataFrame
        Sets x optimizers: passes over those of batch K-means.
    datasets : DataFrame
    methods : sequence of str
    """
    figure, axes = _grid(3.2, 1, 3, sharey=True)
    table = datasets.set_index("name").reindex(ratio.index)
    titles = {
        "n": "patterns",
        "overlap": "patterns near a face (%)",
        "condition": "condition of the correlations",
    }
    for panel, (column, title) in zip(axes.flat, titles.items(), strict=True):
        panel.axhline(1, color="0.6", linewidth=0.6, zorder=0)
        x = 100 * table[column].to_numpy(dtype=float) if column == "overlap" else table[column].to_numpy(dtype=float)
        for method in methods:
            y = ratio[method].to_numpy()
            known = np.isfinite(x) & np.isfinite(y) & (x > 0)
            style = look(method)
            panel.plot(x[known], y[known], **style.options(linestyle="none", markersize=3, alpha=0.8))
            line = _fit(np.log(x[known]), np.log(y[known]))
            panel.plot(np.exp(line[0]), np.exp(line[1]), **style.options(marker=""))
            panel.plot([], [], **style.options(label=label(method)))
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xlabel(title)
        ticks = _round_numbers(*panel.get_xlim())
        # few enough to be read beside each other
        _factors(panel, ticks[:: math.ceil(len(ticks) / 5)])
    panel = axes.flat[0]
    panel.yaxis.set_major_locator(FixedLocator([0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 100]))
    panel.yaxis.set_major_formatter(FuncFormatter(_plain))
    panel.yaxis.set_minor_locator(NullLocator())
    panel.set_ylabel("passes over those of batch K-means (ratio)")
    handles, names = panel.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=min(4, len(methods)))
    return figure


def _fit(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the line of least squares; nothing if all x are the same."""
    if x.size < 2 or np.ptp(x) == 0:
        return np.empty(0), np.empty(0)
    ends = np.array([x.min(), x.max()])
    slope = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
    return ends, y.mean() + slope * (ends - x.mean())


def _grid(height: float, rows: int, columns: int, **options: Any) -> tuple[Figure, np.ndarray]:
    """Return a figure as wide as the text with its panels, shape (rows, columns)."""
    use()
    from matplotlib import pyplot  # after the backend has been chosen

    return pyplot.subplots(rows, columns, figsize=(TEXT_WIDTH, height), squeeze=False, **options)


def _curve(axes: Axes, method: str, x: pd.Series, y: pd.Series, **more: Any) -> None:
    """Draw a line with a few markers."""
    axes.plot(x, y, **_line(method, **more))


def _line(method: str, **more: Any) -> dict[str, Any]:
    """Return the keyword arguments of a line with a few markers, at other places for each method, and its name."""
    shift = list(itertools.islice(itertools.cycle((0.0, 0.03, 0.06, 0.09)), 40))[sum(map(ord, method)) % 40]
    return look(method).options(label=label(method), markevery=(shift, 0.2), **more)


def _factors(axes: Axes, ticks: Sequence[float]) -> None:
    """Set plain ticks on a logarithmic axis."""
    axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
    axes.xaxis.set_major_formatter(FuncFormatter(_plain))
    axes.xaxis.set_minor_locator(NullLocator())


def _round_numbers(low: float, high: float) -> list[float]:
    """Return the powers of ten in a range, and twice and five times these if the range is short."""
    steps = (1, 2, 5) if high / low < 100 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [tick for power in powers for step in steps if low <= (tick := step * 10.0**power) <= high]


def _plain(value: float, _: int) -> str:
    """Return a tick's label without an exponent where that is short."""
    if value != 0 and not 1e-3 <= abs(value) < 1e5:
        return f"$10^{{{round(math.log10(value))}}}$"
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def _annotate(
    figure: Figure, axes: Axes, points: Sequence[tuple[float, float, str]], intervals: Sequence[Bbox]
) -> None:
    """Put a name beside each point where it covers no other name, point or interval, nearest places first."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    scale = figure.dpi / 72
    at = [axes.transData.transform((x, y)) for x, y, _ in points]
    taken = [Bbox.from_bounds(x - 4 * scale, y - 4 * scale, 8 * scale, 8 * scale) for x, y in at]
    for (x, y), interval in zip(at, intervals, strict=True):
        (left, bottom), (right, top) = axes.transData.transform(interval.get_points())
        taken += [Bbox([[left, y - scale], [right, y + scale]]), Bbox([[x - scale, bottom], [x + scale, top]])]
    frame = axes.get_window_extent(renderer)
    for (x, y, name), (px, py) in zip(points, at, strict=True):
        text = axes.annotate(name, (x, y), xytext=(0, 0), textcoords="offset points", fontsize=7, va="center")
        size = text.get_window_extent(renderer)
        places = []
        for radius, angle in itertools.product((7, 12, 18, 26, 36, 48, 62, 78, 96), range(0, 360, 30)):
            dx, dy = radius * math.cos(math.radians(angle)), 0.8 * radius * math.sin(math.radians(angle))
            side = "left" if dx > 1 else "right" if dx < -1 else "center"
            left = px + dx * scale - {"left": 0, "right": size.width, "center": size.width / 2}[side]
            box = Bbox.from_bounds(left, py + dy * scale - size.height / 2, size.width, size.height)
            inside = box.x0 >= frame.x0 and box.x1 <= frame.x1 and box.y0 >= frame.y0 and box.y1 <= frame.y1
            places.append((sum(box.overlaps(other) for other in taken) + 100 * (not inside), dx, dy, side, box))
        _, dx, dy, side, box = min(places, key=lambda place: place[0])
        text.set(position=(dx, dy), ha=side)
        if math.hypot(dx, dy) > 10:
            axes.annotate(
                "",
                (x, y),
                xytext=(dx, dy),
                textcoords="offset points",
                arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.4, "shrinkB": 3},
            )
        taken.append(box)
