"""From a name in ``config/datasets.tsv`` to an array of patterns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kmeans_convergence.data import bundled, csv
from kmeans_convergence.errors import InputError

COLUMNS = ("name", "source", "scale", "unit", "licence", "description")


@dataclass(frozen=True)
class Dataset:
    """Patterns and what they are.

    Attributes
    ----------
    name : str
    X : ndarray of shape (n, d), float64
        Patterns, in `unit`.
    features : tuple of str, length d
    unit : str
        Unit of every feature, for labels.
    """

    name: str
    X: np.ndarray
    features: tuple[str, ...]
    unit: str

    def select(self, features: tuple[str, ...]) -> Dataset:
        """Return the same patterns with only these features, in the order given."""
        unknown = [f for f in features if f not in self.features]
        if unknown:
            raise InputError(
                f"Data set {self.name!r} has no feature {unknown[0]!r}: its features are {', '.join(self.features)}."
            )
        columns = [self.features.index(f) for f in features]
        return Dataset(self.name, np.ascontiguousarray(self.X[:, columns]), features, self.unit)


def read_registry(path: Path) -> pd.DataFrame:
    """Read the table of data sets, indexed by name.

    Raises
    ------
    InputError
        When a column is missing or unknown, a name stands twice, or a scale is not positive.
    """
    table = pd.read_csv(path, sep="\t", comment="#", dtype={"name": str, "source": str})
    if tuple(table.columns) != COLUMNS:
        raise InputError(
            f"{path} has the columns {', '.join(map(str, table.columns))}: "
            f"it must have {', '.join(COLUMNS)}, in this order and separated by tabs."
        )
    repeated = table["name"][table["name"].duplicated()]
    if len(repeated):
        raise InputError(f"{path} names the data set {repeated.iloc[0]!r} twice: names must differ.")
    scales = pd.to_numeric(table["scale"], errors="coerce")
    wrong = table["name"][~(scales > 0)]
    if len(wrong):
        raise InputError(f"{path} gives the data set {wrong.iloc[0]!r} no positive number as scale.")
    return table.set_index("name")


def load(name: str, registry: pd.DataFrame, root: Path = Path()) -> Dataset:
    """Load the data set of that name.

    Parameters
    ----------
    name : str
    registry : DataFrame
        As `read_registry` returns it.
    root : Path
        Folder that the registry's CSV files are relative to.

    Raises
    ------
    InputError
        When the name is unknown, or the data hold something else than finite numbers.
    """
    if name not in registry.index:
        raise InputError(f"There is no data set {name!r}: the registry has {', '.join(registry.index)}.")
    row = registry.loc[name]
    provider, _, what = str(row["source"]).partition(":")
    if provider == "bundled" and what in bundled.LOADERS:
        X, features = bundled.LOADERS[what]()
    elif provider == "csv" and what:
        X, features = csv.read(root / what, name)
    else:
        raise InputError(
            f"Data set {name!r} has the source {row['source']!r}: allowed are csv:FILE and "
            f"{', '.join('bundled:' + key for key in bundled.LOADERS)}."
        )
    return Dataset(name, np.ascontiguousarray(X * float(row["scale"])), features, str(row["unit"]))
