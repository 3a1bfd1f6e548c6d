"""The choice is a matching: each pattern to a target of its own, and the motion that brings the patterns there.

This is the iterative closest point method (Besl and McKay 1992), with matchings that are one to one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np
from scipy.optimize import linear_sum_assignment


class Matching:
    """What both motions share.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Patterns to move.
    Y : ndarray of shape (m, d)
        Targets, m >= n.
    """

    def __init__(self, X: np.ndarray, Y: np.ndarray) -> None:
        self.X, self.Y = X, Y

    def moved(self, w: np.ndarray) -> np.ndarray:
        """Return the patterns after the motion, shape (n, d)."""
        raise NotImplementedError

    def choose(self, w: np.ndarray) -> np.ndarray:
        """Return the matching with the least sum of squares, shape (n,)."""
        squares = ((self.moved(w)[:, None] - self.Y) ** 2).sum(axis=2)
        return np.asarray(linear_sum_assignment(squares)[1])

    def choices(self) -> Iterator[np.ndarray]:
        """Yield all matchings."""
        yield from map(np.array, permutations(range(len(self.Y)), len(self.X)))

    def cost(self, z: np.ndarray, w: np.ndarray) -> float:
        """Return half the sum of squares."""
        return float(((self.moved(w) - self.Y[z]) ** 2).sum() / 2)


class Translation(Matching):
    """Parameters are the d coordinates of a translation."""

    def moved(self, w: np.ndarray) -> np.ndarray:
        """Return the translated patterns, shape (n, d)."""
        return np.asarray(self.X + w)

    def gradient(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the sum of the patterns less their targets."""
        return np.asarray((self.moved(w) - self.Y[z]).sum(axis=0))

    def hessian(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return n times the identity."""
        return len(self.X) * np.eye(len(w))

    def minimize(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the difference of the means."""
        return np.asarray(self.Y[z].mean(axis=0) - self.X.mean(axis=0))


class Rotation(Matching):
    """The parameter is the angle of a rotation of the plane about the origin, shape (1,)."""

    def moved(self, w: np.ndarray) -> np.ndarray:
        """Return the rotated patterns, shape (n, 2)."""
        c, s = np.cos(w[0]), np.sin(w[0])
        return self.X @ np.array([[c, s], [-s, c]])

    def _products(self, z: np.ndarray) -> tuple[float, float]:
        """Return the sums of inner and of cross products of patterns and targets."""
        Y = self.Y[z]
        return float((self.X * Y).sum()), float((self.X[:, 0] * Y[:, 1] - self.X[:, 1] * Y[:, 0]).sum())

    def gradient(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the derivative by the angle."""
        inner, cross = self._products(z)
        return inner * np.sin(w) - cross * np.cos(w)

    def hessian(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the second derivative: negative beyond a right angle from the best one."""
        inner, cross = self._products(z)
        return np.diag(inner * np.cos(w) + cross * np.sin(w))

    def minimize(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the best angle, the nearest of those that are the same."""
        inner, cross = self._products(z)
        turn = np.arctan2(cross, inner) - w
        return np.asarray(w + turn - 2 * np.pi * np.round(turn / (2 * np.pi)))
