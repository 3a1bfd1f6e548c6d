"""Optimizers on mixtures of Gaussians from the same starts: where they end, and after how many passes they are near."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from kmeans_convergence.optimizers import Trace, minimize
from kmeans_convergence.problems import GaussianMixtureProblem
from kmeans_convergence.problems.mixture import Mixture
from kmeans_convergence.starts import Streams, streams
from kmeans_convergence.studies.comparison.run.contenders import Contender
from kmeans_convergence.studies.comparison.run.paths import first_within
from kmeans_convergence.studies.comparison.run.tuning import best
from kmeans_convergence.studies.mixtures.run.contenders import CONTENDERS
from kmeans_convergence.studies.mixtures.run.fits import (
    STARTS,
    Fit,
    Limits,
    Protocol,
    degenerate,
    joined,
    polish,
    starting,
)

# Nats per pattern above a run's own limit, as in the names of the columns.
TARGETS = {"1e-1": 1e-1, "1e-3": 1e-3, "1e-6": 1e-6}
# Values of a setting that are tried.
VALUES = 5
# What a run that diverges leaves of the way, in lengths of the way.
PENALTY = 2.0


class Tables(NamedTuple):
    """What a comparison leaves: `runs`, one row for each run; `tuning`, one for each value that was tried."""

    runs: pd.DataFrame
    tuning: pd.DataFrame


class Batch(NamedTuple):
    """Runs from all kinds of start: of each kind some repetitions, which share their orders of presentation.

    Attributes
    ----------
    fit : Fit
    seed : int
    purpose : str
        Of the random streams.
    repetitions : int
    mixtures : Mixture
    passes : ndarray of shape (R,)
        What the starts cost.
    """

    fit: Fit
    seed: int
    purpose: str
    repetitions: int
    mixtures: Mixture
    passes: np.ndarray

    @classmethod
    def of(cls, fit: Fit, problem: GaussianMixtureProblem, seed: int, purpose: str, repetitions: int) -> Batch:
        """Draw the starts."""
        drawn = []
        for kind in STARTS:
            # batch K-means and k-means++ begin with the same streams
            rngs = streams(seed, fit.dataset.name, fit.clusters, range(repetitions), f"{purpose}starts")
            drawn.append(starting(problem, fit.clusters, kind, rngs))
        mixtures = joined([each.mixtures for each in drawn])
        return cls(fit, seed, purpose, repetitions, mixtures, np.concatenate([each.passes for each in drawn]))

    def orders(self) -> Streams:
        """Return new streams for the orders of presentation, the same each time."""
        return [
            rng
            for _ in STARTS
            for rng in streams(
                self.seed, self.fit.dataset.name, self.fit.clusters, range(self.repetitions), f"{self.purpose}order"
            )
        ]


def compare(fit: Fit, protocol: Protocol, contenders: Mapping[str, Contender] = CONTENDERS) -> Tables:
    """Run all optimizers from all starts.

    Returns
    -------
    Tables
        `runs`, one row for each optimizer, kind of start and run: dataset, family, clusters, covariance, optimizer,
        start, run, budget; costs in nats per pattern: start_cost; end, infinite where the run has become so or has
        degenerated, at its end or on the way to its limit; limit, missing there; passes: start_passes, passes,
        polish_passes; polished, whether the polish has converged; diverged, whether the run ends above its start;
        degenerate, whether it has degenerated otherwise; own_T, the passes until the cost is for the first time at most
        T nats per pattern above the run's own limit, missing where it never is.

        `tuning`, one row for each tuned optimizer and value: dataset, clusters, covariance, optimizer, setting; score,
        see `left`; passes, summed over the starts; chosen; edge, whether the value is an end of the grid.
    """
    problem = fit.problem()
    tuning = tune(Batch.of(fit, problem, protocol.seed, "tuning ", protocol.tuning_starts), protocol, contenders)
    settings = tuning[tuning["chosen"]].set_index("optimizer")["setting"]
    batch = Batch.of(fit, problem, protocol.seed, "", protocol.starts)
    traces = {
        key: minimize(
            problem,
            contender.optimizer(protocol.passes, settings.get(key, math.nan)),
            batch.mixtures,
            passes=protocol.passes,
            rngs=batch.orders(),
        )
        for key, contender in contenders.items()
    }
    # all ends in one batch
    limits = cut(polish(problem, joined([trace.w for trace in traces.values()])), len(traces))
    tables = [
        _reduce(problem, batch, key, trace, limit, protocol.passes)
        for (key, trace), limit in zip(traces.items(), limits, strict=True)
    ]
    return Tables(pd.concat(tables, ignore_index=True), tuning)


def cut(limits: Limits, parts: int) -> list[Limits]:
    """Return limits of runs in batches of equal size."""
    size = len(limits.cost) // parts
    return [
        Limits(*(field[part * size : (part + 1) * size] for field in limits))  # type: ignore[arg-type]
        for part in range(parts)
    ]


def _reduce(
    problem: GaussianMixtureProblem, batch: Batch, key: str, trace: Trace, limit: Limits, budget: int
) -> pd.DataFrame:
    """Return the rows of one optimizer."""
    n = problem.size
    table = pd.DataFrame(batch.fit.names | {"optimizer": key, "start": np.repeat(STARTS, batch.repetitions)})
    table["budget"] = budget
    table["run"] = np.tile(np.arange(batch.repetitions), len(STARTS))
    table["start_cost"] = trace.cost[0] / n
    table["end"] = np.where(limit.degenerate, np.inf, trace.cost[-1] / n)
    table["limit"] = limit.cost / n
    table["start_passes"], table["passes"] = batch.passes, trace.passes[-1]
    table["polish_passes"], table["polished"] = limit.passes, limit.converged
    table["diverged"] = ends_above(trace)
    table["degenerate"] = limit.degenerate & ~table["diverged"]
    for target, gap in TARGETS.items():
        table[f"own_{target}"] = first_within(trace, problem.gap.level(limit.cost, gap), budget)
    return table


def ends_above(trace: Trace) -> np.ndarray:
    """Say which runs (R,) end above their start, or did so before they became infinite: steps that were too long.

    What becomes infinite otherwise has gone down for ever.
    """
    finite = np.isfinite(trace.cost)
    last = len(finite) - 1 - finite[::-1].argmax(axis=0)
    return np.asarray(np.take_along_axis(trace.cost, last[None], axis=0)[0] > trace.cost[0])


def tune(batch: Batch, protocol: Protocol, contenders: Mapping[str, Contender]) -> pd.DataFrame:
    """Try values of all settings, see `compare`: all values of a setting in one batch, from the same starts."""
    problem, size = batch.fit.problem(), len(batch.mixtures)
    tables = []
    for key, contender in contenders.items():
        if contender.settings is None:
            continue
        values = np.geomspace(*contender.settings, VALUES)
        trace = minimize(
            problem,
            contender.optimizer(protocol.passes, np.repeat(values, size)[:, None]),
            joined([batch.mixtures] * VALUES),
            passes=protocol.passes,
            rngs=[rng for _ in values for rng in batch.orders()],
        )
        scores = left(trace, degenerate(problem, trace.w), VALUES, 1e-3 * problem.size)
        places = np.arange(VALUES)
        table = pd.DataFrame(batch.fit.names | {"optimizer": key, "setting": values, "score": scores})
        table["passes"] = trace.passes[-1].reshape(VALUES, size).sum(axis=1)
        table["chosen"] = places == best(scores)
        table["edge"] = (places == 0) | (places == VALUES - 1)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def left(trace: Trace, lost: np.ndarray, values: int, least: float) -> np.ndarray:
    """Return the share of the way from the start to the best end that each value leaves, mean over starts (values,).

    The best end is that of any value from the same start. A run that diverges counts as `PENALTY`; one that has
    degenerated, `lost` (R,), does not count, and nor does a start from where costs fall by less than `least`. Where no
    run counts, it is `PENALTY`.
    """
    end, start, diverged, lost = (
        array.reshape(values, -1) for array in (trace.cost[-1], trace.cost[0], ends_above(trace), lost)
    )
    way = start - np.where(lost, np.inf, end).min(axis=0)
    counts = (diverged | ~lost) & (way > least)
    # what has diverged or degenerated may be infinite
    share = np.where(counts & ~diverged, (end - start) / np.where(counts, way, 1) + 1, PENALTY)
    number = counts.sum(axis=1)
    return np.where(number > 0, np.where(counts, share, 0).sum(axis=1) / np.maximum(number, 1), PENALTY)
