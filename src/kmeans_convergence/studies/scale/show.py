"""Figure, table and numbers of the passes that are worth making."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kmeans_convergence.report.predictions import COLUMNS, HEADER, rows
from kmeans_convergence.report.style import STYLES, Style, new
from kmeans_convergence.report.text import COUNTS, booktabs, fixed, interval, number, percent, thousands
from kmeans_convergence.statistics.predictions import CONFIRMED
from kmeans_convergence.studies.scale.run import ENDING, MIXTURES

# What is drawn: method, factor (blank for those without), words and style.
LINES: tuple[tuple[str, float | None, str, Style], ...] = (
    ("batch_kmeans", None, "batch K-means", STYLES["batch_kmeans"]),
    ("face_newton", None, "Newton with face terms", STYLES["face_newton"]),
    ("online_kmeans", 1.0, "one pass of $1/n_k$, start overwritten", STYLES["online_kmeans"]),
    ("kept", 1.0, "one pass of $1/n_k$, start kept", STYLES["online_kmeans_one"]),
    ("online_kmeans", 8.0, "one pass of $8/n_k$, start overwritten", STYLES["minibatch_c4"]),
    ("kept", 8.0, "one pass of $8/n_k$, start kept", STYLES["minibatch_counts"]),
)
# Beside a mixture, a photograph.
PHOTOGRAPH = "retina_px"

# Predictions that were stated before anything was measured, and the macros of some.
FIRST = 12
SAID = {
    "L1": "scaleMinimiserExact",
    "L2": "scaleMinimiserMixtures",
    "L3": "scaleMinimiserPhotographs",
    "L7": "scalePower",
    "L9": "scaleOverwrittenCosts",
    "L10": "scalePasses",
    "L13": "scaleKeptExact",
    "L14": "scaleKeptMixtures",
    "L15": "scaleKeptPhotographs",
    "L17": "scaleKeptCosts",
    "L18": "scaleOverwriting",
}


def worth(excess: pd.DataFrame, passes: pd.DataFrame, agreement: pd.DataFrame) -> Figure:
    """Draw the mean excess of the largest samples against passes, relative to the statistical error.

    Parameters
    ----------
    excess, passes : DataFrame
        See `studies.scale.run.Tables`.
    agreement : DataFrame
        See `studies.scale.analysis.agreement`.
    """
    figure, axes = new(3.3, 2, sharey=True)
    clusters, features, _ = MIXTURES[0]
    real = agreement.loc[agreement["kind"] == "real", "source"]
    others = [*real[real == PHOTOGRAPH], *real, agreement["source"].iloc[-1]]
    names = f"{clusters} Gaussians, d = {features}", others[0]
    for panel, name in zip(axes, names, strict=True):
        _panel(panel, excess, passes, agreement[agreement["source"] == name], name)
        panel.set_title(f"{name}, n = {agreement['n'].max():,}")
    axes[0].set_ylabel("excess on new patterns\n(statistical errors)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _panel(axes: Axes, excess: pd.DataFrame, passes: pd.DataFrame, about: pd.DataFrame, name: str) -> None:
    n = about["n"].max()
    unit = about.loc[about["n"] == n, "statistical"].iloc[0]
    left = passes[passes["left"]].set_index(["source", "n", "run"]).index
    some = excess[(excess["source"] == name) & (excess["n"] == n)].set_index(["source", "n", "run"])
    some = some[~some.index.isin(left)]
    # a pass of an online method is at its end
    once = ~some["method"].isin(ENDING)
    some = some.assign(passes=some["passes"].where(some["passes"].notna() | ~once, 1.0))
    crossed = False
    for method, factor, text, style in LINES:
        line = some[some["method"] == method]
        line = line if factor is None else line[line["factor"] == factor]
        mean = line.groupby("passes")["excess"].mean() / unit
        axes.plot(mean.index, mean, label=text, **style.options())
        if method == "kept":
            expected = about[(about["n"] == n) & (about["method"] == method) & (about["factor"] == factor)]["predicted"]
            axes.plot([1.0], expected / unit, "x", color="black", markersize=7, label="" if crossed else "predicted")
            crossed = True
    axes.axhspan(0, 1, color="0.88", zorder=0, label="statistical error")
    axes.set(xscale="log", yscale="log")
    axes.set_xlabel("passes over the sample")


def table(verdicts: pd.DataFrame) -> str:
    """One row for each prediction."""
    return booktabs(COLUMNS, HEADER, rows(verdicts, digits=3))


def numbers(
    sources: pd.DataFrame,
    passes: pd.DataFrame,
    agreement: pd.DataFrame,
    useful: pd.DataFrame,
    verdicts: pd.DataFrame,
) -> dict[str, str]:
    """Return the macros of the section."""
    largest, held = agreement["n"].max(), int(passes.loc[np.isfinite(passes["heldout"]), "heldout"].max())
    ends = agreement[agreement["method"] == "batch_kmeans"]
    confirmed, stated = verdicts["verdict"] == CONFIRMED, verdicts.set_index("id")
    gone = agreement.groupby("method")["gone"].mean()
    said = {name: _measured(stated.loc[key]) for key, name in SAID.items()}
    return said | {
        "scaleSources": str(len(sources)),
        "scalePhotographs": COUNTS[(sources["kind"] == "real").sum()],
        "scaleSmallest": thousands(int(agreement["n"].min())),
        "scaleLargest": thousands(int(largest)),
        "scaleHeld": thousands(held),
        "scaleFirst": COUNTS[FIRST],
        "scaleFirstConfirmed": COUNTS[confirmed[:FIRST].sum()],
        "scaleLater": COUNTS[len(verdicts) - FIRST],
        "scaleLaterConfirmed": COUNTS[confirmed[FIRST:].sum()],
        "scaleGoneOverwritten": percent(gone["online_kmeans"]),
        "scaleGoneKept": percent(gone["kept"]),
        "scaleSamples": thousands(int(ends["samples"].sum())),
        "scaleLeft": thousands(int(ends["left"].sum())),
        "scaleWorst": number(ends["ratio"].max(), 2),
        "scaleLeast": number(ends["ratio"].min(), 2),
        "scaleMost": f"{useful.loc[useful['n'] == largest, 'batch_kmeans'].max():.0f}",
        "scaleSlowest": fixed(useful["rate"].max(), 2),
    }


def _measured(row: pd.Series) -> str:
    """Return the value of a prediction with its interval, or a dash."""
    return "--" if pd.isna(row["value"]) else interval(row["value"], row["value_low"], row["value_high"])
