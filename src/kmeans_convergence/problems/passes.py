"""One pass over the data, cut into tasks for threads, by the scheme that suits its shape.

Patterns are cut into chunks by their number alone. A chunk is summed pattern by pattern and chunks are added in turn,
so that threads and blocks change no bit of the result; nor does the scheme, because the screened one only leaves out
distances that cannot be the least. The memory of a pass does not grow with n times K.

===============================  ==========================================================================
shape                            scheme
===============================  ==========================================================================
few features, or little data     `kernels.pass_directly`: direct distances; runs are spread over threads
many features or prototypes      products in single precision by BLAS rule out all but the nearest prototypes;
                                 direct distances in double precision decide among those that are left
===============================  ==========================================================================
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from kmeans_convergence.problems import kernels

# Patterns that are summed in one go; more when there are many, so that the partial sums stay few.
CHUNK = 8192
MOST_CHUNKS = 32

# Up to so many features direct distances are as fast as products.
FEW_FEATURES = 4
# Up to so many products n K d for a run, calls of BLAS cost more than they save.
FEW_PRODUCTS = 200_000
# Bytes of patterns and products that a thread has at hand.
WORKING_SET = 2**20

# Half a unit in the last place of single precision, relative.
ROUNDING = 2.0**-24
# Prototypes beyond this many times the size of the data are left to direct distances: their products may overflow.
FAR = 1e6


def threads() -> int:
    """Return the number of threads: OMP_NUM_THREADS where it is set, else that of the processors."""
    return int(os.environ.get("OMP_NUM_THREADS", 0)) or os.cpu_count() or 1


def chunks(n: int) -> list[tuple[int, int]]:
    """Return first and last + 1 of each chunk of n patterns."""
    size = max(CHUNK, math.ceil(n / MOST_CHUNKS))
    return [(first, min(first + size, n)) for first in range(0, n, size)]


class Screen:
    """Where the data lie, so that they can be rounded to single precision with a small error.

    Attributes
    ----------
    shift : ndarray of shape (d,)
        Mean of the patterns.
    scale : float
        Inverse of the largest distance of a feature from it.
    """

    def __init__(self, X: np.ndarray) -> None:
        blocks = [X[first:last] for first, last in chunks(len(X))]
        self.shift = sum(block.sum(axis=0, dtype=np.float64) for block in blocks) / len(X)
        size = max(float(np.abs(block - self.shift).max()) for block in blocks)
        self.scale = 1 / size if size > 0 and np.isfinite(1 / size) else 1.0

    def narrow(self, w: np.ndarray) -> np.ndarray | None:
        """Return prototypes shifted, scaled and rounded; None when one is so far away that products may overflow."""
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (w - self.shift) * self.scale
            return scaled.astype(np.float32) if np.abs(scaled).max() < FAR else None


def suits_screening(n: int, clusters: int, features: int) -> bool:
    """Say whether the screened scheme is the faster one."""
    return features > FEW_FEATURES and n * clusters * features > FEW_PRODUCTS


def run_pass(
    X: np.ndarray, w: np.ndarray, screen: Screen | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return assignments (R, n), cost (R,), counts (R, K) and sums (R, K, d).

    Parameters
    ----------
    X : ndarray of shape (n, d), float64 or float32, C-ordered
    w : ndarray of shape (R, K, d), float64, C-ordered
    screen : Screen, or None for direct distances
    """
    runs, clusters, features = w.shape
    pieces = chunks(len(X))
    assignments = np.empty((runs, len(X)), dtype=np.int32)
    cost = np.zeros((len(pieces), runs))
    counts = np.zeros((len(pieces), runs, clusters))
    sums = np.zeros((len(pieces), runs, clusters, features))

    narrowed = None if screen is None else screen.narrow(w)

    def task(piece: int, some: slice) -> None:
        parts = assignments[some], cost[piece, some], counts[piece, some], sums[piece, some]
        if screen is None or narrowed is None:
            kernels.pass_directly(X, w[some], *pieces[piece], *parts)
        else:
            _pass_screened(X, w[some], screen, narrowed[some], *pieces[piece], *parts)

    groups = _groups(runs, max(1, threads() // len(pieces)))
    _spread(task, [(piece, some) for some in groups for piece in range(len(pieces))], blas=narrowed is not None)
    return assignments, _in_turn(cost), _in_turn(counts), _in_turn(sums)


def run_pass_rows(
    X: np.ndarray, w: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return what `run_pass` does, by direct distances, for the patterns `rows` (R, m) of each run."""
    runs, clusters, features = w.shape
    assignments = np.empty(rows.shape, dtype=np.int32)
    cost, counts, sums = np.zeros(runs), np.zeros((runs, clusters)), np.zeros((runs, clusters, features))

    def task(some: slice) -> None:
        kernels.pass_rows(X, w[some], rows[some], assignments[some], cost[some], counts[some], sums[some])

    _spread(task, [(some,) for some in _groups(runs, threads())], blas=False)
    return assignments, cost, counts, sums


def _pass_screened(
    X: np.ndarray,
    w: np.ndarray,
    screen: Screen,
    narrowed_w: np.ndarray,
    first: int,
    last: int,
    assignments: np.ndarray,
    cost: np.ndarray,
    counts: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Do what `kernels.pass_directly` does, block by block; `narrowed_w` are the prototypes in single precision."""
    runs, clusters, features = w.shape
    rows = max(64, min(4096, WORKING_SET // (12 * features + 4 * clusters)))
    patterns = np.empty((rows, features), dtype=np.float32)
    norms = np.empty(rows, dtype=np.float32)
    products = np.empty((rows, clusters), dtype=np.float32)
    halves = 0.5 * (narrowed_w.astype(np.float64) ** 2).sum(axis=2)
    largest = np.sqrt(2 * halves.max(axis=1))
    halves = halves.astype(np.float32)
    for begin in range(first, last, rows):
        end = min(begin + rows, last)
        size = end - begin
        kernels.narrow(X, begin, screen.shift, screen.scale, patterns[:size], norms[:size])
        for r in range(runs):
            np.matmul(patterns[:size], narrowed_w[r].T, out=products[:size])
            errors = _errors(norms[:size], largest[r], features)
            kernels.assign_screened(X, w[r], products[:size], halves[r], errors, begin, assignments[r])
            kernels.accumulate(X, w[r], begin, end, assignments[r], cost[r : r + 1], counts[r], sums[r])


def _errors(norms: np.ndarray, largest: float, features: int) -> np.ndarray:
    r"""Return a bound of the error of a score for patterns with these norms, in single precision.

    A score :math:`\frac12\|w\|^2-x\cdot w` suffers from the rounding of x and w, of d products and their sum, in all at
    most :math:`u\,(d+3)\,(\|x\|+\|w\|)\,\|w\|` with :math:`u=2^{-24}` (Higham 2002, section 3.1); twice that allows for
    the rounding of the bound. The second term covers the rounding of the direct distances that screening stands for.
    """
    size = norms.astype(np.float64) + largest
    return ((features + 8) * size * (2 * ROUNDING * largest + 2.0**-50 * size) + 1e-30).astype(np.float32)


def _groups(runs: int, most: int) -> list[slice]:
    """Cut runs into at most so many groups of about the same size."""
    ends = np.linspace(0, runs, min(runs, most) + 1).astype(int)
    return [slice(int(a), int(b)) for a, b in pairwise(ends)]


def _in_turn(parts: np.ndarray) -> np.ndarray:
    """Add the parts of the chunks (C, ...) in turn."""
    total = parts[0]
    for part in parts[1:]:
        total += part
    return total


def _spread(function: Callable[..., None], tasks: list[tuple[Any, ...]], blas: bool) -> None:
    """Call a function for each task, on several threads if there are more than one of both; BLAS then has one each."""
    if threads() == 1 or len(tasks) == 1:
        for task in tasks:
            function(*task)
        return
    with _libraries().limit(limits=1, user_api="blas") if blas else nullcontext():
        list(_pool(threads()).map(lambda task: function(*task), tasks))


@cache
def _pool(size: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(size, thread_name_prefix="pass")


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()
