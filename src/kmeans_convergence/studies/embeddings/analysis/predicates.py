"""What each claim about maps says of the numbers; our understanding of words that a claim leaves open is in constants.

The claims with the source "prediction" were written down before the first run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kmeans_convergence.statistics import paired
from kmeans_convergence.statistics.conditions import Condition, Estimate, Outcome, Verdict
from kmeans_convergence.statistics.paired import REFERENCE, SPEED
from kmeans_convergence.statistics.quality import EQUIVALENCE
from kmeans_convergence.studies.embeddings.analysis.evidence import Evidence, Reading
from kmeans_convergence.studies.embeddings.run.comparison import CLASSICAL, RANDOM
from kmeans_convergence.studies.embeddings.run.maps import BEST, STRAIN

COST = "final cost (% of difference)"
PASSES = "passes (ratio)"

ACCELERATED = ("nesterov", "anderson", "squarem")
CURVED = ("gradient_bb", "lbfgs", "newton_cg")
SEARCHED = "sammon_search"
STOCHASTIC = ("pairs", "pairs_tuned")

ROPE = 100 * EQUIVALENCE  # per cent
ROUNDING = 1e-9  # of a coordinate's deviation, or of a distance
WELL = 0.02  # error of a rate that is predicted well
HALF = (0.4, 0.6)  # of the passes: "half"

Judge = Callable[[Evidence, Reading], Outcome]


@dataclass(frozen=True)
class Predicate:
    """A claim as conditions on numbers, and the choices of a reading that it leaves open."""

    judge: Judge
    axes: tuple[str, ...] = ()


def faster(*optimizers: str, objective: str = "stress") -> Predicate:
    """Each of the optimizers needs fewer passes than SMACOF from the same start."""

    def judge(e: Evidence, r: Reading) -> Outcome:
        return Outcome.each(*(Condition(PASSES, m, e.speed(m, objective, r), below=1) for m in optimizers))

    return Predicate(judge, ("start", "target"))


def no_worse(*optimizers: str, objective: str = "stress") -> Predicate:
    """None of the optimizers ends above SMACOF from the same start, by more than what counts as equal."""

    def judge(e: Evidence, r: Reading) -> Outcome:
        return Outcome.each(*(Condition(COST, m, e.quality(m, objective, r), below=ROPE) for m in optimizers))

    return Predicate(judge, ("start", "polished"))


def lower(*optimizers: str) -> Predicate:
    """Each of the optimizers ends below SMACOF from the same start, by more than what counts as equal."""

    def judge(e: Evidence, r: Reading) -> Outcome:
        return Outcome.each(*(Condition(COST, m, e.quality(m, "stress", r), below=-ROPE) for m in optimizers))

    return Predicate(judge, ("start", "polished"))


def halves(e: Evidence, r: Reading) -> Outcome:
    """Relaxation by 2 takes about half the passes of SMACOF."""
    low, high = HALF
    return Outcome.joint(Condition(PASSES, "relaxed", e.speed("relaxed", "stress", r), above=low, below=high))


def sooner(e: Evidence, r: Reading) -> Outcome:
    """Single pairs come within 10 % before SMACOF does."""
    near = Reading(r.start, "own_10")
    conditions = (
        Condition("passes to within 10 % (ratio)", m, e.speed(m, "stress", near), below=1) for m in STOCHASTIC
    )
    return Outcome.each(*conditions)


def same_sentence(e: Evidence, r: Reading) -> Outcome:
    """The Guttman transform is a gradient step with a preconditioner, and what it leaves out predicts its rate."""
    smacof = e.rates[e.rates["optimizer"] == "smacof"]
    identity = _log(e, smacof.assign(value=smacof["identity"]))
    return Outcome.joint(
        Condition("Guttman transform less gradient step (deviations)", "", identity, below=ROUNDING, exceptions=0),
        Condition("error of the predicted rate", "smacof", _error(e, "smacof"), below=WELL),
    )


def predicted(*optimizers: str) -> Predicate:
    """The rate of each accelerated method is what follows from the rate of SMACOF."""

    def judge(e: Evidence, r: Reading) -> Outcome:
        return Outcome.each(
            *(Condition("error of the predicted rate", m, _error(e, m), below=WELL) for m in optimizers)
        )

    return Predicate(judge)


def exact(e: Evidence, r: Reading) -> Outcome:
    """The eigendecomposition recovers distances of points with as many dimensions as the map."""
    some = e.one_step[e.one_step["deviation"] == 0]
    missed = _log(e, some.assign(value=some["missed"]))
    return Outcome.joint(
        Condition("largest error of a distance (mean dissimilarities)", "", missed, below=ROUNDING, exceptions=0)
    )


def best(e: Evidence, r: Reading) -> Outcome:
    """The stress of the eigendecomposition is, at its best scale, about the least that is known."""
    return Outcome.joint(Condition("stress-1 above the least (%)", "", e.average(strain_excess(e.measures)), below=1.0))


def strain_excess(measures: pd.DataFrame) -> pd.DataFrame:
    """Return by how many per cent the stress-1 of the map of least strain exceeds the least; columns as `average`."""
    wide = measures.pivot(index=["dataset", "dimensions"], columns="map", values="stress_1")
    return (100 * (wide[STRAIN] / wide[BEST] - 1)).rename("value").reset_index()


def saves(e: Evidence, r: Reading) -> Outcome:
    """SMACOF needs fewer passes from the map of least strain than from a random start."""
    ratio = e.average(savings(e, r.target))
    return Outcome.joint(
        Condition("passes over those from random starts (ratio)", "smacof", ratio and ratio.exp(), below=1)
    )


def savings(e: Evidence, target: str) -> pd.DataFrame:
    """Return the logarithm of SMACOF's passes from the map of least strain over the mean from random starts."""
    both = []
    for start in (CLASSICAL, RANDOM):
        runs = e.select("stress", start, SPEED)
        smacof = runs[runs["optimizer"] == REFERENCE]
        both.append(np.log(paired.clipped(smacof, target)).groupby([smacof["dataset"], smacof["clusters"]]).mean())
    return (both[0] - both[1]).rename("value").reset_index().rename(columns={"clusters": "dimensions"})


def classical_lower(e: Evidence, r: Reading) -> Outcome:
    """SMACOF ends lower from the map of least strain than, on average, from random starts."""
    smacof = e.minima[e.minima["optimizer"] == "smacof"]
    costs = smacof.groupby(["dataset", "dimensions", "start"])["cost"].mean().unstack("start")
    values = (100 * (costs[CLASSICAL] / costs[RANDOM] - 1)).rename("value").reset_index()
    return Outcome.joint(Condition(COST, "smacof", e.average(values), below=-ROPE))


def find_best(e: Evidence, r: Reading) -> Outcome:
    """From more random starts than with SMACOF, single pairs end at the best minimum that is known."""
    random = e.minima[e.minima["start"] == RANDOM]
    hits = (random["minimum"] == 0).groupby([random[key] for key in ("dataset", "dimensions", "optimizer")]).mean()
    more = (hits.unstack("optimizer")["pairs"] - hits.unstack("optimizer")["smacof"]).rename("value").reset_index()
    return Outcome.joint(Condition("share of starts less that of SMACOF", "pairs", e.average(more), above=0))


def literature(answer: str) -> Predicate:
    """A claim about what has been published."""
    return Predicate(lambda e, r: Outcome(Verdict.NO_DATA, note=answer))


def _log(e: Evidence, values: pd.DataFrame) -> Estimate | None:
    """Average sizes of rounding errors geometrically; what is below the precision counts as that."""
    spacing = float(np.finfo(float).eps)
    estimate = e.average(_each(values).assign(value=lambda some: np.log(some["value"].clip(lower=spacing))))
    return estimate and estimate.exp()


def _error(e: Evidence, optimizer: str) -> Estimate | None:
    """Average how far predicted rates are from measured ones."""
    some = e.rates[e.rates["optimizer"] == optimizer]
    return e.average(_each(some.assign(value=(some["predicted"] - some["measured"]).abs())))


def _each(values: pd.DataFrame) -> pd.DataFrame:
    """Number the rows of a problem, which objectives may share, as its runs."""
    return values.assign(run=values.groupby(["dataset", "dimensions"]).cumcount())


PREDICATES: dict[str, Predicate] = {
    "same-sentence": Predicate(same_sentence),
    "literature-iterative": literature(
        "Sammon (1969) moves each coordinate by its first and second derivative; Torgerson (1952) solves an eigenvalue "
        "problem; Kruskal (1964) descends along the gradient. SMACOF (de Leeuw 1977) came later, as an alternation."
    ),
    "one-step-exact": Predicate(exact),
    "one-step-best": Predicate(best),
    "start-saves": Predicate(saves, ("target",)),
    "derivatives-work": no_worse(SEARCHED, objective="sammon"),
    "derivatives-faster": faster(SEARCHED, objective="sammon"),
    "relaxation-halves": Predicate(halves, ("start", "target")),
    "accelerates": faster(*ACCELERATED),
    "no-loss": no_worse(*ACCELERATED),
    "curvature-faster": faster(*CURVED),
    "momentum-predicted": predicted("relaxed", "heavy_ball"),
    "pairs-sooner": Predicate(sooner, ("start",)),
    "pairs-lower": lower(*STOCHASTIC),
    "classical-lower": Predicate(classical_lower),
    "pairs-find-best": Predicate(find_best),
}
