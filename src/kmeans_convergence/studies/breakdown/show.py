"""Figures, tables and numbers of the breakdown of mixtures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kmeans_convergence.report.ledger import tabulate
from kmeans_convergence.report.style import new
from kmeans_convergence.report.text import COUNTS, booktabs, escape, fixed, interval, number, percent, probability
from kmeans_convergence.statistics.conditioning import STRONG
from kmeans_convergence.studies.breakdown.run import collapse, conditioned, digits, remedies

# Colours of the style's palette, with markers that tell them apart in grey.
BLUE, GREEN, ORANGE, PINK, GREY = "#0072B2", "#009E73", "#D55E00", "#CC79A7", "0.65"

METHODS = {
    digits.EXACT: ("exact arithmetic (50 digits)", GREY, "D", "-"),
    digits.DATA: ("the data's own rounding", GREEN, "^", "-"),
    digits.FACTORS: ("EM that keeps Cholesky factors", BLUE, "o", "-"),
    digits.COVARIANCES: ("EM that forms covariances", ORANGE, "s", "-"),
}
OPTIMIZERS = {
    conditioned.EM: "EM",
    "natural": "natural gradient",
    "newton_cg": "Newton--CG",
    "lbfgs": "L-BFGS",
    "gradient": "gradient, rate $1/L$",
    "adam": "Adam, default rate",
    "adam_tuned": "Adam, tuned",
    conditioned.WHITENED: "gradient, rate $1/L$, whitened data",
}
REMEDIES = {
    "none": "none",
    "scikit": "scikit-learn's constant, $10^{-6}$",
    "ridge": "ridge, 1\\,\\% of the variance",
    "prior": "prior (MAP)",
    "floor": "least eigenvalue, 1\\,\\% of the variance",
    "tied": "tied",
    "factors": "factor analysers, two factors",
    "components": "principal components first",
    "diagonal": "diagonal",
    remedies.REFERENCE: "spherical",
}
# Losses that the prose names, by method and by what is swept.
LOSSES = {
    "absolute": {"unit": "AbsoluteUnit", "delta": "AbsoluteDependent"},
    "relative": {"delta": "RelativeDependent"},
    "prior": {"unit": "PriorUnit"},
}
# Sets that the table of condition indices has, at most.
SHOWN = 14


# --- figures ----------------------------------------------------------------------------------------------------------


def collapses(traces: pd.DataFrame) -> Figure:
    """Draw the likelihood and the worst condition number of runs, some of which collapse.

    Parameters
    ----------
    traces : DataFrame
        As `collapse.traces` returns it.
    """
    figure, (left, right) = new(2.4, 2)
    free, bounded = (traces[traces["bound"] == bound] for bound in ("none", "floor"))
    ends = free.groupby("run")["outcome"].first() != collapse.NONE
    for axes, column in ((left, "nats"), (right, "condition")):
        for run, some in free.groupby("run"):
            color, line = (ORANGE, "-") if ends[run] else (GREY, "-")
            axes.plot(some["step"], some[column], line, color=color, linewidth=1.2 if ends[run] else 0.8)
            if ends[run]:
                axes.plot(some["step"].iloc[-1], some[column].iloc[-1], "X", color=color, markersize=6)
        for _, some in bounded.groupby("run"):
            axes.plot(some["step"], some[column], "--", color=BLUE)
        axes.set_xlabel("step of EM")
        axes.set_xlim(0, _until(free, ends))
    left.set_ylabel("log likelihood (nats per pattern)")
    right.set_ylabel("largest condition number")
    right.set_yscale("log")
    for label, options in (
        ("collapses: the next step has no covariance", {"color": ORANGE, "marker": "X"}),
        ("ends at a maximum", {"color": GREY}),
        ("same starts, eigenvalues bounded", {"color": BLUE, "linestyle": "--"}),
    ):
        left.plot([], [], label=label, **options)
    left.legend(loc="lower right")
    left.set_title("A component on a hyperplane of its own ...")
    right.set_title("... is flat after a few more steps")
    return figure


def _until(free: pd.DataFrame, ends: pd.Series) -> float:
    """Return where the figure ends: some steps after the last collapse."""
    last = free[free["run"].isin(ends[ends].index)].groupby("run")["step"].max()
    return float(max(1.3 * last.max() if len(last) else free["step"].max(), 10))


def lost(table: pd.DataFrame) -> Figure:
    """Draw the digits of responsibilities against the condition number of the data's covariance.

    Parameters
    ----------
    table : DataFrame
        As `digits.measure` returns it.
    """
    figure, axes = new(2.5)
    for method in (digits.DATA, digits.FACTORS, digits.COVARIANCES):
        label, color, marker, line = METHODS[method]
        some = table[table["method"] == method]
        by = some.groupby("delta", sort=False)
        x, median = by["condition"].median(), by["digits"].median()
        axes.fill_between(x, by["digits"].min(), by["digits"].max(), color=color, alpha=0.15, linewidth=0)
        axes.plot(x, median, line, marker=marker, color=color, label=label)
        _mark_failures(axes, some, color)
    x = np.array([table["condition"].min(), table["condition"].max()])
    for power, words in ((1, r"$16-\log_{10}\kappa$"), (0.5, r"$16-\frac{1}{2}\log_{10}\kappa$")):
        axes.plot(x, 16 - power * np.log10(x), ":", color="0.3", linewidth=0.8)
        place = 10 ** (6 / power) if power == 1 else 10**17
        where = {"xytext": (-5, -3), "textcoords": "offset points", "ha": "right", "va": "top"}
        axes.annotate(words, (place, 16 - power * np.log10(place)), fontsize=8, **where)
    axes.set_xscale("log")
    axes.set_ylim(-0.5, 17.5)
    axes.set_yticks(range(0, 17, 4))
    axes.set_xlabel(r"condition number $\kappa$ of the covariance of the data")
    axes.set_ylabel("digits of the worst responsibility")
    axes.legend(loc="upper right")
    return figure


def _mark_failures(axes: Axes, some: pd.DataFrame, color: str) -> None:
    """Mark the condition numbers at which some fit fails."""
    failed = some[some["failed"]]
    if len(failed):
        at = failed.groupby("delta")["condition"].median()
        axes.plot(at, np.zeros(len(at)), "x", color=color, markersize=6, label="_" if color else None)


# --- tables -----------------------------------------------------------------------------------------------------------


def remedies_table(table: pd.DataFrame) -> str:
    """One row for each remedy: how often it gives a fit, and its gains over spherical covariances, bold where sure."""
    rows = []
    for row in table.to_dict("records"):
        scores = [_gain(row, score) for score in ("nats", "agreement")]
        rows.append([REMEDIES[row["remedy"]], _share(row["fitted"]), *scores, _chance(row["nats_p_holm"])])
    return booktabs("@{}lrrrr@{}", ["remedy", "fitted", "nats", "Rand index", "$p$, nats"], rows)


def _gain(row: Mapping[Any, Any], score: str) -> str:
    effect, low, high = (row[f"{score}_{name}"] for name in ("effect", "low", "high"))
    if row["remedy"] == remedies.REFERENCE:
        return "0"
    if math.isnan(effect):
        return "--"
    text = interval(effect, low, high)
    return rf"\textbf{{{text}}}" if low > 0 or high < 0 else text


def _chance(p: float) -> str:
    return "" if math.isnan(p) else probability(p)


def _share(share: float) -> str:
    return "--" if math.isnan(share) else percent(share)


def embeddings_table(table: pd.DataFrame) -> str:
    """One row for each remedy, a pair of columns for each dimension: its outcome, and the medians of its scores."""
    rows = []
    for remedy, some in table.groupby("remedy", sort=False):
        cells = []
        for d in remedies.DIMENSIONS:
            of = some[some["d"] == d]
            fitted = of[of["outcome"] == remedies.FITTED]
            if fitted.empty:
                cells += [of["outcome"].mode().iloc[0], ""]
            else:
                cells += [fixed(fitted["nats"].median() / d, 2), fixed(fitted["agreement"].median(), 2)]
        rows.append([REMEDIES[str(remedy)], *cells])
    titles = " & ".join(rf"\multicolumn{{2}}{{c}}{{$d={d}$}}" for d in remedies.DIMENSIONS)
    rules = "".join(rf"\cmidrule(lr){{{2 + 2 * i}-{3 + 2 * i}}}" for i in range(len(remedies.DIMENSIONS)))
    header = [rf"& {titles} \\{rules}" + "\nremedy", *["nats", "Rand"] * len(remedies.DIMENSIONS)]
    return booktabs("@{}l" + "rr" * len(remedies.DIMENSIONS) + "@{}", header, rows)


def shares_table(table: pd.DataFrame) -> str:
    """One row for each setting of the sweep, a column for each model."""
    rows = []
    middle = tuple(collapse.MIDDLE.values())
    wide = table.set_index(["n", "d", "clusters", "correlation", "model"])
    settings = [middle] + [
        tuple((collapse.MIDDLE | {name: value}).values()) for name, values in collapse.SWEPT.items() for value in values
    ]
    for setting in settings:
        cells = []
        for model in collapse.MODELS:
            key = (*setting, model)
            cells.append(_share_with_interval(wide.loc[key]) if key in wide.index else "")
        n, d, clusters, correlation = setting
        rows.append([f"{n:.0f}", f"{d:.0f}", f"{clusters:.0f}", f"{correlation:g}", *cells])
    return booktabs("@{}rrrrrrrr@{}", ["$n$", "$d$", "$K$", "correlation", *collapse.MODELS], rows)


def _share_with_interval(row: pd.Series) -> str:
    if math.isnan(row["share"]):
        return "refused"
    return f"{100 * row['share']:.0f} [{100 * row['low']:.0f}, {100 * row['high']:.0f}]"


def passes_table(table: pd.DataFrame) -> str:
    """One row for each method: median passes for each dependence of the features, and what it multiplies them by."""
    rows = []
    for optimizer, some in table.groupby("optimizer", sort=False):
        by = some.set_index("delta")
        cells = [_passes(by.loc[delta]) for delta in conditioned.DELTAS]
        last = by.loc[min(conditioned.DELTAS)]
        known = not math.isnan(last["ratio"])
        ratio = interval(last["ratio"], last["low"], last["high"]) if known else "--"
        diverged = some["diverged"].mean()
        rows.append([OPTIMIZERS[str(optimizer)], *cells, ratio, percent(diverged) if diverged else ""])
    conditions = table.groupby("delta", sort=False)["condition"].median()
    heads = [rf"$\kappa={_power(conditions[delta])}$" for delta in conditioned.DELTAS]
    return booktabs("@{}l" + "r" * (len(heads) + 2) + "@{}", ["method", *heads, "ratio", "div."], rows)


def _passes(row: pd.Series) -> str:
    return f"{row['passes']:.0f}" if math.isfinite(row["passes"]) else "--"


def _power(value: float) -> str:
    return rf"10^{{{math.log10(value):.0f}}}"


def indices_table(table: pd.DataFrame) -> str:
    """The data sets with the largest condition indices about their means."""
    worst = table.sort_values("centred", ascending=False, kind="stable").head(SHOWN)
    rows = [
        [
            escape(row.dataset),
            f"{row.n:,}",
            f"{row.d}",
            _index(row.raw),
            _index(row.centred),
            str(row.strong),
            str(row.involved),
            "yes" if row.full else "no",
        ]
        for row in worst.itertuples()
    ]
    header = ["data set", "$n$", "$d$", "with constant", "about means", f"from {STRONG:.0f}", "features", "full"]
    return booktabs("@{}lrrrrrrl@{}", header, rows)


def _index(value: float) -> str:
    return f"{value:,.0f}" if math.isfinite(value) else r"$\infty$"


def ledger(table: pd.DataFrame) -> str:
    """Every claim: what was found, and its verdict."""
    text = r">{\raggedright\arraybackslash}"
    columns = rf"@{{}}l{text}p{{4.1cm}}{text}p{{7.6cm}}{text}p{{2.2cm}}@{{}}"
    cells = {"": _first("id"), "claim": _first("claim"), "found": _found, "verdict": _first("verdict")}
    return tabulate(table, columns, cells)


def _first(column: str) -> Callable[[pd.DataFrame], str]:
    return lambda rows: escape(str(rows[column].iloc[0]))


# What the ledger calls methods that are no optimizers.
NAMES = {
    **{key: text for key, (text, *_) in METHODS.items()},
    **OPTIMIZERS,
    **{key: text for key, text in REMEDIES.items() if key != "none"},
}


def _found(of_claim: pd.DataFrame) -> str:
    first = of_claim.iloc[0]
    if of_claim["condition"].eq("").all():
        return escape(first["note"])
    found = []
    for (condition, above, below), some in of_claim.groupby(["condition", "above", "below"], sort=False):
        numbers = [_named(row) for _, row in some.iterrows()]
        found.append(f"{escape(str(condition))} {_region(above, below)}: {'; '.join(numbers)}")
    return r" \newline ".join(found)


def _named(row: pd.Series) -> str:
    text = "no runs" if pd.isna(row["effect"]) else interval(row["effect"], row["low"], row["high"])
    return rf"\emph{{{NAMES.get(row['optimizer'], row['optimizer'])}}} {text}" if row["optimizer"] else text


def _region(above: float, below: float) -> str:
    """Return where the number has to lie for the claim to hold."""
    return f"below {number(below, 2)}" if math.isinf(above) else f"above {number(above, 2)}"


# --- numbers ----------------------------------------------------------------------------------------------------------


def numbers(
    claims: pd.DataFrame,
    shares: pd.DataFrame,
    sets: pd.DataFrame,
    traces: pd.DataFrame,
    table: pd.DataFrame,
    passes: pd.DataFrame,
    constant: pd.DataFrame,
    compared: pd.DataFrame,
    indices: pd.DataFrame,
) -> dict[str, str]:
    """Return the numbers of the prose."""
    return (
        _of_collapses(shares, sets, traces)
        | _of_digits(claims, table)
        | _of_constant(constant)
        | _of_passes(passes)
        | _of_remedies(compared)
        | _of_indices(indices)
    )


def _of_collapses(shares: pd.DataFrame, sets: pd.DataFrame, traces: pd.DataFrame) -> dict[str, str]:
    full = shares[shares["model"] == collapse.FULL]

    def share(**changed: float) -> str:
        setting = collapse.MIDDLE | changed
        (row,) = full[np.logical_and.reduce([full[name] == value for name, value in setting.items()])].to_dict(
            "records"
        )
        return percent(row["share"])

    tried = sets[sets["outcome"] != collapse.REFUSED]
    some = tried[tried["outcome"] != collapse.NONE]
    free = traces[traces["bound"] == "none"]
    ends = free.groupby("run")["outcome"].first() != collapse.NONE
    return {
        **{f"breakdown{name}": f"{value:g}" for name, value in _swept().items()},
        "breakdownShare": share(),
        "breakdownShareCorrelated": share(correlation=max(collapse.SWEPT["correlation"])),
        "breakdownShareFew": share(n=min(collapse.SWEPT["n"])),
        "breakdownShareMany": share(n=max(collapse.SWEPT["n"])),
        "breakdownShareNarrow": share(d=max(collapse.SWEPT["d"])),
        "breakdownShareClusters": share(clusters=max(collapse.SWEPT["clusters"])),
        "breakdownShareSets": percent(len(some) / len(tried)),
        "breakdownShareEqual": percent((some["owned"] > some["d"] + 0.5).mean()),
        "breakdownSets": str(tried["dataset"].nunique()),
        "breakdownSetsCollapsing": str(some["dataset"].nunique()),
        "breakdownSetsRefused": str(sets.loc[sets["outcome"] == collapse.REFUSED, "dataset"].nunique()),
        "breakdownTraces": _count(len(ends)),
        "breakdownTracesCollapsing": _count(int(ends.sum())),
    }


def _count(value: int) -> str:
    return COUNTS[value] if value < len(COUNTS) else str(value)


def _swept() -> dict[str, float]:
    """Return the settings of the sweep that the prose names."""
    middle, swept = collapse.MIDDLE, collapse.SWEPT
    return {
        "Patterns": middle["n"],
        "Features": middle["d"],
        "Clusters": middle["clusters"],
        "PatternsFew": min(swept["n"]),
        "PatternsMany": max(swept["n"]),
        "ClustersMany": max(swept["clusters"]),
        "FeaturesFew": max(swept["d"]),
        "Correlation": max(swept["correlation"]),
    }


def _of_digits(claims: pd.DataFrame, table: pd.DataFrame) -> dict[str, str]:
    exact = table[table["method"] == digits.EXACT]
    about = claims.set_index(["id", "condition", "optimizer"])["effect"]
    rows = about.loc["T17b"]

    def of(words: str, method: str) -> float:
        return float(rows[rows.index.get_level_values(0).str.startswith(words)].xs(method, level=1).iloc[0])

    lost, failing = "digits lost", "log10"
    return {
        "breakdownDigits": str(digits.DIGITS),
        "breakdownAgree": f"{math.floor(exact['digits'].min())}",
        "breakdownWorst": f"$10^{{{math.log10(table['condition'].max()):.0f}}}$",
        "breakdownLostCovariances": fixed(of(lost, digits.COVARIANCES), 2),
        "breakdownLostFactors": fixed(of(lost, digits.FACTORS), 2),
        "breakdownFailsCovariances": f"$10^{{{of(failing, digits.COVARIANCES):.0f}}}$",
        "breakdownFailsFactors": f"$10^{{{of(failing, digits.FACTORS):.0f}}}$",
    }


def _of_constant(constant: pd.DataFrame) -> dict[str, str]:
    found = {"breakdownConstantSets": str(constant["dataset"].nunique())}
    for method, names in LOSSES.items():
        for swept, name in names.items():
            some = constant[(constant["method"] == method) & (constant["swept"] == swept)]
            found[f"breakdown{name}"] = number(some.groupby("dataset")["loss"].max().median(), 2)
    moved = constant[(constant["method"] == "absolute") & (constant["swept"] == "unit")]
    found["breakdownMoved"] = percent(moved.groupby("dataset")["moved"].max().median())
    return found


def _of_passes(passes: pd.DataFrame) -> dict[str, str]:
    by = passes.set_index(["optimizer", "delta"])
    first, last = max(conditioned.DELTAS), min(conditioned.DELTAS)
    found = {
        "breakdownKappa": f"${_power(by.loc[('em', last), 'condition'])}$",
        "breakdownKappaLeast": number(by.loc[("em", first), "condition"], 2),
        "breakdownTarget": f"{conditioned.TARGET:g}",
    }
    for key, name in (("gradient", "Gradient"), ("lbfgs", "Lbfgs"), ("adam_tuned", "Adam")):
        found[f"breakdown{name}Censored"] = percent(by.loc[(key, last), "censored"])
    found["breakdownGradientCensoredLeast"] = percent(by.loc[("gradient", first), "censored"])
    for key, name in (("em", "Em"), ("lbfgs", "Lbfgs"), ("newton_cg", "Newton"), (conditioned.WHITENED, "Whitened")):
        found[f"breakdownRatio{name}"] = number(by.loc[(key, last), "ratio"], 2)
    found["breakdownRatioNatural"] = number(by.loc[("natural", last), "ratio"], 2)
    found["breakdownNaturalDiverged"] = percent(by.loc[("natural", last), "diverged"])
    return found


def _of_remedies(compared: pd.DataFrame) -> dict[str, str]:
    by = compared.set_index("remedy")
    found = {
        "breakdownFamilies": str(int(by["families"].max())),
        "breakdownPatternsEach": str(remedies.EMBEDDED // 2 // remedies.CLUSTERS),
    }
    for remedy, name in (("factors", "Factors"), ("components", "Components"), ("tied", "Tied"), ("none", "None")):
        found[f"breakdown{name}Nats"] = fixed(by.loc[remedy, "nats_effect"], 2)
    return found


def _of_indices(indices: pd.DataFrame) -> dict[str, str]:
    longley = indices[indices["dataset"] == "longley"].iloc[0]
    registry = indices[indices["dataset"] != "longley"]
    return {
        "breakdownIndexed": str(len(registry)),
        "breakdownStrong": str(int((registry["strong"] > 0).sum())),
        "breakdownRefused": str(int((~registry["full"]).sum())),
        "breakdownLongleyRaw": f"{longley['raw']:,.0f}",
        "breakdownLongleyCentred": number(longley["centred"], 2),
    }
