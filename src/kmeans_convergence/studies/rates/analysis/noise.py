"""How well does the predicted noise of online methods agree with what was measured?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kmeans_convergence.statistics.correlation import estimate, rank_correlation

KEYS = ["optimizer", "sampling", "setting"]
# Fewer sets have no rank correlation worth the name.
FEWEST = 10


def agreement(noise: pd.DataFrame, seed: int, resamples: int) -> pd.DataFrame:
    """Compare measured with predicted shares over data sets.

    Parameters
    ----------
    noise : DataFrame
        See `studies.rates.run.noise.noise`.
    seed, resamples : int
        Of the bootstrap over families.

    Returns
    -------
    DataFrame
        Columns optimizer, sampling, setting, faces (whether the prediction has face terms), sets, predicted and
        measured (medians), ratio, lower, upper (median and quartiles of measured / predicted; NaN where nothing is
        predicted), correlation, low, high (Spearman's rank correlation and its 95 % interval; NaN where the prediction
        is the same for all sets); of predictions with face terms also gain, gain_low, gain_high (by how much their
        correlation is larger than without, paired) and closer (sets on which they are the nearer ones).
    """
    rows = []
    for keys, some in noise.groupby(KEYS, sort=False):
        for column, faces in (("predicted", False), ("with_faces", True)):
            if some[column].isna().any() or (faces and not some[column].any()):
                continue
            row = dict(zip(KEYS, keys, strict=True)) | {"faces": faces, "sets": len(some)}
            row |= _compare(some, column, seed, resamples)
            rows.append(row | (_gain(some, seed, resamples) if faces else {}))
    return pd.DataFrame(rows)


def _compare(some: pd.DataFrame, column: str, seed: int, resamples: int) -> dict[str, float]:
    measured, predicted = some["measured"], some[column]
    lower, ratio, upper = (measured / predicted).quantile([0.25, 0.5, 0.75]) if (predicted > 0).all() else [np.nan] * 3
    known = len(some) >= FEWEST
    rank = estimate([predicted, measured], some["family"], seed, resamples) if known else [np.nan] * 3
    medians = {"predicted": predicted.median(), "measured": measured.median()}
    quartiles = {"ratio": ratio, "lower": lower, "upper": upper}
    return medians | quartiles | dict(zip(("correlation", "low", "high"), rank, strict=True))


def _gain(some: pd.DataFrame, seed: int, resamples: int) -> dict[str, float]:
    """Compare predictions with face terms and without on the same sets."""

    def difference(faces: np.ndarray, without: np.ndarray, measured: np.ndarray) -> float:
        return rank_correlation(faces, measured) - rank_correlation(without, measured)

    columns = [some[column] for column in ("with_faces", "predicted", "measured")]
    known = len(some) >= FEWEST
    gain = estimate(columns, some["family"], seed, resamples, difference) if known else [np.nan] * 3
    off = {column: np.log(some["measured"] / some[column]).abs() for column in ("with_faces", "predicted")}
    closer = {"closer": int((off["with_faces"] < off["predicted"]).sum())}
    return dict(zip(("gain", "gain_low", "gain_high"), gain, strict=True)) | closer


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
