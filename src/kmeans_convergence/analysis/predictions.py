"""What was predicted for data that nobody had seen, held against what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kmeans_convergence.analysis import acceleration, contraction, noise, paired
from kmeans_convergence.analysis.conditions import Estimate
from kmeans_convergence.analysis.evidence import Evidence
from kmeans_convergence.analysis.readings import Reading
from kmeans_convergence.errors import InputError

COLUMNS = ("id", "claim", "statistic", "sign", "low", "high", "source")

# Value, and the ends of its 95 % interval, which are NaN where none is computed.
Measured = tuple[float, float, float]
UNKNOWN: Measured = (np.nan, np.nan, np.nan)

# On which side of a value the statistic is predicted to lie; empty where an interval says it all.
SIGNS: dict[str, Callable[[float], bool]] = {
    "<0": lambda value: value < 0,
    ">0": lambda value: value > 0,
    "<1": lambda value: value < 1,
    ">1": lambda value: value > 1,
    "": lambda value: bool(np.isfinite(value)),
}

CONFIRMED, SIGN_ONLY, FAILED, SILENT = "confirmed", "sign only", "failed", "no answer"


@dataclass(frozen=True)
class Fresh:
    """The tables that the fresh data gave.

    Attributes
    ----------
    evidence : Evidence
        Of the wide comparison.
    accelerated, rates, excess : DataFrame
        The tables `runs` of `experiments.acceleration`, and those of `experiments.contraction` and `experiments.noise`.
    """

    evidence: Evidence
    accelerated: pd.DataFrame
    rates: pd.DataFrame
    excess: pd.DataFrame


def read_predictions(path: Path) -> pd.DataFrame:
    """Read the predictions.

    Returns
    -------
    DataFrame
        Columns id, claim; statistic, a key of `STATISTICS`, an optimizer and further words, see there; sign, a key of
        `SIGNS`; low and high, between which it is predicted to lie; source, what the prediction was made from.

    Raises
    ------
    InputError
        When a column is missing, a statistic or a sign unknown, an interval empty, or an id not its own.
    """
    table = pd.read_csv(path, sep="\t", keep_default_na=False, comment="#", dtype={"statistic": str, "sign": str})
    if tuple(table) != COLUMNS:
        raise InputError(f"{path} has the columns {', '.join(table)}: it must have {', '.join(COLUMNS)}.")
    for row in table.itertuples():
        for column, value, allowed in (
            ("statistic", row.statistic.split(" ")[0], STATISTICS),
            ("sign", row.sign, SIGNS),
        ):
            if value not in allowed:
                raise InputError(f"{path} gives {row.id} the {column} {value!r}: allowed are {', '.join(allowed)}.")
        if not row.low < row.high:
            raise InputError(f"{path} gives {row.id} the interval from {row.low} to {row.high}: it must have a length.")
    if table["id"].duplicated().any():
        raise InputError(f"{path} has {table['id'][table['id'].duplicated()].iloc[0]} twice: ids must differ.")
    return table


def score(predictions: pd.DataFrame, fresh: Fresh) -> pd.DataFrame:
    """Return the predictions with what was measured.

    Returns
    -------
    DataFrame
        The columns of the predictions; value, value_low, value_high (its 95 % interval over families); verdict:
        "confirmed" if the value has the sign and lies in the interval that was predicted, "sign only" if it has the
        sign alone, "failed" otherwise, and "no answer" if nothing could be measured. The value's own interval does not
        soften a verdict.
    """
    rows = []
    for row in predictions.itertuples():
        kind, *words = row.statistic.split(" ")
        value, low, high = STATISTICS[kind](fresh, *words)
        rows.append((value, low, high, verdict(value, row.sign, row.low, row.high)))
    measured = pd.DataFrame(rows, columns=["value", "value_low", "value_high", "verdict"], index=predictions.index)
    return predictions.join(measured)


def verdict(value: float, sign: str, low: float, high: float) -> str:
    """Return what is to be said of a prediction."""
    if not np.isfinite(value):
        return SILENT
    if not SIGNS[sign](value):
        return FAILED
    if low <= value <= high:
        return CONFIRMED
    return SIGN_ONLY if sign else FAILED


def _reading(evidence: Evidence, words: tuple[str, ...]) -> Reading:
    """Return the main reading, from patterns with the main budget, changed by words such as "start=plusplus"."""
    reading = Reading("patterns", paired.main_budget(evidence.runs))
    changes: dict[str, Any] = dict(word.split("=") for word in words)
    if "budget" in changes:
        changes["budget"] = int(changes["budget"])
    if "polished" in changes:
        changes["polished"] = changes["polished"] == "yes"
    if "baseline" in changes:
        changes["baseline"] = changes["baseline"].replace("_", " ")
    return replace(reading, **changes)


def _of(estimate: Estimate | None) -> Measured:
    return UNKNOWN if estimate is None else (estimate.effect, *estimate.interval())


def passes(fresh: Fresh, optimizer: str, *words: str) -> Measured:
    """Return passes over those of batch K-means, geometric mean; the words change the reading."""
    return _of(fresh.evidence.speed(optimizer, _reading(fresh.evidence, words)))


def cost(fresh: Fresh, optimizer: str, *words: str) -> Measured:
    """Return the difference of final costs from batch K-means' in per cent; the words change the reading."""
    return _of(fresh.evidence.quality(optimizer, _reading(fresh.evidence, words)))


def reaches(fresh: Fresh, optimizer: str, target: str, *words: str) -> Measured:
    """Return the share of runs that come to a target such as "best_1"; further words change the reading."""
    runs = fresh.evidence.of(optimizer, _reading(fresh.evidence, words))
    return _of(fresh.evidence.average(runs.assign(value=paired.reached(runs, target).notna().astype(float))))


def where_slow(fresh: Fresh, optimizer: str, level: str) -> Measured:
    """Return the median of passes to a level such as "0.1" over batch K-means', on problems where that is slow."""
    evidence = fresh.evidence
    table = acceleration.problems(fresh.accelerated, fresh.evidence.gap)
    family = evidence.datasets.set_index("name")["family"].to_dict()
    table["family"] = [family.get(name) or name for name in table["dataset"]]
    some = table[(table["optimizer"] == optimizer) & table["slow"]]
    return acceleration.average(some, f"ratio_{level}", evidence.seed, evidence.repeats)


def predicted_rates(fresh: Fresh, optimizer: str, width: str) -> Measured:
    """Return the rank correlation of predicted and measured rates of contraction, for a half-width such as "0.05"."""
    table = contraction.agreement(fresh.rates, fresh.evidence.seed, fresh.evidence.repeats)
    found = table[(table["optimizer"] == optimizer) & np.isclose(table["width"], float(width))]
    return tuple(found[["correlation", "low", "high"]].iloc[0]) if len(found) else UNKNOWN


def predicted_noise(fresh: Fresh, optimizer: str, sampling: str, setting: str) -> Measured:
    """Return the median of measured noise over that predicted with face terms, and its quartiles."""
    table = noise.agreement(fresh.excess, fresh.evidence.seed, fresh.evidence.repeats)
    about = (table["optimizer"] == optimizer) & (table["sampling"] == sampling) & table["faces"]
    found = table[about & np.isclose(table["setting"], float(setting))]
    return tuple(found[["ratio", "lower", "upper"]].iloc[0]) if len(found) else UNKNOWN


STATISTICS: dict[str, Callable[..., Measured]] = {
    "passes": passes,
    "cost": cost,
    "reaches": reaches,
    "where_slow": where_slow,
    "predicted_rates": predicted_rates,
    "predicted_noise": predicted_noise,
}
