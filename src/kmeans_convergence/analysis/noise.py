"""How well does the predicted noise of online methods agree with what was measured?"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from kmeans_convergence.analysis.resampling import interval, samples

KEYS = ["optimizer", "sampling", "setting"]
# Fewer sets have no rank correlation worth the name.
FEWEST = 10


def agreement(noise: pd.DataFrame, seed: int, resamples: int) -> pd.DataFrame:
    """Compare measured with predicted shares over data sets.

    Parameters
    ----------
    noise : DataFrame
        See `experiments.noise.noise`.
    seed, resamples : int
        Of the bootstrap over data sets.

    Returns
    -------
    DataFrame
        Columns optimizer, sampling, setting, faces (whether the prediction has face terms), sets, predicted and
        measured (medians), ratio, lower, upper (median and quartiles of measured / predicted; NaN where nothing is
        predicted), correlation, low, high (Spearman's rank correlation and its 95 % interval; NaN where the prediction
        is the same for all sets).
    """
    rows = []
    for keys, some in noise.groupby(KEYS, sort=False):
        for column, faces in (("predicted", False), ("with_faces", True)):
            if some[column].isna().any() or (faces and not some[column].any()):
                continue
            row = dict(zip(KEYS, keys, strict=True)) | {"faces": faces, "sets": len(some)}
            rows.append(row | _compare(some["measured"].to_numpy(), some[column].to_numpy(), seed, resamples))
    return pd.DataFrame(rows)


def _compare(measured: np.ndarray, predicted: np.ndarray, seed: int, resamples: int) -> dict[str, float]:
    ratio = lower = upper = correlation = low = high = np.nan
    if (predicted > 0).all():
        lower, ratio, upper = np.quantile(measured / predicted, [0.25, 0.5, 0.75])
    if len(predicted) >= FEWEST and np.ptp(predicted) > 0:
        draws = samples(len(predicted), len(predicted), resamples, seed)
        correlation = rank_correlation(predicted, measured)
        low, high = interval(np.array([rank_correlation(predicted[rows], measured[rows]) for rows in draws]))
    medians = {"predicted": np.median(predicted), "measured": np.median(measured)}
    return medians | {
        "ratio": ratio,
        "lower": lower,
        "upper": upper,
        "correlation": correlation,
        "low": low,
        "high": high,
    }


def rank_correlation(predicted: np.ndarray, measured: np.ndarray) -> float:
    """Return Spearman's rank correlation; NaN where one of them is the same for all sets."""
    if min(np.ptp(predicted), np.ptp(measured)) == 0:
        return math.nan
    return float(spearmanr(predicted, measured)[0])


def slopes(noise: pd.DataFrame) -> pd.DataFrame:
    """Return the exponents of online K-means on draws, between the first and the last of its settings.

    Returns
    -------
    DataFrame
        One row for each set: columns dataset, measured, predicted, with_faces; the excess is like the number of epochs
        to that power.
    """
    some = noise[(noise["optimizer"] == "online_kmeans") & (noise["sampling"] == "draws")]
    values = some.pivot(index="dataset", columns="setting", values=["measured", "predicted", "with_faces"])
    settings = sorted(some["setting"].unique())
    first, last = (values.xs(setting, axis=1, level=1) for setting in (settings[0], settings[-1]))
    return (np.log(last / first) / np.log(settings[-1] / settings[0])).reset_index()
