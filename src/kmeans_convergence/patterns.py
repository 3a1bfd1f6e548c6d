"""How many patterns differ, and how many prototypes that allows: the one check for all who choose a number."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kmeans_convergence.errors import InputError


def distinct(X: np.ndarray) -> int:
    """Return the number of distinct patterns of `X`, of shape (n, d)."""
    return len(pd.DataFrame(X).drop_duplicates())


def check_clusters(
    X: np.ndarray, clusters: int, whose: str = "the patterns", key: str = "K", compared: bool = False
) -> None:
    """Refuse a number of prototypes that the patterns, drawn and scaled as they are used, do not allow.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    clusters : int
        K, the number of prototypes.
    whose : str
        What the patterns are, for the message.
    key : str
        What the number of prototypes is called where it comes from.
    compared : bool
        Whether costs are compared: that takes fewer prototypes than distinct patterns, because as many cost nothing.

    Raises
    ------
    InputError
    """
    if clusters >= 1 and _exceed(X, clusters - (not compared)):
        return
    allowed = distinct(X) - compared
    count = f"{allowed + compared} distinct pattern{'s' * (allowed + compared != 1)}"
    limit = f"so 1 to {allowed} are allowed" if allowed else "and at least 2 are needed"
    raise InputError(f"{key} = {clusters}: {whose} hold {count}, {limit}.")


def _exceed(X: np.ndarray, number: int) -> bool:
    """Are there more than `number` distinct patterns? The first few mostly tell."""
    rows = 2 * (number + 1)
    while rows < len(X):
        if distinct(X[:rows]) > number:
            return True
        rows *= 4
    return distinct(X) > number
