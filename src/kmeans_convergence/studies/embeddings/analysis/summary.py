"""Each optimizer on maps: how good, how fast, how sure; the agreement of rates; and stress among the objectives."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kmeans_convergence.statistics import paired, ranking
from kmeans_convergence.statistics.correlation import estimate
from kmeans_convergence.statistics.paired import END, REFERENCE, SPEED
from kmeans_convergence.statistics.quality import EQUIVALENCE
from kmeans_convergence.statistics.ranking import Hierarchy
from kmeans_convergence.studies.comparison.run.comparison import TARGETS
from kmeans_convergence.studies.embeddings.analysis.evidence import VALUES, Evidence
from kmeans_convergence.studies.embeddings.run.comparison import CLASSICAL, RANDOM
from kmeans_convergence.studies.embeddings.run.contenders import ALTERNATION, CONTENDERS
from kmeans_convergence.studies.embeddings.run.maps import ORDER, SAMMON
from kmeans_convergence.studies.embeddings.run.sets import OBJECTIVES

# Finer ones are below what SMACOF reaches within the budget.
LEVELS = tuple(TARGETS)[:4]


def summarize(e: Evidence) -> pd.DataFrame:
    """Return the table of optimizers for each objective and kind of start.

    Every mean has its 95 % interval in NAME_low and NAME_high.

    Returns
    -------
    DataFrame
        objective, start, optimizer, families; ratio_10, ratio_1, ratio_0.1, ratio_1e-3 (passes over those of SMACOF to
        so many per cent above the own limit, geometric means; what never gets there counts with the budget);
        censored_10 to censored_1e-3 (share of runs that never do), and of the same levels behind (that never do, where
        SMACOF does) and ahead (that do, where SMACOF never does); end, limit (final costs against SMACOF in per cent,
        before and after the polish), for both of which NAME_median is the median over families, NAME_below and
        NAME_above say in how many the difference is more than what counts as none, and NAME_p_holm is Wilcoxon's test
        over families, corrected over the optimizers; diverged (share of runs that have no place in these); tuning
        (passes that tuning for speed took on a problem).
    """
    tables = []
    for objective in OBJECTIVES:
        for start in VALUES["start"]:
            tables.append(_summarize(e, objective, start).assign(objective=objective, start=start))
    table = pd.concat(tables, ignore_index=True).replace({"optimizer": {REFERENCE: ALTERNATION}})
    first = ["objective", "start", "optimizer", "families"]
    return table[[*first, *(column for column in table if column not in first)]]


def _summarize(e: Evidence, objective: str, start: str) -> pd.DataFrame:
    ends, speed = (e.select(objective, start, target) for target in (END, SPEED))
    table = pd.DataFrame({"optimizer": [REFERENCE, *(key for key in CONTENDERS if key != ALTERNATION)]})
    for level in LEVELS:
        found = e.passes(objective, start, f"own_{level}").summary()
        ratios = {name: np.exp(found[name]) for name in ("effect", "low", "high")}
        table = _join(table, found.assign(**ratios), f"ratio_{level}")
        missed = paired.reached(speed, f"own_{level}").isna()
        reference = _of_reference(speed, missed)
        for name, true in (("censored", missed), ("behind", missed & ~reference), ("ahead", reference & ~missed)):
            table[f"{name}_{level}"] = _share(e, speed, true, table)
    for name, polished in (("end", False), ("limit", True)):
        hierarchy = e.costs(objective, start, polished)
        table = _join(table, hierarchy.summary(), name)
        of_families = hierarchy.family_table()
        tests = ranking.against_reference(of_families).set_index("optimizer")["p_holm"]
        found = {
            "median": of_families.median(),
            "below": (of_families < -100 * EQUIVALENCE).sum(),
            "above": (of_families > 100 * EQUIVALENCE).sum(),
            "p_holm": tests,
        }
        for column, values in found.items():
            table[f"{name}_{column}"] = table["optimizer"].map(values)
    table["diverged"] = _share(e, ends, paired.diverged(ends), table)
    values = e.charges(objective).rename("value").reset_index().assign(start="", run=0)
    tuning = e.hierarchy(values)
    table["tuning"] = table["optimizer"].map(pd.Series(tuning.effect, index=tuning.optimizers))
    table["families"] = ends.merge(e.families, left_on="dataset", right_on="name")["family_y"].nunique()
    return table


def _join(table: pd.DataFrame, found: pd.DataFrame, name: str) -> pd.DataFrame:
    """Put an effect and its interval beside the other columns."""
    names = {"effect": name, "low": f"{name}_low", "high": f"{name}_high"}
    return table.merge(found[["optimizer", *names]].rename(columns=names), on="optimizer", how="left")


def _share(e: Evidence, runs: pd.DataFrame, true: pd.Series, table: pd.DataFrame) -> pd.Series:
    """Average whether something is so, for each optimizer of a table."""
    hierarchy = Hierarchy.of(runs.assign(value=true.astype(float)), e.families, e.seed, 1)
    return table["optimizer"].map(pd.Series(hierarchy.effect, index=hierarchy.optimizers))


def _of_reference(runs: pd.DataFrame, values: pd.Series) -> pd.Series:
    """Return for each run the value of the reference's run from the same start."""
    keys = [*paired.PROBLEM, "run"]
    reference = runs.assign(reference=values)[runs["optimizer"] == REFERENCE].set_index(keys)["reference"]
    return runs.join(reference, on=keys)["reference"]


def agreement(rates: pd.DataFrame, seed: int, repeats: int) -> pd.DataFrame:
    """Compare predicted and measured rates.

    Returns
    -------
    DataFrame
        One row for each objective and method: objective, optimizer, sets (problems whose rate was measured), silent
        (those that were too fast or too slow), correlation, low, high (rank correlation over these, and its interval
        over families), error (median), largest, slowest (largest predicted rate).
    """
    rows = []
    for (objective, optimizer), some in rates.groupby(["objective", "optimizer"], sort=False):
        known = some.dropna(subset="measured").reset_index(drop=True)
        correlation = estimate([known["predicted"], known["measured"]], known["family"], seed, repeats)
        errors = (known["predicted"] - known["measured"]).abs()
        row = {"objective": objective, "optimizer": optimizer, "sets": len(known), "silent": len(some) - len(known)}
        row |= dict(zip(("correlation", "low", "high"), correlation, strict=True))
        rows.append(row | {"error": errors.median(), "largest": errors.max(), "slowest": some["predicted"].max()})
    return pd.DataFrame(rows)


def maps(measures: pd.DataFrame, minima: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return what each set's maps are like.

    Returns
    -------
    DataFrame
        One row for each set and number of dimensions: dataset, family, dimensions, points; strain, stress, best
        (stress-1 of the maps of that name in `run.maps.MAPS`); trust_NAME, continuity_NAME, shepard_NAME of these and
        of sammon and order, where they were made; minima (distinct ones that SMACOF found from random starts), hits
        (share of its random starts that found the best one), hits_pairs (the same of single pairs), apart (median
        disparity of the other starts' maps from the best map), passes_classical, passes_random (median passes of
        SMACOF to 0.1 % above its limit; missing where half of the runs never get there).
    """
    keys = ["dataset", "family", "dimensions"]
    wide = measures.pivot(index=[*keys, "points"], columns="map", values=list(MEASURES))
    wide.columns = [name if value == "stress_1" else f"{MEASURES[value]}_{name}" for value, name in wide.columns]
    table = wide.reset_index("points").drop(columns=[SAMMON, ORDER])
    random = minima[minima["start"] == RANDOM]
    for optimizer, column in (("smacof", "hits"), ("pairs", "hits_pairs")):
        some = random[random["optimizer"] == optimizer]
        table[column] = (some["minimum"] == 0).groupby([some[key] for key in keys]).mean()
    smacof = random[random["optimizer"] == "smacof"]
    table["minima"] = smacof.groupby(keys)["minimum"].nunique()
    table["apart"] = smacof[smacof["minimum"] > 0].groupby(keys)["disparity"].median()
    own = runs[(runs["objective"] == "stress") & (runs["optimizer"] == ALTERNATION)]
    for start in (CLASSICAL, RANDOM):
        passes = own.loc[own["start"] == start, [*keys, "own_0.1"]].fillna({"own_0.1": np.inf})
        median = passes.groupby(keys)["own_0.1"].quantile(0.5, interpolation="higher")
        table[f"passes_{start}"] = median.replace(np.inf, np.nan)
    return table.reset_index()


# Short names of measures.
MEASURES = {"stress_1": "", "trustworthiness": "trust", "continuity": "continuity", "shepard": "shepard"}
