"""How far from its limit an online method stays: predicted from the noise of single patterns, and measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd

from kmeans_convergence.data import Dataset
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.optimizers.online import shuffled
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans.faces import find
from kmeans_convergence.starts import Streams, draw, streams
from kmeans_convergence.theory.rates import floor_of_draws, floor_of_epochs, modes, online_excess

ROWS = 2000
# The lowest end of batch K-means from this number of starts: from a poor one, noise would find better ones.
STARTS = 20
# The least number of runs, and of coordinates in all runs: with few coordinates there are more runs.
RUNS = 8
COORDINATES = 400
# Half-width of the kernel of the face terms.
WIDTH = 0.1
# Rates of online gradient; its cost is averaged over the later epochs.
RATES = (0.01, 0.1)
EPOCHS = 16
SETTLED = 8
# Epochs after which online K-means is measured, and which count from the one that it starts with.
LOOKS = (4, 32)


def drawn(n: int, rngs: Streams) -> np.ndarray:
    """Return the patterns of an epoch, drawn with replacement for each run, shape (R, n)."""
    return np.stack([rng.integers(n, size=n) for rng in rngs])


# How the patterns come: in epochs, the noise of those that come later makes up for that of those before.
SAMPLINGS: dict[str, Callable[[int, Streams], np.ndarray]] = {"draws": drawn, "epochs": shuffled}


def noise(dataset: Dataset, seed: int) -> pd.DataFrame:
    """Predict and measure by what share the cost of online methods exceeds their limit, near a minimum.

    The limit of a run is where batch K-means takes its last iterate.

    Returns
    -------
    DataFrame
        Columns dataset, family, patterns (n), clusters, optimizer, sampling ("draws" with replacement, "epochs" in a
        fresh order), setting (the rate of online gradient, the epochs of online K-means), measured, predicted,
        with_faces (the same with face terms; of online K-means on draws alone), left (share by which the mean limit is
        below the minimum where the runs began).
    """
    K, problem = dataset.clusters[0], QuantizationProblem(dataset.X)
    starts = draw(dataset.X, K, streams(seed, dataset.name, K, range(STARTS), "starts"))
    trace = minimize(problem, MajorizeMinimize(), starts, passes=math.inf)
    best = trace.cost[-1].argmin()
    w, limit = trace.w[best], trace.cost[-1, best]
    here = problem.evaluate(w[None])
    owners, counts = here.assignments[0], here.counts[0]
    scatter = np.bincount(owners, ((dataset.X - w[owners]) ** 2).sum(axis=1), minlength=K)
    curvatures, along, _ = modes(dataset.X, w, owners, find(dataset.X, w, owners, WIDTH))
    runs = max(RUNS, math.ceil(COORDINATES / w.size))
    begin = np.repeat(here.x, runs, axis=0)
    rows = []
    for sampling, sample in SAMPLINGS.items():
        rngs = partial(streams, seed, dataset.name, K, range(runs))
        orders = _orders(sample, problem.size, rngs(f"online k-means on {sampling}"))
        averaged, metric = begin, np.repeat(here.metric, runs, axis=0)
        for before, look in pairwise((1, *LOOKS)):
            for _ in range(look - before):
                averaged, metric = problem.sweep_counts(averaged, next(orders), metric)
            with_faces = frozen = 0.0
            if sampling == "draws":
                frozen = online_excess(np.ones_like(along), along, look) / limit
                with_faces = online_excess(curvatures, along, look) / limit
            row = {"optimizer": "online_kmeans", "sampling": sampling, "setting": look, "predicted": frozen}
            rows.append(row | {"with_faces": with_faces} | _excess(problem, [averaged], limit))
        for rate in RATES:
            orders = _orders(sample, problem.size, rngs(f"online gradient on {sampling}"))
            moving, later = begin, []
            for epoch in range(EPOCHS):
                moving = problem.sweep(moving, next(orders), rate)
                later += [moving] if epoch >= SETTLED else []
            frozen = floor_of_draws(rate) if sampling == "draws" else floor_of_epochs(counts, scatter, rate) / limit
            row = {"optimizer": "online_gradient", "sampling": sampling, "setting": rate, "predicted": frozen}
            rows.append(row | {"with_faces": math.nan} | _excess(problem, later, limit))
    about = {"dataset": dataset.name, "family": dataset.family or dataset.name, "patterns": problem.size, "clusters": K}
    return pd.DataFrame([about | row for row in rows])


def _orders(sample: Callable[[int, Streams], np.ndarray], n: int, rngs: Streams) -> Iterator[np.ndarray]:
    while True:
        yield sample(n, rngs)


def _excess(problem: QuantizationProblem, iterates: list[np.ndarray], limit: float) -> dict[str, float]:
    """Return the mean cost of iterates (R, P) above the limits of the last of them, as a share of `limit`."""
    costs = np.mean([problem.evaluate(x).cost for x in iterates])
    last = problem.unpack(iterates[-1])
    own = minimize(problem, MajorizeMinimize(), last, passes=math.inf).cost[-1].mean()
    return {"measured": float(costs - own) / limit, "left": 1 - own / limit}
