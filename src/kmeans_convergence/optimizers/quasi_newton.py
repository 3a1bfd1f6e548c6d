"""SciPy's L-BFGS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from kmeans_convergence.optimizers.metering import MeteredProblem
from kmeans_convergence.starts import Streams


@dataclass(frozen=True)
class LBFGS:
    """L-BFGS (Liu and Nocedal 1989) as SciPy has it, with its default memory and line search, to rounding errors.

    SciPy goes on until the cost falls no more, or until its line search fails at a kink of the cost, where assignments
    change. From there on batch K-means takes over: it can only stop where the gradient vanishes. SciPy's first step has
    the length 1; for this to mean something, lengths are measured in standard deviations of a feature.

    Attributes
    ----------
    passes : float
        The budget: SciPy is stopped by then.
    """

    passes: float = 100.0

    memoryless = False

    def iterates(self, problem: MeteredProblem, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the iterates of all runs side by side, each at the price of the evaluations that it took."""
        # on one thread: its vectors are short, and its sums must not depend on how they are cut
        with threadpool_limits(1, user_api="blas"):
            paths = [self._path(problem.apart(), start, problem.deviation or 1.0) for start in starts]
        w = starts
        for step in range(max(map(len, paths))):
            going = np.array([step < len(path) for path in paths])
            problem.charge(
                np.array([path[step][1] if go else problem.n for path, go in zip(paths, going, strict=True)])
            )
            # the loop has measured w: what batch K-means makes of it is known
            means = w if going.all() else problem.measure(w).minimizer
            w = np.stack([path[step][0] if go else m for path, go, m in zip(paths, going, means, strict=True)])
            yield w
        while True:
            w = problem.evaluate(w).minimizer
            yield w

    def _path(self, problem: MeteredProblem, start: np.ndarray, unit: float) -> list[tuple[np.ndarray, int]]:
        """Return each iterate of a run (K, d) with the number of patterns touched since the one before."""
        path: list[tuple[np.ndarray, int]] = []
        paid = 0

        def value_and_gradient(x: np.ndarray) -> tuple[float, np.ndarray]:
            evaluation = problem.evaluate(unit * x.reshape(1, *start.shape))
            return float(evaluation.cost[0]) / unit**2, evaluation.gradient.ravel() / unit

        def record(x: np.ndarray) -> None:
            nonlocal paid
            touched = int(problem.touched[0])
            path.append((unit * x.reshape(start.shape), touched - paid))
            paid = touched

        result = minimize(
            value_and_gradient,
            start.ravel() / unit,
            jac=True,
            method="L-BFGS-B",
            callback=record,
            options={"ftol": 1e-15, "gtol": 0, "maxfun": int(self.passes), "maxiter": int(self.passes)},
        )
        if problem.touched[0] > paid:
            # the trials of a line search that failed
            record(result.x)
        return path
