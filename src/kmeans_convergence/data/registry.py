"""From a name in ``config/datasets.tsv`` to an array of patterns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kmeans_convergence import exact
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
from kmeans_convergence.data.records import split
from kmeans_convergence.data.text import read_text
from kmeans_convergence.errors import InputError, shown
from kmeans_convergence.names import check_name

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

# Sources with an address. Those that are fresh are kept for a confirmation: nothing else may use them.
REMOTE = ("downloaded", "fresh")

LOADERS: dict[str, Mapping[str, Callable[[], Any]]] = {"bundled": bundled.LOADERS, "synthetic": synthetic.LOADERS}
TIERS = (*LOADERS, "downloaded", "csv", "fresh")
SOURCES = (
    "csv:FILE without braces, downloaded:FILE, fresh:FILE and "
    f"{', '.join(f'{tier}:{key}' for tier, loaders in LOADERS.items() for key in loaders)}"
)

# Powers of ten between the units of anything; squares stay far from the largest and the smallest number.
SMALLEST_SCALE, LARGEST_SCALE = 1e-30, 1e30


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
        When a column is missing or unknown, a name is not allowed or stands twice, a source is unknown, a scale is not
        positive, the clusters are no different whole numbers, or another cell holds none of the words that are allowed.
    """
    table = _cells(path)
    if tuple(table.columns) != COLUMNS:
        raise InputError(
            f"{path} has the columns {', '.join(map(str, table.columns))}: "
            f"it must have {', '.join(COLUMNS)}, in this order and separated by tabs."
        )
    table = table.replace("", np.nan).fillna(DEFAULTS)
    _check_names(path, table["name"])
    _refuse(path, table, "source", ~table["source"].map(_is_source), f"allowed are {SOURCES}")
    scales = pd.to_numeric(table["scale"], errors="coerce")
    needed = f"a positive number is needed, from {SMALLEST_SCALE:g} to {LARGEST_SCALE:g}"
    _refuse(path, table, "scale", ~scales.between(SMALLEST_SCALE, LARGEST_SCALE), needed)
    wrong = ~table["clusters"].str.fullmatch(r"([1-9][0-9]{0,5}(;[1-9][0-9]{0,5})*)?")
    _refuse(path, table, "clusters", wrong, "whole numbers from 1 to 999999 are needed, separated by semicolons")
    wrong = table["clusters"].str.split(SEPARATOR).map(lambda numbers: len(set(numbers)) < len(numbers))
    _refuse(path, table, "clusters", wrong, "the numbers must differ")
    for column, allowed in CHOICES.items():
        _refuse(path, table, column, ~table[column].isin(allowed), f"allowed are {', '.join(allowed)}")
    table["family"] = table["family"].mask(table["family"] == "", table["name"])
    table["tier"] = table["source"].str.partition(":")[0]
    remote = table["tier"].isin(REMOTE)
    _refuse(path, table, "url", remote & ~table["url"].str.fullmatch(r"https?://\S+"), "a URL is needed")
    wrong = remote & ~table["sha256"].str.fullmatch(r"[0-9a-f]{64}")
    _refuse(path, table, "sha256", wrong, "64 hexadecimal digits are needed")
    return table.set_index("name")


def _check_names(path: Path, names: pd.Series) -> None:
    """Hold names against the one rule for them."""
    for name in names:
        check_name(name, f"A data set of {path}", TIERS)
    # there are discs on which names of files do not differ by capital letters alone
    repeated = names[names.str.lower().duplicated()]
    if len(repeated):
        raise InputError(
            f"{path} names the data set {repeated.iloc[0]!r} twice: names must differ, and not in capitals alone."
        )


def _is_source(source: str) -> bool:
    """Is this a source that `_load` knows?"""
    provider, _, what = source.partition(":")
    if provider in REMOTE:
        return bool(re.fullmatch(r"\w[\w.-]*", what))
    if provider == "csv":
        # braces would stand for a part of the pipeline's patterns
        return bool(re.fullmatch(r"[^{}]+", what))
    return what in LOADERS.get(provider, ())


def _cells(path: Path) -> pd.DataFrame:
    """Return the cells of a table separated by tabs, whose rows may end early."""
    header, *rows = split(read_text(path)[0], "\t").records
    for row in rows:
        if len(row.cells) > len(header.cells):
            raise InputError(
                f"{path} is no table separated by tabs: line {row.first} has {len(row.cells)} entries, and the header "
                f"has {len(header.cells)}."
            )
    padding = [""] * len(header.cells)
    return pd.DataFrame([(row.cells + padding)[: len(padding)] for row in rows], columns=header.cells, dtype=str)


def _refuse(path: Path, table: pd.DataFrame, column: str, wrong: pd.Series, needed: str) -> None:
    if wrong.any():
        row = table[wrong].iloc[0]
        raise InputError(f"{path} gives the data set {row['name']!r} the {column} {shown(row[column])}: {needed}.")


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
        The largest number of patterns, those that `subsample` draws; what is left out of patches is never cut.
    root_seed : int
        Of the draw of the rows.

    Raises
    ------
    InputError
        When the data hold something else than finite numbers, also times their scale, or a download fails.
    """
    name = description["name"]
    X, features, notes = _load(description, root)
    total = len(X)
    chosen = sample_rows(name, total, total if rows is None else rows, root_seed)
    unit = description["unit"]
    if description["scaling"] == "standardize":
        # whatever the scale is
        X, unit = standardize(X[np.arange(total)])[chosen], STANDARD_UNIT
    else:
        X, scale = X[chosen], description["scale"]
        exact.check_range(X, f"Data set {name!r} with the scale {scale:g}", scale)
        X = X * scale
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
        notes=notes,
    )


def _load(description: Description, root: Path) -> Any:
    """Return patterns as they are in the source, or what gives them for row numbers; features; and notes on a file."""
    name, source = description["name"], description["source"]
    provider, _, what = source.partition(":")
    if provider == "csv":
        own = csv.read(root / what, name)
        return own.X, own.features, tuple(map(str, own.notes))
    if provider in REMOTE:
        return *downloaded.read(name, what, description["url"], description["sha256"], tuple(description["drop"])), ()
    return *LOADERS[provider][what](), ()


def load(
    name: str, registry: pd.DataFrame, root: Path = Path(), rows: int | None = None, root_seed: int = 0
) -> Dataset:
    """Read the data set of that name; see `describe` and `read`."""
    return read(describe(name, registry), root, rows, root_seed)
