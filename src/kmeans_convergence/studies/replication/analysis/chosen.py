"""Which rows of the table of conventions belong to the experiment as described, and to the candidate."""

from __future__ import annotations

import pandas as pd

from kmeans_convergence.data import Dataset


def pick(conventions: pd.DataFrame, dataset: Dataset, clusters: int) -> pd.DataFrame:
    """Return the conventions with this data set's features and unit, this K, and prototypes drawn from the patterns."""
    return conventions[
        (conventions["variant"] == dataset.name)
        # in any order
        & conventions["features"].map(lambda features: set(features.split(" + ")) == set(dataset.features))
        & (conventions["unit"] == dataset.unit)
        & (conventions["start"] == "patterns")
        & (conventions["clusters"] == clusters)
    ]


def as_described(conventions: pd.DataFrame, dataset: Dataset, clusters: int) -> pd.Series:
    """Return the convention that the paper describes: among those, the one with the factor 1/2 of equation (1)."""
    chosen = pick(conventions, dataset, clusters)
    return chosen[chosen["half"]].iloc[0]


def likeliest(conventions: pd.DataFrame, dataset: Dataset, clusters: int) -> pd.Series:
    """Return among those the convention, with or without the factor, that explains the reported figures better."""
    return pick(conventions, dataset, clusters).sort_values(["likelihood", "p"], kind="stable").iloc[-1]
