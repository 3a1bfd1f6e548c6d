"""Cost of one Lloyd iteration on Iris for each start: a batch of starts here, one start at a time in scikit-learn.

Both do the same iterations from the same starts, in turns and with one thread, so that a change of the machine's mood
meets both. A timing is no test: nothing here fails.
"""

import os

for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{library}_NUM_THREADS"] = "1"

import statistics
import time
import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from kmeans_convergence.data.bundled import iris
from kmeans_convergence.optimizers import MajorizeMinimize
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams

STARTS, K, ITERATIONS, ROUNDS, SLOW_STARTS = 1000, 6, 10, 9, 50


def batched(problem: QuantizationProblem, starts: np.ndarray) -> float:
    """Return the seconds of one iteration for each start, all starts at once."""
    begin, w, rule = time.perf_counter(), starts, MajorizeMinimize()
    for epoch in range(ITERATIONS):
        w = rule.step(problem.evaluate(w), epoch)
    return (time.perf_counter() - begin) / ITERATIONS / len(starts)


def one_by_one(X: np.ndarray, starts: np.ndarray) -> float:
    """Return the same for scikit-learn."""
    iterations, begin = 0, time.perf_counter()
    for start in starts[:SLOW_STARTS]:
        fitted = KMeans(K, init=start, n_init=1, max_iter=ITERATIONS, tol=0, algorithm="lloyd").fit(X)
        iterations += fitted.n_iter_
    return (time.perf_counter() - begin) / iterations


def main() -> None:
    """Print the medians over rounds, and the median ratio within a round."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, _ = iris()
    problem = QuantizationProblem(X)
    starts = draw(X, K, streams(1995, "iris", K, range(STARTS), "benchmark"))
    batched(problem, starts), one_by_one(X, starts)  # compile, and warm up
    rounds = [(batched(problem, starts), one_by_one(X, starts)) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(column) * 1e6 for column in zip(*rounds, strict=True))
    ratio = statistics.median(slow / fast for fast, slow in rounds)
    print(f"Lloyd iteration on Iris, {K} prototypes, one thread, median of {ROUNDS} rounds, for each start:")
    print(f"  {STARTS} starts at once    {ours:8.2f} µs")
    print(f"  scikit-learn, one by one {theirs:8.2f} µs   {ratio:.0f} times as long")


if __name__ == "__main__":
    main()
