"""A pass that remembers: bounds from earlier passes tell which patterns keep their prototype.

The cost needs the distance of each pattern to its owner, at every iterate; what can be spared is the distances to all
the others. A prototype that has moved a little cannot have come nearer than by that move (the triangle inequality). So
a pattern keeps its owner as long as the second nearest was farther away than the owner is now, by more than what the
others have moved since (Hamerly 2010), or if its owner is nearer than half its gap to the nearest other (Elkan 2003).
This needs no more than the prototypes before and after, so it serves every optimizer, and those that move slowly most.
The choice of the nearest is the same as without memory, ties included: a bound has to hold with a margin far above
rounding.

With many features, bounds for groups of prototypes (Elkan 2003: of one; Ding et al. 2015: of several), each spent by
the moves of its own group alone, leave a few distances for the patterns that this leaves in doubt. Where too many are
left, all distances are computed, as a pass without memory does it.

The sum of a prototype in a block of patterns depends on nothing but its members there. It is kept, and made anew, in
the same order, when one has come or gone.

Each run has a memory of its own, so that some runs may make a pass, or end, and the others lose nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kmeans_convergence.problems.kmeans.engine import bound_kernels, kernels, passes
from kmeans_convergence.problems.patterns import frozen

# Bytes of patterns that are assigned and added up in one go.
CACHED = 2**22
# Bounds of groups shall last for this many passes, if prototypes go on moving as they do.
PASSES = 4
# Bytes of bounds of groups.
ROOM = 2**25
# Fewer distances than this for a run are faster without memory, and with few features fewer prototypes than `MANY`.
FEW_DISTANCES = 1_000_000
MANY = 64
# Bytes of bounds and sums of all runs, beside the bounds of groups.
LARGEST = 2**28


def suits_memory(n: int, runs: int, clusters: int, features: int) -> bool:
    """Say whether remembering pays, and what all runs remember is not too much."""
    many = n * clusters > FEW_DISTANCES and (features > kernels.FEW_FEATURES or clusters >= MANY)
    # at least `passes.PER_PROTOTYPE` patterns of a block for each of its sums
    numbers = runs * n * (1 + features / passes.PER_PROTOTYPE)
    return clusters > 1 and many and 8 * numbers <= LARGEST


def count_groups(patterns: int, clusters: int, features: int) -> int:
    """Return the number of groups of prototypes with a bound of their own, for the patterns of all runs.

    With few features, all distances are as fast as bounds. Else there is a group for each prototype, or for several if
    the bounds would take more than `ROOM`.
    """
    if features <= kernels.LANES:
        return 0
    size = math.ceil(clusters / max(1, min(ROOM // (4 * patterns), clusters)))
    return math.ceil(clusters / size)


class Memory:
    """What R runs on the patterns `X` remember from one pass to the next.

    Eight bytes for a pattern, bounds of groups, and block sums.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    shape : tuple of int
        R, K and d.
    screen : Screen, optional
        Needed for patterns with more features than `kernels.LANES`.
    """

    def __init__(self, X: np.ndarray, shape: tuple[int, int, int], screen: passes.Screen | None) -> None:
        n, (runs, clusters, features) = len(X), shape
        self._X = X
        self._screen = screen
        # nowhere: so the first move is no number, and there is nothing to remember
        self._w = np.full(shape, np.nan)
        groups = count_groups(runs * n, clusters, features)
        self._moves = np.zeros((runs, clusters)), np.zeros((runs, groups)), np.zeros((runs, clusters))
        owners, lowers = np.zeros((runs, n), dtype=np.int32), np.zeros((runs, n), dtype=np.float32)
        self._bounds = owners, lowers, np.zeros((runs, n, groups), dtype=np.float32)
        self._block = passes.block_size(clusters)
        per_block = runs, math.ceil(n / self._block), clusters
        self._blocks = np.ones(per_block, dtype=np.bool_), np.zeros(per_block), np.zeros((*per_block, features))

    def run_pass(self, w: np.ndarray, some: np.ndarray) -> tuple[passes.Sums, int]:
        """Return what `passes.run_pass` does for the runs of a mask (R,), and how many distances were computed.

        Products in single precision count as distances.
        """
        w = frozen(w)
        runs, features = np.flatnonzero(some).tolist(), w.shape[2]
        apart = [self._spend(r, w[place]) for place, r in enumerate(runs)]
        narrowed = None if self._screen is None else self._screen.narrow(w)
        computed: list[int] = []

        # patterns that have been assigned are still at hand when they are added up
        step = self._block * math.ceil(CACHED / (8 * features * self._block))

        def task(places: slice, first: int, last: int, cost: np.ndarray, counts: np.ndarray, sums: np.ndarray) -> None:
            mine = list(zip(range(len(runs))[places], cost[:, 0, None], counts[:, 0], sums[:, 0], strict=True))
            for begin in range(first, last, step):
                ends = begin, min(begin + step, last)
                for place, *parts in mine:
                    wr = None if narrowed is None else narrowed[place]
                    computed.append(self._pass_some(runs[place], *ends, w[place], wr, apart[place], parts))

        sums = passes.in_pieces(task, self._X, w, blas=narrowed is not None)
        return (self._bounds[0][some], *sums), sum(computed)

    def _spend(self, r: int, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Move the prototypes of run `r`; return half gaps and slack, see `bound_kernels.choose_open`."""
        moves = self._of(r, self._moves)
        nearer = bound_kernels.spend(w, self._w[r], *moves)
        if not np.isfinite(nearer + moves[0]).all():
            for forgotten in (*moves, *self._of(r, self._bounds)[1:]):
                forgotten[:] = 0
            nearer[:] = 0
        self._w[r] = w
        # the gaps cost K^2 distances, which a few patterns do not pay back
        worth = len(w) ** 2 <= len(self._X)
        return bound_kernels.half_gaps(w) if worth else np.zeros(len(w)), PASSES * nearer

    def _pass_some(
        self,
        r: int,
        first: int,
        last: int,
        w: np.ndarray,
        narrowed: np.ndarray | None,
        apart: tuple[np.ndarray, np.ndarray],
        parts: Sequence[np.ndarray],
    ) -> int:
        """Assign some patterns of run `r` and add them up in cost, counts and sums; return the distances computed."""
        X, moves, bounds, blocks = self._X, *(self._of(r, part) for part in (self._moves, self._bounds, self._blocks))
        if self._screen is None:
            return int(bound_kernels.pass_few(X, w, first, last, self._block, apart, moves, bounds, blocks, *parts))
        owners, lowers, group_lowers = bounds
        before = owners[first:last].copy()
        squares, rows = np.empty(last - first), np.empty(last - first, dtype=np.int64)
        left, computed = bound_kernels.choose_open(X, w, first, last, apart, moves, bounds, squares, rows)
        rows = rows[:left]
        if self._screen is not None and narrowed is not None:
            places = passes.screened(X, w[None], self._screen, narrowed[None], rows, owners[None])
            for _, some, scores, norms, errors in places:
                scaled = scores, norms, errors, X.shape[1], self._screen.scale
                bound_kernels.note_scores(*scaled, some, moves, bounds)
        else:
            # a prototype is too far away for products in single precision
            owners[rows] = passes.run_pass_rows(X, w[None], rows[None])[0]
            lowers[rows], group_lowers[rows] = 0, 0
        bound_kernels.add_up(X, w, first, last, self._block, before, owners, rows, squares, blocks, *parts)
        return int(computed + left * len(w))

    @staticmethod
    def _of(r: int, arrays: tuple[np.ndarray, np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the parts of arrays (R, ...) that belong to run `r`."""
        one, other, third = arrays
        return one[r], other[r], third[r]
