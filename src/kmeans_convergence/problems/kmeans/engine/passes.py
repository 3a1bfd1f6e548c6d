"""One pass over the data, cut into tasks for threads, by the scheme that suits its shape.

Patterns are cut into chunks and blocks by their number and that of the prototypes alone. A block is summed pattern by
pattern, and blocks and chunks are added in turn, so that threads change no bit of the result; nor does the scheme,
because the screened one only leaves out distances that cannot be the least. The memory of a pass does not grow with n
times K.

===============================  ==========================================================================
shape                            scheme
===============================  ==========================================================================
few features, or little data     `kernels.pass_directly`: direct distances; runs are spread over threads
any, with the second nearest     the same, which tracks two prototypes for each pattern: on request
many features or prototypes      `screened`: products in single precision by BLAS rule out all but the nearest
                                 prototypes; direct distances in double precision decide among those left
many patterns, pass after pass   `bounds.Memory`, of an evaluator: bounds from earlier passes rule out most others
rows of each run's own           `run_pass_rows`: mini-batches, directly or screened
===============================  ==========================================================================
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController

from kmeans_convergence import exact
from kmeans_convergence.patterns import pieces
from kmeans_convergence.problems.kmeans.engine import kernels
from kmeans_convergence.problems.patterns import frozen

# Patterns that a task is given, at least; more when there are many, so that the tasks stay few.
CHUNK = 8192
MOST_CHUNKS = 32
# A block has this many patterns for each prototype, so that closing its sums costs little.
PER_PROTOTYPE = 8

# Up to this many products n K d for a run, calls of BLAS cost more than they save.
FEW_PRODUCTS = 200_000
# Nor with so few features that a distance is computed in registers, unless there are more prototypes than this.
MANY_PROTOTYPES = 64
# Up to this many products in all, threads cost more than they save.
SERIAL = 500_000
# Bytes of patterns and products that a thread has at hand.
WORKING_SET = 2**20

# Half a unit in the last place of single precision, relative.
ROUNDING = 2.0**-24
# Prototypes beyond this many times the size of the data are left to direct distances: their products may overflow.
FAR = 1e6


def threads() -> int:
    """Return the number of threads: the first of OMP_NUM_THREADS if it is one, else that of the processors."""
    try:
        asked = int(os.environ.get("OMP_NUM_THREADS", "").split(",")[0])
    except ValueError:
        asked = 0
    return asked if asked > 0 else os.cpu_count() or 1


@cache
def block_size(clusters: int) -> int:
    """Return the number of patterns whose sums are closed together: `kernels.BLOCK` times a power of two."""
    return int(kernels.BLOCK * 2 ** max(0, math.ceil(math.log2(PER_PROTOTYPE * clusters / kernels.BLOCK))))


@cache
def chunks(n: int, block: int) -> tuple[tuple[int, int], ...]:
    """Return first and last + 1 of each chunk of n patterns, of about equal size and a whole number of blocks."""
    most = max(CHUNK, n / MOST_CHUNKS)
    size = block * math.ceil(n / math.ceil(n / most) / block)
    return tuple((first, min(first + size, n)) for first in range(0, n, size))


class Screen:
    """Where the data lie, so that they can be rounded to single precision with a small error.

    Parameters
    ----------
    shift, least, most : ndarray of shape (d,), float64
        Mean of the patterns, and the least and the largest values of their features.

    Attributes
    ----------
    shift : ndarray of shape (d,)
        Mean of the patterns.
    scale : float
        Inverse of the largest distance of a feature from it.
    """

    def __init__(self, shift: np.ndarray, least: np.ndarray, most: np.ndarray) -> None:
        self.shift = shift
        size = float(np.abs(np.stack([least, most]) - shift).max())
        self.scale = 1 / size if size > 0 and np.isfinite(1 / size) else 1.0

    @classmethod
    def of(cls, X: np.ndarray) -> Screen:
        """Return the screen of patterns (n, d)."""
        return cls(sum(part.sum(axis=0, dtype=np.float64) for _, part in pieces(X)) / len(X), *exact.ends(X))

    def narrow(self, w: np.ndarray) -> np.ndarray | None:
        """Return prototypes shifted, scaled and rounded; None when one is so far away that products may overflow."""
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (w - self.shift) * self.scale
            return scaled.astype(np.float32) if np.abs(scaled).max() < FAR else None


def suits_screening(n: int, clusters: int, features: int) -> bool:
    """Say whether the screened scheme is the faster one."""
    registers = features <= kernels.FEW_FEATURES or (features <= kernels.LANES and clusters <= MANY_PROTOTYPES)
    return not registers and n * clusters * features > FEW_PRODUCTS


# Assignments (R, n), cost (R,), counts (R, K) and sums (R, K, d).
Sums = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


class SecondNearest(NamedTuple):
    """The second nearest prototypes of R runs.

    Attributes
    ----------
    prototypes : ndarray of shape (R, n), int32
    gaps : ndarray of shape (R, n)
        By how much their squared distances are larger than those of the nearest; infinite or NaN if there is no second.
    """

    prototypes: np.ndarray
    gaps: np.ndarray

    @classmethod
    def room(cls, runs: int, n: int) -> SecondNearest:
        """Return arrays to be filled; without patterns, that nothing is to be filled in."""
        return cls(np.zeros((runs, n), dtype=np.int32), np.zeros((runs, n)))


def run_pass(X: np.ndarray, w: np.ndarray, screen: Screen | None, second_nearest: SecondNearest | None = None) -> Sums:
    """Return assignments (R, n), cost (R,), counts (R, K) and sums (R, K, d).

    Parameters
    ----------
    X : ndarray of shape (n, d), float64 or float32, C-ordered
    w : ndarray of shape (R, K, d), float64, C-ordered
    screen : Screen, or None for direct distances
    second_nearest : SecondNearest, optional
        Is filled in by direct distances.
    """
    X, w = frozen(X), frozen(w)
    assignments = np.empty((len(w), len(X)), dtype=np.int32)
    others, gaps = SecondNearest.room(len(w), 0) if second_nearest is None else second_nearest
    narrowed = None if screen is None else screen.narrow(w)
    block = block_size(w.shape[1])

    def task(some: slice, first: int, last: int, cost: np.ndarray, counts: np.ndarray, sums: np.ndarray) -> None:
        if screen is None or narrowed is None:
            found = assignments[some], others[some], gaps[some]
            kernels.pass_directly(X, w[some], first, last, block, *found, cost, counts, sums)
            return
        rows = np.arange(first, last)
        for r, handled, *_ in screened(X, w[some], screen, narrowed[some], rows, assignments[some]):
            ends = first, last, handled[0], handled[-1] + 1
            kernels.accumulate(X, w[some][r], *ends, block, assignments[some][r], cost[r], counts[r], sums[r])

    return assignments, *in_pieces(task, X, w, blas=narrowed is not None)


def weigh(X: np.ndarray, weights: np.ndarray, w: np.ndarray, assignments: np.ndarray) -> Sums:
    """Return what a pass finds where patterns have weights (n,), given the assignments (R, n): those of any pass."""
    X, weights, w, owners = frozen(X), frozen(weights), frozen(w), frozen(assignments)
    block = block_size(w.shape[1])

    def task(some: slice, first: int, last: int, cost: np.ndarray, counts: np.ndarray, sums: np.ndarray) -> None:
        for wr, mine, *found in zip(w[some], owners[some], cost, counts, sums, strict=True):
            kernels.accumulate_weighted(X, weights, wr, first, last, block, mine, *found)

    return assignments, *in_pieces(task, X, w, blas=False)


def in_pieces(
    task: Callable[..., None], X: np.ndarray, w: np.ndarray, blas: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Let threads work on chunks of patterns and groups of runs, and add up what they find, chunk after chunk.

    Parameters
    ----------
    task : callable
        Called as task(runs, first, last, cost, counts, sums) for a slice of the R runs and the patterns from `first` to
        before `last`; the three arrays are those of `kernels.pass_directly` for the runs of the slice.
    blas : bool
        Whether tasks call BLAS.

    Returns
    -------
    cost (R,), counts (R, K) and sums (R, K, d)
    """
    runs, clusters, features = w.shape
    parts = chunks(len(X), block_size(clusters))
    cost = np.zeros((len(parts), runs, 2))
    counts = np.zeros((len(parts), runs, 2, clusters))
    sums = np.zeros((len(parts), runs, 2, clusters, features))
    groups = _groups(runs, max(1, threads() // len(parts)))
    tasks = [
        (some, *ends, cost[part, some], counts[part, some], sums[part, some])
        for some in groups
        for part, ends in enumerate(parts)
    ]
    _spread(task, tasks, blas, runs * len(X) * clusters * features)
    return _in_turn(cost[:, :, 0]), _in_turn(counts[:, :, 0]), _in_turn(sums[:, :, 0])


def run_pass_rows(X: np.ndarray, w: np.ndarray, rows: np.ndarray) -> Sums:
    """Return what `run_pass` does, by direct distances, for the patterns `rows` (R, m) of each run."""
    X, w, rows = frozen(X), frozen(w), np.ascontiguousarray(rows)
    runs, clusters, features = w.shape
    block, assignments = block_size(clusters), np.empty(rows.shape, dtype=np.int32)
    cost, counts, sums = np.zeros((runs, 2)), np.zeros((runs, 2, clusters)), np.zeros((runs, 2, clusters, features))

    def task(some: slice) -> None:
        kernels.pass_rows(X, w[some], rows[some], block, assignments[some], cost[some], counts[some], sums[some])

    over_runs(task, runs, rows.size * clusters * features)
    return assignments, cost[:, 0], counts[:, 0], sums[:, 0]


def over_runs(task: Callable[[slice], None], runs: int, products: int) -> None:
    """Let threads work on groups of runs, each with the slice of its own; `products` says how much work it is."""
    _spread(task, [(some,) for some in _groups(runs, threads())], blas=False, products=products)


def screened(
    X: np.ndarray, w: np.ndarray, screen: Screen, narrowed_w: np.ndarray, rows: np.ndarray, assignments: np.ndarray
) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Assign patterns with the help of products in single precision, some at a time.

    Parameters
    ----------
    narrowed_w : ndarray of shape (R, K, d)
        `w` in single precision.
    rows : ndarray of shape (m,), int64
        The patterns to assign.
    assignments : ndarray of shape (R, n), out

    Yields
    ------
    run : int
    some : ndarray of int64
        The patterns that have just been assigned.
    scores, norms, errors
        See `kernels.assign_screened`; overwritten by the next ones.
    """
    X, w = frozen(X), frozen(w)
    runs, clusters, features = w.shape
    size = max(64, min(WORKING_SET // (12 * features + 4 * clusters), 4096, len(rows)))
    patterns = np.empty((size, features), dtype=np.float32)
    norms = np.empty(size, dtype=np.float32)
    products = np.empty((size, clusters), dtype=np.float32)
    halves = 0.5 * (narrowed_w.astype(np.float64) ** 2).sum(axis=2)
    largest = np.sqrt(2 * halves.max(axis=1))
    halves = halves.astype(np.float32)
    for begin in range(0, len(rows), size):
        some = rows[begin : begin + size]
        m = len(some)
        kernels.narrow(X, some, screen.shift, screen.scale, patterns[:m], norms[:m])
        for r in range(runs):
            np.matmul(patterns[:m], narrowed_w[r].T, out=products[:m])
            errors = _errors(norms[:m], largest[r], features)
            kernels.assign_screened(X, w[r], products[:m], halves[r], errors, some, assignments[r])
            yield r, some, products[:m], norms[:m], errors


def _errors(norms: np.ndarray, largest: float, features: int) -> np.ndarray:
    r"""Return a bound of the error of a score for patterns with these norms, in single precision.

    A score :math:`\frac12\|w\|^2-x\cdot w` suffers from the rounding of x and w, of d products and their sum, in all at
    most :math:`u\,(d+3)\,(\|x\|+\|w\|)\,\|w\|` with :math:`u=2^{-24}` (Higham 2002, section 3.1); twice that allows for
    the rounding of the bound. The second term covers the rounding of the direct distances that screening stands for.
    """
    size = norms.astype(np.float64) + largest
    return ((features + 8) * size * (2 * ROUNDING * largest + 2.0**-50 * size) + 1e-30).astype(np.float32)


def _groups(runs: int, most: int) -> list[slice]:
    """Cut runs into groups, at most a given number, of about the same size."""
    if most == 1:
        return [slice(0, runs)]
    ends = np.linspace(0, runs, min(runs, most) + 1).astype(int)
    return [slice(int(a), int(b)) for a, b in pairwise(ends)]


def _in_turn(parts: np.ndarray) -> np.ndarray:
    """Add parts (C, ...) in turn."""
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total


def _spread(function: Callable[..., None], tasks: list[tuple[Any, ...]], blas: bool, products: int) -> None:
    """Call a function for each task, on several threads if that pays; BLAS then has one each."""
    remaining = iter(tasks)

    def work() -> None:
        for task in remaining:
            function(*task)

    helpers = 0 if products <= SERIAL else min(threads(), len(tasks)) - 1
    if helpers == 0:
        work()
        return
    with _libraries().limit(limits=1, user_api="blas") if blas else nullcontext():
        # this thread works, too: it need not wait until others are awake
        others = [_pool(threads() - 1).submit(work) for _ in range(helpers)]
        work()
        for other in others:
            other.result()


@cache
def _pool(size: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(size, thread_name_prefix="pass")


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()
