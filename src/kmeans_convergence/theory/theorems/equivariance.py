"""Which methods do not care how the data are placed, turned, measured or repeated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from scipy.stats import ortho_group

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.optimizers import GradientDescent, MajorizeMinimize, Newton, Optimizer, Rate
from kmeans_convergence.optimizers.accelerated import Anderson, HeavyBall, Nesterov, OverRelaxation
from kmeans_convergence.optimizers.adaptive import Adam
from kmeans_convergence.optimizers.batch import CurvatureGradient, best_rate, stable_rate
from kmeans_convergence.optimizers.exchange import Hartigan
from kmeans_convergence.optimizers.line_search import ArmijoGradient
from kmeans_convergence.optimizers.quasi_newton import LBFGS
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw
from kmeans_convergence.theory import checks
from kmeans_convergence.theory.checks import Checking, Theorem

RUNS, EPOCHS = 10, 8

# In units of the data's spread: what rounding errors may grow to over the steps, Adam's constant of 1e-8 of a deviation
# included, and what is no rounding error.
ROUNDING, DIFFERENT = 1e-6, 1e-3


@dataclass(frozen=True)
class Method:
    """A method and the transformations that it commutes with."""

    name: str
    optimizer: Callable[[int], Optimizer]  # of the number of patterns before the transformation
    commutes: frozenset[str]


ALL = frozenset({"translation", "rotation", "scaling", "duplication"})


def _gradient(patterns: int) -> Optimizer:
    """Return gradient descent with a constant rate that suits a number of patterns."""
    return GradientDescent(Rate(1 / patterns, decays=False))


METHODS = (
    Method("Lloyd", lambda n: MajorizeMinimize(), ALL),
    Method("Newton", lambda n: Newton(), ALL),
    Method("over-relaxed", lambda n: OverRelaxation(1.9), ALL),
    Method("heavy ball", lambda n: HeavyBall(), ALL),
    Method("Nesterov", lambda n: Nesterov(), ALL),
    Method("Anderson", lambda n: Anderson(), ALL),
    Method("Hartigan", lambda n: Hartigan(), ALL - {"duplication"}),
    Method("gradient, fixed rate", _gradient, ALL - {"duplication"}),
    Method(r"gradient, $1/N_{\max}$", lambda n: CurvatureGradient(stable_rate), ALL),
    Method(r"gradient, $2/(N_{\min}+N_{\max})$", lambda n: CurvatureGradient(best_rate), ALL),
    Method("Armijo", lambda n: ArmijoGradient(), ALL),
    Method("L-BFGS", lambda n: LBFGS(), ALL),
    Method("Adam", lambda n: Adam(), ALL - {"rotation"}),
)


def _path(method: Method, X: np.ndarray, starts: np.ndarray, patterns: int) -> np.ndarray:
    """Return the first iterates, shape (EPOCHS, R, K, d)."""
    problem = QuantizationProblem(X)
    oracle = CountingOracle(problem, len(starts))
    iterates = method.optimizer(patterns).iterates(oracle, problem.pack(starts), ())
    return np.stack([problem.unpack(x) for x in islice(iterates, EPOCHS)])


def _generic(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the patterns from their mean, moved a little so that rounding decides no tie."""
    X = checks.centered(X)
    return np.asarray(X + 1e-3 * checks.spread(X) * rng.normal(size=X.shape))


def _check(
    name: str,
    claim: str,
    transform: Callable[[np.ndarray], np.ndarray],
    X: np.ndarray,
    rng: np.random.Generator,
    points: int,
    repeats: int = 1,
) -> Theorem:
    """Check that just the methods of `METHODS` that claim it commute with a transformation of the features.

    With `repeats`, each pattern is repeated as well.
    """
    runs = min(points, RUNS)
    starts = draw(X, min(checks.PROTOTYPES, len(X)), [rng] * runs)
    moved = np.repeat(transform(X), repeats, axis=0)
    unit, worst = checks.spread(transform(X)), 0.0
    for method in METHODS:
        gap = transform(_path(method, X, starts, len(X))) - _path(method, moved, transform(starts), len(X))
        error = checks.largest(gap) / unit
        if name in method.commutes:
            worst = checks.worst(worst, error)
        elif not error > DIFFERENT:
            worst = math.inf
    failing = [method.name for method in METHODS if name not in method.commutes]
    exceptions = "all methods"
    if len(failing) == len(METHODS):
        exceptions = "no method"
    elif failing:
        exceptions = f"all methods but {' and '.join(failing)}"
    statement = f"{exceptions} commute{'' if exceptions.startswith('all') else 's'} with {claim}"
    method_name, cases = "random starts", runs * len(METHODS)
    return Theorem(name, statement, method_name, cases, worst, ROUNDING, "no ties")


def translation(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check which methods commute with a translation."""
    X = _generic(X, rng)
    shift = checks.spread(X) * rng.normal(size=X.shape[1])
    claim = f"translations $x + a$; tried: {', '.join(method.name for method in METHODS)}"
    return _check("translation", claim, lambda x: x + shift, X, rng, points)


def rotation(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check which methods commute with a rotation."""
    X = _generic(X, rng)
    # on a line there is only the reflection
    Q = ortho_group.rvs(X.shape[1], random_state=rng) if X.shape[1] > 1 else -np.eye(1)
    return _check("rotation", "rotations and reflections $Qx$", lambda x: x @ Q.T, X, rng, points)


def scaling(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check which methods commute with a change of the unit of length."""
    X, factor = _generic(X, rng), float(np.exp(rng.normal(scale=3)))
    claim = "a change of unit $sx$: rates multiply numbers of patterns and not lengths"
    return _check("scaling", claim, lambda x: factor * x, X, rng, points)


def duplication(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check which methods do not notice that every pattern is there twice."""
    claim = r"a duplication of all patterns, which doubles $N_k$ and wants half the rate"
    return _check("duplication", claim, lambda x: x, _generic(X, rng), rng, points, repeats=2)


def stretching(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that no method commutes with another unit for one of the features: the cost is another one."""
    X = _generic(X, rng)
    units = np.ones(X.shape[1])
    units[int(X.var(axis=0).argmax())] = 4.0
    return _check(
        "stretching", "another unit for a single feature: it makes another cost", lambda x: units * x, X, rng, points
    )


CHECKS: tuple[Checking, ...] = (translation, rotation, scaling, duplication, stretching)
