"""The ledger: a verdict on every claim about alternation and gradient, from the tables of the comparison."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from kmeans_convergence.errors import InputError
from kmeans_convergence.statistics.conditions import Condition, Outcome, Verdict
from kmeans_convergence.statistics.readings import Reading, combine
from kmeans_convergence.studies.comparison.analysis.evidence import Evidence
from kmeans_convergence.studies.comparison.analysis.predicates import PREDICATES


def read_claims(path: Path) -> pd.DataFrame:
    """Read the ledger's claims: id, claim, source, predicate.

    Raises
    ------
    InputError
        If a column is missing, an id is not unique or there is no such predicate.
    """
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    if list(table) != ["id", "claim", "source", "predicate"]:
        raise InputError(
            f"{path.name} has the columns {', '.join(table)}, but has to have id, claim, source, predicate."
        )
    if table["id"].duplicated().any():
        raise InputError(
            f"{path.name} has two claims {table.loc[table['id'].duplicated(), 'id'].iloc[0]!r}, ids are unique."
        )
    unknown = table.loc[~table["predicate"].isin(PREDICATES), "predicate"]
    if len(unknown):
        raise InputError(f"{path.name} names the predicate {unknown.iloc[0]!r}, there are {', '.join(PREDICATES)}.")
    return table


def judge(claims: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """Decide every claim under every reading that it leaves open.

    Returns
    -------
    DataFrame
        One row for each condition of each claim and reading, the main reading first: id, claim, source; verdict of the
        claim over all readings, and where, under which of them it holds; the choices of the reading (see `Reading`)
        and outcome, what becomes of the claim under it; condition, optimizer, effect, low, high, above, below (its
        region), decision (of the condition), families, holding and failing (the families whose own intervals say so,
        separated by ";"), note.
    """
    rows = []
    for _, claim in claims.iterrows():
        predicate = PREDICATES[claim["predicate"]]
        outcomes = {reading: predicate.judge(evidence, reading) for reading in evidence.readings(predicate.axes)}
        verdict, where = _verdict(outcomes, predicate.axes)
        about = claim[["id", "claim", "source"]].to_dict() | {"verdict": verdict.value, "where": where}
        for reading, outcome in outcomes.items():
            chosen = {axis: value for axis, value in asdict(reading).items() if axis in predicate.axes}
            rows += [about | chosen | row for row in _rows(outcome)]
    table = pd.DataFrame(rows)
    axes = [axis for axis in Reading.__dataclass_fields__ if axis in table]
    first = ["id", "claim", "source", "verdict", "where", *axes]
    return table[[*first, *(column for column in table if column not in first)]]


def _verdict(outcomes: dict[Reading, Outcome], axes: tuple[str, ...]) -> tuple[Verdict, str]:
    """Return the verdict over all readings for which there are enough data; that of its only one if none is open."""
    if not axes:
        return next(iter(outcomes.values())).verdict, ""
    return combine({reading: outcome.verdict for reading, outcome in outcomes.items() if outcome.answered}, axes)


def _rows(outcome: Outcome) -> list[dict[str, object]]:
    """Return one row for each condition of an outcome, or one for all if it has none."""
    about: dict[str, object] = {"outcome": outcome.verdict.value, "note": outcome.note}
    if not outcome.conditions:
        return [about | {"condition": "", "optimizer": "", "holding": "", "failing": ""}]
    return [about | _condition(condition) for condition in outcome.conditions]


def _condition(condition: Condition) -> dict[str, object]:
    holding, failing = condition.for_and_against
    estimate = condition.estimate
    return {
        "condition": condition.label,
        "optimizer": condition.optimizer,
        "effect": math.nan if estimate is None else estimate.effect,
        "low": condition.interval[0],
        "high": condition.interval[1],
        "above": condition.above,
        "below": condition.below,
        "decision": condition.verdict.value,
        "families": 0 if estimate is None else max(estimate.count, 1),
        "holding": ";".join(holding),
        "failing": ";".join(failing),
    }
