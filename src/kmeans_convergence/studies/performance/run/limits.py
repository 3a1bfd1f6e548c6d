"""The machine's own limits: a matrix product of the same size, and how fast memory can be read and written."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

# Bytes to copy: far more than any cache holds.
COPIED = 2**28


def product(X: np.ndarray, w: np.ndarray) -> Callable[[], object]:
    """Return a call that multiplies the data (n, d) by all prototypes (R, K, d), into memory that is there already."""
    flat = np.ascontiguousarray(w.reshape(-1, w.shape[2]), dtype=X.dtype)
    out = np.zeros((len(X), len(flat)), dtype=X.dtype)
    return partial(np.matmul, X, flat.T, out=out)


class Copy:
    """Copies an array with a number of threads; reading and writing count alike."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads)
        self._from = np.array_split(np.ones(COPIED // 8), threads)
        self._to = [np.zeros_like(part) for part in self._from]

    def __call__(self) -> None:
        """Copy all of it once."""
        list(self._pool.map(np.copyto, self._to, self._from))

    @staticmethod
    def bandwidth(seconds: float) -> float:
        """Return bytes per second of a copy that took so long."""
        return 2 * COPIED / seconds
