"""Data sets that ship inside the installed libraries: no network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kmeans_convergence.data import bundled_images, bundled_tables

# Two rows of the file in the UCI repository differ from Fisher's (1936) table, which scikit-learn ships;
# the repository's own page lists them. 0-based row, 0-based feature, value in mm.
UCI_DIFFERENCES = ((34, 3, 1), (37, 1, 31), (37, 2, 15))

IRIS_FEATURES = ("sepal length", "sepal width", "petal length", "petal width")


def iris() -> tuple[np.ndarray, tuple[str, ...]]:
    """Fisher's Iris flowers in mm: 150 patterns, 4 features (Fisher 1936)."""
    from sklearn.datasets import load_iris  # slow to import, and only this function needs it

    # The file has centimetres with one decimal: in millimetres the values are integers, without rounding errors.
    return np.rint(10 * load_iris().data), IRIS_FEATURES


def iris_uci() -> tuple[np.ndarray, tuple[str, ...]]:
    """The Iris file of the UCI repository, which differs from Fisher's in three values of two rows."""
    X, features = iris()
    for row, feature, value in UCI_DIFFERENCES:
        X[row, feature] = value
    return X, features


# Patterns, or what gives them for an array of row numbers, and the names of the features.
LOADERS: dict[str, Callable[[], bundled_images.Table]] = {
    "iris": iris,
    "iris_uci": iris_uci,
    **bundled_tables.LOADERS,
    **bundled_images.LOADERS,
}
