"""What was predicted for data that nobody had seen, held against what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kmeans_convergence.statistics import paired, predictions
from kmeans_convergence.statistics.conditions import Estimate
from kmeans_convergence.statistics.predictions import UNKNOWN, Measured
from kmeans_convergence.statistics.readings import Reading
from kmeans_convergence.studies.comparison.analysis.evidence import Evidence
from kmeans_convergence.studies.rates.analysis import acceleration, contraction, noise


@dataclass(frozen=True)
class Fresh:
    """The tables that the fresh data gave.

    Attributes
    ----------
    evidence : Evidence
        Of the wide comparison.
    accelerated, rates, excess : DataFrame
        The tables `runs` of `studies.rates.run.acceleration`, and those of `contraction` and `noise` beside it.
    """

    evidence: Evidence
    accelerated: pd.DataFrame
    rates: pd.DataFrame
    excess: pd.DataFrame


def read_predictions(path: Path) -> pd.DataFrame:
    """Read the predictions, see `statistics.predictions`; their statistics are keys of `STATISTICS`."""
    return predictions.read_predictions(path, STATISTICS)


def score(table: pd.DataFrame, fresh: Fresh) -> pd.DataFrame:
    """Return the predictions with what was measured, see `statistics.predictions`; intervals are over families."""
    return predictions.score(table, STATISTICS, fresh)


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
