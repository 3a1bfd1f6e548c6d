"""What an optimizer is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.core.problem import Capability
from kmeans_convergence.starts import Streams


class Optimizer(Protocol):
    """Anything that yields its iterates, about one for each pass over the data."""

    @property
    def memoryless(self) -> bool:
        """Whether the next iterate depends on the present one alone, so that a run that stays where it is has ended."""
        ...

    @property
    def needs(self) -> frozenset[Capability]:
        """What a problem must offer beyond an evaluation."""
        ...

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield iterates of shape (R, P) without end; each one has cost work, unless it is where the run has converged.

        Parameters
        ----------
        problem : CountingOracle
            Charges each run for the work that it asks for.
        starts : ndarray of shape (R, P)
        rngs : sequence of R Generators
            One for each run; empty for optimizers without chance.
        """
        ...
