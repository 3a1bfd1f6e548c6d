"""How the steps of alternation and Newton's method compare on the examples, from starts and near the end."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kmeans_convergence.starts import stream
from kmeans_convergence.theory.alternations.alternation import (
    Alternation,
    Step,
    alternate,
    newton,
    newton_given,
    path,
    value,
)
from kmeans_convergence.theory.alternations.examples import EXAMPLES, SMALL, Example

# Data of each example, and starts on each of them.
SETS, STARTS = 10, 5

# More steps than the alternation takes; a run of Newton's method that moves after these does not converge.
STEPS = 50

# Parameters that move by less are at rest.
REST = 1e-9

# A higher cost by no more than this share is rounding.
ROUNDING = 1e-12

# Distances from the end of a run, and directions for each of them.
DISTANCES = np.logspace(-3, 0, 13)
DIRECTIONS = 10


def from_starts(seed: int) -> pd.DataFrame:
    """Take both steps and both paths from random starts.

    Parameters
    ----------
    seed : int
        Root of the random streams.

    Returns
    -------
    DataFrame
        One row for each start: example, quadratic, data, start; gap, the distance of the two steps as a share of the
        alternation's; uphill, whether Newton's step raises the cost; steps and newton_steps until the end; converged,
        whether Newton's method ends within `STEPS` steps; same, whether it does so at the alternation's cost.
    """
    rows = []
    for example in EXAMPLES:
        for data in range(SETS):
            rng = stream(seed, "alternations", example.name, data)
            problem, start = example.build(SMALL, rng)
            for number in range(STARTS):
                found = _compare(problem, start(rng))
                rows.append(
                    {"example": example.name, "quadratic": example.quadratic, "data": data, "start": number} | found
                )
    return pd.DataFrame(rows)


def _compare(problem: Alternation, w: np.ndarray) -> dict[str, float | bool]:
    """Return what one start says."""
    ours, theirs = alternate(problem, w), newton(problem, w)
    here, there = value(problem, w), _value(problem, theirs)
    alternation, other = (_end(problem, w, step) for step in (alternate, newton))
    return {
        "gap": float(np.linalg.norm(theirs - ours) / np.linalg.norm(ours - w)),
        "uphill": not there <= here + ROUNDING * abs(here),
        "steps": alternation[1],
        "newton_steps": other[1],
        "converged": other[2],
        "same": other[2] and abs(other[0] - alternation[0]) <= REST * (1 + abs(alternation[0])),
    }


def _value(problem: Alternation, w: np.ndarray) -> float:
    """Return the cost, also where logarithms of variances have no exponentials."""
    with np.errstate(over="ignore", invalid="ignore"):
        return value(problem, w)


def _end(problem: Alternation, w: np.ndarray, step: Step) -> tuple[float, int, bool]:
    """Return the cost at the end of a run, its steps, and whether it has converged there."""
    iterates = path(problem, w, step, STEPS, REST)
    last = iterates[-1]
    with np.errstate(over="ignore", invalid="ignore"):
        moved = float(np.abs(step(problem, last) - last).max())
    return _value(problem, last), len(iterates) - 1, moved <= REST


def near_ends(seed: int) -> pd.DataFrame:
    """Measure by how much Newton's step misses the minimiser that the alternation reaches, near the end of a run.

    Parameters
    ----------
    seed : int
        Root of the random streams.

    Returns
    -------
    DataFrame
        One row for each distance and example: example, quadratic, distance; missed, what is left of the distance after
        Newton's step as a share of it, median over data and directions.
    """
    rows = []
    for example in EXAMPLES:
        medians = np.median(_missed(example, seed), axis=0)
        for distance, missed in zip(DISTANCES, medians, strict=True):
            rows.append(
                {"example": example.name, "quadratic": example.quadratic, "distance": distance, "missed": float(missed)}
            )
    return pd.DataFrame(rows)


def _missed(example: Example, seed: int) -> np.ndarray:
    """Return the shares that are missed with the choices of the end, shape (cases, distances)."""
    found = []
    for data in range(SETS):
        rng = stream(seed, "alternations", example.name, data)
        problem, start = example.build(SMALL, rng)
        end = path(problem, start(rng), alternate, STEPS, REST)[-1]
        z = problem.choose(end)
        H = problem.hessian(z, end)
        # what an empty group or state leaves undetermined stays where it is
        determined = H @ np.linalg.pinv(H, hermitian=True)
        for _ in range(DIRECTIONS):
            direction = determined @ rng.normal(size=len(end))
            points = end + DISTANCES[:, None] * direction / np.linalg.norm(direction)
            left = [newton_given(problem, z, w) - end for w in points]
            found.append(np.linalg.norm(left, axis=1) / DISTANCES)
    return np.array(found)
