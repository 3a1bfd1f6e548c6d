"""Tables and numbers of the supplement, from the tables of measurements."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from kmeans_convergence.report.text import booktabs, escape, fixed, interval, number, order_of_magnitude, percent
from kmeans_convergence.studies.performance import analysis
from kmeans_convergence.studies.performance.run import measuring
from kmeans_convergence.studies.performance.run.accelerated import LEVELS, OPTIMIZERS
from kmeans_convergence.studies.performance.run.machine import LIBRARIES
from kmeans_convergence.studies.performance.run.methods import METHODS
from kmeans_convergence.studies.performance.run.shapes import SHAPES

TEXT = r">{\raggedright\arraybackslash}"
MEBIBYTE = 2**20


# --- text -----------------------------------------------------------------------------------------


def whole(value: float) -> str:
    """Return a whole number with commas that LaTeX does not space."""
    return f"{int(value):,}".replace(",", "{,}")


def size(shape: str, n: float) -> str:
    """Return n, d and K of a shape, with n as it was measured; and the number of starts where there are many."""
    described = SHAPES[shape]
    return rf"${whole(n)}\times{described.d}$, {described.K}"


def duration(seconds: float) -> str:
    """Return seconds with three digits, in the unit that suits them."""
    if np.isnan(seconds):
        return "--"
    unit, factor = next(
        (u, f) for u, f in (("s", 1.0), ("ms", 1e3), ("\\textmu s", 1e6)) if seconds * f >= 1 or f > 1e5
    )
    return rf"{number(seconds * factor, 3)}\,{unit}"


def times(ratio: float) -> str:
    """Return a ratio with two or three digits."""
    return "--" if np.isnan(ratio) else number(ratio, 3 if ratio >= 100 else 2)


# --- tables ---------------------------------------------------------------------------------------


def machine(table: pd.DataFrame) -> str:
    """The machine, and the versions of all libraries in one row."""
    described = table.set_index("what")["value"]
    libraries = [library for library in LIBRARIES if library in described.index]
    rows = [[escape(what), escape(value)] for what, value in described.drop(libraries).items()]
    versions = ", ".join(f"{library} {described[library]}" for library in libraries)
    return booktabs(rf"@{{}}l{TEXT}p{{11cm}}@{{}}", ["what", "here"], [*rows, ["libraries", escape(versions)]])


def shapes(best: pd.DataFrame) -> str:
    """What the data of each shape are, and how many passes a run takes."""
    rows = []
    for name, shape in SHAPES.items():
        ours = best[(best["shape"] == name) & (best["method"] == "ours_plain")].iloc[0]
        passes = fixed(ours["passes"], 1) if shape.runs > 1 else whole(ours["passes"])
        rows.append(
            [escape(name), whole(ours["n"]), str(shape.d), str(shape.K), whole(shape.runs), passes, shape.source]
        )
    return booktabs("@{}lrrrrrl@{}", ["", "$n$", "$d$", "$K$", "starts", "passes", "data"], rows)


def methods(best: pd.DataFrame, runs: pd.DataFrame) -> str:
    """How each method was run, and how far it ended from where ours ended."""
    reasons = runs.dropna(subset="missing").groupby("method")["missing"].first()
    rows = []
    for key, method in METHODS.items():
        some = best[best["method"] == key]
        if method.own_start is None:
            some = some[some["start"] == "given"]
        row = [
            method.label,
            "double" if method.precision == "float64" else "single",
            "given" if method.own_start is None else "its own",
            "by itself" if method.stops else "by number",
        ]
        if some.empty:
            rows.append([*row, r"\multicolumn{3}{l}{not installed}" if key in reasons else r"\multicolumn{3}{l}{--}"])
        else:
            agreeing = int((some["difference"].abs() <= 1e-6).sum())
            worst = some["difference"].abs().max()
            rows.append([*row, f"{agreeing} of {len(some)}", order_of_magnitude(worst), percent(some["moved"].max())])
    header = ["", "precision", "start", "ends", "agrees", "cost", "assignments"]
    return booktabs("@{}llllrrr@{}", header, rows)


def runs(best: pd.DataFrame, names: Iterable[str]) -> str:
    """Seconds of Lloyd to the end, the minimum and below it the median: one column for each of some shapes."""
    names = list(names)
    rows: list[list[str]] = []
    own: list[list[str]] = []
    for key, method in METHODS.items():
        for start, into in (("given", rows), ("own", own)):
            some = best[(best["method"] == key) & (best["start"] == start)].set_index("shape")
            if some.empty:
                continue
            single = ", single" if method.precision == "float32" else ""
            cells = [_cell(some, name) for name in names]
            into.append([f"{method.label}{single}", *cells])
    header = ["", *(rf"{size(name, _patterns(best, name))}" for name in names)]
    text = booktabs("@{}l" + "r" * len(names) + "@{}", header, rows + own)
    if own:
        lines = text.splitlines()
        at = len(lines) - 2 - len(own)
        lines[at:at] = [r"\midrule"]
        text = "\n".join(lines) + "\n"
    return text


def _patterns(best: pd.DataFrame, shape: str) -> int:
    return int(best.loc[best["shape"] == shape, "n"].iloc[0])


def _cell(some: pd.DataFrame, shape: str) -> str:
    if shape not in some.index:
        return "--"
    return rf"{duration(some.loc[shape, 'seconds'])} ({_bare(some.loc[shape])})"


def _bare(row: pd.Series) -> str:
    """Return the median in the unit of the minimum."""
    factor = next(f for f in (1.0, 1e3, 1e6) if row["seconds"] * f >= 1 or f > 1e5)
    return number(row["median"] * factor, 3)


def passes(table: pd.DataFrame) -> str:
    """A plain pass beside the machine's limits: one row for each shape, both precisions side by side."""
    rows = []
    for shape, some in table.groupby("shape", sort=False):
        cells = [cell for precision in ("float64", "float32") for cell in _limits(some, precision)]
        rows.append([size(str(shape), some["n"].iloc[0]), *cells])
    header = ["double: pass", "product", "ratio", "reading", "single: pass", "product", "ratio", "reading"]
    return booktabs("@{}lrrrrrrrr@{}", [r"$n\times d$, $K$", *header], rows)


def _limits(table: pd.DataFrame, precision: str) -> list[str]:
    row = table[table["precision"] == precision].iloc[0]
    reading = row["bytes"] / row["bandwidth"]
    return [
        duration(row["pass"]),
        duration(row["product"]),
        times(row["pass"] / row["product"]),
        times(row["pass"] / reading),
    ]


def profile(table: pd.DataFrame) -> str:
    """Where the time of a plain pass goes: one row for each shape and precision, in nanoseconds."""
    products, direct = ("narrow", "multiply", "choose", "add up"), ("pass", "around")
    rows = []
    for (shape, precision), some in table.groupby(["shape", "precision"], sort=False):
        each = some.set_index("part")["seconds"] / (some["n"].iloc[0] * some["runs"].iloc[0]) * 1e9
        cells = [number(each[part], 3) if part in each else "--" for part in (*products, *direct)]
        rows.append([size(str(shape), some["n"].iloc[0]), "double" if precision == "float64" else "single", *cells])
    header = [r"$n\times d$, $K$", "precision", *products, "all, direct", "around"]
    return booktabs("@{}llrrrrrr@{}", header, rows)


def growth(slopes: pd.DataFrame) -> str:
    """Exponents of the growth of a pass."""
    names = {"products": "matrix products", "direct": "direct distances"}
    rows = [
        [names[row["scheme"]], f"${row['varied']}$", interval(row["slope"], row["low"], row["high"])]
        for _, row in slopes.iterrows()
    ]
    return booktabs("@{}lll@{}", ["scheme", "varied", "exponent"], rows)


def memory(table: pd.DataFrame) -> str:
    """Mebibytes beyond the data: one row for each shape, one column for each method."""
    columns = [key for key in METHODS if (table["method"] == key).any()]
    rows = []
    for shape, some in table.groupby("shape", sort=False):
        needed = some.set_index("method")["bytes"] / MEBIBYTE
        n = int(some["n"].iloc[0])
        cells = ["--" if np.isnan(needed.get(key, np.nan)) else fixed(needed[key], 1) for key in columns]
        rows.append([size(str(shape), n), *cells, fixed(analysis.bound(n) / MEBIBYTE, 0)])
    names = {"ours": "ours", "ours_plain": "plain", "ours_single": "single", "sklearnex": "intelex"}
    names |= {"sklearn_lloyd": "Lloyd", "sklearn_elkan": "Elkan", "scipy": "SciPy", "faiss": "faiss"}
    header = [r"$n\times d$, $K$", *(names[key] for key in columns), "bound"]
    return booktabs("@{}l" + "r" * (len(columns) + 1) + "@{}", header, rows)


def remembering(table: pd.DataFrame) -> str:
    """Runs of `minimize` with and without remembering."""
    rows = [
        [
            size(row["shape"], row["n"]),
            row["optimizer"],
            str(row["passes"]),
            duration(row["plain"]),
            duration(row["remembering"]),
            times(row["plain"] / row["remembering"]),
            percent(row["distances"]),
            "yes" if row["same"] else r"\textbf{no}",
        ]
        for _, row in table.iterrows()
    ]
    header = [r"$n\times d$, $K$", "optimiser", "at most", "plain", "remembering", "ratio", "distances", "same"]
    return booktabs("@{}llrrrrrl@{}", header, rows)


TARGETS = {
    "every shape float64": "a full run, double precision, each shape: times as fast as the best peer, at least",
    "average float64": "the same, geometric mean over shapes",
    "every shape float32": "a full run, single precision, each shape: times as fast as the best peer, at least",
    "average float32": "the same, geometric mean over shapes",
    "loop": "Iris, all starts: times as fast as scikit-learn's loop, at least",
    "product float64": "one plain pass, double precision: times a matrix product, at most",
    "product float32": "one plain pass, single precision: times a matrix product, at most",
    "remembering": "gradient descent, the longer runs: times as fast by remembering, at least",
    "memory": "memory beyond the data: share of the bound, at most",
    "accelerated passes": "face terms, where Lloyd's algorithm is slow: share of its passes, median, at most",
    "accelerated seconds": "the same, share of its seconds",
    "mixture iris": "EM on Iris, all starts: times as fast as scikit-learn's loop, at least",
    "mixture large": "an iteration of EM, large data: times as fast as scikit-learn's, at least",
    "stress iris": "SMACOF on Iris, all starts: times as fast as scikit-learn's loop, at least",
    "stress large": "an iteration of SMACOF, many points: times as fast as scikit-learn's, at least",
}


def targets(verdicts: pd.DataFrame) -> str:
    """One row for each target."""
    rows = [
        [
            TARGETS[row["key"]],
            number(row["target"], 2),
            times(row["value"]),
            _where(row["worst"]),
            "reached" if row["reached"] else r"\textbf{not reached}",
        ]
        for _, row in verdicts.iterrows()
    ]
    header = ["work", "target", "found", "worst", "verdict"]
    return booktabs(rf"@{{}}{TEXT}p{{6.2cm}}rr{TEXT}p{{3.2cm}}l@{{}}", header, rows, spaced=True)


def _where(worst: object) -> str:
    """Return where a target is missed by most: a shape, and a method if it is about one."""
    words = str(worst).split() if isinstance(worst, str) else []
    if not words or words[0] not in SHAPES:
        return ""
    return escape(words[0]) + "".join(f", {METHODS[word].label}" for word in words[1:])


def tables(measured: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Return all tables by name, from all tables of measurements and of verdicts by name."""
    best = analysis.fastest(measured["runs"])
    names = list(SHAPES)
    half = len(names) // 2
    return {
        "machine": machine(measured["machine"]),
        "shapes": shapes(best),
        "methods": methods(best, measured["runs"]),
        "runs_small": runs(best, names[:half]),
        "runs_large": runs(best, names[half:]),
        "passes": passes(measured["passes"]),
        "profile": profile(measured["profile"]),
        "growth": growth(analysis.slopes(measured["growth"])),
        "memory": memory(measured["memory"]),
        "remembering": remembering(measured["remembering"]),
        "targets": targets(measured["verdicts"]),
        "accelerated": accelerated(measured["accelerated"]),
        "objectives": objectives(measured["objectives"]),
    }


ALTERNATIONS = {"mixture": "EM, full covariances", "stress": "SMACOF, raw stress"}


def objectives(table: pd.DataFrame) -> str:
    """Seconds of EM and SMACOF, ours and scikit-learn's, for each comparison."""
    rows = [
        [
            ALTERNATIONS[row["objective"]],
            rf"${whole(row['n'])}\times{row['d']}$, {row['size']}",
            str(row["starts"]),
            str(row["iterations"]),
            duration(row["ours"]),
            duration(row["peer"]),
            times(row["ratio"]),
            number(row["difference"], 2),
        ]
        for _, row in analysis.beside_peer(table).iterrows()
    ]
    header = ["", r"$n\times d$, size", "starts", "iterations", "ours", "scikit-learn", "ratio", "difference"]
    return booktabs("@{}llrrrrrr@{}", header, rows)


def accelerated(table: pd.DataFrame) -> str:
    """Passes and seconds to the middle level for each problem, and averages for all levels."""
    found = analysis.compared(table)
    others = [label for label in OPTIMIZERS if label != "Lloyd"]
    rows = []
    for (name, K), some in found[found["level"] == LEVELS[1]].groupby(["problem", "K"], sort=False):
        one = some.set_index("optimizer")
        milliseconds = number(1e3 * one.loc["Lloyd", "lloyd_seconds"], 2)
        cells = [f"{number(one.loc[o, 'passes'], 2)} / {number(one.loc[o, 'seconds'], 2)}" for o in others]
        lloyds = f"{one.loc['Lloyd', 'lloyd_passes']:.0f} / {milliseconds}"
        rows.append([f"{name}; {K}", lloyds, *cells])
    for slow, words in ((True, "slow"), (False, "others")):
        for level in LEVELS:
            some = found[(found["slow"] == slow) & (found["level"] == level)]
            if len(some):
                means = some.groupby("optimizer")[["passes", "seconds"]].agg(lambda x: np.exp(np.log(x).mean()))
                cells = [f"{number(means.loc[o, 'passes'], 2)} / {number(means.loc[o, 'seconds'], 2)}" for o in others]
                rows.append([rf"\emph{{mean, {words}}}, $10^{{{round(math.log10(level))}}}$", "1", *cells])
    header = ["", "Lloyd", *others]
    return booktabs("@{}l" + "r" * (len(others) + 1) + "@{}", header, rows)


# --- numbers --------------------------------------------------------------------------------------


def numbers(measured: dict[str, pd.DataFrame], threads: int, share: float) -> dict[str, str]:
    """Return the numbers of the prose, by the name of their macro."""
    verdicts = measured["verdicts"].set_index("key")
    compared = analysis.ratios(analysis.fastest(measured["runs"]))
    double = compared[compared["precision"] == "float64"]
    best = double.groupby("shape")["ratio"].min()
    machine = measured["machine"].set_index("what")["value"]
    rounds = analysis.fastest(measured["runs"])["rounds"]
    bandwidth = measured["passes"]["bandwidth"].max()
    missing = sorted({METHODS[method].label for method in measured["runs"].dropna(subset="missing")["method"]})
    return {
        "threads": str(threads),
        "share": percent(share),
        "processor": escape(machine["processor"]),
        "processors": machine["processors"],
        "shapeCount": str(len(SHAPES)),
        "starts": whole(SHAPES["iris"].runs),
        "peerCount": str(double["method"].nunique()),
        "missingPeers": ", ".join(missing) if missing else "none",
        "fewestRounds": str(rounds.min()),
        "mostRounds": str(rounds.max()),
        "patience": number(measuring.PATIENCE, 2),
        "longRun": number(measuring.LONG, 2),
        "passRounds": str(measuring.PASS_ROUNDS),
        "onTheWay": str(measuring.ON_THE_WAY),
        "memoryPasses": str(measuring.SETTLED),
        "rememberedPasses": " and ".join(f"{passes:,}" for passes in measuring.PASSES),
        "bandwidth": number(bandwidth / 1e9, 2),
        "reachedCount": str(int(verdicts["reached"].sum())),
        "targetCount": str(len(verdicts)),
        "averageSpeed": times(verdicts.loc["average float64", "value"]),
        "leastSpeed": times(best.min()),
        "mostSpeed": times(best.max()),
        "loopSpeed": times(verdicts.loc["loop", "value"]),
        "slowest": escape(str(best.idxmin())),
    }
