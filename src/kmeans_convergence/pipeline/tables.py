"""Tables on disk: written whole or not at all, the same bytes for the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kmeans_convergence.atomic import replacing


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table; a name that ends with .gz is compressed, without a time stamp or the name it is written under."""
    how = {"method": "gzip", "mtime": 0, "filename": ""} if path.suffix == ".gz" else None
    with replacing(path) as partial, partial.open("wb") as file:
        table.to_csv(file, index=False, compression=how)


def read_all(paths: Sequence[Path]) -> pd.DataFrame:
    """Read tables with the same columns as one."""
    return pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)


def write_array(array: np.ndarray, path: Path) -> None:
    """Write an array as .npy."""
    with replacing(path) as partial, partial.open("wb") as file:
        np.save(file, array)
