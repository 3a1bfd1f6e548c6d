"""How well do predicted rates agree with measured ones?"""

from __future__ import annotations

import pandas as pd
from scipy.stats import spearmanr

KEYS = ["optimizer", "width", "dataset"]


def medians(rates: pd.DataFrame) -> pd.DataFrame:
    """Return medians over the starts of each set whose rate could be measured.

    Returns
    -------
    DataFrame
        Columns optimizer, width, dataset, measured, predicted, low, high, informative (for more than half of them).
    """
    groups = rates.dropna(subset="measured").groupby(KEYS, sort=False)
    values = groups[["measured", "predicted", "low", "high"]].median()
    return values.assign(informative=groups["informative"].mean() > 0.5).reset_index()


def agreement(rates: pd.DataFrame) -> pd.DataFrame:
    """Return Spearman's rank correlation between predicted and measured rates over the informative sets.

    Returns
    -------
    DataFrame
        Columns optimizer, width, sets (informative), silent (sets that can't tell), correlation, bias (median of
        predicted less measured).
    """
    rows = []
    for (optimizer, width), some in medians(rates).groupby(["optimizer", "width"], sort=False):
        telling = some[some["informative"]]
        constant = telling[["measured", "predicted"]].nunique().min() < 2
        rows.append(
            {
                "optimizer": optimizer,
                "width": width,
                "sets": len(telling),
                "silent": len(some) - len(telling),
                "correlation": float("nan") if constant else spearmanr(telling["predicted"], telling["measured"])[0],
                "bias": (telling["predicted"] - telling["measured"]).median(),
            }
        )
    return pd.DataFrame(rows)
