"""What a machine check of a statement is, and what the checks share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction

import numpy as np
import pandas as pd
import sympy as sp

from kmeans_convergence.errors import InputError
from kmeans_convergence.optimizers import MajorizeMinimize
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans import KMeansEvaluation
from kmeans_convergence.starts import from_patterns, stream, uniform_in_box
from kmeans_convergence.theory import equations

# As many as in the paper's experiment.
PROTOTYPES = 6

# Rational arithmetic is slow: these many starts show a formula that is wrong.
EXACT_STARTS = 3

# Far more than K-means needs: a run that is still moving then is counted as one that does not end.
EPOCHS = 1000

# Prototypes are drawn anew until they fit a check, but no more often: for some patterns there are none.
DRAWS = 100_000

EPS = float(np.finfo(np.float64).eps)

# Inside a cell the cost is a quadratic and central differences have no truncation error. What is left is
# rounding, about EPS / h for a step h in units of the data's spread: EPS^(3/4) at the shortest step.
SHORTEST_STEP = EPS ** (1 / 4)
DIFFERENCES = EPS ** (2 / 3)


@dataclass(frozen=True)
class Check:
    """A statement and how far the machine found it from being true.

    Attributes
    ----------
    step : str
        Its name in plain words, with the number of its equation in the paper.
    statement : str
        What was checked, as LaTeX text.
    method : str
    cases : int
        Number of cases tried; 1 for a proof.
    worst_error : float
        Largest error over the cases; infinite where a yes-or-no statement failed.
    tolerance : float
        Largest error that rounding explains.
    """

    step: str
    statement: str
    method: str
    cases: int
    worst_error: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether the error is within the tolerance."""
        return self.worst_error <= self.tolerance


@dataclass(frozen=True)
class Theorem(Check):
    """A check of a statement that is not a step of the paper's derivation.

    Attributes
    ----------
    hypotheses : str
        What the statement assumes, as LaTeX text.
    reference : str
        Keys of `paper/references.bib`, separated by commas; empty where the statement is ours.
    """

    hypotheses: str
    reference: str = ""


# Takes patterns of shape (n, d), a random stream, and how many random points to try.
Checking = Callable[[np.ndarray, np.random.Generator, int], Check]


def table_of(functions: Sequence[Checking], X: np.ndarray, seed: int, purpose: str, points: int) -> pd.DataFrame:
    """Run checks, each with its own random stream; return one row for each: its attributes, and `holds`."""
    found = [check(X, stream(seed, purpose, check.__name__), points) for check in functions]
    return pd.DataFrame([asdict(check) | {"holds": check.holds} for check in found])


def rounding(X: np.ndarray) -> float:
    """Bound the relative error of a sum over the n patterns whose terms have one sign."""
    return len(X) * EPS


def centered(X: np.ndarray) -> np.ndarray:
    """Return the patterns from their mean: the cost is the same there, and differences lose fewer digits."""
    return np.asarray(X - X.mean(axis=0))


def exact(values: np.ndarray) -> np.ndarray:
    """Return the same numbers as fractions; every floating-point number is one."""
    fractions: np.ndarray = np.vectorize(Fraction, otypes=[object])(np.asarray(values, dtype=np.float64))
    return fractions


def exact_starts(X: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield a few starts drawn from the patterns, as fractions of shape (K, d)."""
    for _ in range(EXACT_STARTS):
        yield exact(from_patterns(X, min(PROTOTYPES, len(X)), rng))


@dataclass(frozen=True)
class ExactStep:
    """A step of batch K-means (6) in fractions: squared distances (n, K) `before` and `after`, owners (n,) before."""

    w: np.ndarray
    new: np.ndarray
    before: np.ndarray
    after: np.ndarray
    owner: np.ndarray

    @property
    def gain(self) -> Fraction:
        """By how much the cost falls."""
        return (self.before.min(axis=1) - self.after.min(axis=1)).sum() / 2


def exact_steps(X: np.ndarray, rng: np.random.Generator) -> Iterator[ExactStep]:
    """Yield the steps of batch K-means from a few starts, until no assignment changes."""
    for w in exact_starts(X, rng):
        before, moving = equations.squared_distances(X, w), True
        while moving:
            new = equations.batch_kmeans_step(X, w)
            after, owner = equations.squared_distances(X, new), before.argmin(axis=1)
            yield ExactStep(w, new, before, after, owner)
            moving = bool((after.argmin(axis=1) != owner).any())
            w, before = new, after


def largest(values: np.ndarray) -> float:
    """Return the largest absolute value; exact zeros stay exact."""
    return float(abs(values).max())


def worst(*errors: float) -> float:
    """Return the largest error; other than Python's max, it doesn't lose a result that is not a number."""
    return float(np.max(errors))


def cell_radius(X: np.ndarray, w: np.ndarray) -> float:
    """Bound how far all prototypes may move at once before a pattern changes its owner.

    A prototype that moves by less than r changes no distance by r or more, so half the smallest difference
    between a pattern's least distance and its next larger one will do. No pattern that is tied gets a new
    candidate either.
    """
    distance = np.sqrt(equations.squared_distances(X, w))
    margin = distance - distance.min(axis=1, keepdims=True)
    return float(margin.min(where=margin > 0, initial=math.inf)) / 2


def spread(X: np.ndarray) -> float:
    """Return the root mean square distance of the patterns to their mean."""
    return float(np.sqrt(X.var(axis=0).sum()))


def draws() -> Iterator[int]:
    """Count draws; their number is bounded, since what is drawn until it fits need not exist.

    Raises
    ------
    InputError
        When they are used up.
    """
    yield from range(DRAWS)
    raise InputError(
        f"In {DRAWS} draws no prototypes were as far from each other and from patterns that change their owner as the "
        "checks of the derivation need: fewer patterns are needed, or other ones."
    )


def inside_a_cell(X: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Draw prototypes, shape (K, d), that may move by more than the shortest step; return this radius too."""
    trial = draws()
    while True:
        next(trial)
        w = uniform_in_box(X, PROTOTYPES, rng)
        radius = cell_radius(X, w)
        if radius > SHORTEST_STEP * spread(X):
            return w, radius


def central_differences(f: Callable[[np.ndarray], np.ndarray], w: np.ndarray, h: float) -> np.ndarray:
    """Return the derivatives of `f` along each coordinate of `w`, shape (K d, ...).

    `f` takes prototypes of shape (R, K, d) and returns R values or arrays.
    """
    units = np.eye(w.size).reshape(-1, *w.shape)
    difference: np.ndarray = f(w + h * units) - f(w - h * units)
    return difference / (2 * h)


def unit_directions(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Draw a direction of length 1 for each prototype, shape (K, d)."""
    v = rng.normal(size=shape)
    return np.asarray(v / np.linalg.norm(v, axis=1, keepdims=True))


def steepest(X: np.ndarray, w: np.ndarray) -> float:
    """Return the sum of the patterns' distances: no slope is larger when prototypes move at unit speed."""
    return float(np.sqrt(2 * equations.loss(X, w)).sum())


def residual(*expressions: sp.Expr) -> float:
    """Return 0 when all expressions simplify to 0, and infinity when one of them does not."""
    return 0.0 if all(sp.simplify(e) == 0 for e in expressions) else math.inf


def lloyd(X: np.ndarray, rng: np.random.Generator, runs: int) -> list[KMeansEvaluation]:
    """Run batch K-means until no assignment changes in any run; return the evaluation at each iterate."""
    problem, clusters = QuantizationProblem(X), min(PROTOTYPES, len(X))
    path = [problem.evaluate(np.stack([from_patterns(X, clusters, rng) for _ in range(runs)]))]
    moving = True
    while moving and len(path) <= EPOCHS:
        path.append(problem.evaluate(MajorizeMinimize().step(path[-1], len(path))))
        moving = bool((path[-1].assignments != path[-2].assignments).any())
    return path


def untied_ends(
    X: np.ndarray, rng: np.random.Generator, runs: int
) -> Iterator[tuple[np.ndarray, float, np.ndarray, float]]:
    """Yield the fixed points of batch K-means that have no ties and some room around them.

    Yields
    ------
    w : ndarray of shape (K, d)
    cost : float
    counts : ndarray of shape (K,)
    radius : float
        How far all prototypes may move before a pattern changes its owner.
    """
    last = lloyd(X, rng, runs)[-1]
    for w, cost, counts in zip(last.w, last.cost, last.counts, strict=True):
        squares, radius = equations.squared_distances(X, w), cell_radius(X, w)
        tied = (squares == squares.min(axis=1, keepdims=True)).sum() > len(X)
        if not tied and radius >= SHORTEST_STEP * spread(X):
            yield w, float(cost), counts, radius
