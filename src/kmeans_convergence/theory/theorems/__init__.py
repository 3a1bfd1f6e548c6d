"""Theorems about K-means that are not steps of the paper's derivation, each with a check that can fail."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kmeans_convergence.theory import checks
from kmeans_convergence.theory.checks import Checking
from kmeans_convergence.theory.theorems import (
    alternation,
    choices,
    equivariance,
    faces,
    gradient,
    hidden,
    large_samples,
    line,
    mixture,
    online,
    population,
)

# In the order of the table.
THEOREMS: dict[str, tuple[Checking, ...]] = {
    "alternation": alternation.CHECKS,
    "faces": faces.CHECKS,
    "gradient": gradient.CHECKS,
    "equivariance": equivariance.CHECKS,
    "one dimension": line.CHECKS,
    "population": population.CHECKS,
    "online": online.CHECKS,
    "large samples": large_samples.CHECKS,
    "mixture": mixture.CHECKS,
    "hard choices": (*choices.CHECKS, *hidden.CHECKS),
}


def check_all(X: np.ndarray, seed: int, points: int) -> pd.DataFrame:
    """Check every theorem, each from its own random stream.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Patterns for the theorems about finite samples; the others bring their own densities.
    seed : int
        Root of the random streams.
    points : int
        Random points to try, where the check is not symbolic, exact or exhaustive.

    Returns
    -------
    DataFrame
        One row for each theorem: topic, step, statement, method, cases, worst_error, tolerance, hypotheses, reference,
        holds.
    """
    tables = [
        checks.table_of(functions, X, seed, "theorems", points).assign(topic=topic)
        for topic, functions in THEOREMS.items()
    ]
    table = pd.concat(tables, ignore_index=True)
    return table[["topic", *table.columns.drop("topic")]]
