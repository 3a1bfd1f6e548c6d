"""What became of the predictions for fresh data."""

from __future__ import annotations

import pandas as pd

from kmeans_convergence.report.text import escape, interval, long_booktabs, macros, number
from kmeans_convergence.studies.confirmation.analysis import CONFIRMED, FAILED, SIGN_ONLY, SILENT

# Names of the macros that count verdicts.
COUNTED = {
    CONFIRMED: "predictionsConfirmed",
    SIGN_ONLY: "predictionsSign",
    FAILED: "predictionsFailed",
    SILENT: "predictionsSilent",
}


def counts(scores: pd.DataFrame | None) -> str:
    """Return whether there are scores of the predictions, for TeX, and how many came out how, as macros."""
    if scores is None:
        return macros({}) + "\\confirmedfalse\n"
    values = {name: str((scores["verdict"] == verdict).sum()) for verdict, name in COUNTED.items()}
    return macros({"predictions": str(len(scores))} | values) + "\\confirmedtrue\n"


def predictions(scores: pd.DataFrame | None, before: str = "") -> str:
    """Return the table of predictions, of what was measured and of the verdicts; empty if there are none.

    Parameters
    ----------
    scores : DataFrame, or None
        As `studies.confirmation.analysis.score` returns it.
    before : str
        Caption and label.
    """
    if scores is None:
        return macros({})
    rows = [
        [
            str(row["id"]),
            escape(row["claim"]),
            f"{number(row['low'], 2)} to {number(row['high'], 2)}",
            "--" if pd.isna(row["value"]) else interval(row["value"], row["value_low"], row["value_high"]),
            str(row["verdict"]),
        ]
        for _, row in scores.iterrows()
    ]
    columns = r"@{}l>{\raggedright\arraybackslash}p{7.6cm}lll@{}"
    return long_booktabs(columns, ["", "prediction", "predicted", "measured", "verdict"], rows, before)
