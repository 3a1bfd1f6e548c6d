"""A ledger of claims: each is a row of a file and a predicate, judged under every reading that it leaves open.

A study brings its claims, its predicates, and evidence that knows its readings and how verdicts under them combine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from kmeans_convergence.errors import InputError

COLUMNS = ("id", "claim", "source", "predicate")


class Outcome(Protocol):
    """What becomes of a claim under one reading."""

    @property
    def verdict(self) -> Enum:
        """The verdict under this reading."""

    def rows(self) -> list[dict[str, object]]:
        """Return the numbers behind it, in one row or more."""


class Evidence(Protocol):
    """Tables of results, and the readings under which claims can be held against them."""

    def readings(self, axes: Sequence[str]) -> Sequence[Any]:
        """Return the readings that differ in some of their choices, as dataclasses, the main one first."""

    def combine(self, outcomes: Mapping[Any, Any], axes: Sequence[str]) -> tuple[Enum, str]:
        """Return the verdict over all readings, and under which of them the claim holds."""


class Predicate(Protocol):
    """A claim as a statement about numbers; `axes` are the choices of a reading that it leaves open."""

    @property
    def axes(self) -> tuple[str, ...]:
        """The choices; none for a claim that no reading changes."""

    def judge(self, evidence: Any, reading: Any) -> Outcome:
        """Hold the claim against the evidence."""


def read_claims(path: Path, predicates: Mapping[str, Predicate]) -> pd.DataFrame:
    """Read the claims of a study, columns `COLUMNS`.

    Raises
    ------
    InputError
        If a column is missing, an id is not unique or there is no such predicate.
    """
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    if tuple(table) != COLUMNS:
        raise InputError(f"{path.name} has the columns {', '.join(table)}, but has to have {', '.join(COLUMNS)}.")
    if table["id"].duplicated().any():
        raise InputError(
            f"{path.name} has two claims {table.loc[table['id'].duplicated(), 'id'].iloc[0]!r}, ids are unique."
        )
    unknown = table.loc[~table["predicate"].isin(predicates), "predicate"]
    if len(unknown):
        raise InputError(f"{path.name} names the predicate {unknown.iloc[0]!r}, there are {', '.join(predicates)}.")
    return table


def judge(claims: pd.DataFrame, predicates: Mapping[str, Predicate], evidence: Evidence) -> pd.DataFrame:
    """Decide every claim under every reading that it leaves open.

    Returns
    -------
    DataFrame
        Some rows for each claim and reading, the main reading first: id, claim, source; verdict of the claim over all
        readings, and where, under which of them it holds; the choices of the reading; what its outcome says of itself.
    """
    rows = []
    for _, claim in claims.iterrows():
        predicate = predicates[claim["predicate"]]
        axes = predicate.axes
        outcomes = {reading: predicate.judge(evidence, reading) for reading in evidence.readings(axes)}
        # that of its only reading if none is open
        verdict, where = evidence.combine(outcomes, axes) if axes else (next(iter(outcomes.values())).verdict, "")
        about = claim[["id", "claim", "source"]].to_dict() | {"verdict": verdict.value, "where": where}
        for reading, outcome in outcomes.items():
            chosen = {axis: value for axis, value in asdict(reading).items() if axis in axes}
            rows += [about | chosen | row for row in outcome.rows()]
    table = pd.DataFrame(rows)
    choices = [axis for axis in asdict(evidence.readings(())[0]) if axis in table]
    first = ["id", "claim", "source", "verdict", "where", *choices]
    return table[[*first, *(column for column in table if column not in first)]]
