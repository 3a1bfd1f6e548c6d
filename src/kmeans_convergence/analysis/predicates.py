"""What each claim about alternation and gradient says of the numbers of the comparison.

A predicate takes the evidence and reads the claim as one or more conditions; our reading of words that a claim leaves
open is in the constants.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from kmeans_convergence.analysis import paired
from kmeans_convergence.analysis.conditions import Condition, Estimate, Outcome, Verdict
from kmeans_convergence.analysis.evidence import Evidence
from kmeans_convergence.analysis.paired import PROBLEM, REFERENCE
from kmeans_convergence.analysis.quality import EQUIVALENCE
from kmeans_convergence.analysis.ranking import Hierarchy, weights
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
FEW_PATTERNS = 0.5  # passes: "the first few patterns" in place of a whole epoch
MUCH_FASTER = 0.5  # of the passes: "much faster"
UNCONDITIONED = 0.25  # decades of passes, from a Lloyd step that leaves nothing to one that leaves all: "no problem"

# The machine check of a counterexample.
TIE = "fixed point with a tie"

# Patterns of large data: with fewer, claims about these are left open.
LARGE = 10_000

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


def stops_at_minima(e: Evidence) -> Outcome:
    """Batch K-means stops at local minima: where no pattern is tied between two prototypes.

    A machine check has a set on which it does not. So it holds in part at best.
    """
    label = "share of runs that end without a tied pattern"
    without = e.of_steps(lambda table: (table["tied"] == 0).astype(float))
    data = Outcome.joint(Condition(label, REFERENCE, without, above=ALWAYS, exceptions=0))
    if data.verdict is Verdict.HOLDS and derived(TIE)(e).verdict is Verdict.HOLDS:
        return Outcome(Verdict.PART, data.conditions, "a counterexample with a tie is among the theorems")
    return data


def all_converge(e: Evidence) -> Outcome:
    """Each of the paper's four algorithms comes near a local minimum, and batch K-means stops at one."""
    label = "share of runs within 1 % of a local minimum in the budget"
    conditions = list(stops_at_minima(e).conditions)
    for optimizer in ("online_kmeans", "gradient_nmax", "online_gradient"):
        values = e.of(optimizer)
        estimate = e.average(values.assign(value=values["own_1"].notna().astype(float)))
        conditions.append(Condition(label, optimizer, estimate, above=MOSTLY))
    return Outcome.each(*conditions)


def superlinear(e: Evidence) -> Outcome:
    """What a step of batch K-means leaves of the residual falls from each third of a run to the next."""
    label = "log10 of what a step leaves of the residual, {} third of the run against the {}"
    return Outcome.each(
        *(
            Condition(label.format(*thirds), REFERENCE, e.of_steps(_log_ratio(*thirds)), below=0)
            for thirds in (("middle", "first"), ("last", "middle"))
        )
    )


def _log_ratio(one: str, other: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda table: np.log10(table[one] / table[other])


def jumps(e: Evidence) -> Outcome:
    """Batch K-means terminates: its last step lands where the next one stays."""
    estimate = e.of_steps(lambda table: table["ends"].astype(float))
    return Outcome.joint(Condition("share of runs that terminate", REFERENCE, estimate, above=ALWAYS))


def set_by_the_schedule(e: Evidence) -> Outcome:
    """A larger rate makes online K-means faster in the end; how slow the steps of Lloyd are makes no difference."""
    rates = _between(e.hierarchy("own_0.1"), "online_c4", "online_kmeans")
    return Outcome.joint(
        Condition("passes to within 0.1 % (ratio to {online_kmeans})", "online_c4", rates and rates.exp(), below=1),
        Condition(
            "change of log10 of the passes to within 1 %, per unit of what a step of {batch_kmeans} leaves",
            "online_kmeans",
            _against_steps(e),
            below=UNCONDITIONED,
        ),
    )


def _against_steps(e: Evidence) -> Estimate | None:
    """Return the slope of online K-means' passes over the sets, against what Lloyd's steps leave of the residual."""
    left = e.of_steps(lambda table: table["middle"])
    if left is None:
        return None
    values = e.of("online_kmeans")
    passes = e.average(values.assign(value=np.log10(values["own_1"].fillna(e.budget))))
    both = [name for name in left.sets if passes is not None and name in passes.sets]
    if passes is None or len(both) < 2:
        return None
    x, y = (some.point[[some.sets.index(name) for name in both]] for some in (left, passes))
    return _slope(e, both, x, y)


def _slope(e: Evidence, names: list[str], x: np.ndarray, y: np.ndarray) -> Estimate:
    """Return the slope of the weighted line through data sets, with its draws over sets."""
    weight = weights(e.datasets, names)
    drawn = stream(e.seed, "slope").integers(len(names), size=(e.repeats, len(names)))
    (slope, _), (slopes, _) = (_line(x, y, weight, some, at=0) for some in (np.arange(len(names))[None], drawn))
    return Estimate(float(slope[0]), slopes[np.isfinite(slopes)], len(names))


def first_patterns(e: Evidence) -> Outcome:
    """Online K-means has after a few patterns what an epoch of batch K-means brings, the sooner the more there are."""
    label = "passes of online K-means until it has what one epoch of batch K-means brings"
    share = e.of_steps(lambda table: np.log(table["reached"]))
    slope = None
    if share is not None and e.first_steps is not None and len(share.sets) > 1:
        each = e.first_steps.assign(each=e.first_steps["n"] / e.first_steps["clusters"])
        redundancy = np.log(each.groupby("dataset")["each"].mean()).reindex(share.sets).to_numpy()
        slope = _slope(e, share.sets, redundancy, share.point)
    return Outcome.joint(
        Condition(label, "online_kmeans", share and share.exp(), below=FEW_PATTERNS),
        Condition("power of the patterns for each prototype with which they change", "online_kmeans", slope, below=0),
    )


def much_faster_at_first(e: Evidence) -> Outcome:
    """Online K-means needs half of the passes or less to come within 10 %."""
    return Outcome.joint(
        Condition(
            "passes to within 10 % (ratio)", "online_kmeans", e.speed("online_kmeans", "own_10"), below=MUCH_FASTER
        )
    )


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
    "same-objective": derived("gradient (3)", "batch K-means (6)"),
    "gradient-works": gradient_works,
    "literature": no_data("see the references on mini-batches"),
    "history": no_data("see the introduction"),
    "slower-gradient": slower(*PLAIN, *SEARCHED, "online_gradient_tuned"),
    "slower-plain": slower(*PLAIN),
    "slower-on-iris": slower_on_iris,
    "terminates": terminates,
    "good-minimum": good_minimum,
    "step-is-gradient": derived("minimiser of Q (5)", "batch K-means (6)"),
    "faces": derived("gradient (3)", "Voronoi faces"),
    "worse-plain": worse(*PLAIN),
    "worse-searched": worse(*SEARCHED),
    "worse-accelerated": worse(*ACCELERATED),
    "worse-adaptive": worse(*ADAPTIVE),
    "worse-noisy": worse(*NOISY),
    "useful-at-scale": useful_at_scale,
    "deserved": deserved,
    "newton": derived("Hessian", "Newton (8)"),
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
    "stops-at-minima": stops_at_minima,
    "all-converge": all_converge,
    "superlinear": superlinear,
    "jumps": jumps,
    "set-by-the-schedule": set_by_the_schedule,
    "first-patterns": first_patterns,
    "much-faster-at-first": much_faster_at_first,
}
