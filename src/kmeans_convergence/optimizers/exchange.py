"""Hartigan's exchanges of single patterns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.core.problem import Capability
from kmeans_convergence.starts import Streams


class Hartigan:
    """Hartigan's method (1975; Telgarsky and Vattani 2010): a pattern moves wherever this lowers the cost.

    Unlike batch K-means it accounts for the prototypes' own move, so it leaves some of the minima of batch K-means and
    stops at none that batch K-means would leave. It begins with the assignments of the start, at the price of one pass;
    each sweep over the patterns, in their order, costs another one. A prototype without patterns takes the first one
    whose prototype owns others; no prototype loses its last one.
    """

    # a sweep that moves no pattern is the last one
    memoryless = True
    needs = frozenset({Capability.EXCHANGES})

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the means after each sweep."""
        exchanges = problem.exchanges(starts)
        while True:
            yield exchanges.sweep()
