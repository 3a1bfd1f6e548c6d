"""Soft against hard choices: Baum and Welch's method and Viterbi training from the same starts, each to its end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from kmeans_convergence.core import Problem
from kmeans_convergence.data import Description
from kmeans_convergence.optimizers import MajorizeMinimize, Trace, minimize
from kmeans_convergence.studies.choices.run.comparison import START, Protocol
from kmeans_convergence.studies.choices.run.sets import Case, viterbi, viterbi_all
from kmeans_convergence.studies.comparison.run.paths import SPEED, first_within

# Models that have a soft version.
SOFT = ("viterbi", "viterbi_all")

# Passes after which Baum and Welch's method is cut short.
MOST = 2000


def pairs(
    model: str, names: Sequence[str], seed: int, described: Mapping[str, Description]
) -> Iterator[tuple[Case, Case]]:
    """Yield the hard and the soft problem on each data set."""
    build = {"viterbi": viterbi, "viterbi_all": viterbi_all}[model]
    for name in names:
        yield build(name, seed, described), build(name, seed, described, soft=True)


def soften(model: str, pairs: Iterable[tuple[Case, Case]], protocol: Protocol, most: int = MOST) -> pd.DataFrame:
    """Run both from the same starts, and each from where the other one ends.

    Parameters
    ----------
    model : str
        Its name in the table.
    pairs : iterable of (Case, Case)
        The hard and the soft problem on the same data.
    protocol : Protocol
    most : int
        Passes.

    Returns
    -------
    DataFrame
        One row for each run: model, dataset, family, clusters, start, run; costs in nats per observation: hard, that of
        the best path where Viterbi training ends, hard_after_soft, where it ends after Baum and Welch's method; soft,
        that of all paths where Baum and Welch's method ends, soft_after_hard, where it ends after Viterbi training, and
        soft_of_hard, where Viterbi training ends; hard_passes and soft_passes, until the cost is `SPEED` nats per
        observation above the end, and soft_after_hard_passes, those of both; converged, whether Baum and Welch's method
        did.
    """
    table = pd.concat([_soften(hard, soft, protocol, most) for hard, soft in pairs], ignore_index=True)
    return table.assign(model=model)[["model", *table.columns]]


def _soften(hard: Case, soft: Case, protocol: Protocol, most: int) -> pd.DataFrame:
    starts = hard.draw(protocol.streams(hard, protocol.starts, "starts"))

    def run(problem: Problem, w: Any) -> Trace:
        return minimize(problem, MajorizeMinimize(), w, passes=most)

    h, s = run(hard.problem, starts), run(soft.problem, starts)
    hard_after, soft_after = run(hard.problem, s.w), run(soft.problem, h.w)
    gap: Any = soft.problem.gap

    def passes(trace: Trace) -> Any:
        return first_within(trace, gap.level(trace.cost[-1], SPEED), math.inf)

    return pd.DataFrame(
        {
            "dataset": hard.dataset,
            "family": hard.family,
            "clusters": hard.groups,
            "start": START,
            "run": range(protocol.starts),
            "hard": h.cost[-1] / gap.scale,
            "hard_after_soft": hard_after.cost[-1] / gap.scale,
            "soft": s.cost[-1] / gap.scale,
            "soft_after_hard": soft_after.cost[-1] / gap.scale,
            "soft_of_hard": soft_after.cost[0] / gap.scale,
            "hard_passes": passes(h),
            "soft_passes": passes(s),
            "soft_after_hard_passes": h.passes[-1] + passes(soft_after),
            "converged": s.passes[-1] < most,
        }
    )
