"""Statements that were written down before they were measured, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kmeans_convergence.errors import InputError

COLUMNS = ("id", "claim", "statistic", "sign", "low", "high", "source")

# Value, and the ends of its 95 % interval, which are NaN where none is computed.
Measured = tuple[float, float, float]
UNKNOWN: Measured = (np.nan, np.nan, np.nan)

# From what was measured, and the words that follow the name of a statistic, to its value.
Statistics = Mapping[str, Callable[..., Measured]]

# On which side of a value the statistic is predicted to lie; empty where an interval says it all.
SIGNS: dict[str, Callable[[float], bool]] = {
    "<0": lambda value: value < 0,
    ">0": lambda value: value > 0,
    "<1": lambda value: value < 1,
    ">1": lambda value: value > 1,
    "": lambda value: bool(np.isfinite(value)),
}

CONFIRMED, SIGN_ONLY, FAILED, SILENT = "confirmed", "sign only", "failed", "no answer"


def read_predictions(path: Path, statistics: Statistics) -> pd.DataFrame:
    """Read predictions.

    Returns
    -------
    DataFrame
        Columns id, claim; statistic, a name of `statistics` and further words, see there; sign, a key of `SIGNS`; low
        and high, between which it is predicted to lie; source, what the prediction was made from.

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
            ("statistic", row.statistic.split(" ")[0], statistics),
            ("sign", row.sign, SIGNS),
        ):
            if value not in allowed:
                raise InputError(f"{path} gives {row.id} the {column} {value!r}: allowed are {', '.join(allowed)}.")
        if not row.low < row.high:
            raise InputError(f"{path} gives {row.id} the interval from {row.low} to {row.high}: it must have a length.")
    if table["id"].duplicated().any():
        raise InputError(f"{path} has {table['id'][table['id'].duplicated()].iloc[0]} twice: ids must differ.")
    return table


def score(predictions: pd.DataFrame, statistics: Statistics, measured: Any) -> pd.DataFrame:
    """Return the predictions with what was measured.

    Parameters
    ----------
    predictions : DataFrame
        As `read_predictions` returns it.
    statistics : mapping
        Functions of `measured` and further words.
    measured : object

    Returns
    -------
    DataFrame
        The columns of the predictions; value, value_low, value_high (its 95 % interval); verdict: "confirmed" if the
        value has the sign and lies in the interval that was predicted, "sign only" if it has the sign alone, "failed"
        otherwise, and "no answer" if nothing could be measured. The value's own interval does not soften a verdict.
    """
    rows = []
    for row in predictions.itertuples():
        kind, *words = row.statistic.split(" ")
        value, low, high = statistics[kind](measured, *words)
        rows.append((value, low, high, verdict(value, row.sign, row.low, row.high)))
    found = pd.DataFrame(rows, columns=["value", "value_low", "value_high", "verdict"], index=predictions.index)
    return predictions.join(found)


def verdict(value: float, sign: str, low: float, high: float) -> str:
    """Return what is to be said of a prediction."""
    if not np.isfinite(value):
        return SILENT
    if not SIGNS[sign](value):
        return FAILED
    if low <= value <= high:
        return CONFIRMED
    return SIGN_ONLY if sign else FAILED
