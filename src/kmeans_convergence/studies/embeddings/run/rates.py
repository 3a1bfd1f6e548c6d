"""The rate of SMACOF: predicted from the Hessian at its end (de Leeuw 1988), and measured, with two accelerations."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from scipy.linalg import pinvh
from scipy.spatial.distance import pdist, squareform

from kmeans_convergence.core import CountingOracle
from kmeans_convergence.optimizers import MajorizeMinimize, Optimizer
from kmeans_convergence.optimizers.accelerated import Relaxation
from kmeans_convergence.optimizers.batch import stable_rate
from kmeans_convergence.optimizers.momentum import HeavyBallGradient
from kmeans_convergence.problems.stress import StressProblem
from kmeans_convergence.starts import stream
from kmeans_convergence.studies.embeddings.run.maps import ends
from kmeans_convergence.studies.embeddings.run.sets import ARMS, Arm, Embedded, problem_of
from kmeans_convergence.theory.rates import alternation_factors, critical_momentum, frozen_ratio

# Runs begin so far from the end, in units of a coordinate's deviation, so that there is a way to go.
DISPLACEMENT = 1e-3
MOST_STEPS = 3000
# Steps over which the ratio is taken, and the share of the first gradient at which it ends.
LAST = 20
FLOOR = 1e-9
# A run whose gradient has not fallen to this share of the first is too far from its end to be measured.
NEAR = 1e-7


def rates(sets: Iterable[Embedded], seed: int, arms: Iterable[Arm] = ARMS) -> pd.DataFrame:
    """Predict and measure rates on each set at the end of SMACOF from the map of least strain.

    Returns
    -------
    DataFrame
        One row for each set, objective, number of dimensions and method: objective, dataset, family, dimensions,
        identity (the largest difference between the Guttman transform by its definition and the gradient step with half
        the pseudo-inverse of V, at a random configuration and in units of a coordinate's deviation), optimizer
        ("smacof"; "relaxed" by 2; "heavy_ball" with the momentum that the rate asks for and without a safeguard, a
        gradient method that moves like SMACOF only where weights are equal), predicted and measured (by what the error
        falls in a step; NaN where a run was too fast or too slow to tell).
    """
    rows = []
    arms = tuple(arms)
    for some in sets:
        for arm in arms:
            problem = problem_of(some, arm)
            rng = stream(seed, some.name, arm.objective, arm.dimensions, "rates")
            end = ends(problem, MajorizeMinimize(), problem.classical().configuration[None])[0]
            start = problem.pack(end + DISPLACEMENT * problem.draw([rng]))
            factors = alternation_factors(problem, problem.pack(end)[0], motions(arm.dimensions))
            about: dict[str, Any] = {"objective": arm.objective, "dataset": some.name, "family": some.family}
            about |= {"dimensions": arm.dimensions, "identity": identity(problem, problem.draw([rng])[0])}
            for key, (optimizer, predicted) in methods(factors, arm).items():
                row = {"optimizer": key, "predicted": predicted, "measured": measured(problem, optimizer, start)}
                rows.append(about | row)
    return pd.DataFrame(rows)


def motions(dimensions: int) -> int:
    """Return how many directions move a map as a whole, which stress does not see: translations and rotations."""
    return dimensions * (dimensions + 1) // 2


def methods(factors: np.ndarray, arm: Arm) -> dict[str, tuple[Optimizer, float]]:
    """Return optimizers with their rates, from the factors by which SMACOF's error falls along its modes.

    Relaxation turns a factor of f into 2 f - 1. One of them is 0, that of the scale, which the plain step at the end
    takes care of. Momentum leaves the root of its coefficient of all modes, if that suits the slowest one.
    """
    rate = float(factors.max())
    others = np.delete(factors, np.abs(factors).argmin())
    found: dict[str, tuple[Optimizer, float]] = {
        "smacof": (MajorizeMinimize(), rate),
        "relaxed": (Relaxation(), float(np.abs(2 * others - 1).max())),
    }
    if arm.objective == "stress":
        momentum = critical_momentum(rate)
        ball = HeavyBallGradient(lambda here: (stable_rate(here), np.full(len(here.x), momentum)))
        found["heavy_ball"] = ball, math.sqrt(momentum)
    return found


def measured(problem: StressProblem, optimizer: Optimizer, start: np.ndarray) -> float:
    """Return by what the norm of the gradient falls in a step, on average over the last steps before rounding."""
    oracle = CountingOracle(problem, 1)
    norms = [float(np.linalg.norm(oracle.measure(start).gradient))]
    for x in islice(optimizer.iterates(oracle, start, ()), MOST_STEPS):
        norms.append(float(np.linalg.norm(oracle.measure(x).gradient)))
        if norms[-1] <= FLOOR * norms[0]:
            break
    arrived = norms[-1] < NEAR * norms[0]
    return frozen_ratio(np.array(norms), np.zeros(len(norms)), LAST, FLOOR) if arrived else math.nan


def identity(problem: StressProblem, X: np.ndarray) -> float:
    """Return how far the Guttman transform by its definition is from the gradient step, for a configuration (n, p)."""
    pairs = problem.pairs
    weighted = pairs.weights, pairs.weights * pairs.dissimilarities / pdist(X)
    V, B = (np.diag(matrix.sum(axis=1)) - matrix for matrix in map(squareform, weighted))
    # its cutoff grows with n, unlike that of NumPy, which now and then takes the null space of V for a direction
    guttman = pinvh(V) @ B @ X
    image = problem.unpack(problem.evaluate(problem.pack(X[None])).image)[0]
    return float(np.abs(guttman - (image - image.mean(axis=0))).max() / problem.length)
