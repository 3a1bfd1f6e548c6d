"""From a name in ``config/datasets.tsv`` to an array of patterns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kmeans_convergence.data import bundled, csv, downloaded, synthetic
from kmeans_convergence.data.dataset import (
    DEPENDENCES,
    KINDS,
    SCALINGS,
    STANDARD_UNIT,
    Dataset,
    sample_rows,
    standardize,
)
from kmeans_convergence.errors import InputError

# What it takes to read a data set, as plain values: a row of the registry but for its last word, the description.
Description = dict[str, Any]

# The columns of the registry, and what an empty cell means.
DEFAULTS = {
    "name": "",
    "source": "",
    "scale": "1",
    "unit": "",
    "scaling": "none",
    "clusters": "",
    "kind": "real",
    "dependence": "independent",
    "licence": "",
    "description": "",
    "url": "",
    "sha256": "",
    "drop": "",
    "family": "",
}
COLUMNS = tuple(DEFAULTS)
CHOICES = {"scaling": SCALINGS, "kind": KINDS, "dependence": DEPENDENCES}
SEPARATOR = ";"

# Sources with an address. Those that are fresh are kept for a confirmation: nothing else may look at them.
REMOTE = ("downloaded", "fresh")

LOADERS: dict[str, Mapping[str, Callable[[], Any]]] = {"bundled": bundled.LOADERS, "synthetic": synthetic.LOADERS}


def read_registry(path: Path) -> pd.DataFrame:
    """Read the table of data sets, indexed by name.

    Returns
    -------
    DataFrame
        The columns of the file as text, empty cells filled by `DEFAULTS`, a set that names no family being one of its
        own; and `tier`, the part of the source before the colon: "bundled", "synthetic", "downloaded", "fresh" or
        "csv".

    Raises
    ------
    InputError
        When a column is missing or unknown, a name stands twice, a scale is not positive, the clusters are no whole
        numbers, or another cell holds none of the words that are allowed.
    """
    try:
        table = csv.parse(path, sep="\t", comment="#", dtype=str, keep_default_na=False)
    except csv.UnreadableError as problem:
        raise InputError(f"{path} is no table separated by tabs ({problem}).") from problem
    if tuple(table.columns) != COLUMNS:
        raise InputError(
            f"{path} has the columns {', '.join(map(str, table.columns))}: "
            f"it must have {', '.join(COLUMNS)}, in this order and separated by tabs."
        )
    # rows may end early
    table = table.fillna("").replace("", np.nan).fillna(DEFAULTS)
    repeated = table["name"][table["name"].duplicated()]
    if len(repeated):
        raise InputError(f"{path} names the data set {repeated.iloc[0]!r} twice: names must differ.")
    scales = pd.to_numeric(table["scale"], errors="coerce")
    _refuse(path, table, "scale", ~((scales > 0) & np.isfinite(scales)), "a finite positive number is needed")
    wrong = ~table["clusters"].str.fullmatch(r"([1-9]\d*(;[1-9]\d*)*)?")
    _refuse(path, table, "clusters", wrong, "whole numbers from 1 are needed, separated by semicolons")
    for column, allowed in CHOICES.items():
        _refuse(path, table, column, ~table[column].isin(allowed), f"allowed are {', '.join(allowed)}")
    table["family"] = table["family"].mask(table["family"] == "", table["name"])
    table["tier"] = table["source"].str.partition(":")[0]
    remote = table["tier"].isin(REMOTE)
    _refuse(path, table, "url", remote & ~table["url"].str.match(r"https?://"), "a URL is needed")
    wrong = remote & ~table["sha256"].str.fullmatch(r"[0-9a-f]{64}")
    _refuse(path, table, "sha256", wrong, "64 hexadecimal digits are needed")
    return table.set_index("name")


def _refuse(path: Path, table: pd.DataFrame, column: str, wrong: pd.Series, needed: str) -> None:
    if wrong.any():
        row = table[wrong].iloc[0]
        raise InputError(f"{path} gives the data set {row['name']!r} the {column} {row[column]!r}: {needed}.")


def describe(name: str, registry: pd.DataFrame) -> Description:
    """Return what it takes to read a data set: its row of the registry, as plain values.

    A rule of the pipeline depends on this and not on the whole registry, so that a new row reruns nothing.

    Raises
    ------
    InputError
        When the registry has no such name.
    """
    if name not in registry.index:
        raise InputError(f"There is no data set {name!r}: the registry has {', '.join(registry.index)}.")
    row = registry.loc[name]
    return {
        "name": name,
        **{column: row[column] for column in COLUMNS if column not in ("name", "description")},
        "scale": float(row["scale"]),
        "clusters": [int(number) for number in row["clusters"].split(SEPARATOR) if number],
        "drop": [column for column in row["drop"].split(SEPARATOR) if column],
    }


def files(description: Description) -> list[Path]:
    """Return the files that reading a data set opens: that of ``csv:FILE``, else none.

    A downloaded file is none of them: its SHA-256 in the description says what is in it, wherever it lies.
    """
    provider, _, file = description["source"].partition(":")
    return [Path(file)] if provider == "csv" else []


def read(description: Description, root: Path = Path(), rows: int | None = None, root_seed: int = 0) -> Dataset:
    """Read the data set that `describe` describes.

    Parameters
    ----------
    description : Description
    root : Path
        Folder that CSV files are relative to.
    rows : int, optional
        Read at most so many patterns, those that `subsample` draws; what is left out of patches is never cut.
    root_seed : int
        Of the draw of the rows.

    Raises
    ------
    InputError
        When the source is unknown, the data hold something else than finite numbers, or a download fails.
    """
    name = description["name"]
    X, features = _load(description, root)
    total = len(X)
    chosen = sample_rows(name, total, total if rows is None else rows, root_seed)
    unit = description["unit"]
    if description["scaling"] == "standardize":
        X, unit = standardize(X[np.arange(total)] * description["scale"])[chosen], STANDARD_UNIT
    else:
        X = X[chosen] * description["scale"]
    return Dataset(
        name,
        np.ascontiguousarray(X, dtype=np.float64),
        features,
        unit,
        kind=description["kind"],
        clusters=tuple(description["clusters"]),
        dependence=description["dependence"],
        scaling=description["scaling"],
        source=description["url"] or description["source"],
        licence=description["licence"],
        family=description["family"],
        total=total,
    )


def _load(description: Description, root: Path) -> Any:
    """Return the patterns as they are in the source, or what gives them for row numbers, and the features."""
    name, source = description["name"], description["source"]
    provider, _, what = source.partition(":")
    if what in LOADERS.get(provider, ()):
        return LOADERS[provider][what]()
    if provider in REMOTE and re.fullmatch(r"[\w.-]+", what):
        return downloaded.read(name, what, description["url"], description["sha256"], tuple(description["drop"]))
    if provider == "csv" and what:
        return csv.read(root / what, name)
    raise InputError(
        f"Data set {name!r} has the source {source!r}: allowed are csv:FILE, downloaded:FILE, fresh:FILE and "
        f"{', '.join(f'{tier}:{key}' for tier, loaders in LOADERS.items() for key in loaders)}."
    )


def load(
    name: str, registry: pd.DataFrame, root: Path = Path(), rows: int | None = None, root_seed: int = 0
) -> Dataset:
    """Read the data set of that name; see `describe` and `read`."""
    return read(describe(name, registry), root, rows, root_seed)
