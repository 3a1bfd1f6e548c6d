"""A response and its regressors, from tables that ship inside scikit-learn and statsmodels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kmeans_convergence.data.bundled import IRIS_FEATURES, iris
from kmeans_convergence.data.bundled_tables import statsmodels_table

# Regressors (n, p - 1), without a constant, and the response (n,).
Regression = tuple[np.ndarray, np.ndarray]


def _columns(table: str, response: str, *regressors: str) -> Regression:
    found = statsmodels_table(table)
    return found[list(regressors)].to_numpy(dtype=np.float64), found[response].to_numpy(dtype=np.float64)


def _diabetes() -> Regression:
    """Return the progression of the disease on body mass, blood pressure and one serum measurement."""
    from sklearn.datasets import load_diabetes  # slow to import

    table = load_diabetes()
    columns = [table.feature_names.index(name) for name in ("bmi", "bp", "s5")]
    return table.data[:, columns], table.target


def _iris() -> Regression:
    """Return the width of petals on their length and on the length of sepals."""
    X, _ = iris()
    at = {name: X[:, j] for j, name in enumerate(IRIS_FEATURES)}
    return np.stack([at["petal length"], at["sepal length"]], axis=1), at["petal width"]


def _consumption() -> Regression:
    """Return the growth of consumption in the United States on that of income and on the rate of interest."""
    table = statsmodels_table("macrodata")
    growth = np.diff(np.log(table[["realcons", "realdpi"]].to_numpy(dtype=np.float64)), axis=0)
    return np.stack([growth[:, 1], table["tbilrate"].to_numpy(dtype=np.float64)[1:]], axis=1), growth[:, 0]


def _sunspots() -> Regression:
    """Return the sunspots of a year on those of the two years before."""
    x = statsmodels_table("sunspots")["SUNACTIVITY"].to_numpy(dtype=np.float64)
    return np.stack([x[1:-1], x[:-2]], axis=1), x[2:]


REGRESSIONS: dict[str, Callable[[], Regression]] = {
    "engel": lambda: _columns("engel", "foodexp", "income"),
    "diabetes": _diabetes,
    "iris": _iris,
    "consumption": _consumption,
    "sunspots": _sunspots,
    "statecrime": lambda: _columns("statecrime", "murder", "poverty", "single", "urban", "hs_grad"),
    "credit_cards": lambda: _columns("ccard", "AVGEXP", "INCOME", "AGE"),
    "stackloss": lambda: _columns("stackloss", "STACKLOSS", "AIRFLOW", "WATERTEMP", "ACIDCONC"),
}
