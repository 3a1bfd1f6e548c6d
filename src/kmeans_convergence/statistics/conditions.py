"""What a claim says about a number, and the verdict that follows from the number's intervals.

A condition is a number, an average over families of data sets, that has to lie in a region. The number has a 95 %
interval (hierarchical bootstrap) and so has its value on each family; the verdict follows from the intervals alone, by
the rules in `Condition.verdict`. What holds under one reading of a claim need not hold under another: see `readings`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

import numpy as np

from kmeans_convergence.statistics import resampling
from kmeans_convergence.statistics.ranking import Hierarchy

# Fewer families of data sets than this decide nothing.
MINIMUM = 5
# A claim about data in general may have one exception in ten.
EXCEPTIONS = 0.1


class Verdict(Enum):
    """What becomes of a claim."""

    HOLDS = "holds"
    ROBUST = "robust"
    UNDER = "holds under"
    PART = "holds in part"
    FAILS = "fails"
    UNDECIDED = "cannot be decided"
    NO_DATA = "not a question of data"


@dataclass(frozen=True)
class Estimate:
    """A number with its bootstrap draws, and the same on each family of data sets.

    Attributes
    ----------
    effect : float
    draws : ndarray of shape (B,)
        NaN for a sample without any value, as in `inner`.
    count : int
        Families that went into it; 0 for a claim about one data set, whose runs are the replication.
    families : list of str
    point : ndarray of shape (F,)
    inner : ndarray of shape (B, F)
    """

    effect: float
    draws: np.ndarray
    count: int
    families: list[str] = field(default_factory=list)
    point: np.ndarray = field(default_factory=lambda: np.empty(0))
    inner: np.ndarray = field(default_factory=lambda: np.empty((1, 0)))

    @classmethod
    def of(cls, hierarchy: Hierarchy, optimizer: str) -> Estimate | None:
        """Return an optimizer's average over the families that it was run on; None without any."""
        if optimizer not in hierarchy.optimizers:
            return None
        m = hierarchy.optimizers.index(optimizer)
        point, inner = (values[..., m] for values in hierarchy.by_family)
        known = np.isfinite(point)
        return cls(
            effect=float(hierarchy.effect[m]),
            draws=hierarchy.draws[:, m],
            count=int(known.sum()),
            families=[name for name, there in zip(hierarchy.families, known, strict=True) if there],
            point=point[known],
            inner=inner[:, known],
        )

    @classmethod
    def on(cls, hierarchy: Hierarchy, optimizer: str, dataset: str) -> Estimate | None:
        """Return an optimizer's average on one data set, for a claim about that set alone; None without runs on it."""
        if optimizer not in hierarchy.optimizers or dataset not in hierarchy.sets:
            return None
        s, m = hierarchy.sets.index(dataset), hierarchy.optimizers.index(optimizer)
        if not math.isfinite(hierarchy.point[s, m]):
            return None
        return cls(float(hierarchy.point[s, m]), hierarchy.inner[:, s, m], 0)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of the number, over the samples that have a value."""
        return _interval(self.draws, level)

    def less(self, other: Estimate) -> Estimate | None:
        """Return the difference from another estimate of the same families; None if they are others."""
        if self.families != other.families:
            return None
        return Estimate(
            self.effect - other.effect,
            self.draws - other.draws,
            self.count,
            self.families,
            self.point - other.point,
            self.inner - other.inner,
        )

    def exp(self) -> Estimate:
        """Return a geometric mean from an average of logarithms."""
        return Estimate(
            math.exp(self.effect), np.exp(self.draws), self.count, self.families, np.exp(self.point), np.exp(self.inner)
        )


def _interval(draws: np.ndarray, level: float) -> tuple[float, float]:
    """Return the interval of the draws that have a value; NaN if none has."""
    known = draws[np.isfinite(draws)]
    if not known.size:
        return math.nan, math.nan
    low, high = resampling.interval(known, level)
    return float(low), float(high)


@dataclass(frozen=True)
class Condition:
    """A number that has to lie between `above` and `below` for the claim to hold.

    Attributes
    ----------
    label : str
        What the number is, in words with its unit.
    optimizer : str
        Of which optimizer; empty if there is no choice.
    estimate : Estimate or None
        None if the tables have no runs that could tell.
    above, below : float
    exceptions : float
        Share of the families that may say the opposite.
    """

    label: str
    optimizer: str
    estimate: Estimate | None
    above: float = -math.inf
    below: float = math.inf
    exceptions: float = EXCEPTIONS

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the number."""
        return (math.nan, math.nan) if self.estimate is None else self.estimate.interval()

    def inside(self, low: float, high: float) -> bool:
        """Say whether an interval lies in the region, which is open: a ratio of exactly 1 is neither more nor less."""
        return self.above < low and high < self.below

    def outside(self, low: float, high: float) -> bool:
        """Say whether an interval lies out of the region."""
        return high <= self.above or low >= self.below

    @cached_property
    def for_and_against(self) -> tuple[list[str], list[str]]:
        """The families whose own intervals lie in the region, and those whose lie out of it.

        Without exceptions one family decides, so that their intervals have Bonferroni's correction.
        """
        if self.estimate is None or not self.estimate.families:
            return [], []
        level = 0.95 if self.exceptions else 1 - 0.05 / len(self.estimate.families)
        ends = [_interval(draws, level) for draws in self.estimate.inner.T]
        intervals = list(zip(self.estimate.families, ends, strict=True))
        return (
            [name for name, (low, high) in intervals if self.inside(low, high)],
            [name for name, (low, high) in intervals if self.outside(low, high)],
        )

    @property
    def answered(self) -> bool:
        """Say whether there are enough families for a verdict."""
        return self.estimate is not None and math.isfinite(self.interval[0]) and not 0 < self.estimate.count < MINIMUM

    @property
    def verdict(self) -> Verdict:
        """Decide.

        Fewer than `MINIMUM` families decide nothing. A condition holds (fails) if the interval lies in (out of) its
        region and no more than the allowed share of the families says the opposite. Otherwise it holds in part if
        more than that share of the families is for it and more than that share is against it. A claim without
        exceptions fails by one, unless it holds on average: then it holds in part.
        """
        if self.estimate is None or not self.answered:
            return Verdict.UNDECIDED
        count = max(len(self.estimate.families), 1)
        supported, opposed = (len(names) / count > self.exceptions for names in self.for_and_against)
        if self.inside(*self.interval):
            return Verdict.PART if opposed else Verdict.HOLDS
        if self.exceptions == 0 and (opposed or self.outside(*self.interval)):
            return Verdict.FAILS
        if self.outside(*self.interval):
            return Verdict.PART if supported else Verdict.FAILS
        return Verdict.PART if supported and opposed else Verdict.UNDECIDED

    def row(self) -> dict[str, object]:
        """Return what a ledger says of the condition."""
        holding, failing = self.for_and_against
        estimate = self.estimate
        return {
            "condition": self.label,
            "optimizer": self.optimizer,
            "effect": math.nan if estimate is None else estimate.effect,
            "low": self.interval[0],
            "high": self.interval[1],
            "above": self.above,
            "below": self.below,
            "decision": self.verdict.value,
            "families": 0 if estimate is None else max(estimate.count, 1),
            "holding": ";".join(holding),
            "failing": ";".join(failing),
        }


@dataclass(frozen=True)
class Outcome:
    """What the evidence says about a claim: a verdict, the conditions behind it, and words if there are none."""

    verdict: Verdict
    conditions: tuple[Condition, ...] = ()
    note: str = ""

    @property
    def answered(self) -> bool:
        """Say whether there is anything in the tables that the claim could be held against."""
        return any(condition.answered for condition in self.conditions)

    def rows(self) -> list[dict[str, object]]:
        """Return one row for each condition, or one for all if there is none.

        Returns
        -------
        list of dict
            outcome, note; condition, optimizer, effect, low, high, above, below (its region), decision (of the
            condition), families, holding and failing (the families whose own intervals say so, separated by ";").
        """
        about: dict[str, object] = {"outcome": self.verdict.value, "note": self.note}
        if not self.conditions:
            return [about | {"condition": "", "optimizer": "", "holding": "", "failing": ""}]
        return [about | condition.row() for condition in self.conditions]

    @classmethod
    def each(cls, *conditions: Condition) -> Outcome:
        """Judge a claim about several optimizers, one condition each.

        What holds for some of them holds in part; what holds for none and fails for some fails.
        """
        known = tuple(condition for condition in conditions if condition.estimate is not None) or conditions
        verdicts = {condition.verdict for condition in known}
        if verdicts & {Verdict.HOLDS, Verdict.PART}:
            return cls(Verdict.HOLDS if verdicts == {Verdict.HOLDS} else Verdict.PART, known)
        return cls(Verdict.FAILS if Verdict.FAILS in verdicts else Verdict.UNDECIDED, known)

    @classmethod
    def joint(cls, *conditions: Condition) -> Outcome:
        """Judge a claim all of whose conditions have to hold."""
        verdicts = {condition.verdict for condition in conditions}
        for verdict in (Verdict.FAILS, Verdict.UNDECIDED, Verdict.PART):
            if verdict in verdicts:
                return cls(verdict, conditions)
        return cls(Verdict.HOLDS, conditions)
