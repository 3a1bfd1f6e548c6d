"""How sure are correlations of predicted and measured rates and noise?

Apart from `contraction` and `noise`, so that nothing is measured anew for this.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from kmeans_convergence.analysis.contraction import medians
from kmeans_convergence.analysis.noise import rank_correlation
from kmeans_convergence.analysis.resampling import interval, samples

# Fewer sets give no interval.
FEWEST = 5


def correlations(rates: pd.DataFrame, seed: int, resamples: int) -> pd.DataFrame:
    """Return Spearman's rank correlation with its interval, over the informative sets and over all of them.

    Returns
    -------
    DataFrame
        Columns optimizer, width; correlation, low, high (95 % interval of a bootstrap over sets; NaN for fewer than
        `FEWEST`), sets, of those that can tell; the same with the suffix _all, of all that could be measured.
    """
    rows = []
    for (optimizer, width), some in medians(rates).groupby(["optimizer", "width"], sort=False):
        row: dict[str, object] = {"optimizer": optimizer, "width": width}
        for suffix, part in (("", some[some["informative"]]), ("_all", some)):
            value, low, high = _correlation(part, seed, resamples)
            names = (f"{name}{suffix}" for name in ("correlation", "low", "high", "sets"))
            row |= dict(zip(names, (value, low, high, len(part)), strict=True))
        rows.append(row)
    return pd.DataFrame(rows)


def _correlation(some: pd.DataFrame, seed: int, resamples: int) -> tuple[float, float, float]:
    """Return the correlation and the ends of its interval."""
    predicted, measured = some["predicted"].to_numpy(), some["measured"].to_numpy()
    if len(some) < 2:
        return math.nan, math.nan, math.nan
    value = rank_correlation(predicted, measured)
    if len(some) < FEWEST:
        return value, math.nan, math.nan
    drawn = [
        rank_correlation(predicted[rows], measured[rows]) for rows in samples(len(some), len(some), resamples, seed)
    ]
    # a sample that is one set again and again has no ranks
    low, high = interval(np.array(drawn)[np.isfinite(drawn)])
    return value, float(low), float(high)


def gain(noise: pd.DataFrame, seed: int, resamples: int) -> tuple[float, float, float, int]:
    """Return what face terms add to the prediction of online K-means, set by set, after the last epoch of draws.

    Returns
    -------
    tuple
        Rank correlation with face terms less that without, its 95 % interval over data sets (NaN where there are too
        few), and the number of sets where the prediction with face terms is off by the smaller factor.
    """
    some = noise[(noise["optimizer"] == "online_kmeans") & (noise["sampling"] == "draws")]
    some = some[some["setting"] == some["setting"].max()]
    measured, frozen, faces = (some[column].to_numpy() for column in ("measured", "predicted", "with_faces"))
    closer = int((abs(np.log(measured / faces)) < abs(np.log(measured / frozen))).sum())
    if len(some) < FEWEST:
        return math.nan, math.nan, math.nan, closer

    def difference(rows: np.ndarray) -> float:
        return rank_correlation(faces[rows], measured[rows]) - rank_correlation(frozen[rows], measured[rows])

    drawn = np.array([difference(rows) for rows in samples(len(some), len(some), resamples, seed)])
    low, high = interval(drawn)
    return difference(np.arange(len(some))), float(low), float(high), closer
