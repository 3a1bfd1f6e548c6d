"""The examples: problems small enough to try many starts, and tiny ones whose choices can all be tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kmeans_convergence.theory.alternations.alternation import Alternation
from kmeans_convergence.theory.alternations.chain import FullChain, MeansChain
from kmeans_convergence.theory.alternations.matching import Rotation, Translation
from kmeans_convergence.theory.alternations.owners import Lines, Mixture, Prototypes, Regressions

# Sizes: groups or states, and patterns for each of them.
SMALL, TINY = (3, 25), (2, 3)

# A transition to another state costs so much more than to stay.
SWITCH = 2.0

# The centres of neighbouring groups on a line are so far from each other, in deviations: they overlap.
GAP = 2.5

# Of the p-norm: its square has second derivatives off the axes that are not constant.
NORM = 3.0

Drawn = tuple[Alternation, Callable[[np.random.Generator], np.ndarray]]


@dataclass(frozen=True)
class Example:
    """An alternation whose kind the theorem tells.

    Attributes
    ----------
    name : str
    choice, parameters : str
        In words, for tables.
    quadratic : bool
        Whether C(z, .) is quadratic for all choices, so that the theorem says that the alternation is Newton's method.
    build : callable
        Draws a problem of a size (groups, patterns for each) and a function that draws starts.
    """

    name: str
    choice: str
    parameters: str
    quadratic: bool
    build: Callable[[tuple[int, int], np.random.Generator], Drawn]


def _on_line(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Draw groups on a line whose deviations differ by factors of up to three, in the order of the groups."""
    groups, each = size
    scale = np.linspace(0.6, 1.8, groups)
    return np.concatenate([GAP * k + scale[k] * rng.normal(size=each) for k in range(groups)])


def _from_patterns(X: np.ndarray, groups: int) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda rng: X[rng.choice(len(X), size=groups, replace=False)].ravel()


def _sequence(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Draw a sequence that stays in each state for some time, shape (T,)."""
    groups, each = size
    order = np.repeat(rng.permutation(np.repeat(np.arange(groups), max(1, each // 5))), min(each, 5))
    return GAP * order + np.linspace(0.6, 1.8, groups)[order] * rng.normal(size=len(order))


def kmeans(size: tuple[int, int], rng: np.random.Generator) -> Drawn:
    """Draw k-means in the plane."""
    X = rng.normal(size=(size[0] * size[1], 2)) + GAP * rng.integers(2, size=(size[0] * size[1], 2))
    return Prototypes(X, size[0], 2), _from_patterns(X, size[0])


def norms(size: tuple[int, int], rng: np.random.Generator) -> Drawn:
    """Draw prototypes in a p-norm in the plane, started at the means of groups drawn at random."""
    X = rng.normal(size=(size[0] * size[1], 2)) + GAP * rng.integers(2, size=(size[0] * size[1], 2))

    def start(rng: np.random.Generator) -> np.ndarray:
        # patterns themselves have no second derivative
        groups = np.array_split(rng.permutation(len(X)), size[0] * max(1, size[1] // 5))[: size[0]]
        return np.concatenate([X[group].mean(axis=0) + 0.01 * rng.normal(size=2) for group in groups])

    return Prototypes(X, size[0], NORM), start


def regressions(size: tuple[int, int], rng: np.random.Generator) -> Drawn:
    """Draw regressions on a line whose regressor is far from its mean, so that coefficients are badly conditioned."""
    groups, each = size
    n = groups * each
    X = np.stack([np.ones(n), rng.uniform(1, 4, size=n)], axis=1)
    true = rng.normal(size=(groups, 2)) * [2, 1]
    y = (X * true[np.arange(n) % groups]).sum(axis=1) + 0.5 * rng.normal(size=n)
    return Regressions(X, y, groups), lambda rng: (rng.normal(size=(groups, 2)) * [2, 1]).ravel()


def matched(size: tuple[int, int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw patterns (n, 2), and targets that hold them, turned, moved and with noise, and as many others."""
    n = size[0] * max(2, size[1] // 3)
    X = rng.normal(size=(n, 2))
    c, s = np.cos(0.5), np.sin(0.5)
    noise = 0.3 * rng.normal(size=(n, 2))
    Y = np.concatenate([X @ np.array([[c, s], [-s, c]]) + noise, 1.5 * rng.normal(size=(max(1, n // 2), 2))])
    return X, Y


def translation(size: tuple[int, int], rng: np.random.Generator) -> Drawn:
    """Draw a matching under translation."""
    return Translation(*matched(size, rng)), lambda rng: rng.normal(size=2)


def rotation(size: tuple[int, int], rng: np.random.Generator) -> Drawn:
    """Draw a matching under rotation."""
    return Rotation(*matched(size, rng)), lambda rng: rng.uniform(-np.pi, np.pi, size=1)


def chain_of_means(size: tuple[int, int], rng: np.random.Generator) -> Drawn:
    """Draw Viterbi training of the means."""
    x = _sequence(size, rng)[:, None]
    return MeansChain(x, SWITCH * (1 - np.eye(size[0]))), _from_patterns(x, size[0])


def full_chain(size: tuple[int, int], rng: np.random.Generator) -> Drawn:
    """Draw Viterbi training of means, variances and transitions, started with even transitions and wide states."""
    x, states = _sequence(size, rng), size[0]

    def start(rng: np.random.Generator) -> np.ndarray:
        means = x[rng.choice(len(x), size=states, replace=False)]
        log_variances = np.log(x.var()) - rng.uniform(0, 2, size=states)
        return np.concatenate([means, log_variances, rng.normal(size=states * (states - 1))])

    return FullChain(x, states), start


def mixture(size: tuple[int, int], rng: np.random.Generator) -> Drawn:
    """Draw classification EM."""
    x, groups = _on_line(size, rng), size[0]

    def start(rng: np.random.Generator) -> np.ndarray:
        means = x[rng.choice(len(x), size=groups, replace=False)]
        log_variances = np.log(x.var()) - rng.uniform(0, 2, size=groups)
        return np.concatenate([means, log_variances, rng.normal(size=groups - 1) / 2])

    return Mixture(x, groups), start


def lines(size: tuple[int, int], rng: np.random.Generator) -> Drawn:
    """Draw patterns around lines through the origin of the plane."""
    groups, each = size
    angles = np.repeat(np.pi * np.arange(groups) / groups, each)
    X = (2 * rng.normal(size=len(angles)) * [np.cos(angles), np.sin(angles)]).T + 0.3 * rng.normal(
        size=(len(angles), 2)
    )
    return Lines(X, groups), lambda rng: rng.uniform(0, np.pi, size=groups)


# In the order of the table.
EXAMPLES = (
    Example("k-means", "owners of patterns", "means", True, kmeans),
    Example("Viterbi training", "a path through states", "means", True, chain_of_means),
    Example("clusterwise regression", "owners of patterns", "coefficients", True, regressions),
    Example("matching, moved", "a permutation", "a translation", True, translation),
    Example("Viterbi training, full", "a path through states", "all parameters", False, full_chain),
    Example("classification EM", "owners of patterns", "all parameters", False, mixture),
    Example("k lines", "owners of patterns", "principal axes", False, lines),
    Example("matching, turned", "a permutation", "a rotation", False, rotation),
    Example("squared 3-norm", "owners of patterns", "centres", False, norms),
)
