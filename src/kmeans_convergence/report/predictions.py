"""Predictions beside what was measured, as a table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kmeans_convergence.report.text import escape, interval, number

HEADER = ("", "prediction", "predicted", "measured", "verdict")
COLUMNS = r"@{}l>{\raggedright\arraybackslash}p{7.6cm}lll@{}"


def rows(scores: pd.DataFrame, digits: int = 2) -> Sequence[Sequence[str]]:
    """Return the cells of each prediction.

    Parameters
    ----------
    scores : DataFrame
        As `statistics.predictions.score` returns it.
    digits : int
        Of the ends of what was predicted.
    """
    return [
        [
            str(row["id"]),
            escape(row["claim"]),
            f"{number(row['low'], digits)} to {number(row['high'], digits)}",
            "--" if pd.isna(row["value"]) else interval(row["value"], row["value_low"], row["value_high"]),
            str(row["verdict"]),
        ]
        for _, row in scores.iterrows()
    ]
