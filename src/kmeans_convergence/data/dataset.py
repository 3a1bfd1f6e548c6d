"""Patterns and what they are; how they are scaled, and how a large set is cut down."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kmeans_convergence import exact
from kmeans_convergence.errors import InputError
from kmeans_convergence.patterns import check_clusters
from kmeans_convergence.starts import stream

SCALINGS = ("none", "standardize")
KINDS = ("real", "pixels", "patches", "synthetic")
DEPENDENCES = ("independent", "dependent rows")

# Of features that were divided by their standard deviation, whatever they were measured in.
STANDARD_UNIT = "standard deviation"


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
    kind : str
        One of `KINDS`.
    clusters : tuple of int
        Numbers of prototypes to try; the first is that of the labels, where there are any.
    dependence : str
        One of `DEPENDENCES`: pixels of one image, years of one series and the like depend on each other.
    scaling : str
        One of `SCALINGS`.
    source : str
        Where the patterns come from.
    licence : str
    total : int, optional
        Patterns of the source, when `X` holds only some of them.
    family : str
        Of data sets that are alike, such as the sets of one generator; empty for a family of its own.
    notes : tuple of str
        Sentences on what was left out or changed when the source was read.
    names : tuple of str
        What messages call the patterns, where they have any: one for each.
    """

    name: str
    X: np.ndarray
    features: tuple[str, ...]
    unit: str
    kind: str = "real"
    clusters: tuple[int, ...] = ()
    dependence: str = "independent"
    scaling: str = "none"
    source: str = ""
    licence: str = ""
    total: int | None = None
    family: str = ""
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def select(self, features: tuple[str, ...]) -> Dataset:
        """Return the same patterns with only these features, in the order given."""
        unknown = [f for f in features if f not in self.features]
        if unknown:
            raise InputError(
                f"Data set {self.name!r} has no feature {unknown[0]!r}: its features are {', '.join(self.features)}."
            )
        columns = [self.features.index(f) for f in features]
        return replace(self, X=np.ascontiguousarray(self.X[:, columns]), features=features)


def standardize(X: np.ndarray) -> np.ndarray:
    """Centre each feature and divide it by its standard deviation; a constant feature becomes zero.

    It does not matter how far from zero a feature is, nor whether its squares over- or underflow.

    Parameters
    ----------
    X : ndarray of shape (n, d)

    Returns
    -------
    ndarray of shape (n, d)
    """
    X = exact.normalized(X)
    varies = X.min(axis=0) < X.max(axis=0)
    # the mean of equal numbers can miss them by a rounding error, which the division would blow up
    centred = np.where(varies, X - X.mean(axis=0), 0.0)
    return centred / np.where(varies, X.std(axis=0), 1.0)


def check_dataset(dataset: Dataset) -> None:
    """Refuse numbers of prototypes that the patterns of a data set, as they are compared, do not allow.

    Raises
    ------
    InputError
        See `check_clusters`.
    """
    n, total = len(dataset.X), dataset.total or len(dataset.X)
    drawn = f"{n} patterns drawn from {total} of " if n < total else "patterns of "
    for clusters in dataset.clusters:
        check_clusters(dataset.X, clusters, f"the {drawn}data set {dataset.name!r}", compared=True)


def sample_rows(name: str, total: int, rows: int, root_seed: int) -> np.ndarray:
    """Draw `rows` of `total` row numbers without replacement, ascending; all of them when there are no more.

    The draw depends on the data set's name and on `root_seed` alone, so every method sees the same rows.
    """
    if rows >= total:
        return np.arange(total)
    return np.sort(stream(root_seed, name, "rows").choice(total, size=rows, replace=False, shuffle=False))


def subsample(dataset: Dataset, rows: int, root_seed: int) -> Dataset:
    """Return at most `rows` patterns of a data set, drawn without replacement and in their order.

    Parameters
    ----------
    dataset : Dataset
    rows : int
    root_seed : int

    Returns
    -------
    Dataset
        `total` tells how many there were.
    """
    total = dataset.total or len(dataset.X)
    if rows >= len(dataset.X):
        return replace(dataset, total=total)
    chosen = sample_rows(dataset.name, len(dataset.X), rows, root_seed)
    names = tuple(dataset.names[row] for row in chosen) if dataset.names else ()
    return replace(dataset, X=np.ascontiguousarray(dataset.X[chosen]), total=total, names=names)
