"""What each claim about mixtures says of the numbers; see the predicates of the comparison on k-means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kmeans_convergence.statistics.conditions import Condition, Outcome, Verdict
from kmeans_convergence.studies.mixtures.analysis.evidence import ROPE, Evidence, Reading

ACCELERATED = ("overrelaxed_15", "nesterov", "anderson", "squarem")
GRADIENTS = ("gradient_nmax", "gradient_tuned", "gradient_armijo", "adam_tuned", "minibatch_gradient_tuned")

# Relative to EM from the same start.
COST = "limit (difference in nats per pattern)"
PASSES = "passes (ratio)"

# Our understanding of words that claims leave open.
NO_SLOWER = 1.05  # a factor in passes that is no loss
AS_FAST = 1.25  # a factor in passes, either way, that makes two methods one
CLOSE = 0.01  # between a predicted and a measured factor

SPEED = ("start", "nats")
TUNED_SPEED = ("start", "nats", "charged")
QUALITY = ("start",)


@dataclass(frozen=True)
class Predicate:
    """A claim as conditions on numbers, and the choices of a reading that it leaves open."""

    judge: Callable[[Evidence, Reading], Outcome]
    axes: tuple[str, ...] = ()


def faster(*optimizers: str) -> Predicate:
    """Each of the optimizers needs fewer passes than EM."""

    def judge(e: Evidence, r: Reading) -> Outcome:
        return Outcome.each(*(Condition(PASSES, m, e.speed(m, r), below=1) for m in optimizers))

    return Predicate(judge, SPEED)


def worse(*optimizers: str) -> Predicate:
    """Each of the optimizers ends at a lower likelihood than EM, by more than what counts as equal."""

    def judge(e: Evidence, r: Reading) -> Outcome:
        return Outcome.each(*(Condition(COST, m, e.quality(m, r), above=ROPE) for m in optimizers))

    return Predicate(judge, QUALITY)


def alternative(*optimizers: str) -> Predicate:
    """Each of the optimizers needs no more passes than EM and ends no lower in likelihood.

    What both is true of for some of them holds in part.
    """

    def judge(e: Evidence, r: Reading) -> Outcome:
        outcomes = [
            Outcome.joint(
                Condition(PASSES, m, e.speed(m, r), below=NO_SLOWER), Condition(COST, m, e.quality(m, r), below=ROPE)
            )
            for m in optimizers
        ]
        verdicts = {outcome.verdict for outcome in outcomes}
        verdict = next(iter(verdicts)) if len(verdicts) == 1 else Verdict.UNDECIDED
        if len(verdicts) > 1 and verdicts & {Verdict.HOLDS, Verdict.PART}:
            verdict = Verdict.PART
        elif Verdict.FAILS in verdicts:
            verdict = Verdict.FAILS
        return Outcome(verdict, tuple(condition for outcome in outcomes for condition in outcome.conditions))

    return Predicate(judge, TUNED_SPEED)


def accelerates(e: Evidence, r: Reading) -> Outcome:
    """Accelerated EM needs fewer passes than EM and ends no lower in likelihood."""
    return Outcome.each(
        *(Condition(PASSES, m, e.speed(m, r), below=1) for m in ACCELERATED),
        *(Condition(COST, m, e.quality(m, r), below=ROPE) for m in ACCELERATED),
    )


def natural_is_em(e: Evidence, r: Reading) -> Outcome:
    """The natural gradient in the metric of the complete data needs about the passes of EM."""
    speed = e.speed("natural_gradient", r)
    return Outcome.joint(Condition(PASSES, "natural_gradient", speed, above=1 / AS_FAST, below=AS_FAST))


def rate_is_hidden(e: Evidence, r: Reading) -> Outcome:
    """The measured factor of EM's error is the largest share of information that is hidden."""
    label = "distance of the measured from the predicted factor of a step"
    distance = e.of_rates((e.rates["measured"] - e.rates["predicted"]).abs())
    return Outcome.joint(Condition(label, "", distance, below=CLOSE))


PREDICATES: dict[str, Predicate] = {
    "newton-cg-faster": faster("newton_cg"),
    "gradient-alternative": alternative("gradient_tuned", "gradient_armijo", "adam_tuned"),
    "quasi-newton-alternative": alternative("lbfgs"),
    "worse-gradients": worse(*GRADIENTS),
    "accelerates": Predicate(accelerates, SPEED),
    "natural-is-em": Predicate(natural_is_em, SPEED),
    "online-first": faster("online_em"),
    "rate-is-hidden": Predicate(rate_is_hidden),
}
