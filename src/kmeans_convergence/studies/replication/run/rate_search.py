"""Is the gradient rate of the paper, 0.03/t, the best one? A search on starts of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kmeans_convergence.data import Dataset
from kmeans_convergence.optimizers import MajorizeMinimize, Rate, minimize
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams
from kmeans_convergence.studies.replication.run.experiment import Protocol
from kmeans_convergence.studies.replication.run.methods import METHODS

GRADIENT_METHODS = ("online_gradient", "batch_gradient")


@dataclass(frozen=True)
class RateGrid:
    """Initial rates to try: `points` of them, evenly spaced in the logarithm, both ends included."""

    smallest: float
    largest: float
    points: int

    def values(self) -> np.ndarray:
        """Return the rates, ascending."""
        return np.geomspace(self.smallest, self.largest, self.points)


def search(dataset: Dataset, protocol: Protocol, grid: RateGrid, runs: int) -> pd.DataFrame:
    """Run both gradient methods with each rate of the grid, decaying like 1/t and constant.

    The starts and orders come from streams of their own: the rate is not tuned on the runs that judge it.

    Returns
    -------
    DataFrame
        One row for each method, schedule, rate and run: `cost` after the last epoch, `limit` after the polish.
    """
    K = protocol.clusters
    problem = QuantizationProblem(dataset.X)
    starts = draw(dataset.X, K, streams(protocol.seed, dataset.name, K, range(runs), "tuning starts"))
    rows = []
    for key in GRADIENT_METHODS:
        for decays in (True, False):
            for initial in grid.values():
                trace = minimize(
                    problem,
                    METHODS[key].optimizer(Rate(initial, decays)),
                    starts,
                    epochs=protocol.epochs,
                    rngs=streams(protocol.seed, dataset.name, K, range(runs), "tuning order"),
                )
                polished = minimize(problem, MajorizeMinimize(), trace.w, epochs=protocol.polish_epochs)
                rows.append(
                    pd.DataFrame(
                        {
                            "optimizer": key,
                            "decays": decays,
                            "rate": initial,
                            "run": np.arange(runs),
                            "cost": trace.cost[-1],
                            "limit": polished.cost[-1],
                        }
                    )
                )
    return pd.concat(rows, ignore_index=True)
