"""One row for each optimizer, kind of start and budget: how good, how fast, how sure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from kmeans_convergence.analysis import paired, ranking
from kmeans_convergence.analysis.evidence import Evidence
from kmeans_convergence.analysis.paired import END, REFERENCE, SPEED
from kmeans_convergence.analysis.quality import EQUIVALENCE
from kmeans_convergence.analysis.ranking import Hierarchy
from kmeans_convergence.analysis.readings import CHARGED, RESTARTS, Reading

# A mean of ratios is a bound where more than this share of the runs is censored.
CENSORED = 0.05
TARGETS = ("1", "0.1")
COLUMNS = ["effect", "low", "high", "median"]


def summarize(evidence: Evidence) -> pd.DataFrame:
    """Return the table of optimizers for every kind of start and budget.

    Every mean has the columns NAME, NAME_low, NAME_high (its 95 % interval) and NAME_median, the median over families.

    Returns
    -------
    DataFrame
        start, budget, optimizer, families.
        Final costs against batch K-means in per cent: end (where the optimizer itself ends), limit (after the polish),
        restarts (end, batch K-means restarted for as many passes), charged (the same with the passes of tuning);
        diverged, the share of runs that have no place in these; end_rank_biserial, end_p_holm and the same of limit
        (Wilcoxon's test over families, corrected over the optimizers of this kind of start and budget); better, equal,
        worse (shares of runs, of their limits).
        Passes over those of batch K-means, geometric means: ratio_1, ratio_0.1 (to within so many per cent of the own
        limit), ratio_charged (to 0.1 %, with the passes of tuning); censored_1, censored_0.1 (share of runs that never
        get there); bound_1, bound_0.1 (whether the mean is only a bound from below) and bound_1_median,
        bound_0.1_median.
        Expected running times to the best known cost: time_1, time_0.1, unsolved_1, unsolved_0.1, see `running_times`.
        tuning_end, tuning_speed: passes that tuning for either target has taken on a problem, mean over families.
        Shares are of runs, every family with the same weight.
    """
    tables = [
        _summarize(evidence, reading).assign(start=reading.start, budget=reading.budget)
        for reading in evidence.readings(("start", "budget"))
    ]
    table = pd.concat(tables, ignore_index=True)
    first = ["start", "budget", "optimizer", "families"]
    return table[[*first, *(column for column in table if column not in first)]]


def _summarize(e: Evidence, r: Reading) -> pd.DataFrame:
    """Return the table for one kind of start and budget."""
    ends, limits = e.costs(r), e.costs(replace(r, polished=True))
    table = _named(ends.summary(), "end").merge(_named(limits.summary(), "limit").drop(columns="families"), how="left")
    for name, baseline in (("restarts", RESTARTS), ("charged", CHARGED)):
        table = _join(table, _named(e.costs(replace(r, baseline=baseline)).summary(), name))
    for name, hierarchy in (("end", ends), ("limit", limits)):
        tests = ranking.against_reference(hierarchy.family_table()).drop(columns="p")
        table = _join(table, tests.rename(columns={c: f"{name}_{c}" for c in ("rank_biserial", "p_holm")}))
    quality, speed = e.select(r, END), e.select(r, SPEED)
    shares = {"diverged": _share(e, quality, paired.diverged(quality))}
    for target in TARGETS:
        passes = e.passes(replace(r, target=f"own_{target}"))
        censored = _share(e, speed, paired.reached(speed, f"own_{target}").isna())
        shares[f"censored_{target}"] = censored
        ratios = _geometric(_named(passes.summary(), f"ratio_{target}"))
        table = _join(table, ratios)
        # of batch K-means the ratio is one, whatever is censored
        others = table["optimizer"] != REFERENCE
        table[f"bound_{target}"] = others & table["optimizer"].map(_total(censored) > CENSORED)
        table[f"bound_{target}_median"] = others & table["optimizer"].map(_bound_of_median(passes, censored))
        times = _geometric(running_times(quality, e.datasets, f"best_{target}", e.seed, e.repeats))
        table = _join(
            table,
            times.rename(
                columns={c: f"{c}_{target}" for c in ("time", "unsolved")}
                | {f"time_{c}": f"time_{target}_{c}" for c in COLUMNS[1:]}
            ),
        )
    charged = e.passes(replace(r, charged=True))
    table = _join(table, _geometric(_named(charged.summary(), "ratio_charged")))
    for name, share in shares.items():
        table[name] = table["optimizer"].map(_total(share))
    for target in (END, SPEED):
        table[f"tuning_{target}"] = table["optimizer"].map(_tuning(e, r, target))
    return _join(table, _comparisons(e, quality))


def _named(summary: pd.DataFrame, name: str) -> pd.DataFrame:
    """Give the columns of a summary the name of what was averaged."""
    return summary.rename(columns={column: name if column == "effect" else f"{name}_{column}" for column in COLUMNS})


def _geometric(table: pd.DataFrame) -> pd.DataFrame:
    """Turn averages of logarithms into geometric means."""
    values = [column for column in table if column not in ("optimizer", "families", "unsolved")]
    return table.assign(**{column: np.exp(table[column]) for column in values})


def _join(table: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Put further columns beside those of a table."""
    return table.merge(other.drop(columns="families", errors="ignore"), on="optimizer", how="left")


def _share(e: Evidence, runs: pd.DataFrame, true: pd.Series) -> Hierarchy:
    """Average whether something is so, over runs, problems, sets and families."""
    return Hierarchy.of(runs.assign(value=true.astype(float)), e.datasets, e.seed, 1)


def _total(share: Hierarchy) -> pd.Series:
    return pd.Series(share.effect, index=share.optimizers)


def _bound_of_median(passes: Hierarchy, censored: Hierarchy) -> pd.Series:
    """Say of each optimizer whether the median over families is only a bound.

    The ratio of a family is a bound from below where more than `CENSORED` of its runs are censored. The median is
    exact if it would be the same were all these ratios infinite.
    """
    ratios = passes.family_table()
    bounds = censored.family_table().reindex(index=ratios.index, columns=ratios.columns) > CENSORED
    raised = ratios.mask(bounds & ratios.notna(), np.inf)
    return raised.median() > ratios.median()


def _tuning(e: Evidence, r: Reading, target: str) -> pd.Series:
    """Return the passes that tuning has taken on a problem, by optimizer: mean over sets, then families."""
    charges = e.charges(r, target)
    if charges is None or charges.empty:
        return pd.Series(dtype=float)
    values = charges.rename("value").reset_index().assign(start=r.start, run=0)
    return _total(Hierarchy.of(values, e.datasets, e.seed, 1))


def running_times(runs: pd.DataFrame, datasets: pd.DataFrame, target: str, seed: int, repeats: int) -> pd.DataFrame:
    """Return the expected running times under restarts relative to the reference's, as logarithms.

    The expected running time (Hansen et al. 2021) is what it takes on average to get to a target once: the passes of a
    run, up to the target or to its end where it fails, over the probability that a run gets there. That is estimated
    from s of n runs by (s + 1/2) / (n + 1), so that a problem which no run solves counts with what is known about it:
    that more runs than these are needed.

    Parameters
    ----------
    runs, datasets : DataFrame
        Runs of one kind of start and budget.
    target : str
        One of the columns best_10, ..., best_1e-6.
    seed, repeats : int

    Returns
    -------
    DataFrame
        optimizer; time, time_low, time_high, time_median (of the logarithm of the ratio); families; unsolved, the share
        of problems, each family with the same weight, where no run got there.
    """
    reached = paired.reached(runs, target)
    # a target reached at once costs as much as one at the first step of the grid
    spent = reached.fillna(runs["passes"]).clip(lower=paired.FIRST)
    count = runs.groupby([*paired.PROBLEM, "optimizer"])["run"].transform("size")
    values = runs.assign(success=reached.notna().astype(float), spent=spent, count=count)
    reference = list(values["optimizer"].unique()).index(REFERENCE)

    def log_ratio(success: np.ndarray, spent: np.ndarray, count: np.ndarray) -> np.ndarray:
        logs = np.log(spent) - np.log((success * count + 0.5) / (count + 1))
        return np.asarray(logs - logs[..., [reference]])

    table = _named(
        Hierarchy.of(values, datasets, seed, repeats, ("success", "spent", "count"), log_ratio).summary(), "time"
    )
    failed = Hierarchy.of(values, datasets, seed, 1, ("success",), lambda success: np.where(success > 0, 0.0, 1.0))
    return table.assign(unsolved=failed.effect)


def _comparisons(e: Evidence, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of runs whose limit is better than, equal to and worse than batch K-means'."""
    parts = []
    for problem in paired.problems(runs.assign(limit=runs["limit"].mask(paired.diverged(runs))), e.gap):
        limits = problem.wide("limit")
        relative = limits.apply(e.gap.of, reference=limits[REFERENCE]).melt(ignore_index=False, var_name="optimizer")
        parts.append(relative.reset_index().assign(**problem.names))
    values = pd.concat(parts, ignore_index=True).dropna(subset="value")
    shares = {
        "better": values["value"] < -EQUIVALENCE,
        "equal": values["value"].abs() <= EQUIVALENCE,
        "worse": values["value"] > EQUIVALENCE,
    }
    return (
        pd.DataFrame({name: _total(_share(e, values, true)) for name, true in shares.items()})
        .rename_axis("optimizer")
        .reset_index()
    )
