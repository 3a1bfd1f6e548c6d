"""What problems share in which each pattern belongs to the group for which it costs least."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kmeans_convergence.core.problem import Evaluation
from kmeans_convergence.problems.means import count_changed


def one_hot(owners: np.ndarray, groups: int) -> np.ndarray:
    """Return which pattern belongs to which group as numbers, (R, m) integers -> (R, K, m)."""
    return (owners[:, None] == np.arange(groups)[:, None]).astype(np.float64)


class OwnersEvaluation(Evaluation):
    """An evaluation of R runs with K groups, each with a block of parameters of its own.

    A class derived from it has these attributes.

    Attributes
    ----------
    blocks : ndarray of shape (R, K, B)
        The parameters of each group, read-only.
    owners : ndarray of shape (R, m), int32
        The group of each pattern that was seen.
    """

    blocks: np.ndarray
    owners: np.ndarray

    @property
    def x(self) -> np.ndarray:
        """See `Evaluation`."""
        return flat(self.blocks)

    def as_blocks(self, v: np.ndarray) -> np.ndarray:
        """Return vectors (R, P) by groups, (R, K, B), a view."""
        return v.reshape(self.blocks.shape)

    def lengths(self, v: np.ndarray) -> np.ndarray:
        """Return the length of each group's step, shape (R, K)."""
        return np.asarray(np.sqrt((self.as_blocks(v) ** 2).sum(axis=2)))

    def solved_by_image(self, before: Evaluation) -> np.ndarray:
        """Say for which runs both evaluations have the same owners, shape (R,)."""
        assert isinstance(before, OwnersEvaluation)
        return np.asarray(count_changed(before.owners, self.owners) == 0)

    def diagnostics(self, before: Evaluation) -> Mapping[str, np.ndarray]:
        """Return changed owners, groups without patterns, and the largest move of a group, each of shape (R,)."""
        assert isinstance(before, OwnersEvaluation)
        changed = count_changed(before.owners, self.owners)
        owning = one_hot(self.owners, self.blocks.shape[1]).any(axis=2)
        largest = self.lengths(self.x - before.x).max(axis=1)
        return {"changed": changed, "empty": (~owning).sum(axis=1), "largest_move": largest}


def flat(blocks: np.ndarray) -> np.ndarray:
    """Return blocks (R, K, B) as flat vectors (R, K B)."""
    return blocks.reshape(len(blocks), blocks.shape[1] * blocks.shape[2])


def block_diagonal(blocks: np.ndarray) -> np.ndarray:
    """Return matrices (R, K B, K B) that have these blocks (R, K, B, B) on their diagonal, and zeros elsewhere."""
    runs, groups, size, _ = blocks.shape
    matrix: Any = np.zeros((runs, groups, size, groups, size))
    for k in range(groups):
        matrix[:, k, :, k] = blocks[:, k]
    return np.asarray(matrix.reshape(runs, groups * size, groups * size))
