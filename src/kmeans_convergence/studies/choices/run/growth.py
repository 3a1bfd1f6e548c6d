"""Steps of the alternation until it ends, against the size of the sample: what is linear on a population ends here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from kmeans_convergence.core import Problem
from kmeans_convergence.data.synthetic import hidden_markov, lines, subspaces
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems.markov import MarkovMeansProblem, MarkovProblem
from kmeans_convergence.problems.regression import RegressionProblem
from kmeans_convergence.problems.subspaces import SubspacesProblem
from kmeans_convergence.starts import stream, streams
from kmeans_convergence.studies.choices.run.sets import (
    DIMENSION,
    FEATURES,
    GROUPS,
    NOISE,
    PIECE,
    STATES,
    STAY,
    SUBSPACES,
    draw_means,
    draw_models,
    switching,
)

# Observations of the smallest sample, and by how much the next ones are larger.
SMALLEST, FACTOR = 400, 4

# Distance of neighbouring states, mean of the regressor and deviation around subspaces.
SEPARATION, OFFSET, AROUND = 2.0, 3.0, 0.3


def grow(seed: int, largest: int, starts: int) -> pd.DataFrame:
    """Count the steps from the same starts on samples that contain each other.

    Returns
    -------
    DataFrame
        One row for each model, size and run: model, n, run, steps, fixed (whether the run ends at a fixed point).
    """
    tables = []
    sizes = [n for n in (SMALLEST * FACTOR**k for k in range(20)) if n <= max(largest, SMALLEST)]
    for model, n, problem, begin in _samples(seed, sizes, starts):
        trace = minimize(problem, MajorizeMinimize(), begin, passes=math.inf)
        ends = {
            "n": n,
            "run": range(starts),
            "steps": trace.ended,
            "fixed": [s.name == "FIXED_POINT" for s in trace.stop],
        }
        tables.append(pd.DataFrame({"model": model, **ends}))
    return pd.concat(tables, ignore_index=True)


def _samples(seed: int, sizes: Sequence[int], starts: int) -> Iterator[tuple[str, int, Problem, object]]:
    """Yield each model on each size, with starts that are drawn from the smallest one."""
    most = max(sizes)
    x, _ = hidden_markov(stream(seed, "growing states"), most // PIECE, PIECE, STATES, SEPARATION, STAY)
    X, y = lines(stream(seed, "growing lines"), most, GROUPS, OFFSET, NOISE)
    Z = subspaces(stream(seed, "growing planes"), most, FEATURES, SUBSPACES, DIMENSION, AROUND)
    rngs = [
        streams(seed, f"growing {name}", 3, range(starts), "starts") for name in ("means", "all", "lines", "planes")
    ]
    few = sizes[0]
    first = x[: few // PIECE]
    begin = {
        "viterbi": draw_means(first.reshape(-1, 1), STATES, rngs[0]),
        "viterbi_all": draw_models(MarkovProblem(first, STATES), rngs[1]),
        "regression": RegressionProblem(X[:few], y[:few], GROUPS).draw(rngs[2]),
        "subspaces": SubspacesProblem(Z[:few], SUBSPACES, DIMENSION).draw(rngs[3]),
    }
    for n in sizes:
        some = np.ascontiguousarray(x[: n // PIECE])
        yield "viterbi", n, MarkovMeansProblem(some, switching(STATES)), begin["viterbi"]
        yield "viterbi_all", n, MarkovProblem(some, STATES), begin["viterbi_all"]
        yield "regression", n, RegressionProblem(X[:n], y[:n], GROUPS), begin["regression"]
        yield "subspaces", n, SubspacesProblem(Z[:n], SUBSPACES, DIMENSION), begin["subspaces"]
