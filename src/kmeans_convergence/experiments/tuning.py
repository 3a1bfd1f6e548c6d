"""Settings are tuned on starts of their own: as many values, from the same starts, for each optimizer that has one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kmeans_convergence.experiments.contenders import CONTENDERS
from kmeans_convergence.optimizers import minimize
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams


@dataclass(frozen=True)
class Tuning:
    """How settings are tuned.

    Attributes
    ----------
    starts : int
        Drawn from the patterns, the same for all values.
    values : int
        For each optimizer, evenly spaced in the logarithm between the ends of its `Contender.settings`.
    """

    starts: int
    values: int


def tune(
    problem: QuantizationProblem,
    dataset: str,
    clusters: int,
    methods: Sequence[str],
    tuning: Tuning,
    seed: int,
    passes: int,
) -> pd.DataFrame:
    """Try the values of every setting of some optimizers.

    Parameters
    ----------
    problem : QuantizationProblem
    dataset : str
        Its name; no other part of the study draws from the streams of these starts and orders.
    clusters : int
    methods : sequence of str
        Keys of `CONTENDERS`; those without a setting have no rows.
    tuning : Tuning
    seed : int
    passes : int
        Budget of a run, as in the comparison.

    Returns
    -------
    DataFrame
        One row for each tuned optimizer and value: optimizer, setting; score, the mean excess of the cost when the
        budget ends over the least such cost of the optimizer, relative to it (infinite for what diverged); passes that
        were spent, summed over the starts; chosen, the value with the least score, of equal ones the smallest.
    """
    repetitions = range(tuning.starts)
    starts = draw(problem.X, clusters, streams(seed, dataset, clusters, repetitions, "tuning starts"))
    tables = [pd.DataFrame(columns=["optimizer", "setting", "score", "passes", "chosen"])]
    for key in methods:
        values, ends, spent = values_of(key, tuning.values), [], []
        for value in values:
            rngs = streams(seed, dataset, clusters, repetitions, "tuning order")
            trace = minimize(problem, CONTENDERS[key].optimizer(passes, value), starts, passes=passes, rngs=rngs)
            ends.append(trace.cost[-1])
            spent.append(trace.passes[-1].sum())
        if values:
            finite = np.isfinite(ends)
            excess = np.divide(ends, np.min(ends), out=np.full(finite.shape, np.inf), where=finite) - 1
            score = excess.mean(axis=1)
            rows = {"optimizer": key, "setting": values, "score": score, "passes": spent}
            tables.append(pd.DataFrame(rows | {"chosen": np.arange(len(values)) == score.argmin()}))
    return pd.concat(tables[1:] or tables, ignore_index=True)


def values_of(method: str, values: int) -> list[float]:
    """Return the values of a method's setting that are tried, ascending; none when it has no setting."""
    ends = CONTENDERS[method].settings
    return [] if ends is None else np.geomspace(*ends, values).tolist()


def chosen(table: pd.DataFrame) -> dict[str, float]:
    """Return the value that each tuned optimizer gets."""
    best = table[table["chosen"].astype(bool)]
    return dict(zip(best["optimizer"], best["setting"], strict=True))
