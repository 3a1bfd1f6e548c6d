"""A block of rows, the blocks of a source, and what a first reading says about them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, Self

import numpy as np

from kmeans_convergence.errors import InputError
from kmeans_convergence.starts import Streams

# Bytes of a block in double precision, where its rows are not given by the source.
SIZE = 2**22


class Block(Protocol):
    """Some consecutive rows of a source: a description that can be sent to another process and read there."""

    @property
    def where(self) -> str:
        """The source, for messages."""
        ...

    @property
    def first(self) -> int:
        """Its first row, counted from 0 within what `where` names."""
        ...

    @property
    def rows(self) -> int:
        """The number of its rows."""
        ...

    def read(self) -> np.ndarray:
        """Return the patterns, shape (rows, d), C-ordered, float64 or float32.

        Raises
        ------
        InputError
            When the source is no longer what it was when its blocks were described.
        """
        ...


@dataclass(frozen=True)
class MovedBlock:
    """A block whose patterns are measured from another point.

    Attributes
    ----------
    block : Block
    origin : ndarray of shape (d,), float64
    """

    block: Block
    origin: np.ndarray

    @property
    def where(self) -> str:
        """See `Block`."""
        return self.block.where

    @property
    def first(self) -> int:
        """See `Block`."""
        return self.block.first

    @property
    def rows(self) -> int:
        """See `Block`."""
        return self.block.rows

    def read(self) -> np.ndarray:
        """See `Block`."""
        X = self.block.read()
        return np.asarray(X - self.origin.astype(X.dtype))


@dataclass(frozen=True)
class Blocks:
    """All rows of a source, cut into blocks.

    Attributes
    ----------
    parts : tuple of Block
        At least one, each with at least one row.
    features : tuple of str, length d
    notes : tuple of str
        Sentences on what was left out.
    """

    parts: tuple[Block, ...]
    features: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return sum(part.rows for part in self.parts)

    def moved(self, origin: np.ndarray) -> Self:
        """Return the same blocks with patterns that are measured from `origin` (d,)."""
        return replace(self, parts=tuple(MovedBlock(part, origin) for part in self.parts))

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return the patterns with some row numbers (m,), in that order; each block is read once at most.

        Returns
        -------
        ndarray of shape (m, d), float64
        """
        ends = np.cumsum([part.rows for part in self.parts])
        owner = np.searchsorted(ends, rows, side="right")
        patterns = np.empty((len(rows), len(self.features)))
        for place in np.unique(owner):
            part = self.parts[place]
            wanted = owner == place
            patterns[wanted] = part.read()[rows[wanted] - (ends[place] - part.rows)]
        return patterns

    def draw(self, clusters: int, rngs: Streams) -> np.ndarray:
        """Draw prototypes from the patterns without replacement, those of `starts.from_patterns` on the same rows.

        Whether they differ is not looked at: that would take all patterns.

        Returns
        -------
        ndarray of shape (R, K, d)
            One start for each stream.

        Raises
        ------
        InputError
            When there are more prototypes than patterns.
        """
        if not 1 <= clusters <= len(self):
            raise InputError(f"K = {clusters}: the data hold {len(self)} patterns, so 1 to {len(self)} are allowed.")
        return np.stack([self.take(rng.choice(len(self), size=clusters, replace=False)) for rng in rngs])


class Summary(NamedTuple):
    """What a reading of some rows says about them; two of them can be joined.

    Attributes
    ----------
    rows : int
    mean : ndarray of shape (d,), float64
    squares : ndarray of shape (d,), float64
        Sums of squared distances from the mean.
    least, most : ndarray of shape (d,), float64
    """

    rows: int
    mean: np.ndarray
    squares: np.ndarray
    least: np.ndarray
    most: np.ndarray

    def joined(self, other: Summary) -> Summary:
        """Return the summary of the rows of both (Chan, Golub and LeVeque 1983)."""
        rows, away = self.rows + other.rows, other.mean - self.mean
        share = other.rows / rows
        with np.errstate(over="ignore"):
            squares = self.squares + other.squares + self.rows * share * away**2
        ends = np.minimum(self.least, other.least), np.maximum(self.most, other.most)
        return Summary(rows, self.mean + share * away, squares, *ends)


def summarize(block: Block) -> Summary:
    """Read a block and say what is in it.

    Raises
    ------
    InputError
        When it holds something else than finite numbers, or see `Block.read`.
    """
    X = block.read()
    finite = np.isfinite(X)
    if not finite.all():
        i, j = np.argwhere(~finite)[0]
        raise InputError(
            f"{block.where} holds {X[i, j]} in row {block.first + i}, column {j}: only finite numbers are allowed."
        )
    mean = X.mean(axis=0, dtype=np.float64)
    # what is too large is told when the extent of all blocks is known
    with np.errstate(over="ignore"):
        squares = ((X - mean) ** 2).sum(axis=0)
    return Summary(len(X), mean, squares, X.min(axis=0).astype(np.float64), X.max(axis=0).astype(np.float64))


def as_numbers(X: np.ndarray) -> np.ndarray:
    """Return an array as numbers that the problems take: float32 stays, anything else becomes float64."""
    kind = np.float32 if X.dtype == np.float32 else np.float64
    return np.ascontiguousarray(X, dtype=kind)


def usual_rows(features: int) -> int:
    """Return the number of rows of a block, where the source does not give it: it depends on the features alone."""
    return max(1, SIZE // (8 * features))


def spans(total: int, rows: int) -> list[tuple[int, int]]:
    """Return the first row and the number of rows of each block; all but the last have the same number."""
    return [(first, min(rows, total - first)) for first in range(0, total, rows)]


def check_numeric(kind: np.dtype[Any], where: str) -> None:
    """Refuse an array that holds no real numbers.

    Raises
    ------
    InputError
    """
    if kind.kind not in "buif":
        raise InputError(f"{where} holds entries of the type {kind}: real numbers are needed.")


def needed(module: str, what: str) -> Any:
    """Return a module that is not installed with the rest.

    Raises
    ------
    InputError
        With what to install, when it is missing.
    """
    try:
        return importlib.import_module(module)
    except ImportError as problem:
        package = module.split(".")[0]
        raise InputError(
            f"{what} needs the package {package}, which is not installed: 'pip install {package}' installs it."
        ) from problem
