"""Samples of runs, and averages over them: the uncertainty of everything that is an average over runs."""

from __future__ import annotations

import numpy as np

from kmeans_convergence.starts import stream


def identity(runs: int) -> np.ndarray:
    """Return the sample that is all runs, shape (1, R)."""
    return np.arange(runs)[None]


def samples(runs: int, size: int, repeats: int, seed: int) -> np.ndarray:
    """Return `repeats` samples of `size` runs with replacement, shape (B, size).

    With `size` = R this is the bootstrap; with the paper's 20 it is the spread of what the paper could have seen.
    """
    return stream(seed, "resampling", runs, size).integers(runs, size=(repeats, size))


def averages(sample: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the average of `values` (R, ...) over each sample (B, m), shape (B, ...)."""
    repeats, size = sample.shape
    cells = sample + len(values) * np.arange(repeats)[:, None]
    times = np.bincount(cells.ravel(), minlength=repeats * len(values)).reshape(repeats, len(values))
    flat = times @ values.reshape(len(values), -1) / size
    return np.asarray(flat.reshape(len(sample), *values.shape[1:]))


def interval(draws: np.ndarray, level: float = 0.95) -> np.ndarray:
    """Return the central interval of `draws` (B, ...), shape (2, ...)."""
    return np.asarray(np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0))
