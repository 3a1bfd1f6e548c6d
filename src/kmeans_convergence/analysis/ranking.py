"""Across data sets: effects with intervals first, then tests and ranks.

The data set is the unit of replication. Numbers of prototypes and starts are nested in it: they are averaged within a
set before sets are averaged, and the bootstrap draws sets first, then runs within each problem of a set.

Rows of sets made of pixels or patches depend on each other, and so do such sets. They never have more than half of the
weight in an average; where a method knows no weights (the tests), the surplus of such sets is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from baycomp import SignedRankTest
from statsmodels.stats.multitest import multipletests

from kmeans_convergence.analysis import paired, resampling
from kmeans_convergence.analysis.paired import PROBLEM, REFERENCE
from kmeans_convergence.analysis.quality import EQUIVALENCE, signed_rank
from kmeans_convergence.starts import stream

IMAGES = ("pixels", "patches")

# Samples of the posterior: their standard error is below 0.01.
POSTERIOR = 4000


def weights(datasets: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Return the weight of each set, shape (S,): equal, but images together at most one half; the sum is 1."""
    images = _images(datasets, names)
    weight = np.ones(len(names))
    others = (~images).sum()
    if 0 < others < images.sum():
        weight[images] = others / images.sum()
    return weight / weight.sum()


def balanced(datasets: pd.DataFrame, names: list[str]) -> list[str]:
    """Return the sets without the surplus of images: as many of these, in the order of the names, as of others."""
    images = _images(datasets, names)
    others = (~images).sum()
    return [
        name
        for name, image, count in zip(names, images, np.cumsum(images), strict=True)
        if not image or others == 0 or count <= others
    ]


def _images(datasets: pd.DataFrame, names: list[str]) -> np.ndarray:
    return np.asarray(datasets.set_index("name")["kind"].reindex(names).isin(IMAGES))


@dataclass(frozen=True)
class Hierarchy:
    """Averages of a value of runs: of each set and over the sets, with their bootstrap draws.

    An optimizer that was not run on a set has NaN there, and its average is over the sets that it has.

    Attributes
    ----------
    sets : list of str
    optimizers : list of str
    point : ndarray of shape (S, M)
        Average on each set, over its problems.
    inner : ndarray of shape (B, S, M)
        The same for samples of runs.
    effect : ndarray of shape (M,)
        Average over sets, weighted.
    draws : ndarray of shape (B, M)
        The same for samples of sets and of runs within.
    weight : ndarray of shape (S,)
    drawn : ndarray of shape (B, S)
        The sets in each sample.
    """

    sets: list[str]
    optimizers: list[str]
    point: np.ndarray
    inner: np.ndarray
    effect: np.ndarray
    draws: np.ndarray
    weight: np.ndarray
    drawn: np.ndarray

    @classmethod
    def of(
        cls,
        values: pd.DataFrame,
        datasets: pd.DataFrame,
        seed: int,
        repeats: int,
        columns: Sequence[str] = ("value",),
        statistic: Callable[..., np.ndarray] = lambda value: value,
    ) -> Hierarchy:
        """Average and resample.

        Parameters
        ----------
        values : DataFrame
            Columns dataset, clusters, start, run, optimizer, value, as `paired` returns it.
        datasets : DataFrame
            The table of data sets; name and kind are used.
        seed, repeats : int
        columns : sequence of str
            What is averaged over the runs of a problem.
        statistic : callable
            Makes the value of a problem from these averages, each of shape (..., M).
        """
        sets = list(values["dataset"].unique())
        optimizers = list(values["optimizer"].unique())
        point = np.full((len(sets), len(optimizers)), np.nan)
        inner = np.full((repeats, *point.shape), np.nan)
        placed = values.assign(place=pd.Index(optimizers).get_indexer(values["optimizer"]))
        for s, (_, rows) in enumerate(placed.groupby("dataset", sort=False)):
            averages, draws = [], []
            for problem, runs in rows.groupby(PROBLEM, sort=False):
                row, names = pd.factorize(runs["run"], sort=True)
                count = len(names)
                tables = np.full((len(columns), count, len(optimizers)), np.nan)
                tables[:, row, runs["place"]] = runs[list(columns)].to_numpy(dtype=float).T
                # each problem has samples of its own, whatever else is in the table
                sample = stream(seed, "hierarchy", *problem).integers(count, size=(repeats, count))
                averages.append(statistic(*(table.mean(axis=0) for table in tables)))
                draws.append(statistic(*(resampling.averages(sample, table) for table in tables)))
            point[s], inner[:, s] = _mean(np.array(averages), 0), _mean(np.array(draws), 0)
        weight = weights(datasets, sets)
        rng = stream(seed, "sets")
        drawn = rng.integers(max(len(sets), 1), size=(repeats, len(sets)))
        # a set that is drawn twice gets two samples of runs
        within = inner[rng.integers(repeats, size=drawn.shape), drawn]
        return cls(
            sets,
            optimizers,
            point,
            inner,
            effect=_mean(point, 0, weight[:, None]),
            draws=_mean(within, 1, weight[drawn][..., None]),
            weight=weight,
            drawn=drawn,
        )

    def table(self) -> pd.DataFrame:
        """Return sets x optimizers."""
        return pd.DataFrame(self.point, index=pd.Index(self.sets, name="dataset"), columns=self.optimizers)

    def summary(self) -> pd.DataFrame:
        """Return optimizer, effect and its 95 % interval low, high, and on how many sets."""
        low, high = _interval(self.draws)
        return pd.DataFrame(
            {
                "optimizer": self.optimizers,
                "effect": self.effect,
                "low": low,
                "high": high,
                "sets": np.isfinite(self.point).sum(axis=0),
            }
        )


def _mean(values: np.ndarray, axis: int, weight: np.ndarray | float = 1.0) -> np.ndarray:
    """Return the weighted mean of what is there; NaN where nothing is."""
    known = np.isfinite(values)
    total = (known * weight).sum(axis=axis)
    return np.divide(
        (np.where(known, values, 0) * weight).sum(axis=axis), total, np.full(total.shape, np.nan), where=total > 0
    )


def _interval(draws: np.ndarray) -> np.ndarray:
    """Return the interval of draws (B, M), shape (2, M), over the draws that have a value."""
    columns = [column[np.isfinite(column)] for column in draws.T]
    return np.array([resampling.interval(c) if c.size else np.full(2, np.nan) for c in columns]).reshape(-1, 2).T


def ranks(table: pd.DataFrame, datasets: pd.DataFrame) -> pd.Series:
    """Return the average rank of each optimizer that has every set, lowest value first; ties share their ranks."""
    complete = table.dropna(axis=1)
    weight = weights(datasets, list(complete.index))
    return complete.rank(axis=1).mul(weight, axis=0).sum().sort_values(kind="stable")


def pairwise(table: pd.DataFrame, datasets: pd.DataFrame) -> pd.DataFrame:
    """Test every pair of optimizers over the sets that both have.

    Returns
    -------
    DataFrame
        Columns one, two, difference (median over sets of the value of `one` minus that of `two`), rank_biserial
        (negative when `one` is lower), p (Wilcoxon), p_holm (corrected over all pairs), sets.
    """
    table = table.loc[balanced(datasets, list(table.index))]
    rows = []
    for one, two in combinations(table.columns, 2):
        difference = (table[one] - table[two]).dropna().to_numpy()
        if difference.size:
            p, effect = signed_rank(difference)
            rows.append((one, two, float(np.median(difference)), effect, p, difference.size))
    result = pd.DataFrame(rows, columns=["one", "two", "difference", "rank_biserial", "p", "sets"])
    corrected = multipletests(result["p"], method="holm")[1] if len(result) else []
    return result.assign(p_holm=corrected)


def significance(pairs: pd.DataFrame, optimizers: list[str]) -> pd.DataFrame:
    """Return the corrected p-values as a symmetric matrix with ones on its diagonal."""
    matrix = pd.DataFrame(np.eye(len(optimizers)), index=optimizers, columns=optimizers)
    for _, row in pairs[pairs["one"].isin(optimizers) & pairs["two"].isin(optimizers)].iterrows():
        matrix.loc[row["one"], row["two"]] = matrix.loc[row["two"], row["one"]] = row["p_holm"]
    return matrix


def probabilities(table: pd.DataFrame, datasets: pd.DataFrame, rope: float, seed: int) -> pd.DataFrame:
    """Return the probabilities that an optimizer's value is lower than, equal to and higher than the reference's.

    Bayesian signed-rank test (Benavoli et al. 2017): of the next data set, with a region of practical equivalence.

    Parameters
    ----------
    table : DataFrame
        Values of sets x optimizers, relative to the reference.
    datasets : DataFrame
    rope : float
        Half its width, in the unit of the values.
    seed : int
    """
    table = table.loc[balanced(datasets, list(table.index))]
    rows = []
    for optimizer in table.columns.drop(REFERENCE, errors="ignore"):
        values = table[optimizer].dropna().to_numpy()
        chances = SignedRankTest.probs(values, np.zeros_like(values), rope, nsamples=POSTERIOR, random_state=seed)
        # the test's left is where the first is larger
        rows.append((optimizer, chances[2], chances[1], chances[0]))
    return pd.DataFrame(rows, columns=["optimizer", "lower", "same", "higher"])


def summarize(runs: pd.DataFrame, datasets: pd.DataFrame, budget: float, seed: int, repeats: int) -> pd.DataFrame:
    """Return one row for each optimizer: how good, how fast, how sure.

    Returns
    -------
    DataFrame
        optimizer, sets; difference, difference_low, difference_high (final cost against batch K-means in per cent);
        ratio_1, ratio_1_low, ratio_1_high and the same for 0.1 (geometric mean ratio of passes to within 1 % and
        0.1 % of the run's own limit); time_1, time_1_low, time_1_high, unsolved_1 and the same for 0.1 (expected
        running times to the best known cost, see `running_times`); reached_1, reached_0.1 (share of runs, each set the
        same weight); better, equal, worse (shares of runs); rank_biserial, p_holm (final costs over sets, corrected
        over the optimizers); lower, same, higher (probabilities, region of practical equivalence 0.1 %); rank (average,
        of final costs).
    """
    quality = Hierarchy.of(paired.differences(runs), datasets, seed, repeats)
    table = _rename(quality.summary(), "difference")
    for target in ("1", "0.1"):
        speed = Hierarchy.of(paired.log_ratios(runs, f"own_{target}", budget), datasets, seed, repeats).summary()
        speed[["effect", "low", "high"]] = np.exp(speed[["effect", "low", "high"]])
        table = table.merge(_rename(speed.drop(columns="sets"), f"ratio_{target}"), on="optimizer", how="left")
        times = running_times(runs, datasets, f"best_{target}", seed, repeats).drop(columns="sets")
        times = times.rename(columns={"unsolved": f"unsolved_{target}"})
        table = table.merge(_rename(times, f"time_{target}"), on="optimizer", how="left")
    table = table.merge(_shares(runs, datasets), on="optimizer", how="left")
    table = table.merge(_tests(quality.table(), datasets), on="optimizer", how="left")
    table = table.merge(probabilities(quality.table(), datasets, 100 * EQUIVALENCE, seed), on="optimizer", how="left")
    return table.assign(rank=table["optimizer"].map(ranks(quality.table(), datasets)))


def running_times(runs: pd.DataFrame, datasets: pd.DataFrame, target: str, seed: int, repeats: int) -> pd.DataFrame:
    """Return the expected running times under restarts relative to the reference's.

    The expected running time is the number of passes of all runs, up to the target or to their end where they fail,
    over the number of those that get there (Hansen et al. 2021): what it takes on average to get there once.

    Parameters
    ----------
    runs, datasets : DataFrame
    target : str
        One of the columns best_10, ..., best_1e-6.
    seed, repeats : int

    Returns
    -------
    DataFrame
        optimizer, effect, low, high (geometric mean over sets of the ratio, on the problems that both solve), sets, and
        unsolved, the share of problems, each set the same weight, where no run got there.
    """
    values = runs.assign(success=runs[target].notna().astype(float), spent=runs[target].fillna(runs["passes"]))
    reference = list(values["optimizer"].unique()).index(REFERENCE)

    def log_ratio(success: np.ndarray, spent: np.ndarray) -> np.ndarray:
        # a target reached at once costs as much as one at the first step of the grid
        time = np.maximum(spent, paired.FIRST * success)
        known = (success > 0) & (time > 0)
        logs = np.log(np.divide(time, success, out=np.full(time.shape, np.nan), where=known))
        return np.asarray(logs - logs[..., [reference]])

    columns = ("success", "spent")
    table = Hierarchy.of(values, datasets, seed, repeats, columns, log_ratio).summary()
    table[["effect", "low", "high"]] = np.exp(table[["effect", "low", "high"]])
    failed = Hierarchy.of(values, datasets, seed, 1, columns[:1], lambda success: np.where(success > 0, 0.0, 1.0))
    return table.assign(unsolved=failed.effect)


def _rename(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table.rename(columns={"effect": name, "low": f"{name}_low", "high": f"{name}_high"})


def _shares(runs: pd.DataFrame, datasets: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of runs that end better, equal, worse, and that reach their own limit within the budget."""
    rows = []
    for (dataset, _, _), limits in paired.problems(runs, "limit"):
        relative = limits.div(limits[REFERENCE], axis=0) - 1
        shares = {
            "better": (relative < -EQUIVALENCE).mean(),
            "equal": (relative.abs() <= EQUIVALENCE).mean(),
            "worse": (relative > EQUIVALENCE).mean(),
        }
        rows.append(pd.DataFrame(shares).rename_axis("optimizer").reset_index().assign(dataset=dataset))
    reached = runs[["dataset", "optimizer"]].assign(**{f"reached_{t}": runs[f"own_{t}"].notna() for t in ("1", "0.1")})
    by = ["dataset", "optimizer"]
    table = pd.concat([pd.concat(rows).groupby(by).mean(), reached.groupby(by).mean()], axis=1).reset_index()
    names = list(table["dataset"].unique())
    weight = table["dataset"].map(dict(zip(names, weights(datasets, names), strict=True)))
    values = table.drop(columns="dataset").set_index("optimizer")
    total = weight.groupby(table["optimizer"]).sum()
    return values.mul(weight.to_numpy(), axis=0).groupby("optimizer").sum().div(total, axis=0).reset_index()


def _tests(table: pd.DataFrame, datasets: pd.DataFrame) -> pd.DataFrame:
    """Return the tests of every optimizer against the reference, corrected over the optimizers."""
    table = table.loc[balanced(datasets, list(table.index))]
    rows = [
        (optimizer, *signed_rank(table[optimizer].dropna().to_numpy())) for optimizer in table.columns.drop(REFERENCE)
    ]
    result = pd.DataFrame(rows, columns=["optimizer", "p", "rank_biserial"])
    corrected = multipletests(result["p"], method="holm")[1] if len(result) else []
    return result.assign(p_holm=corrected)
