"""What other hard choices say about alternation and gradient: a table of optimizers, and a verdict on each claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kmeans_convergence.core.gap import RELATIVE, AbsoluteGap, Gap
from kmeans_convergence.statistics.conditions import Condition, Estimate, Outcome, Verdict
from kmeans_convergence.statistics.paired import END, REFERENCE, diverged
from kmeans_convergence.statistics.quality import EQUIVALENCE
from kmeans_convergence.statistics.readings import QUALITY, TUNED_SPEED, Reading
from kmeans_convergence.studies.choices.run.sets import MODELS
from kmeans_convergence.studies.comparison.analysis import summary
from kmeans_convergence.studies.comparison.analysis.evidence import Evidence

# Gradient methods that have one rate for all parameters, and noisy ones.
PLAIN = ("gradient_nmax", "gradient_fixed", "gradient_tuned")
NOISY = ("minibatch_gradient",)

# Costs of sequences are in nats per observation already.
NATS = AbsoluteGap(1.0, unit="nats per observation")

# Share of the runs that take the same way, and of those that may diverge by chance.
ALL, HARDLY = 0.99, 0.01


def gap_of(model: str) -> Gap:
    """Return the scale on which costs of a model are compared."""
    return RELATIVE if MODELS[model].relative else NATS


def unequal(model: str) -> float:
    """Return the difference of costs, as people read it, that does not count as equal."""
    return EQUIVALENCE * gap_of(model).shown


class Choices:
    """The tables of all models as evidence.

    Parameters
    ----------
    runs, tuning : DataFrame
        Of all models, as `run.comparison` writes them.
    soft : DataFrame
        As `run.soft` writes it.
    seed, repeats : int
        Of the bootstrap.
    """

    def __init__(
        self,
        runs: pd.DataFrame,
        tuning: pd.DataFrame,
        soft: pd.DataFrame,
        seed: int,
        repeats: int,
    ) -> None:
        self.soft = soft
        tuned = {str(model): table for model, table in tuning.groupby("model", sort=False)}
        self.models = {
            str(model): Evidence(gap_of(str(model)), table, _families(table), seed, repeats, tuned[str(model)])
            for model, table in runs.groupby("model", sort=False)
        }

    def readings(self, axes: Sequence[str]) -> list[Reading]:
        """Return the readings along some axes, the same for all models, the main one first."""
        return next(iter(self.models.values())).readings(axes)

    def combine(self, outcomes: Mapping[Reading, Outcome], axes: Sequence[str]) -> tuple[Verdict, str]:
        """See `Evidence.combine`."""
        return next(iter(self.models.values())).combine(outcomes, axes)


def _families(table: pd.DataFrame) -> pd.DataFrame:
    return table[["dataset", "family"]].drop_duplicates().rename(columns={"dataset": "name"})


def summarize(choices: Choices) -> pd.DataFrame:
    """Return what `studies.comparison.analysis.summary.summarize` says of each optimizer, with the model in front.

    Passes are those to 0.1 % or 0.001 nats per observation above the own limit (1 % or 0.01), costs differ in per cent
    or in nats per observation.
    """
    tables = []
    for model, evidence in choices.models.items():
        table = summary.summarize(evidence)
        tables.append(table.assign(model=model)[["model", *table.columns]])
    return pd.concat(tables, ignore_index=True)


# --- claims ---------------------------------------------------------------------------------------------

Judge = Callable[[Choices, Reading], Outcome]


@dataclass(frozen=True)
class Predicate:
    """A claim as conditions on numbers; `axes` are the choices of a reading that it leaves open."""

    judge: Judge
    axes: tuple[str, ...] = ()


def _cost(model: str) -> str:
    return f"final cost ({gap_of(model).unit} of difference)"


def slower(model: str) -> Predicate:
    """Gradient methods with one rate need more passes than the alternation."""

    def judge(e: Choices, r: Reading) -> Outcome:
        return Outcome.each(*(Condition("passes (ratio)", m, e.models[model].speed(m, r), above=1) for m in PLAIN))

    return Predicate(judge, TUNED_SPEED)


def noise_lower(model: str) -> Predicate:
    """Noisy methods end at lower costs than the alternation."""

    def judge(e: Choices, r: Reading) -> Outcome:
        limit = -unequal(model)
        return Outcome.each(*(Condition(_cost(model), m, e.models[model].quality(m, r), below=limit) for m in NOISY))

    return Predicate(judge, QUALITY)


def same_steps(model: str) -> Predicate:
    """Newton's method ends where the alternation does, after as many passes to each target."""

    def judge(e: Choices, r: Reading) -> Outcome:
        label = "share of runs that end at the same cost after the same passes to all targets"
        estimate = e.models[model].average(
            same_as_alternation(e.models[model].of("newton", r), e.models[model].of(REFERENCE, r))
        )
        return Outcome.joint(Condition(label, "newton", estimate, above=ALL, exceptions=0))

    return Predicate(judge)


def same_as_alternation(newton: pd.DataFrame, alternation: pd.DataFrame) -> pd.DataFrame:
    """Return for each run, as 0 or 1 in the column value, whether both methods take the same way."""
    keys = ["dataset", "clusters", "start", "run"]
    both = newton.merge(alternation, on=keys, suffixes=("", "_other"))
    same = np.isclose(both["end"], both["end_other"], rtol=1e-9, atol=1e-12)
    for target in (column for column in newton if column.startswith("own_")):
        one, other = both[target], both[f"{target}_other"]
        same &= (one == other) | (one.isna() & other.isna())
    return both[keys].assign(value=same.astype(float))


def newton_fails(model: str) -> Predicate:
    """Newton's method diverges in some of its runs, or ends at higher costs than the alternation."""

    def judge(e: Choices, r: Reading) -> Outcome:
        evidence = e.models[model]
        runs = evidence.of("newton", r, END)
        share = evidence.average(runs.assign(value=diverged(runs).astype(float)))
        return Outcome.each(
            Condition("share of runs that diverge", "newton", share, above=HARDLY),
            Condition(_cost(model), "newton", evidence.quality("newton", r), above=unequal(model)),
        )

    return Predicate(judge, QUALITY)


def _of_soft(e: Choices, model: str, value: Callable[[pd.DataFrame], pd.Series]) -> Estimate | None:
    table = e.soft[e.soft["model"] == model]
    return e.models[model].average(table.assign(value=value(table)))


def soft_first(model: str) -> Predicate:
    """Hard choices end lower when soft ones come first."""

    def judge(e: Choices, r: Reading) -> Outcome:
        estimate = _of_soft(e, model, lambda table: table["hard_after_soft"] - table["hard"])
        return Outcome.joint(Condition(_cost(model), "", estimate, below=-unequal(model)))

    return Predicate(judge)


def soft_slower(model: str) -> Predicate:
    """Soft choices take more passes to come near their end."""

    def judge(e: Choices, r: Reading) -> Outcome:
        estimate = _of_soft(
            e, model, lambda table: np.log(table["soft_passes"].clip(lower=1) / table["hard_passes"].clip(lower=1))
        )
        return Outcome.joint(Condition("passes (ratio)", "", estimate and estimate.exp(), above=1))

    return Predicate(judge)


PREDICATES: dict[str, Predicate] = {
    "slower-viterbi": slower("viterbi"),
    "slower-viterbi-all": slower("viterbi_all"),
    "slower-regression": slower("regression"),
    "slower-subspaces": slower("subspaces"),
    "newton-viterbi": same_steps("viterbi"),
    "newton-regression": same_steps("regression"),
    "newton-viterbi-all": newton_fails("viterbi_all"),
    "newton-subspaces": newton_fails("subspaces"),
    "noise-viterbi": noise_lower("viterbi"),
    "noise-viterbi-all": noise_lower("viterbi_all"),
    "noise-regression": noise_lower("regression"),
    "noise-subspaces": noise_lower("subspaces"),
    "soft-viterbi": soft_first("viterbi"),
    "soft-viterbi-all": soft_first("viterbi_all"),
    "soft-slower-viterbi": soft_slower("viterbi"),
    "soft-slower-viterbi-all": soft_slower("viterbi_all"),
}
