"""What each claim about the breakdown says of the numbers.

The regions were written down before the first run. What we had predicted, with them: that no iterate changes in exact
arithmetic; that EM which forms covariances loses a digit for each decade of the condition number, and EM that keeps
their factors half a digit; that full covariances collapse as often, however features are correlated; that a constant on
the diagonal costs the more the smaller the numbers are and the nearer features are to dependence, and a prior in
proportion to the covariance of the data always the same; and that gradient methods slow down with the condition number.
Not predicted was that the natural gradient would diverge. After a first run some sizes were changed, the target of the
passes was raised from 1e-3 to 1e-2 nats per pattern, and held-out likelihoods were divided by the number of features.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kmeans_convergence.statistics.conditions import Condition, Estimate, Outcome, Verdict
from kmeans_convergence.studies.breakdown.analysis.evidence import Evidence, Reading, slope
from kmeans_convergence.studies.breakdown.run import collapse, conditioned, digits, remedies

# Our understanding of words that claims leave open.
SEEN = 15.0  # digits: iterates that agree to fewer would be seen to change in double precision
LIMIT = 17.0  # log10 of the condition number: what breaks down below it does so on ordinary data
LOST = 0.25  # digits lost for each decade of the condition number: more than a matter of chance
OFTEN = 0.05  # share of runs: "collapse"
MORE = 0.05  # share of runs: "more often"
HARMLESS = 0.01  # nats per pattern
ESCAPES = 1.5  # a factor in passes that is no loss
BETTER = 0.0  # nats for each pattern and feature

# Methods that know the gradient alone.
GRADIENT = ("gradient", "lbfgs", "adam", "adam_tuned")
# Remedies that keep the covariances between features, as EM on a mixture.
KEPT = ("ridge", "prior", "floor", "tied", "factors", "components")

# The machine check that EM becomes batch K-means.
LIMIT_OF_EM = "EM for small variances"

Judge = Callable[[Evidence, Reading], Outcome]


@dataclass(frozen=True)
class Predicate:
    """A claim as conditions on numbers; no reading changes it."""

    judge: Judge
    axes: tuple[str, ...] = ()


def nearest_relative(e: Evidence, r: Reading) -> Outcome:
    """Batch K-means is the limit of EM for small variances."""
    note = f"machine check: {LIMIT_OF_EM}"
    checks = e.theorems.loc[e.theorems["step"] == LIMIT_OF_EM, "holds"]
    if checks.empty:
        return Outcome(Verdict.UNDECIDED, note=note)
    return Outcome(Verdict.HOLDS if checks.all() else Verdict.FAILS, note=note)


def correlation_changes_em(e: Evidence, r: Reading) -> Outcome:
    """Iterates differ in digits that double precision would show, in exact arithmetic, on some map of the data."""
    exact = e.digits[e.digits["method"] == digits.EXACT]
    least = exact.groupby("dataset", as_index=False)["digits"].min().rename(columns={"digits": "value"})
    label = "digits to which responsibilities agree in 50-digit arithmetic, at the worst condition"
    return Outcome.joint(Condition(label, "", e.average(least).get(""), below=SEEN))


def digits_go(e: Evidence, r: Reading) -> Outcome:
    """EM loses digits with the condition number, and fails before it is that of ordinary data."""
    conditions = []
    for method in (digits.COVARIANCES, digits.FACTORS):
        lost, failing = digits_lost(e, method), failing_condition(e, method)
        label = "digits lost for each decade of the condition number"
        conditions.append(Condition(label, method, lost, above=LOST))
        label = "log10 of the least condition number at which a fit fails"
        conditions.append(Condition(label, method, failing, below=LIMIT))
    return Outcome.each(*conditions)


def digits_lost(e: Evidence, method: str) -> Estimate | None:
    """Return how many digits are lost for each decade of the condition number, before the fit fails."""
    rows = e.digits[(e.digits["method"] == method) & ~e.digits["failed"]]
    rows = rows.assign(decades=np.log10(rows["condition"]))
    lost = [(name, -slope(some, "decades", "digits")) for name, some in rows.groupby("dataset", sort=False)]
    return e.average(pd.DataFrame(lost, columns=["dataset", "value"])).get("")


def failing_condition(e: Evidence, method: str) -> Estimate | None:
    """Return log10 of the least condition number at which a fit fails; where none fails, of the largest one."""
    rows = e.digits[e.digits["method"] == method]
    at = np.log10(rows["condition"].where(rows["failed"]))
    values = at.groupby(rows["dataset"]).min().fillna(np.log10(rows.groupby("dataset")["condition"].max()))
    return e.average(values.rename("value").reset_index()).get("")


def correlation_collapses(e: Evidence, r: Reading) -> Outcome:
    """More runs collapse where features are correlated, from the same starts."""
    conditions = []
    for model in collapse.MODELS:
        label = f"share of runs that collapse, correlation {max(collapse.SWEPT['correlation'])} less none"
        conditions.append(Condition(label, model, rise_with_correlation(e, model), above=MORE))
    return Outcome.each(*conditions)


def rise_with_correlation(e: Evidence, model: str) -> Estimate | None:
    """Return the share of runs that collapse at the largest correlation, less that without any, run by run."""
    rows = collapsed(e.collapse[e.collapse["model"] == model])
    rows = at_middle(rows, "correlation").pivot(index=["dataset", "run"], columns="correlation", values="value")
    rise = rows[max(collapse.SWEPT["correlation"])] - rows[collapse.MIDDLE["correlation"]]
    return e.average(rise.rename("value").reset_index()).get("")


def at_middle(table: pd.DataFrame, swept: str) -> pd.DataFrame:
    """Return the rows of a sweep: all other quantities are those in the middle."""
    fixed = [table[name] == value for name, value in collapse.MIDDLE.items() if name != swept]
    return table[np.logical_and.reduce(fixed)]


def collapsed(table: pd.DataFrame) -> pd.DataFrame:
    """Add `value`, whether a run collapses; runs of models that were refused are left out."""
    some = table[table["outcome"] != collapse.REFUSED]
    return some.assign(value=(some["outcome"] != collapse.NONE).astype(float))


def runs_collapse(e: Evidence, r: Reading) -> Outcome:
    """Runs with full covariances collapse, on simulated and on other data."""
    middle = at_middle(at_middle(e.collapse, "n"), "correlation")
    middle = collapsed(middle[middle["model"] == collapse.FULL])
    # sets on which no run does are no exceptions: that some do is what matters
    label = "share of runs with full covariances that collapse, {}"
    return Outcome.each(
        Condition(label.format("simulated data"), "", e.average(middle).get(""), above=OFTEN),
        Condition(label.format("data sets"), "", e.average(collapsed(e.sets)).get(""), above=OFTEN, exceptions=1),
    )


def constant_is_harmless(e: Evidence, r: Reading) -> Outcome:
    """A constant on the diagonal hardly lowers the likelihood, in any unit and on any map of the data."""
    label = "nats per pattern lost in the worst {}"
    losses = {what: worst_loss(e, what, "absolute") for what in ("unit", "delta")}
    words = {"unit": "unit", "delta": "dependence of features"}
    return Outcome.joint(
        *(Condition(label.format(words[what]), "scikit-learn", loss, below=HARMLESS) for what, loss in losses.items())
    )


def worst_loss(e: Evidence, swept: str, method: str) -> Estimate | None:
    """Return by how many nats per pattern a method falls short of the largest likelihood, in the worst case swept."""
    rows = e.constant[(e.constant["swept"] == swept) & (e.constant["method"] == method)]
    worst = rows.groupby("dataset", as_index=False)["loss"].max().rename(columns={"loss": "value"})
    return e.average(worst).get("")


def gradient_escapes(e: Evidence, r: Reading) -> Outcome:
    """Gradient methods need no more passes where features are nearly dependent."""
    found = slowed(e)
    label = "passes where features are nearly dependent (ratio to those where they are not)"
    return Outcome.each(*(Condition(label, m, _exp(found.get(m)), below=ESCAPES) for m in GRADIENT))


def _exp(estimate: Estimate | None) -> Estimate | None:
    return estimate and estimate.exp()


def slowed(e: Evidence) -> dict[str, Estimate]:
    """Return the logarithm of the ratio of passes at the least delta to those at 1, run by run, for each method.

    A run that does not come near its limit, or diverges, counts with the budget, so that the ratio is at least that;
    where it comes there on neither, nothing is known.
    """
    table = e.conditioned.assign(censored=e.conditioned["passes"].isna())
    table["passes"] = table["passes"].fillna(table["budget"]).clip(lower=1)
    wide = table.pivot(index=["dataset", "run", "optimizer"], columns="delta", values=["passes", "censored"])
    first, last = max(conditioned.DELTAS), min(conditioned.DELTAS)
    value = np.log((wide["passes"][last] / wide["passes"][first]).astype(float))
    both = wide["censored"][last].astype(bool) & wide["censored"][first].astype(bool)
    return e.average(value.mask(both).rename("value").reset_index())


def drop_em(e: Evidence, r: Reading) -> Outcome:
    """Mixtures that keep covariances between features predict held-out patterns no better than spherical ones."""
    found = gains(e.remedies, "nats")
    estimates = e.average(found)
    label = "nats for each pattern held out and feature, less those of spherical covariances"
    return Outcome.each(*(Condition(label, m, estimates.get(m), below=BETTER) for m in KEPT))


def gains(table: pd.DataFrame, score: str) -> pd.DataFrame:
    """Return by how much a score of each remedy exceeds that of spherical covariances on the same patterns held out.

    Log likelihoods are divided by the number of features.

    Returns
    -------
    DataFrame
        Columns dataset, run (the split), optimizer (the remedy) and value.
    """
    # a likelihood is one of all features, and tables differ in their number
    of = table.assign(nats=table["nats"] / table["d"])
    wide = of.pivot(index=["dataset", "split"], columns="remedy", values=score)
    others = wide.drop(columns=remedies.REFERENCE).sub(wide[remedies.REFERENCE], axis=0)
    found = others.stack(future_stack=True).rename("value").reset_index()
    return found.rename(columns={"split": "run", "remedy": "optimizer"})


PREDICATES: dict[str, Predicate] = {
    "nearest-relative": Predicate(nearest_relative),
    "correlation-changes-em": Predicate(correlation_changes_em),
    "digits-go": Predicate(digits_go),
    "correlation-collapses": Predicate(correlation_collapses),
    "runs-collapse": Predicate(runs_collapse),
    "constant-is-harmless": Predicate(constant_is_harmless),
    "gradient-escapes": Predicate(gradient_escapes),
    "drop-em": Predicate(drop_em),
}
