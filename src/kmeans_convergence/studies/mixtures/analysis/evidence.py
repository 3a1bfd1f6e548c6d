"""The runs on mixtures as evidence: what is averaged from them over runs, data sets and families."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import pandas as pd

from kmeans_convergence.core.gap import AbsoluteGap
from kmeans_convergence.statistics import paired, readings
from kmeans_convergence.statistics.conditions import Estimate, Outcome, Verdict
from kmeans_convergence.statistics.paired import REFERENCE
from kmeans_convergence.statistics.ranking import Hierarchy
from kmeans_convergence.studies.mixtures.run.comparison import TARGETS
from kmeans_convergence.studies.mixtures.run.fits import STARTS

# Costs in the tables are in nats per pattern.
NATS = AbsoluteGap(1.0)
# Limits that differ by less are equal.
ROPE = 1e-3
# All kinds of start together.
ALL = "all"


@dataclass(frozen=True)
class Reading:
    """One way to hold a claim against the tables.

    Attributes
    ----------
    start : str
        Kind of start, or `ALL`.
    nats : str
        Of passes, one of the columns own_1e-1, own_1e-3 and own_1e-6.
    charged : bool
        Whether passes include those of tuning.
    """

    start: str = ALL
    nats: str = "own_1e-3"
    charged: bool = False


# The values of each choice, those of the main reading first.
VALUES: dict[str, tuple[Any, ...]] = {
    "start": (ALL, *STARTS),
    "nats": ("own_1e-3", *(f"own_{target}" for target in TARGETS if target != "1e-3")),
    "charged": (False, True),
}


class Evidence:
    """The tables of the study, and what is averaged from them.

    Parameters
    ----------
    runs, tuning : DataFrame
        As `run.comparison.compare` returns them, of all fits.
    rates : DataFrame
        EM's rates in all parameters, see `run.rates.in_all_parameters`.
    seed, repeats : int
        Of the bootstrap.

    Attributes
    ----------
    runs : DataFrame
        The kind of start and the covariance model stand in one column, `start`, because that is what a problem of a
        data set is for `statistics.paired`; the kind alone in `kind`. `best` says which limits are within
        `ROPE` of the best that any run has on the data with the model.
    families : DataFrame
        Columns name, family of the data sets.
    """

    def __init__(self, runs: pd.DataFrame, tuning: pd.DataFrame, rates: pd.DataFrame, seed: int, repeats: int) -> None:
        best = runs.groupby(["dataset", "covariance"])["limit"].transform("min")
        self.runs = runs.assign(
            kind=runs["start"],
            start=runs["start"] + ", " + runs["covariance"],
            # what has degenerated has no limit, and is not there
            best=runs["limit"] <= best + ROPE,
        )
        self.families = runs[["dataset", "family"]].drop_duplicates().rename(columns={"dataset": "name"})
        self.tuning, self.rates, self.seed, self.repeats = tuning, rates, seed, repeats
        self._hierarchies: dict[tuple[object, ...], Hierarchy] = {}

    def readings(self, axes: Sequence[str]) -> list[Reading]:
        """Return all readings along some axes, the main one first."""
        return [Reading(**dict(zip(axes, chosen, strict=True))) for chosen in product(*(VALUES[axis] for axis in axes))]

    def combine(self, outcomes: Mapping[Reading, Outcome], axes: Sequence[str]) -> tuple[Verdict, str]:
        """Return the verdict over all readings for which there are enough data, and where the claim holds."""
        verdicts = {r: outcome.verdict for r, outcome in outcomes.items() if outcome.answered}
        return readings.combine(verdicts, axes)

    def select(self, reading: Reading) -> pd.DataFrame:
        """Return the runs of a reading's kind of start."""
        return self.runs if reading.start == ALL else self.runs[self.runs["kind"] == reading.start]

    def charges(self) -> pd.Series:
        """Return the passes of tuning, by dataset, clusters and optimizer: mean over the models of a data set."""
        keys = ["dataset", "clusters", "optimizer"]
        return self.tuning.groupby([*keys, "covariance"])["passes"].sum().groupby(keys).mean()

    def costs(self, reading: Reading) -> Hierarchy:
        """Average how far limits are from EM's from the same start, in nats per pattern."""
        return self._average(
            ("costs", reading.start), lambda: paired.differences(self.select(reading), NATS, polished=True)
        )

    def passes(self, reading: Reading) -> Hierarchy:
        """Average the logarithm of passes to the target, relative to EM's from the same start.

        Runs that have degenerated, or whose EM has, say nothing of speed and are left out.
        """
        charges = self.charges() if reading.charged else None
        runs = self.select(reading)
        return self._average(
            ("passes", *(getattr(reading, axis) for axis in VALUES)),
            lambda: without_degenerate(paired.log_ratios(runs, NATS, reading.nats, charges), runs),
        )

    def _average(self, key: tuple[object, ...], values: Callable[[], pd.DataFrame]) -> Hierarchy:
        if key not in self._hierarchies:
            self._hierarchies[key] = Hierarchy.of(values(), self.families, self.seed, self.repeats)
        return self._hierarchies[key]

    def quality(self, optimizer: str, reading: Reading) -> Estimate | None:
        """Return by how many nats per pattern an optimizer's limits differ from EM's."""
        return Estimate.of(self.costs(reading), optimizer)

    def speed(self, optimizer: str, reading: Reading) -> Estimate | None:
        """Return an optimizer's passes to the target as a multiple of EM's."""
        estimate = Estimate.of(self.passes(reading), optimizer)
        return estimate and estimate.exp()

    def of_rates(self, value: pd.Series) -> Estimate | None:
        """Average a value of the fits whose rate was measured."""
        table = self.rates.assign(start=self.rates["covariance"], run=0, optimizer="", value=value).dropna(
            subset="value"
        )
        return Estimate.of(Hierarchy.of(table, self.families, self.seed, self.repeats), "") if len(table) else None


def without_degenerate(values: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return values of runs, as `statistics.paired` makes them, without those of which one of the pair degenerated."""
    keys = [*paired.PROBLEM, "run"]
    lost = runs.set_index([*keys, "optimizer"])["degenerate"].astype(bool)
    own = lost.reindex(pd.MultiIndex.from_frame(values[[*keys, "optimizer"]]))
    reference = lost.xs(REFERENCE, level="optimizer").reindex(pd.MultiIndex.from_frame(values[keys]))
    return values.assign(value=values["value"].mask(own.to_numpy() | reference.to_numpy()))
