"""Which convention could have given the paper's range and average of E_infinity?

A convention is a subset of the features, a unit, the factor 1/2 or not, a kind of start, K and a variant of the file.
Units and the factor only rescale costs, so all the conventions are rescalings of fewer sets of runs.

The reported figures (smallest, average and largest E_infinity of a sample of runs) are judged by their probabilities
under a convention. Those of the extremes follow exactly from the share of runs below or above the reported figure;
that of the average comes from the normal approximation. The three are combined with Bonferroni's correction.

A convention found by searching through many agrees more easily than one that was fixed beforehand. `chance_agreement`
measures how much more: how often would one of them agree with figures that mean nothing?

To agree is not to explain: a convention whose samples differ widely agrees with much. What ranks conventions is the
`likelihood`, the probability that a sample shows the very figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
from scipy import stats
from scipy.fft import irfft, next_fast_len, rfft
from statsmodels.stats.multitest import multipletests

from kmeans_convergence.statistics import resampling
from kmeans_convergence.studies.replication.analysis.original import Original

UNIT = "mm"  # of the data
UNITS = {UNIT: 1.0, "cm": 0.01}  # squared millimetres in the unit of the cost
# The reported extremes look rounded to hundreds, or cut to hundreds.
ROUNDING = 50.0
CUTTING = 100.0
# Width of the classes in which costs are added up for the likelihood.
CLASS = 5.0
LEVEL = 0.05


@dataclass(frozen=True)
class Reported:
    """The reported range and average of E_infinity, each as the interval that its rounding allows."""

    size: int
    minimum: tuple[float, float]
    mean: tuple[float, float]
    maximum: tuple[float, float]

    @classmethod
    def of(cls, original: Original) -> Reported:
        """Read the reported figures."""
        least, most = original.number("BB-R1", "minimum"), original.number("BB-R1", "maximum")
        return cls(
            size=original.epochs("setting", "runs"),
            minimum=(least - ROUNDING, least + ROUNDING),
            mean=(original.number("BB-R2", "lowest average"), original.number("BB-R2", "highest average")),
            maximum=(most - ROUNDING, most + ROUNDING),
        )

    def widened(self, margin: float) -> Reported:
        """Return the same with more room on both sides of the extremes."""
        (a, b), (c, d) = self.minimum, self.maximum
        return replace(self, minimum=(a - margin, b + margin), maximum=(c - margin, d + margin))


def expand(combinations: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each convention: `combination` is the row of its runs, `factor` multiplies their costs."""
    rows = []
    for index, combination in combinations.iterrows():
        units = {"standardised": 1.0} if combination["standardized"] else UNITS
        for (unit, size), half in product(units.items(), (True, False)):
            rows.append(
                combination.drop("standardized").to_dict()
                | {"unit": unit, "half": half, "combination": index, "factor": size * (1 if half else 2)}
            )
    return pd.DataFrame(rows)


def tails(limits: np.ndarray, factors: np.ndarray, reported: Reported, best_known: float) -> np.ndarray:
    """Return the two-sided probabilities of the reported minimum, mean and maximum.

    Parameters
    ----------
    limits : ndarray of shape (runs,)
        Ascending E_infinity of the runs of one combination.
    factors : ndarray of shape (F,)
        What the costs are multiplied by.
    reported : Reported
    best_known : float
        Lowest cost that any run found for these inputs and this K: a minimum below it has probability 0.

    Returns
    -------
    ndarray of shape (F, 3)
        For each figure twice the smaller of the probabilities that a sample's figure is at most, or at least, the
        reported one. A share of runs is estimated as (count + 1) / (runs + 1), so that none but the above is zero.
    """
    runs, size = len(limits), reported.size

    def at_most(value: float) -> np.ndarray:
        return np.minimum((np.searchsorted(limits, value / factors, side="right") + 1) / (runs + 1), 1)

    def at_least(value: float) -> np.ndarray:
        return np.minimum((runs - np.searchsorted(limits, value / factors, side="left") + 1) / (runs + 1), 1)

    minimum = np.minimum(1 - (1 - at_most(reported.minimum[1])) ** size, at_least(reported.minimum[0]) ** size)
    minimum = np.where(best_known * factors > reported.minimum[1], 0, minimum)
    maximum = np.minimum(1 - (1 - at_least(reported.maximum[0])) ** size, at_most(reported.maximum[1]) ** size)
    # The floor keeps a combination whose runs all end at the same cost from dividing by zero.
    deviation = max(limits.std(ddof=1), 1e-12 * limits[0]) * factors / np.sqrt(size)
    center = limits.mean() * factors
    mean = np.minimum(
        stats.norm.sf((reported.mean[0] - center) / deviation),
        stats.norm.cdf((reported.mean[1] - center) / deviation),
    )
    return np.minimum(2 * np.stack([minimum, mean, maximum], axis=1), 1)


def likelihood(limits: np.ndarray, reported: Reported) -> float:
    """Return the probability that a sample of runs has its minimum, mean and maximum in the reported intervals.

    Runs are drawn from those that were made. All of a sample lie between two bounds with a probability that, together
    with the distribution of its sum, is a power of the characteristic function of the costs between them; the four
    choices of bounds at the ends of the two intervals give minimum and maximum by inclusion and exclusion.

    Parameters
    ----------
    limits : ndarray of shape (runs,)
        Ascending E_infinity of the runs, in the reported unit.
    reported : Reported
    """
    (least, first), (last, most) = reported.minimum, reported.maximum
    inner = (np.searchsorted(limits, first, side="right"), np.searchsorted(limits, last, side="left"))
    outer = (np.searchsorted(limits, least, side="left"), np.searchsorted(limits, most, side="right"))
    if outer[0] == inner[0] or outer[1] == inner[1]:
        return 0.0
    length = next_fast_len(reported.size * (math.ceil((most - least) / CLASS) + 1))
    means = least + CLASS * np.arange(length) / reported.size
    inside = (means >= reported.mean[0]) & (means <= reported.mean[1])
    total = 0.0
    for i, j in product((0, 1), repeat=2):
        some = limits[(outer[0], inner[0])[i] : (outer[1], inner[1])[j]]
        classes = np.rint((some - least) / CLASS).astype(int)
        sums = irfft(rfft(np.bincount(classes, minlength=length) / len(limits)) ** reported.size, length)
        total += (-1) ** (i + j) * float(sums[inside].sum())
    return max(total, 0.0)


def joint(probabilities: np.ndarray) -> np.ndarray:
    """Combine the three probabilities (..., 3) by Bonferroni's correction."""
    return np.asarray(np.minimum(3 * probabilities.min(axis=-1), 1))


def judge(combinations: pd.DataFrame, limits: np.ndarray, reported: Reported, seed: int, repeats: int) -> pd.DataFrame:
    """Judge every convention.

    Parameters
    ----------
    combinations : DataFrame
        As `studies.replication.run.conventions.limits` returns it.
    limits : ndarray of shape (rows of combinations, runs)
    reported : Reported
    seed, repeats : int
        Of the samples that show the spread of minimum, mean and maximum.

    Returns
    -------
    DataFrame
        One row for each convention: the 5 %, 50 % and 95 % quantiles of each figure over samples of the paper's size,
        the probabilities of the reported ones, `p` for all three, and `p_holm`, corrected for their number; the
        `likelihood` of all three with extremes that are cut or rounded to hundreds, and `likelihood_rounded` with
        extremes that are rounded.
    """
    limits = np.sort(limits, axis=1)
    best = _best_known(combinations, limits)
    sample = resampling.samples(limits.shape[1], reported.size, repeats, seed)
    table = expand(combinations)
    spreads, chances = [], []
    for index, rows in table.groupby("combination", sort=False):
        drawn = limits[index][sample]
        figures = np.stack([drawn.min(axis=1), drawn.mean(axis=1), drawn.max(axis=1)])
        quantiles = np.quantile(figures, [0.05, 0.5, 0.95], axis=1).T.ravel()
        factors = rows["factor"].to_numpy()
        spreads.append(quantiles * factors[:, None])
        chances.append(tails(limits[index], factors, reported, best[index]))
    names = [f"{figure}_{quantile}" for figure in ("min", "mean", "max") for quantile in ("05", "50", "95")]
    table[names] = np.concatenate(spreads)
    chance = np.concatenate(chances)
    table[["p_min", "p_mean", "p_max"]] = chance
    table["p"] = joint(chance)
    table["p_holm"] = multipletests(table["p"], method="holm")[1]
    cut = reported.widened(CUTTING - ROUNDING)
    for name, read in (("likelihood", cut), ("likelihood_rounded", reported)):
        table[name] = [
            likelihood(factor * limits[index], read)
            for index, factor in zip(table["combination"], table["factor"], strict=True)
        ]
    return table


def chance_agreement(combinations: pd.DataFrame, limits: np.ndarray, reported: Reported, points: int) -> float:
    """Return how often some convention agrees with the reported figures multiplied by a meaningless factor.

    The factors are spread evenly, in the logarithm, over the decade around 1. The ratios between minimum, mean and
    maximum stay as reported, so this asks how much the absolute size of the figures tells among these conventions.
    """
    limits = np.sort(limits, axis=1)
    best = _best_known(combinations, limits)
    meaningless = 10 ** ((np.arange(points) + 0.5) / points - 0.5)
    table = expand(combinations)
    highest = np.zeros(points)
    for index, factor in zip(table["combination"], table["factor"], strict=True):
        chance = tails(limits[index], factor * meaningless, reported, best[index])
        highest = np.maximum(highest, joint(chance))
    return float((highest >= LEVEL).mean())


def summarize(judged: pd.DataFrame, chance: float) -> pd.DataFrame:
    """Return one row: conventions tried, those that agree with the reported figures, and `chance_agreement`."""
    return pd.DataFrame({"tried": [len(judged)], "agreeing": [(judged["p"] >= LEVEL).sum()], "chance": [chance]})


def _best_known(combinations: pd.DataFrame, limits: np.ndarray) -> np.ndarray:
    """Return for each combination the lowest cost that any kind of start found for its inputs and K."""
    lowest = combinations.assign(lowest=limits.min(axis=1))
    inputs = ["variant", "features", "standardized", "clusters"]
    return lowest.groupby(inputs)["lowest"].transform("min").to_numpy()
