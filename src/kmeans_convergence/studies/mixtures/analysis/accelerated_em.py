"""What accelerations of EM are worth."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import quantile_test

from kmeans_convergence.studies.mixtures.run.accelerated_em import EM, TARGETS


def summarize(table: pd.DataFrame) -> pd.DataFrame:
    """Return medians over starts, of passes and of their ratios to EM's from the same start.

    Parameters
    ----------
    table : DataFrame
        As `measure` returns it, with all methods on all mixtures.

    Returns
    -------
    DataFrame
        One row for each mixture, method and target: columns mixture, separation, rate (median), optimizer, target,
        starts, passes, low, high (median with its interval of 95 %), ratio, ratio_low, ratio_high (likewise; missing
        for EM), arrived (share of the starts that came within the target), same (share that ended within 1e-6 nats per
        pattern of EM's limit).

    Notes
    -----
    The intervals are those of order statistics (of the sign test): what did not arrive counts as later than all others.
    """
    key = ["mixture", "target", "run"]
    ems = table[table["optimizer"] == EM].set_index(key)[["passes", "limit"]]
    joined = table.join(ems.add_suffix("_em"), on=key)
    joined["ratio"] = joined["passes"].fillna(np.inf) / joined["passes_em"]
    joined["same"] = (joined["limit"] - joined["limit_em"]).abs() < TARGETS[-1]
    rows = []
    for (name, method, target), part in joined.groupby(["mixture", "optimizer", "target"], sort=False):
        row = {"mixture": name, "separation": part["separation"].iloc[0], "rate": part["rate"].median()}
        row |= {"optimizer": method, "target": target, "starts": len(part)}
        row |= dict(zip(("passes", "low", "high"), _median(part["passes"]), strict=True))
        if method != EM:
            row |= dict(zip(("ratio", "ratio_low", "ratio_high"), _median(part["ratio"]), strict=True))
        rows.append(row | {"arrived": part["passes"].notna().mean(), "same": part["same"].mean()})
    return pd.DataFrame(rows)


def _median(values: pd.Series) -> tuple[float, float, float]:
    """Return the median and its interval; missing values are later than all others."""
    numbers = values.fillna(np.inf).to_numpy()
    low, high = quantile_test(numbers, p=0.5).confidence_interval(0.95)
    # halfway between two that did not arrive is a number that is none
    return float(np.quantile(numbers, 0.5, method="inverted_cdf")), float(low), float(high)
