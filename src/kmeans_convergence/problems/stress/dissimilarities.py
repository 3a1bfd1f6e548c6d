"""Which points should be how far from each other: dissimilarities, weights, and the checks of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import pdist, squareform

from kmeans_convergence.errors import InputError
from kmeans_convergence.problems.patterns import as_patterns


def distances(X: np.ndarray) -> np.ndarray:
    """Return the Euclidean distances of patterns (n, d), condensed: row by row above the diagonal.

    Raises
    ------
    InputError
        As for the patterns of any problem.
    """
    return _frozen(pdist(as_patterns(X)))


def normalized(dissimilarities: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    r"""Return weights, condensed, under which raw stress is normalised: :math:`\sum w\delta^2=1`.

    A configuration without extent has the stress 1 then, and a good one much less.
    """
    pairs = Pairs.of(dissimilarities, weights)
    return _frozen(pairs.weights / pairs.total)


def sammon(dissimilarities: np.ndarray, names: Sequence[str] = ()) -> np.ndarray:
    r"""Return the weights, condensed, of Sammon's stress (1969): :math:`1/(\delta_{ij}\sum\delta)`.

    So it is a normalised stress, in which errors count relative to their dissimilarity.

    Parameters
    ----------
    dissimilarities, names
        See `Pairs.of`.

    Raises
    ------
    InputError
        When a dissimilarity is zero.
    """
    pairs = Pairs.of(dissimilarities, names=names)
    zero = pairs.dissimilarities == 0
    if zero.any():
        i, j = pairs.rows(int(zero.argmax()))
        raise InputError(
            f"{_upper(_name(i, names))} and {_name(j, names)} have the dissimilarity 0, by which Sammon's stress "
            f"divides ({_counted(int(zero.sum()))} in all): leave out duplicates first."
        )
    return _frozen(1 / (pairs.dissimilarities * pairs.dissimilarities.sum()))


@dataclass(frozen=True)
class Pairs:
    """The pairs of n points: values in condensed form, row by row above the diagonal, as SciPy has it.

    What is read-only and condensed already is not copied, so that many pairs take little memory.

    Attributes
    ----------
    points : int
        n
    dissimilarities, weights : ndarray of shape (n (n - 1) / 2,), float64, read-only
        Both are 0 for a missing pair.
    """

    points: int
    dissimilarities: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, dissimilarities: np.ndarray, weights: np.ndarray | None = None, names: Sequence[str] = ()) -> Self:
        """Return the pairs that a matrix (n, n), or what stands above its diagonal, describes.

        Parameters
        ----------
        dissimilarities : array_like
            Not negative; without meaning where the weight is 0.
        weights : array_like, optional
            In either form; 1 without. A pair with the weight 0 is missing.
        names : sequence of str
            What messages call the points; without, by their rows.

        Raises
        ------
        InputError
            When either is not finite, symmetric or positive, or when the pairs do not connect all points.
        """
        values = _condensed(np.asarray(dissimilarities, dtype=np.float64), "dissimilarities", names)
        points = _points(len(values))
        if weights is None:
            weight = _frozen(np.ones(len(values)))
        else:
            weight = _condensed(np.asarray(weights, dtype=np.float64), "weights", names)
            if len(weight) != len(values):
                raise InputError(
                    f"There are weights of {len(weight)} pairs, and dissimilarities of {len(values)}: both have to "
                    "have one value for each pair."
                )
        missing = weight == 0
        if missing.any():
            values = _frozen(np.where(missing, 0.0, values))
        pairs = cls(points, values, weight)
        pairs._check_values(weight, "weight", names)
        pairs._check_values(values, "dissimilarity", names)
        pairs._check_whole(names)
        return pairs

    @cached_property
    def total(self) -> float:
        """Sum of w times the squared dissimilarity: the stress of a configuration without extent."""
        return float((self.dissimilarities**2 * self.weights).sum())

    @cached_property
    def count(self) -> int:
        """Number of pairs that are not missing."""
        return int(np.count_nonzero(self.weights))

    @property
    def complete(self) -> bool:
        """Whether no pair is missing."""
        return self.count == len(self.weights)

    @cached_property
    def present(self) -> np.ndarray | slice:
        """Where the pairs are that are not missing: their places, or all."""
        return slice(None) if self.complete else np.flatnonzero(self.weights)

    def rows(self, place: int) -> tuple[int, int]:
        """Return the two points of a pair, the lower one first."""
        i = int(np.searchsorted(self._starts, place, side="right")) - 1
        return i, int(place - self._starts[i]) + i + 1

    @cached_property
    def all_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """The points of all pairs, two arrays of int32."""
        first, second = np.triu_indices(self.points, 1)
        return first.astype(np.int32), second.astype(np.int32)

    def matrix(self, values: np.ndarray) -> np.ndarray:
        """Return values of the pairs as a symmetric matrix (n, n) with a diagonal of 0."""
        return np.asarray(squareform(values, checks=False))

    @property
    def _starts(self) -> np.ndarray:
        """Place of the first pair of each row."""
        return np.concatenate([[0], np.arange(self.points - 1, 0, -1).cumsum()[:-1]])

    def _check_values(self, values: np.ndarray, name: str, names: Sequence[str]) -> None:
        wrong = ~(values >= 0) | np.isinf(values)
        if wrong.any():
            place = int(wrong.argmax())
            i, j = self.rows(place)
            raise InputError(
                f"The {name} of {_name(i, names)} and {_name(j, names)} is {values[place]}: a finite number is needed "
                "that is not negative, and the weight 0 where it is missing."
            )

    def _check_whole(self, names: Sequence[str]) -> None:
        if not self.dissimilarities.any():
            raise InputError("All dissimilarities are zero: some have to differ from zero.")
        with np.errstate(over="ignore"):
            total = self.total
        if not 0 < total < np.inf:
            raise InputError(
                f"The sum of weights times squared dissimilarities is {total}: multiply them by a constant so that it "
                "is an ordinary number."
            )
        if not self.complete:
            groups, labels = connected_components(self.matrix(self.weights), directed=False)
            if groups > 1:
                other = _name(int((labels > 0).argmax()), names)
                raise InputError(
                    f"No chain of pairs with a positive weight connects {_name(0, names)} and {other}: their distance "
                    "could be any, so more pairs are needed."
                )


def _frozen(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values


def _points(pairs: int) -> int:
    """Return how many points have a number of pairs, about."""
    return round((1 + np.sqrt(1 + 8 * pairs)) / 2)


def _name(i: int, names: Sequence[str]) -> str:
    return names[i] if names else f"row {i}"


def _counted(pairs: int) -> str:
    return f"{pairs} pair{'s' * (pairs != 1)}"


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:]


def _condensed(values: np.ndarray, name: str, names: Sequence[str]) -> np.ndarray:
    """Return a symmetric matrix, or one that is condensed already, in condensed form and read-only."""
    n = len(values) if values.ndim else 0
    if values.ndim == 1 and n > 0 and n == _points(n) * (_points(n) - 1) // 2:
        shared = not values.flags.writeable and values.flags.c_contiguous
        return values if shared else _frozen(values.copy())
    if values.shape != (n, n) or n < 2:
        raise InputError(
            f"The {name} have shape {values.shape}: a square matrix of at least 2 rows is needed, or the n(n-1)/2 "
            "numbers above its diagonal."
        )
    off = np.flatnonzero(np.diagonal(values))
    if len(off) and name == "dissimilarities":
        i = int(off[0])
        raise InputError(
            f"The dissimilarity of {_name(i, names)} with itself is {values[i, i]}: the diagonal has to be zero."
        )
    for i in range(n - 1):
        # what has been computed twice may differ in its last digits
        same = np.isclose(values[i, i + 1 :], values[i + 1 :, i], rtol=1e-10, atol=0, equal_nan=True)
        if not same.all():
            j = i + 1 + int(same.argmin())
            one, other = _name(i, names), _name(j, names)
            raise InputError(
                f"The {name} hold {values[i, j]} from {one} to {other}, but {values[j, i]} from {other} to {one}: a "
                "symmetric matrix is needed."
            )
    return _frozen(np.concatenate([values[i, i + 1 :] for i in range(n - 1)]))
