"""How well do predicted rates agree with measured ones?"""

from __future__ import annotations

import pandas as pd

from kmeans_convergence.statistics.correlation import estimate

KEYS = ["optimizer", "width", "dataset", "family"]


def medians(rates: pd.DataFrame) -> pd.DataFrame:
    """Return medians over the starts of each set whose rate could be measured.

    Returns
    -------
    DataFrame
        Columns optimizer, width, dataset, family, measured, predicted, low, high, informative (for more than half of
        them).
    """
    groups = rates.dropna(subset="measured").groupby(KEYS, sort=False)
    values = groups[["measured", "predicted", "low", "high"]].median()
    return values.assign(informative=groups["informative"].mean() > 0.5).reset_index()


def agreement(rates: pd.DataFrame, seed: int, resamples: int) -> pd.DataFrame:
    """Return Spearman's rank correlation between predicted and measured rates over the informative sets.

    Parameters
    ----------
    rates : DataFrame
        See `studies.rates.run.contraction.contraction`.
    seed, resamples : int
        Of the bootstrap over families.

    Returns
    -------
    DataFrame
        Columns optimizer, width, sets (informative), silent (sets that can't tell), correlation, low, high (with its
        95 % interval over families), all, all_low, all_high (the same over all sets), bias (median of predicted less
        measured).
    """
    rows = []
    for (optimizer, width), some in medians(rates).groupby(["optimizer", "width"], sort=False):
        telling = some[some["informative"]]
        row = {"optimizer": optimizer, "width": width, "sets": len(telling), "silent": len(some) - len(telling)}
        for names, sets in ((("correlation", "low", "high"), telling), (("all", "all_low", "all_high"), some)):
            found = estimate([sets["predicted"], sets["measured"]], sets["family"], seed, resamples)
            row |= dict(zip(names, found, strict=True))
        rows.append(row | {"bias": (telling["predicted"] - telling["measured"]).median()})
    return pd.DataFrame(rows)
