"""Which initial rate is best? The curve of a rate search, with intervals."""

from __future__ import annotations

import pandas as pd

from kmeans_convergence.statistics import resampling


def curve(search: pd.DataFrame, seed: int, repeats: int) -> pd.DataFrame:
    """Return the average residual after the last epoch for each method, schedule and rate.

    Returns
    -------
    DataFrame
        Columns optimizer, decays, rate, residual, low, high (95 % bootstrap interval over runs).
    """
    search = search.assign(residual=search["cost"] - search["limit"])
    rows = []
    for (optimizer, decays), some in search.groupby(["optimizer", "decays"], sort=False):
        residual = some.pivot(index="run", columns="rate", values="residual")
        draws = resampling.averages(
            resampling.samples(len(residual), len(residual), repeats, seed), residual.to_numpy()
        )
        low, high = resampling.interval(draws)
        rows.append(
            pd.DataFrame(
                {
                    "optimizer": optimizer,
                    "decays": decays,
                    "rate": residual.columns.to_numpy(),
                    "residual": residual.mean().to_numpy(),
                    "low": low,
                    "high": high,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def best(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the row of the lowest residual for each method and schedule."""
    return curves.loc[curves.groupby(["optimizer", "decays"], sort=False)["residual"].idxmin()]
