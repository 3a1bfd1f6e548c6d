"""Verdicts on the targets, and the exponents with which cost grows: from the tables of measurements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm

from kmeans_convergence.studies.performance.run.accelerated import LEVELS
from kmeans_convergence.studies.performance.run.methods import METHODS
from kmeans_convergence.studies.performance.run.objectives import OURS, PEER
from kmeans_convergence.studies.performance.run.shapes import SHAPES

# Targets: times as fast as the best exact peer, at least and on average over shapes; than a loop over starts; times a
# matrix product, at most; times as fast by remembering.
NO_SLOWER, ON_AVERAGE, LOOP, PRODUCT, REMEMBERING = 1.0, 2.0, 200.0, 1.5, 3.0
# Of Newton's method with face terms, as shares of Lloyd's, where that is slow; medians over problems.
FACES_PASSES, FACES_SECONDS = 1 / 3, 1 / 2
# Times as fast as scikit-learn's at the same iterations, at least, by the comparisons of `run.objectives`.
OBJECTIVES = {"mixture iris": 20.0, "mixture large": 2.0, "stress iris": 20.0, "stress large": 3.0}
# Lloyd's algorithm is slow where it needs more passes to the middle level.
SLOW = 50
# Of the passes and of the runs that these targets are about.
WIDE_FEATURES, WIDE_CLUSTERS = 64, 64
LONG_PATTERNS, LONG_CLUSTERS = 100_000, 32
# Memory beyond the data: bytes in any case, or for each pattern.
FLOOR, BYTES_PER_PATTERN = 64 * 2**20, 24


def fastest(runs: pd.DataFrame) -> pd.DataFrame:
    """Return seconds (minimum), median, rounds, passes, difference and moved of each shape, method and start."""
    timed = runs.dropna(subset="seconds")
    grouped = timed.groupby(["shape", "method", "start"], sort=False)
    table = grouped["seconds"].agg(seconds="min", median="median", rounds="count")
    return table.join(grouped[["n", "passes", "difference", "moved"]].first()).reset_index()


def ratios(best: pd.DataFrame) -> pd.DataFrame:
    """Return seconds of each peer over ours with the same precision and start: shape, method, precision, ratio."""
    rows = []
    for (shape, start), some in best.groupby(["shape", "start"], sort=False):
        seconds = some.set_index("method")["seconds"]
        for method, peer in METHODS.items():
            ours = "ours" if peer.precision == "float64" else "ours_single"
            if not peer.ours and method in seconds and ours in seconds:
                ratio = seconds[method] / seconds[ours]
                rows.append(
                    {"shape": shape, "start": start, "method": method, "precision": peer.precision, "ratio": ratio}
                )
    return pd.DataFrame(rows)


def bound(n: int) -> int:
    """Return how many bytes beyond the data are allowed for n patterns."""
    return max(FLOOR, BYTES_PER_PATTERN * n)


def judge(
    runs: pd.DataFrame,
    passes: pd.DataFrame,
    memory: pd.DataFrame,
    remembering: pd.DataFrame,
    accelerated: pd.DataFrame,
    objectives: pd.DataFrame,
) -> pd.DataFrame:
    """Return a verdict on each target.

    Returns
    -------
    DataFrame
        Columns key, value, target, worst (what the value is about), reached (whether); the value is NaN, and the target
        not reached, if nothing was measured that it is about.
    """
    against = ratios(fastest(runs))
    rows = []
    for precision, few in against.groupby("precision", sort=False):
        least = few.loc[few.groupby("shape", sort=False)["ratio"].idxmin()]
        rows.append(_at_least(f"every shape {precision}", least, "ratio", NO_SLOWER, ("shape", "method")))
        average = float(np.exp(np.log(least["ratio"]).mean()))
        rows.append(_row(f"average {precision}", average, ON_AVERAGE, f"{len(least)}", average >= ON_AVERAGE))
    loop = against[(against["shape"] == "iris") & (against["method"] == "sklearn_lloyd")]
    rows.append(_at_least("loop", loop, "ratio", LOOP, ("shape", "method")))

    wide = [name for name, shape in SHAPES.items() if shape.d >= WIDE_FEATURES and shape.K >= WIDE_CLUSTERS]
    products = passes[passes["shape"].isin(wide)].assign(inverse=lambda table: table["product"] / table["pass"])
    for precision, few in products.groupby("precision", sort=False):
        row = _at_least(f"product {precision}", few, "inverse", 1 / PRODUCT, ("shape",))
        rows.append(_inverse(row))

    long = [name for name, shape in SHAPES.items() if shape.n >= LONG_PATTERNS and shape.K >= LONG_CLUSTERS]
    longest = remembering["passes"] == remembering["passes"].max()
    descents = remembering[longest & remembering["shape"].isin(long) & (remembering["optimizer"] == "gradient descent")]
    faster = descents.assign(ratio=lambda table: table["plain"] / table["remembering"])
    rows.append(_at_least("remembering", faster, "ratio", REMEMBERING, ("shape",)))

    needed = memory[memory["method"].isin(("ours", "ours_plain"))].dropna(subset="bytes")
    spare = needed.assign(ratio=needed["n"].map(bound) / needed["bytes"].clip(lower=1))
    row = _at_least("memory", spare, "ratio", 1.0, ("shape", "method"))
    rows.append(_inverse(row))

    middle = compared(accelerated)
    middle = middle[middle["slow"] & (middle["level"] == LEVELS[1]) & (middle["optimizer"] == "face terms")]
    for unit, target in (("passes", FACES_PASSES), ("seconds", FACES_SECONDS)):
        value = middle[unit].median()
        rows.append(_row(f"accelerated {unit}", value, target, "", value <= target))

    faster = beside_peer(objectives).set_index("comparison")["ratio"].reindex(list(OBJECTIVES))
    rows += [_row(key, ratio, OBJECTIVES[key], "", ratio >= OBJECTIVES[key]) for key, ratio in faster.items()]
    return pd.DataFrame(rows)


def beside_peer(table: pd.DataFrame) -> pd.DataFrame:
    """Return what `run.objectives` measured with one row for each comparison.

    Returns
    -------
    DataFrame
        The columns that describe the comparison; seconds of ours and of the peer (minimum over rounds); ratio of these;
        difference, of the peer's costs from ours.
    """
    described = ["comparison", "objective", "n", "d", "size", "starts", "iterations"]
    least = table.groupby([*described, "method"], sort=False)[["seconds", "difference"]].agg("min").unstack("method")
    seconds = least["seconds"]
    found = pd.DataFrame(
        {
            "ours": seconds[OURS],
            "peer": seconds[PEER],
            "ratio": seconds[PEER] / seconds[OURS],
            "difference": least["difference"][PEER],
        }
    )
    return found.reset_index()


def _at_least(key: str, table: pd.DataFrame, column: str, target: float, names: Sequence[str]) -> dict[str, Any]:
    if table.empty:
        return _row(key, np.nan, target, "", False)
    worst = table.loc[table[column].idxmin()]
    return _row(key, float(worst[column]), target, " ".join(worst[name] for name in names), worst[column] >= target)


def _inverse(row: dict[str, Any]) -> dict[str, Any]:
    """Turn "at least" into "at most"."""
    return row | {"value": 1 / row["value"], "target": 1 / row["target"]}


def _row(key: str, value: float, target: float, worst: str, reached: bool) -> dict[str, Any]:
    return {"key": key, "value": value, "target": target, "worst": worst, "reached": bool(reached)}


def slopes(growth: pd.DataFrame) -> pd.DataFrame:
    """Return the exponents of the growth of seconds: scheme, varied, slope, and its 95 % interval low, high."""
    rows = []
    for (scheme, varied), some in growth.groupby(["scheme", "varied"], sort=False):
        fitted = sm.OLS(np.log(some["seconds"]), sm.add_constant(np.log(some[varied].astype(float)))).fit()
        low, high = fitted.conf_int().loc[varied]
        rows.append({"scheme": scheme, "varied": varied, "slope": fitted.params[varied], "low": low, "high": high})
    return pd.DataFrame(rows)


def compared(table: pd.DataFrame) -> pd.DataFrame:
    """Return medians over starts of passes and seconds, each divided by Lloyd's of the same start.

    Returns
    -------
    DataFrame
        Columns problem, n, d, K, level, optimizer, passes, seconds, cost, lloyd_passes, lloyd_seconds (medians), slow.
    """
    keys = ["problem", "run", "level"]
    lloyd = table[table["optimizer"] == "Lloyd"].set_index(keys)[["passes", "seconds"]].add_prefix("lloyd_")
    joined = table.join(lloyd, on=keys)
    # a level that the start has reached costs nothing
    for what in ("passes", "seconds"):
        joined[what] = joined[what] / joined[f"lloyd_{what}"].replace(0, np.nan)
    found = joined.groupby(["problem", "n", "d", "K", "level", "optimizer"], sort=False)
    found = found[["passes", "seconds", "cost", "lloyd_passes", "lloyd_seconds"]].median().reset_index()
    middle = found[(found["level"] == LEVELS[1]) & (found["optimizer"] == "Lloyd")].set_index("problem")["lloyd_passes"]
    return found.assign(slow=found["problem"].map(middle) > SLOW)
