"""Lloyd's algorithm and methods that make it faster, until they are near their own limit: passes and seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from itertools import islice

import numpy as np
import pandas as pd

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.optimizers import MajorizeMinimize, OnlineKMeans, Optimizer, Switch, minimize
from kmeans_convergence.optimizers.accelerated import Anderson, OverRelaxation
from kmeans_convergence.optimizers.face_newton import FaceNewton
from kmeans_convergence.optimizers.quasi_newton import LBFGS
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import Streams, draw, stream, streams
from kmeans_convergence.studies.performance.run.measuring import say
from kmeans_convergence.studies.performance.run.shapes import mixture, pixels

# Excess over the own limit, relative.
LEVELS = (1e-2, 1e-3, 1e-5)
STARTS = 3
# No run needs more passes.
MOST = 2000

# L-BFGS gets its budget, because SciPy runs ahead of what it yields.
OPTIMIZERS: dict[str, Callable[[int], Optimizer]] = {
    "Lloyd": lambda passes: MajorizeMinimize(),
    "over-relaxed, 1.9": lambda passes: OverRelaxation(1.9),
    "Anderson": lambda passes: Anderson(),
    "L-BFGS": LBFGS,
    "online, then batch": lambda passes: Switch(OnlineKMeans(), 1, MajorizeMinimize()),
    "face terms": lambda passes: FaceNewton(),
}


def uniform(d: int) -> Callable[[np.random.Generator, int], np.ndarray]:
    """Return a maker of the uniform density on a cube."""
    return lambda rng, n: rng.random((n, d))


def normal(d: int) -> Callable[[np.random.Generator, int], np.ndarray]:
    """Return a maker of one Gaussian."""
    return lambda rng, n: rng.normal(size=(n, d))


# Name, maker, n, K; the last ones have clusters or few patterns near faces.
PROBLEMS: dict[str, tuple[Callable[[np.random.Generator, int], np.ndarray], int, int]] = {
    "uniform, 1-d": (uniform(1), 50_000, 20),
    "uniform, 2-d": (uniform(2), 50_000, 50),
    "Gaussian, 2-d": (normal(2), 100_000, 50),
    "Gaussian, 4-d": (normal(4), 50_000, 20),
    "Gaussian, 8-d": (normal(8), 20_000, 50),
    "pixels, 3-d": (pixels, 100_000, 32),
    "clusters, 2-d": (mixture(2, 10, spread=6.0), 100_000, 10),
    "clusters, 8-d": (mixture(8, 10, spread=6.0), 100_000, 10),
    "Gaussian, 16-d, few": (normal(16), 2000, 32),
}


def accelerate(name: str, seed: int, share: float, rounds: int) -> pd.DataFrame:
    """Measure passes and seconds to each level, for all optimizers and starts of a problem.

    Returns
    -------
    DataFrame
        One row for each optimizer, start and level: problem, n, d, K, optimizer, run, level, passes, seconds (minimum
        over rounds, in which the optimizers take turns), cost (of the limit, relative to that of Lloyd's algorithm).
        Measuring costs is outside the clock.
    """
    make, n, K = PROBLEMS[name]
    X = np.ascontiguousarray(make(stream(seed, name, "data"), max(4 * K, round(share * n))))
    X.flags.writeable = False
    starts = draw(np.unique(X, axis=0), K, streams(seed, name, K, range(STARTS), "performance"))
    rows, calls = [], {}
    for run in range(STARTS):
        start = starts[run : run + 1]
        for label, optimizer in OPTIMIZERS.items():
            orders = streams(seed, name, K, [run], "orders")
            trace = minimize(QuantizationProblem(X), optimizer(MOST), start, passes=MOST, rngs=orders)
            cost, passes = trace.cost[:, 0], trace.passes[:, 0]
            for level in LEVELS:
                steps = int(np.argmax(cost <= (1 + level) * cost[-1]))
                key = label, run, level
                rows.append(dict(zip(("optimizer", "run", "level"), key, strict=True)))
                rows[-1] |= {"passes": passes[steps], "limit": cost[-1]}
                calls[key] = optimizer(math.ceil(passes[steps])), start, steps
    seconds = dict.fromkeys(calls, math.inf)
    for _ in range(rounds):
        for key, (optimizer_, start, steps) in calls.items():
            spent = _seconds(X, optimizer_, start, steps, streams(seed, name, K, [key[1]], "orders"))
            seconds[key] = min(seconds[key], spent)
    table = pd.DataFrame(rows).assign(seconds=list(seconds.values()))
    lloyds = table[table["optimizer"] == "Lloyd"].groupby("run")["limit"].first()
    table["cost"] = table.pop("limit") / table["run"].map(lloyds)
    for place, (column, value) in enumerate({"problem": name, "n": len(X), "d": X.shape[1], "K": K}.items()):
        table.insert(place, column, value)
    say(f"{name}: measured")
    return table


def _seconds(X: np.ndarray, optimizer: Optimizer, start: np.ndarray, steps: int, rngs: Streams) -> float:
    """Return the time that it takes to yield a number of iterates."""
    began = time.perf_counter()
    problem = QuantizationProblem(X)
    for _ in islice(optimizer.iterates(CountingOracle(problem, 1), problem.pack(start), rngs), steps):
        pass
    return time.perf_counter() - began
