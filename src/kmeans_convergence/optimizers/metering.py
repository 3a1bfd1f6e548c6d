"""The problem as an optimizer sees it: every pattern that it touches is charged."""

from __future__ import annotations

import numpy as np

from kmeans_convergence.problems import Evaluation, Problem, QuantizationProblem


class MeteredProblem:
    """Charges each run for the patterns it asks for, so that no optimizer can under-report.

    Attributes
    ----------
    touched : ndarray of shape (R,), int64
        Patterns charged so far.
    active : ndarray of shape (R,), bool
        Runs that have not ended: only they are charged.
    """

    def __init__(self, problem: Problem, runs: int) -> None:
        self._problem = problem
        self._last: Evaluation | None = None
        self.touched = np.zeros(runs, dtype=np.int64)
        self.active = np.ones(runs, dtype=bool)

    def measure(self, w: np.ndarray) -> Evaluation:
        """Evaluate without charge: the loop's own door. The same iterate is not evaluated twice."""
        if self._last is None or self._last.w is not w:
            self._last = self._problem.evaluate(w)
            # an iterate that changed in place would make the remembered evaluation a lie
            self._last.w.flags.writeable = False
        return self._last

    def evaluate(self, w: np.ndarray) -> Evaluation:
        """Evaluate at the price of one pass over the data."""
        self.touched += self.active * self._problem.n
        return self.measure(w)

    def sweep(self, w: np.ndarray, order: np.ndarray, rate: float) -> np.ndarray:
        """See `QuantizationProblem.sweep`."""
        self.touched += self.active * order.shape[1]
        return self._in_pieces.sweep(w, order, rate)

    def sweep_counts(self, w: np.ndarray, order: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `QuantizationProblem.sweep_counts`."""
        self.touched += self.active * order.shape[1]
        return self._in_pieces.sweep_counts(w, order, counts)

    @property
    def n(self) -> int:
        """Number of patterns."""
        return self._problem.n

    @property
    def _in_pieces(self) -> QuantizationProblem:
        if not isinstance(self._problem, QuantizationProblem):
            raise TypeError(f"{type(self._problem).__name__} offers no sweep over single patterns.")
        return self._problem
