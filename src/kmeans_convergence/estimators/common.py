"""What the estimators share: checks of parameters, seeds, and the search for the best of several runs."""

from __future__ import annotations

from collections.abc import Collection
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from kmeans_convergence.core import Enough, Evaluation, Optimizer, Problem, Stop, minimize
from kmeans_convergence.errors import InputError, shown
from kmeans_convergence.starts import Streams

# Relative differences of costs that are rounding errors.
ROUNDING = 1e-12


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


class Best(NamedTuple):
    """The best of several runs.

    Attributes
    ----------
    parameters : parameters of one run
        Its best iterate, as the problem unpacks it.
    cost : float
        There.
    costs : ndarray of shape (T,)
        After each of its iterates.
    converged : bool
        Whether it ended before its budget did.
    """

    parameters: Any
    cost: float
    costs: np.ndarray
    converged: bool


def search(
    problem: Problem,
    optimizer: Optimizer,
    starts: Any,
    enough: Enough,
    most: int,
    rngs: Streams = (),
    verbose: int = 0,
) -> Best:
    """Run an optimizer from R starts and return the best run, of equal ones the first.

    Parameters
    ----------
    problem : Problem
    optimizer : Optimizer
    starts : parameters of R runs
    enough : callable
        See `minimize`.
    most : int
        Passes over the data that a run may take; 0 is the start.
    rngs : sequence of R Generators
    verbose : int
        Whether a line is printed for each run.
    """
    kept = _Kept(enough)
    # a budget in passes lets a run make one iterate at least
    epochs, passes = (None, most) if most else (0, None)
    trace = minimize(problem, optimizer, starts, epochs=epochs, passes=passes, rngs=rngs, enough=kept)
    costs = trace.cost[-1] if kept.x is None else kept.cost
    best = int(np.where(np.isfinite(costs), costs, np.inf).argmin())
    if verbose:
        for run, (stop, ended) in enumerate(zip(trace.stop, trace.ended, strict=True)):
            print(f"Run {run + 1} of {len(costs)}: cost {costs[run]:.6g} after {ended} iterations; {stop.value}.")
    one = slice(best, best + 1)
    parameters = trace.w[one] if kept.x is None else problem.from_centred(problem.centred.unpack(kept.x[one]))
    converged = trace.stop[best] in (Stop.ENOUGH, Stop.FIXED_POINT)
    return Best(parameters, float(costs[best]), trace.cost[1 : trace.ended[best] + 1, best], converged)


class _Kept:
    """A rule for the end of runs that keeps the best iterate of each: the last one may be a trial that has failed.

    Of iterates that differ by rounding errors, it is the last.
    """

    def __init__(self, enough: Enough) -> None:
        self._enough = enough
        self.x: np.ndarray | None = None
        self.cost = np.empty(0)

    def __call__(self, before: Evaluation, here: Evaluation) -> np.ndarray:
        if self.x is None:
            self.x, self.cost = before.x.copy(), before.cost.copy()
        lower = here.cost <= self.cost + ROUNDING * np.abs(self.cost)
        self.x[lower], self.cost[lower] = here.x[lower], here.cost[lower]
        return self._enough(before, here)
