"""Figure, tables and numbers of the optimizers on mixtures."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.report.ledger import tabulate
from kmeans_convergence.report.style import new
from kmeans_convergence.report.text import booktabs, escape, fixed, interval, letters, percent, thousands
from kmeans_convergence.statistics.paired import REFERENCE
from kmeans_convergence.studies.mixtures.analysis.evidence import ALL, VALUES
from kmeans_convergence.studies.mixtures.run.comparison import TARGETS
from kmeans_convergence.studies.mixtures.run.contenders import CONTENDERS

# Colours and markers of the targets, the coarse one first, as far apart in grey as in colour.
LOOKS = {"1e-1": ("#56B4E9", "o"), "1e-3": ("#0072B2", "s"), "1e-6": ("#000000", "D")}
NATS = {"1e-1": "$10^{-1}$", "1e-3": "$10^{-3}$", "1e-6": "$10^{-6}$"}
TICKS = (0.5, 1, 2, 5, 10)
# Beyond so many nats per pattern the axis of limits is logarithmic.
LINEAR = 0.01
# What a mean of ratios is.
SIGNS = {"=": "", ">": r"$\ge$", "<": r"$\le$", "~": r"$\approx$"}
WORDS = {"=": "", ">": "at least ", "<": "at most ", "~": "about "}
GROUPS = {
    "alternation": "EM, accelerated",
    "gradient": "Gradients and curvature of all patterns",
    "noisy": "Mini-batches",
}
# The optimizers of which the prose says numbers.
NAMED = {
    "newton_cg": "Newton",
    "lbfgs": "Lbfgs",
    "squarem": "Squarem",
    "anderson": "Anderson",
    "nesterov": "Nesterov",
    "overrelaxed_15": "Relaxed",
    "natural_gradient": "Natural",
    "gradient_tuned": "Gradient",
    "gradient_armijo": "Search",
    "adam_tuned": "Adam",
    "online_em": "Online",
    "minibatch_gradient_tuned": "Minibatch",
}
TARGET_NAMES = {"1e-1": "Far", "1e-3": "Near", "1e-6": "Close"}


def label(optimizer: str) -> str:
    """Return the name of an optimizer on mixtures."""
    return CONTENDERS[optimizer].label


def _of(summary: pd.DataFrame, start: str = ALL) -> pd.DataFrame:
    """Return the rows of one kind of start, by optimizer, in the order of the contenders."""
    some = summary[summary["start"] == start].set_index("optimizer")
    return some.loc[[key for key in CONTENDERS if key in some.index]]


def quality_against_speed(summary: pd.DataFrame) -> Figure:
    """Draw one line for each optimizer: passes over those of EM to each target, and the limit less EM's.

    Hollow marks are bounds.

    Parameters
    ----------
    summary : DataFrame
        As `analysis.comparison.summarize` returns it.
    """
    rows = _of(summary).drop(index=REFERENCE)
    figure, (left, right) = new(0.24 * len(rows) + 0.8, 2, sharey=True, gridspec_kw={"width_ratios": [3, 2]})
    places = np.arange(len(rows))[::-1]
    for step, (target, (color, marker)) in enumerate(LOOKS.items()):
        ratio, low, high = (rows[f"ratio_{target}{end}"].to_numpy() for end in ("", "_low", "_high"))
        height = places + 0.25 * (1 - step)
        left.hlines(height, low, high, color=color, linewidth=0.8)
        bound = (rows[f"bound_{target}"] != "=").to_numpy()
        for hollow in (False, True):
            some = bound == hollow
            options = {"color": color, "marker": marker, "linestyle": "none", "markersize": 4}
            name = None if hollow else f"{NATS[target]} nats"
            face = "white" if hollow else color
            left.plot(ratio[some], height[some], markerfacecolor=face, label=name, **options)
    right.errorbar(
        rows["limit"],
        places,
        xerr=[rows["limit"] - rows["limit_low"], rows["limit_high"] - rows["limit"]],
        color="#0072B2",
        marker="s",
        linestyle="none",
        markersize=4,
        elinewidth=0.8,
    )
    left.set_yticks(places, [label(key) for key in rows.index])
    left.set_ylim(-0.6, len(rows) - 0.4)
    left.set_xscale("log")
    left.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    left.minorticks_off()
    left.axvline(1, color="0.7", linewidth=0.8, zorder=0)
    right.axvline(0, color="0.7", linewidth=0.8, zorder=0)
    right.set_xscale("symlog", linthresh=LINEAR)
    left.set_xlabel("passes, as a multiple of those of EM")
    right.set_xlabel("limit above that of EM (nats per pattern)")
    left.legend(loc="upper right", title="to within", alignment="left", title_fontsize=8)
    return figure


def main_table(summary: pd.DataFrame) -> str:
    """One row for each optimizer: passes over those of EM to three targets, limits, and runs that degenerate."""
    rows = []
    table = _of(summary)
    for family, title in GROUPS.items():
        rows.append([rf"\multicolumn{{7}}{{@{{}}l}}{{\emph{{{title}}}}}"])
        rows += [_row(key, row) for key, row in table.iterrows() if CONTENDERS[str(key)].family == family]
    header = [
        "method",
        *(f"{NATS[target]}" for target in TARGETS),
        "limit",
        "best",
        "deg.",
    ]
    return booktabs("@{}lrrrrrr@{}", header, rows)


def _row(key: object, row: pd.Series) -> list[str]:
    if key == REFERENCE:
        cells = ["1"] * len(TARGETS) + ["0"]
    else:
        cells = [_ratio(row, target) for target in TARGETS]
        cells.append(_bold(_signed(row), row["limit_high"] < 0 or row["limit_low"] > 0))
    return [label(str(key)), *cells, percent(row["best"]), percent(row["degenerate"])]


def _ratio(row: pd.Series, target: str) -> str:
    name = f"ratio_{target}"
    if pd.isna(row[name]):
        return "--"
    places = 2 if row[name] < 2 else 1
    value, low, high = (fixed(row[f"{name}{end}"], places) for end in ("", "_low", "_high"))
    sure = row[f"{name}_high"] < 1 or row[f"{name}_low"] > 1
    return SIGNS[row[f"bound_{target}"]] + _bold(f"{value} [{low}, {high}]", sure)


def _signed(row: pd.Series) -> str:
    """Return a difference of limits with its interval, in thousandths of a nat per pattern."""
    return interval(*(1000 * row[name] for name in ("limit", "limit_low", "limit_high")))


def _bold(text: str, bold: bool) -> str:
    return rf"\textbf{{{text}}}" if bold else text


def ledger(table: pd.DataFrame) -> str:
    """Every claim about mixtures: what was found for all starts at 1e-3 nats per pattern, verdict, and where it holds.

    Parameters
    ----------
    table : DataFrame
        As `statistics.ledger.judge` returns it, or read from its file.
    """
    text = r">{\raggedright\arraybackslash}"
    cells = {
        "": lambda rows: str(rows["id"].iloc[0]),
        "claim": lambda rows: f"{escape(rows['claim'].iloc[0])} \\emph{{({escape(rows['source'].iloc[0])})}}",
        "found": _found,
        "verdict": lambda rows: (
            rows["verdict"].iloc[0] + (f": {escape(rows['where'].iloc[0])}" if rows["where"].iloc[0] else "")
        ),
    }
    return tabulate(table, rf"@{{}}l{text}p{{4.3cm}}{text}p{{6.2cm}}{text}p{{3.4cm}}@{{}}", cells)


def _found(of_claim: pd.DataFrame) -> str:
    """Return the numbers of all conditions under the main reading."""
    axes = [axis for axis in VALUES if axis in of_claim and of_claim[axis].notna().all()]
    main = of_claim[(of_claim[axes] == of_claim.iloc[0][axes]).all(axis=1)] if axes else of_claim
    found = []
    for condition, some in main.groupby("condition", sort=False):
        numbers = [
            (rf"\emph{{{label(row['optimizer'])}}} " if row["optimizer"] else "")
            + ("no runs" if pd.isna(row["effect"]) else interval(row["effect"], row["low"], row["high"]))
            for _, row in some.iterrows()
        ]
        found.append(f"{escape(str(condition))}: {'; '.join(numbers)}")
    return r" \newline ".join(found)


def numbers(summary: pd.DataFrame, claims: pd.DataFrame, tuning: pd.DataFrame, mixtures: Config) -> dict[str, str]:
    """Return the numbers of the prose.

    Parameters
    ----------
    summary, claims : DataFrame
        As `analysis.comparison.summarize` and `statistics.ledger.judge` return them.
    tuning : DataFrame
        See `run.comparison.compare`.
    mixtures : dict
        Their section of the configuration.
    """
    rows = _of(summary)
    fits = tuning[["dataset", "covariance"]].drop_duplicates()
    values = {
        "mixSets": str(len(mixtures["datasets"])),
        "mixFits": str(len(fits)),
        "mixFamilies": str(int(rows["families"].max())),
        "mixOptimizers": str(len(rows)),
        "mixRows": thousands(mixtures["rows"]),
        "mixPasses": str(mixtures["passes"]),
        "mixStarts": str(mixtures["starts"]),
        "mixDegenerateEm": percent(rows.loc[REFERENCE, "degenerate"]),
        "mixDegenerateMost": percent(rows["degenerate"].max()),
        "mixBestEm": percent(rows.loc[REFERENCE, "best"]),
        "mixUnpolished": percent(rows["unpolished"].max()),
    }
    values |= {"mixTuningLeast": f"{rows['tuning'].min():.0f}", "mixTuningMost": f"{rows['tuning'].max():.0f}"}
    lower = [label(str(key)) for key in rows.index[rows["limit_high"] < 0]]
    values["mixLower"] = ", ".join(lower) or "none"
    for target, name in TARGET_NAMES.items():
        values[f"mixCensored{name}"] = percent(rows.loc[REFERENCE, f"censored_{target}"])
    for key, name in NAMED.items():
        if key in rows.index:
            for target, where in TARGET_NAMES.items():
                values[f"mix{name}{where}"] = _plain(rows.loc[key], target)
    verdicts = claims.drop_duplicates("id").set_index("id")["verdict"]
    return values | {f"mixLedger{letters(claim)}": verdict for claim, verdict in verdicts.items()}


def _plain(row: pd.Series, target: str) -> str:
    """Return a ratio of passes in the prose."""
    ratio = row[f"ratio_{target}"]
    if math.isnan(ratio):
        return "--"
    return WORDS[row[f"bound_{target}"]] + fixed(ratio, 2 if ratio < 3 else 1)
