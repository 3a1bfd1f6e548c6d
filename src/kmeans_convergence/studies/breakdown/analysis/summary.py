"""The tables that the report shows: shares of collapses, what conditioning costs, and remedies beside each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from kmeans_convergence.statistics.conditions import Estimate
from kmeans_convergence.statistics.quality import signed_rank
from kmeans_convergence.studies.breakdown.analysis import predicates
from kmeans_convergence.studies.breakdown.analysis.evidence import Evidence
from kmeans_convergence.studies.breakdown.run import collapse, conditioned, remedies


def shares(e: Evidence) -> pd.DataFrame:
    """Return the share of runs that collapse in each setting, with its interval over simulated data sets.

    Returns
    -------
    DataFrame
        One row for each setting: model, n, d, clusters, correlation; runs; share, low, high; pattern (share of all
        runs that collapse on a pattern).
    """
    keys = list(collapse.Setting._fields)
    rows = []
    for setting, some in e.collapse.groupby(keys, sort=False):
        runs = predicates.collapsed(some)
        estimate = e.average(runs).get("")
        about = dict(zip(keys, setting, strict=True)) | {"runs": len(runs)}
        rows.append(about | _numbers(estimate, "share") | {"pattern": (runs["outcome"] == collapse.PATTERN).mean()})
    return pd.DataFrame(rows)


def passes(e: Evidence) -> pd.DataFrame:
    """Return passes of each method, and what conditioning multiplies them by.

    Returns
    -------
    DataFrame
        One row for each method and delta: optimizer, delta, condition (median), passes (median over runs, of which
        those that did not come near their limit are later than all others), censored (share of runs), diverged (share
        of runs); and with the least delta ratio, low, high, see `predicates.slowed`.
    """
    slowed = {name: estimate.exp() for name, estimate in predicates.slowed(e).items()}
    rows = []
    for (optimizer, delta), some in e.conditioned.groupby(["optimizer", "delta"], sort=False):
        row = {"optimizer": optimizer, "delta": delta, "condition": some["condition"].median()}
        row["passes"] = float(np.quantile(some["passes"].fillna(np.inf), 0.5, method="inverted_cdf"))
        row["censored"], row["diverged"] = some["passes"].isna().mean(), some["diverged"].mean()
        if delta == min(conditioned.DELTAS):
            row |= _numbers(slowed.get(str(optimizer)), "ratio")
        rows.append(row)
    return pd.DataFrame(rows)


def compare(e: Evidence, table: pd.DataFrame) -> pd.DataFrame:
    """Hold remedies against spherical covariances on patterns that were held out.

    Parameters
    ----------
    e : Evidence
    table : DataFrame
        As `remedies.compare` returns it.

    Returns
    -------
    DataFrame
        One row for each remedy: remedy; families, on which it was fitted; fitted, collapsed, refused (shares of the
        fits); for nats (for each pattern and feature) and agreement (adjusted Rand index): effect (average over
        families of the gain over spherical covariances), low, high, p (Wilcoxon over families) and p_holm (corrected
        over remedies).
    """
    scores = {score: e.average(predicates.gains(table, score)) for score in ("nats", "agreement")}
    rows = []
    for remedy, some in table.groupby("remedy", sort=False):
        row: dict[str, object] = {"remedy": remedy}
        row |= {outcome: (some["outcome"] == outcome).mean() for outcome in OUTCOMES}
        for score, estimates in scores.items():
            estimate = estimates.get(str(remedy))
            row["families"] = 0 if estimate is None else estimate.count
            row |= {f"{score}_{name}": value for name, value in _numbers(estimate, "effect").items()}
            row[f"{score}_p"] = np.nan if estimate is None else signed_rank(estimate.point)[0]
        rows.append(row)
    found = pd.DataFrame(rows)
    for score in scores:
        known = found[f"{score}_p"].notna()
        found[f"{score}_p_holm"] = np.nan
        found.loc[known, f"{score}_p_holm"] = multipletests(found.loc[known, f"{score}_p"], method="holm")[1]
    return found


OUTCOMES = (remedies.FITTED, remedies.COLLAPSED, remedies.REFUSED)


def _numbers(estimate: Estimate | None, name: str) -> dict[str, float]:
    """Return an estimate with its interval, NaN where there is none."""
    if estimate is None:
        return {name: np.nan, "low": np.nan, "high": np.nan}
    low, high = estimate.interval()
    return {name: estimate.effect, "low": low, "high": high}
