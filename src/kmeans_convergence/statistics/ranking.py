"""Across data sets: effects with intervals first, then tests and ranks.

The family of data sets is the unit of replication: what one generator, one photograph or one table gives is not
independent of what else it gives. Sets are nested in their family, numbers of prototypes and starts in their set: they
are averaged within a set before sets are averaged within a family, and families last. The bootstrap draws families
first, then sets within each, then runs within each problem of a set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from kmeans_convergence.starts import stream
from kmeans_convergence.statistics import resampling
from kmeans_convergence.statistics.paired import PROBLEM, REFERENCE
from kmeans_convergence.statistics.quality import signed_rank


def families(datasets: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Return the family of each set; one that the table does not say is the set's own."""
    declared = datasets.set_index("name")["family"].reindex(names)
    return declared.fillna(pd.Series(names, index=list(names)))


def weights(datasets: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Return the weight of each set, shape (S,): families have the same, shared by their sets; the sum is 1."""
    family = families(datasets, names)
    return np.asarray(1 / (family.map(family.value_counts()) * family.nunique()), dtype=float)


@dataclass(frozen=True)
class Hierarchy:
    """Averages of a value of runs: of each set and over families, with their bootstrap draws.

    An optimizer that was not run on a set has NaN there, and its average is over the sets and families that it has.

    Attributes
    ----------
    sets, families, optimizers : list of str
    member : ndarray of shape (S,)
        The number of each set's family.
    point : ndarray of shape (S, M)
        Average on each set, over its problems.
    inner : ndarray of shape (B, S, M)
        The same for samples of runs.
    effect : ndarray of shape (M,)
        Average over families of the averages over their sets.
    draws : ndarray of shape (B, M)
        The same for samples of families, of sets within and of runs within.
    """

    sets: list[str]
    families: list[str]
    optimizers: list[str]
    member: np.ndarray
    point: np.ndarray
    inner: np.ndarray
    effect: np.ndarray
    draws: np.ndarray

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
            Columns dataset, clusters, start, run, optimizer, value, as `paired` returns it. A run without a value does
            not count.
        datasets : DataFrame
            The table of data sets; name and family are used.
        seed, repeats : int
        columns : sequence of str
            What is averaged over the runs of a problem.
        statistic : callable
            Makes the value of a problem from these averages, each of shape (..., M).
        """
        place, optimizers = pd.factorize(values["optimizer"])
        owner, sets = pd.factorize(values["dataset"])
        data, run = values[list(columns)].to_numpy(dtype=float).T, values["run"].to_numpy()
        point = np.full((len(sets), len(optimizers)), np.nan)
        inner = np.full((repeats, *point.shape), np.nan)
        averages: list[list[np.ndarray]] = [[] for _ in sets]
        draws: list[list[np.ndarray]] = [[] for _ in sets]
        number = values.groupby(PROBLEM, sort=False).ngroup().to_numpy()
        for rows in (np.flatnonzero(number == p) for p in range(number.max(initial=-1) + 1)):
            problem = next(values[PROBLEM].iloc[rows[:1]].itertuples(index=False))
            runs, row = np.unique(run[rows], return_inverse=True)
            tables = np.full((len(columns), len(runs), len(optimizers)), np.nan)
            tables[:, row, place[rows]] = data[:, rows]
            # each problem has samples of its own, whatever else is in the table
            sample = stream(seed, "hierarchy", *problem).integers(len(runs), size=(repeats, len(runs)))
            everything = np.arange(len(runs))[None]
            averages[owner[rows[0]]].append(statistic(*(_averages(everything, table)[0] for table in tables)))
            draws[owner[rows[0]]].append(statistic(*(_averages(sample, table) for table in tables)))
        for s in range(len(sets)):
            point[s], inner[:, s] = _mean(np.array(averages[s]), 0), _mean(np.array(draws[s]), 0)
        member, names = pd.factorize(families(datasets, sets)) if len(sets) else (np.empty(0, dtype=int), [])
        return cls(
            list(sets),
            list(names),
            list(optimizers),
            member,
            point,
            inner,
            effect=_mean(_by_family(point[None], member, len(names))[0], 0),
            draws=_draws(inner, member, len(names), seed),
        )

    def table(self) -> pd.DataFrame:
        """Return sets x optimizers."""
        return pd.DataFrame(self.point, index=pd.Index(self.sets, name="dataset"), columns=self.optimizers)

    @cached_property
    def by_family(self) -> tuple[np.ndarray, np.ndarray]:
        """The averages of families, shape (F, M), and the same for samples of runs, shape (B, F, M)."""
        count = len(self.families)
        return _by_family(self.point[None], self.member, count)[0], _by_family(self.inner, self.member, count)

    def family_table(self) -> pd.DataFrame:
        """Return families x optimizers."""
        return pd.DataFrame(self.by_family[0], index=pd.Index(self.families, name="family"), columns=self.optimizers)

    def summary(self) -> pd.DataFrame:
        """Return optimizer, effect, its 95 % interval low, high, the median over families, and how many families."""
        low, high = _interval(self.draws)
        table = self.family_table()
        return pd.DataFrame(
            {
                "optimizer": self.optimizers,
                "effect": self.effect,
                "low": low,
                "high": high,
                "median": table.median().to_numpy(),
                "families": table.notna().sum().to_numpy(),
            }
        )


def _averages(sample: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the average of `values` (R, M) over each sample (B, m), shape (B, M), over the runs that have one."""
    known = np.isfinite(values)
    if known.all():
        return resampling.averages(sample, values)
    share = resampling.averages(sample, known.astype(float))
    total = resampling.averages(sample, np.where(known, values, 0.0))
    return np.divide(total, share, out=np.full(total.shape, np.nan), where=share > 0)


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the mean of what is there; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0).sum(axis=axis)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _by_family(values: np.ndarray, member: np.ndarray, count: int) -> np.ndarray:
    """Return the averages (..., F, M) of values of sets (..., S, M) over the sets of each family."""
    means = [_mean(values[..., member == f, :], -2) for f in range(count)]
    return np.stack(means, axis=-2) if means else np.empty((*values.shape[:-2], 0, values.shape[-1]))


def _draws(inner: np.ndarray, member: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return averages over families for samples of families, of sets within and of runs within, shape (B, M)."""
    repeats, _, optimizers = inner.shape
    rng = stream(seed, "families")
    chosen = rng.integers(max(count, 1), size=(repeats, count))
    size = np.bincount(member, minlength=count)
    members = np.zeros((count, size.max(initial=0)), dtype=int)
    for f in range(count):
        members[f, : size[f]] = np.flatnonzero(member == f)
    total, known = np.zeros((repeats, optimizers)), np.zeros((repeats, optimizers))
    for family in chosen.T:
        # of the drawn family as many sets as it has
        of_family, there = np.zeros((repeats, optimizers)), np.zeros((repeats, optimizers))
        for place in range(size.max()):
            drawn = np.flatnonzero(size[family] > place)
            sets = members[family[drawn], rng.integers(size[family[drawn]])]
            # a set that is drawn twice gets two samples of runs
            values = inner[rng.integers(repeats, size=drawn.size), sets]
            of_family[drawn] += np.nan_to_num(values)
            there[drawn] += np.isfinite(values)
        total += np.divide(of_family, there, out=np.zeros_like(total), where=there > 0)
        known += there > 0
    return np.divide(total, known, out=np.full(total.shape, np.nan), where=known > 0)


def _interval(draws: np.ndarray) -> np.ndarray:
    """Return the interval of draws (B, M), shape (2, M), over the draws that have a value."""
    columns = [column[np.isfinite(column)] for column in draws.T]
    return np.array([resampling.interval(c) if c.size else np.full(2, np.nan) for c in columns]).reshape(-1, 2).T


def ranks(table: pd.DataFrame) -> pd.Series:
    """Return the average rank over families of each optimizer that has them all, lowest value first; ties share."""
    return table.dropna(axis=1).rank(axis=1).mean().sort_values(kind="stable")


def pairwise(table: pd.DataFrame) -> pd.DataFrame:
    """Test every pair of optimizers over the families that both have.

    Returns
    -------
    DataFrame
        Columns one, two, difference (median over families of the value of `one` minus that of `two`), rank_biserial
        (negative when `one` is lower), p (Wilcoxon), p_holm (corrected over all pairs), families.
    """
    rows = []
    for one, two in combinations(table.columns, 2):
        difference = (table[one] - table[two]).dropna().to_numpy()
        if difference.size:
            p, effect = signed_rank(difference)
            rows.append((one, two, float(np.median(difference)), effect, p, difference.size))
    return _corrected(pd.DataFrame(rows, columns=["one", "two", "difference", "rank_biserial", "p", "families"]))


def against_reference(table: pd.DataFrame) -> pd.DataFrame:
    """Test every optimizer against a difference of zero, over families.

    Returns
    -------
    DataFrame
        Columns optimizer, p (Wilcoxon), rank_biserial, p_holm (corrected over the optimizers of the table).
    """
    rows = [(key, *signed_rank(table[key].dropna().to_numpy())) for key in table.columns.drop(REFERENCE)]
    return _corrected(pd.DataFrame(rows, columns=["optimizer", "p", "rank_biserial"]))


def _corrected(tests: pd.DataFrame) -> pd.DataFrame:
    """Add p-values corrected over all rows by Holm's method."""
    return tests.assign(p_holm=multipletests(tests["p"], method="holm")[1] if len(tests) else [])


def significance(pairs: pd.DataFrame, optimizers: list[str]) -> pd.DataFrame:
    """Return the corrected p-values as a symmetric matrix with ones on its diagonal."""
    matrix = pd.DataFrame(np.eye(len(optimizers)), index=optimizers, columns=optimizers)
    for _, row in pairs[pairs["one"].isin(optimizers) & pairs["two"].isin(optimizers)].iterrows():
        matrix.loc[row["one"], row["two"]] = matrix.loc[row["two"], row["one"]] = row["p_holm"]
    return matrix
