"""From what people have to blocks: arrays, files and Dask arrays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kmeans_convergence.data.blocks.block import Blocks, as_numbers, check_numeric, spans, usual_rows
from kmeans_convergence.data.blocks.files import npy_blocks, parquet_blocks
from kmeans_convergence.errors import InputError, shown

PARQUET = (".parquet", ".pq")
ALLOWED = "a matrix, a Dask array, a .npy file, Parquet files or a folder of them"


@dataclass(frozen=True)
class ArrayBlock:
    """Rows of an array: it takes them along to another process.

    Attributes
    ----------
    part : ndarray of shape (rows, d), read-only
    first : int
    """

    part: np.ndarray
    first: int
    where = "The array"

    @property
    def rows(self) -> int:
        """See `Block`."""
        return len(self.part)

    def read(self) -> np.ndarray:
        """See `Block`."""
        return as_numbers(self.part)


@dataclass(frozen=True)
class DaskBlock:
    """A chunk of a Dask array: its tasks are run where it is read.

    Attributes
    ----------
    chunk : dask.delayed.Delayed
    first, rows : int
    """

    chunk: Any
    first: int
    rows: int
    where = "The Dask array"

    def read(self) -> np.ndarray:
        """See `Block`."""
        X = np.asarray(self.chunk.compute(scheduler="synchronous"))
        if len(X) != self.rows:
            raise InputError(
                f"The Dask array has {len(X)} rows in the chunk that begins at row {self.first}: its chunks announce "
                f"{self.rows}."
            )
        return as_numbers(X)


def open_blocks(source: Any, rows: int | None = None) -> Blocks:
    """Cut a source into blocks of rows, always the same ones.

    Parameters
    ----------
    source : ndarray, dask.array.Array, path, or sequence of paths of Parquet files
        An array that may be written to is copied. A folder stands for the Parquet files in it, in the order of their
        names.
    rows : int, optional
        Of a block, for arrays and .npy files: 4 MiB in double precision without. Row groups of Parquet files and chunks
        of Dask arrays are blocks as they are.

    Raises
    ------
    InputError
        When it is none of these, or holds no matrix of real numbers; when `rows` is below 1, or given where the source
        has blocks of its own; and see `files.npy_blocks` and `files.parquet_blocks`.
    """
    if rows is not None and rows < 1:
        raise InputError(f"Blocks of {rows} rows are asked for: at least 1 is needed.")
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        if path.suffix == ".npy":
            return npy_blocks(path, rows)
        paths = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        if not paths:
            raise InputError(f"{path} is a folder without a file whose name ends with .parquet: one is needed.")
        return _parquet_blocks(paths, rows)
    if isinstance(source, np.ndarray):
        return _array_blocks(source, rows)
    if type(source).__module__.startswith("dask."):
        return _dask_blocks(source, rows)
    if isinstance(source, Sequence) and len(source) and all(isinstance(each, str | os.PathLike) for each in source):
        return _parquet_blocks([Path(each) for each in source], rows)
    raise InputError(f"{shown(source)} is no source of patterns: {ALLOWED} is needed.")


def _array_blocks(X: np.ndarray, rows: int | None) -> Blocks:
    check_numeric(X.dtype, "The array")
    if X.ndim != 2 or 0 in X.shape:
        raise InputError(f"The array has shape {X.shape}: a matrix (patterns, features) is needed.")
    if X.flags.writeable:
        X = X.copy()
    X = X.view()
    X.flags.writeable = False
    total, features = X.shape
    parts = [ArrayBlock(X[first : first + size], first) for first, size in spans(total, rows or usual_rows(features))]
    return Blocks(tuple(parts), tuple(f"x{j + 1}" for j in range(features)))


def _parquet_blocks(paths: Sequence[Path], rows: int | None) -> Blocks:
    for path in paths:
        if path.suffix not in PARQUET:
            raise InputError(f"{path} is no source of patterns: {ALLOWED} is needed.")
    _refuse_rows(rows, "Parquet files", "row groups")
    return parquet_blocks(paths)


def _dask_blocks(X: Any, rows: int | None) -> Blocks:
    _refuse_rows(rows, "Dask arrays", "chunks")
    if getattr(X, "ndim", 0) != 2 or 0 in X.shape:
        raise InputError(f"{shown(X)} is no matrix: a Dask array of shape (patterns, features) is needed.")
    check_numeric(X.dtype, "The Dask array")
    if np.isnan(X.shape[0]):
        raise InputError("The Dask array does not know how many rows it has: its compute_chunk_sizes() finds out.")
    X = X.rechunk({1: -1})
    sizes = X.chunks[0]
    firsts = np.cumsum([0, *sizes])
    chunks = X.to_delayed().ravel()
    parts = [
        DaskBlock(chunk, int(first), size) for chunk, first, size in zip(chunks, firsts, sizes, strict=False) if size
    ]
    return Blocks(tuple(parts), tuple(f"x{j + 1}" for j in range(X.shape[1])))


def _refuse_rows(rows: int | None, kind: str, pieces: str) -> None:
    if rows is not None:
        raise InputError(f"Blocks of {rows} rows are asked for: those of {kind} are their {pieces}.")
