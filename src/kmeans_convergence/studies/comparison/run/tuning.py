"""Settings are tuned on starts of their own: as many values, from the same starts, for each optimizer that has one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from kmeans_convergence.core import Problem
from kmeans_convergence.core.gap import Gap
from kmeans_convergence.optimizers.online import EARLY
from kmeans_convergence.starts import Streams, streams
from kmeans_convergence.studies.comparison.run.contenders import Contender
from kmeans_convergence.studies.comparison.run.paths import (
    SPEED,
    TO_A_FIXED_POINT,
    Path,
    Polish,
    first_within,
    follow,
)
from kmeans_convergence.studies.comparison.run.task import Task

# What a value is judged by: the cost where the method itself ends, or the passes until it is near its limit.
TARGETS = ("end", "speed")

# A run that never comes near its limit counts as this multiple of the budget.
PENALTY = 2.0

# Scores that differ by less than this, relative, are equal: a tenth of the difference of costs that counts as one.
TIE = 1e-4


@dataclass(frozen=True)
class Tuning:
    """How settings are tuned.

    Attributes
    ----------
    starts : int
        In equal parts of each kind of start, the same for all values: a setting has to do for all kinds.
    values : int
        For each optimizer, evenly spaced in the logarithm between the ends of its `Contender.settings`.
    extensions : int
        While the best value lies at an end of the grid, it gets a further value there: the largest number at each end.
    targets : tuple of str
        Among `TARGETS`.
    """

    starts: int
    values: int
    extensions: int
    targets: tuple[str, ...] = TARGETS


class Setting(NamedTuple):
    """What a setting was tuned for."""

    optimizer: str
    budget: int
    target: str


COLUMNS = ["optimizer", "budget", "target", "setting", "score", "passes", "chosen", "edge"]


def tune(
    task: Task,
    methods: Sequence[str],
    tuning: Tuning,
    seed: int,
    budgets: Sequence[int],
    kinds: Sequence[str],
) -> pd.DataFrame:
    """Try the values of every setting of some optimizers.

    Parameters
    ----------
    task : Task
        No other part of the study draws from the streams of these starts and orders.
    methods : sequence of str
        Keys of its contenders; those without a setting have no rows.
    tuning : Tuning
    seed : int
    budgets : sequence of int
        Of a run, in passes; a setting is tuned for each.
    kinds : sequence of str
        Of starts, which are drawn in turn.

    Returns
    -------
    DataFrame
        See `search`.
    """
    repetitions = range(tuning.starts)
    starts = task.draw(streams(seed, task.name, task.size, repetitions, "tuning starts"), kinds)

    def orders() -> Streams:
        return streams(seed, task.name, task.size, repetitions, "tuning order")

    contenders = {key: task.contenders[key] for key in methods}
    return search(task.problem, contenders, starts, orders, tuning, budgets, task.polish)


def search(
    problem: Problem,
    contenders: Mapping[str, Contender],
    starts: Any,
    orders: Callable[[], Streams],
    tuning: Tuning,
    budgets: Sequence[int],
    ending: Polish = TO_A_FIXED_POINT,
) -> pd.DataFrame:
    """Try the values of every setting of some optimizers of a problem from given starts.

    Parameters
    ----------
    problem : Problem
    contenders : mapping of str to Contender
        Those without a setting have no rows.
    starts : parameters of R runs
    orders : callable
        Returns the random streams of the runs, afresh for each value.
    tuning : Tuning
        Its number of starts does not matter here.
    budgets : sequence of int
        Of a run, in passes; a setting is tuned for each.
    ending : Polish

    Returns
    -------
    DataFrame
        One row for each tuned optimizer, budget, target and value: optimizer, budget, target, setting; score; passes
        that were spent, summed over the starts, and the same for both targets, which share their runs; chosen; and
        edge, whether the value is an end of the grid.

        The score for the target "end" is the mean gap of the cost where the runs end, without a polish, to the
        least such cost of the optimizer, and infinite for what diverged; for "speed" the geometric mean
        of the passes until the gap to the run's own limit is at most `SPEED`, where what never is so or diverged
        counts as `PENALTY` times the budget. Of values within `TIE` of the least score the middle one is chosen.
    """
    tables = [pd.DataFrame(columns=COLUMNS)]
    for key, contender in contenders.items():
        if contender.settings is None:
            continue
        # where the budget changes nothing but the end, the runs of the largest one tell of all of them
        for group in [[budget] for budget in budgets] if contender.horizon else [list(budgets)]:
            grid = Grid(grid_of(contender, tuning.values), tuning.extensions)
            paths: dict[float, dict[int, Path]] = {}
            while untried := [value for value in grid.values if value not in paths]:
                for value in untried:
                    paths[value] = follow(problem, contender, value, starts, orders(), group, ending)
                columns = {
                    (budget, target): score(
                        [paths[value][budget] for value in grid.values], problem.gap, budget, target
                    )
                    for budget in group
                    for target in tuning.targets
                }
                grid.extend([best(column) for column in columns.values()])
            tables += [
                _table(Setting(key, budget, target), grid.values, column, [paths[v][budget] for v in grid.values])
                for (budget, target), column in columns.items()
            ]
    return pd.concat(tables[1:] or tables, ignore_index=True)


def grid_of(contender: Contender, values: int) -> list[float]:
    """Return the values of an optimizer's setting that are tried first, ascending; none when it has no setting."""
    return [] if contender.settings is None else np.geomspace(*contender.settings, values).tolist()


class Grid:
    """Values of a setting, evenly spaced in the logarithm, that become more where the best one lies at an end."""

    def __init__(self, values: Sequence[float], extensions: int) -> None:
        self.values = list(values)
        self._ratio = values[1] / values[0]
        self._left = {0: extensions, -1: extensions}

    def extend(self, best: Sequence[int]) -> None:
        """Add a value at each end that is the best, given as places in `values`, while there are extensions left."""
        ends = {place for place in (0, -1) if place % len(self.values) in best and self._left[place]}
        for place in ends:
            self._left[place] -= 1
        low, high = self.values[0] / self._ratio, self.values[-1] * self._ratio
        self.values = [*([low] if 0 in ends else []), *self.values, *([high] if -1 in ends else [])]


def score(paths: Sequence[Path], gap: Gap, budget: int, target: str) -> np.ndarray:
    """Return the score of each value, from the path of its runs; see `tune`."""
    if target == "end":
        ends = np.array([np.where(path.diverged, np.inf, path.cost[-1]) for path in paths])
        least = ends.min()
        # all of them diverged, or there is nothing left to lower: no value is better than another
        there_is_one = np.isfinite(least) and gap.size(least) > 0
        return gap.of(ends, least).mean(axis=1) if there_is_one else np.zeros(len(ends))
    reached = np.array(
        [np.where(path.diverged, np.nan, first_within(path, gap.level(path.limit, SPEED), budget)) for path in paths]
    )
    return np.exp(np.log(np.where(np.isnan(reached), PENALTY * budget, np.maximum(reached, EARLY[0]))).mean(axis=1))


def best(scores: np.ndarray) -> int:
    """Return the place of the value that is chosen: the middle one of those with about the least score.

    Where runs diverge with every value it is the smallest one, below which the grid then goes on.
    """
    if np.isinf(scores.min()):
        return 0
    good = np.flatnonzero(scores - scores.min() <= TIE * (1 + scores.min()))
    return int(good[(len(good) - 1) // 2])


def _table(about: Setting, values: Sequence[float], scores: np.ndarray, paths: Sequence[Path]) -> pd.DataFrame:
    places, here = np.arange(len(values)), best(scores)
    rows = about._asdict() | {"setting": values, "score": scores, "passes": [path.passes[-1].sum() for path in paths]}
    edge = (places == 0) | (places == len(values) - 1)
    return pd.DataFrame(rows | {"chosen": places == here, "edge": edge})[COLUMNS]


def chosen(table: pd.DataFrame) -> dict[Setting, float]:
    """Return the value that each tuned optimizer gets, for each budget and target."""
    rows = table[table["chosen"].astype(bool)]
    keys = (Setting(*key) for key in rows[list(Setting._fields)].itertuples(index=False, name=None))
    return dict(zip(keys, rows["setting"], strict=True))
