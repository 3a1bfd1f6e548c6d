"""Which data sets are ill-conditioned: Belsley's indices, and whether full covariances can be estimated at all."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from kmeans_convergence.data import Dataset
from kmeans_convergence.errors import InputError
from kmeans_convergence.problems.mixture.estimable import check_components
from kmeans_convergence.statistics.conditioning import STRONG, condition_indices

# Patterns that are drawn of a larger set: indices hardly depend on more.
ROWS = 2000


def longley() -> Dataset:
    """Return the regressors of Longley (1967), the classic of collinear ones, with the year as he has it."""
    from statsmodels.datasets import longley as bundled  # slow to import

    table = bundled.load_pandas().exog
    return Dataset("longley", table.to_numpy(float), tuple(table), "", clusters=(2,), dependence="dependent rows")


def tabulate(datasets: Iterable[Dataset]) -> pd.DataFrame:
    """Return the conditioning of data sets, of features that are not constant.

    Returns
    -------
    DataFrame
        One row for each data set with two such features or more: columns dataset, family, n, d (features that vary),
        constant (features left out), clusters (the first of its numbers); raw, the largest condition index with a
        constant, as in a regression; centred, the same about the means; strong, how many indices about the means are
        `STRONG` or more; involved, how many features take part in the nearest dependency; inflation, the largest factor
        of a variance; full, whether full covariances of so many components can be estimated without a remedy; why,
        the sentence, if not.
    """
    rows = []
    for dataset in datasets:
        varies = dataset.X.min(axis=0) < dataset.X.max(axis=0)
        X = dataset.X[:, varies]
        if X.shape[1] < 2:
            continue
        raw, centred = condition_indices(X), condition_indices(X, centred=True)
        clusters = dataset.clusters[0] if dataset.clusters else 2
        why = _refused(dataset.X, clusters)
        rows.append(
            {
                "dataset": dataset.name,
                "family": dataset.family or dataset.name,
                "n": len(X),
                "d": X.shape[1],
                "constant": int((~varies).sum()),
                "clusters": clusters,
                "raw": raw.number,
                "centred": centred.number,
                "strong": int((centred.indices >= STRONG).sum()),
                "involved": len(centred.involved),
                "inflation": float(np.max(centred.inflation)) if np.isfinite(centred.number) else np.inf,
                "full": not why,
                "why": why,
            }
        )
    return pd.DataFrame(rows)


def _refused(X: np.ndarray, clusters: int) -> str:
    """Return why full covariances cannot be estimated, empty if they can."""
    try:
        check_components(X, clusters, "full")
    except InputError as refused:
        return str(refused)
    return ""
