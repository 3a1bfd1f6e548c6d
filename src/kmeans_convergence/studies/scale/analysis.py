"""How well the worth of passes agrees with what was predicted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from kmeans_convergence.statistics import resampling
from kmeans_convergence.statistics.correlation import estimate
from kmeans_convergence.statistics.predictions import UNKNOWN, Measured, Statistics
from kmeans_convergence.studies.scale.run import KEPT, nearest_factor
from kmeans_convergence.theory.efficiency import averaged_excess, kept_excess, minimiser_excess, one_pass_excess, stall
from kmeans_convergence.theory.rates import Modes

# Passes above which batch K-means is slow.
SLOW = 10
# All kinds of sources.
ALL = "all"
# Methods of which the best factor on the grid is meant, by what they are called elsewhere.
BEST = {"best": "online_kmeans", "kept_best": "kept"}
ONLINE = "online_kmeans"


class Theory(NamedTuple):
    """What the theory needs to know of a source.

    Attributes
    ----------
    modes : Modes
        Without their directions.
    start : ndarray of shape (K d,)
        Expected squares of a start's error along the modes.
    clusters : int
    """

    modes: Modes
    start: np.ndarray
    clusters: int

    def excess(self, method: str, factor: float, n: float, heldout: float) -> float:
        """Return the expected excess on patterns that are held out: their own statistical error is part of it."""
        of_heldout = minimiser_excess(self.modes, heldout)
        if method == ONLINE:
            return one_pass_excess(self.modes, factor, n) + of_heldout
        if method == "kept":
            # as if as many patterns of each prototype had been averaged
            begin = KEPT * factor * self.clusters
            return kept_excess(self.modes, factor, n, begin, self.start) + of_heldout
        if method.startswith("averaged"):
            return averaged_excess(self.modes, factor, n) + of_heldout
        return minimiser_excess(self.modes, n) + of_heldout


def theories(sources: pd.DataFrame, modes: pd.DataFrame) -> dict[str, Theory]:
    """Return what is known of each source, from the tables of a run."""
    clusters = sources.set_index("source")["clusters"]
    return {
        str(name): Theory(
            Modes(some["curvature"].to_numpy(), some["noise"].to_numpy(), np.empty((0, 0))),
            some["start"].to_numpy(),
            int(clusters[name]),
        )
        for name, some in modes.groupby("source", sort=False)
    }


def agreement(
    sources: pd.DataFrame, modes: pd.DataFrame, excess: pd.DataFrame, passes: pd.DataFrame, seed: int, resamples: int
) -> pd.DataFrame:
    """Compare the excess at the end of each method with the predicted one; samples that were left do not count.

    Parameters
    ----------
    sources, modes, excess, passes : DataFrame
        See `studies.scale.run.Tables`.
    seed, resamples : int
        Of the bootstrap over samples.

    Returns
    -------
    DataFrame
        One row for each source, size, method and factor: columns source, family, kind, n, method, factor, samples, left
        (samples that have left the minimum, which do not count), gone (share of the others in which the method itself
        has left it; they count), measured, low, high (mean with its 95 % interval over samples), predicted (infinite
        where the theory says that there is no such limit), ratio (of measured to predicted), statistical (what the
        minimiser of the sample is expected to have), net (measured, less the expected error of the patterns that are
        held out).
    """
    about, theory = sources.set_index("source"), theories(sources, modes)
    keys = ["source", "n", "run"]
    ends = excess[excess["passes"].isna()].merge(passes[[*keys, "heldout", "left"]], on=keys)
    rows = []
    for (name, n, method, factor), some in ends.groupby(["source", "n", "method", "factor"], sort=False, dropna=False):
        here, values = about.loc[name], some.loc[~some["left"], "excess"].to_numpy()
        heldout = float(some["heldout"].iloc[0])
        expected = theory[name].excess(method, factor, n, heldout)
        row = {"source": name, "family": here["family"], "kind": here["kind"], "n": n, "method": method}
        row |= {"factor": factor, "samples": len(some), "left": int(some["left"].sum())}
        row |= {"gone": some.loc[~some["left"], "gone"].mean()}
        row |= dict(zip(("measured", "low", "high"), _mean(values, seed, resamples), strict=True))
        row |= {"predicted": expected, "ratio": row["measured"] / expected if math.isfinite(expected) else math.nan}
        row |= {"statistical": theory[name].excess("batch_kmeans", math.nan, n, heldout)}
        rows.append(row | {"net": row["measured"] - minimiser_excess(theory[name].modes, heldout)})
    return pd.DataFrame(rows)


def _mean(values: np.ndarray, seed: int, resamples: int) -> tuple[float, float, float]:
    if len(values) == 0:
        return math.nan, math.nan, math.nan
    sample = resampling.samples(len(values), len(values), resamples, seed)
    low, high = resampling.interval(resampling.averages(sample, values))
    return float(values.mean()), float(low), float(high)


def useful_passes(modes: pd.DataFrame, passes: pd.DataFrame) -> pd.DataFrame:
    """Return medians over samples of the passes until the statistical error is the larger one.

    Returns
    -------
    DataFrame
        One row for each source and size: columns source, n, samples (that were not left), batch_kmeans, face_newton,
        predicted (medians), rate (rho).
    """
    rates = 1 - modes.groupby("source")["curvature"].min()
    there = passes[~passes["left"]].groupby(["source", "n"], sort=False)
    table = there[["batch_kmeans", "face_newton", "predicted"]].median()
    table.insert(0, "samples", there.size())
    return table.reset_index().assign(rate=lambda some: some["source"].map(rates))


@dataclass(frozen=True)
class Findings:
    """What predictions are held against.

    Attributes
    ----------
    agreement, passes : DataFrame
        As `agreement` and `useful_passes` return them.
    theory : dict of str to Theory
    seed, resamples : int
        Of the bootstrap over families.
    """

    agreement: pd.DataFrame
    passes: pd.DataFrame
    theory: dict[str, Theory]
    seed: int
    resamples: int

    def median(self, table: pd.DataFrame, column: str) -> Measured:
        """Return the median over rows with its interval over families, which are those of their sources."""
        table = table.dropna(subset=column)
        if table.empty:
            return UNKNOWN
        return estimate([table[column]], table["family"], self.seed, self.resamples, lambda x: float(np.median(x)))

    def of(self, kind: str, method: str) -> pd.DataFrame:
        """Return the rows of a method on sources of a kind; of "online_kmeans" those with the factor 1.

        Methods of `BEST` have the factor that is the best for each source.
        """
        table = self.agreement
        if method in BEST:
            best = {name: nearest_factor(theory.modes) for name, theory in self.theory.items()}
            table = table[(table["method"] == BEST[method]) & (table["factor"] == table["source"].map(best))]
        elif method == ONLINE:
            table = table[(table["method"] == ONLINE) & (table["factor"] == 1)]
        else:
            table = table[table["method"] == method]
        return table if kind == ALL else table[table["kind"] == kind]

    def timed(self) -> pd.DataFrame:
        """Return the passes of each source and size, with its family."""
        families = self.agreement.drop_duplicates("source").set_index("source")["family"]
        return self.passes.assign(family=self.passes["source"].map(families))


def excess_ratio(findings: Findings, kind: str, method: str) -> Measured:
    """Return the median over sources and sizes of measured over predicted excess."""
    return findings.median(findings.of(kind, method), "ratio")


def power(findings: Findings, method: str) -> Measured:
    """Return the power of 1/n with which the excess falls from the least to the largest n, where 1/n_k stalls."""
    rows = []
    for name, some in findings.of(ALL, method).groupby("source", sort=False):
        some = some.sort_values("n")
        if stall(findings.theory[str(name)].modes, 1.0) < 1 and len(some) > 1:
            first, last = some.iloc[0], some.iloc[-1]
            # what chance has made negative has no power
            fall = first["net"] / last["net"] if min(first["net"], last["net"]) > 0 else math.nan
            value = math.log(fall) / math.log(last["n"] / first["n"])
            rows.append({"family": first["family"], "power": value})
    return findings.median(pd.DataFrame(rows, columns=["family", "power"]), "power")


def costs(findings: Findings, method: str) -> Measured:
    """Return the median over sources of the excess over that of batch K-means, on the largest samples."""
    return _relative(findings, method, "batch_kmeans")


def overwriting(findings: Findings, method: str) -> Measured:
    """Return the same over that of the method with a start that is kept."""
    return _relative(findings, method, f"kept_{method}")


def _relative(findings: Findings, method: str, other: str) -> Measured:
    base = findings.of(ALL, other).set_index(["source", "n"])["net"].rename("other")
    table = findings.of(ALL, method)
    table = table[table["n"] == table["n"].max()].join(base, ["source", "n"])
    return findings.median(table.assign(relative=table["net"] / table["other"]), "relative")


def passes_ratio(findings: Findings, method: str) -> Measured:
    """Return the median over sources and sizes of measured over predicted passes, where more than one is predicted."""
    table = findings.timed()
    table = table[table["predicted"] > 1]
    return findings.median(table.assign(ratio=table[method] / table["predicted"]), "ratio")


def slope(findings: Findings, method: str) -> Measured:
    """Return the median over sources of the growth of the passes with log n, over 1 / (-2 log rho)."""
    rows = []
    for _, some in findings.timed().groupby("source", sort=False):
        some = some.sort_values("n")
        first, last = some.iloc[0], some.iloc[-1]
        if len(some) > 1:
            found = (last[method] - first[method]) / math.log(last["n"] / first["n"])
            rows.append({"family": first["family"], "slope": found * -2 * math.log(first["rate"])})
    return findings.median(pd.DataFrame(rows, columns=["family", "slope"]), "slope")


def share(findings: Findings, method: str) -> Measured:
    """Return the median over sources of the passes over those of batch K-means, where it is slow, largest samples."""
    table = findings.timed()
    table = table[(table["n"] == table["n"].max()) & (table["batch_kmeans"] > SLOW)]
    return findings.median(table.assign(share=table[method] / table["batch_kmeans"]), "share")


STATISTICS: Statistics = {
    "excess": excess_ratio,
    "power": power,
    "costs": costs,
    "overwriting": overwriting,
    "passes": passes_ratio,
    "slope": slope,
    "share": share,
}
