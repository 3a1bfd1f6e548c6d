"""A pass that remembers: bounds from earlier passes tell which patterns keep their prototype.

A prototype that has moved a little cannot have come nearer than by that move (the triangle inequality). So a pattern
keeps its owner as long as what the prototypes have moved since, added up, is less than the difference between the second
nearest and the nearest: one comparison, without a look at the pattern. This needs no more than the prototypes before and
after, so it serves every optimizer, and those that move slowly most. The choice of the nearest is the same as without
memory, ties included: a bound has to hold with a margin far above rounding.

A pattern that fails the comparison is looked at: bounds for groups of prototypes (Ding et al. 2015, "Yinyang k-means"),
relative to the pass in which they were found, so that a prototype that wanders does not wear them out (Newling and
Fleuret 2016, "ns-bounds"), and half the gap to the nearest other prototype (Elkan 2003) tell which distances to compute.

The sums of a block of patterns depend on nothing but its assignments. They are kept, and made anew, in the same order,
where an assignment has changed. The cost needs a distance for every pattern: it is computed when it is asked for.
"""

from __future__ import annotations

import math

import numpy as np

from kmeans_convergence.problems import bound_kernels, kernels, passes

# Prototypes that share a bound; fewer groups where the memory would not do.
GROUP = 8
# Bytes of a run's bounds: the larger of a fixed amount and so many for each pattern.
MEMORY = 2**26
MEMORY_PER_PATTERN = 24
# Earlier passes to which bounds may refer.
PASSES = 16
# Of so many patterns one is tried, to see what share has to be searched for; above this share all distances are faster.
SAMPLE = 16
MOST_SEARCHED = 0.2
# Fewer distances than this for a run are faster without memory.
FEW_DISTANCES = 500_000


def suits_memory(n: int, clusters: int) -> bool:
    """Say whether remembering pays."""
    return clusters > 1 and n * clusters > FEW_DISTANCES


class Memory:
    """What R runs on the patterns `X` remember from one pass to the next.

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
        self._block = passes.block_size(clusters)
        # owners, once more for the evaluation, keys and stamps take 13 bytes
        room = (max(MEMORY, MEMORY_PER_PATTERN * n) - 13 * n) // (4 * n)
        groups = max(1, min(math.ceil(clusters / GROUP), room))
        self._groups = np.linspace(0, clusters, groups + 1).astype(np.int64)
        self._owners = np.zeros((runs, n), dtype=np.int32)
        self._stamps = np.zeros((runs, n), dtype=np.uint8)
        self._keys = np.zeros((runs, n), dtype=np.float32)
        self._lowers = np.zeros((runs, n, groups), dtype=np.float32)
        self._spent = np.zeros((runs, clusters))
        self._history = np.repeat(w[:, None], PASSES, axis=1)
        self._now = 0
        blocks = math.ceil(n / self._block)
        self._changed = np.ones((runs, blocks), dtype=np.bool_)
        self._block_counts = np.zeros((runs, blocks, clusters))
        self._block_sums = np.zeros((runs, blocks, clusters, features))

    def run_pass(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """Return assignments (R, n), counts (R, K), sums (R, K, d) and how many distances were computed.

        Products in single precision count as distances.
        """
        runs, clusters, _ = w.shape
        before, self._now = self._now, (self._now + 1) % PASSES
        self._history[:, self._now] = w
        # the gaps cost K^2 distances, which a few patterns do not pay back
        gapless = clusters**2 > len(self._X)
        gaps = [np.zeros(clusters) if gapless else bound_kernels.half_gaps(w[r]) for r in range(runs)]
        moved = [bound_kernels.moves(w[r], self._history[r], self._groups) for r in range(runs)]
        for r in range(runs):
            bound_kernels.spend(w[r], self._history[r, before], self._spent[r])
        narrowed = self._screen.narrow(w) if w.shape[2] > kernels.FEW_FEATURES else None
        computed: list[int] = []

        def task(some: slice, first: int, last: int, _: np.ndarray, counts: np.ndarray, sums: np.ndarray) -> None:
            for place, r in enumerate(range(runs)[some]):
                computed.append(self._assign(w, r, first, last, gaps[r], moved[r], narrowed))
                blocks = self._changed[r], self._block_counts[r], self._block_sums[r]
                bound_kernels.add_up(
                    self._X, first, last, self._block, self._owners[r], *blocks, counts[place, 0], sums[place, 0]
                )

        _, counts, sums = passes.in_pieces(task, self._X, w, blas=narrowed is not None)
        return self._owners.copy(), counts, sums, sum(computed)

    def cost(self, w: np.ndarray, assignments: np.ndarray) -> np.ndarray:
        """Return the cost (R,) of prototypes with their assignments."""

        def task(some: slice, first: int, last: int, cost: np.ndarray, *_: np.ndarray) -> None:
            for place, r in enumerate(range(len(w))[some]):
                cost[place, 0] = bound_kernels.cost_of(self._X, w[r], first, last, self._block, assignments[r])

        return passes.in_pieces(task, self._X, w, blas=False)[0]

    def _assign(
        self,
        w: np.ndarray,
        r: int,
        first: int,
        last: int,
        gaps: np.ndarray,
        moved: np.ndarray,
        narrowed: np.ndarray | None,
    ) -> int:
        """Renew owners and bounds of some patterns of run `r`; return how many distances were computed."""
        X, now, groups, spent = self._X, self._now, self._groups, self._spent[r]
        memory = self._owners[r], self._stamps[r], self._keys[r], self._lowers[r]
        few = w.shape[2] <= kernels.FEW_FEATURES
        share = bound_kernels.expired(X, w[r], gaps, first, last, SAMPLE, moved, spent, *memory)
        if share <= MOST_SEARCHED or not (few or narrowed is not None):
            bounds = moved, spent, now, groups, *memory, self._changed[r]
            computed = bound_kernels.assign_bounded(X, w[r], gaps, first, last, self._block, *bounds)
            bound_kernels.rebase(first, last, (now + 1) % PASSES, now, moved, self._stamps[r], self._lowers[r])
            return int(computed)
        if few:
            bound_kernels.assign_few(X, w[r], first, last, spent, now, *memory)
        else:
            some, features, scale = slice(r, r + 1), w.shape[2], self._screen.scale
            places = passes.screened(X, w[some], self._screen, narrowed[some], first, last, self._owners[some])
            for _, begin, _, scores, norms, errors in places:
                bound_kernels.remember_scores(
                    scores, norms, errors, features, scale, begin, spent, now, groups, *memory
                )
        self._changed[r, first // self._block : math.ceil(last / self._block)] = True
        return (last - first) * w.shape[1]
