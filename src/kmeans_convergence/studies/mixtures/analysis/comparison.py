"""One row for each optimizer and kind of start: how fast on mixtures, how good, how often degenerate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from kmeans_convergence.statistics import paired, ranking
from kmeans_convergence.statistics.paired import REFERENCE
from kmeans_convergence.statistics.ranking import Hierarchy
from kmeans_convergence.studies.mixtures.analysis.evidence import NATS, ROPE, VALUES, Evidence, Reading
from kmeans_convergence.studies.mixtures.run.comparison import TARGETS

# A mean of ratios is a bound where more than this share of the runs is censored.
CENSORED = 0.05


def summarize(evidence: Evidence) -> pd.DataFrame:
    """Return the table of optimizers for all starts together and for each kind.

    Returns
    -------
    DataFrame
        start, optimizer, families. Passes over those of EM from the same start, geometric means over families with
        their 95 % intervals: ratio_T, ratio_T_low, ratio_T_high, for T nats per pattern of the own limit; censored_T,
        the share of runs that never come there; bound_T, whether the mean is only a bound from below. Limits less those
        of EM from the same start, in nats per pattern: limit, limit_low, limit_high. All this leaves out what has
        degenerated;
        rank_biserial and p_holm (Wilcoxon's test over families, corrected over the optimizers); better, equal, worse,
        shares of runs (by more than `evidence.ROPE`). degenerate, the share of runs; best, the share of runs that end
        within `evidence.ROPE` of the best limit of all runs on the data with the model; unpolished, the share of runs
        whose limit is not one to all digits. tuning, the passes that tuning has taken on a problem.
    """
    tables = [_summarize(evidence, Reading(start)).assign(start=start) for start in VALUES["start"]]
    table = pd.concat(tables, ignore_index=True)
    first = ["start", "optimizer", "families"]
    return table[[*first, *(column for column in table if column not in first)]]


def _summarize(e: Evidence, r: Reading) -> pd.DataFrame:
    """Return the table for one kind of start."""
    runs, costs = e.select(r), e.costs(r)
    table = _named(costs.summary(), "limit")
    tests = ranking.against_reference(costs.family_table()).drop(columns="p")
    table = table.merge(tests, on="optimizer", how="left")
    for target in TARGETS:
        ratios = _named(e.passes(replace(r, target=f"own_{target}")).summary(), f"ratio_{target}")
        columns = [column for column in ratios if column.startswith("ratio")]
        table = table.merge(
            ratios[["optimizer", *columns]].assign(**np.exp(ratios[columns])), on="optimizer", how="left"
        )
        missed = paired.reached(runs, f"own_{target}").isna().astype(float).mask(runs["degenerate"])
        censored = table["optimizer"].map(_total(e, runs.assign(value=missed)))
        table[f"censored_{target}"] = censored
        table[f"bound_{target}"] = (table["optimizer"] != REFERENCE) & (censored > CENSORED)
    kept = runs.assign(unpolished=~runs["polished"] & ~runs["degenerate"])
    for name in ("degenerate", "best", "unpolished"):
        table[name] = table["optimizer"].map(_total(e, kept.assign(value=kept[name].astype(float))))
    differences = paired.differences(runs, NATS, polished=True).dropna(subset="value")
    value = differences["value"]
    for name, true in {"better": value < -ROPE, "equal": value.abs() <= ROPE, "worse": value > ROPE}.items():
        table[name] = table["optimizer"].map(_total(e, differences.assign(value=true.astype(float))))
    tuned = e.charges().rename("value").reset_index().assign(start="", run=0)
    table["tuning"] = table["optimizer"].map(_total(e, tuned))
    return table


def _named(summary: pd.DataFrame, name: str) -> pd.DataFrame:
    """Give the columns of a summary the name of what was averaged."""
    columns = {"effect": name, "low": f"{name}_low", "high": f"{name}_high"}
    return summary.rename(columns=columns).drop(columns="median")


def _total(e: Evidence, values: pd.DataFrame) -> pd.Series:
    """Return the average of a value of runs by optimizer: mean over problems, sets and families."""
    share = Hierarchy.of(values, e.families, e.seed, 1)
    return pd.Series(share.effect, index=share.optimizers)
