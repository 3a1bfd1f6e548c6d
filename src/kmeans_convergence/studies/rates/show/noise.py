"""Figure, table and numbers of the noise of online methods."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kmeans_convergence.report.style import STYLES, new
from kmeans_convergence.report.text import booktabs, fixed, number
from kmeans_convergence.statistics.correlation import rank_correlation
from kmeans_convergence.studies.rates.analysis.noise import slopes
from kmeans_convergence.studies.rates.run.noise import ROWS
from kmeans_convergence.studies.replication.run.methods import label

SAMPLINGS = {"draws": "with replacement", "epochs": "in epochs"}

# Sets with fewer patterns are small ones.
SMALL = 250


def predicted(noise: pd.DataFrame) -> Figure:
    """Draw the measured excess of each set against the predicted one, in per cent of the limit."""
    figure, (left, right) = new(3.0, 2)
    online = noise[(noise["optimizer"] == "online_kmeans") & (noise["sampling"] == "draws")]
    some = online[online["setting"] == online["setting"].max()]
    style = STYLES["online_kmeans"]
    for column, face, text in (
        ("predicted", "white", "without face terms"),
        ("with_faces", style.color, "with face terms"),
    ):
        options = style.options(linestyle="", markerfacecolor=face, label=text)
        left.plot(100 * some[column], 100 * some["measured"], **options)
    left.set_title(f"{label('online_kmeans')}, {some['setting'].iloc[0]:.0f} epochs with replacement")
    gradient = noise[noise["optimizer"] == "online_gradient"]
    style = STYLES["online_gradient"]
    for (sampling, rate), part in gradient.groupby(["sampling", "setting"]):
        face = "white" if sampling == "epochs" else style.color
        options = style.options(
            linestyle="", markerfacecolor=face, marker="o" if rate == gradient["setting"].max() else "s"
        )
        right.plot(100 * part["predicted"], 100 * part["measured"], label=f"{rate:g}, {SAMPLINGS[sampling]}", **options)
    right.set_title(f"{label('online_gradient')} with a fixed rate")
    for axes in (left, right):
        axes.axline((1, 1), slope=1, color="0.6", linewidth=0.8)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("predicted excess (% of the limit)")
        axes.set_ylabel("measured excess (%)")
        axes.legend(loc="lower right" if axes is left else "upper left")
    return figure


def table(agreement: pd.DataFrame) -> str:
    """One row for each method, way of sampling, setting and prediction."""
    rows = []
    for _, row in agreement.iterrows():
        rows.append(
            [
                label(row["optimizer"]),
                row["sampling"],
                number(row["setting"], 1) if row["setting"] < 1 else f"{row['setting']:.0f} epochs",
                "yes" if row["faces"] else "no",
                number(100 * row["predicted"], 2),
                number(100 * row["measured"], 2),
                _with(row, ("ratio", "lower", "upper")),
                _with(row, ("correlation", "low", "high")),
            ]
        )
    header = ["method", "patterns", "rate, epochs", "faces", "predicted", "measured", "ratio", "rank correlation"]
    return booktabs("@{}lllrrrrr@{}", header, rows)


def _with(row: pd.Series, columns: tuple[str, str, str]) -> str:
    """Return a value with its quartiles or interval, or a dash."""
    value, low, high = (row[column] for column in columns)
    return "--" if np.isnan(value) else f"{fixed(value, 2)} [{fixed(low, 2)}, {fixed(high, 2)}]"


def numbers(noise: pd.DataFrame, agreement: pd.DataFrame) -> dict[str, str]:
    """Return the numbers of the prose by the name of their macro."""
    exponents = slopes(noise)
    rank = rank_correlation(exponents["with_faces"].to_numpy(), exponents["measured"].to_numpy())
    last = agreement[(agreement["optimizer"] == "online_kmeans") & (agreement["sampling"] == "draws")]
    last = last[last["setting"] == last["setting"].max()].set_index("faces")
    in_epochs = agreement[(agreement["optimizer"] == "online_kmeans") & (agreement["sampling"] == "epochs")]
    values = {
        "noiseSets": str(noise["dataset"].nunique()),
        "noiseEpochs": f"{last['setting'].iloc[0]:.0f}",
        "noiseTimesLess": number(last.loc[False, "measured"] / max(in_epochs["measured"].iloc[-1], 1e-9), 1),
        "exponentMeasured": fixed(exponents["measured"].median(), 2),
        "exponentFrozen": fixed(exponents["predicted"].median(), 2),
        "exponentFaces": fixed(exponents["with_faces"].median(), 2),
        "exponentRank": "--" if np.isnan(rank) else fixed(rank, 2),
    }
    for faces, name in ((False, "Frozen"), (True, "Faces")):
        row = last.loc[faces]
        values[f"noiseRatio{name}"] = fixed(row["ratio"], 2)
        values[f"noiseQuartiles{name}"] = f"{fixed(row['lower'], 2)} to {fixed(row['upper'], 2)}"
        values[f"noiseRank{name}"] = _with(row, ("correlation", "low", "high"))
    values["noisePaired"] = _with(last.loc[True], ("gain", "gain_low", "gain_high"))
    values["noiseCloser"] = f"{last.loc[True, 'closer']:.0f}"
    # noise that has found a lower minimum on the way
    some = noise[(noise["optimizer"] == "online_kmeans") & (noise["sampling"] == "draws")]
    some = some[some["setting"] == some["setting"].max()]
    factor = np.exp(abs(np.log(some["measured"] / some["with_faces"])))
    wrong = some[factor > 2]
    small = some[some["patterns"] < SMALL]
    values["noiseRows"] = f"{ROWS:,}"
    values["noiseSmall"] = str(SMALL)
    values["noiseSmallSets"] = str(len(small))
    values["noiseSmallRatio"] = number((small["measured"] / small["with_faces"]).median(), 2)
    values["noiseWrong"] = str(len(wrong))
    values["noiseWrongLeft"] = str(int((wrong["left"] > wrong["with_faces"]).sum()))
    return values
