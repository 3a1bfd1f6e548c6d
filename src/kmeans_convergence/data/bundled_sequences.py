"""Sequences in time that ship inside statsmodels, as hidden Markov models see them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kmeans_convergence.data.bundled_tables import statsmodels_table


def _columns(table: str, *names: str) -> np.ndarray:
    return statsmodels_table(table)[list(names)].to_numpy(dtype=np.float64)


def _growth() -> np.ndarray:
    """Growth of product, consumption and investment of the United States, in per cent a quarter."""
    return 100 * np.diff(np.log(_columns("macrodata", "realgdp", "realcons", "realinv")), axis=0)


def _elnino() -> np.ndarray:
    """Monthly temperatures of the sea less the mean of their month, in degrees Celsius."""
    years = statsmodels_table("elnino").drop(columns="YEAR").to_numpy(dtype=np.float64)
    return (years - years.mean(axis=0)).reshape(-1, 1)


# Observations (T, d) in their order.
SEQUENCES: dict[str, Callable[[], np.ndarray]] = {
    "sunspots": lambda: _columns("sunspots", "SUNACTIVITY"),
    "nile": lambda: _columns("nile", "volume"),
    "growth": _growth,
    "unemployment": lambda: _columns("macrodata", "unemp"),
    "interest_inflation": lambda: _columns("interest_inflation", "Dp", "R"),
    "elnino": _elnino,
}
