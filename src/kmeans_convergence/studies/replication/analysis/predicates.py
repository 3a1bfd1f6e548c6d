"""Each reported statement as a predicate on samples of runs, or on the probability of a reported figure.

A predicate takes a `Sample`, many samples of runs at once, and says for each whether the statement holds in it. So the
same few lines decide for the runs as they are, for the bootstrap, and for samples as small as the paper's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kmeans_convergence.statistics import ledger, resampling
from kmeans_convergence.studies.replication.analysis.conventions import LEVEL
from kmeans_convergence.studies.replication.analysis.evidence import (
    A_FEW_EPOCHS,
    AXES,
    Convention,
    Evidence,
    Finding,
    Sample,
    Verdict,
)
from kmeans_convergence.studies.replication.analysis.original import Original

ALTERNATING = ("online_kmeans", "batch_kmeans")
GRADIENT = ("online_gradient", "batch_gradient")
QUANTIZATION = ALTERNATING + GRADIENT
SLOWER = ("online_kmeans", *GRADIENT)  # than batch K-means in the end

# Our reading of words that the paper leaves open.
ABOUT_THE_SAME = 0.05  # difference between ratios of successive residuals
FLAT = 0.9  # ratio of successive residuals above which a curve counts as flat


@dataclass(frozen=True)
class Statement:
    """A reported statement that is decided by traces.

    Attributes
    ----------
    reading : str
        The predicate in words (LaTeX).
    holds : callable
        (Sample, Original) -> bool array of shape (B,).
    effect : callable
        (Sample, Original) -> float array of shape (B,): the figure behind the predicate.
    effect_label : str
    variant : str
        Which of several readings of the statement this is; empty if there is one.
    times : int
        How many times as many runs as the paper's a small sample has.
    """

    reading: str
    holds: Callable[[Sample, Original], np.ndarray]
    effect: Callable[[Sample, Original], np.ndarray]
    effect_label: str
    variant: str = ""
    times: int = 1
    axes: tuple[str, ...] = AXES

    def judge(self, evidence: Evidence, reading: Convention) -> Finding:
        """Hold the statement against the runs under a convention."""
        original = evidence.original
        everything, bootstrap = evidence.everything(reading), evidence.bootstrap(reading)
        low, high = resampling.interval(self.effect(bootstrap, original))
        confidence = float(self.holds(bootstrap, original).mean())
        share = float(self.holds(evidence.small(reading, self.times), original).mean())
        return Finding(
            verdict(confidence, share),
            self.effect_label,
            share,
            self.variant,
            bool(self.holds(everything, original)[0]),
            confidence,
            bool(self.holds(evidence.first(reading, self.times), original)[0]),
            self.effect(everything, original)[0],
            low,
            high,
        )


@dataclass(frozen=True)
class Figure:
    """A reported figure, which is decided by its probability under a convention.

    Attributes
    ----------
    chance : callable
        From the row of a convention to the probability.
    effect_label : str
    """

    chance: Callable[[pd.Series], float]
    effect_label: str
    axes: tuple[str, ...] = AXES

    def judge(self, evidence: Evidence, reading: Convention) -> Finding:
        """Hold the figure against a convention."""
        share = self.chance(evidence.conventions[reading.convention])
        return Finding(Verdict.REPLICATED if share >= LEVEL else Verdict.NOT_REPLICATED, self.effect_label, share)


def extremes(convention: pd.Series) -> float:
    """Return the probability of the reported range, Bonferroni-corrected for its two ends."""
    return float(min(2 * min(convention["p_min"], convention["p_max"]), 1.0))


def average(convention: pd.Series) -> float:
    """Return the probability of the reported average."""
    return float(convention["p_mean"])


def lowest(values: dict[str, np.ndarray], method: str) -> np.ndarray:
    """Say where the values of one method are below those of all others."""
    others = np.stack([value for key, value in values.items() if key != method])
    return np.asarray(values[method] < others.min(axis=0))


def spread_of_limits(s: Sample, original: Original) -> np.ndarray:
    """Largest relative difference between the average E_infinity of the four algorithms."""
    limits = np.stack([s.limit(key) for key in QUANTIZATION])
    return np.asarray((limits.max(axis=0) - limits.min(axis=0)) / limits.mean(axis=0))


def same_limits(s: Sample, original: Original) -> np.ndarray:
    """BB-R2: no larger spread between the algorithms than reported."""
    low, high = (original.number("BB-R2", f"{end} average") for end in ("lowest", "highest"))
    return spread_of_limits(s, original) <= (high - low) / ((high + low) / 2)


def online_first(s: Sample, original: Original) -> np.ndarray:
    """BB-R3: online K-means is the best in each of the first epochs, and flat in the end."""
    first = slice(1, original.epochs("BB-R3") + 1)
    residuals = {key: s.residual(key)[:, first] for key in QUANTIZATION}
    return lowest(residuals, "online_kmeans").all(axis=1) & (s.late_ratio("online_kmeans") > FLAT)


def overtaking(s: Sample, original: Original) -> np.ndarray:
    """First epoch after which the average residual of batch K-means is below that of online K-means for good."""
    behind = s.residual("batch_kmeans")[:, 1:] >= s.residual("online_kmeans")[:, 1:]
    return np.where(behind.any(axis=1), behind.shape[1] - behind[:, ::-1].argmax(axis=1) + 1.0, 1.0)


def batch_later(s: Sample, original: Original) -> np.ndarray:
    """BB-R4: batch K-means is behind online K-means after one epoch, and the best in each epoch after five."""
    late = slice(original.epochs("BB-R4") + 1, None)
    residuals = {key: s.residual(key)[:, late] for key in QUANTIZATION}
    slower = s.residual("batch_kmeans")[:, 1] > s.residual("online_kmeans")[:, 1]
    return slower & lowest(residuals, "batch_kmeans").all(axis=1)


def lead_after_five(s: Sample, original: Original) -> np.ndarray:
    """Average residual of batch K-means over that of online K-means in the first epoch after five."""
    t = original.epochs("BB-R4") + 1
    return s.residual("batch_kmeans")[:, t] / s.residual("online_kmeans")[:, t]


def all_converged(s: Sample, original: Original) -> np.ndarray:
    """BB-R5: the slowest batch K-means run has converged before epoch 15."""
    return s.last_convergence("batch_kmeans") < original.epochs("BB-R5", "epoch")


def gradient_poor(s: Sample, original: Original) -> np.ndarray:
    """BB-R6: both gradient methods end behind both K-means; the online one is first ahead, then behind."""
    online, batch = s.residual("online_gradient"), s.residual("batch_gradient")
    kmeans = np.maximum(s.residual("online_kmeans")[:, -1], s.residual("batch_kmeans")[:, -1])
    poor = np.minimum(online[:, -1], batch[:, -1]) > kmeans
    return poor & (online[:, 1] < batch[:, 1]) & (online[:, -1] > batch[:, -1])


def share_left(s: Sample, original: Original) -> np.ndarray:
    """Smaller of the two gradient methods' final residuals over the larger of the two K-means'."""
    gradient = np.minimum(*(s.residual(key)[:, -1] for key in GRADIENT))
    return np.asarray(gradient / np.maximum(*(s.residual(key)[:, -1] for key in ALTERNATING)))


def same_ratio(methods: tuple[str, ...]) -> Callable[[Sample, Original], np.ndarray]:
    """BB-R7: the late ratios of some methods agree; that of batch K-means is lower than theirs and falls."""

    def predicate(s: Sample, original: Original) -> np.ndarray:
        late = {key: s.ratio(key)[:, A_FEW_EPOCHS:] for key in (*methods, "batch_kmeans")}
        batch = late["batch_kmeans"]
        half = batch.shape[1] // 2
        falls = batch[:, half:].mean(axis=1) < batch[:, :half].mean(axis=1)
        below = lowest(late, "batch_kmeans").all(axis=1)
        return (ratio_spread(methods)(s, original) <= ABOUT_THE_SAME) & below & falls

    return predicate


def ratio_spread(methods: tuple[str, ...]) -> Callable[[Sample, Original], np.ndarray]:
    """Largest difference between the late ratios of some methods."""

    def effect(s: Sample, original: Original) -> np.ndarray:
        late = np.stack([s.ratio(key)[:, A_FEW_EPOCHS:] for key in methods])
        return np.asarray((late.max(axis=0) - late.min(axis=0)).max(axis=1))

    return effect


def em_between(s: Sample, original: Original) -> np.ndarray:
    """BB-R8: the late ratio of EM is below all but batch K-means', and EM does not terminate."""
    others = {key: s.late_ratio(key) for key in ("mixture", "online_kmeans", *GRADIENT)}
    ahead = lowest(others, "mixture") & (s.late_ratio("mixture") > s.late_ratio("batch_kmeans"))
    return ahead & (s.residual("mixture")[:, -1] > 0)


def em_lead(s: Sample, original: Original) -> np.ndarray:
    """Late ratio of EM."""
    return s.late_ratio("mixture")


def ratios_cross(first: int) -> Callable[[Sample, Original], np.ndarray]:
    """BB-R9: the ratio of online K-means is lower before the reported epoch, and not lower in it.

    `first` is the epoch after which the first ratio is taken: 1 if the ratio at t is that of epoch t + 1 to epoch t, as
    the paper says; 0 if it is that of epoch t to the one before.
    """

    def predicate(s: Sample, original: Original) -> np.ndarray:
        epoch = original.epochs("BB-R9", "epoch")
        lower = (s.ratio("online_kmeans") < s.ratio("batch_kmeans"))[:, first:]
        return np.asarray(lower[:, : epoch - 1].all(axis=1) & ~lower[:, epoch - 1])

    return predicate


def ratio_gap(first: int) -> Callable[[Sample, Original], np.ndarray]:
    """Ratio of online K-means minus that of batch K-means at the first point."""
    return lambda s, original: s.ratio("online_kmeans")[:, first] - s.ratio("batch_kmeans")[:, first]


def no_more_certain(s: Sample, original: Original) -> np.ndarray:
    """BB-R10: the standard error of the average E_infinity is no smaller than that of the first half of the runs."""
    return error_left(s, original) >= 1


def error_left(s: Sample, original: Original) -> np.ndarray:
    """Standard error of the average E_infinity of batch K-means, relative to that of the first half of the runs.

    Where all runs of the first half end alike it is 1 if the others do, too, and else infinite.
    """
    whole, half = (s.standard_error("batch_kmeans", share) for share in (1.0, 0.5))
    return np.divide(whole, half, out=np.where(whole > 0, np.inf, 1.0), where=half > 0)


FIGURES = {
    "range": Figure(extremes, "probability of the reported range"),
    "average": Figure(average, "probability of the reported average"),
}
STATEMENTS = {
    "same-limits": Statement(
        r"the four averages of $E_\infty$ spread no further than reported, relative to their mean",
        same_limits,
        spread_of_limits,
        "relative spread of the averages",
    ),
    "online-first": Statement(
        r"lowest mean residual of the four in each of the first five epochs; late ratio above \flatRatio",
        online_first,
        overtaking,
        "epoch from which batch K-means leads",
    ),
    "batch-later": Statement(
        "higher mean residual than online K-means after epoch 1; the lowest of the four in each epoch after the fifth",
        batch_later,
        lead_after_five,
        "residual relative to online K-means in epoch 6",
    ),
    "all-converged": Statement(
        r"$E_t=E_\infty$ exactly, in all runs of a sample, before epoch 15",
        all_converged,
        lambda s, original: s.last_convergence("batch_kmeans").astype(float),
        "epoch of the slowest run",
    ),
    "gradient-poor": Statement(
        "both end above both K-means; the online one is lower after epoch 1 and higher after the last",
        gradient_poor,
        share_left,
        "final residual relative to K-means",
    ),
    "same-ratios": Statement(
        r"ratios of online K-means, both gradients and EM within \sameRatio{} of each other after five epochs; "
        "that of batch K-means lower, and falling",
        same_ratio((*SLOWER, "mixture")),
        ratio_spread((*SLOWER, "mixture")),
        "largest difference of the ratios",
        variant="EM included",
    ),
    "same-ratios-but-em": Statement(
        "the same, but for EM, which the next statement excepts",
        same_ratio(SLOWER),
        ratio_spread(SLOWER),
        "largest difference of the ratios",
        variant="EM left to the next statement",
    ),
    "em-between": Statement(
        "late ratio of EM below all others but batch K-means; its last residual is positive",
        em_between,
        em_lead,
        "late ratio of EM",
    ),
    "ratios-cross-as-printed": Statement(
        "ratio of online K-means lower at the first point and not lower at the second; the first is epoch 2 to epoch 1",
        ratios_cross(1),
        ratio_gap(1),
        "difference of the ratios at the first point",
        variant="the first point is epoch 2 to epoch 1, as printed",
    ),
    "ratios-cross-from-the-start": Statement(
        "the same; the first point is epoch 1 to the start",
        ratios_cross(0),
        ratio_gap(0),
        "difference of the ratios at the first point",
        variant="the first point is epoch 1 to the start",
    ),
    "no-more-certain": Statement(
        r"the standard error of the average $E_\infty$ of batch K-means, estimated from all runs of a sample, is no "
        "smaller than that from the first half of them; a sample has twice as many runs as the paper",
        no_more_certain,
        error_left,
        "standard error relative to that of half the runs",
        times=2,
    ),
}
PREDICATES: dict[str, Figure | Statement] = {**FIGURES, **STATEMENTS}


def verdict(confidence: float, share: float) -> Verdict:
    """Turn the two shares of a statement into a verdict, by one rule for all.

    A statement is replicated when it holds in nearly all bootstrap samples of all runs, with Bonferroni's correction
    for the number of statements. One that is not, but that at least one repetition in twenty would show, is within
    sampling error: the paper may well have seen it.
    """
    if confidence >= 1 - LEVEL / len(STATEMENTS):
        return Verdict.REPLICATED
    return Verdict.SAMPLING if share >= LEVEL else Verdict.NOT_REPLICATED


def read_claims(path: Path, original: Original) -> pd.DataFrame:
    """Read the claims; a statement of the paper is named by its id among the reported values, and returned in words."""
    claims = ledger.read_claims(path, PREDICATES)
    return claims.assign(claim=claims["claim"].map(original.statement))
