"""SciPy's L-BFGS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.optimizers.base import General
from kmeans_convergence.starts import Streams


@dataclass(frozen=True)
class LBFGS(General):
    """L-BFGS (Liu and Nocedal 1989) as SciPy has it, with its default memory and line search, to rounding errors.

    SciPy goes on until the cost falls no more, or until its line search fails at a kink of the cost. From there on the
    alternation takes over: it can only stop where the gradient vanishes. SciPy's first step has the length 1; for this
    to mean something, lengths are measured in the problem's typical length, and the cost in its square, times the mean
    curvature of a term.

    Attributes
    ----------
    passes : float
        The budget: SciPy is stopped by then.
    """

    passes: float = 100.0

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the iterates of all runs side by side, each at the price of the evaluations that it took."""
        # on one thread: its vectors are short, and its sums must not depend on how they are cut
        with threadpool_limits(1, user_api="blas"):
            paths = [self._path(problem.single_run(r), start, problem.length or 1.0) for r, start in enumerate(starts)]
        x = starts
        for step in range(max(map(len, paths))):
            going = np.array([step < len(path) for path in paths])
            problem.charge(
                np.array([path[step][1] if go else problem.size for path, go in zip(paths, going, strict=True)])
            )
            # the loop has measured x: its image is known
            images = x if going.all() else problem.measure(x).image
            x = np.stack([path[step][0] if go else image for path, go, image in zip(paths, going, images, strict=True)])
            yield x
        while True:
            x = problem.evaluate(x).image
            yield x

    def _path(self, problem: CountingOracle, start: np.ndarray, unit: float) -> list[tuple[np.ndarray, int]]:
        """Return each iterate of a run (P,) with the work since the one before."""
        path: list[tuple[np.ndarray, int]] = []
        paid, weight = 0, problem.term_curvature.mean

        def value_and_gradient(x: np.ndarray) -> tuple[float, np.ndarray]:
            evaluation = problem.evaluate(unit * x[None])
            return float(evaluation.cost[0]) / unit**2 / weight, evaluation.gradient[0] / unit / weight

        def record(x: np.ndarray) -> None:
            nonlocal paid
            charged = int(problem.charged[0])
            path.append((unit * x, charged - paid))
            paid = charged

        result = minimize(
            value_and_gradient,
            start / unit,
            jac=True,
            method="L-BFGS-B",
            callback=record,
            options={"ftol": 1e-15, "gtol": 0, "maxfun": int(self.passes), "maxiter": int(self.passes)},
        )
        if problem.charged[0] > paid:
            # the trials of a line search that failed
            record(result.x)
        return path
