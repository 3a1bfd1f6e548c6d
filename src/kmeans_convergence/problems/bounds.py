"""A pass that remembers: bounds from earlier passes tell which patterns keep their prototype.

A prototype that has moved a little cannot have come nearer than by that move (the triangle inequality). So a pattern
whose prototype is nearer than all others could have come keeps it, and one distance is enough to know that. This needs
no more than the prototypes before and after, so it serves every optimizer, and those that move slowly most. The choice
of the nearest is the same as without memory, ties included: a bound has to hold with a margin far above rounding.

Bounds are kept for groups of prototypes (Ding et al. 2015, "Yinyang k-means") and relative to the pass in which they
were found, so that a prototype that wanders does not wear them out (Newling and Fleuret 2016, "ns-bounds"). The second
test, half the gap to the nearest other prototype, is Elkan's (2003).
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
# Patterns of which one is tried, to see what share would fail the tests; above this share products are faster.
SAMPLE = 16
MOST_FAILING = 0.2


class Memory:
    """What R runs on the patterns `X` remember from one pass to the next.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    w : ndarray of shape (R, K, d)
        Prototypes of the first pass.
    screen : Screen, or None where its products do not pay
    """

    def __init__(self, X: np.ndarray, w: np.ndarray, screen: passes.Screen | None) -> None:
        runs, clusters, _ = w.shape
        n = len(X)
        # owners, once more for the evaluation, and stamps take 9 bytes
        room = (max(MEMORY, MEMORY_PER_PATTERN * n) - 9 * n) // (4 * n)
        groups = max(1, min(math.ceil(clusters / GROUP), room))
        self.shape = w.shape
        self._X = X
        self._screen = screen
        self._now = 0
        self._history = np.repeat(w[:, None], PASSES, axis=1)
        self._groups = np.linspace(0, clusters, groups + 1).astype(np.int64)
        self._owners = np.zeros((runs, n), dtype=np.int32)
        self._stamps = np.zeros((runs, n), dtype=np.uint8)
        self._lowers = np.zeros((runs, n, groups), dtype=np.float32)

    def run_pass(self, w: np.ndarray) -> tuple[passes.Sums, int]:
        """Return what `passes.run_pass` does for the next iterates of the same runs, and the distances computed.

        Products in single precision count as distances.
        """
        X, screen = self._X, self._screen
        runs, clusters, features = w.shape
        self._history[:, self._now] = w
        moved = [bound_kernels.moves(w[r], self._history[r], self._groups) for r in range(runs)]
        # the gaps cost K^2 distances, which a few patterns do not pay back
        gaps = [bound_kernels.half_gaps(w[r]) if clusters**2 < len(X) else np.zeros(clusters) for r in range(runs)]
        narrowed = None if screen is None else screen.narrow(w)

        def one(r: int, first: int, last: int, cost: np.ndarray, counts: np.ndarray, sums: np.ndarray) -> int:
            memory = self._owners[r], self._stamps[r], self._lowers[r]
            if screen is not None and narrowed is not None:
                share = bound_kernels.failing(X, w[r], gaps[r], first, last, SAMPLE, moved[r], *memory)
                if share > MOST_FAILING:

                    def remember(begin: int, scores: np.ndarray, norms: np.ndarray, errors: np.ndarray) -> None:
                        bound_kernels.remember_scores(
                            scores, norms, errors, features, screen.scale, begin, self._now, self._groups, *memory
                        )

                    some = slice(r, r + 1)
                    passes.pass_screened(
                        X, w[some], screen, narrowed[some], first, last, self._owners[some], cost, counts, sums, remember
                    )
                    return (last - first) * clusters
            return bound_kernels.pass_bounded(
                X, w[r], gaps[r], first, last, moved[r], self._now, self._groups, *memory, cost, counts[0], sums[0]
            )

        def task(some: slice, first: int, last: int, cost: np.ndarray, counts: np.ndarray, sums: np.ndarray) -> int:
            return sum(
                one(some.start + r, first, last, cost[r : r + 1], counts[r : r + 1], sums[r : r + 1])
                for r in range(len(cost))
            )

        sums, computed = passes.in_pieces(task, X, w, blas=narrowed is not None)
        self._now = (self._now + 1) % PASSES
        return (self._owners.copy(), *sums), sum(computed)
