"""The alternations of the other two objectives, EM and SMACOF, beside scikit-learn's: same starts, same iterations."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.distance import squareform

from kmeans_convergence.core import minimize
from kmeans_convergence.optimizers import MajorizeMinimize
from kmeans_convergence.problems import GaussianMixtureProblem
from kmeans_convergence.problems.stress import StressProblem, distances
from kmeans_convergence.starts import stream, streams
from kmeans_convergence.studies.performance.run.measuring import in_turns, say
from kmeans_convergence.studies.performance.run.shapes import flowers, mixture

OURS, PEER = "ours", "scikit-learn"


@dataclass(frozen=True)
class Comparison:
    """An alternation on some data.

    Attributes
    ----------
    objective : str
        "mixture" or "stress".
    make : callable
        Returns patterns (n, d) of a random generator and a number of patterns.
    n : int
        Patterns; the whole of a table that has fewer.
    size : int
        Components of a mixture, dimensions of a configuration.
    starts : int
        A batch with ours, a loop elsewhere.
    iterations : int
        The same for each start: nobody stops earlier.
    """

    objective: str
    make: Callable[[np.random.Generator, int], np.ndarray]
    n: int
    size: int
    starts: int
    iterations: int


def distinct_flowers(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return Iris without its one duplicate: a dissimilarity of zero means nothing to some kinds of stress."""
    return np.unique(flowers(rng, n), axis=0)


COMPARISONS = {
    "mixture iris": Comparison("mixture", flowers, 150, 3, 100, 30),
    "mixture large": Comparison("mixture", mixture(8, 16, spread=2.0), 100_000, 16, 1, 5),
    "stress iris": Comparison("stress", distinct_flowers, 150, 2, 100, 30),
    "stress large": Comparison("stress", mixture(8, 16, spread=2.0), 2000, 2, 1, 5),
}


def compare(name: str, seed: int, share: float, rounds: int) -> pd.DataFrame:
    """Time iterations of EM or SMACOF, ours and scikit-learn's in turns.

    Returns
    -------
    DataFrame
        One row for each of both and each round: comparison, objective, n, d, size, starts, iterations, method, round,
        seconds (of all starts and iterations; what a method does to the data it is handed is inside the clock),
        difference (largest over starts, of the cost at the end, relative to ours).
    """
    chosen = COMPARISONS[name]
    X = np.ascontiguousarray(chosen.make(stream(seed, name, "data"), max(100, round(share * chosen.n))))
    X.flags.writeable = False
    starts = max(1, round(share * chosen.starts))
    ours, theirs = CALLS[chosen.objective](X, chosen, starts, seed)
    # compiles, loads and fills caches, outside the clock
    costs = {OURS: ours(), PEER: theirs()}
    table = in_turns({OURS: ours, PEER: theirs}, rounds).rename(columns={"what": "method"})
    differences = {method: float(np.abs(cost / costs[OURS] - 1).max()) for method, cost in costs.items()}
    table["difference"] = table["method"].map(differences)
    described = {
        "comparison": name,
        "objective": chosen.objective,
        "n": len(X),
        "d": X.shape[1],
        "size": chosen.size,
        "starts": starts,
        "iterations": chosen.iterations,
    }
    for place, (column, value) in enumerate(described.items()):
        table.insert(place, column, value)
    for method, seconds in table.groupby("method", sort=False)["seconds"].min().items():
        say(f"{name}: {method} {seconds:.4g} s")
    return table


Call = Callable[[], np.ndarray]


def _mixture(X: np.ndarray, chosen: Comparison, starts: int, seed: int) -> tuple[Call, Call]:
    """Return calls of EM with full covariances, from random responsibilities; costs are nats per pattern."""
    # slow to import, and only these functions need it
    from sklearn.mixture import GaussianMixture

    responsibilities = np.stack(
        [
            rng.dirichlet(np.full(chosen.size, 0.5), len(X))
            for rng in streams(seed, "mixture", chosen.size, range(starts), "performance")
        ]
    )

    def ours() -> np.ndarray:
        problem = GaussianMixtureProblem(X)
        start = problem.from_responsibilities(responsibilities)
        return minimize(problem, MajorizeMinimize(), start, epochs=chosen.iterations).cost[-1] / len(X)

    class Started(GaussianMixture):  # type: ignore[misc]
        """Scikit-learn's, which begins with the M-step of given responsibilities."""

        def _initialize_parameters(self, X: np.ndarray, random_state: object, **options: object) -> None:
            self._initialize(X, self.given, **options)

    def theirs() -> np.ndarray:
        costs = []
        for given in responsibilities:
            model = Started(chosen.size, tol=0, reg_covar=0, max_iter=chosen.iterations)
            model.given = given
            costs.append(-_quietly(model.fit, X).score(X))
        return np.array(costs)

    return ours, theirs


def _stress(X: np.ndarray, chosen: Comparison, starts: int, seed: int) -> tuple[Call, Call]:
    """Return calls of SMACOF for raw stress, from random configurations."""
    from sklearn.manifold import smacof

    dissimilarities = distances(X)
    square = squareform(dissimilarities)
    configurations = StressProblem(dissimilarities, dimensions=chosen.size).draw(
        streams(seed, "stress", chosen.size, range(starts), "performance")
    )

    def ours() -> np.ndarray:
        problem = StressProblem(dissimilarities, dimensions=chosen.size)
        return minimize(problem, MajorizeMinimize(), configurations, epochs=chosen.iterations).cost[-1]

    def theirs() -> np.ndarray:
        run = partial(
            smacof,
            square,
            n_components=chosen.size,
            n_init=1,
            max_iter=chosen.iterations,
            eps=0,
            normalized_stress=False,
        )
        return np.array([_quietly(run, init=start)[1] for start in configurations])

    return ours, theirs


CALLS = {"mixture": _mixture, "stress": _stress}


def _quietly(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call without the warning that it has not converged, which is not asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*arguments, **options)
