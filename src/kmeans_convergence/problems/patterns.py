"""What the problems on patterns share."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import Any, Self

import numpy as np

from kmeans_convergence import exact
from kmeans_convergence.core.problem import Problem
from kmeans_convergence.errors import InputError
from kmeans_convergence.patterns import pieces


def deviation(X: np.ndarray) -> float:
    """Return the root of the mean variance of the features of `X` (n, d)."""
    mean = X.mean(axis=0, dtype=np.float64)
    squares = sum(((part - mean) ** 2).sum() for _, part in pieces(X))
    return float(np.sqrt(squares / X.size))


class PrototypeProblem(Problem):
    """A problem whose parameters are prototypes, or means, of shape (R, K, d)."""

    @property
    @abstractmethod
    def features(self) -> int:
        """d, the number of features."""

    @property
    @abstractmethod
    def origin(self) -> np.ndarray:
        """What `centred` patterns are measured from (d,): 0 unless the data are far from zero, see `exact.origin`."""

    def pack(self, parameters: Any) -> np.ndarray:
        """Return prototypes (R, K, d) as flat vectors (R, K d)."""
        return self._as_parameters(parameters).reshape(len(parameters), -1)

    def unpack(self, x: np.ndarray) -> Any:
        """Return flat vectors as prototypes, a view."""
        return x.reshape(len(x), -1, self.features)

    def to_centred(self, parameters: Any) -> Any:
        """Return prototypes less `origin`."""
        return self._as_parameters(parameters) - self.origin

    def from_centred(self, parameters: Any) -> Any:
        """Return prototypes of `centred` plus `origin`."""
        return np.asarray(parameters + self.origin)

    def _as_parameters(self, parameters: Any) -> np.ndarray:
        """Return prototypes (R, K, d); a matrix of K prototypes is refused, and not taken for K flat points."""
        if np.ndim(parameters) != 3:
            raise _wrong_shape(np.shape(parameters), self.features)
        return as_prototypes(parameters, self.features)


class PatternProblem(PrototypeProblem):
    """A problem about patterns in memory.

    Parameters
    ----------
    X : array_like of shape (n, d)

    Attributes
    ----------
    X : ndarray of shape (n, d), float64 or float32, read-only
    """

    def __init__(self, X: np.ndarray) -> None:
        self.X = as_patterns(X)

    @property
    def features(self) -> int:
        """See `PrototypeProblem`."""
        return self.X.shape[1]

    @cached_property
    def origin(self) -> np.ndarray:
        """See `PrototypeProblem`."""
        return exact.origin(self.X)

    @property
    def size(self) -> int:
        """Number of patterns."""
        return len(self.X)

    @cached_property
    def length(self) -> float:
        """Root of the mean variance of the features."""
        return deviation(self.X)

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
    """Return prototypes of R runs, flat or not, as a C-ordered float64 array (R, K, d), or say why they are none."""
    given = np.shape(w)
    w = np.ascontiguousarray(w, dtype=np.float64)
    if w.ndim == 2 and w.shape[1] % features == 0:
        w = w.reshape(len(w), w.shape[1] // features, features)
    if w.ndim != 3 or w.shape[2] != features or 0 in w.shape:
        raise _wrong_shape(given, features)
    return w


def _wrong_shape(shape: tuple[int, ...], features: int) -> InputError:
    return InputError(f"The prototypes have shape {shape}: (runs, prototypes, {features}) is needed.")
