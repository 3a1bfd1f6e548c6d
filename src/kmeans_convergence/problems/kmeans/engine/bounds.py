"""A pass that remembers: bounds from earlier passes tell which patterns keep their prototype.

A prototype that has moved a little cannot have come nearer than by that move (the triangle inequality). So a pattern
keeps its owner as long as what the prototypes have moved since, added up, is less than the difference between the
second nearest and the nearest: one comparison, without a look at the pattern. This needs no more than the prototypes
before and after, so it serves every optimizer, and those that move slowly most. The choice of the nearest is the same
as without memory, ties included: a bound has to hold with a margin far above rounding.

A pattern that fails the comparison is looked at: its distance to its owner, the bound of the second nearest (Hamerly
2010) and half the gap of the owner to its nearest other (Elkan 2003) decide for most. With many features, bounds for
groups of prototypes (Elkan 2003: of one; Ding et al. 2015: of several), each spent by the moves of its own group alone,
leave a few distances for the others. Where too many are left, all distances are computed, as a pass without memory
does it.

The sum of a prototype in a block of patterns depends on nothing but its members there. It is kept, and made anew, in
the same order, when one has come or gone. The cost needs a distance for every pattern: it is computed when it is asked
for.
"""

from __future__ import annotations

import math

import numpy as np

from kmeans_convergence.problems.kmeans.engine import bound_kernels, kernels, passes

# One of so many patterns is looked at first; when this share of them has to be searched for, all patterns are, at once.
PROBE = 16
MOST = 0.6
# Bytes of patterns that are assigned and added up in one go.
CACHED = 2**22
# Bounds of groups shall last for so many passes, if prototypes go on moving as they do.
PASSES = 4
# Bytes of bounds of groups.
ROOM = 2**25
# Fewer distances than this for a run are faster without memory, and with few features fewer prototypes than `MANY`.
FEW_DISTANCES = 500_000
MANY = 32


def suits_memory(n: int, clusters: int, features: int) -> bool:
    """Say whether remembering pays."""
    return clusters > 1 and n * clusters > FEW_DISTANCES and (features > kernels.FEW_FEATURES or clusters >= MANY)


def count_groups(patterns: int, clusters: int, features: int) -> int:
    """Return the number of groups of prototypes with a bound of their own, for so many patterns of all runs.

    With few features, all distances are as fast as bounds. Else there is a group for each prototype, or for several if
    the bounds would take more than `ROOM`.
    """
    if features <= kernels.LANES:
        return 0
    size = math.ceil(clusters / max(1, min(ROOM // (4 * patterns), clusters)))
    return math.ceil(clusters / size)


class Memory:
    """What R runs on the patterns `X` remember from one pass to the next.

    Twelve bytes for a pattern, bounds of groups, and block sums.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    w : ndarray of shape (R, K, d)
        Prototypes of the first pass.
    screen : Screen
        For patterns with more than a few features.
    """

    def __init__(self, X: np.ndarray, w: np.ndarray, screen: passes.Screen) -> None:
        n, (runs, clusters, features) = len(X), w.shape
        self.shape = w.shape
        self._X = X
        self._screen = screen
        self._w = w
        self._own = np.zeros((runs, clusters))
        self._others = np.zeros((runs, clusters))
        self._owners = np.zeros((runs, n), dtype=np.int32)
        self._keys = np.zeros((runs, n), dtype=np.float32)
        groups = count_groups(runs * n, clusters, features)
        self._group = np.zeros((runs, groups))
        self._within = np.zeros((runs, clusters))
        self._lowers = np.zeros((runs, n), dtype=np.float32)
        self._group_lowers = np.zeros((runs, n, groups), dtype=np.float32)
        self._block = passes.block_size(clusters)
        blocks = math.ceil(n / self._block)
        self._changed = np.ones((runs, blocks, clusters), dtype=np.bool_)
        self._block_counts = np.zeros((runs, blocks, clusters))
        self._block_sums = np.zeros((runs, blocks, clusters, features))

    def run_pass(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """Return assignments (R, n), counts (R, K), sums (R, K, d) and how many distances were computed.

        Products in single precision count as distances.
        """
        runs, clusters, features = w.shape
        slack = np.zeros((runs, clusters))
        for r in range(runs):
            before = self._own[r] + self._others[r]
            bound_kernels.spend(w[r], self._w[r], *self._moves(r))
            if np.isfinite(self._own[r]).all():
                slack[r] = PASSES * (self._own[r] + self._others[r] - before)
            else:
                self._forget(r)
        self._w = w
        # the gaps cost K^2 distances, which a few patterns do not pay back
        worth = clusters**2 <= len(self._X)
        gaps = [bound_kernels.half_gaps(w[r]) if worth else np.zeros(clusters) for r in range(runs)]
        narrowed = None if features <= kernels.LANES else self._screen.narrow(w)
        computed: list[int] = []

        # patterns that have been assigned are still at hand when they are added up
        step = self._block * math.ceil(CACHED / (8 * features * self._block))

        def task(some: slice, first: int, last: int, _: np.ndarray, counts: np.ndarray, sums: np.ndarray) -> None:
            for place, r in enumerate(range(runs)[some]):
                blocks = self._changed[r], self._block_counts[r], self._block_sums[r]
                parts = counts[place, 0], sums[place, 0]
                wr = None if narrowed is None else narrowed[r]
                for begin in range(first, last, step):
                    end = min(begin + step, last)
                    computed.append(self._assign(r, begin, end, (gaps[r], slack[r]), wr))
                    bound_kernels.add_up(self._X, begin, end, self._block, self._owners[r], *blocks, *parts)

        _, counts, sums = passes.in_pieces(task, self._X, w, blas=narrowed is not None)
        return self._owners.copy(), counts, sums, sum(computed)

    def cost(self, w: np.ndarray, assignments: np.ndarray) -> np.ndarray:
        """Return the cost (R,) of prototypes with their assignments."""

        def task(some: slice, first: int, last: int, cost: np.ndarray, *_: np.ndarray) -> None:
            for place, r in enumerate(range(len(w))[some]):
                cost[place, 0] = bound_kernels.cost_of(self._X, w[r], first, last, self._block, assignments[r])

        return passes.in_pieces(task, self._X, w, blas=False)[0]

    def _assign(
        self, r: int, first: int, last: int, apart: tuple[np.ndarray, np.ndarray], narrowed: np.ndarray | None
    ) -> int:
        """Renew owners and bounds of some patterns of run `r`; return how many distances were computed.

        `apart` are the half gaps and the slack, each (K,), of `bound_kernels.look`.
        """
        X, w, owners = self._X, self._w[r], self._owners[r]
        moves, bounds = self._moves(r), (owners, self._keys[r], self._lowers[r])
        all_bounds = *moves, *bounds, self._group_lowers[r]
        rows = np.empty(last - first, dtype=np.int64)
        before = owners[first:last].copy()
        left, computed = bound_kernels.look(X, w, *apart, first, last, PROBE, *all_bounds, rows)
        if left > MOST * len(rows) / PROBE:
            rows = np.arange(first, last)
        else:
            left, more = bound_kernels.look(X, w, *apart, first, last, 1, *all_bounds, rows)
            rows, computed = rows[:left], computed + more
        if narrowed is not None:
            places = passes.screened(X, w[None], self._screen, narrowed[None], rows, owners[None])
            for _, some, scores, norms, errors in places:
                scaled = scores, norms, errors, X.shape[1], self._screen.scale
                bound_kernels.note_scores(*scaled, some, *all_bounds)
        elif X.shape[1] <= kernels.LANES:
            bound_kernels.assign_directly(X, w, rows, *moves[:2], *bounds)
        else:
            # a prototype is too far away for products in single precision
            owners[rows] = passes.run_pass_rows(X, w[None], rows[None])[0]
            self._keys[r, rows], self._lowers[r, rows], self._group_lowers[r, rows] = 0, 0, 0
        bound_kernels.mark(first, before, owners[first:last], self._block, self._changed[r])
        return int(computed + len(rows) * len(w))

    def _forget(self, r: int) -> None:
        """Forget all bounds of run `r`."""
        for moved in self._moves(r):
            moved[:] = 0
        self._keys[r], self._lowers[r], self._group_lowers[r] = 0, 0, 0

    def _moves(self, r: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return what the prototypes of run `r` have moved; see `bound_kernels.spend`."""
        return self._own[r], self._others[r], self._group[r], self._within[r]
