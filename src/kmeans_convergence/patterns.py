"""Patterns that differ, what they weigh, and how many prototypes they allow: one check for all who choose a number."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kmeans_convergence.errors import InputError

# Numbers that are processed in one go.
PIECE = 2**18
GOLDEN = (np.sqrt(5) - 1) / 2


def pieces(X: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield parts of the patterns, each with its first row: what is computed for a part takes little memory."""
    rows = max(1, PIECE // X.shape[1])
    for first in range(0, len(X), rows):
        yield first, X[first : first + rows]


def distinct(X: np.ndarray) -> int:
    """Return the number of distinct patterns of `X`, of shape (n, d)."""
    return len(merged(X)[0])


def merged(X: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct patterns, in an order that depends on nothing but them, and the weight of each.

    So a weight is the same as repetitions, and the order of the rows does not matter, in whatever begins with this.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Finite numbers.
    weights : ndarray of shape (n,), optional
        1 for each pattern without.

    Returns
    -------
    X : ndarray of shape (m, d)
    weights : ndarray of shape (m,)
        The sums of the weights of equal patterns.
    """
    if weights is None:
        weights = np.ones(len(X))
    if 0 in X.shape:
        # without features all patterns are equal
        return X[:1], weights[: len(X[:1])] + weights[1:].sum()
    order, first = _sorted(X)
    X, weights = X[order], weights[order]
    if first.all():
        return X, weights
    return X[first], np.add.reduceat(weights, np.flatnonzero(first))


def _sorted(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return an order (n,) in which equal patterns are neighbours, and in it which differ from the one before."""
    # along a direction in which hardly any two patterns are equal that are not equal altogether
    direction = 0.5 + (np.arange(1, X.shape[1] + 1) * GOLDEN) % 1
    with np.errstate(over="ignore", invalid="ignore"):
        along = np.concatenate([(part * direction).sum(axis=1) for _, part in pieces(X)])
        order = along.argsort(kind="stable")
        apart = np.diff(along[order]) > 0
    near = np.flatnonzero(~apart)
    if (X[order[near]] != X[order[near + 1]]).any():
        # feature by feature takes longer
        order = np.lexsort(X.T[::-1])
        apart = (X[order[1:]] != X[order[:-1]]).any(axis=1)
    return order, np.concatenate([[True], apart])


def as_weights(weights: np.ndarray | None, patterns: int) -> np.ndarray:
    """Return the weights of a number of patterns as a read-only array (n,), or (0,) where all count alike.

    Raises
    ------
    InputError
        When there is not one number for each pattern, finite and not negative, or when all of them are zero.
    """
    given = np.array([] if weights is None else weights, dtype=np.float64)
    if weights is not None:
        if given.shape != (patterns,):
            raise InputError(
                f"The weights have shape {given.shape}: one number for each of {patterns} patterns is needed."
            )
        wrong = ~(np.isfinite(given) & (given >= 0))
        if wrong.any():
            i = int(wrong.argmax())
            raise InputError(f"The weight of row {i} is {given[i]}: a finite number is needed that is not negative.")
        if not given.any():
            raise InputError("The weights are all zero: at least one has to be positive.")
    given.flags.writeable = False
    return given


def check_clusters(
    X: np.ndarray, clusters: int, whose: str = "the patterns", key: str = "K", compared: bool = False
) -> None:
    """Refuse a number of prototypes that the patterns, drawn and scaled as they are used, do not allow.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    clusters : int
        K, the number of prototypes.
    whose : str
        What the patterns are, for the message.
    key : str
        What the number of prototypes is called where it comes from.
    compared : bool
        Whether costs are compared: that takes fewer prototypes than distinct patterns, because as many cost nothing.

    Raises
    ------
    InputError
    """
    if clusters >= 1 and _exceed(X, clusters - (not compared)):
        return
    allowed = distinct(X) - compared
    count = f"{allowed + compared} distinct pattern{'s' * (allowed + compared != 1)}"
    limit = f"so 1 to {allowed} are allowed" if allowed else "and at least 2 are needed"
    raise InputError(f"{key} = {clusters}: {whose} hold {count}, {limit}.")


def _exceed(X: np.ndarray, number: int) -> bool:
    """Are there more than `number` distinct patterns? The first few mostly tell."""
    rows = 2 * (number + 1)
    while rows < len(X):
        if distinct(X[:rows]) > number:
            return True
        rows *= 4
    return distinct(X) > number
