"""Tables on disk: written whole or not at all, the same bytes for the same numbers."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kmeans_convergence.atomic import replacing


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table; a name that ends with .gz is compressed, without a time stamp."""
    with replacing(path) as partial, partial.open("wb") as file:
        if path.suffix == ".gz":
            # nor with the name under which it is written
            with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as compressed:
                table.to_csv(compressed, index=False)
        else:
            table.to_csv(file, index=False)


def read_all(paths: Sequence[Path]) -> pd.DataFrame:
    """Read tables with the same columns as one."""
    return pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)


def write_array(array: np.ndarray, path: Path) -> None:
    """Write an array as .npy."""
    with replacing(path) as partial, partial.open("wb") as file:
        np.save(file, array)
