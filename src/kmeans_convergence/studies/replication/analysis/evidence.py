"""The runs and the conventions as evidence for what the paper reports, and the verdicts that follow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache

import numpy as np
import pandas as pd

from kmeans_convergence.statistics import resampling
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.replication.analysis.original import Original

# Our reading of "a few epochs".
A_FEW_EPOCHS = 5
# What every statement leaves open.
AXES = ("convention",)


class Verdict(Enum):
    """What became of a reported statement."""

    REPLICATED = "replicated"
    OTHER_CONVENTION = "replicated under a different convention"
    SAMPLING = "within the sampling error of their runs"
    NOT_REPLICATED = "not replicated"


@dataclass(frozen=True)
class Convention:
    """A reading of what the paper reports: as "described", or under the "candidate" convention."""

    convention: str


@dataclass(frozen=True)
class Finding:
    """What becomes of a statement under a convention.

    Attributes
    ----------
    verdict : Verdict
    label : str
        What the effect is.
    note : str
        Which of several readings of the statement this is.
    share : float
        Of samples of the paper's size in which the statement holds; the probability of a reported figure.
    holds, confidence, holds_first : bool, float, bool
        Whether it holds on all runs, in which share of bootstrap samples, and in as many first runs as a small sample
        has; NaN for a figure.
    effect, low, high : float
        The figure behind the statement, with its 95 % bootstrap interval.
    """

    verdict: Verdict
    label: str
    share: float
    note: str = ""
    holds: float = math.nan
    confidence: float = math.nan
    holds_first: float = math.nan
    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan

    def rows(self) -> list[dict[str, object]]:
        """Return one row: outcome, note, condition, and the attributes above."""
        columns = ("holds", "confidence", "holds_first", "share", "effect", "low", "high")
        found = {column: getattr(self, column) for column in columns}
        return [{"outcome": self.verdict.value, "note": self.note, "condition": self.label} | found]


class Sample:
    """B samples of m runs each; everything has a leading axis B."""

    def __init__(self, runs: Runs, index: np.ndarray) -> None:
        self._runs = runs
        self._index = index
        self._residuals: dict[str, np.ndarray] = {}

    def residual(self, method: str) -> np.ndarray:
        """Average E_t - E_infinity over each sample, shape (B, T + 1)."""
        if method not in self._residuals:
            self._residuals[method] = resampling.averages(self._index, self._runs.residual(method))
        return self._residuals[method]

    def ratio(self, method: str) -> np.ndarray:
        """Ratio of successive average residuals, shape (B, T): entry t is epoch t + 1; 0 once a residual is 0."""
        residual = np.maximum(self.residual(method), 0)
        return np.divide(
            residual[:, 1:], residual[:, :-1], out=np.zeros_like(residual[:, 1:]), where=residual[:, :-1] > 0
        )

    def late_ratio(self, method: str) -> np.ndarray:
        """Geometric mean of the ratios after a few epochs, shape (B,): the share that an epoch leaves."""
        residual = np.maximum(self.residual(method), 0)
        epochs = residual.shape[1] - 1 - A_FEW_EPOCHS
        before, after = residual[:, A_FEW_EPOCHS], residual[:, -1]
        return np.divide(after, before, out=np.zeros_like(after), where=before > 0) ** (1 / epochs)

    def limit(self, method: str) -> np.ndarray:
        """Average E_infinity over each sample, shape (B,)."""
        return resampling.averages(self._index, self._runs.limit[method])

    def standard_error(self, method: str, share: float = 1.0) -> np.ndarray:
        """Standard error of the average E_infinity of the first `share` of each sample, shape (B,)."""
        some = self._runs.limit[method][self._index[:, : round(share * self._index.shape[1])]]
        return np.asarray(some.std(axis=1, ddof=1) / np.sqrt(some.shape[1]))

    def last_convergence(self, method: str) -> np.ndarray:
        """Epoch at which the slowest run of each sample has converged, shape (B,)."""
        return np.asarray(self._runs.convergence_epoch(method)[self._index].max(axis=1))


class Evidence:
    """The runs of the experiment under some conventions.

    Parameters
    ----------
    runs : dict of Runs
        By the name of the convention, the described one first.
    conventions : dict of Series
        The rows of the table of conventions that belong to them; they decide on reported figures.
    original : Original
    seed, repeats : int
        Of the samples.
    """

    def __init__(
        self,
        runs: Mapping[str, Runs],
        conventions: Mapping[str, pd.Series],
        original: Original,
        seed: int,
        repeats: int,
    ) -> None:
        self.runs, self.conventions, self.original = runs, conventions, original
        self.seed, self.repeats = seed, repeats
        self._sample = cache(self._drawn)

    def readings(self, axes: Sequence[str]) -> list[Convention]:
        """Return the conventions."""
        return [Convention(name) for name in self.runs]

    def combine(self, outcomes: Mapping[Convention, Finding], axes: Sequence[str]) -> tuple[Verdict, str]:
        """Return the verdict as described, or that it is another one under which the statement is replicated."""
        found, *others = (outcome.verdict for outcome in outcomes.values())
        if found is Verdict.NOT_REPLICATED and Verdict.REPLICATED in others:
            return Verdict.OTHER_CONVENTION, ""
        return found, ""

    def everything(self, reading: Convention) -> Sample:
        """Return the runs as they are, as one sample."""
        return self._sample(reading.convention, 0, False)

    def bootstrap(self, reading: Convention) -> Sample:
        """Return bootstrap samples of all runs."""
        return self._sample(reading.convention, 0, True)

    def first(self, reading: Convention, times: int) -> Sample:
        """Return the first runs, `times` as many as the paper has, as one sample."""
        return self._sample(reading.convention, times, False)

    def small(self, reading: Convention, times: int) -> Sample:
        """Return samples of `times` as many runs as the paper has."""
        return self._sample(reading.convention, times, True)

    def _drawn(self, name: str, times: int, repeated: bool) -> Sample:
        """Return samples of `times` the paper's runs, or of all where it is 0."""
        runs = self.runs[name]
        size = times * self.original.epochs("setting", "runs") or len(runs)
        if repeated:
            return Sample(runs, resampling.samples(len(runs), size, self.repeats, self.seed))
        return Sample(runs, resampling.identity(min(size, len(runs))))


def side_by_side(ledger: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each statement: as described, with share and confidence under the candidate beside them.

    Parameters
    ----------
    ledger : DataFrame
        As `statistics.ledger.judge` returns it.

    Returns
    -------
    DataFrame
        The rows of the described convention, with further columns share_candidate and confidence_candidate.
    """
    described, candidate = (ledger[ledger["convention"] == name] for name in ("described", "candidate"))
    beside = candidate[["id", "share", "confidence"]]
    return described.merge(beside, on="id", suffixes=("", "_candidate"), validate="one_to_one")
