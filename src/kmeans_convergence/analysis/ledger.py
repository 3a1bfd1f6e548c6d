"""A verdict on every claim about alternation and gradient, from the tables of the comparison.

A claim is read as one or more conditions: a number, an average over data sets, that has to lie in a region. The number
has a 95 % interval (hierarchical bootstrap) and so has its value on each data set; the verdict follows from the
intervals alone, by the rules in `Condition.verdict`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from kmeans_convergence.analysis import paired, resampling
from kmeans_convergence.analysis.paired import PROBLEM, REFERENCE
from kmeans_convergence.analysis.quality import EQUIVALENCE
from kmeans_convergence.analysis.ranking import Hierarchy, weights
from kmeans_convergence.errors import InputError
from kmeans_convergence.starts import stream

PLAIN = ("gradient_nmax", "gradient_fixed", "gradient_tuned")
SEARCHED = ("gradient_armijo", "lbfgs")
ACCELERATED = ("nesterov", "heavy_ball")
ADAPTIVE = ("adam", "adam_tuned")
NOISY = ("online_gradient", "online_gradient_tuned", "minibatch_ema", "minibatch_ema_tuned")
PAPER = ("batch_kmeans", "online_kmeans", "gradient_nmax", "online_gradient")
STOCHASTIC = ("minibatch_counts", "minibatch_c4", "minibatch_ema_tuned", "online_c4")

# Of an optimizer, relative to batch K-means from the same start.
COST = "final cost (% of difference)"
PASSES = "passes to within 0.1 % (ratio)"

# Our reading of words that claims leave open.
ROPE = 100 * EQUIVALENCE  # per cent
NEARLY = 1.0  # per cent: "nearly the same quality"
ORDERS = 0.1  # of the passes: "orders of magnitude faster"
FEW = 20.0  # passes: "few iterations"
IRRELEVANT = 2.0  # a factor in passes that does not matter
NO_SLOWER = 1.05  # a factor in passes that is no loss
MOSTLY = 0.9  # share of the variance, or of the runs
ALWAYS = 0.999  # share of the runs

# Patterns of large data: with fewer, claims about these are left open.
LARGE = 10_000
# Fewer data sets than this decide nothing.
MINIMUM = 5
# A claim about data in general may have one exception in ten.
EXCEPTIONS = 0.1


class Verdict(Enum):
    """What becomes of a claim."""

    HOLDS = "holds"
    PART = "holds in part"
    FAILS = "fails"
    UNDECIDED = "cannot be decided"
    NO_DATA = "not a question of data"


@dataclass(frozen=True)
class Estimate:
    """A number with its bootstrap draws, and the same on each data set.

    Attributes
    ----------
    effect : float
    draws : ndarray of shape (B,)
    sets : list of str
    point : ndarray of shape (S,)
    inner : ndarray of shape (B, S)
    count : int
        Data sets that went into it; 0 for a claim about one data set, whose runs are the replication.
    """

    effect: float
    draws: np.ndarray
    count: int
    sets: list[str] = field(default_factory=list)
    point: np.ndarray = field(default_factory=lambda: np.empty(0))
    inner: np.ndarray = field(default_factory=lambda: np.empty((1, 0)))

    @classmethod
    def of(cls, hierarchy: Hierarchy, optimizer: str) -> Estimate | None:
        """Return an optimizer's average over the sets that it was run on; None without any."""
        if optimizer not in hierarchy.optimizers:
            return None
        m = hierarchy.optimizers.index(optimizer)
        known = np.isfinite(hierarchy.point[:, m])
        draws = hierarchy.draws[:, m]
        return cls(
            effect=float(hierarchy.effect[m]),
            draws=draws[np.isfinite(draws)],
            count=int(known.sum()),
            sets=[name for name, there in zip(hierarchy.sets, known, strict=True) if there],
            point=hierarchy.point[known, m],
            inner=hierarchy.inner[:, known, m],
        )

    def exp(self) -> Estimate:
        """Return a geometric mean from an average of logarithms."""
        return Estimate(
            math.exp(self.effect), np.exp(self.draws), self.count, self.sets, np.exp(self.point), np.exp(self.inner)
        )

    def on(self, dataset: str) -> Estimate | None:
        """Return the estimate of one data set, as a claim about that set alone."""
        if dataset not in self.sets:
            return None
        s = self.sets.index(dataset)
        return Estimate(float(self.point[s]), self.inner[:, s], 0)


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
        Share of the data sets that may say the opposite.
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
        if self.estimate is None or not self.estimate.draws.size:
            return math.nan, math.nan
        low, high = resampling.interval(self.estimate.draws)
        return float(low), float(high)

    def inside(self, low: float, high: float) -> bool:
        """Say whether an interval lies in the region, which is open: a ratio of exactly 1 is neither more nor less."""
        return self.above < low and high < self.below

    def outside(self, low: float, high: float) -> bool:
        """Say whether an interval lies out of the region."""
        return high <= self.above or low >= self.below

    @cached_property
    def for_and_against(self) -> tuple[list[str], list[str]]:
        """The data sets whose own intervals lie in the region, and those whose lie out of it.

        Without exceptions one set decides, so that their intervals have Bonferroni's correction.
        """
        if self.estimate is None or not self.estimate.sets:
            return [], []
        level = 0.95 if self.exceptions else 1 - 0.05 / len(self.estimate.sets)
        intervals = list(zip(self.estimate.sets, resampling.interval(self.estimate.inner, level).T, strict=True))
        return (
            [name for name, (low, high) in intervals if self.inside(low, high)],
            [name for name, (low, high) in intervals if self.outside(low, high)],
        )

    @property
    def verdict(self) -> Verdict:
        """Decide.

        Fewer than `MINIMUM` data sets decide nothing. A condition holds (fails) if the interval lies in (out of) its
        region and no more than the allowed share of the data sets says the opposite. Otherwise it holds in part if
        more than that share of the data sets is for it and more than that share is against it. A claim without
        exceptions fails by one, unless it holds on average: then it holds in part.
        """
        if self.estimate is None or not math.isfinite(self.interval[0]) or 0 < self.estimate.count < MINIMUM:
            return Verdict.UNDECIDED
        count = max(len(self.estimate.sets), 1)
        supported, opposed = (len(names) / count > self.exceptions for names in self.for_and_against)
        if self.inside(*self.interval):
            return Verdict.PART if opposed else Verdict.HOLDS
        if self.exceptions == 0 and (opposed or self.outside(*self.interval)):
            return Verdict.FAILS
        if self.outside(*self.interval):
            return Verdict.PART if supported else Verdict.FAILS
        return Verdict.PART if supported and opposed else Verdict.UNDECIDED


@dataclass(frozen=True)
class Outcome:
    """What the evidence says about a claim: a verdict, the conditions behind it, and words if there are none."""

    verdict: Verdict
    conditions: tuple[Condition, ...] = ()
    note: str = ""

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


class Evidence:
    """The tables of the comparison, and what is averaged from them.

    Parameters
    ----------
    runs, datasets : DataFrame
        As the comparison writes them; some optimizers, kinds of start or sets may be missing.
    budget : float
        Of a run, in passes.
    seed, repeats : int
        Of the bootstrap.
    tuning : DataFrame, optional
        Scores of the values that were tried.
    derivation : DataFrame, optional
        The machine checks of the derivation.
    """

    def __init__(
        self,
        runs: pd.DataFrame,
        datasets: pd.DataFrame,
        budget: float,
        seed: int,
        repeats: int,
        tuning: pd.DataFrame | None = None,
        derivation: pd.DataFrame | None = None,
    ) -> None:
        self.runs, self.datasets, self.budget, self.seed, self.repeats = runs, datasets, budget, seed, repeats
        self.tuning, self.derivation = tuning, derivation
        self._hierarchies: dict[tuple[str, str], Hierarchy] = {}

    def hierarchy(self, value: str, start: str = "patterns") -> Hierarchy:
        """Average "limit" (difference in per cent) or the logarithm of passes to a target relative to the reference."""
        if (value, start) not in self._hierarchies:
            runs = self.runs[self.runs["start"] == start]
            values = paired.differences(runs) if value == "limit" else paired.log_ratios(runs, value, self.budget)
            self._hierarchies[value, start] = Hierarchy.of(values, self.datasets, self.seed, self.repeats)
        return self._hierarchies[value, start]

    def average(self, values: pd.DataFrame) -> Estimate | None:
        """Average a value of runs; columns dataset, clusters, start, run and value."""
        hierarchy = Hierarchy.of(values.assign(optimizer=REFERENCE), self.datasets, self.seed, self.repeats)
        return Estimate.of(hierarchy, REFERENCE)

    def of(self, optimizer: str, start: str = "patterns") -> pd.DataFrame:
        """Return the runs of one optimizer."""
        return self.runs[(self.runs["optimizer"] == optimizer) & (self.runs["start"] == start)]

    def quality(self, optimizer: str, start: str = "patterns") -> Estimate | None:
        """Return by how many per cent an optimizer's final costs differ from batch K-means'."""
        return Estimate.of(self.hierarchy("limit", start), optimizer)

    def speed(self, optimizer: str, target: str = "own_0.1", start: str = "patterns") -> Estimate | None:
        """Return an optimizer's passes to a target as a multiple of batch K-means'."""
        estimate = Estimate.of(self.hierarchy(target, start), optimizer)
        return estimate and estimate.exp()

    def over_sets(self, value: pd.Series) -> Estimate:
        """Average a value of data sets, named by its index, that has no runs."""
        names = list(value.index)
        weight = weights(self.datasets, names)
        drawn = stream(self.seed, "sets").integers(len(names), size=(self.repeats, len(names)))
        points = value.to_numpy(dtype=float)
        draws = (weight[drawn] * points[drawn]).sum(axis=1) / weight[drawn].sum(axis=1)
        return Estimate(float(weight @ points), draws, len(names), names, points, np.tile(points, (2, 1)))


Predicate = Callable[[Evidence], Outcome]


def worse(*optimizers: str) -> Predicate:
    """Batch K-means ends at lower costs than each of the optimizers, by more than what counts as equal."""

    def predicate(e: Evidence) -> Outcome:
        return Outcome.each(*(Condition(COST, m, e.quality(m), above=ROPE) for m in optimizers))

    return predicate


def slower(*optimizers: str, target: str = "own_0.1") -> Predicate:
    """Each of the optimizers needs more passes than batch K-means."""

    def predicate(e: Evidence) -> Outcome:
        return Outcome.each(*(Condition(PASSES, m, e.speed(m, target), above=1) for m in optimizers))

    return predicate


def slower_on_iris(e: Evidence) -> Outcome:
    """The gradient methods need more passes than batch K-means on Iris."""
    estimates = {m: e.speed(m) for m in (*PLAIN, "online_gradient")}
    return Outcome.each(
        *(
            Condition("passes on Iris (ratio)", m, estimate and estimate.on("iris"), above=1)
            for m, estimate in estimates.items()
        )
    )


def online_first(e: Evidence) -> Outcome:
    """Online K-means comes within 10 % before batch K-means does."""
    return Outcome.joint(
        Condition("passes to within 10 % (ratio)", "online_kmeans", e.speed("online_kmeans", "own_10"), below=1)
    )


def batch_later(e: Evidence) -> Outcome:
    """Batch K-means comes within 0.1 % before online K-means does."""
    return Outcome.joint(Condition(PASSES, "online_kmeans", e.speed("online_kmeans"), above=1))


def hybrid_never_loses(e: Evidence) -> Outcome:
    """One online epoch first ends nowhere at higher costs, nor needs more passes."""
    return Outcome.joint(
        Condition(COST, "hybrid", e.quality("hybrid"), below=ROPE, exceptions=0),
        Condition(PASSES, "hybrid", e.speed("hybrid"), below=NO_SLOWER, exceptions=0),
    )


def start_decides(e: Evidence) -> Outcome:
    """Nearly all of the variance of final costs over runs and optimizers comes from the start."""
    runs = e.runs[e.runs["start"] == "patterns"]
    paper = runs[runs["optimizer"].isin(PAPER)]
    label = "share of the variance that the start explains, {}"
    return Outcome.each(
        Condition(label.format("methods as in the paper"), "", _share_of_start(e, paper), above=MOSTLY),
        Condition(label.format("all methods"), "", _share_of_start(e, runs), above=MOSTLY),
    )


def _share_of_start(e: Evidence, runs: pd.DataFrame) -> Estimate | None:
    """Return the share of runs in the two-way analysis of variance, against that of optimizers and the interaction."""
    rows = []
    for problem, limits in paired.problems(runs, "limit"):
        deviation = limits - limits.to_numpy().mean()
        total, between = (deviation**2).sum(axis=1), limits.shape[1] * deviation.mean(axis=1) ** 2
        if total.sum() > 0 and limits.shape[1] > 1:
            share = between.sum() / total.sum()
            # linearised, so that the average over runs is the share and its bootstrap is that of a ratio
            value = share + (between - share * total) / total.mean()
            rows.append(value.rename("value").reset_index().assign(**dict(zip(PROBLEM, problem, strict=True))))
    return e.average(pd.concat(rows, ignore_index=True)) if rows else None


def few_iterations(e: Evidence) -> Outcome:
    """Batch K-means rests after few passes; a run that doesn't within the budget counts with what it has used."""
    values = e.of(REFERENCE).rename(columns={"passes": "value"})[[*PROBLEM, "run", "value"]]
    return Outcome.joint(Condition("passes until it rests", REFERENCE, e.average(values), below=FEW))


def terminates(e: Evidence) -> Outcome:
    """Batch K-means never goes up and rests within the budget."""
    rows = e.of(REFERENCE)
    rests = rows.assign(value=(rows["stop"] == "fixed point").astype(float))
    down = rows.assign(value=(rows["end"] <= rows["start_cost"]).astype(float))
    return Outcome.joint(
        Condition("share of runs that rest within the budget", REFERENCE, e.average(rests), above=MOSTLY),
        Condition("share of runs that end below their start", REFERENCE, e.average(down), above=ALWAYS),
    )


def good_minimum(e: Evidence) -> Outcome:
    """Batch K-means mostly ends within 1 % of the best known cost."""
    rows = e.of(REFERENCE)
    values = rows.assign(value=rows["best_1"].notna().astype(float))
    label = "share of runs within 1 % of the best known cost"
    return Outcome.joint(Condition(label, REFERENCE, e.average(values), above=MOSTLY))


def gradient_works(e: Evidence) -> Outcome:
    """Gradient methods mostly come within 1 % of their limit in the budget."""
    label = "share of runs within 1 % of their limit in the budget"
    conditions = []
    for optimizer in (*PLAIN, *SEARCHED):
        rows = e.of(optimizer)
        estimate = e.average(rows.assign(value=rows["own_1"].notna().astype(float)))
        conditions.append(Condition(label, optimizer, estimate, above=MOSTLY))
    return Outcome.each(*conditions)


def minibatch_is_faster(e: Evidence) -> Outcome:
    """Mini-batch K-means needs a tenth of the passes or less, and ends at nearly the same cost."""
    return Outcome.joint(
        Condition(
            "passes to within 1 % (ratio)", "minibatch_counts", e.speed("minibatch_counts", "own_1"), below=ORDERS
        ),
        Condition(COST, "minibatch_counts", e.quality("minibatch_counts"), below=NEARLY),
    )


def gains_with_size(e: Evidence) -> Outcome:
    """The passes of stochastic methods, relative to batch K-means', fall with the number of patterns."""
    label = "change of log10 of the ratio of passes to within 1 %, per decade of patterns"
    return Outcome.each(*(Condition(label, m, _against_size(e, m)[0], below=0) for m in STOCHASTIC))


def useful_at_scale(e: Evidence) -> Outcome:
    """Some stochastic gradient is faster than batch K-means to within 1 % on data as large as the largest set.

    That is read off the line through all sets, the logarithm of the ratio against that of the number of patterns.
    """
    label = "passes to within 1 %, on the line over data sets where it has the size of the largest one (ratio)"
    return Outcome.each(*(Condition(label, m, _against_size(e, m)[1], below=1) for m in STOCHASTIC))


def _against_size(e: Evidence, optimizer: str) -> tuple[Estimate | None, Estimate | None]:
    """Return the slope of the line through the data sets, and the ratio of passes that it has at the largest one.

    The slope is in decades of the ratio (to within 1 %) for each decade of patterns. The other is None where no set is
    `LARGE`.
    """
    hierarchy = e.hierarchy("own_1")
    n = np.log10(e.datasets.set_index("name")["n"].reindex(hierarchy.sets).to_numpy(dtype=float))
    if optimizer not in hierarchy.optimizers:
        return None, None
    ratio = hierarchy.point[:, hierarchy.optimizers.index(optimizer)] / math.log(10)
    known = np.isfinite(ratio)
    everything = np.arange(len(n))[None]
    (slope, level), (slopes, levels) = (
        _line(n, np.where(known, ratio, 0), hierarchy.weight * known, drawn, at=n.max())
        for drawn in (everything, hierarchy.drawn)
    )
    count = int(known.sum())
    line = Estimate(float(slope[0]), slopes[np.isfinite(slopes)], count)
    if 10 ** n.max() < LARGE:
        return line, None
    return line, Estimate(float(10 ** level[0]), 10 ** levels[np.isfinite(levels)], count)


def _line(
    x: np.ndarray, y: np.ndarray, weight: np.ndarray, drawn: np.ndarray, at: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the slope of the weighted line through the drawn sets (B, S) and its value `at` a place, both (B,).

    They are NaN if all sets have one x.
    """
    x, y, weight = x[drawn], y[drawn], weight[drawn]
    total = weight.sum(axis=1, keepdims=True)
    weight = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    centre, height = ((weight * values).sum(axis=1) for values in (x, y))
    x = x - centre[:, None]
    variance = (weight * x**2).sum(axis=1)
    slope = np.divide((weight * x * y).sum(axis=1), variance, out=np.full(len(x), np.nan), where=variance > 1e-12)
    return slope, height + slope * (at - centre)


def needs_tuning(e: Evidence) -> Outcome:
    """The one rate that is best on average over the data sets costs more than what counts as equal."""
    conditions = []
    for optimizer in ("gradient_tuned", "online_gradient_tuned"):
        label = "loss of the best common setting (% of the cost with the best one)"
        conditions.append(Condition(label, optimizer, _common_setting(e, optimizer), above=ROPE))
    return Outcome.each(*conditions)


def _common_setting(e: Evidence, optimizer: str) -> Estimate | None:
    """Return how much worse the best common setting is than each set's own; None if no setting was tried on all."""
    if e.tuning is None:
        return None
    rows = e.tuning[e.tuning["optimizer"] == optimizer]
    scores = rows.pivot_table(index="dataset", columns="setting", values="score", aggfunc="mean", sort=False)
    common = scores.dropna(axis=1)
    if common.empty:
        return None
    return e.over_sets(100 * (common[common.mean().idxmin()] - scores.min(axis=1)))


def plusplus_levels(e: Evidence) -> Outcome:
    """From k-means++ starts, the optimizers that are best and worst from patterns end alike and take as long."""
    conditions = []
    for value, measure, above, below in (
        ("limit", COST, -ROPE, ROPE),
        ("own_1", "passes to within 1 % (ratio)", 1 / IRRELEVANT, IRRELEVANT),
    ):
        estimate, label, worst = None, measure, ""
        # chosen on one kind of start, measured on the other: the choice can't profit from chance
        order = e.hierarchy(value).summary().sort_values("effect", kind="stable")
        if len(order) > 1:
            best, worst = order["optimizer"].iloc[[0, -1]]
            estimate = _between(e.hierarchy(value, "plusplus"), worst, best)
            label = f"{measure[:-1]} to {{{best}}})"
            estimate = estimate.exp() if estimate is not None and value != "limit" else estimate
        conditions.append(Condition(label, worst, estimate, above, below))
    return Outcome.joint(*conditions)


def _between(hierarchy: Hierarchy, one: str, two: str) -> Estimate | None:
    """Return the difference of two optimizers' values."""
    a, b = Estimate.of(hierarchy, one), Estimate.of(hierarchy, two)
    if a is None or b is None or a.sets != b.sets:
        return None
    return Estimate(a.effect - b.effect, a.draws - b.draws, a.count, a.sets, a.point - b.point, a.inner - b.inner)


def deserved(e: Evidence) -> Outcome:
    """No optimizer is both better and faster than batch K-means on average."""
    cost, passes = e.hierarchy("limit"), e.hierarchy("own_1")
    both = [m for m in cost.optimizers if m in passes.optimizers and m != REFERENCE]
    if not both:
        return Outcome.joint(Condition("optimisers that are better and faster", "", None, below=1))
    i, j = ([h.optimizers.index(m) for m in both] for h in (cost, passes))
    effect = ((cost.effect[i] < -ROPE) & (passes.effect[j] < 0)).sum()
    draws = ((cost.draws[:, i] < -ROPE) & (passes.draws[:, j] < 0)).sum(axis=1)
    estimate = Estimate(float(effect), draws.astype(float), len(cost.sets))
    return Outcome.joint(Condition(f"optimisers of {len(both)} that are better and faster", "", estimate, below=1))


def accelerates(e: Evidence) -> Outcome:
    """Accelerated methods need fewer passes than batch K-means and end no worse."""
    methods = ("overrelaxed_15", "anderson", *ACCELERATED)
    return Outcome.each(
        *(Condition(PASSES, m, e.speed(m), below=1) for m in methods),
        *(Condition(COST, m, e.quality(m), below=ROPE) for m in methods),
    )


def hartigan_better(e: Evidence) -> Outcome:
    """Hartigan's method ends at lower costs."""
    return Outcome.joint(Condition(COST, "hartigan", e.quality("hartigan"), below=-ROPE))


def derived(*steps: str) -> Predicate:
    """The claim follows from steps of the derivation, all of which hold."""

    def predicate(e: Evidence) -> Outcome:
        note = f"machine checks: {', '.join(steps)}"
        checks = None if e.derivation is None else e.derivation[e.derivation["step"].isin(steps)]
        if checks is None or set(checks["step"]) != set(steps):
            return Outcome(Verdict.UNDECIDED, note=note)
        return Outcome(Verdict.HOLDS if checks["holds"].all() else Verdict.FAILS, note=note)

    return predicate


def no_data(pointer: str) -> Predicate:
    """No table can decide the claim."""
    return lambda e: Outcome(Verdict.NO_DATA, note=pointer)


PREDICATES: dict[str, Predicate] = {
    "same-objective": derived("gradient (3)", "batch K-means (7)"),
    "gradient-works": gradient_works,
    "literature": no_data("see the references on mini-batches"),
    "history": no_data("see the introduction"),
    "slower-gradient": slower(*PLAIN, *SEARCHED, "online_gradient_tuned"),
    "slower-plain": slower(*PLAIN),
    "slower-on-iris": slower_on_iris,
    "terminates": terminates,
    "good-minimum": good_minimum,
    "step-is-gradient": derived("minimiser of Q (6)", "batch K-means (7)"),
    "faces": derived("gradient (3)", "Voronoi faces"),
    "worse-plain": worse(*PLAIN),
    "worse-searched": worse(*SEARCHED),
    "worse-accelerated": worse(*ACCELERATED),
    "worse-adaptive": worse(*ADAPTIVE),
    "worse-noisy": worse(*NOISY),
    "useful-at-scale": useful_at_scale,
    "deserved": deserved,
    "newton": derived("Hessian (9)", "Newton (10)"),
    "online-first": online_first,
    "batch-later": batch_later,
    "hybrid-never-loses": hybrid_never_loses,
    "start-decides": start_decides,
    "few-iterations": few_iterations,
    "minibatch-is-faster": minibatch_is_faster,
    "gains-with-size": gains_with_size,
    "needs-tuning": needs_tuning,
    "plusplus-levels": plusplus_levels,
    "accelerates": accelerates,
    "hartigan-better": hartigan_better,
}


def read_claims(path: Path) -> pd.DataFrame:
    """Read the ledger's claims: id, claim, source, predicate.

    Raises
    ------
    InputError
        If a column is missing, an id is not unique or there is no such predicate.
    """
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    if list(table) != ["id", "claim", "source", "predicate"]:
        raise InputError(
            f"{path.name} has the columns {', '.join(table)}, but has to have id, claim, source, predicate."
        )
    if table["id"].duplicated().any():
        raise InputError(
            f"{path.name} has two claims {table.loc[table['id'].duplicated(), 'id'].iloc[0]!r}, ids are unique."
        )
    unknown = table.loc[~table["predicate"].isin(PREDICATES), "predicate"]
    if len(unknown):
        raise InputError(f"{path.name} names the predicate {unknown.iloc[0]!r}, there are {', '.join(PREDICATES)}.")
    return table


def judge(claims: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """Decide every claim.

    Returns
    -------
    DataFrame
        One row for each condition of each claim: id, claim, source, verdict (of the claim), condition, optimizer,
        effect, low, high, above, below (its region), decision (of the condition), sets, holding and failing (the data
        sets whose own intervals say so, separated by ";"), note.
    """
    rows = []
    for _, claim in claims.iterrows():
        outcome = PREDICATES[claim["predicate"]](evidence)
        head = {"id": claim["id"], "claim": claim["claim"], "source": claim["source"], "verdict": outcome.verdict.value}
        for condition in outcome.conditions:
            holding, failing = condition.for_and_against
            estimate = condition.estimate
            rows.append(
                head
                | {
                    "condition": condition.label,
                    "optimizer": condition.optimizer,
                    "effect": math.nan if estimate is None else estimate.effect,
                    "low": condition.interval[0],
                    "high": condition.interval[1],
                    "above": condition.above,
                    "below": condition.below,
                    "decision": condition.verdict.value,
                    "sets": 0 if estimate is None else max(estimate.count, 1),
                    "holding": ";".join(holding),
                    "failing": ";".join(failing),
                    "note": outcome.note,
                }
            )
        if not outcome.conditions:
            rows.append(head | {"condition": "", "optimizer": "", "holding": "", "failing": "", "note": outcome.note})
    return pd.DataFrame(rows)
