"""What is timed: Lloyd's algorithm from given starts, here and in the libraries that people use.

A peer that can run until no assignment changes does so, with tolerance zero; one that needs a number of passes gets
that of our run. None is told anything else that would make it faster or slower.
"""

from __future__ import annotations

import importlib
import sys
import sysconfig
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.cluster.vq import kmeans2
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from kmeans_convergence.core import Problem, minimize
from kmeans_convergence.core.problem import Evaluator
from kmeans_convergence.optimizers import MajorizeMinimize
from kmeans_convergence.problems import QuantizationProblem

# Where `make performance` puts the peers that are no dependencies of the project.
PEERS = Path(".peers")
# More passes than any run needs.
MOST = 10_000


@dataclass(frozen=True)
class Ends:
    """Where runs end: prototypes (R, K, d) in double precision, and passes (R,)."""

    w: np.ndarray
    passes: np.ndarray


Fit = Callable[[np.ndarray, np.ndarray, np.ndarray, int], Ends]


@dataclass(frozen=True)
class Method:
    """A way to run Lloyd's algorithm.

    Attributes
    ----------
    label : str
    fit : callable
        Takes the data (n, d), starts (R, K, d), the most passes of each run (R,), of which ours heeds the largest, and
        the number of threads.
    precision : str
        "float64" or "float32": of the data that it gets.
    module : str
        What must be importable.
    stops : bool
        Whether it ends by itself when no assignment changes.
    own_start : callable, or None
        For a method that takes no start: the prototypes after its own first pass, from data, K and runs.
    """

    label: str
    fit: Fit
    precision: str = "float64"
    module: str = "numpy"
    stops: bool = True
    own_start: Callable[[np.ndarray, int, int], np.ndarray] | None = None

    @property
    def ours(self) -> bool:
        """Whether it is this project's."""
        return self.module == "numpy"


class Plain(QuantizationProblem):
    """Remembers nothing from one evaluation to the next."""

    def evaluator(self, runs: int) -> Evaluator:
        """Return the evaluation itself."""
        return Problem.evaluator(self, runs)


def _minimized(problem: QuantizationProblem, starts: np.ndarray, most: np.ndarray) -> Ends:
    """Run `minimize` as anybody would, with all that it measures on the way."""
    trace = minimize(problem, MajorizeMinimize(), starts, passes=float(most.max()))
    return Ends(trace.w, trace.passes[-1])


def _ours(X: np.ndarray, starts: np.ndarray, most: np.ndarray, threads: int) -> Ends:
    return _minimized(QuantizationProblem(X), starts, most)


def _ours_plain(X: np.ndarray, starts: np.ndarray, most: np.ndarray, threads: int) -> Ends:
    return _minimized(Plain(X), starts, most)


def _each(fit: Callable[[np.ndarray, int, int], tuple[np.ndarray, int]], starts: np.ndarray, most: np.ndarray) -> Ends:
    """Fit from one start after the other; `fit` also gets the number of the run."""
    ends = [fit(start, int(passes), run) for run, (start, passes) in enumerate(zip(starts, most, strict=True))]
    return Ends(np.stack([w for w, _ in ends]).astype(np.float64), np.array([passes for _, passes in ends]))


def _like_sklearn(estimator: Any, X: np.ndarray, starts: np.ndarray, most: np.ndarray, algorithm: str) -> Ends:
    def fit(start: np.ndarray, passes: int, run: int) -> tuple[np.ndarray, int]:
        options = {"init": start, "n_init": 1, "max_iter": passes, "tol": 0.0, "algorithm": algorithm}
        fitted = estimator(len(start), **options).fit(X)
        return fitted.cluster_centers_, fitted.n_iter_

    return _each(fit, starts, most)


def _sklearn_lloyd(X: np.ndarray, starts: np.ndarray, most: np.ndarray, threads: int) -> Ends:
    return _like_sklearn(KMeans, X, starts, most, "lloyd")


def _sklearn_elkan(X: np.ndarray, starts: np.ndarray, most: np.ndarray, threads: int) -> Ends:
    return _like_sklearn(KMeans, X, starts, most, "elkan")


def _sklearnex(X: np.ndarray, starts: np.ndarray, most: np.ndarray, threads: int) -> Ends:
    load("daal4py").daalinit(threads)
    return _like_sklearn(load("sklearnex.cluster").KMeans, X, starts, most, "lloyd")


def _scipy(X: np.ndarray, starts: np.ndarray, most: np.ndarray, threads: int) -> Ends:
    return _each(lambda start, passes, _: (kmeans2(X, start, passes, minit="matrix")[0], passes), starts, most)


def _faiss(X: np.ndarray, starts: np.ndarray, most: np.ndarray, threads: int) -> Ends:
    faiss = load("faiss")
    faiss.omp_set_num_threads(threads)

    def fit(start: np.ndarray, passes: int, run: int) -> tuple[np.ndarray, int]:
        # all patterns take part, not a sample
        clustering = faiss.Kmeans(
            X.shape[1], len(start), niter=passes, max_points_per_centroid=len(X), min_points_per_centroid=1
        )
        clustering.train(X, init_centroids=start.astype(np.float32))
        return clustering.centroids, passes

    return _each(fit, starts, most)


def _train_superkmeans(X: np.ndarray, K: int, passes: int, run: int, threads: int = 1) -> np.ndarray:
    """All patterns take part, and nothing ends a run before its number of passes; the seed is the run."""
    return (
        load("superkmeans")
        .SuperKMeans(
            K,
            X.shape[1],
            hierarchical=False,
            iters=passes,
            sampling_fraction=1.0,
            max_points_per_cluster=len(X),
            n_threads=threads,
            seed=run,
            tol=0.0,
            early_termination=False,
        )
        .train(X)
    )


def _superkmeans(X: np.ndarray, starts: np.ndarray, most: np.ndarray, threads: int) -> Ends:
    # one pass leads to the start that the others get
    return _each(
        lambda start, passes, run: (_train_superkmeans(X, len(start), passes + 1, run, threads), passes + 1),
        starts,
        most,
    )


def _superkmeans_start(X: np.ndarray, K: int, runs: int) -> np.ndarray:
    return np.stack([_train_superkmeans(X, K, 1, run) for run in range(runs)]).astype(np.float64)


METHODS = {
    "ours": Method("ours", _ours),
    "ours_plain": Method("ours, plain passes", _ours_plain),
    "ours_single": Method("ours", _ours, precision="float32"),
    "sklearn_lloyd": Method("scikit-learn, Lloyd", _sklearn_lloyd, module="sklearn"),
    "sklearn_elkan": Method("scikit-learn, Elkan", _sklearn_elkan, module="sklearn"),
    "scipy": Method("SciPy, kmeans2", _scipy, module="scipy", stops=False),
    "sklearnex": Method("scikit-learn-intelex", _sklearnex, module="sklearnex"),
    "faiss": Method("faiss", _faiss, precision="float32", module="faiss", stops=False),
    "superkmeans": Method(
        "superkmeans",
        _superkmeans,
        precision="float32",
        module="superkmeans",
        stops=False,
        own_start=_superkmeans_start,
    ),
}


def load(module: str) -> Any:
    """Import a module, from the folder of the peers if it is nowhere else."""
    folder = sysconfig.get_path("purelib", vars={"base": str(PEERS.resolve()), "platbase": str(PEERS.resolve())})
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(module)


def missing(method: Method) -> str:
    """Return why a method cannot be timed; nothing if it can."""
    try:
        load(method.module)
    except (ImportError, OSError) as problem:
        return f"{type(problem).__name__}: {problem}".splitlines()[0]
    return ""


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what peers say about runs that were told to end, and about prototypes without patterns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="One of the clusters is empty")
        yield
