"""From a name in ``config/datasets.tsv`` to an array of patterns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kmeans_convergence.data import bundled, csv
from kmeans_convergence.errors import InputError

# What it takes to read a data set, as plain values: name, source, scale, unit.
Description = dict[str, Any]

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
    try:
        table = csv.parse(path, sep="\t", comment="#", dtype={"name": str, "source": str})
    except csv.UnreadableError as problem:
        raise InputError(f"{path} is no table separated by tabs ({problem}).") from problem
    if tuple(table.columns) != COLUMNS:
        raise InputError(
            f"{path} has the columns {', '.join(map(str, table.columns))}: "
            f"it must have {', '.join(COLUMNS)}, in this order and separated by tabs."
        )
    repeated = table["name"][table["name"].duplicated()]
    if len(repeated):
        raise InputError(f"{path} names the data set {repeated.iloc[0]!r} twice: names must differ.")
    scales = pd.to_numeric(table["scale"], errors="coerce")
    wrong = table["name"][~((scales > 0) & np.isfinite(scales))]
    if len(wrong):
        value = table.loc[wrong.index[0], "scale"]
        raise InputError(
            f"{path} gives the data set {wrong.iloc[0]!r} the scale {value}: a finite positive number is needed."
        )
    return table.set_index("name")


def describe(name: str, registry: pd.DataFrame) -> Description:
    """Return what it takes to read a data set: its name, source, scale and unit, as plain values.

    A rule of the pipeline depends on this and not on the whole registry, so that a new row reruns nothing.

    Raises
    ------
    InputError
        When the registry has no such name.
    """
    if name not in registry.index:
        raise InputError(f"There is no data set {name!r}: the registry has {', '.join(registry.index)}.")
    row = registry.loc[name]
    return {"name": name, "source": str(row["source"]), "scale": float(row["scale"]), "unit": str(row["unit"])}


def files(description: Description) -> list[Path]:
    """Return the files that reading a data set opens: that of ``csv:FILE``, else none."""
    provider, _, file = description["source"].partition(":")
    return [Path(file)] if provider == "csv" else []


def read(description: Description, root: Path = Path()) -> Dataset:
    """Read the data set that `describe` describes.

    Parameters
    ----------
    description : Description
    root : Path
        Folder that CSV files are relative to.

    Raises
    ------
    InputError
        When the source is unknown, or the data hold something else than finite numbers.
    """
    name, source = description["name"], description["source"]
    provider, _, what = source.partition(":")
    if provider == "bundled" and what in bundled.LOADERS:
        X, features = bundled.LOADERS[what]()
    elif provider == "csv" and what:
        X, features = csv.read(root / what, name)
    else:
        raise InputError(
            f"Data set {name!r} has the source {source!r}: allowed are csv:FILE and "
            f"{', '.join('bundled:' + key for key in bundled.LOADERS)}."
        )
    return Dataset(name, np.ascontiguousarray(X * description["scale"]), features, description["unit"])


def load(name: str, registry: pd.DataFrame, root: Path = Path()) -> Dataset:
    """Read the data set of that name; see `describe` and `read`."""
    return read(describe(name, registry), root)
