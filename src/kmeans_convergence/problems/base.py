"""The interface between what is minimised and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np

from kmeans_convergence import exact
from kmeans_convergence.errors import InputError


@dataclass(frozen=True)
class Evaluation:
    r"""What one pass over the data says about R iterates, all at the same prototypes.

    Both problems are majorised at w by :math:`\frac12\sum_k N_k\|w'_k-S_k/N_k\|^2` + constant, with the
    (for mixtures: expected) number :math:`N_k` of patterns of a prototype and their sum :math:`S_k`; everything
    else follows from these two.

    Attributes
    ----------
    w : ndarray of shape (R, K, d)
        The iterates, read-only.
    find_cost : callable
        Returns `cost`, which is computed when it is asked for.
    counts : ndarray of shape (R, K)
        N_k, the patterns (or responsibilities) that a prototype owns: the curvature of the majoriser.
    sums : ndarray of shape (R, K, d)
        S_k, the sum of those patterns.
    assignments : ndarray of shape (R, n), int32
        The prototype that owns a pattern (for mixtures: that is most responsible for it).
    hessian_diagonal : ndarray of shape (R, K), or None
        h_k where the Hessian is blockdiag(h_1 I, ..., h_K I); None where it is not of this form.
    """

    w: np.ndarray
    find_cost: Callable[[], np.ndarray]
    counts: np.ndarray
    sums: np.ndarray
    assignments: np.ndarray
    hessian_diagonal: np.ndarray | None

    @classmethod
    def known(cls, w: Any, cost: Any, counts: Any, sums: Any, assignments: Any, hessian_diagonal: Any) -> Evaluation:
        """Return an evaluation whose cost (R,) is known already; the arrays are those of `parts`."""
        return cls(w, lambda: cost, counts, sums, assignments, hessian_diagonal)

    def parts(self) -> tuple[np.ndarray | None, ...]:
        """Return the arrays that make an evaluation, each with a first axis of runs."""
        return self.w, self.cost, self.counts, self.sums, self.assignments, self.hessian_diagonal

    @cached_property
    def cost(self) -> np.ndarray:
        """Cost of each run, shape (R,)."""
        return self.find_cost()

    @cached_property
    def gradient(self) -> np.ndarray:
        """Gradient N_k w_k - S_k of the cost, shape (R, K, d)."""
        return self.counts[..., None] * self.w - self.sums

    @cached_property
    def minimizer(self) -> np.ndarray:
        """Minimiser S_k / N_k of the majoriser, shape (R, K, d); an empty prototype stays where it is."""
        owned = self.counts[..., None] > 0
        return np.divide(self.sums, self.counts[..., None], out=self.w.copy(), where=owned)


# Numbers that are looked at in one go.
PIECE = 2**18


def pieces(X: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield parts of the patterns, each with its first row: what is computed for a part takes little memory."""
    rows = max(1, PIECE // X.shape[1])
    for first in range(0, len(X), rows):
        yield first, X[first : first + rows]


class PatternProblem:
    """What the problems on patterns share: the patterns, and the same problem with patterns measured from their middle.

    Parameters
    ----------
    X : array_like of shape (n, d)

    Attributes
    ----------
    X : ndarray of shape (n, d), float64 or float32, read-only
    origin : ndarray of shape (d,)
        What `centred` patterns are measured from: 0 unless the data are far from zero, see `exact.origin`.
    """

    def __init__(self, X: np.ndarray) -> None:
        self.X = as_patterns(X)
        self.origin = exact.origin(self.X)

    @property
    def n(self) -> int:
        """Number of patterns."""
        return len(self.X)

    @cached_property
    def centred(self) -> Self:
        """The same problem for prototypes less `origin`, where sums of patterns keep their digits.

        It is this problem unless the data are far from zero; then the patterns are copied.
        """
        if not self.origin.any():
            return self
        X = self.X - self.origin
        X.flags.writeable = False
        return self._with(X)

    def _with(self, X: np.ndarray) -> Self:
        """Return the same problem on other patterns."""
        return type(self)(X)


class Problem(Protocol):
    """A cost over prototypes that can be evaluated for many runs in one pass over the data."""

    @property
    def n(self) -> int:
        """Number of patterns."""
        ...

    def evaluate(self, w: np.ndarray) -> Evaluation:
        """Evaluate R iterates `w` of shape (R, K, d) in one pass."""
        ...


def as_patterns(X: np.ndarray) -> np.ndarray:
    """Return `X` as a read-only C-ordered matrix of finite numbers.

    A matrix of float32 stays one, so that large data take half the memory; anything else becomes float64. What may be
    written to is copied; a read-only array is not, so that a memory-mapped file may be larger than memory.

    Raises
    ------
    InputError
        When `X` is not a matrix with at least one row and one column of finite numbers, or they cannot be squared.
    """
    X = np.asarray(X)
    kind = np.float32 if X.dtype == np.float32 else np.float64
    X = np.array(X, dtype=kind, order="C", copy=True if X.flags.writeable else None).view()
    if X.ndim != 2 or 0 in X.shape:
        raise InputError(f"The data have shape {X.shape}: a matrix (patterns, features) is needed.")
    for first, part in pieces(X):
        finite = np.isfinite(part)
        if not finite.all():
            i, j = np.argwhere(~finite)[0] + (first, 0)
            raise InputError(f"The data hold {X[i, j]} in row {i}, column {j}: only finite numbers are allowed.")
    exact.check_range(X)
    X.flags.writeable = False
    return X


def frozen(array: np.ndarray) -> np.ndarray:
    """Return a view that cannot be written to: for one that can, compiled code would be compiled once more."""
    view = array.view()
    view.flags.writeable = False
    return view


def as_prototypes(w: np.ndarray, features: int) -> np.ndarray:
    """Return `w` as a C-ordered float64 array, or say why it is no batch of prototypes."""
    w = np.ascontiguousarray(w, dtype=np.float64)
    if w.ndim != 3 or w.shape[2] != features or 0 in w.shape:
        raise InputError(f"The prototypes have shape {w.shape}: (runs, prototypes, {features}) is needed.")
    return w
