"""Figure, table and numbers of the passes that are worth making."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kmeans_convergence.report.predictions import COLUMNS, HEADER, rows
from kmeans_convergence.report.style import STYLES, Style, new
from kmeans_convergence.report.text import COUNTS, booktabs, fixed, number, thousands
from kmeans_convergence.statistics.predictions import CONFIRMED
from kmeans_convergence.studies.scale.run import MIXTURES

# What is drawn: method, factor (blank for those without, "best" for the source's), words and style.
BEST = STYLES["minibatch_c4"]
LINES: tuple[tuple[str, float | None, str, Style], ...] = (
    ("batch_kmeans", None, "batch K-means", STYLES["batch_kmeans"]),
    ("face_newton", None, "Newton with face terms", STYLES["face_newton"]),
    ("online_kmeans", 1.0, "one pass of $1/n_k$", STYLES["online_kmeans"]),
    ("online_kmeans", 4.0, "one pass of $4/n_k$", STYLES["online_c4"]),
    ("online_kmeans", 8.0, "one pass of $8/n_k$", BEST),
)
# Beside a mixture, a photograph.
PHOTOGRAPH = "hubble_px"


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
    photograph = PHOTOGRAPH if (real == PHOTOGRAPH).any() else real.iloc[0]
    for panel, name in zip(axes, (f"{clusters} Gaussians, d = {features}", photograph), strict=True):
        _panel(panel, excess, passes, agreement[agreement["source"] == name], name)
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
    some = some.assign(passes=some["passes"].where(some["passes"].notna() | (some["method"] != "online_kmeans"), 1.0))
    for method, factor, text, style in LINES:
        line = some[some["method"] == method]
        line = line if factor is None else line[line["factor"] == factor]
        mean = line.groupby("passes")["excess"].mean() / unit
        axes.plot(mean.index, mean, label=text, **style.options())
    axes.axhspan(0, 1, color="0.88", zorder=0, label="statistical error")
    axes.set(xscale="log", yscale="log")
    axes.set_xlabel("passes over the sample")
    axes.set_title(f"{name}, n = {n:,}")


def table(verdicts: pd.DataFrame) -> str:
    """One row for each prediction."""
    return booktabs(COLUMNS, HEADER, rows(verdicts))


def numbers(
    sources: pd.DataFrame, agreement: pd.DataFrame, useful: pd.DataFrame, verdicts: pd.DataFrame
) -> dict[str, str]:
    """Return the macros of the section."""
    largest, ends = agreement["n"].max(), agreement[agreement["method"] == "batch_kmeans"]
    return {
        "scaleSources": str(len(sources)),
        "scalePhotographs": COUNTS[(sources["kind"] == "real").sum()],
        "scaleSmallest": thousands(int(agreement["n"].min())),
        "scaleLargest": thousands(int(largest)),
        "scaleHeld": thousands(int(sources.loc[sources["kind"] == "sampled", "heldout"].max())),
        "scalePredictions": str(len(verdicts)),
        "scaleConfirmed": str((verdicts["verdict"] == CONFIRMED).sum()),
        "scaleSamples": thousands(int(ends["samples"].sum())),
        "scaleLeft": thousands(int(ends["left"].sum())),
        "scaleWorst": number(ends["ratio"].max(), 2),
        "scaleLeast": number(ends["ratio"].min(), 2),
        "scaleMost": f"{useful.loc[useful['n'] == largest, 'batch_kmeans'].max():.0f}",
        "scaleSlowest": fixed(useful["rate"].max(), 2),
    }
