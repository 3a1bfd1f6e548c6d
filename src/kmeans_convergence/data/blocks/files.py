"""Blocks of rows in files, which are read piece by piece and must not change meanwhile.

Files are read and not mapped: a mapped file that ends while it is read would end the process, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from kmeans_convergence.data.blocks.block import Block, Blocks, as_numbers, check_numeric, needed, spans, usual_rows
from kmeans_convergence.errors import InputError

# Columns that a message names.
SHOWN = 5


@dataclass(frozen=True)
class KnownFile:
    """A file as it was when its blocks were described.

    Attributes
    ----------
    path : Path
    size : int
        In bytes.
    modified : int
        In nanoseconds.
    """

    path: Path
    size: int
    modified: int

    @classmethod
    def at(cls, path: Path) -> KnownFile:
        """Return the file as it is now; an `OSError` says that there is none."""
        status = path.stat()
        return cls(path.absolute(), status.st_size, status.st_mtime_ns)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the file, and look before and after whether it is the same.

        Raises
        ------
        InputError
            When it has changed, whatever else went wrong for that.
        """
        with self.path.open("rb") as file:
            self._check(file)
            try:
                yield file
            finally:
                self._check(file)

    def _check(self, file: BinaryIO) -> None:
        status = os.fstat(file.fileno())
        if status.st_size < self.size:
            raise InputError(
                f"{self.path} ends after {status.st_size} of {self.size} bytes, it was cut while it was used: it must "
                "stay as it is until the run ends."
            )
        if (status.st_size, status.st_mtime_ns) != (self.size, self.modified):
            raise InputError(f"{self.path} has changed while it was used: it must stay as it is until the run ends.")


@dataclass(frozen=True)
class NpyBlock:
    """Rows of a matrix in a file of NumPy's own format.

    Attributes
    ----------
    file : KnownFile
    kind : dtype
    offset : int
        Where the numbers begin.
    shape : (int, int)
        Of the whole matrix.
    by_columns : bool
        Whether numbers of a column are neighbours ("Fortran order").
    first, rows : int
    """

    file: KnownFile
    kind: np.dtype[Any]
    offset: int
    shape: tuple[int, int]
    by_columns: bool
    first: int
    rows: int

    @property
    def where(self) -> str:
        """See `Block`."""
        return str(self.file.path)

    def read(self) -> np.ndarray:
        """See `Block`."""
        total, features = self.shape
        with self.file.opened() as file:
            if not self.by_columns:
                return as_numbers(
                    self._numbers(file, self.first * features, self.rows * features).reshape(-1, features)
                )
            columns = [self._numbers(file, j * total + self.first, self.rows) for j in range(features)]
            return as_numbers(np.stack(columns, axis=1))

    def _numbers(self, file: BinaryIO, begin: int, count: int) -> np.ndarray:
        file.seek(self.offset + begin * self.kind.itemsize)
        numbers = np.fromfile(file, self.kind, count)
        if len(numbers) < count:
            raise InputError(f"{self.where} ends within the rows from {self.first} to {self.first + self.rows - 1}.")
        return numbers


def npy_blocks(path: Path, rows: int | None = None) -> Blocks:
    """Describe the blocks of a matrix in a .npy file.

    Parameters
    ----------
    path : Path
    rows : int, optional
        Of a block; `block.usual_rows` without.

    Raises
    ------
    InputError
        When it is no such file, ends early, or holds no matrix of real numbers.
    """
    known = KnownFile.at(path)
    with known.opened() as file:
        try:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, by_columns, kind = read(file)
        except ValueError as problem:
            raise InputError(f"{path} is no file in NumPy's format: its header cannot be read.") from problem
        offset = file.tell()
    check_numeric(kind, str(path))
    if len(shape) != 2 or 0 in shape:
        raise InputError(f"{path} holds an array of shape {shape}: a matrix (patterns, features) is needed.")
    total, features = shape
    announced = offset + total * features * kind.itemsize
    if known.size < announced:
        raise InputError(f"{path} ends after {known.size} bytes: its header announces {total} rows, {announced} bytes.")
    parts = [
        NpyBlock(known, kind, offset, shape, by_columns, *span) for span in spans(total, rows or usual_rows(features))
    ]
    return Blocks(tuple(parts), tuple(f"x{j + 1}" for j in range(features)))


@dataclass(frozen=True)
class ParquetBlock:
    """A row group of a Parquet file.

    Attributes
    ----------
    file : KnownFile
    group : int
    columns : tuple of str
    first, rows : int
    """

    file: KnownFile
    group: int
    columns: tuple[str, ...]
    first: int
    rows: int

    @property
    def where(self) -> str:
        """See `Block`."""
        return str(self.file.path)

    def read(self) -> np.ndarray:
        """See `Block`."""
        arrow = needed("pyarrow", "A Parquet file")
        with self.file.opened() as file:
            opened = _parquet(file, self.where)
            try:
                table = opened.read_row_group(self.group, list(self.columns), use_threads=False)
            except (arrow.ArrowException, OSError) as problem:
                raise InputError(f"{self.where} is damaged: its row group {self.group} cannot be read.") from problem
            columns = [table.column(name).to_numpy() for name in self.columns]
        # a missing value is no number
        return as_numbers(np.stack(columns, axis=1))


def parquet_blocks(paths: Sequence[Path]) -> Blocks:
    """Describe the row groups of Parquet files that have the same columns; those of numbers are features.

    Raises
    ------
    InputError
        When pyarrow is not installed, a file is no Parquet file, has no rows or no column of numbers, or columns differ
        from those of the first.
    """
    parts: list[Block] = []
    features: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    for path in paths:
        known = KnownFile.at(path)
        with known.opened() as file:
            opened = _parquet(file, str(path))
            schema, metadata = opened.schema_arrow, opened.metadata
            numeric = tuple(field.name for field in schema if _is_number(field.type))
            others = [field.name for field in schema if not _is_number(field.type)]
            sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        if not numeric:
            raise InputError(f"{path} has no column of numbers among {_listed(others)}: at least one is needed.")
        if features and numeric != features:
            raise InputError(
                f"{path} has the columns {_listed(numeric)}: those of {paths[0]} are needed, {_listed(features)}."
            )
        features = numeric
        notes = (f"Columns that hold no numbers were left out: {_listed(others)}.",) if others else ()
        firsts = np.cumsum([0, *sizes])
        groups = [
            ParquetBlock(known, group, numeric, int(first), size)
            for group, (first, size) in enumerate(zip(firsts, sizes, strict=False))
            if size
        ]
        if not groups:
            raise InputError(f"{path} has no rows: at least one is needed.")
        parts += groups
    return Blocks(tuple(parts), features, notes)


def _parquet(file: BinaryIO, where: str) -> Any:
    """Return an open file as a Parquet file."""
    parquet, arrow = needed("pyarrow.parquet", "A Parquet file"), needed("pyarrow", "A Parquet file")
    try:
        return parquet.ParquetFile(file)
    except arrow.ArrowInvalid as problem:
        raise InputError(f"{where} is no Parquet file: its end, which describes it, cannot be read.") from problem


def _is_number(kind: Any) -> bool:
    types = needed("pyarrow", "A Parquet file").types
    return bool(types.is_integer(kind) or types.is_floating(kind))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(repr, names[:SHOWN])) + more
