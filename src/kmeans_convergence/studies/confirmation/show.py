"""What became of the predictions for fresh data."""

from __future__ import annotations

import pandas as pd

from kmeans_convergence.report.predictions import COLUMNS, HEADER, rows
from kmeans_convergence.report.text import long_booktabs, macros
from kmeans_convergence.statistics.predictions import CONFIRMED, FAILED, SIGN_ONLY, SILENT

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
    return long_booktabs(COLUMNS, HEADER, rows(scores), before)
