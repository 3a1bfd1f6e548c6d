"""Figures of predicted and measured rates of convergence."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from kmeans_convergence.report.style import STYLES, new
from kmeans_convergence.report.text import booktabs, fixed, number
from kmeans_convergence.studies.rates.analysis.contraction import medians

COLORS = ("#0072B2", "#009E73", "#D55E00", "#000000")
MARKERS = ("o", "s", "^", "D")


def finite_sample(growth: pd.DataFrame) -> Figure:
    """Draw Lloyd's steps until it ends against the size of the sample, with what the population's rate predicts."""
    figure, panels = new(3.4, 2)
    titles = {False: "samples of uniform densities", True: "samples of pixels"}
    for axes, (real, part) in zip(panels, growth.groupby("real"), strict=False):
        for color, marker, (source, some) in zip(COLORS, MARKERS, part.groupby("source", sort=False), strict=False):
            errors = [some["steps"] - some["low"], some["high"] - some["steps"]]
            name = str(source).replace("_px", "")
            title = rf"{name}; $\rho$ = {some['rate'].iloc[0]:.2f}"
            axes.errorbar(some["n"], some["steps"], errors, fmt=marker, color=color, markersize=4, label=title)
            axes.plot(some["n"], some["predicted"], "--", color=color, linewidth=0.9)
        axes.plot([], [], "--", color="0.4", label=r"$\log n\,/\,{-}\log\rho$ + constant")
        axes.set_xscale("log")
        # the legend lies above the marks
        axes.set_ylim(0, 1.35 * axes.get_ylim()[1])
        axes.set_xlabel("patterns $n$")
        axes.set_title(titles[bool(real)])
        axes.legend(loc="upper left", fontsize=7)
    panels[0].set_ylabel("steps until batch K-means ends")
    figure.suptitle("Finite sample: Newton. Population: linear.")
    return figure


def kernels(table: pd.DataFrame) -> Figure:
    """Draw estimates of rho against the width of the kernel, with the deviation of a sample, beside what is known."""
    figure, panels = new(2.7, 3)
    labels = {"flat": "flat", "extrapolated": "extrapolated to the face"}
    for axes, (density, part) in zip(panels, table.groupby("density", sort=False), strict=True):
        for color, marker, (kernel, some) in zip(COLORS, MARKERS, part.groupby("kernel", sort=False), strict=False):
            axes.errorbar(
                some["width"],
                some["rate"],
                some["deviation"],
                marker=marker,
                markersize=4,
                color=color,
                label=labels[str(kernel)],
            )
        axes.axhline(
            part["known"].iloc[0],
            color="0.3",
            linewidth=0.8,
            linestyle="--",
            label=f"sample of {part['large'].iloc[0]:,}",
        )
        axes.set_title(str(density))
        axes.set_xlabel("half-width $c$ of the kernel")
    panels[0].set_ylabel(r"estimate of $\rho$")
    handles, names = panels[0].get_legend_handles_labels()
    title = f"samples of {table['n'].iloc[0]:,} patterns, kernel:"
    figure.legend(handles, names, loc="outside upper center", ncols=3, title=title)
    return figure


def predicted(rates: pd.DataFrame, agreement: pd.DataFrame, widths: dict[str, float]) -> Figure:
    """Draw the measured rate of each set against the predicted one, for a width of each method; faint: can't tell."""
    figure, panels = new(3.0, 3)
    titles = {
        "batch_kmeans": r"ratio of residuals, $\rho^2$",
        "gradient_nmax": r"$\max_k|1-\varepsilon N_k|$",
        "lloyd_steps": "share of a step repeated",
    }
    names = {
        "batch_kmeans": "batch, at the end",
        "gradient_nmax": "gradient, 1/N",
        "lloyd_steps": "batch, on the way",
    }
    ranks = agreement.set_index(["optimizer", "width"])
    table = medians(rates[rates["width"] == rates["optimizer"].map(widths)])
    for axes, (method, some) in zip(panels, table.groupby("optimizer"), strict=True):
        style = STYLES["batch_kmeans" if method == "lloyd_steps" else str(method)]
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
        axes.set_title(f"{names[str(method)]}: {rank['correlation']:.2f} ({rank['sets']:.0f} sets)", fontsize=8)
        axes.set_xlabel(f"predicted {titles[str(method)]}")
        most = 1.3 if method == "lloyd_steps" else 1.05
        axes.set_xlim(0, most)
        axes.set_ylim(0, most)
    panels[0].set_ylabel("measured")
    return figure


def agreements(table: pd.DataFrame) -> str:
    """Return how well predicted rates of batch K-means agree with measured ones, for each width of the kernel."""
    names = {"batch_kmeans": "at the end of the run", "lloyd_steps": "on its way"}
    rows = [
        [
            names[row["optimizer"]],
            number(row["width"], 2),
            str(row["sets"]),
            _correlation(row, "correlation", "low", "high"),
            str(row["sets"] + row["silent"]),
            _correlation(row, "all", "all_low", "all_high"),
            "--" if pd.isna(row["bias"]) else fixed(row["bias"], 3),
        ]
        for _, row in table[table["optimizer"].isin(names)].iterrows()
    ]
    header = ["faces", "$c$", "sets that can tell", "correlation", "all sets", "correlation", "bias"]
    return booktabs("@{}lrrrrrr@{}", header, rows)


def _correlation(row: pd.Series, *columns: str) -> str:
    """Return a correlation with its interval, or a dash."""
    value, low, high = row[list(columns)]
    if pd.isna(value):
        return "--"
    return fixed(value, 2) + ("" if pd.isna(low) else f" [{fixed(low, 2)}, {fixed(high, 2)}]")
