"""Which optimizers end lower, need fewer passes, or lose nothing: robustly, or under some readings only."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd

from kmeans_convergence.statistics.conditions import Condition
from kmeans_convergence.statistics.paired import REFERENCE
from kmeans_convergence.statistics.readings import QUALITY, TUNED_SPEED, Reading, combine
from kmeans_convergence.studies.comparison.analysis.evidence import Evidence
from kmeans_convergence.studies.comparison.analysis.predicates import COST, PASSES, ROPE

LOWER, FASTER, NO_WORSE = "lower", "faster", "no worse"

CLAIMS: dict[str, tuple[tuple[str, ...], Callable[[Evidence, str, Reading], Condition]]] = {
    LOWER: (QUALITY, lambda e, m, r: Condition(COST, m, e.quality(m, r), below=-ROPE)),
    FASTER: (TUNED_SPEED, lambda e, m, r: Condition(PASSES, m, e.speed(m, r), below=1)),
    # than one run of batch K-means; not worse than its restarts is what `LOWER` asks for
    NO_WORSE: (QUALITY[:3], lambda e, m, r: Condition(COST, m, e.quality(m, r), below=ROPE)),
}


def judge(evidence: Evidence) -> pd.DataFrame:
    """Judge each optimizer under every reading.

    Returns
    -------
    DataFrame
        optimizer, claim ("lower" than batch K-means, one run or restarts; "faster"; "no worse" than one run), verdict
        and where (see `readings.combine`); effect, low, high under the main reading.
    """
    main = evidence.readings(())[0]
    there = [m for m in dict.fromkeys(evidence.runs["optimizer"]) if m != REFERENCE]
    rows = []
    for claim, (axes, condition) in CLAIMS.items():
        grid = evidence.readings(axes)
        for optimizer in there:
            found = {reading: condition(evidence, optimizer, reading) for reading in grid}
            verdict, where = combine({r: c.verdict for r, c in found.items() if c.answered}, axes)
            first = condition(evidence, optimizer, main)
            effect = math.nan if first.estimate is None else first.estimate.effect
            rows.append((optimizer, claim, verdict.value, where, effect, *first.interval))
    return pd.DataFrame(rows, columns=["optimizer", "claim", "verdict", "where", "effect", "low", "high"])
