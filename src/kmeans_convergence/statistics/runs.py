"""The results of an experiment as arrays, one row for each run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Runs:
    """Costs of all methods over the same runs.

    Attributes
    ----------
    cost : dict of ndarray of shape (R, T + 1)
        E_t of each method, run and epoch.
    limit : dict of ndarray of shape (R,)
        E_infinity of each method and run.
    """

    cost: dict[str, np.ndarray]
    limit: dict[str, np.ndarray]

    @classmethod
    def of(cls, trace: pd.DataFrame, limits: pd.DataFrame) -> Runs:
        """Arrange the two tables of an experiment."""
        return cls(
            cost={
                str(key): rows.pivot(index="run", columns="epoch", values="cost").to_numpy()
                for key, rows in trace.groupby("optimizer", sort=False)
            },
            limit={
                str(key): rows.sort_values("run")["limit"].to_numpy()
                for key, rows in limits.groupby("optimizer", sort=False)
            },
        )

    @classmethod
    def read(cls, trace: Path, limits: Path) -> Runs:
        """Read the two tables that an experiment writes."""
        return cls.of(pd.read_csv(trace), pd.read_csv(limits))

    def __len__(self) -> int:
        return len(next(iter(self.limit.values())))

    def first(self, runs: int) -> Runs:
        """Return the first of the runs."""
        return Runs(
            cost={key: cost[:runs] for key, cost in self.cost.items()},
            limit={key: limit[:runs] for key, limit in self.limit.items()},
        )

    def residual(self, method: str) -> np.ndarray:
        """Return E_t - E_infinity of each run, shape (R, T + 1)."""
        return self.cost[method] - self.limit[method][:, None]

    def convergence_epoch(self, method: str) -> np.ndarray:
        """Return the first epoch from which each run has its E_infinity exactly, shape (R,); T + 1 if none."""
        away = self.cost[method] != self.limit[method][:, None]
        return np.where(away.any(axis=1), away.shape[1] - away[:, ::-1].argmax(axis=1), 0)
