"""Tables that ship inside scikit-learn and statsmodels, without their labels and their dates."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

import numpy as np
import pandas as pd

Table = tuple[np.ndarray, tuple[str, ...]]

# Columns of statsmodels' tables that are labels, or number the rows: persons, choices, dates.
LABELS = {
    "anes96": ("vote",),
    "fair": (),
    "randhie": (),
    "star98": (),
    "macrodata": ("year", "quarter"),
    "modechoice": ("individual", "mode", "choice"),
    "engel": (),
    "sunspots": ("YEAR",),
    "co2": (),
    "grunfeld": ("year",),
    "interest_inflation": ("year", "quarter"),
}

# A year in which more countries than this report nothing is no feature of `fertility`.
MISSING_SHARE = 0.25


def _from_sklearn(name: str) -> Table:
    from sklearn import datasets  # slow to import

    table = getattr(datasets, f"load_{name}")()
    return table.data, tuple(str(feature) for feature in table.feature_names)


def statsmodels_table(name: str) -> pd.DataFrame:
    """Return the columns of one of statsmodels' tables that are numbers."""
    return import_module(f"statsmodels.datasets.{name}").load_pandas().data.select_dtypes("number")


def _complete(table: pd.DataFrame) -> Table:
    complete = table.dropna()
    return complete.to_numpy(dtype=np.float64), tuple(str(feature) for feature in complete.columns)


def _from_statsmodels(name: str) -> Table:
    return _complete(statsmodels_table(name).drop(columns=list(LABELS[name])))


def _fertility() -> Table:
    """Births per woman, countries by years: years that most countries report, countries that report all of these."""
    table = statsmodels_table("fertility")
    return _complete(table.loc[:, table.isna().mean() < MISSING_SHARE])


LOADERS: dict[str, Callable[[], Table]] = {
    **{name: partial(_from_sklearn, name) for name in ("wine", "breast_cancer", "digits", "diabetes")},
    **{name: partial(_from_statsmodels, name) for name in LABELS},
    "fertility": _fertility,
}
