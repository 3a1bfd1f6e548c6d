"""Tables on disk: written whole or not at all, the same bytes for the same numbers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table; a name that ends with .gz is compressed, without a time stamp."""
    partial = path.with_name(f".{path.name}")
    compression = {"method": "gzip", "mtime": 0} if path.suffix == ".gz" else None
    table.to_csv(partial, index=False, compression=compression)
    os.replace(partial, path)


def read_all(paths: Sequence[Path]) -> pd.DataFrame:
    """Read tables with the same columns as one."""
    return pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)


def write_array(array: np.ndarray, path: Path) -> None:
    """Write an array as .npy."""
    partial = path.with_name(f".{path.name}")
    with partial.open("wb") as file:
        np.save(file, array)
    os.replace(partial, path)
