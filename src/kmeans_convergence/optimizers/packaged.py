"""Optimizers of other libraries, as they are shipped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import repeat

import numpy as np
from threadpoolctl import ThreadpoolController

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.core.problem import Capability
from kmeans_convergence.starts import Streams


@cache
def _libraries() -> ThreadpoolController:
    """Return what limits their threads; to search for them takes longer than a fit of small data."""
    return ThreadpoolController()


@dataclass(frozen=True)
class ScikitLearnMiniBatch:
    """scikit-learn's MiniBatchKMeans with its defaults: Sculley's rule, batches of 1024 drawn with replacement.

    It moves prototypes that win little and has a stopping rule of its own. The start and the most epochs are given. It
    shows nothing on its way; but a shorter fit from the same seed is the beginning of a longer one, so that the ends of
    fits of 1, 4, 16, ... epochs are its iterates. A run is charged for the batches of the longest of its fits and for
    the patterns on which scikit-learn values a start; the repetitions are measurement.

    Attributes
    ----------
    epochs : int
        `max_iter`.
    """

    epochs: int = 100

    # a fit shows the same end again only after it has ended
    memoryless = True
    needs = frozenset({Capability.CLUSTERING})

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the prototypes after 1, 4, 16, ... epochs, or where it has stopped before."""
        seeds = [int(rng.integers(2**31)) for rng in rngs]
        prototypes = problem.unpack(starts)
        charged, ended = np.zeros(len(starts), dtype=np.int64), np.zeros(len(starts), dtype=bool)
        w, epochs = prototypes, 1
        while epochs < 4 * self.epochs:
            w, work = w.copy(), charged.copy()
            # a longer fit than one that has stopped by itself ends there, too
            for r in np.flatnonzero(problem.active & ~ended):
                epoch = min(epochs, self.epochs)
                w[r], work[r], ended[r] = self._fit(problem.patterns, prototypes[r], seeds[r], epoch)
            problem.charge(work - charged)
            x = problem.pack(w)
            yield x
            charged, epochs = work, 4 * epochs
        yield from repeat(x)

    @staticmethod
    def _fit(X: np.ndarray, start: np.ndarray, seed: int, epochs: int) -> tuple[np.ndarray, int, bool]:
        """Return the prototypes after at most that many epochs, the patterns used, and whether it stopped before."""
        from sklearn.cluster import MiniBatchKMeans  # slow to import, and most need its name in tables alone

        model = MiniBatchKMeans(len(start), init=start, n_init=1, max_iter=epochs, random_state=seed)
        # the same rounding on any number of threads
        with _libraries().limit(limits=1):
            model.fit(X)
        size = min(model.batch_size, len(X))
        valued = 3 * size if 3 * size >= len(start) else 3 * len(start)
        stopped = model.n_steps_ < epochs * len(X) // size
        return model.cluster_centers_, model.n_steps_ * size + min(valued, len(X)), stopped
