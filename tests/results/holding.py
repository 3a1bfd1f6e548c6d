"""What is asked of many tables; none of these holds of nothing."""

from itertools import product

import numpy as np
import pandas as pd

# Of sums that are added up in another order, relative.
ROUNDING = 1e-9


def holds_once(table: pd.DataFrame, *keys: str) -> None:
    """Each row has keys of its own."""
    assert len(table)
    assert not table.duplicated(list(keys)).any(), table[table.duplicated(list(keys))]


def is_complete(table: pd.DataFrame, **values) -> None:
    """Each combination of these values has one row, and there are no others."""
    holds_once(table, *values)
    found, expected = set(map(tuple, table[list(values)].to_numpy())), set(product(*values.values()))
    assert expected
    assert found == expected, (found - expected, expected - found)


def are_within(table: pd.DataFrame, value: str, low: str, high: str) -> None:
    """Every number lies in its interval; who has a number has an interval."""
    some = table[[low, value, high]].dropna(subset=value)
    assert len(some)
    slack = ROUNDING * some.abs().max(axis=1)
    outside = ~((some[low] <= some[value] + slack) & (some[value] <= some[high] + slack))
    assert not outside.any(), some[outside]


def are_shares(table: pd.DataFrame, *columns: str) -> None:
    """All that is there lies between 0 and 1, rounding aside; something is."""
    values = table[list(columns)].to_numpy(dtype=float).ravel()
    values = values[~np.isnan(values)]
    assert len(values)
    assert ((values >= -ROUNDING) & (values <= 1 + ROUNDING)).all(), table.loc[:, list(columns)].describe()
