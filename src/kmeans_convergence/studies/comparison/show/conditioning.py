"""What there is to say about features that depend on each other, before a mixture of Gaussians is fitted to them."""

from __future__ import annotations

import math

import numpy as np

from kmeans_convergence.data import Dataset
from kmeans_convergence.statistics.conditioning import STRONG, condition_indices

# Decimal digits of a float.
DIGITS = -math.log10(np.finfo(np.float64).eps)


def warnings(dataset: Dataset, covariance: str) -> list[str]:
    """Return a sentence about ill-conditioned data, if they are.

    Parameters
    ----------
    dataset : Dataset
    covariance : str
        The model of covariances.
    """
    varying = np.flatnonzero(dataset.X.min(axis=0) < dataset.X.max(axis=0))
    if len(varying) < 2:
        return []
    found = condition_indices(dataset.X[:, varying], centred=True)
    if found.number < STRONG:
        return []
    features = [repr(dataset.features[varying[place]]) for place in found.involved]
    involved = f", in which {_listed(features)} take part" if features else ""
    lost = (
        f"covariances lose about {min(2 * math.log10(found.number), DIGITS):.0f} of {DIGITS:.0f} digits, and gradients "
        "without a preconditioner are slow"
        if covariance in ("full", "tied")
        else f"{covariance} covariances describe no such dependency"
    )
    return [
        f"The features are ill-conditioned: the largest condition index is {found.number:.3g} where {STRONG:g} is "
        f"strong{involved}; {lost}, so that fewer columns (--columns) may do better."
    ]


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
