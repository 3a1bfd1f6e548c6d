"""What the estimators share: checks of parameters, seeds, when to stop, and the choice among runs."""

from __future__ import annotations

from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from kmeans_convergence.core import Enough, Evaluation, Trace
from kmeans_convergence.errors import InputError, shown


def check_choice(name: str, value: object, allowed: Collection[str]) -> None:
    """Refuse a parameter that is none of some words.

    Raises
    ------
    InputError
    """
    if not isinstance(value, str) or value not in allowed:
        raise InputError(f"{name} is {shown(value)}: {', '.join(map(repr, allowed))} are allowed.")


def check_integer(name: str, value: object, least: int) -> None:
    """Refuse a parameter that is no integer of at least so much.

    Raises
    ------
    InputError
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise InputError(f"{name} is {shown(value)}: an integer of at least {least} is needed.")


def check_tolerance(name: str, value: object) -> None:
    """Refuse a parameter that is no finite number, or a negative one.

    Raises
    ------
    InputError
    """
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= float(value) < np.inf:
        raise InputError(f"{name} is {shown(value)}: a finite number is needed that is not negative.")


def seeds(random_state: Any, runs: int) -> list[int]:
    """Return the seed of each run, from what scikit-learn takes for a `random_state`."""
    return [int(seed) for seed in check_random_state(random_state).randint(2**31 - 1, size=runs)]


def level(least: float) -> Enough:
    """Return what ends a run when its last step has changed the cost by this much at most, and the next one would.

    What the alternation promises belongs to it, because an extrapolation may happen to change nothing.
    """

    def enough(before: Evaluation, here: Evaluation) -> np.ndarray:
        return np.maximum(np.abs(before.cost - here.cost), here.promised_decrease) <= least

    return enough


def best(trace: Trace) -> int:
    """Return the run with the least cost, of equal ones the first; one whose cost is no number comes last."""
    return int(np.where(np.isfinite(trace.cost[-1]), trace.cost[-1], np.inf).argmin())
