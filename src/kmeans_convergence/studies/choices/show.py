"""The figure, the tables and the numbers of the section on other hard choices."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from kmeans_convergence.report.style import Style, new
from kmeans_convergence.report.text import COUNTS, booktabs, escape, fixed, interval, percent, thousands
from kmeans_convergence.statistics.paired import REFERENCE, SPEED, diverged, reached
from kmeans_convergence.studies.choices.analysis import PLAIN, unequal
from kmeans_convergence.studies.choices.run.contenders import CONTENDERS
from kmeans_convergence.studies.choices.run.sets import MODELS
from kmeans_convergence.studies.choices.run.soft import SOFT

# Apart from those of the comparison, because all of them meet in one panel: colours as there, a marker for each.
LOOKS = {
    "batch_kmeans": Style("#0072B2", "s", True, ""),
    "anderson": Style("#0072B2", "D", True, ""),
    "nesterov": Style("#CC79A7", "v", True, ""),
    "newton": Style("#CC79A7", "P", False, ""),
    "newton_safe": Style("#CC79A7", "X", True, ""),
    "gradient_nmax": Style("#56B4E9", "s", False, ""),
    "gradient_fixed": Style("#56B4E9", "D", False, ""),
    "gradient_tuned": Style("#56B4E9", "v", False, ""),
    "gradient_armijo": Style("#000000", ">", False, ""),
    "lbfgs": Style("#000000", "<", True, ""),
    "minibatch_gradient": Style("#D55E00", "o", False, ""),
    "online_em": Style("#D55E00", "o", True, ""),
}

# Names that are k-means' elsewhere.
LABELS = {
    REFERENCE: "alternation",
    "anderson": "alternation, Anderson",
    "nesterov": "alternation, Nesterov",
    "newton": "Newton, no line search",
}

# Colours, markers and lines of the models.
OF_MODEL = {
    "viterbi": Style("#0072B2", "o", True, "-"),
    "viterbi_all": Style("#D55E00", "s", False, "--"),
    "regression": Style("#009E73", "^", True, "-."),
    "subspaces": Style("#000000", "D", False, ":"),
}

# What the prose says of some optimizers: model, optimizer, column of the summary and macro.
SAID = (
    ("viterbi", "minibatch_gradient", "end", "NoiseMeans"),
    ("viterbi_all", "minibatch_gradient", "end", "NoiseAll"),
    ("regression", "minibatch_gradient", "limit", "NoiseRegression"),
    ("subspaces", "minibatch_gradient", "end", "NoiseSubspaces"),
    ("subspaces", "minibatch_gradient", "restarts", "NoiseRestarted"),
    ("regression", "nesterov", "end", "NesterovRegression"),
    ("subspaces", "nesterov", "end", "NesterovSubspaces"),
    ("viterbi_all", "newton", "end", "NewtonAll"),
    ("subspaces", "newton", "end", "NewtonSubspaces"),
)

# The claims about what soft choices gain and cost.
SOFTENED = {"viterbi": ("S10p", "S10r"), "viterbi_all": ("S10q", "S10s")}

# Simulated lines, whose regressors are ever worse conditioned.
CONDITIONED = {"lines_0": "Zero", "lines_3": "Three", "lines_10": "Ten"}

# Of the macros.
NAMES = {"viterbi": "Means", "viterbi_all": "All", "regression": "Regression", "subspaces": "Subspaces"}


def label(method: str) -> str:
    """Return the name of an optimizer here, where the alternation is not batch K-means."""
    return LABELS.get(method, CONTENDERS[method].label)


def quality_speed_and_size(summary: pd.DataFrame, steps: pd.DataFrame, soft: pd.DataFrame) -> Figure:
    """Draw passes and costs relative to the alternation for each model, steps against size, and soft against hard."""
    figure, axes = new(4.0, 3, rows=2)
    flat = axes.ravel()
    handles: dict[str, Any] = {}
    for letter, axis, (key, model) in zip("abcd", flat, MODELS.items(), strict=False):
        handles |= _quality_speed(axis, summary[summary["model"] == key], key)
        axis.set_title(f"({letter}) {model.label}")
    _sizes(flat[4], steps)
    _soft(flat[5], soft)
    known = [key for key in CONTENDERS if key in handles]
    figure.legend([handles[key] for key in known], [label(key) for key in known], loc="outside lower center", ncols=4)
    return figure


def _quality_speed(axes: Axes, summary: pd.DataFrame, model: str) -> dict[str, Any]:
    """Draw one model; an open arrow says that the passes are only bounded from below."""
    handles = {}
    for row in summary[summary["optimizer"] != REFERENCE].to_dict("records"):
        look = LOOKS[row["optimizer"]]
        x, y = row["ratio_0.1"], row["end"]
        axes.hlines(y, row["ratio_0.1_low"], row["ratio_0.1_high"], color=look.color, linewidth=0.7, alpha=0.6)
        axes.vlines(x, row["end_low"], row["end_high"], color=look.color, linewidth=0.7, alpha=0.6)
        if row["bound_0.1"]:
            axes.annotate("", (1.35 * x, y), (x, y), arrowprops={"arrowstyle": "->", "color": look.color, "lw": 0.8})
        (handles[row["optimizer"]],) = axes.plot(x, y, **look.options())
    (handles[REFERENCE],) = axes.plot(1, 0, **LOOKS[REFERENCE].options())
    axes.axvline(1, color="0.8", linewidth=0.6, zorder=0)
    axes.axhline(0, color="0.8", linewidth=0.6, zorder=0)
    axes.set_xscale("log")
    # small differences count, and a few are large
    axes.set_yscale("symlog", linthresh=10 * unequal(model), linscale=0.6)
    axes.xaxis.set_major_formatter(FuncFormatter(_plain))
    axes.xaxis.set_major_locator(FixedLocator([0.5, 1, 2, 5, 10, 20]))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(_plain))
    axes.set_xlabel("passes, times the alternation's")
    axes.set_ylabel(f"cost, difference ({'per cent' if MODELS[model].relative else 'nats'})")
    return handles


def _plain(value: float, _: int) -> str:
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def _sizes(axes: Axes, steps: pd.DataFrame) -> None:
    """Draw the steps until the end against the number of observations, median and quartiles over starts."""
    for key, some in steps.groupby("model", sort=False):
        look = OF_MODEL[str(key)]
        low, middle, high = (some.groupby("n")["steps"].quantile(q) for q in (0.25, 0.5, 0.75))
        axes.plot(middle.index, middle, label=MODELS[str(key)].label, **look.options())
        axes.fill_between(middle.index, low, high, color=look.color, alpha=0.12, linewidth=0)
    axes.set_xscale("log")
    axes.set_xlabel("observations in the sample")
    axes.set_ylabel("steps until it ends")
    axes.set_ylim(0, 1.8 * axes.get_ylim()[1])
    axes.set_title("(e) size of the sample")
    axes.legend(loc="upper left", fontsize=7)


def _soft(axes: Axes, soft: pd.DataFrame) -> None:
    """Draw for each data set what soft choices cost in passes, and what they gain for hard ones."""
    for model in SOFT:
        look = OF_MODEL[model]
        sets = softened(soft[soft["model"] == model])
        axes.plot(sets["ratio"], sets["gain"], label=MODELS[model].label, **look.options(linestyle="none"))
    axes.axvline(1, color="0.8", linewidth=0.6, zorder=0)
    axes.axhline(0, color="0.8", linewidth=0.6, zorder=0)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(_plain))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(_plain))
    axes.xaxis.set_major_locator(FixedLocator([1, 2, 5, 10]))
    axes.set_xlabel("passes, times Viterbi's")
    axes.set_ylabel("cost, difference (nats)")
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.6 * (high - low), high)
    axes.set_title("(f) soft choices first")
    axes.legend(loc="lower left", fontsize=7)


def softened(soft: pd.DataFrame) -> pd.DataFrame:
    """Return for each data set the ratio of passes, a geometric mean over starts, and the mean gain in hard cost."""
    ratio = np.log(soft["soft_passes"].clip(lower=1) / soft["hard_passes"].clip(lower=1))
    values = soft.assign(ratio=ratio, gain=soft["hard_after_soft"] - soft["hard"])
    means = values.groupby("dataset", sort=False)[["ratio", "gain"]].mean()
    return means.assign(ratio=np.exp(means["ratio"]))


def optimizers(summary: pd.DataFrame) -> str:
    """One row for each optimizer, with its passes and final costs on each model; bold where the interval says so."""
    rows = []
    for key in CONTENDERS:
        cells = [label(key)]
        for model in MODELS:
            found = summary[(summary["model"] == model) & (summary["optimizer"] == key)]
            cells += _cells(found.iloc[0].to_dict(), model) if len(found) else ["--", "--"]
        rows.append(cells)
    columns = rf"@{{}}l{'rr' * len(MODELS)}@{{}}"
    names = " & ".join(rf"\multicolumn{{2}}{{c}}{{{model.label}}}" for model in MODELS.values())
    units = ["optimiser", *(word for m in MODELS for word in ("passes", r"\%" if MODELS[m].relative else "nats"))]
    rules = "".join(rf"\cmidrule(lr){{{2 * k + 2}-{2 * k + 3}}}" for k in range(len(MODELS)))
    table = booktabs(columns, units, rows)
    return table.replace("\\toprule\n", f"\\toprule\n & {names} \\\\\n{rules}\n", 1)


def _cells(row: dict[str, Any], model: str) -> list[str]:
    if row["optimizer"] == REFERENCE:
        return ["1", "0"]
    ratio = ("$>$" if row["bound_0.1"] else "") + fixed(row["ratio_0.1"], 1)
    cost = fixed(row["end"], 1 if MODELS[model].relative else 3)
    bold = (
        not row["ratio_0.1_low"] <= 1 <= row["ratio_0.1_high"],
        row["end_low"] > unequal(model) or row["end_high"] < -unequal(model),
    )
    return [rf"\textbf{{{text}}}" if sure else text for text, sure in zip((ratio, cost), bold, strict=True)]


def claims(ledger: pd.DataFrame) -> str:
    """One row for each claim: the number of its main condition with its interval, and the verdict."""
    rows = []
    for name, some in ledger.groupby("id", sort=False):
        first = some.iloc[0]
        where = "" if pd.isna(first["where"]) or not first["where"] else f" ({escape(first['where'])})"
        known = np.isfinite(first["effect"])
        number = interval(first["effect"], first["low"], first["high"]) if known else "--"
        what = escape(re.sub(r" \(.*", "", first["condition"])) + _of(first["optimizer"])
        rows.append([str(name), escape(first["claim"]), what, number, f"{first['verdict']}{where}"])
    text = r">{\raggedright\arraybackslash}"
    columns = rf"@{{}}l{text}p{{4.5cm}}{text}p{{2.8cm}}l{text}p{{3.0cm}}@{{}}"
    return booktabs(columns, ["", "claim", "number", "value [95\\,\\%]", "verdict"], rows)


def _of(optimizer: Any) -> str:
    return "" if pd.isna(optimizer) or not optimizer else f", {label(optimizer)}"


def numbers(
    runs: pd.DataFrame, summary: pd.DataFrame, ledger: pd.DataFrame, soft: pd.DataFrame, steps: pd.DataFrame
) -> dict[str, str]:
    """Return the macros of the section; a verdict has the last letter of its claim."""
    judged = ledger.drop_duplicates("id")
    holding = int(judged["verdict"].isin(("holds", "robust")).sum())
    found = {f"choicesVerdict{row['id'][-1].upper()}": str(row["verdict"]) for row in judged.to_dict("records")}
    found |= {
        "choicesStarts": str(runs["run"].nunique()),
        "choicesBudget": str(runs["budget"].max()),
        "choicesHolding": COUNTS[holding] if holding < len(COUNTS) else str(holding),
        "choicesClaims": str(len(judged)),
        "choicesDiverged": percent(summary["diverged"].max()),
        "choicesSmallest": thousands(int(steps["n"].min())),
        "choicesLargest": thousands(int(steps["n"].max())),
    }
    for key in MODELS:
        name = NAMES[key]
        some, of = summary[summary["model"] == key].set_index("optimizer"), runs[runs["model"] == key]
        plain, size = some.loc[list(PLAIN), "ratio_0.1"], steps[steps["model"] == key].groupby("n")["steps"].median()
        found |= {
            f"choicesPlainLeast{name}": fixed(plain.min(), 1),
            f"choicesPlainMost{name}": fixed(plain.max(), 1),
            f"choicesFirst{name}": f"{size.iloc[0]:g}",
            f"choicesLast{name}": f"{size.iloc[-1]:g}",
        }
        # both versions of Viterbi training have the same sequences
        if key != "viterbi_all":
            found[f"choicesSets{name}"] = str(of["dataset"].nunique())
            found[f"choicesFamilies{name}"] = str(of["family"].nunique())
    for key, optimizer, column, macro in SAID:
        row = summary[(summary["model"] == key) & (summary["optimizer"] == optimizer)].iloc[0]
        found[f"choices{macro}"] = interval(*(row[f"{column}{end}"] for end in ("", "_low", "_high")))
    newton = runs[(runs["model"] == "viterbi_all") & (runs["optimizer"] == "newton")]
    found["choicesNewtonDiverged"] = percent(diverged(newton).mean())
    for name, word in CONDITIONED.items():
        lines = runs[(runs["dataset"] == name) & (runs["optimizer"] == "gradient_tuned") & (runs["tuned_for"] == SPEED)]
        found[f"choicesNear{word}"] = percent(reached(lines, "own_0.1").notna().mean()) if len(lines) else "--"
    for key in SOFT:
        gain, ratio = (ledger[ledger["id"] == claim].iloc[0] for claim in SOFTENED[key])
        found[f"choicesSoftGain{NAMES[key]}"] = interval(gain["effect"], gain["low"], gain["high"])
        found[f"choicesSoftPasses{NAMES[key]}"] = fixed(ratio["effect"], 1)
    return found
