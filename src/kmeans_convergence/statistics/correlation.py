"""Rank correlations over data sets, with intervals over their families."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from kmeans_convergence.starts import stream
from kmeans_convergence.statistics.resampling import interval


def rank_correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Return Spearman's rank correlation; NaN where one of them is the same for all sets."""
    if min(np.ptp(x), np.ptp(y)) == 0:
        return math.nan
    # SciPy's own function takes ten times as long, which matters in a bootstrap
    one, other = (rankdata(values) - (len(values) + 1) / 2 for values in (x, y))
    return float(one @ other / math.sqrt((one @ one) * (other @ other)))


def estimate(
    columns: Sequence[pd.Series],
    families: pd.Series,
    seed: int,
    resamples: int,
    statistic: Callable[..., float] = rank_correlation,
) -> tuple[float, float, float]:
    """Return a statistic of data sets and its 95 % interval over families, over the samples in which it has a value.

    Parameters
    ----------
    columns : sequence of Series of length S
        What the statistic is of, one value for each set.
    families : Series of length S
        They are drawn with replacement, each with all of its sets.
    seed, resamples : int
    statistic : callable
        From arrays to a number.
    """
    values = [column.to_numpy() for column in columns]
    value = statistic(*values) if len(families) else math.nan
    if not math.isfinite(value):
        return math.nan, math.nan, math.nan
    rows = pd.Series(np.arange(len(families)))
    members = [some.to_numpy() for _, some in rows.groupby(families.to_numpy(), sort=False)]
    draws = []
    for drawn in stream(seed, "correlation").integers(len(members), size=(resamples, len(members))):
        sample = np.concatenate([members[f] for f in drawn])
        draws.append(statistic(*(some[sample] for some in values)))
    known = np.array(draws)[np.isfinite(draws)]
    return (value, *interval(known)) if len(known) else (value, math.nan, math.nan)
