r"""Evaluations of the problems whose majoriser is a weighted sum of squared distances from means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from kmeans_convergence.core.problem import Curvature, Evaluation
from kmeans_convergence.problems.compiled import compiled


@dataclass(frozen=True)
class MeansEvaluation(Evaluation):
    r"""What one pass over the patterns says about R runs, all at the same prototypes.

    The cost is majorised at w by :math:`\frac12\sum_k N_k\|w'_k-S_k/N_k\|^2` + constant, with the (for mixtures:
    expected) number :math:`N_k` of patterns of a prototype and their sum :math:`S_k`; everything else follows from
    these two.

    Attributes
    ----------
    w : ndarray of shape (R, K, d)
        The prototypes, read-only.
    total : ndarray of shape (R,)
        The `cost`.
    counts : ndarray of shape (R, K)
        N_k, the patterns (or responsibilities) that a prototype owns: the curvature of the majoriser.
    sums : ndarray of shape (R, K, d)
        S_k, the sum of those patterns.
    assignments : ndarray of shape (R, n), int32
        The prototype that owns a pattern (for mixtures: that is most responsible for it).
    """

    w: np.ndarray
    total: np.ndarray
    counts: np.ndarray
    sums: np.ndarray
    assignments: np.ndarray

    @classmethod
    def of(cls, *parts: Any) -> Self:
        """Return the evaluation that has these parts: w, cost (R,), counts, sums and assignments."""
        return cls(*parts)

    def parts(self) -> tuple[np.ndarray | None, ...]:
        """See `Evaluation`."""
        return self.w, self.total, self.counts, self.sums, self.assignments

    @cached_property
    def x(self) -> np.ndarray:
        """See `Evaluation`."""
        return _flat(self.w)

    @property
    def cost(self) -> np.ndarray:
        """See `Evaluation`."""
        return self.total

    @cached_property
    def gradient(self) -> np.ndarray:
        """Gradient N_k w_k - S_k of the cost, shape (R, K d)."""
        return _flat(self.counts[..., None] * self.w - self.sums)

    @cached_property
    def means(self) -> np.ndarray:
        """Minimiser S_k / N_k of the majoriser, shape (R, K, d); an empty prototype stays where it is."""
        owned = self.counts[..., None] > 0
        return np.divide(self.sums, self.counts[..., None], out=self.w.copy(), where=owned)

    @cached_property
    def image(self) -> np.ndarray:
        """The `means`, shape (R, K d)."""
        return _flat(self.means)

    def damped_image(self, rate: float) -> np.ndarray:
        """See `Evaluation`: as if there were imaginary patterns, evenly at the present prototypes."""
        imaginary = (1 - rate) / rate * self.counts.sum(axis=1) / self.counts.shape[1]
        total = (self.counts + imaginary[:, None])[..., None]
        pull = self.sums - self.counts[..., None] * self.w
        return _flat(self.w + np.divide(pull, total, out=np.zeros_like(pull), where=total > 0))

    @cached_property
    def metric(self) -> np.ndarray:
        """N_k in each coordinate of a prototype, shape (R, K d)."""
        return np.repeat(self.counts, self.w.shape[2], axis=1)

    @cached_property
    def curvature(self) -> Curvature:
        """Least N_k of those that are not 0, mean and largest N_k."""
        least = np.where(self.counts > 0, self.counts, np.inf).min(axis=1)
        return Curvature(least, self.counts.sum(axis=1) / self.counts.shape[1], self.counts.max(axis=1))

    @property
    def owning(self) -> np.ndarray:
        """Which prototypes own patterns, shape (R, K)."""
        owning = np.zeros(self.w.shape[:2], dtype=bool)
        owning[np.arange(len(self.w))[:, None], self.assignments] = True
        return owning

    def precondition(self, v: np.ndarray) -> np.ndarray:
        """Return v / N_k, 0 for a prototype without patterns."""
        return np.divide(v, self.metric, out=np.zeros_like(v), where=self.metric > 0)

    def squared_norm(self, v: np.ndarray) -> np.ndarray:
        r"""Return :math:`\sum_kN_k\|v_k\|^2`, shape (R,)."""
        return np.asarray((self.counts * (v.reshape(self.w.shape) ** 2).sum(axis=2)).sum(axis=1))

    def lengths(self, v: np.ndarray) -> np.ndarray:
        """Return the length of each prototype's step, shape (R, K)."""
        return np.asarray(np.sqrt((v.reshape(self.w.shape) ** 2).sum(axis=2)))

    def diagnostics(self, before: Evaluation) -> Mapping[str, np.ndarray]:
        """Return changed assignments, prototypes without patterns, and the largest move, each of shape (R,)."""
        assert isinstance(before, MeansEvaluation)
        changed = count_changed(before.assignments, self.assignments)
        largest = self.lengths(self.x - before.x).max(axis=1)
        return {"changed": changed, "empty": (~self.owning).sum(axis=1), "largest_move": largest}


def _flat(w: np.ndarray) -> np.ndarray:
    return w.reshape(len(w), w.shape[1] * w.shape[2])


@compiled(nogil=True)
def count_changed(before, here):  # type: ignore[no-untyped-def]
    """Count the patterns whose prototype is another one; int32 arrays of shape (R, n) -> int64 (R,)."""
    changed = np.zeros(here.shape[0], dtype=np.int64)
    for r in range(here.shape[0]):
        one, other = before[r], here[r]
        count = 0
        for i in range(one.shape[0]):
            count += one[i] != other[i]
        changed[r] = count
    return changed
