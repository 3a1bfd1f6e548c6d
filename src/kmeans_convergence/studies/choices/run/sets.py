"""The data of each model, its problem and where its runs begin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from kmeans_convergence.core import Problem
from kmeans_convergence.data import Description, read
from kmeans_convergence.data.bundled_regressions import REGRESSIONS
from kmeans_convergence.data.bundled_sequences import SEQUENCES
from kmeans_convergence.data.dataset import standardize
from kmeans_convergence.data.synthetic import hidden_markov, lines, subspaces
from kmeans_convergence.problems.markov import HiddenMarkov, MarkovMeansProblem, MarkovProblem
from kmeans_convergence.problems.regression import RegressionProblem
from kmeans_convergence.problems.subspaces import SubspacesProblem
from kmeans_convergence.starts import Streams, stream

# A sequence is cut into pieces of so many observations, which count as sequences: so stochastic methods have subsets.
PIECE = 20

# States of a sequence; of those with two levels, two.
STATES, FEWER_STATES = 3, {"nile": 2}

# Where the means alone are trained: the emissions' deviation as a share of the data's, and what it costs in nats to go
# to another state rather than to stay.
DEVIATION, SWITCH = 0.5, 2.0

# Simulated sequences: pieces, distances of neighbouring means in deviations, and the probability of staying.
PIECES, SEPARATIONS, STAY = 20, (1.0, 2.0, 4.0), 0.9

# Regressions of a table; of those with few rows for their coefficients, two.
GROUPS, FEWER_GROUPS = 3, {"statecrime": 2, "stackloss": 2, "credit_cards": 2}

# Simulated lines: rows, means of the regressor in deviations, and deviation around the lines.
ROWS, OFFSETS, NOISE = 300, (0.0, 3.0, 10.0), 0.5

# Subspaces of a table, their dimension, and patterns that are drawn of a larger one.
SUBSPACES, DIMENSION, PATTERNS = 3, 2, 300

# Simulated subspaces: features, and deviations around them.
FEATURES, NOISES = 6, (0.1, 0.3, 1.0)

SIMULATED = "simulated"


class Case(NamedTuple):
    """A problem on some data.

    Attributes
    ----------
    dataset : str
    family : str
        Data of one family are not independent.
    groups : int
        Of states, regressions or subspaces.
    problem : Problem
    draw : callable
        Returns the parameters at which runs begin, one run for each stream.
    """

    dataset: str
    family: str
    groups: int
    problem: Problem
    draw: Callable[[Streams], Any]


def sequence(name: str, seed: int, described: Mapping[str, Description]) -> np.ndarray:
    """Return a sequence cut into pieces, standardised, shape (N, T, d)."""
    if name in SEQUENCES or name in described:
        X = standardize(SEQUENCES[name]() if name in SEQUENCES else read(described[name]).X)
        whole = len(X) // PIECE * PIECE
        return X[:whole].reshape(-1, PIECE, X.shape[1])
    x, _ = hidden_markov(stream(seed, name), PIECES, PIECE, STATES, _number(name), STAY)
    return standardize(x.reshape(-1, 1)).reshape(x.shape)


def states_of(name: str) -> int:
    """Return the number of states of a sequence."""
    return FEWER_STATES.get(name, STATES)


def switching(states: int) -> np.ndarray:
    """Return what transitions cost where means alone are trained, shape (S, S)."""
    return SWITCH * (1 - np.eye(states))


def draw_means(X: np.ndarray, states: int, rngs: Streams) -> np.ndarray:
    """Draw different observations (R, S, d) of `X` (n, d)."""
    distinct = np.unique(X, axis=0)
    return np.stack([distinct[rng.choice(len(distinct), size=states, replace=False)] for rng in rngs])


def draw_models(problem: MarkovProblem, rngs: Streams) -> HiddenMarkov:
    """Draw different observations, and fit the models to the paths on which each observation is with the nearest."""
    means = draw_means(problem.X, problem.states, rngs)
    squares = ((problem.X[:, None] - means[:, None]) ** 2).sum(axis=3)
    return problem.from_paths(squares.argmin(axis=2))


def viterbi(name: str, seed: int, described: Mapping[str, Description], soft: bool = False) -> Case:
    """Return Viterbi training of the means, or its soft version."""
    X, states = sequence(name, seed, described) / DEVIATION, states_of(name)
    problem = MarkovMeansProblem(X, switching(states), soft)
    return Case(name, family(name), states, problem, lambda rngs: draw_means(problem.X, states, rngs))


def viterbi_all(name: str, seed: int, described: Mapping[str, Description], soft: bool = False) -> Case:
    """Return Viterbi training of all parameters, or its soft version."""
    problem = MarkovProblem(sequence(name, seed, described), states_of(name), soft)
    return Case(name, family(name), problem.states, problem, lambda rngs: draw_models(problem, rngs))


def regression(name: str, seed: int, described: Mapping[str, Description]) -> Case:
    """Return clusterwise regression on a constant and standardised regressors; simulated ones are as they are."""
    if name in REGRESSIONS:
        regressors, response = REGRESSIONS[name]()
        X, y = np.column_stack([np.ones(len(response)), standardize(regressors)]), standardize(response[:, None])[:, 0]
    else:
        X, y = lines(stream(seed, name), ROWS, GROUPS, _number(name), NOISE)
    problem = RegressionProblem(X, y, FEWER_GROUPS.get(name, GROUPS))
    return Case(name, family(name), problem.groups, problem, problem.draw)


def subspace(name: str, seed: int, described: Mapping[str, Description]) -> Case:
    """Return k subspaces through the mean of standardised patterns; simulated ones are as they are."""
    if name in described:
        X = standardize(read(described[name], rows=PATTERNS, root_seed=seed).X)
    else:
        X = subspaces(stream(seed, name), PATTERNS, FEATURES, SUBSPACES, DIMENSION, _number(name))
    problem = SubspacesProblem(X, SUBSPACES, DIMENSION)
    return Case(name, family(name), SUBSPACES, problem, problem.draw)


def _number(name: str) -> float:
    """Return what a simulated set is called after."""
    return float(name.rpartition("_")[2])


def _simulated(what: str, values: Sequence[float]) -> tuple[str, ...]:
    return tuple(f"{what}_{value:g}" for value in values)


@dataclass(frozen=True)
class Model:
    """Problems of one kind.

    Attributes
    ----------
    label : str
        Its name in the report.
    quadratic : bool
        Whether the cost given the choices is quadratic, so that the alternation is Newton's method.
    relative : bool
        Whether gaps are relative to the cost; else they are in nats per observation.
    build : callable
        Makes the case of a data set's name.
    sets : str
        The key of the configuration that names its data sets.
    bundled : tuple of str
        Names of data sets that need no registry.
    registered : bool
        Whether data sets of the registry may be named, too.
    """

    label: str
    quadratic: bool
    relative: bool
    build: Callable[[str, int, Mapping[str, Description]], Case]
    sets: str
    bundled: tuple[str, ...]
    registered: bool = True

    def cases(self, names: Sequence[str], seed: int, described: Mapping[str, Description]) -> Iterator[Case]:
        """Yield the case of each data set."""
        for name in names:
            yield self.build(name, seed, described)


_CHAINS = (*SEQUENCES, *_simulated("states", SEPARATIONS))
_REGRESSIONS = (*REGRESSIONS, *_simulated("lines", OFFSETS))

MODELS = {
    "viterbi": Model("Viterbi, means", True, False, viterbi, "sequences", _CHAINS),
    "viterbi_all": Model("Viterbi, all", False, False, viterbi_all, "sequences", _CHAINS),
    "regression": Model("regressions", True, True, regression, "regressions", _REGRESSIONS, registered=False),
    "subspaces": Model("subspaces", False, True, subspace, "subspaces", _simulated("planes", NOISES)),
}

# Sets of one table, and those that were drawn in one way.
_FAMILIES = {"growth": "macrodata", "unemployment": "macrodata", "consumption": "macrodata"}


def family(name: str) -> str:
    """Return the family of a data set."""
    drawn = name.rpartition("_")[0] in ("states", "lines", "planes")
    return SIMULATED if drawn else _FAMILIES.get(name, name)
