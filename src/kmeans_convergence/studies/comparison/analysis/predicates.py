"""What each claim about alternation and gradient says of the numbers of the comparison.

A predicate takes the evidence and one reading, and states the claim as one or more conditions; our understanding of
words that a claim leaves open is in the constants. With each predicate stand the choices that the claim leaves open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kmeans_convergence.starts import stream
from kmeans_convergence.statistics import paired
from kmeans_convergence.statistics.conditions import MINIMUM, Condition, Estimate, Outcome, Verdict
from kmeans_convergence.statistics.paired import END, PROBLEM, REFERENCE
from kmeans_convergence.statistics.quality import EQUIVALENCE
from kmeans_convergence.statistics.ranking import Hierarchy
from kmeans_convergence.statistics.readings import BOTH, QUALITY, SPEED, TUNED_SPEED, Reading
from kmeans_convergence.studies.comparison.analysis import size
from kmeans_convergence.studies.comparison.analysis.evidence import Evidence
from kmeans_convergence.studies.mixtures.run import kmeans_start, thresholds

PLAIN = ("gradient_nmax", "gradient_fixed", "gradient_tuned")
SEARCHED = ("gradient_armijo", "lbfgs")
# of the gradient itself; "nesterov" and "heavy_ball" accelerate batch K-means
MOMENTUM = (
    "gradient_nesterov",
    "gradient_nesterov_tuned",
    "gradient_heavy_ball",
    "gradient_heavy_ball_tuned",
    "gradient_bb",
)
ADAPTIVE = ("adam", "adam_tuned")
NOISY = ("online_gradient", "online_gradient_tuned", "minibatch_root", "minibatch_ema", "minibatch_ema_tuned")
ACCELERATED = ("overrelaxed_15", "anderson", "nesterov", "heavy_ball", "face_newton")
PAPER = ("batch_kmeans", "online_kmeans", "gradient_nmax", "online_gradient")
# What size does is measured on these.
STOCHASTIC = ("minibatch_counts", "minibatch_c4", "minibatch_ema", "online_c4")
# A method with curvature, and the same without.
CURVED = (("face_newton", "batch_kmeans"), ("batch_kmeans", "gradient_nmax"), ("lbfgs", "gradient_armijo"))

# Of an optimizer, relative to batch K-means from the same start.
COST = "final cost (% of difference)"
PASSES = "passes (ratio)"

# Our understanding of words that claims leave open.
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
MOST_OF = 0.5  # share of the rise in likelihood: "most of the work"
SMALL_FRACTION = 0.25  # of the passes: "a small fraction of the time"

# The machine check of a counterexample.
TIE = "fixed point with a tie"

HISTORY = (
    "Alternation came first: Steinhaus (1956) proposed it for a solid body, Lloyd (1957, printed in 1982) for signals "
    "and Forgy (1965) for statistics. The name is MacQueen's (1967), whose method moves one mean with each pattern and "
    "is a stochastic gradient: history explains the name and the habit, and not which of the two is better."
)

Judge = Callable[[Evidence, Reading], Outcome]


@dataclass(frozen=True)
class Predicate:
    """A claim as conditions on numbers.

    Attributes
    ----------
    judge : callable
        From the evidence and a reading to what becomes of the claim.
    axes : tuple of str
        The choices of a reading that the claim leaves open; none for a claim that no reading changes.
    """

    judge: Judge
    axes: tuple[str, ...] = ()


def worse(*optimizers: str) -> Predicate:
    """Batch K-means ends at lower costs than each of the optimizers, by more than what counts as equal."""

    def judge(e: Evidence, r: Reading) -> Outcome:
        return Outcome.each(*(Condition(COST, m, e.quality(m, r), above=ROPE) for m in optimizers))

    return Predicate(judge, QUALITY)


def slower(*optimizers: str) -> Predicate:
    """Each of the optimizers needs more passes than batch K-means."""

    def judge(e: Evidence, r: Reading) -> Outcome:
        return Outcome.each(*(Condition(PASSES, m, e.speed(m, r), above=1) for m in optimizers))

    return Predicate(judge, TUNED_SPEED)


def slower_on_iris(e: Evidence, r: Reading) -> Outcome:
    """The gradient methods need more passes than batch K-means on Iris."""
    conditions = []
    for m in (*PLAIN, "online_gradient"):
        estimate = Estimate.on(e.passes(r), m, "iris")
        conditions.append(Condition("passes on Iris (ratio)", m, estimate and estimate.exp(), above=1))
    return Outcome.each(*conditions)


def curvature(e: Evidence, r: Reading) -> Outcome:
    """Each method with curvature needs fewer passes than the same without."""
    conditions = []
    for curved, plain in CURVED:
        with_it, without = (Estimate.of(e.passes(r), m) for m in (curved, plain))
        estimate = with_it.less(without) if with_it and without else None
        conditions.append(
            Condition(f"passes over those of {{{plain}}} (ratio)", curved, estimate and estimate.exp(), below=1)
        )
    return Outcome.each(*conditions)


def online_first(e: Evidence, r: Reading) -> Outcome:
    """Online K-means comes within 10 % before batch K-means does."""
    speed = e.speed("online_kmeans", replace(r, target="own_10"))
    return Outcome.joint(Condition("passes to within 10 % (ratio)", "online_kmeans", speed, below=1))


def batch_later(e: Evidence, r: Reading) -> Outcome:
    """Batch K-means comes within 0.1 % before online K-means does."""
    speed = e.speed("online_kmeans", replace(r, target="own_0.1"))
    return Outcome.joint(Condition("passes to within 0.1 % (ratio)", "online_kmeans", speed, above=1))


def hybrid_never_loses(e: Evidence, r: Reading) -> Outcome:
    """One online epoch first ends nowhere at higher costs, nor needs more passes."""
    return Outcome.joint(
        Condition(COST, "hybrid", e.quality("hybrid", r), below=ROPE, exceptions=0),
        Condition(PASSES, "hybrid", e.speed("hybrid", r), below=NO_SLOWER, exceptions=0),
    )


def start_decides(e: Evidence, r: Reading) -> Outcome:
    """Nearly all of the variance of final costs over runs and optimizers comes from the start."""
    runs = e.select(r, END)
    column = "limit" if r.polished else "end"
    runs = runs.assign(ends=runs[column].mask(paired.diverged(runs)))
    label = "share of the variance that the start explains, {}"
    return Outcome.each(
        Condition(
            label.format("methods as in the paper"),
            "",
            _share_of_start(e, runs[runs["optimizer"].isin(PAPER)]),
            above=MOSTLY,
        ),
        Condition(label.format("all methods"), "", _share_of_start(e, runs), above=MOSTLY),
    )


def _share_of_start(e: Evidence, runs: pd.DataFrame) -> Estimate | None:
    """Return the share of runs in the two-way analysis of variance, against that of optimizers and the interaction.

    A start from which some optimizer diverges is left out.
    """
    rows = []
    for problem in paired.problems(runs, e.gap):
        costs = problem.wide("ends").dropna()
        deviation = costs - costs.to_numpy().mean() if len(costs) else costs
        total, between = (deviation**2).sum(axis=1), costs.shape[1] * deviation.mean(axis=1) ** 2
        if total.sum() > 0 and costs.shape[1] > 1:
            share = between.sum() / total.sum()
            # linearised, so that the average over runs is the share and its bootstrap is that of a ratio
            value = share + (between - share * total) / total.mean()
            rows.append(value.rename("value").reset_index().assign(**problem.names))
    return e.average(pd.concat(rows, ignore_index=True)) if rows else None


def few_iterations(e: Evidence, r: Reading) -> Outcome:
    """Batch K-means converges after few passes; a run that doesn't within the budget counts with what it has used."""
    values = e.of(REFERENCE, r).rename(columns={"passes": "value"})[[*PROBLEM, "run", "value"]]
    return Outcome.joint(Condition("passes until it rests", REFERENCE, e.average(values), below=FEW))


def rests_in_time(e: Evidence, r: Reading) -> Outcome:
    """Batch K-means mostly converges within the budget."""
    rows = e.of(REFERENCE, r)
    rests = rows.assign(value=(rows["stop"] == "fixed point").astype(float))
    label = "share of runs that rest within the budget"
    return Outcome.joint(Condition(label, REFERENCE, e.average(rests), above=MOSTLY))


def good_minimum(e: Evidence, r: Reading) -> Outcome:
    """Batch K-means mostly ends within 1 % of the best known cost."""
    rows = e.of(REFERENCE, r)
    values = rows.assign(value=rows["best_1"].notna().astype(float))
    label = "share of runs within 1 % of the best known cost"
    return Outcome.joint(Condition(label, REFERENCE, e.average(values), above=MOSTLY))


def gradient_works(e: Evidence, r: Reading) -> Outcome:
    """Gradient methods mostly come within 1 % of their limit in the budget."""
    label = "share of runs within 1 % of their limit in the budget"
    conditions = []
    for optimizer in (*PLAIN, *SEARCHED, *MOMENTUM):
        rows = e.of(optimizer, r, paired.SPEED)
        estimate = e.average(rows.assign(value=paired.reached(rows, "own_1").notna().astype(float)))
        conditions.append(Condition(label, optimizer, estimate, above=MOSTLY))
    return Outcome.each(*conditions)


def minibatch_is_faster(e: Evidence, r: Reading) -> Outcome:
    """Mini-batch K-means needs a tenth of the passes or less, and ends at nearly the same cost."""
    return Outcome.joint(
        Condition(PASSES, "minibatch_counts", e.speed("minibatch_counts", r), below=ORDERS),
        Condition(COST, "minibatch_counts", e.quality("minibatch_counts", r), below=NEARLY),
    )


def gains_with_size(e: Evidence, r: Reading) -> Outcome:
    """The passes of stochastic methods, relative to batch K-means', fall with the size of a sample of the same set."""
    label = "change of log10 of the ratio of passes to within 1 %, per decade of patterns of the same set"
    found = _of_size(e, size.slopes)
    return Outcome.each(*(Condition(label, m, Estimate.of(found, m) if found else None, below=0) for m in STOCHASTIC))


def useful_at_scale(e: Evidence, r: Reading) -> Outcome:
    """Some stochastic gradient is faster than batch K-means to within 1 % on the largest samples."""
    label = "passes to within 1 % on the largest samples (ratio)"
    found = _of_size(e, size.at_largest)
    conditions = []
    for m in STOCHASTIC:
        estimate = Estimate.of(found, m) if found else None
        conditions.append(Condition(label, m, estimate and estimate.exp(), below=1))
    return Outcome.each(*conditions)


def _of_size(e: Evidence, value: Callable[[pd.DataFrame], pd.DataFrame]) -> Hierarchy | None:
    """Average a value of the ratios of passes against size; None without a table of sizes."""
    if e.size is None:
        return None
    return Hierarchy.of(value(size.log_ratios(e.size)), size.families(e.size), e.seed, e.repeats)


def needs_tuning(e: Evidence, r: Reading) -> Outcome:
    """The one rate that is best on average over the data sets costs more than what counts as equal."""
    label = "loss of the best common setting (% of the cost with the best one)"
    conditions = []
    for optimizer in ("gradient_tuned", "online_gradient_tuned", "adam_tuned", "minibatch_ema_tuned"):
        conditions.append(Condition(label, optimizer, _common_setting(e, optimizer, r.budget), above=ROPE))
    return Outcome.each(*conditions)


def _common_setting(e: Evidence, optimizer: str, budget: int) -> Estimate | None:
    """Return how much worse the best common setting is than each set's own; None if no setting was tried on all."""
    if e.tuning is None:
        return None
    rows = e.tuning[(e.tuning["optimizer"] == optimizer) & (e.tuning["budget"] == budget) & (e.tuning["target"] == END)]
    scores = rows.pivot_table(index="dataset", columns="setting", values="score", aggfunc="mean", sort=False)
    common = scores.dropna(axis=1)
    if common.empty:
        return None
    return e.over_sets(100 * (common[common.mean().idxmin()] - scores.min(axis=1)))


def plusplus_levels(e: Evidence, r: Reading) -> Outcome:
    """From k-means++ starts, the optimizers that are best and worst from patterns end alike and take as long."""
    conditions = []
    for average, measure, above, below in (
        (e.costs, COST, -ROPE, ROPE),
        (e.passes, PASSES, 1 / IRRELEVANT, IRRELEVANT),
    ):
        label, estimate, worst = measure, None, ""
        # chosen on one kind of start, measured on the other: the choice can't profit from chance
        order = average(replace(r, start="patterns")).summary().sort_values("effect", kind="stable")
        if len(order) > 1:
            best, worst = order["optimizer"].iloc[[0, -1]]
            found = average(replace(r, start="plusplus"))
            one, other = Estimate.of(found, worst), Estimate.of(found, best)
            estimate = one.less(other) if one and other else None
            estimate = estimate.exp() if estimate and average == e.passes else estimate
            label = f"{measure[:-1]} to {{{best}}})"
        conditions.append(Condition(label, worst, estimate, above, below))
    return Outcome.joint(*conditions)


def deserved(e: Evidence, r: Reading) -> Outcome:
    """No optimizer is both better and faster than batch K-means.

    The number is that of optimizers for which both intervals say so; its interval goes up to that of optimizers for
    which neither interval says the opposite. One optimizer decides, so that the intervals have Bonferroni's correction.
    """
    costs, passes = e.costs(r), e.passes(r)
    surely = possibly = 0
    others = [m for m in costs.optimizers if m in passes.optimizers and m != REFERENCE]
    for m in others:
        cost, ratio = Estimate.of(costs, m), Estimate.of(passes, m)
        if cost and ratio and min(cost.count, ratio.count) >= MINIMUM:
            level = 1 - 0.05 / len(others)
            (low, high), (fast, slow) = (estimate.interval(level) for estimate in (cost, ratio))
            surely += high < -ROPE and slow < 0
            possibly += low < -ROPE and fast < 0
    label = f"optimisers of {len(others)} that are better and faster"
    if not others:
        return Outcome.joint(Condition(label, "", None, below=1))
    ends = np.repeat([float(surely), float(possibly)], 1000)
    return Outcome.joint(Condition(label, "", Estimate(float(surely), ends, len(costs.families)), below=1))


def accelerates(e: Evidence, r: Reading) -> Outcome:
    """Accelerated methods need fewer passes than batch K-means and end no worse."""
    return Outcome.each(
        *(Condition(PASSES, m, e.speed(m, r), below=1) for m in ACCELERATED),
        *(Condition(COST, m, e.quality(m, r), below=ROPE) for m in ACCELERATED),
    )


def hartigan_better(e: Evidence, r: Reading) -> Outcome:
    """Hartigan's method ends at lower costs."""
    return Outcome.joint(Condition(COST, "hartigan", e.quality("hartigan", r), below=-ROPE))


def noise_wins(e: Evidence, r: Reading) -> Outcome:
    """Mini-batches with a moving average end at lower costs."""
    methods = ("minibatch_ema", "minibatch_ema_tuned")
    return Outcome.each(*(Condition(COST, m, e.quality(m, r), below=-ROPE) for m in methods))


def stops_at_minima(e: Evidence, r: Reading) -> Outcome:
    """Batch K-means stops at local minima: where no pattern is tied between two prototypes.

    A machine check has a set on which it does not. So it holds in part at best.
    """
    label = "share of runs that end without a tied pattern"
    without = e.of_steps(lambda table: (table["tied"] == 0).astype(float))
    data = Outcome.joint(Condition(label, REFERENCE, without, above=ALWAYS, exceptions=0))
    if data.verdict is Verdict.HOLDS and derived(TIE).judge(e, r).verdict is Verdict.HOLDS:
        return Outcome(Verdict.PART, data.conditions, "a counterexample with a tie is among the theorems")
    return data


def all_converge(e: Evidence, r: Reading) -> Outcome:
    """Each of the paper's four algorithms comes near a local minimum, and batch K-means stops at one."""
    label = "share of runs within 1 % of a local minimum in the budget"
    conditions = list(stops_at_minima(e, r).conditions)
    for optimizer in ("online_kmeans", "gradient_nmax", "online_gradient"):
        rows = e.of(optimizer, r)
        estimate = e.average(rows.assign(value=paired.reached(rows, "own_1").notna().astype(float)))
        conditions.append(Condition(label, optimizer, estimate, above=MOSTLY))
    return Outcome.each(*conditions)


def superlinear(e: Evidence, r: Reading) -> Outcome:
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


def jumps(e: Evidence, r: Reading) -> Outcome:
    """Batch K-means terminates: its last step lands where the next one stays."""
    estimate = e.of_steps(lambda table: table["ends"].astype(float))
    return Outcome.joint(Condition("share of runs that terminate", REFERENCE, estimate, above=ALWAYS))


def set_by_the_schedule(e: Evidence, r: Reading) -> Outcome:
    """A larger rate makes online K-means faster in the end; how slow the steps of Lloyd are makes no difference."""
    larger, smaller = (Estimate.of(e.passes(replace(r, target="own_0.1")), m) for m in ("online_c4", "online_kmeans"))
    rates = larger.less(smaller) if larger and smaller else None
    return Outcome.joint(
        Condition("passes to within 0.1 % (ratio to {online_kmeans})", "online_c4", rates and rates.exp(), below=1),
        Condition(
            "change of log10 of the passes to within 1 %, per unit of what a step of {batch_kmeans} leaves",
            "online_kmeans",
            _against_steps(e, r),
            below=UNCONDITIONED,
        ),
    )


def _against_steps(e: Evidence, r: Reading) -> Estimate | None:
    """Return the slope of online K-means' passes over families, against what Lloyd's steps leave of the residual."""
    left = e.of_steps(lambda table: table["middle"])
    rows = e.of("online_kmeans", r)
    passes = e.average(rows.assign(value=np.log10(paired.clipped(rows, "own_1"))))
    return _slope(e, left, passes) if left and passes else None


def _slope(e: Evidence, x: Estimate, y: Estimate) -> Estimate | None:
    """Return the slope of the line of least squares through families, with its draws over families.

    None where fewer than two families have both values, or all have one x.
    """
    names = [name for name in x.families if name in y.families]
    across, up = (some.point[[some.families.index(name) for name in names]] for some in (x, y))
    if len(names) < 2 or np.ptp(across) == 0:
        return None
    drawn = stream(e.seed, "slope").integers(len(names), size=(e.repeats, len(names)))
    (slope,), slopes = (_line(across[some], up[some]) for some in (np.arange(len(names))[None], drawn))
    return Estimate(float(slope), slopes[np.isfinite(slopes)], len(names))


def _line(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the slopes of lines through points (B, F), shape (B,); NaN where all have one x."""
    x = x - x.mean(axis=1, keepdims=True)
    variance = (x**2).sum(axis=1)
    return np.divide((x * y).sum(axis=1), variance, out=np.full(len(x), np.nan), where=variance > 1e-12)


def first_patterns(e: Evidence, r: Reading) -> Outcome:
    """Online K-means has after a few patterns what an epoch of batch K-means brings, the sooner the more there are."""
    label = "passes of online K-means until it has what one epoch of batch K-means brings"
    share = e.of_steps(lambda table: np.log(table["reached"]))
    redundancy = e.of_steps(lambda table: np.log(table["n"] / table["clusters"]))
    slope = _slope(e, redundancy, share) if redundancy and share else None
    return Outcome.joint(
        Condition(label, "online_kmeans", share and share.exp(), below=FEW_PATTERNS),
        Condition("power of the patterns for each prototype with which they change", "online_kmeans", slope, below=0),
    )


def much_faster_at_first(e: Evidence, r: Reading) -> Outcome:
    """Online K-means needs half of the passes or less to come within 10 %."""
    speed = e.speed("online_kmeans", replace(r, target="own_10"))
    return Outcome.joint(Condition("passes to within 10 % (ratio)", "online_kmeans", speed, below=MUCH_FASTER))


def most_of_the_work(e: Evidence, r: Reading) -> Outcome:
    """As the start of a mixture batch K-means brings most of the rise in likelihood, in a small share of the passes."""
    rise = share = None
    if e.kmeans_start is not None:
        runs = _of_mixtures(e.kmeans_start[e.kmeans_start["arm"] == "kmeans"])
        # where there is hardly a rise, shares of it mean nothing
        runs = runs[runs["first"] - runs["limit"] > EQUIVALENCE]
        rise = _over_fits(e, runs.assign(value=(runs["first"] - runs["begin"]) / (runs["first"] - runs["limit"])))
        later = runs["own_1e-3"].fillna(kmeans_start.MOST)
        share = _over_fits(e, runs.assign(value=runs["kmeans_passes"] / (runs["kmeans_passes"] + later)))
    return Outcome.joint(
        Condition("share of the rise in likelihood that {batch_kmeans} brings", "", rise, above=MOST_OF),
        Condition("its share of the passes to 1e-3 nats per pattern", "", share, below=SMALL_FRACTION),
    )


def better_start(e: Evidence, r: Reading) -> Outcome:
    """EM ends higher from where batch K-means ends than from where it begins, and than from random responsibilities."""
    conditions = []
    for arm, words in (("patterns", "patterns"), ("responsibilities", "random responsibilities")):
        estimate = None
        if e.kmeans_start is not None:
            keys = ["dataset", "family", "clusters", "start", "run"]
            runs = _of_mixtures(e.kmeans_start)
            limits = runs.pivot(index=keys, columns="arm", values="limit")
            value = (limits["kmeans"] - limits[arm]).rename("value").reset_index()
            estimate = _over_fits(e, value)
        label = f"cost of EM's limit from {{batch_kmeans}} less that from {words} (nats per pattern)"
        conditions.append(Condition(label, "", estimate, below=-EQUIVALENCE))
    return Outcome.each(*conditions)


def _over_fits(e: Evidence, values: pd.DataFrame) -> Estimate | None:
    """Average a value of runs over the data sets that mixtures are fitted to, which need not be those of `e`."""
    named = values.assign(optimizer=REFERENCE)
    return Estimate.of(Hierarchy.of(named, size.families(values), e.seed, e.repeats), REFERENCE)


def _of_mixtures(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs that have not degenerated; each covariance model of a data set is a problem of its own."""
    return runs[~runs["degenerate"].astype(bool)].rename(columns={"covariance": "start"})


def hard_ends(e: Evidence, r: Reading) -> Outcome:
    """Batch K-means ends, and EM for the means of the equivalent mixture leaves a share of its error in each step."""
    runs = _on_sets(e, 1.0)
    ends, left = (
        None if runs is None else _over_fits(e, runs.assign(value=runs[column].astype(float)))
        for column in ("hard_ends", "soft_rate")
    )
    return Outcome.joint(
        Condition("share of runs of {batch_kmeans} that end", "", ends, above=ALWAYS),
        Condition("share of its error that EM leaves in a step at its limit", "", left, above=0),
    )


def hard_faster(e: Evidence, r: Reading) -> Outcome:
    """Batch K-means needs fewer passes than EM for the means, whether components overlap or not."""
    conditions = []
    for share in thresholds.SHARES:
        runs, estimate = _on_sets(e, share), None
        if runs is not None:
            soft, hard = runs["soft_1e-6"].fillna(thresholds.MOST), runs["hard_1e-6"]
            logs = np.log(hard.clip(paired.FIRST)) - np.log(soft.clip(paired.FIRST))
            estimate = _over_fits(e, runs.assign(value=logs))
        label = f"passes to 1e-6 nats per pattern over those of EM, deviation {share:g} of that within clusters (ratio)"
        conditions.append(Condition(label, "", estimate and estimate.exp(), below=1))
    return Outcome.each(*conditions)


def _on_sets(e: Evidence, share: float) -> pd.DataFrame | None:
    """Return the runs with hard and soft thresholds on data sets, with that deviation of the components."""
    if e.thresholds is None:
        return None
    runs = e.thresholds[e.thresholds["separation"].isna() & (e.thresholds["share"] == share)]
    return runs.assign(start="") if len(runs) else None


def derived(*steps: str) -> Predicate:
    """The claim follows from steps of the derivation, all of which hold."""
    return _from_checks(steps, all_hold=Verdict.HOLDS, one_fails=Verdict.FAILS)


def contradicted(*steps: str) -> Predicate:
    """The claim contradicts theorems: it fails if all of them hold."""
    return _from_checks(steps, all_hold=Verdict.FAILS, one_fails=Verdict.UNDECIDED)


def _from_checks(steps: tuple[str, ...], all_hold: Verdict, one_fails: Verdict) -> Predicate:
    def judge(e: Evidence, r: Reading) -> Outcome:
        note = f"machine checks: {', '.join(steps)}"
        checks = None if e.derivation is None else e.derivation[e.derivation["step"].isin(steps)]
        if checks is None or set(checks["step"]) != set(steps):
            return Outcome(Verdict.UNDECIDED, note=note)
        return Outcome(all_hold if checks["holds"].all() else one_fails, note=note)

    return Predicate(judge)


def no_data(answer: str) -> Predicate:
    """No table can decide the claim."""
    return Predicate(lambda e, r: Outcome(Verdict.NO_DATA, note=answer))


TIME = ("start", "budget")

PREDICATES: dict[str, Predicate] = {
    "same-objective": derived("gradient (3)", "batch K-means (6)"),
    "gradient-works": Predicate(gradient_works, TIME),
    "literature": no_data("see the references on mini-batches"),
    "history": no_data(HISTORY),
    "slower-gradient": slower(*PLAIN, *SEARCHED, *MOMENTUM),
    "slower-plain": slower(*PLAIN),
    "slower-on-iris": Predicate(slower_on_iris, SPEED),
    "curvature": Predicate(curvature, SPEED),
    "terminates": derived("decrease", "termination"),
    "rests-in-time": Predicate(rests_in_time, TIME),
    "good-minimum": Predicate(good_minimum, TIME),
    "step-is-gradient": derived("minimiser of Q (5)", "batch K-means (6)"),
    "faces": derived("gradient (3)", "Voronoi faces"),
    "worse-plain": worse(*PLAIN),
    "worse-searched": worse(*SEARCHED),
    "worse-momentum": worse(*MOMENTUM),
    "worse-adaptive": worse(*ADAPTIVE),
    "worse-noisy": worse(*NOISY),
    "useful-at-scale": Predicate(useful_at_scale),
    "deserved": Predicate(deserved, BOTH),
    "newton": derived("Hessian", "Newton (8)"),
    "online-first": Predicate(online_first, TIME),
    "batch-later": Predicate(batch_later, TIME),
    "hybrid-never-loses": Predicate(hybrid_never_loses, ("start", "budget", "polished", "target")),
    "start-decides": Predicate(start_decides, ("start", "budget", "polished")),
    "few-iterations": Predicate(few_iterations, TIME),
    "minibatch-is-faster": Predicate(minibatch_is_faster, ("start", "budget", "polished", "target")),
    "gains-with-size": Predicate(gains_with_size),
    "needs-tuning": Predicate(needs_tuning, ("budget",)),
    "plusplus-levels": Predicate(plusplus_levels, ("budget", "polished", "target")),
    "accelerates": Predicate(accelerates, ("start", "budget", "polished", "target")),
    "hartigan-better": Predicate(hartigan_better, QUALITY),
    "noise-wins": Predicate(noise_wins, QUALITY),
    "stops-at-minima": Predicate(stops_at_minima),
    "all-converge": Predicate(all_converge, TIME),
    "superlinear": Predicate(superlinear),
    "jumps": Predicate(jumps),
    "set-by-the-schedule": Predicate(set_by_the_schedule, TIME),
    "first-patterns": Predicate(first_patterns),
    "much-faster-at-first": Predicate(much_faster_at_first, TIME),
    "most-of-the-work": Predicate(most_of_the_work),
    "better-start": Predicate(better_start),
    "hard-ends": Predicate(hard_ends),
    "hard-faster": Predicate(hard_faster),
    "viterbi-newton": derived("Viterbi, means", "same path"),
    "viterbi-all-newton": contradicted("same path", "variances", "beyond quadratic"),
    "choices-terminate": derived("descent and end"),
}
