"""The ledger: a verdict on every claim about alternation and gradient, from the tables of the comparison."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from kmeans_convergence.analysis.evidence import Evidence
from kmeans_convergence.analysis.predicates import PREDICATES
from kmeans_convergence.errors import InputError


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
    """Decide every claim.

    Returns
    -------
    DataFrame
        One row for each condition of each claim: id, claim, source, verdict (of the claim), condition, optimizer,
        effect, low, high, above, below (its region), decision (of the condition), sets, holding and failing (the data
        sets whose own intervals say so, separated by ";"), note.
    """
    rows = []
    for _, claim in claims.iterrows():
        outcome = PREDICATES[claim["predicate"]](evidence)
        head = {"id": claim["id"], "claim": claim["claim"], "source": claim["source"], "verdict": outcome.verdict.value}
        for condition in outcome.conditions:
            holding, failing = condition.for_and_against
            estimate = condition.estimate
            rows.append(
                head
                | {
                    "condition": condition.label,
                    "optimizer": condition.optimizer,
                    "effect": math.nan if estimate is None else estimate.effect,
                    "low": condition.interval[0],
                    "high": condition.interval[1],
                    "above": condition.above,
                    "below": condition.below,
                    "decision": condition.verdict.value,
                    "sets": 0 if estimate is None else max(estimate.count, 1),
                    "holding": ";".join(holding),
                    "failing": ";".join(failing),
                    "note": outcome.note,
                }
            )
        if not outcome.conditions:
            rows.append(head | {"condition": "", "optimizer": "", "holding": "", "failing": "", "note": outcome.note})
    return pd.DataFrame(rows)
