"""How well the worth of passes agrees with what was predicted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kmeans_convergence.statistics import resampling
from kmeans_convergence.statistics.correlation import estimate
from kmeans_convergence.statistics.predictions import UNKNOWN, Measured, Statistics
from kmeans_convergence.studies.scale.run import nearest_factor
from kmeans_convergence.theory.efficiency import averaged_excess, minimiser_excess, one_pass_excess, stall
from kmeans_convergence.theory.rates import Modes

# Passes above which batch K-means is slow.
SLOW = 10
# Of a source's name "all" are those of each kind.
ALL = "all"
# A method of which the best factor on the grid is meant, and what it is called elsewhere.
BEST = "best"
ONLINE = "online_kmeans"


def spectra(modes: pd.DataFrame) -> dict[str, Modes]:
    """Return the modes of each source, without their directions, from the table `modes` of a run."""
    return {
        str(name): Modes(some["curvature"].to_numpy(), some["noise"].to_numpy(), np.empty((0, 0)))
        for name, some in modes.groupby("source", sort=False)
    }


def predicted(spectrum: Modes, method: str, factor: float, n: float, heldout: float) -> float:
    """Return the expected excess on patterns that are held out: their own statistical error is part of it."""
    of_heldout = minimiser_excess(spectrum, heldout)
    if method == ONLINE:
        return one_pass_excess(spectrum, factor, n) + of_heldout
    if method == "averaged":
        return averaged_excess(spectrum, factor, n) + of_heldout
    return minimiser_excess(spectrum, n) + of_heldout


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
        (samples whose run has left the basin, which do not count), measured, low, high (mean with its 95 % interval
        over samples), predicted (infinite where the theory says that there is no such limit), statistical (what the
        sample's minimiser is expected to have),
        ratio (of measured to predicted), net (measured, less the expected error of the patterns that are held out).
    """
    about, spectrum = sources.set_index("source"), spectra(modes)
    ends = excess[excess["passes"].isna()].merge(passes[["source", "n", "run", "left"]], on=["source", "n", "run"])
    rows = []
    for (name, n, method, factor), some in ends.groupby(["source", "n", "method", "factor"], sort=False, dropna=False):
        here, values = about.loc[name], some.loc[~some["left"], "excess"].to_numpy()
        expected = predicted(spectrum[name], method, factor, n, here["heldout"])
        row = {"source": name, "family": here["family"], "kind": here["kind"], "n": n, "method": method}
        row |= {"factor": factor, "samples": len(some), "left": int(some["left"].sum())}
        row |= dict(zip(("measured", "low", "high"), _mean(values, seed, resamples), strict=True))
        row |= {"predicted": expected, "ratio": row["measured"] / expected if math.isfinite(expected) else math.nan}
        row |= {"statistical": predicted(spectrum[name], "batch_kmeans", math.nan, n, here["heldout"])}
        rows.append(row | {"net": row["measured"] - minimiser_excess(spectrum[name], here["heldout"])})
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
    rates = {name: 1 - float(spectrum.curvatures.min()) for name, spectrum in spectra(modes).items()}
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
    spectrum : dict of str to Modes
    seed, resamples : int
        Of the bootstrap over families.
    """

    agreement: pd.DataFrame
    passes: pd.DataFrame
    spectrum: dict[str, Modes]
    seed: int
    resamples: int

    def median(self, table: pd.DataFrame, column: str) -> Measured:
        """Return the median over rows with its interval over families, which are those of their sources."""
        table = table.dropna(subset=column)
        if table.empty:
            return UNKNOWN
        return estimate([table[column]], table["family"], self.seed, self.resamples, lambda x: float(np.median(x)))

    def of(self, kind: str, method: str) -> pd.DataFrame:
        """Return the rows of a method on sources of a kind; "best" is the online one with each source's best factor."""
        table = self.agreement
        if method == BEST:
            best = {name: nearest_factor(spectrum) for name, spectrum in self.spectrum.items()}
            table = table[(table["method"] == ONLINE) & (table["factor"] == table["source"].map(best))]
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
        if stall(findings.spectrum[str(name)], 1.0) < 1 and len(some) > 1:
            first, last = some.iloc[0], some.iloc[-1]
            value = -math.log(last["net"] / first["net"]) / math.log(last["n"] / first["n"])
            rows.append({"family": first["family"], "power": value})
    return findings.median(pd.DataFrame(rows, columns=["family", "power"]), "power")


def costs(findings: Findings, method: str) -> Measured:
    """Return the median over sources of the excess over that of batch K-means, on the largest samples."""
    table, base = findings.of(ALL, method), findings.of(ALL, "batch_kmeans").set_index(["source", "n"])["net"]
    table = table[table["n"] == table["n"].max()].join(base, ["source", "n"], rsuffix="_base")
    return findings.median(table.assign(costs=table["net"] / table["net_base"]), "costs")


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
    "passes": passes_ratio,
    "slope": slope,
    "share": share,
}
