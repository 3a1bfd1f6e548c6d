"""One row for each optimizer and kind of start: how fast on mixtures, how good, how often degenerate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from kmeans_convergence.statistics import paired, ranking
from kmeans_convergence.statistics.paired import REFERENCE
from kmeans_convergence.studies.mixtures.analysis.evidence import NATS, ROPE, VALUES, Evidence, Reading
from kmeans_convergence.studies.mixtures.run.comparison import TARGETS

# A mean of ratios is a bound where more than this share of the runs is censored, unlike EM from the same start.
CENSORED = 0.05
MISSED = ("censored", "later", "sooner")
# Shares of all runs.
SHARES = ("diverged", "degenerate", "best", "unpolished")


def summarize(evidence: Evidence) -> pd.DataFrame:
    """Return the table of optimizers for all starts together and for each kind.

    Returns
    -------
    DataFrame
        start, optimizer, families. Passes over those of EM from the same start, geometric means over families with
        their 95 % intervals: ratio_T, ratio_T_low, ratio_T_high, for T nats per pattern of the own limit; censored_T,
        later_T, sooner_T, the shares of runs that never come there, that do not and EM does, and that do and EM does
        not; bound_T, what the mean says because of these: that the ratio is "=", at least ">", at most "<", or about
        "~" so much. Limits less those of EM from the same start, in nats per pattern: limit, limit_low, limit_high;
        rank_biserial and p_holm (Wilcoxon's test over families, corrected over the optimizers); better, equal, worse,
        shares of runs (by more than `evidence.ROPE`). All this leaves out what has degenerated.

        Shares of all runs: diverged, degenerate; best, of those that end within `evidence.ROPE` of the best limit of
        all runs on the data with the model; unpolished, of those whose limit is not one to all digits. tuning, the
        passes that tuning has taken on a problem.
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
        ratios = _named(e.passes(replace(r, nats=f"own_{target}")).summary(), f"ratio_{target}")
        columns = [column for column in ratios if column.startswith("ratio")]
        table = table.merge(
            ratios[["optimizer", *columns]].assign(**np.exp(ratios[columns])), on="optimizer", how="left"
        )
    value = paired.differences(runs, NATS, polished=True).dropna(subset="value").rename(columns={"value": "above"})
    shares = (
        _averages(e, runs.assign(unpolished=~runs["polished"] & ~runs["degenerate"]), list(SHARES)),
        _averages(
            e, _missed(runs), [f"{name}_{target}" for name in ("censored", "later", "sooner") for target in TARGETS]
        ),
        _averages(e, _compared(value), ["better", "equal", "worse"]),
        _averages(e, e.charges().rename("tuning").reset_index().assign(start=""), ["tuning"]),
    )
    for share in shares:
        table = table.merge(share, on="optimizer", how="left")
    return table.assign(**{f"bound_{target}": _bound(table, target) for target in TARGETS})


def _named(summary: pd.DataFrame, name: str) -> pd.DataFrame:
    """Give the columns of a summary the name of what was averaged."""
    columns = {"effect": name, "low": f"{name}_low", "high": f"{name}_high"}
    return summary.rename(columns=columns).drop(columns="median")


def _missed(runs: pd.DataFrame) -> pd.DataFrame:
    """Return which runs are censored for each target: at all, and unlike EM from the same start.

    Left out are runs that have degenerated, or whose EM has.
    """
    keys = [*paired.PROBLEM, "run"]
    kept = runs[~runs["degenerate"]]
    reference = kept[kept["optimizer"] == REFERENCE].set_index(keys)
    kept = kept[pd.MultiIndex.from_frame(kept[keys]).isin(reference.index)]
    for target in TARGETS:
        missed = paired.reached(kept, f"own_{target}").isna()
        ems = paired.reached(reference, f"own_{target}").isna().reindex(pd.MultiIndex.from_frame(kept[keys])).to_numpy()
        kept = kept.assign(
            **{f"censored_{target}": missed, f"later_{target}": missed & ~ems, f"sooner_{target}": ~missed & ems}
        )
    return kept


def _bound(table: pd.DataFrame, target: str) -> np.ndarray:
    """Return the sign of what a mean of ratios is a bound of, see `summarize`."""
    later, sooner = (table[f"{name}_{target}"] > CENSORED for name in ("later", "sooner"))
    return np.select([later & sooner, later, sooner], ["~", ">", "<"], "=")


def _compared(values: pd.DataFrame) -> pd.DataFrame:
    """Return which limits are better than, equal to and worse than EM's."""
    above = values["above"]
    return values.assign(better=above < -ROPE, equal=above.abs() <= ROPE, worse=above > ROPE)


def _averages(e: Evidence, table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return averages by optimizer: over runs, over the problems of a set, over the sets of a family, over families."""
    values = table.groupby([*paired.PROBLEM, "optimizer"])[columns].mean().groupby(["dataset", "optimizer"]).mean()
    families = e.families.set_index("name")["family"]
    family = values.index.get_level_values("dataset").map(families).rename("family")
    return values.groupby([family, "optimizer"]).mean().groupby("optimizer").mean().reset_index()
