"""The readings of a claim: every choice of ours that could decide it, and what holds under all of them.

A claim such as "it ends lower" is about some start, some budget of passes, with or without the polish, against one run
of batch K-means or against restarts for the same passes. A reading fixes these; a claim is judged under each of those
that it leaves open, and is called robust only if it holds under all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import pandas as pd

from kmeans_convergence.statistics import paired
from kmeans_convergence.statistics.conditions import Verdict

# What batch K-means may spend: one run from the same start; restarts for the passes that the optimizer has spent; and
# for those and the passes that the choice of the optimizer's setting has cost.
SAME, RESTARTS, CHARGED = "same start", "restarts", "restarts, tuning charged"


@dataclass(frozen=True)
class Reading:
    """One way to hold a claim against the tables.

    Attributes
    ----------
    start : str
        Kind of start.
    budget : int
        Of a run, in passes.
    polished : bool
        Whether costs are compared after batch K-means has taken each run to a fixed point, without charge.
    baseline : str
        `SAME`, `RESTARTS` or `CHARGED`.
    target : str
        Of passes: "own_1" or "own_0.1".
    charged : bool
        Whether passes include those of tuning.
    tuned_for : str
        "end" or "speed"; empty: final costs of what is tuned for the end, and passes of what is tuned for speed.
    """

    start: str
    budget: int
    polished: bool = False
    baseline: str = SAME
    target: str = "own_0.1"
    charged: bool = False
    tuned_for: str = ""


# Which choices a claim about final costs, about passes, or about both leaves open.
QUALITY = ("start", "budget", "polished", "baseline")
SPEED = ("start", "budget", "target")
TUNED_SPEED = (*SPEED, "charged")
BOTH = ("start", "budget", "polished", "target", "tuned_for")

VALUES: dict[str, tuple[Any, ...]] = {
    "polished": (False, True),
    "baseline": (SAME, RESTARTS, CHARGED),
    "target": ("own_0.1", "own_1"),
    "charged": (False, True),
    "tuned_for": (paired.END, paired.SPEED),
}

WORDS: dict[tuple[str, Any], str] = {
    ("start", "patterns"): "from patterns",
    ("start", "plusplus"): "from k-means++",
    ("start", "greedy"): "from greedy k-means++",
    ("start", "random"): "from random starts",
    ("start", "classical"): "from classical scaling",
    ("start", "responsibilities"): "from random responsibilities",
    ("start", "kmeans"): "from k-means",
    ("start", "all"): "from all starts",
    ("polished", False): "without polish",
    ("polished", True): "with polish",
    ("baseline", SAME): "against one run",
    ("baseline", RESTARTS): "against restarts",
    ("baseline", CHARGED): "against restarts with tuning charged",
    ("target", "own_1"): "to 1 %",
    ("target", "own_0.1"): "to 0.1 %",
    ("target", "own_1e-3"): "to 0.001 %",
    **{("nats", f"own_{nats}"): f"to {nats} nats per pattern" for nats in ("1e-1", "1e-3", "1e-6")},
    ("charged", False): "tuning not charged",
    ("charged", True): "tuning charged",
    ("tuned_for", paired.END): "tuned for the end",
    ("tuned_for", paired.SPEED): "tuned for speed",
}


def words(axis: str, value: object) -> str:
    """Return what a reading has chosen, in words."""
    return f"{value} passes" if axis == "budget" else WORDS[axis, value]


def main(runs: pd.DataFrame) -> Reading:
    """Return the reading whose numbers are printed: the first kind of start, the largest budget that all sets have."""
    return Reading(paired.kinds(runs)[0], paired.main_budget(runs))


def grid(axes: Sequence[str], runs: pd.DataFrame) -> list[Reading]:
    """Return all readings along some axes, the main one first; other choices are those of the main reading."""
    first = main(runs)
    there: dict[str, Sequence[Any]] = {"start": paired.kinds(runs), "budget": paired.budgets(runs), **VALUES}
    pairs = {(start, int(budget)) for start, budget in runs[["start", "budget"]].drop_duplicates().to_numpy()}
    found = [replace(first, **dict(zip(axes, chosen, strict=True))) for chosen in product(*(there[a] for a in axes))]
    # a sort that keeps the order: nothing is tuned for one target in the main reading
    found = sorted(found, key=lambda reading: replace(reading, tuned_for="") != first)
    return [reading for reading in found if (reading.start, reading.budget) in pairs]


def combine(verdicts: Mapping[Any, Verdict], axes: Sequence[str]) -> tuple[Verdict, str]:
    """Return the verdict over all readings, and under which of them the claim holds.

    A claim is robust if it holds under all readings, and holds under some of them if only there. If it holds under
    none, it holds in part if it does so under some; else it fails, if it fails under some, and otherwise cannot be
    decided.

    Parameters
    ----------
    verdicts : mapping
        Of each reading for which there are data: a `Reading`, or what else has the choices of `axes`.
    axes : sequence of str
        What the readings differ in.
    """
    holding = [reading for reading, verdict in verdicts.items() if verdict is Verdict.HOLDS]
    if holding:
        if len(holding) == len(verdicts):
            return Verdict.ROBUST, ""
        return Verdict.UNDER, _where(holding, verdicts, axes)
    for verdict in (Verdict.PART, Verdict.FAILS):
        some = [reading for reading, found in verdicts.items() if found is verdict]
        if some:
            return verdict, "" if len(some) == len(verdicts) else _where(some, verdicts, axes)
    return Verdict.UNDECIDED, ""


def _where(some: Sequence[Any], everything: Iterable[Any], axes: Sequence[str]) -> str:
    """Say in how many readings something is so, for which choices always and for which never."""
    readings = list(everything)
    always, never = [], []
    for axis in axes:
        for value in dict.fromkeys(getattr(reading, axis) for reading in readings):
            of_value = [reading in some for reading in readings if getattr(reading, axis) == value]
            if all(of_value):
                always.append(words(axis, value))
            if not any(of_value):
                never.append(words(axis, value))
    parts = [f"{len(some)} of {len(readings)} readings"]
    if always:
        parts.append(f"always {', '.join(always)}")
    if never:
        parts.append(f"never {', '.join(never)}")
    return "; ".join(parts)
